"""Many units at once: in one process and in several."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from journey.errors import UsageError
from journey.fanout import Job, WorkerDied, each, processes
from journey.models.base import ModelError
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
        assert sorted(f.unit for f in run.failures("test")) == bad
        bad.clear()
        left = {name: unit for name, unit in units.items() if name not in run.ids("problems")}
        assert await each(run, "test", left, work, "problems", in_flight=4) == 0
        assert run.failures("test") == []
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


def store_one(run, progress, number: int) -> int:
    run.put_all("problems", [make_problem(f"worker {number}", str(number))])
    progress("storing", 1, 1)
    return number * 2


def refuse(run, progress) -> None:
    raise UsageError("this cannot be done")


def die(run, progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_workers_write_through_one_process_and_answer_in_order(tmp_path: Path) -> None:
    told = []
    with Run.open(tmp_path) as run:
        jobs = [Job(store_one, (i,), f"job-{i}") for i in range(5)]
        results = processes(run, jobs, 2, lambda *p: told.append(p))
        assert results == [0, 2, 4, 6, 8]
        assert run.count("problems") == 5
    assert ("job-3", "storing", 1, 1) in told


def test_a_mistake_in_a_worker_is_raised_as_itself(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run, pytest.raises(UsageError, match="cannot be done"):
        processes(run, [Job(refuse, (), "job")], 1, lambda *p: None)


def test_a_worker_that_dies_is_said_and_what_was_stored_stays(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run:
        with pytest.raises(WorkerDied, match="job-1"):
            processes(run, [Job(store_one, (1,), "job-0"), Job(die, (), "job-1")], 1, lambda *p: None)
        assert run.count("problems") == 1
