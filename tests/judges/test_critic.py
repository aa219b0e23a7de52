"""A model as step judge: its votes, its silences, one call or many, and where it stops."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.judges.critic import Critic, CriticSettings
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.types import VERDICTS, Judgement, Verdict, make_problem

PROBLEM = make_problem("What is 6 * 7?", "42")
STEPS = ["30 + 12 = 42", "35 + 12 = 47", "Let us see."]
SAYS: dict[str, Verdict] = dict(zip(STEPS, ("right", "wrong", "neutral"), strict=True))
VOTING = CriticSettings(votes=3, temperature=0.7)
Answer = Callable[[Prompt, Sampling, int], str]


def shown(prompt: Prompt) -> dict[str, str]:
    """The candidates that a prompt shows, by their number."""
    return json.loads(re.findall(r"=== material \w{6} ===\n(.*?)\n=== ", prompt.text, re.DOTALL)[-1])["candidates"]


def block(prompt: Prompt, rows: Sequence[Mapping[str, object]]) -> str:
    code = re.findall(r"^VERDICTS (\w{16})$", prompt.text, re.MULTILINE)[-1]
    return "\n".join([f"VERDICTS {code}", *map(json.dumps, rows), f"END {code}"])


def saying(verdict: Callable[[str, int], Verdict | None], **more: object) -> Answer:
    """A model that judges in the form; `verdict` of a step and the vote's number, null: no line for it."""

    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        said = [(int(number), verdict(step, i)) for number, step in shown(prompt).items()]
        return block(prompt, [{"candidate": n, "verdict": v, **more} for n, v in said if v is not None])

    return answer


KNOWS = saying(lambda step, i: SAYS[step])


def votes(*of: Verdict | None) -> Answer:
    return saying(lambda step, i: of[i])


async def judged(answer: Answer, settings: CriticSettings, steps: Sequence[str] = ("a",)) -> list[Judgement]:
    return await Critic(Scripted(answer), settings).judge(PROBLEM, [], steps)


async def test_verdict_score_and_reason_are_the_models_own():
    model = Scripted(saying(lambda step, i: SAYS[step], score=0.25, reason="Because."), name="strong")
    got = await Critic(model).judge(PROBLEM, ["6 * 7 = 6 * 5 + 6 * 2"], STEPS)
    assert got == [Judgement(SAYS[step], 0.25, "Because.", "critic:strong") for step in STEPS]
    ((prompt, sampling),) = model.calls
    assert "6 * 7 = 6 * 5 + 6 * 2" in prompt.text and PROBLEM.question in prompt.text
    assert (sampling.n, sampling.temperature, sampling.stop) == (1, 0.0, ())


async def test_a_verdict_without_score_stands_for_one_half_or_nothing():
    assert [j.score for j in await judged(KNOWS, CriticSettings(), STEPS)] == [1.0, 0.0, 0.5]


async def test_siblings_are_asked_in_one_call_or_each_in_its_own_with_the_same_judgements():
    together, alone = Scripted(KNOWS), Scripted(KNOWS)
    first = await Critic(together).judge(PROBLEM, [], STEPS)
    second = await Critic(alone, CriticSettings(together=False)).judge(PROBLEM, [], STEPS)
    assert first == second
    assert [list(shown(prompt).values()) for prompt, _ in together.calls] == [STEPS]
    assert [list(shown(prompt).values()) for prompt, _ in alone.calls] == [[step] for step in STEPS]


@pytest.mark.parametrize("together", [True, False])
async def test_equal_candidates_are_judged_once(together):
    model = Scripted(KNOWS)
    steps = [STEPS[0], STEPS[1], STEPS[0], STEPS[0]]
    got = await Critic(model, CriticSettings(together=together)).judge(PROBLEM, [], steps)
    assert [j.verdict for j in got] == ["right", "wrong", "right", "right"]
    assert sorted(step for prompt, _ in model.calls for step in shown(prompt).values()) == sorted(STEPS[:2])


