"""Each guard of rounds stops a made-up run, says its name and figure, and lets it go on where it is off."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import examples

from journey.evals.guards import OFF, Draws, Guards, best_of, domain_of, measured, middling, new_ways, verdict
from journey.tasks.table import way_of
from journey.types import Attempt, ModelRef, Problem, Thought, make_problem

RIGHT = "7 + 8 = 15 ( 15 15 -> 30 )\n15 + 15 = 30 ( 30 -> 30 )\nYes , 30 is 30"
SAME = "15 + 8 = 23 ( 7 23 -> 30 )\n23 + 7 = 30 ( 30 -> 30 )\nYes , 30 is 30"
OTHER = "15 - 7 = 8 ( 8 8 -> 30 )\n8 + 8 = 16 ( 16 -> 30 )\nWait , 16 is not 30"
TEXTS = {"right": RIGHT, "same": SAME, "wrong": OTHER}


def puzzles(count: int, source: str = "") -> list[Problem]:
    """That many problems; their question is one puzzle's, their answers tell them apart."""
    return [
        make_problem("Make 30 from 7 8 15", f"30{source}{i}", task="countdown", source=source) for i in range(count)
    ]


def drawn(problem: Problem, kinds: Sequence[str], finish: str = "end") -> list[Attempt]:
    """An answer of each kind."""
    return [
        Attempt(f"{problem.id}{i}", problem.id, ModelRef("m"), "gate", i, TEXTS[kind], None, kind != "wrong", None, 10,
                finish, 1)  # type: ignore[arg-type]
        for i, kind in enumerate(kinds)
    ]  # fmt: skip


def figures(now: Sequence[Sequence[str]], before: Sequence[Sequence[str]] | None = None) -> dict[str, float | None]:
    """What is measured of answers of these kinds, one list a problem."""
    problems = puzzles(len(now))
    old = None if before is None else {p.id: drawn(p, of) for p, of in zip(problems, before, strict=True)}
    return measured({p.id: p for p in problems}, {p.id: drawn(p, of) for p, of in zip(problems, now, strict=True)}, old)


def test_orders_of_the_same_sum_are_one_way_and_a_wrong_text_takes_none() -> None:
    problem = puzzles(1)[0]
    assert way_of(problem, RIGHT) == way_of(problem, SAME) is not None
    assert way_of(problem, OTHER) is None
    words = make_problem("Why?", "42", task="math")
    assert way_of(words, "First one.\n\nThen  two.") == way_of(words, "then two.\n\nFIRST one.")


def test_the_figures_of_a_round_are_those_of_its_answers() -> None:
    found = figures(
        [["right", "same"], ["wrong", "right"], ["wrong", "wrong"]], [["wrong"] * 2, ["right"] * 2, ["right"] * 2]
    )
    assert (found["accuracy"], found["pass_at"], found["gain"]) == (0.5, pytest.approx(2 / 3), pytest.approx(-100 / 6))
    assert (found["newly_solved"], found["newly_lost"]) == (1, 1)
    assert (found["right_ways"], found["first_steps"], found["cut_off"]) == (
        pytest.approx(2 / 3),
        pytest.approx(5 / 3),
        0,
    )
    assert (found["tokens"], found["entropy"], found["new_ways"]) == (10, pytest.approx(2 / 3), None)


def test_nothing_is_measured_without_answers() -> None:
    assert {value for value in measured({}, {}).values()} == {None}


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=4), min_size=1, max_size=4))
def test_answers_given_twice_never_raise_the_diversity(kinds: list[list[str]]) -> None:
    once, twice = figures(kinds), figures([of * 2 for of in kinds])
    assert twice["first_steps"] == once["first_steps"] and twice["right_ways"] == once["right_ways"]
    assert (twice["ngrams"] or 0) <= (once["ngrams"] or 0)
    assert (twice["likeness"] or 0) >= (once["likeness"] or 0) and twice["accuracy"] == pytest.approx(once["accuracy"])


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.tuples(*[st.lists(st.sampled_from(["right", "wrong"]), min_size=2, max_size=4)] * 2), min_size=1))
def test_what_one_model_gains_on_another_the_other_loses(kinds: list[tuple[list[str], list[str]]]) -> None:
    old, new = [of for of, _ in kinds], [of for _, of in kinds]
    there, back = figures(new, old), figures(old, new)
    assert there["gain"] == pytest.approx(-(back["gain"] or 0))
    assert there["gain_low"] is not None and there["gain_low"] <= (there["gain"] or 0) <= (there["gain_high"] or 0)
    assert (there["newly_solved"], there["newly_lost"]) == (back["newly_lost"], back["newly_solved"])


