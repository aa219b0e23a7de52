"""A run that is killed at its write points and at random moments goes on as if nothing had been."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def killed(*options: str) -> dict[str, float]:
    command = [sys.executable, str(ROOT / "benchmarks" / "f1_kill.py"), "--json", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)["figures"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("options", [(), pytest.param(("--long",), marks=pytest.mark.slow)])
def test_nothing_is_lost_doubled_or_asked_again_by_kills(options: tuple[str, ...]):
    figures = killed(*options)
    assert figures["kills"] >= figures["write points"] > 5
    assert figures["runs of other content"] == 0
    assert figures["runs repeating more calls than in flight"] == 0