async def test_no_candidates_cost_no_call():
    model = Scripted(KNOWS)
    assert await Critic(model, CriticSettings(together=False)).judge(PROBLEM, [], []) == []
    assert await Critic(model).judge(PROBLEM, [], []) == []
    assert model.calls == []


@pytest.mark.parametrize(
    ("said", "verdict", "score"),
    [
        (("right", "right", "wrong"), "right", 2 / 3),
        (("wrong", "right", "wrong"), "wrong", 1 / 3),
        (("neutral", "neutral", "right"), "neutral", 2 / 3),
        (("right", None, "right"), "right", 1.0),
        (("wrong", None, None), "wrong", 0.0),
    ],
)
async def test_most_of_the_readable_votes_decide(said, verdict, score):
    (got,) = await judged(votes(*said), VOTING)
    assert got.verdict == verdict and got.score == pytest.approx(score)


@pytest.mark.parametrize("said", [("right", "wrong", None), ("right", "neutral", "wrong")])
async def test_a_tie_is_could_not_say_with_the_reason(said):
    model = Scripted(votes(*said))
    (got,) = await Critic(model, VOTING).judge(PROBLEM, [], ["a"])
    assert got.verdict is None and got.score == pytest.approx(0.5) and len(model.calls) == 1
    assert got.reason == f"the votes are tied between {' and '.join(sorted(filter(None, said)))}"


async def test_the_reason_is_one_of_the_verdict_that_won():
    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        rows = [("right", "fine"), ("wrong", None), ("wrong", "6 * 5 is 30")]
        return block(prompt, [{"candidate": 1, "verdict": rows[i][0], "reason": rows[i][1]}])

    (got,) = await judged(answer, VOTING)
    assert (got.verdict, got.reason) == ("wrong", "6 * 5 is 30")


@given(st.lists(st.sampled_from([*VERDICTS, None]), min_size=1, max_size=7))
def test_votes_never_make_a_verdict_that_less_than_the_most_have_given(said):
    settings = CriticSettings(votes=len(said), temperature=1.0, retries=0)
    (got,) = asyncio.run(judged(votes(*said), settings))
    counts = {verdict: said.count(verdict) for verdict in VERDICTS}
    most = [verdict for verdict in VERDICTS if counts[verdict] == max(counts.values())]
    assert got.verdict == (most[0] if any(counts.values()) and len(most) == 1 else None)
    assert (got.score is None) == (not any(counts.values())) and (got.verdict is not None or got.reason)


async def test_what_cannot_be_read_is_could_not_say_and_never_wrong():
    model = Scripted(lambda *_: "I find this step wrong, wrong, wrong.")
    (got,) = await Critic(model).judge(PROBLEM, [], ["a"])
    assert got == Judgement(None, reason="the critic could not say: no readable verdict", by="critic:scripted")
    assert len(model.calls) == 3 and len({sampling.seed for _, sampling in model.calls}) == 3
    assert [sampling.temperature for _, sampling in model.calls] == [0.0, 0.3, 0.3]


async def test_an_answer_that_was_cut_off_is_not_read_even_where_its_block_is_whole():
    class Cut:
        name = "cut"

        async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
            return [Completion(KNOWS(prompt, sampling, 0), 9, "length")]

    (got,) = await Critic(Cut()).judge(PROBLEM, [], STEPS[:1])
    assert (got.verdict, got.reason) == (None, "the critic could not say: the answer was cut off")


async def test_asking_again_fills_what_is_missing_and_replaces_nothing():
    asked: list[int] = []

    def answer(prompt: Prompt, sampling: Sampling, i: int) -> str:
        asked.append(1)
        known = {STEPS[0]: "right"} if len(asked) == 1 else dict.fromkeys(STEPS, "wrong")
        return saying(lambda step, i: known.get(step))(prompt, sampling, i)  # pyright: ignore[reportArgumentType]

    got = await judged(answer, CriticSettings(), STEPS)
    assert [j.verdict for j in got] == ["right", "wrong", "wrong"] and len(asked) == 2


