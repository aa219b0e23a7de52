"""Jobs in several processes."""

import os
import signal
from pathlib import Path

import pytest

from journey.errors import UsageError
from journey.pipeline.executor import Job, WorkerDied, work_off
from journey.pipeline.fan_out import Progress
from journey.store.run import Run
from journey.types import make_problem


def store_one(run: Run, progress: Progress, number: int) -> None:
    run.put_all("problems", [make_problem(f"worker {number}", str(number))])
    progress("storing", 1, 1)


def need(run: Run, progress: Progress, number: int) -> None:
    assert make_problem(f"worker {number}", str(number)).id in run.ids("problems")


def refuse(run: Run, progress: Progress) -> None:
    raise UsageError("this cannot be done")


def die(run: Run, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def ignore(name: str, station: str, done: int, total: int) -> None:
    pass


def test_workers_write_through_one_process(tmp_path: Path) -> None:
    told: list[tuple[str, str, int, int]] = []
    ended: list[str] = []
    with Run.open(tmp_path) as run:
        jobs = [Job(f"job-{i}", store_one, (i,)) for i in range(5)]
        work_off(run, jobs, 2, lambda *said: told.append(said), ended.append)
        assert run.count("problems") == 5
    assert ("job-3", "storing", 1, 1) in told
    assert sorted(ended) == [job.name for job in jobs]


def test_a_job_begins_only_after_those_it_needs(tmp_path: Path) -> None:
    ended: list[str] = []
    with Run.open(tmp_path) as run:
        jobs = [Job("needs", need, (1,), ("gives",)), Job("gives", store_one, (1,)), Job("other", store_one, (2,))]
        work_off(run, jobs, 2, ignore, ended.append)
    assert ended.index("gives") < ended.index("needs")


def test_a_mistake_in_a_worker_is_raised_as_itself(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run, pytest.raises(UsageError, match="cannot be done"):
        work_off(run, [Job("job", refuse)], 1, ignore)


def test_a_worker_that_dies_is_said_and_what_was_stored_stays(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run:
        with pytest.raises(WorkerDied, match="job-1"):
            work_off(run, [Job("job-0", store_one, (1,)), Job("job-1", die)], 1, ignore)
        assert run.count("problems") == 1
