"""journey view opens the browser where a person sits before a screen, or where it is told to."""

import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from journey.commands.view import has_screen, open_studio


class Answering:
    """A server that answers at once and ends."""

    def __call__(self, runs: Sequence[Path], port: int, ready: Callable[[], None]) -> None:
        ready()


@pytest.mark.parametrize(("asked", "screen", "opens"), [
    (None, True, True), (None, False, False), (True, False, True), (False, True, False)
])  # fmt: skip
def test_the_browser_opens_as_asked_else_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: bool | None, screen: bool, opens: bool
) -> None:
    opened: list[str] = []
    seen = threading.Event()

    def open_(address: str) -> bool:
        opened.append(address)
        seen.set()
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    monkeypatch.setattr("journey.commands.view.has_screen", lambda: screen)
    assert open_studio([tmp_path], 8765, asked, Answering()) == 0
    assert seen.wait(5 if opens else 0) == opens
    assert opened == (["http://127.0.0.1:8765"] if opens else [])


def test_no_screen_is_taken_for_one_where_the_output_goes_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    assert not has_screen()
