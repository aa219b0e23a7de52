"""Workers write through the one process that writes, and lose nothing by being many."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from store.records import problem, thought

from journey.errors import UsageError
from journey.store.faults import StoreError, StoreFull
from journey.store.remote import RemoteRun, serve
from journey.store.run import Run

SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def served(run: Run, number: int) -> Iterator[list[Connection]]:
    pairs = [SPAWN.Pipe() for _ in range(number)]
    thread = threading.Thread(target=serve, args=(run, [here for here, _ in pairs]))
    thread.start()
    yield [there for _, there in pairs]
    for _, there in pairs:
        there.close()
    thread.join()
    assert not thread.is_alive()


def work(path: Path, connection: Connection, start: int) -> None:
    async def main() -> None:
        with RemoteRun(path, connection) as run:

            async def unit(number: int) -> None:
                await run.put("problems", problem(number), split="train")
                assert run.get("problems", problem(number).id) == problem(number)
                await run.put_call(f"call {number}", [{"text": str(number)}])
                assert run.call(f"call {number}") is not None

            await asyncio.gather(*(unit(number) for number in range(start, start + 20)))
            run.put_all("thoughts", [thought(start)], arm="journey")
            run.fail("grow", str(start), "reason")
            run.log("grow", {"start": start})

    asyncio.run(main())


def work_and_die(path: Path, connection: Connection) -> None:
    async def main() -> None:
        run = RemoteRun(path, connection)
        await run.put("problems", problem(1000))
        os.write(connection.fileno(), b"\x00\x00\x10\x00half a message")
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())


def test_workers_write_and_see_what_was_acknowledged_and_one_that_dies_takes_nothing_along(tmp_path: Path):
    with Run.open(tmp_path / "run") as run, served(run, 3) as ends:
        workers = [SPAWN.Process(target=work, args=(run.path, ends[n], n * 100)) for n in (0, 1)]
        workers.append(SPAWN.Process(target=work_and_die, args=(run.path, ends[2])))
        for worker, end in zip(workers, ends, strict=True):
            worker.start()
            end.close()  # only the worker holds its end, so that its death is seen
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0, 0, -signal.SIGKILL]
        wanted = {problem(n).id for n in [*range(20), *range(100, 120), 1000]}
        assert run.ids("problems") == wanted
        assert run.ids("thoughts", arm="journey") == {thought(0).id, thought(100).id}
        assert {failure.unit for failure in run.failures("grow")} == {"0", "100"}
        assert len(run.logged("grow")) == 2


async def test_many_puts_are_in_flight_without_holding_up_the_loop(tmp_path: Path):
    with Run.open(tmp_path / "run") as run, served(run, 1) as (end,), RemoteRun(run.path, end) as remote:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while remote.count("problems") == 0:
                ticks += 1
                await asyncio.sleep(0)

        await asyncio.gather(*(remote.put("problems", problem(n)) for n in range(200)), tick())
        assert remote.count("problems") == 200
        assert ticks > 0


async def test_a_refusal_reaches_the_worker_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Run.open(tmp_path / "run") as run, served(run, 1) as (end,), RemoteRun(run.path, end) as remote:

        def refuse(writes: object) -> None:
            raise StoreFull("The disk is full.")

        with monkeypatch.context() as patched:
            patched.setattr(run, "apply", refuse)
            with pytest.raises(StoreFull, match="The disk is full"):
                await remote.put("problems", problem(1))
            with pytest.raises(StoreFull):
                remote.put_all("problems", [problem(1)])
        await remote.put("problems", problem(1))
        assert remote.count("problems") == 1


async def test_a_worker_learns_that_the_writing_process_is_gone(tmp_path: Path):
    with Run.open(tmp_path / "run") as run:
        here, there = SPAWN.Pipe()
        with RemoteRun(run.path, there) as remote:
            here.close()
            with pytest.raises(StoreError, match="is gone"):
                await remote.put("problems", problem(1))
            with pytest.raises(StoreError, match="is gone"):
                remote.fail("grow", "1", "reason")


def test_a_worker_needs_a_run(tmp_path: Path):
    with pytest.raises(UsageError, match="There is no run"):
        RemoteRun(tmp_path / "run", SPAWN.Pipe()[0])
