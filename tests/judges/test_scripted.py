"""The scripted judge keeps to its script, and silence is not a wrong."""

import pytest

from journey.judges.scripted import Scripted
from journey.types import Judgement, make_problem

PROBLEM = make_problem("Q", "1")


async def test_every_kind_of_saying_becomes_a_judgement():
    judge = Scripted({"a": "right", "b": Judgement("wrong", 0.1, "because"), "c": 0.4, "d": None})
    got = await judge.judge(PROBLEM, [], ["a", "b", "c", "d", "e"])
    assert [j.verdict for j in got] == ["right", "wrong", None, None, None]
    assert [j.score for j in got] == [None, 0.1, 0.4, None, None]
    assert got[1].reason == "because"
    assert all(j.reason for j in got[2:])
    assert {j.by for j in got} == {"scripted"}


async def test_a_function_sees_problem_and_prefix():
    judge = Scripted(lambda problem, prefix, step: "right" if len(prefix) == 1 else "wrong", name="me")
    assert (await judge.judge(PROBLEM, ["s"], ["x"]))[0] == Judgement("right", by="me")
    assert (await judge.judge(PROBLEM, [], ["x"]))[0].verdict == "wrong"


async def test_an_unknown_verdict_is_refused():
    with pytest.raises(ValueError, match="no verdict"):
        await Scripted({"a": "perhaps"}).judge(PROBLEM, [], ["a"])
