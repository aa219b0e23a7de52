"""One problem, one model, checked answers."""

from collections.abc import Sequence

import pytest

from journey.answers.grade import Grade
from journey.evals.attempts import Decoding, attempt, attempt_ids
from journey.models.base import Completion, Model, ModelError, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.types import Attempt, Problem, label, make_problem

PROBLEM = make_problem("1 + 1", "2")


class Grader:
    """The last word is the answer; "?" cannot be checked."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        if "answer" not in text:
            return Grade(None, None, "no answer")
        answer = text.split()[-1]
        if answer == "?":
            return Grade(answer, None, "could not check: time limit")
        return Grade(answer, answer == problem.answer, None if answer == problem.answer else "wrong answer")


class Fixed:
    """A model that gives the same completions to everyone and keeps what it was asked."""

    name = "seed-1/journey"

    def __init__(self, *completions: Completion):
        self.completions = completions
        self.asked: list[tuple[Prompt, Sampling]] = []

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        self.asked.append((prompt, sampling))
        return list(self.completions)


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question + "\n", "1. ")


async def tried(model: Model, decoding: Decoding, *, split: str = "test", seed: int = 1) -> list[Attempt]:
    return await attempt(PROBLEM, model, Grader(), ask, decoding, split=split, seed=seed)


async def test_every_sample_becomes_an_attempt_with_what_it_cost() -> None:
    model = Scripted({"1 + 1\n1. ": ["the answer 2", "the answer 3"]}, name="tiny")
    right, wrong = await tried(model, Decoding("sampled", samples=2))
    assert (right.text, right.answer, right.correct, right.error) == ("1. the answer 2", "2", True, None)
    assert (wrong.answer, wrong.correct, wrong.error, wrong.sample) == ("3", False, "wrong answer", 1)
    assert right.spent.model_tokens == right.tokens > 0
    assert (label(right.model), right.decoding, right.problem, right.finish) == ("tiny", "sampled", PROBLEM.id, "end")


async def test_a_cut_off_answer_is_graded_and_marked_only_where_it_holds_none() -> None:
    model = Fixed(
        Completion("the answer 2", 5, "length"), Completion("still at", 5, "length"), Completion("still at", 5, "end")
    )
    late, cut, none = await tried(model, Decoding("sampled", samples=3))
    assert (late.correct, late.error) == (True, None)
    assert (cut.correct, cut.error) == (None, "cut off")
    assert (none.correct, none.error) == (None, "no answer")


async def test_empty_and_missing_answers_are_marked_and_never_graded() -> None:
    model = Fixed(Completion(" \n", 1, "end"), Completion("the answer 2", 0, "error"))
    empty, missing = await tried(model, Decoding("sampled", samples=2))
    assert (empty.answer, empty.correct, empty.error) == (None, None, "empty")
    assert (missing.answer, missing.correct, missing.error) == (None, None, "no completion")


async def test_an_answer_that_a_server_gave_as_thinking_alone_is_graded_and_marked() -> None:
    whole, cut = (Completion("", 9, finish, reasoning="the answer 2") for finish in ("stop", "length"))
    right, none = await tried(Fixed(whole, cut), Decoding("sampled", samples=2))
    assert (right.text, right.correct, right.error) == ("<think>\n1. the answer 2", True, None)
    assert (none.text, none.correct, none.error) == ("1. ", None, "cut off")


async def test_what_cannot_be_checked_stays_unsaid_with_its_reason() -> None:
    (only,) = await tried(Fixed(Completion("answer ?", 2, "end")), Decoding("greedy", temperature=0))
    assert (only.answer, only.correct, only.error) == ("?", None, "could not check: time limit")


async def test_ids_and_streams_come_from_content() -> None:
    decoding = Decoding("sampled", samples=1)
    model = Fixed(Completion("answer 2", 2, "end"))
    first, again = [(await tried(model, decoding))[0] for _ in range(2)]
    assert first == again
    assert [first.id] == attempt_ids(PROBLEM.id, model.name, decoding, 1)
    await tried(model, decoding, seed=2)
    await tried(model, decoding, split="validation")
    streams = [sampling.seed for _, sampling in model.asked]
    assert streams[0] == streams[1]
    assert len(set(streams)) == 3


async def test_a_model_that_cannot_answer_is_not_a_wrong_answer() -> None:
    with pytest.raises(ModelError):
        await tried(Scripted({}), Decoding("sampled"))
