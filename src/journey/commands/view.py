"""journey view: the studio, in the browser."""

import os
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Annotated

import typer

from journey.errors import UsageError
from journey.report.log import read_log
from journey.store.run import Run


def view(
    runs: Annotated[list[Path], typer.Argument(help="One run, or several to look at side by side.", metavar="RUN...")],
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; the first free one from 8501.", metavar="N")
    ] = None,
    browser: Annotated[
        bool | None, typer.Option("--browser/--no-browser", help="Open it; yes where there is a screen.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", help="A research log for the page Map; RUN/LOG.md, docs/LOG.md or LOG.md else.", metavar="LOG.md"
        ),
    ] = None,
) -> int:
    """Open the studio in the browser.

    Trees, thoughts, answers, comparisons, labels. It answers on this machine only and changes nothing in a run.
    """
    check(runs)
    if log is not None:
        read_log(log)
    from journey.studio import serve  # needs Streamlit, which `check` asks for

    return open_studio(runs, serve.free_port(port), browser, partial(serve.serve, log=log))


def check(runs: Sequence[Path]) -> None:
    """Raises UsageError where Streamlit is missing or a folder holds no run, before anything heavy is loaded."""
    if find_spec("streamlit") is None:
        raise UsageError("The studio needs streamlit: pip install 'journey-learning[studio]'.")
    for path in folders(runs):
        Run.read(path).close()


def folders(runs: Sequence[Path]) -> list[Path]:
    """The folders among them: `runs/scaling/*` names tables and pictures, too. All, where none is a folder."""
    return [path for path in runs if path.is_dir()] or list(runs)


def has_screen() -> bool:
    """Whether a person started the command on a machine that can show a window."""
    window = sys.platform in ("win32", "darwin") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return sys.stdout.isatty() and window and "SSH_CONNECTION" not in os.environ


Serve = Callable[[Sequence[Path], int, Callable[[], None]], None]
"""Serves runs at a port until it is interrupted; the last is called when it answers."""


def open_studio(runs: Sequence[Path], port: int, browser: bool | None, serve: Serve) -> int:
    """Serves the studio of the runs until it is interrupted, which is how it ends.

    It is opened in the browser if `browser`; null: where a person sits before a screen.
    """
    browser = has_screen() if browser is None else browser
    address = f"http://127.0.0.1:{port}"

    def ready() -> None:
        print(f"the studio: {address} (Ctrl-C ends it)", flush=True)
        if browser:
            Thread(target=webbrowser.open, args=[address], daemon=True).start()

    with suppress(KeyboardInterrupt):
        serve(folders(runs), port, ready)
    return 0
