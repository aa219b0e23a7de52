"""Runs of store version 1: each opens, with the same figures and the same exports."""

import json
from pathlib import Path
from typing import Any

import pytest
from commanding import done
from version_1 import ALL, differences, rows_of, unpacked

from journey.types import SCHEMA

EXPORTS = ("problems", "trees", "thoughts", "attempts", "sft", "dpo", "prm", "labels")
TOLD = (("dpo", "seed-2/journey"), ("prm", "openai/m"), ("sft", "seed-2"), ("attempts", "seed-2"))
FIGURES = ("seeds", "trees", "arms", "gain", "gain_equal_tokens", "votes", "search")


def todays(row: dict[str, Any]) -> dict[str, Any]:
    """A row of version 1 as it is exported today: fields were added, and what was called `arm` is the seed."""
    if "schema" not in row:
        return row
    arm = row.pop("arm", None)
    return row | {"schema": SCHEMA} | ({} if arm is None else {"seed": int(arm.removeprefix("seed-"))})


@pytest.mark.parametrize(("archive", "name"), ALL)
def test_figures_and_exports_are_those_of_the_version_that_wrote_it(
    archive: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(unpacked(archive, tmp_path))  # what is printed names the run as it was named then
    expected = Path("expected", name)
    assert differences(json.loads((expected / "status.json").read_text()), done("status", name, "--json").data) == []
    if (expected / "quality.json").exists():
        old = json.loads((expected / "quality.json").read_text())
        assert differences(old, done("quality", name, "--json").data) == []
    asked = [(what, what, []) for what in EXPORTS] + [(f"{what}_told", what, ["--told", told]) for what, told in TOLD]
    for file, what, more in asked:
        if old_rows := rows_of(expected / f"{file}.jsonl"):
            done("export", name, what, "--to", "rows.jsonl", *more)
            assert differences([todays(row) for row in old_rows], rows_of(Path("rows.jsonl")), file) == []
    done("report", name)
    old = json.loads((expected / "report_file.json").read_text())
    new = json.loads(Path(name, "report/report.json").read_text())
    assert differences({key: old[key] for key in FIGURES if key in old}, new, tolerance=1e-3) == []
