"""What a user sees of long work."""

import threading

import pytest

from journey.commands import progress
from journey.commands.progress import Bars


def test_a_line_moves_while_nothing_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.01)
    shown = threading.Event()
    said: list[int] = []

    def note() -> str:
        said.append(len(said))
        if len(said) > 2:
            shown.set()
        return f"{100 * len(said)} tokens written here"

    with Bars(note=note) as bars:
        bars("grow", "trees", 0, 12)
        assert shown.wait(60)
    assert "grow trees 0/12 200 tokens written here" in capsys.readouterr().err
