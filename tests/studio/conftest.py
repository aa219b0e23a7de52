"""The studio as a server of its own, and a browser to look at it with."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from studio import runs


@dataclass(frozen=True)
class Studio:
    """A studio that answers at `address`, opened on the runs "small", "big" and "hostile" in `folder`."""

    address: str
    folder: Path


@contextmanager
def serving(folders: Sequence[Path]) -> Iterator[str]:
    """A studio on these runs; its address."""
    command = [sys.executable, "-m", "journey", "view", *map(str, folders), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            patience = Timer(90, server.kill)  # one that never answers must not hold the tests for ever
            patience.start()
            said = server.stdout.readline()
            patience.cancel()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found, said + server.stdout.read()
            yield found[0]
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with serving([runs.small(folder / "small"), runs.big(folder / "big"), runs.hostile(folder / "hostile")]) as address:
        yield Studio(address, folder)


@pytest.fixture(scope="session")
def session_browser() -> Iterator[Any]:
    from studio.browser import programs, start

    found = programs()
    if found is None:
        said = "no chromium with chromedriver here: apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        print(said)
        pytest.skip(said)
    browser = start(*found)
    yield browser
    browser.quit()


@pytest.fixture
def browser(session_browser: Any) -> Any:
    session_browser.get("about:blank")
    session_browser.get_log("performance")  # what an earlier test asked for is not this one's
    session_browser.get_log("browser")
    return session_browser
