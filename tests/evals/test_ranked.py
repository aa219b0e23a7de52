"""Scores of the steps of attempts: given once, kept by judge, joined in any way; NaN and null never win."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.answers.words import TextGrader
from journey.errors import UsageError
from journey.evals.step_scores import Kept, RmSettings, judge_attempts, kept
from journey.judges.scripted import Scripted as Judge
from journey.metrics.at_k import rm_at_k
from journey.models.scripted import Scripted
from journey.search.candidate import SearchContext
from journey.store.run import Run
from journey.tasks.prompting import asker
from journey.tasks.steps import FORMATS
from journey.types import Attempt, Judgement, ModelRef, Problem, Spent, make_problem

STEPS = FORMATS["paragraphs"]
PROBLEM = make_problem("Is it so?", "yes")
JOINED = {"min": 0.2, "product": 0.1, "last": 0.5, "mean": 0.35}


def attempt(id: str, text: str, answer: str | None = "yes", correct: bool | None = True) -> Attempt:
    return Attempt(id, PROBLEM.id, ModelRef("m"), "sampled", 0, text, answer, correct, None, 3, "end", 0, Spent())


def means(judge: Judge) -> SearchContext:
    return SearchContext(Scripted({}), TextGrader(), asker("text", STEPS), STEPS, judge)


@pytest.mark.parametrize("way", JOINED)
async def test_step_scores_are_kept_and_joined_as_asked(tmp_path: Path, way) -> None:
    judge = Judge({"It is late.": 0.2, "The answer is yes.": 0.5})
    tried = [attempt("a", "It is late.\n\nThe answer is yes."), attempt("b", "Hm.", None, None)]
    with Run.open(tmp_path / "run") as run:
        run.add(await judge_attempts(PROBLEM, tried, means(judge), RmSettings(way)))
        of = kept(run, tried)["scripted"]
        assert kept(run, [attempt("c", "")]) == {}
    assert of.steps == {"a": [0.2, 0.5]} and of.covers(tried)
    assert not of.covers([*tried, attempt("c", "x")])
    said = of.scores()["a"]
    assert (math.exp(said) if way == "product" else said) == pytest.approx(JOINED[way])


@pytest.mark.parametrize("odd", [math.nan, math.inf, -1.0, 2.0, None])
async def test_what_is_no_score_is_null_and_never_wins(odd: float | None) -> None:
    def says(problem: Problem, prefix: Sequence[str], step: str) -> Judgement:
        return Judgement(None, odd if "first" in step else 0.1, "why")

    tried = [attempt("a", "The first answer is no.", "no", False), attempt("b", "The answer is yes.")]
    row = await judge_attempts(PROBLEM, tried, means(Judge(says)), RmSettings())
    scores = Kept(row.steps, Spent(), "min").scores()
    assert scores == {"a": None, "b": 0.1}
    assert rm_at_k(tried, scores, 2) == 1.0 and rm_at_k(tried, scores, 1) == 0.5


def test_a_product_with_a_nought_in_it_is_a_score_and_beats_what_has_none() -> None:
    scores = Kept({"a": [0.0, 0.9], "b": [None]}, Spent(), "product").scores()
    tried = [attempt("a", "x"), attempt("b", "x", "no", False), attempt("c", "x", None, None)]
    assert rm_at_k(tried, scores, 3) == 1.0


@given(st.lists(st.one_of(st.none(), st.just(math.nan), st.floats(0, 1)), min_size=2, max_size=6))
def test_an_answer_without_a_score_is_chosen_only_where_none_has_one(scores: list[float | None]) -> None:
    tried = [attempt(str(i), "x", "yes", s is not None and s == s) for i, s in enumerate(scores)]
    given_ = {str(i): s for i, s in enumerate(scores)}
    any_scored = any(a.correct for a in tried)
    assert rm_at_k(tried, given_, len(tried)) == float(any_scored)


def test_an_unknown_way_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="min, product, last"):
        RmSettings("best")  # type: ignore[arg-type]
