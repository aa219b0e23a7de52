"""Votes against a plain enumeration of every choice of samples."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from math import isclose
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.accuracy import accuracy
from journey.metrics.votes import maj_at_k, maj_at_tokens, pass_at_k
from journey.types import Attempt, ModelRef

Answers = st.lists(st.sampled_from(["right", "also right", "wrong", "worse", "worst", None]), min_size=1, max_size=8)


def drawn(answers: Sequence[str | None], tokens: int = 10) -> list[Attempt]:
    """One attempt an answer; those that say "right" are right, null is no answer."""
    return [
        Attempt(
            str(i), "p", ModelRef("m"), "sampled", i, "", a, None if a is None else "right" in a, None, tokens, "end", 0
        )
        for i, a in enumerate(answers)
    ]


def enumerated(answers: Sequence[str | None], k: int) -> float:
    """maj@k by going through every choice of k samples and every tie."""
    found = list[float]()
    for chosen in combinations(answers, k):
        votes = Counter(a for a in chosen if a is not None)
        best = [a for a, n in votes.items() if n == max(votes.values())]
        found.append(fmean("right" in a for a in best) if best else 0.0)
    return fmean(found)


@given(Answers, st.data())
def test_the_majority_is_that_of_every_choice_and_tie(answers: list[str | None], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(answers)))
    assert isclose(maj_at_k(drawn(answers), k), enumerated(answers, k), abs_tol=1e-12)


@given(Answers)
def test_one_vote_is_plain_accuracy(answers: list[str | None]) -> None:
    assert isclose(maj_at_k(drawn(answers), 1), accuracy(drawn(answers)), abs_tol=1e-12)


@given(st.data(), Answers)
def test_the_order_of_samples_never_matters(data: st.DataObject, answers: list[str | None]) -> None:
    turned, k = data.draw(st.permutations(answers)), data.draw(st.integers(1, len(answers)))
    assert maj_at_k(drawn(answers), k) == maj_at_k(drawn(turned), k)


def test_a_tie_is_broken_at_random() -> None:
    assert maj_at_k(drawn(["right", "wrong"]), 2) == 0.5
    assert isclose(maj_at_k(drawn(["right", "wrong", "worse"]), 3), 1 / 3)


def test_samples_without_an_answer_do_not_vote() -> None:
    assert maj_at_k(drawn([None, None, None, "right"]), 4) == 1
    assert maj_at_k(drawn([None, None]), 2) == 0


def test_between_two_numbers_of_votes_lies_their_mixture() -> None:
    samples = drawn(["right", "right", "wrong"])
    middle = 0.75 * maj_at_k(samples, 2) + 0.25 * maj_at_k(samples, 3)
    assert isclose(maj_at_k(samples, 2.25), middle)


def test_more_votes_than_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and 2"):
        maj_at_k(drawn(["right", "wrong"]), 3)


def test_pass_at_k_is_the_chance_of_any_right_sample() -> None:
    assert pass_at_k(10, 3, 1) == pytest.approx(0.3)
    assert pass_at_k(10, 3, 5) == pytest.approx(1 - 21 / 252)
    assert pass_at_k(4, 0, 4) == 0
    with pytest.raises(ValueError, match="pass@5"):
        pass_at_k(4, 1, 5)


def test_the_budget_says_how_many_votes_there_are() -> None:
    samples = {"p": drawn(["right", "wrong", "right", "right"]), "q": drawn(["wrong"] * 4)}
    votes = maj_at_tokens(samples, 25)
    assert (votes.k, votes.tokens, votes.capped) == (2.5, 25, False)
    assert votes.accuracy["q"] == 0


def test_a_budget_below_one_answer_still_has_one_vote_and_one_beyond_all_samples_is_said() -> None:
    samples = {"p": drawn(["right", "wrong"])}
    assert (maj_at_tokens(samples, 3).k, maj_at_tokens(samples, 3).capped) == (1, False)
    assert (maj_at_tokens(samples, 300).k, maj_at_tokens(samples, 300).capped) == (2, True)