GOOD = {"gain": 5.0, "gain_low": 1.0, "gain_high": 9.0, "pass_at": 0.9, "right_ways": 2.0, "first_steps": 6.0,
        "cut_off": 0.1, "repeats": 0.1, "new_ways": 0.5, "accuracy algebra": 0.6, "high algebra": 0.7}  # fmt: skip
STOPPED = {
    "gate": {"gain": -8.0, "gain_low": -12.0, "gain_high": -2.5},
    "passing": {"pass_at": 0.7},
    "diversity": {"right_ways": 0.9},
    "cut_off": {"cut_off": 0.31},
    "repeats": {"repeats": 0.6},
    "new": {"new_ways": 0.04},
    "domain": {"accuracy algebra": 0.3, "high algebra": 0.4},
}


@pytest.mark.parametrize("guard", STOPPED)
def test_each_guard_stops_a_round_by_its_name_and_figure_and_can_be_switched_off(guard: str) -> None:
    bad = GOOD | STOPPED[guard]
    sentence = verdict(bad, GOOD, best_of([GOOD]), Guards())
    assert sentence is not None and sentence.startswith(f"guard {guard}: ") and f"rounds.guards.{guard}" in sentence
    assert "\n" not in sentence and any(char.isdigit() for char in sentence)
    off = replace(Guards(), **{guard: "off" if guard == "gate" else None})
    assert verdict(bad, GOOD, best_of([GOOD]), off) is None
    assert verdict(bad, GOOD, best_of([GOOD]), OFF) is None


@pytest.mark.parametrize("guard", ["cut_off", "repeats"])
def test_a_round_that_is_no_worse_than_the_first_passes_a_bound_that_the_first_one_breaks(guard: str) -> None:
    first = GOOD | {guard: 0.69}
    assert verdict(GOOD | {guard: 0.6}, first, None, Guards()) is None
    assert "70.0%" in (verdict(GOOD | {guard: 0.7}, first, None, Guards()) or "")


def test_a_domain_is_a_subject_or_a_source_of_which_train_and_test_are_one() -> None:
    sources = ("countdown/train", "countdown/test", "data/algebra", "")
    assert [domain_of(p) for source in sources for p in puzzles(1, source)] == [
        "countdown", "countdown", "data/algebra", "countdown",
    ]  # fmt: skip
    assert domain_of(replace(puzzles(1, "countdown/train")[0], subject="sums")) == "sums"


def test_a_good_round_and_one_that_nobody_could_measure_may_go_on() -> None:
    assert verdict(GOOD, GOOD, best_of([GOOD]), Guards(gate="better")) is None
    assert verdict(dict.fromkeys(GOOD), GOOD, best_of([GOOD]), Guards()) is None
    assert verdict(GOOD | {"gain": None}, None, None, Guards()) is None


def test_a_model_that_is_not_surely_better_passes_the_gate_equal_and_not_the_gate_better() -> None:
    same = GOOD | {"gain": -1.0, "gain_low": -4.0, "gain_high": 2.0}
    assert verdict(same, GOOD, None, Guards()) is None
    assert "no sure gain" in (verdict(same, GOOD, None, Guards(gate="better")) or "")


def test_domains_are_measured_apart_and_each_has_its_own_gate() -> None:
    sums, mazes = puzzles(8, "sums"), puzzles(8, "mazes")
    problems = {p.id: p for p in (*sums, *mazes)}

    def round_of(kind: str) -> dict[str, float | None]:
        draws: Draws = {p.id: drawn(p, ["right" if p in sums else kind] * 2) for p in problems.values()}
        return measured(problems, draws)

    first, second = round_of("right"), round_of("wrong")
    assert (second["accuracy sums"], second["accuracy mazes"]) == (1, 0)
    assert "mazes fell to 0.0% from 100.0%" in (verdict(second, None, best_of([first]), Guards()) or "")


def thoughts(problem: Problem, *texts: str) -> list[Thought]:
    """A thought of each text."""
    return [Thought(text, problem.id, None, "journey", (), text, text, "30") for text in texts]


def test_only_right_ways_that_no_earlier_thought_takes_are_new() -> None:
    one, two = puzzles(2)
    problems = {one.id: one, two.id: two}
    assert new_ways(problems, thoughts(one, RIGHT, OTHER), []) == 1
    assert new_ways(problems, [*thoughts(one, SAME), *thoughts(two, RIGHT)], thoughts(one, RIGHT)) == 0.5
    assert new_ways(problems, thoughts(one, OTHER), []) is None


def test_problems_of_middling_success_come_first_and_those_without_any_last() -> None:
    a, b, c, d = puzzles(4)
    assert middling([a, b, c, d], {a.id: 1.0, c.id: 0.5, d.id: 0.2}) == [c, d, a, b]
