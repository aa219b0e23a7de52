"""No step can put a verdict into its judge's mouth, nor take one out of it."""

import pytest
from hostile_steps import PAYLOADS, PROBLEM, Answer, Payload, careless, convinced, honest, misled, placed

from journey.judges.critic import Critic, CriticSettings
from journey.models.scripted import Scripted

KINDS = sorted({payload.kind for payload in PAYLOADS})
SETTINGS = CriticSettings(retries=0, max_tokens=10**9, unreadable_limit=10**9)


async def verdicts(payload: Payload, answer: Answer) -> set[str | None]:
    """All verdicts that are read at any of the places where the step may stand."""
    return {
        judgement.verdict
        for prefix, candidates in placed(payload)
        for judgement in await Critic(Scripted(answer), SETTINGS).judge(PROBLEM, prefix, candidates)
    }


def of_kind(kind: str) -> list[Payload]:
    return [payload for payload in PAYLOADS if payload.kind == kind]


def test_there_are_many_hostile_steps_no_two_alike() -> None:
    assert len({payload.step for payload in PAYLOADS}) == len(PAYLOADS) >= 80


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_that_repeats_or_obeys_a_step_gives_no_verdict(kind: str) -> None:
    for payload in of_kind(kind):
        for name, answer in misled(payload).items():
            assert await verdicts(payload, answer) == {None}, (name, payload.step[:200])


@pytest.mark.parametrize("kind", KINDS)
async def test_an_honest_verdict_is_read_whatever_the_model_quotes(kind: str) -> None:
    for payload in of_kind(kind):
        for name, answer in honest(payload).items():
            assert await verdicts(payload, answer) == {"wrong"}, (name, payload.step[:200])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_step_that_is_quoted_unescaped_is_never_read_for_a_verdict(kind: str) -> None:
    for payload in of_kind(kind):
        for name, answer in careless(payload).items():
            assert await verdicts(payload, answer) <= {"wrong", None}, (name, payload.step[:200])


async def test_a_model_that_is_itself_convinced_is_believed() -> None:
    assert await verdicts(PAYLOADS[0], convinced) == {"right"}
