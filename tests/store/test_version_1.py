"""Runs of store version 1: each opens, with the same figures and the same exports."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commanding import done
from version_1 import ALL, ARCHIVES, differences, rows_of, unpacked

from journey.store.export import import_file
from journey.store.run import Run
from journey.store.schema import TABLES
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


@pytest.mark.parametrize(
    ("archive", "name"), [("countdown", "countdown"), ("prm", "prm"), ("eval", "eval"), ("graded", "graded")]
)
def test_files_that_version_1_exported_are_imported_as_what_they_were(archive: str, name: str, tmp_path: Path) -> None:
    folder = unpacked(archive, tmp_path)
    with Run.read(folder / name) as run, Run.open(tmp_path / "new") as new:
        for table in TABLES:
            if (file := folder / "expected" / name / f"{table}.jsonl").exists():
                import_file(new, table, file)
                assert list(new.all(table)) == list(run.all(table))
                assert all(new.given(table, id) == run.given(table, id) for id in run.ids(table))


@pytest.mark.parametrize(
    ("name", "table", "file"), [("eval", "attempts", "eval_attempts"), ("thoughts", "thoughts", "thoughts")]
)
def test_parquet_files_of_version_1_are_imported_too(name: str, table: str, file: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with Run.read(unpacked(name, tmp_path) / name) as run, Run.open(tmp_path / "new") as new:
        import_file(new, table, ARCHIVES / f"{file}.parquet")
        assert [replace(r, note=None) if table == "thoughts" else r for r in run.all(table)] == list(new.all(table))


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--seed", "3"),
        ("--set", "budget.waits=2"),
        ("--set", "budget.max=20", "--set", "budget.answer='\n'"),
        ("--samples", "4", "--decoding", "sampled", "--judge", "exact", "--set", "rm.aggregate=product"),
    ],
)
def test_a_command_that_was_given_then_finds_its_attempts(
    more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journey.models.local.Local.complete", None)  # nothing is drawn anew
    run = unpacked("eval", tmp_path) / "eval"
    with Run.read(run) as of:
        before = of.ids("attempts")
    assert done("eval", run, "--model", "tiny", "--answer-tokens", "60", *more, "--json").data["failed"] == 0
    with Run.read(run) as of:
        assert of.ids("attempts") == before
