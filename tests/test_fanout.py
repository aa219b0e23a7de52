"""Many units at once in one process."""

import asyncio
from pathlib import Path

import pytest

from journey.errors import BudgetReached, UsageError
from journey.models.base import ModelError
from journey.pipeline.fan_out import each
from journey.store.run import Run
from journey.types import Problem, make_problem


def problems(count: int) -> dict[str, Problem]:
    return {p.id: p for p in (make_problem(f"question {i}", str(i)) for i in range(count))}


async def test_every_unit_is_stored_and_failures_are_listed_by_name(tmp_path: Path) -> None:
    units = problems(20)
    bad = sorted(units)[:3]

    async def work(problem: Problem) -> list[Problem]:
        await asyncio.sleep(0)
        if problem.id in bad:
            raise ModelError("the server is gone")
        return [problem]

    with Run.open(tmp_path) as run:
        assert await each(run, "test", units, work, "problems", in_flight=4) == 3
        assert run.count("problems") == 17
        assert sorted(f.unit for f in run.failures(stage="test")) == bad
        bad.clear()
        left = {name: unit for name, unit in units.items() if name not in run.ids("problems")}
        assert await each(run, "test", left, work, "problems", in_flight=4) == 0
        assert run.failures(stage="test") == []
        assert run.count("problems") == 20


async def test_no_more_than_the_limit_are_in_flight(tmp_path: Path) -> None:
    flying = most = 0

    async def work(problem: Problem) -> list[Problem]:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        for _ in range(3):
            await asyncio.sleep(0)
        flying -= 1
        return [problem]

    with Run.open(tmp_path) as run:
        await each(run, "test", problems(30), work, "problems", in_flight=5)
    assert most == 5


async def test_a_users_mistake_stops_the_station_as_itself(tmp_path: Path) -> None:
    async def work(problem: Problem) -> list[Problem]:
        raise UsageError("wrong file")

    with Run.open(tmp_path) as run, pytest.raises(UsageError, match="wrong file"):
        await each(run, "test", problems(5), work, "problems")


async def test_a_reached_budget_lets_those_in_flight_end_and_begins_no_more(tmp_path: Path) -> None:
    begun = 0

    async def work(problem: Problem) -> list[Problem]:
        nonlocal begun
        begun += 1
        if begun == 3:
            raise BudgetReached("the budget is reached")
        for _ in range(5):
            await asyncio.sleep(0)
        return [problem]

    with Run.open(tmp_path) as run:
        with pytest.raises(BudgetReached):
            await each(run, "test", problems(30), work, "problems", in_flight=4)
        assert run.count("problems") == 2  # the fourth never began
        assert begun == 3
        assert run.failures() == []
