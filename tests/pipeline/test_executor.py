"""Jobs in this process and in several: one process writes, and nothing is lost by being many."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from store.records import problem, thought

from journey.errors import UsageError
from journey.pipeline.executor import Job, WorkerDied, work_off
from journey.pipeline.fan_out import Progress
from journey.store.entries import Failure
from journey.store.faults import StoreFull
from journey.store.run import Run
from journey.types import make_problem


def store_one(run: Run, progress: Progress, number: int) -> None:
    run.put_all("problems", [make_problem(f"worker {number}", str(number))])
    progress("storing", 1, 1)


def need(run: Run, progress: Progress, number: int) -> None:
    assert make_problem(f"worker {number}", str(number)).id in run.ids("problems")


def store_many(run: Run, progress: Progress, start: int) -> None:
    async def unit(number: int) -> None:
        await run.put("problems", problem(number), split="train")
        assert run.get("problems", problem(number).id) == problem(number)
        await run.put_call(f"call {number}", [{"text": str(number)}])
        assert run.call(f"call {number}") is not None

    async def main() -> None:
        await asyncio.gather(*(unit(number) for number in range(start, start + 20)))

    asyncio.run(main())
    run.put_all("thoughts", [thought(start)])
    run.add(Failure("grow", str(start), "reason"))


def refuse(run: Run, progress: Progress) -> None:
    raise UsageError("this cannot be done")


def die(run: Run, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_middle_of_a_write(run: Run, progress: Progress) -> None:
    run.put_all("problems", [problem(1000)])
    commit: Callable[..., None] = run._writer._commit
    os.write(commit.__self__._end.fileno(), b"\x00\x00\x10\x00half a message")  # type: ignore[attr-defined]
    os.kill(os.getpid(), signal.SIGKILL)


def lose_the_parent(run: Run, progress: Progress, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Exception, match="is gone"):
        for number in range(100):
            run.put_all("problems", [problem(number)])
    (run.path / "noticed").touch()


def ignore(name: str, stage: str, done: int, total: int) -> None:
    pass


@pytest.mark.parametrize("workers", [0, 2])
def test_jobs_write_through_one_process(workers: int, tmp_path: Path) -> None:
    shown: list[tuple[str, str, int, int]] = []
    ended: list[str] = []
    with Run.open(tmp_path) as run:
        jobs = [Job(f"job-{i}", store_one, (i,)) for i in range(5)]
        work_off(run, jobs, workers, lambda *stage: shown.append(stage), ended.append)
        assert run.count("problems") == 5
    assert ("job-3", "storing", 1, 1) in shown
    assert sorted(ended) == [job.key for job in jobs]


def test_every_worker_sees_what_it_was_told_is_stored(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run:
        work_off(run, [Job(f"job-{start}", store_many, (start,)) for start in (0, 100, 200)], 3, ignore)
        wanted = {problem(n).id for start in (0, 100, 200) for n in range(start, start + 20)}
        assert run.ids("problems") == wanted and run.count("thoughts") == 3
        assert {failure.unit for failure in run.failures(stage="grow")} == {"0", "100", "200"}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_job_begins_only_after_those_it_needs(workers: int, tmp_path: Path) -> None:
    ended: list[str] = []
    with Run.open(tmp_path) as run:
        jobs = [Job("needs", need, (1,), ("gives",)), Job("gives", store_one, (1,)), Job("other", store_one, (2,))]
        work_off(run, jobs, workers, ignore, ended.append)
    assert ended.index("gives") < ended.index("needs")


def test_a_mistake_in_a_worker_is_raised_as_itself(tmp_path: Path) -> None:
    with Run.open(tmp_path) as run, pytest.raises(UsageError, match="cannot be done"):
        work_off(run, [Job("job", refuse)], 1, ignore)


@pytest.mark.parametrize("death", [die, die_in_the_middle_of_a_write])
def test_a_worker_that_dies_is_named_and_what_was_stored_stays(death: Callable[..., None], tmp_path: Path) -> None:
    with Run.open(tmp_path) as run:
        with pytest.raises(WorkerDied, match="job-1"):
            work_off(run, [Job("job-0", store_one, (1,)), Job("job-1", death)], 1, ignore)
        assert run.count("problems") == (1 if death is die else 2)


def test_a_full_disk_reaches_the_worker_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_writes(writes: object) -> None:
        raise StoreFull("The disk is full.")

    with Run.open(tmp_path) as run:
        monkeypatch.setattr(run, "apply", refuse_writes)
        with pytest.raises(StoreFull, match="The disk is full"):
            work_off(run, [Job("job", store_one, (1,))], 1, ignore)


def test_a_worker_ends_when_the_process_that_writes_is_gone(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=open_and_lose, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    for _ in range(600):
        if (tmp_path / "noticed").exists():
            break
        signal.sigtimedwait([], 0.1)
    assert (tmp_path / "noticed").exists()


def open_and_lose(path: Path) -> None:
    with Run.open(path) as run:
        work_off(run, [Job("job", lose_the_parent, (os.getpid(),))], 1, ignore)
