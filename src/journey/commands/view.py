"""journey view: the studio, in the browser."""

import webbrowser
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from journey.errors import UsageError
from journey.store.run import Run


def check(runs: Sequence[Path]) -> None:
    """Raises UsageError where Streamlit is missing or a folder holds no run, before anything heavy is loaded."""
    if find_spec("streamlit") is None:
        raise UsageError("The studio needs streamlit: pip install 'journey-learning[studio]'.")
    for path in runs:
        Run.read(path).close()


def view(runs: Sequence[Path], port: int, browser: bool, serve: Callable[[Sequence[Path], int], None]) -> int:
    """Serves the studio of the runs until it is interrupted."""
    address = f"http://127.0.0.1:{port}"
    print(f"the studio: {address} (Ctrl-C ends it)", flush=True)
    if browser:
        Timer(1.5, webbrowser.open, [address]).start()
    serve(runs, port)
    return 0
