"""A command given in a fork of this process, so that hundreds of them cost no start each. POSIX only."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from journey.__main__ import main


class Ended(NamedTuple):
    """What the fork ended with (a signal as a negative number) and printed."""

    code: int
    out: str
    err: str


def forked(work: Callable[[], object]) -> Ended:
    """Does the work in a fork and waits for its end; its output comes through pipes, which no full disk touches."""
    pipes = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        _as_child(work, pipes)
    for _, end in pipes:
        os.close(end)
    out, err = (_read(start) for start, _ in pipes)
    return Ended(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), out, err)


def command(*arguments: object, before: Callable[[], object] = lambda: None) -> Ended:
    """Gives the command `journey` in a fork, after `before` was done there."""

    def work() -> None:
        before()
        main([str(argument) for argument in arguments])

    return forked(work)


def _as_child(work: Callable[[], object], pipes: tuple[tuple[int, int], tuple[int, int]]) -> NoReturn:
    code = 0
    try:
        for number, (start, end) in zip((1, 2), pipes, strict=True):
            os.close(start)
            os.dup2(end, number)
        sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
        work()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _read(start: int) -> str:
    with os.fdopen(start, encoding="utf-8", errors="replace") as stream:
        return stream.read()
