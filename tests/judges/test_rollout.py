"""Monte-Carlo labels by a scripted policy: shares, searches, sharing, and what they cost."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_grader import PlainGrader, ask

from journey.errors import UsageError
from journey.judges.base import judge_solution
from journey.judges.rollout import FirstError, RolloutJudge, RolloutSettings
from journey.models.base import Completion, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.tasks.steps import FORMATS
from journey.types import Problem, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")
NUMBERED = FORMATS["numbered"]
RIGHT, WRONG, NONE = "The answer is 42.", "The answer is 41.", "I give up."
SOFT = RolloutSettings(n=4, label="soft", share=False)
HARD = RolloutSettings(n=4)


def judge_of(answers: Callable[[Prompt, Sampling, int], str], settings: RolloutSettings) -> RolloutJudge:
    return RolloutJudge(Scripted(answers), ask, PlainGrader("7"), settings)


def by_number(texts: Sequence[str]) -> Callable[[Prompt, Sampling, int], str]:
    """A policy whose calls after one prefix give these texts in turn."""
    seen: dict[str, int] = {}

    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        seen[prompt.prefix] = seen.get(prompt.prefix, -1) + 1
        return texts[seen[prompt.prefix] % len(texts)]

    return answer


def lost_after(step: str) -> Callable[[Prompt, Sampling, int], str]:
    """A policy that reaches the right answer unless the step stands before it."""
    return lambda prompt, sampling, i: WRONG if step in prompt.prefix.split("\n") else RIGHT


@pytest.mark.parametrize(
    ("texts", "share", "verdict"),
    [
        ([RIGHT, WRONG, WRONG, WRONG], 0.25, "wrong"),
        ([RIGHT, WRONG, RIGHT, WRONG], 0.5, "right"),
        ([RIGHT, NONE, WRONG, "The answer is 7."], 0.5, "right"),  # two of them say nothing
        ([RIGHT, NONE, NONE, ""], 1.0, "right"),
    ],
)
async def test_a_soft_label_is_the_share_of_right_ends_among_those_that_could_be_checked(
    texts: list[str], share: float, verdict: str
) -> None:
    judge = judge_of(by_number(texts), SOFT)
    (said,) = await judge.judge(PROBLEM, ["a"], ["b"])
    assert (said.verdict, said.score, said.by) == (verdict, share, "rollout:scripted")
    assert judge.cost.calls == 4 and judge.cost.labels == 1 and judge.cost.tokens > 0


async def test_where_no_rollout_can_be_checked_nothing_is_said() -> None:
    for settings in (SOFT, HARD):
        (said,) = await judge_of(by_number([NONE, "", "The answer is 7."]), settings).judge(PROBLEM, [], ["a"])
        assert (
            said.verdict is None
            and said.score is None
            and said.reason == ("none of 4 rollouts gave an answer that could be checked")
        )


async def test_unanswered_ends_count_as_not_right_where_that_is_asked_for_but_cut_off_ones_never_do() -> None:
    counted = RolloutSettings(n=2, label="soft", count_unanswered=True, max_tokens=6)
    (said,) = await judge_of(by_number([RIGHT, NONE]), counted).judge(PROBLEM, [], ["a"])
    assert said.score == 0.5
    (said,) = await judge_of(by_number([RIGHT, "and so " * 30]), counted).judge(PROBLEM, [], ["a"])
    assert said.score == 1.0


async def test_a_rollout_ends_where_the_policy_goes_back_if_that_is_asked_for() -> None:
    back = f"Wait, go back.\n{RIGHT}"
    (said,) = await judge_of(by_number([back]), HARD).judge(PROBLEM, [], ["a"])
    assert said.verdict == "right"
    ended = RolloutSettings(n=2, stop=("go back",), count_unanswered=True)
    (said,) = await judge_of(by_number([back]), ended).judge(PROBLEM, [], ["a"])
    assert said.verdict == "wrong"


async def test_a_hard_label_is_right_with_any_right_end_and_draws_no_more_after_it() -> None:
    judge = judge_of(by_number([WRONG, NONE, RIGHT, WRONG]), HARD)
    (said,) = await judge.judge(PROBLEM, [], ["a"])
    assert (said.verdict, said.score) == ("right", 1.0)
    judge = judge_of(by_number([RIGHT]), HARD)
    await judge.judge(PROBLEM, [], ["a", "b"])
    assert judge.cost.calls == 2
    judge = judge_of(by_number([WRONG]), HARD)
    (said,) = await judge.judge(PROBLEM, [], ["a"])
    assert (said.verdict, said.score, judge.cost.calls) == ("wrong", 0.0, 4)


async def test_a_step_with_a_final_answer_is_labelled_by_it_without_a_rollout() -> None:
    judge = judge_of(by_number([RIGHT]), HARD)
    said = await judge.judge(PROBLEM, [], [RIGHT, WRONG, "The answer is 7."])
    assert [one.verdict for one in said] == ["right", "wrong", None]
    assert judge.cost.calls == 0


async def test_a_final_answer_that_nobody_could_check_says_nothing_and_why() -> None:
    (said,) = await judge_of(by_number([RIGHT]), HARD).judge(PROBLEM, ["a"], ["The answer is 7."])
    assert said.verdict is None and said.reason == "nobody could check the final answer in this step"


async def test_equal_siblings_are_rolled_out_once() -> None:
    judge = judge_of(by_number([WRONG]), SOFT)
    said = await judge.judge(PROBLEM, ["a"], ["b", "c", "b"])
    assert said[0] == said[2] and judge.cost.calls == 8


async def test_rollouts_that_pass_through_the_next_step_are_its_rollouts_too() -> None:
    def policy(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return f"b\n{RIGHT}" if prompt.prefix == "a\n" else WRONG

    shared = RolloutSettings(n=4, label="soft")
    judge = judge_of(policy, shared)
    said = await judge.judge(PROBLEM, ["a"], ["b", "bb"])
    assert [one.score for one in said] == [1.0, 0.0]
    assert (judge.cost.calls, judge.cost.shared) == (8, 4)  # four after "a", four after "a bb", none after "a b"
    alone = judge_of(policy, RolloutSettings(n=4, label="soft", share=False))
    assert [one.score for one in await alone.judge(PROBLEM, ["a"], ["b", "bb"])] == [0.0, 0.0]


async def test_numbered_steps_are_shared_too() -> None:
    def numbered(problem: Problem, steps: Sequence[str]) -> Prompt:
        return Prompt(problem.question, NUMBERED.prefix(steps))

    policy = Scripted(lambda prompt, sampling, i: f"b\n3. {RIGHT}" if prompt.prefix == "1. a\n2. " else WRONG)
    judge = RolloutJudge(policy, numbered, PlainGrader("7"), RolloutSettings(n=2, label="soft"))
    (said,) = await judge.judge(PROBLEM, ["a"], ["b"])
    assert said.score == 1.0


async def test_what_is_said_does_not_depend_on_what_was_asked_before() -> None:
    def policy(prompt: Prompt, sampling: Sampling, i: int) -> str:
        luck = sampling.seed % 5
        return ["b\n", "c\n", ""][luck % 3] + (RIGHT if luck < 2 else WRONG)

    settings = RolloutSettings(n=6, label="soft")
    fresh = [await judge_of(policy, settings).judge(PROBLEM, ["a", "b"], [step]) for step in "bcd"]
    used = judge_of(policy, settings)
    for prefix in ([], ["a"], ["a", "b"]):
        await used.judge(PROBLEM, prefix, ["a", "b", "c"])
    assert [await used.judge(PROBLEM, ["a", "b"], [step]) for step in "bcd"] == fresh


@given(st.integers(1, 24).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
async def test_binary_search_finds_what_a_look_at_every_step_finds(case: tuple[int, int]) -> None:
    steps_count, first_wrong = case  # first_wrong == steps_count: none is
    steps = [f"step {i}" for i in range(steps_count)]
    policy = lost_after(f"step {first_wrong}")
    each = await judge_solution(judge_of(policy, RolloutSettings(n=2)), PROBLEM, steps)
    linear = next((i for i, one in enumerate(each) if one.verdict == "wrong"), None)
    judge = judge_of(policy, RolloutSettings(n=2, search="binary"))
    found = await judge.first_error(PROBLEM, steps)
    assert found.step == linear == (None if first_wrong == steps_count else first_wrong)
    assert found.checked <= 2 + (steps_count - 1).bit_length()
    said = await judge_solution(judge, PROBLEM, steps)
    known = steps_count if linear is None else linear + 1
    assert [one.verdict for one in said[:known]] == [one.verdict for one in each[:known]]
    assert {(one.verdict, one.reason) for one in said[known:]} <= {(None, "after the first wrong step")}


async def test_a_search_says_when_the_policy_cannot_solve_the_problem_at_all_or_nobody_could_say() -> None:
    binary = RolloutSettings(n=2, search="binary")
    found = await judge_of(by_number([WRONG]), binary).first_error(PROBLEM, ["a", "b", "c", "d"])
    assert (found.step, found.reason) == (0, "no rollout from the question itself ended right")
    judge = judge_of(by_number([NONE]), binary)
    found = await judge.first_error(PROBLEM, ["a", "b", WRONG])
    assert (found.step, found.reason) == (0, "nobody could say whether the right answer is reached after step 1")
    assert [one.verdict for one in await judge.judge_solution(PROBLEM, ["a", "b", WRONG])] == [None] * 3
    assert await judge.first_error(PROBLEM, []) == FirstError(None, None, 0)


class Slow:
    """A policy whose answers come in another order than they were asked for; at most `most` at a time."""

    name = "slow"

    def __init__(self, most: int) -> None:
        self.gate = asyncio.Semaphore(most)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        async with self.gate:
            for _ in range(sampling.seed % 7):
                await asyncio.sleep(0)
            text = RIGHT if sampling.seed % 3 == 0 else f"b\n{WRONG}"
            return [Completion(text, 5, "end")]


@pytest.mark.parametrize("how", [SOFT, HARD, RolloutSettings(n=4, label="soft"), RolloutSettings(search="binary")])
async def test_the_same_is_said_whatever_is_in_flight(how: RolloutSettings) -> None:
    problems = [make_problem(f"Question {i}?", "42") for i in range(6)]
    results = []
    for most in (1, 8, 64):
        judge = RolloutJudge(Slow(most), ask, PlainGrader("7"), how)
        works = [judge_solution(judge, problem, ["a", "b", "c", WRONG]) for problem in problems]
        works += [judge.judge(problem, ["a", "b"], ["c", "d", "b"]) for problem in problems]
        results.append((await asyncio.gather(*works), judge.cost))
    assert results[0] == results[1] == results[2]


def test_settings_that_cannot_be_are_refused() -> None:
    wrong = [{"n": 0}, {"label": "medium"}, {"search": "all"}, {"threshold": 0.0}, {"n": 2, "temperature": 0.0}]
    for settings in wrong:
        with pytest.raises(UsageError):
            RolloutSettings(**settings)


@pytest.mark.parametrize("label", ["hard", "soft"])
async def test_what_several_ask_at_once_is_drawn_once(label: Any) -> None:
    asked: list[tuple[str, int]] = []

    async def complete(prompt: Prompt, sampling: Sampling) -> list[Completion]:
        asked.append((prompt.prefix, sampling.seed))
        for _ in range(sampling.seed % 7):
            await asyncio.sleep(0)
        return [Completion(WRONG, 5, "end")]

    model = Scripted({}, name="slow")
    model.complete = complete  # type: ignore[method-assign]
    judge = RolloutJudge(model, ask, PlainGrader("7"), RolloutSettings(n=4, label=label))
    await asyncio.gather(*(judge_solution(judge, PROBLEM, ["a", "b", last]) for last in ("c", "d", "c")))
    assert len(asked) == len(set(asked)) == judge.cost.calls == 4 * 4  # after a, a b, a b c and a b d


async def test_an_end_without_a_word_is_unanswered_too() -> None:
    settings = RolloutSettings(n=2, label="soft", share=False, count_unanswered=True)
    (said,) = await judge_of(by_number([RIGHT, ""]), settings).judge(PROBLEM, ["a"], ["b"])
    assert said.score == 0.5
