"""Budget forcing on a scripted model: what is put in, what is counted, and when it stops."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.evals.thinking_budget import Budget, force
from journey.models.base import Prompt, Sampling
from journey.models.scripted import Scripted

ASKED = Prompt("Q\n", "So: ")
DRAWN = Sampling(max_tokens=50, n=1)


def told(prompt: Prompt, sampling: Sampling, sample: int) -> str:
    """Thinks five words, then (after each wait) three more; writes its answer behind an opened box or a mark."""
    if prompt.prefix.endswith("\\boxed{"):
        return "7}"
    if prompt.prefix.endswith("</think>"):
        return "It is 7"
    return " and three more</think>It is 8" if "Wait" in prompt.prefix else "one two three four five</think>It is 9"


async def test_without_limits_the_end_is_only_followed_by_the_answer() -> None:
    (one,) = await force(ASKED, Scripted(told), DRAWN, Budget(end="</think>"))
    assert one.completion.text == "one two three four five</think>It is 7"
    assert one.completion.finish == "end"
    assert one.calls == 2


async def test_the_end_is_replaced_by_wait_as_often_as_is_asked() -> None:
    model = Scripted(told)
    (one,) = await force(ASKED, model, DRAWN, Budget(waits=2, wait=" Wait", end="</think>"))
    thought = "one two three four five Wait and three more Wait and three more"
    assert one.completion.text == f"{thought}</think>It is 7"
    assert one.calls == 4
    parts = [await model.complete(prompt, sampling) for prompt, sampling in list(model.calls)]
    assert one.completion.tokens == sum(c.tokens for (c,) in parts)
    assert model.calls[1][0] == replace(ASKED, prefix="So: one two three four five Wait")


async def test_waiting_stops_when_the_least_thinking_is_reached() -> None:
    (one,) = await force(ASKED, Scripted(told), DRAWN, Budget(min=8, waits=9, wait=" Wait", end="</think>"))
    assert one.completion.text.count("Wait") == 1
    (none,) = await force(ASKED, Scripted(told), DRAWN, Budget(min=3, waits=9, wait=" Wait", end="</think>"))
    assert "Wait" not in none.completion.text


async def test_too_long_a_thought_is_ended_and_the_answer_asked_for() -> None:
    model = Scripted(told)
    (one,) = await force(ASKED, model, DRAWN, Budget(max=3, end="</think>", answer=" \\boxed{"))
    assert one.completion.text == "one two three</think> \\boxed{7}"
    assert one.completion.tokens == 3 + 2
    assert one.completion.finish == "end"
    assert [sampling.max_tokens for _, sampling in model.calls] == [3, 64]


async def test_waits_never_lead_past_the_most_thinking() -> None:
    model = Scripted(told)
    (one,) = await force(ASKED, model, DRAWN, Budget(max=7, waits=5, wait=" Wait", end="</think>", answer=" \\boxed{"))
    assert one.completion.text.endswith("</think> \\boxed{7}")
    assert one.completion.tokens <= 7 + 64
    assert all(sampling.max_tokens >= 1 for _, sampling in model.calls)


async def test_without_a_mark_the_end_of_the_text_is_the_end_of_the_thinking() -> None:
    answers = {"Q\nSo: ": "the answer is 5", "Q\nSo: the answer is 5\nWait": ", no, the answer is 6"}
    (one,) = await force(ASKED, Scripted(answers), DRAWN, Budget(waits=1))
    assert one.completion.text == "the answer is 5\nWait, no, the answer is 6"
    assert one.calls == 2


async def test_every_sample_goes_its_own_way_and_the_same_again() -> None:
    def by_sample(prompt: Prompt, sampling: Sampling, sample: int) -> str:
        return f"r{sampling.seed}" if "Wait" in prompt.prefix else f"s{sample}"

    first, again = [await force(ASKED, Scripted(by_sample), replace(DRAWN, n=3), Budget(waits=1)) for _ in range(2)]
    assert first == again
    assert len({one.completion.text for one in first}) == 3


@given(st.integers(1, 12), st.integers(0, 4), st.integers(1, 5))
async def test_tokens_never_exceed_thinking_and_answer(most: int, waits: int, answer: int) -> None:
    model = Scripted(told)
    budget = Budget(max=most, waits=waits, wait=" Wait", end="</think>", answer_tokens=answer)
    (one,) = await force(ASKED, model, DRAWN, budget)
    calls, tokens = budget.at_most(DRAWN.max_tokens)
    assert one.completion.tokens <= tokens
    assert one.calls == len(model.calls) <= calls


@pytest.mark.parametrize(
    "given",
    [{"waits": -1}, {"min": 0, "waits": 1}, {"max": 0}, {"min": 5}, {"min": 9, "max": 5, "waits": 1},
     {"waits": 1, "wait": " "}, {"answer_tokens": 0}],
)  # fmt: skip
def test_a_budget_that_cannot_be_met_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="budget"):
        Budget(**given)  # type: ignore[arg-type]


def test_the_name_says_what_is_not_usual() -> None:
    assert Budget().words == ""
    assert Budget(max=50, wait="Hm").words == "budget.max=50 budget.wait='Hm'"
