"""Scores of steps and judgements of judges made into one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.judges.base import judge_solution
from journey.judges.combine import HOWS, WAYS, Combined, Way, solution_score
from journey.judges.exact import Exact
from journey.judges.scripted import Scripted, Word
from journey.tasks.table import task_of
from journey.types import VERDICTS, Judgement, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")
JUDGEMENTS = st.builds(
    Judgement,
    st.sampled_from([*VERDICTS, None]),
    st.none() | st.floats(0, 1),
    st.none() | st.text(max_size=5),
    st.just("someone"),
)


async def joined(way: Way, *said: Word) -> Judgement:
    judges = [Scripted({"s": one}, name=f"j{i}") for i, one in enumerate(said)]
    return (await Combined(judges, way).judge(PROBLEM, [], ["s"]))[0]


def test_the_score_of_a_solution() -> None:
    said = [Judgement("right", 0.8), Judgement("neutral"), Judgement("right", 0.9)]
    scores = {how: solution_score(said, how) for how in HOWS}
    assert scores["min"] == 0.5 and scores["last"] == 0.9
    assert scores["product"] == pytest.approx(0.36) and scores["mean"] == pytest.approx(0.7333333)
    assert solution_score([], "min") is None
    assert solution_score([Judgement("right", 0.8), Judgement(None)], "min") is None
    assert solution_score([Judgement("right"), Judgement("wrong"), Judgement(None)], "min") == 0.0
    assert solution_score([Judgement(None), Judgement("wrong")], "min") is None


async def test_a_vote_is_won_by_most_of_those_that_say_something() -> None:
    wrong = Judgement("wrong", 0.2, "7 is prime", "j")
    assert await joined("vote", "right", wrong, wrong) == Judgement("wrong", 1.4 / 3, "7 is prime", "vote:[j0,j1,j2]")
    assert (await joined("vote", "right", None, None)).verdict == "right"
    tied = await joined("vote", "right", "wrong")
    assert tied.verdict is None and tied.reason == "the judges are tied between right and wrong"
    assert (await joined("vote", 0.9, 0.8)).verdict is None  # scores are no verdicts
    silent = await joined("vote", None, None)
    assert silent.verdict is None and silent.score is None and silent.reason


async def test_the_strictest_judge_the_mean_and_the_product() -> None:
    assert (await joined("min", "right", Judgement("neutral", 0.9, "so what"))).verdict == "neutral"
    strict = await joined("min", Judgement("right", 0.1), "wrong")
    assert (strict.verdict, strict.score) == ("wrong", 0.0)
    assert (await joined("min", Judgement("right", 0.4), None)).verdict == "right"
    mean = await joined("mean", 0.9, 0.3)
    assert (mean.verdict, mean.score) == ("right", pytest.approx(0.6))
    product = await joined("product", 0.9, 0.3)
    assert (product.verdict, product.score) == ("wrong", pytest.approx(0.27))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 7.0])
async def test_a_score_that_is_no_number_from_0_to_1_has_no_voice(way: Way, score: float) -> None:
    nothing = Judgement("wrong", score)
    one = await joined(way, nothing, Judgement("right", 0.9))
    assert (one.verdict, one.score) == ("right", 0.9)
    both = await joined(way, nothing, nothing)
    assert both.verdict is None and both.score is None and both.reason
    assert solution_score([Judgement("right", 0.9), nothing], "min") is None


@given(st.sampled_from(WAYS), st.lists(JUDGEMENTS, min_size=2, max_size=5))
async def test_together_judges_say_no_more_than_one_of_them_can(way: Way, said: list[Judgement]) -> None:
    one = await joined(way, *said)
    if all(s.verdict is None and s.score is None for s in said):
        assert one.verdict is None and one.score is None
    assert one.score is None or 0 <= one.score <= 1
    assert one.verdict is not None or one.reason
    if way in ("vote", "min"):
        assert one.verdict in {s.verdict for s in said} | {None}


async def test_whole_solutions_are_judged_by_those_that_can() -> None:
    both = Combined([Scripted({"a": "right", "b": "wrong"}), Scripted({"a": "right", "b": "wrong"})])
    assert [one.verdict for one in await judge_solution(both, PROBLEM, ["a", "b"])] == ["right", "wrong"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_judge_that_knows_nothing_of_such_problems_has_no_voice(way: Way) -> None:
    both = Combined([Exact(task_of), Scripted({"a": "right", "b": "wrong", "c": None})], way)
    one_by_one = await both.judge(PROBLEM, [], ["a", "b", "c"])
    whole = await judge_solution(both, PROBLEM, ["a", "b", "c"])
    assert [one.verdict for one in one_by_one] == [one.verdict for one in whole] == ["right", "wrong", None]
    assert "the judge exact does not know problems of the task math" in str(one_by_one[2].reason)
    nested = Combined([Combined([Exact(task_of), Exact(task_of)]), Scripted({"a": "wrong"})], way)
    assert [one.verdict for one in await nested.judge(PROBLEM, [], ["a"])] == ["wrong"]


async def test_judges_that_all_know_nothing_of_such_problems_are_refused() -> None:
    for judge in (Exact(task_of), Combined([Exact(task_of), Exact(task_of)])):
        with pytest.raises(UsageError, match="does not know problems of the task math; name another, as in"):
            await judge_solution(judge, PROBLEM, ["a"])
