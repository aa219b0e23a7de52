"""pass@k, maj@k and rm@k against plain enumeration, and on real graded samples with reward-model scores."""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import pytest
import real_data
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.at_k import at_k, by_problem, powers, rm_at_k
from journey.types import Attempt, ModelRef

Drawn = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=7)


def sample(i: int, correct: bool | None, answer: str | None = "a", problem: str = "p") -> Attempt:
    return Attempt(f"{problem}{i}", problem, ModelRef("m"), "sampled", i, "", answer, correct, None, 10, "end", 0)


def enumerated(samples: Sequence[Attempt], scores: dict[str, float], k: int) -> float:
    """rm@k by going through every choice of k samples and every tie."""
    found = list[float]()
    for chosen in combinations(samples, k):
        top = max(scores[a.id] for a in chosen)
        found.append(fmean(a.correct is True for a in chosen if scores[a.id] == top))
    return fmean(found)


@given(Drawn, st.data())
def test_the_best_scored_is_that_of_every_choice_and_tie(drawn: list[tuple[bool, float]], data: st.DataObject) -> None:
    samples = [sample(i, right) for i, (right, _) in enumerate(drawn)]
    scores = {a.id: score for a, (_, score) in zip(samples, drawn, strict=True)}
    k = data.draw(st.integers(1, len(samples)))
    assert math.isclose(rm_at_k(samples, scores, k), enumerated(samples, scores, k), abs_tol=1e-12)


def test_nan_null_and_unanswered_never_win_over_an_answer_with_a_score() -> None:
    samples = [sample(0, True), sample(1, True), sample(2, None, None), sample(3, False)]
    scores = {"p0": math.nan, "p1": None, "p2": 9.0, "p3": -5.0}
    assert rm_at_k(samples, scores, 4) == 0.0
    assert rm_at_k(samples[:2], scores, 1) == 1.0


def test_too_many_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and 1"):
        rm_at_k([sample(0, True)], {}, 2)


def test_powers_of_two_end_with_all_samples() -> None:
    assert powers(1) == []
    assert powers(6) == [1, 2, 4, 6]
    assert powers(8) == [1, 2, 4, 8]


def test_a_null_grade_is_not_right_and_not_left_out() -> None:
    samples = {
        "p": [sample(0, None), sample(1, False, "b")],
        "q": [sample(0, True, "c", "q"), sample(1, True, "c", "q")],
    }
    one, two = at_k([samples])
    assert one.passed.interval.value == 0.5  # of q alone it would be 1
    assert one.passed.most == 0.75  # p's null might be right
    assert two.passed.interval.value == 0.5
    assert two.passed.most == 1.0
    assert two.tokens == 20


def test_what_has_no_answer_is_no_open_grade() -> None:
    (one, _) = at_k([{"p": [sample(0, None, None), sample(1, True)]}])
    assert one.passed.most == one.passed.interval.value == 0.5


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=6))
def test_pass_grows_with_k_and_its_interval_holds_it(problems: list[list[bool]]) -> None:
    samples = {
        str(p): [sample(i, r, str(r), str(p)) for i, r in enumerate(rights)] for p, rights in enumerate(problems)
    }
    curve = at_k([samples])
    values = [at.passed.interval for at in curve]
    assert [v.value for v in values] == sorted(v.value for v in values)
    assert all(0 <= v.low <= v.value <= v.high <= 1 for v in values)
    assert math.isclose(curve[0].passed.interval.value, curve[0].majority.interval.value, abs_tol=1e-12)


def test_real_samples_with_reward_scores_lie_between_one_and_any() -> None:
    attempts, scores = list[Attempt](), dict[str, float | None]()
    for row in real_data.rows(real_data.sample("model_outputs/math100_8_samples_rm.jsonl")):
        answers = zip(row["extracted"], row["graded_correct"], row["reward_model_score"], strict=True)
        for i, (answer, right, score) in enumerate(answers):
            attempts.append(sample(i, right, answer or None, str(row["id"])))
            scores[attempts[-1].id] = score
    curve = at_k([by_problem(attempts)], scores)
    assert [at.k for at in curve] == [1, 2, 4, 8]
    first, last = curve[0], curve[-1]
    assert last.best is not None and first.best is not None
    assert first.best.interval.value == pytest.approx(first.passed.interval.value)
    assert last.passed.interval.value == pytest.approx(0.95)  # one of 20 problems has no right sample
    assert last.best.interval.value <= last.passed.interval.value
