"""Runs that store version 1 wrote, unpacked for a test, and what that version printed and exported of them."""

import json
import math
import tarfile
from pathlib import Path
from typing import Any

ARCHIVES = Path(__file__).parent / "data/runs_v1"
RUNS = {
    "countdown": ("countdown",),
    "thoughts": ("thoughts",),
    "prm": ("prm", "prm-labelled", "prm-judged"),
    "eval": ("eval",),
    "graded": ("graded",),
    "sweep": ("sweep/base", "sweep/thoughts-2", "sweep/trials-1", "sweep/trials-2", "sweep/output-30"),
}
ALL = [(archive, run) for archive, runs in RUNS.items() for run in runs]


def unpacked(archive: str, to: Path) -> Path:
    """The folder with the archive's runs and its `expected`."""
    with tarfile.open(ARCHIVES / f"{archive}.tar.xz") as tar:
        tar.extractall(to, filter="data")
    return to


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file; none where there is no file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def differences(old: Any, new: Any, at: str = "", *, tolerance: float = 1e-6) -> list[str]:
    """What of `old` is not in `new`: fields may be added, numbers differ by `tolerance`; a line a difference."""
    match old, new:
        case dict(), dict():
            gone = [f"{at}.{key} is gone" for key in old if key not in new]
            both = (differences(old[k], new[k], f"{at}.{k}", tolerance=tolerance) for k in old if k in new)
            return [*gone, *(line for lines in both for line in lines)]
        case list(), list() if len(old) == len(new):
            pairs = enumerate(zip(old, new, strict=True))
            return [x for i, (o, n) in pairs for x in differences(o, n, f"{at}[{i}]", tolerance=tolerance)]
        case ((int() | float()), (int() | float())) if not isinstance(old, bool):
            return [] if math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance) else [f"{at}: {old} is now {new}"]
        case _:
            return [] if old == new and type(old) is type(new) else [f"{at}: {old!r} is now {new!r}"[:400]]
