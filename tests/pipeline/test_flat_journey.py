"""The flat script, in small."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "recipes" / "flat_journey.py"


def test_the_flat_script_trains_both_arms_on_the_same_trees_and_compares_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("flat_journey", SCRIPT)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    answers = script.flat_journey(tmp_path, phase1=320, train=24, test=6)
    assert {arm: len(drawn) for arm, drawn in answers.items()} == {"shortcut": 6, "journey": 6}
    assert all((tmp_path / arm / "model.safetensors").is_file() for arm in ("policy", "shortcut", "journey"))
    printed = capsys.readouterr().out
    assert "24 trees" in printed and "journey over shortcut" in printed


def test_the_flat_script_is_read_in_one_sitting() -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) <= 120
