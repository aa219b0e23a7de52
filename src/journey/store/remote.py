"""A run in several processes: workers read for themselves and hand every write to the one process that writes."""

from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

from journey.store.database import connect_reading
from journey.store.faults import StoreDamaged, StoreError, StoreFull
from journey.store.run import Run
from journey.store.schema import Write

# How a refusal travels: its kind by name, and its sentence.
KINDS: dict[str, type[StoreError]] = {kind.__name__: kind for kind in (StoreError, StoreFull, StoreDamaged)}


class RemoteRun(Run):
    """The run inside a worker process: like `Run`, and durable when it returns just as there.

    `connection` is this worker's end of a duplex `multiprocessing.Pipe` whose other end the writing process serves.
    Raises StoreError when that process is gone. Start workers by "spawn": a forked one holds copies of the other
    workers' pipes, and none of them would see another's end.
    """

    def __init__(self, path: str | Path, connection: "Connection[Any, Any]") -> None:
        path = Path(path)
        hand_over = partial(_hand_over, connection, path)
        super().__init__(path, connect_reading(path), hand_over, connection.close, patient=True)


def serve(run: Run, connections: "Iterable[Connection[Any, Any]]") -> None:
    """Does what the workers ask until all of them have closed their end or died; meant for a thread of its own.

    Whatever lies ready from all workers shares one commit; each worker's acknowledgements come in the order of its
    writes. A worker that dies takes nothing with it but the message it did not finish.
    """
    ends = list(connections)
    try:
        while ends:
            messages = _messages(ends)
            if messages:
                answer = _answer(run, [write for _, writes in messages for write in writes])
                for end, _ in messages:
                    _acknowledge(ends, end, answer)
    finally:
        for end in ends:  # so that a worker learns of it, whatever ended us
            end.close()


def _messages(ends: "list[Connection[Any, Any]]") -> "list[tuple[Connection[Any, Any], list[Write]]]":
    """One message of every worker that has one; takes those that are gone off the list."""
    messages: list[tuple[Connection[Any, Any], list[Write]]] = []
    for end in cast("list[Connection[Any, Any]]", wait(ends)):
        try:
            messages.append((end, end.recv()))
        except (EOFError, OSError):
            end.close()
            ends.remove(end)
    return messages


def _acknowledge(
    ends: "list[Connection[Any, Any]]", end: "Connection[Any, Any]", answer: tuple[str, str] | None
) -> None:
    try:
        end.send(answer)
    except OSError:  # it died waiting; what it wrote stays
        end.close()
        ends.remove(end)


def _answer(run: Run, writes: Sequence[Write]) -> tuple[str, str] | None:
    try:
        run.apply(writes)
    except StoreError as error:
        return type(error).__name__, str(error)
    return None


def _hand_over(connection: "Connection[Any, Any]", path: Path, writes: Sequence[Write]) -> None:
    """Sends writes and waits for the acknowledgement; called one at a time."""
    try:
        connection.send(list(writes))
        answer: tuple[str, str] | None = connection.recv()
    except (EOFError, OSError) as error:
        raise StoreError(
            f"The process that writes the run {path} is gone: give its command again, it goes on where it stopped."
        ) from error
    if answer is not None:
        raise KINDS[answer[0]](answer[1])
