"""Ctrl-C is the matter of the command's own process: what it starts must not hear of it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def shielded() -> Iterator[None]:
    """Processes and threads that are started inside never get the terminal's interrupt, not even while they start.

    A terminal sends SIGINT to all processes of a command at once. A child that ignores it only once its own code runs
    would end with a traceback before. Here it inherits the blocked signal; the command ends its children itself.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # to start it inside would unblock the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