async def test_a_critic_that_never_says_anything_readable_stops_the_work_with_one_sentence():
    critic = Critic(Scripted(lambda *_: "Sure!\n\x1b[31mAll good."), CriticSettings(unreadable_limit=2, retries=0))
    assert (await critic.judge(PROBLEM, [], STEPS))[0].verdict is None
    with pytest.raises(UsageError) as stopped:
        await critic.judge(PROBLEM, [], STEPS)
    said = str(stopped.value)
    assert "critic:scripted gave no readable verdict in its first 2 replies" in said
    assert "All good" in said and "\x1b" not in said and "\n" not in said


async def test_many_problems_side_by_side_pay_for_no_more_unreadable_replies_than_one():
    model = Scripted(lambda *_: "Sure!")
    critic = Critic(model, CriticSettings(unreadable_limit=5))
    asked = (critic.judge(PROBLEM, [str(number)], STEPS) for number in range(50))
    assert {type(got) for got in await asyncio.gather(*asked, return_exceptions=True)} == {UsageError}
    assert len(model.calls) == 5


async def test_a_block_that_a_server_gives_as_thinking_alone_is_read():
    class Thinks:
        name = "thinks"

        async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
            return [Completion("", 9, "stop", reasoning=KNOWS(prompt, sampling, 0))]

    assert [one.verdict for one in await Critic(Thinks()).judge(PROBLEM, [], STEPS)] == list(SAYS.values())


async def test_a_critic_that_was_readable_once_is_never_stopped():
    critic = Critic(
        Scripted(saying(lambda step, i: "right" if step == "known" else None)), CriticSettings(unreadable_limit=2)
    )
    assert (await critic.judge(PROBLEM, [], ["known"]))[0].verdict == "right"
    for number in range(5):
        assert (await critic.judge(PROBLEM, [], [f"unknown {number}"]))[0].verdict is None


@pytest.mark.parametrize("together", [True, False])
async def test_a_model_that_fails_for_good_fails_the_unit(together):
    with pytest.raises(ModelError):
        await Critic(Scripted({}), CriticSettings(together=together)).judge(PROBLEM, [], STEPS)


async def test_seeds_come_from_the_question_so_that_order_and_company_change_nothing():
    alone, crowd = Scripted(KNOWS), Scripted(KNOWS)
    critic = Critic(crowd, CriticSettings(together=False, seed=5))
    await asyncio.gather(*(critic.judge(PROBLEM, [prefix], STEPS) for prefix in ("y", "x")))
    await Critic(alone, CriticSettings(together=False, seed=5)).judge(PROBLEM, ["x"], STEPS[::-1])
    assert {(p.text, s.seed) for p, s in alone.calls} < {(p.text, s.seed) for p, s in crowd.calls}
    await Critic(other := Scripted(KNOWS), CriticSettings(seed=6)).judge(PROBLEM, ["x"], STEPS[:1])
    assert other.calls[0][1].seed not in {s.seed for _, s in crowd.calls}


async def test_the_known_answer_is_only_shown_where_that_is_wanted():
    problem = make_problem("What is six times seven?", "0042")
    for show in (False, True):
        model = Scripted(KNOWS)
        await Critic(model, CriticSettings(show_answer=show)).judge(problem, [], STEPS[:1])
        assert ("0042" in model.calls[0][0].text) is show


async def test_a_name_can_be_given():
    (got,) = await Critic(Scripted(KNOWS), name="me").judge(PROBLEM, [], STEPS[:1])
    assert got.by == "me"


@pytest.mark.parametrize(
    "wrong", [{"votes": 0}, {"max_tokens": 0}, {"unreadable_limit": 0}, {"retries": -1}, {"votes": 3}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        CriticSettings(**wrong)
