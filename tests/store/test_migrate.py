"""The migration of runs of version 1: killed, damaged, without room to write; nothing that was there is ever lost."""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest
from commanding import journey
from filelock import FileLock
from version_1 import unpacked

from journey.errors import UsageError
from journey.store.database import LOCK
from journey.store.entries import ENTRIES, Exclusion, StepScores, Training
from journey.store.faults import StoreDamaged
from journey.store.migrate import COPY, OLD_COLUMNS
from journey.store.run import Run
from journey.store.schema import TABLES
from journey.types import ModelRef, SearchRef, label


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT json FROM meta WHERE key = 'version'").fetchone()[0])


def old_rows(file: Path) -> list[tuple[object, ...]]:
    """Every row of a database of version 1."""
    tables = ("meta", "calls", "failures", "log", *OLD_COLUMNS)
    with closing(sqlite3.connect(file)) as connection:
        return [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]


def contents(run: Path) -> list[str]:
    with Run.read(run) as of:
        assert of.check() > 0
        records = [repr(record) for table in TABLES for record in of.all(table)]
        return records + [repr(entry) for kind in ENTRIES for entry in of.entries(kind)]


def in_child(work: Callable[[], None]) -> None:
    """Does it in a process of its own, however that ends."""
    if (child := os.fork()) == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def counted(at: Callable[[int], None]) -> None:
    """Lets `at` hear the number of every statement of a writing connection before it is done."""
    connect, seen = sqlite3.connect, 0

    def count(_: str) -> None:
        nonlocal seen
        seen += 1
        at(seen)

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[arg-type]
        if not options.get("uri"):  # readers are opened by address
            connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]


def test_killed_before_any_statement_it_goes_on_with_the_next_command(tmp_path: Path) -> None:
    old = unpacked("graded", tmp_path / "old") / "graded"
    whole = copytree(old, tmp_path / "whole")
    wanted, before = contents(whole), old_rows(old / "run.db")
    statements = tmp_path / "statements"

    def counting() -> None:
        counted(lambda number: statements.write_text(str(number)) and None)
        Run.read(copytree(old, tmp_path / "counted")).close()

    in_child(counting)
    total = int(statements.read_text())
    assert total > 50
    for nth in range(1, total + 1):
        run = copytree(old, tmp_path / str(nth))

        def killed(run: Path = run, nth: int = nth) -> None:
            counted(lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == nth else None)
            Run.read(run).close()

        in_child(killed)
        if version(run / "run.db") == 1:
            assert old_rows(run / "run.db") == before
        if (run / COPY).exists():
            assert old_rows(run / COPY) == before
        assert contents(run) == wanted


def test_a_copy_of_the_old_file_is_kept(tmp_path: Path) -> None:
    run = unpacked("prm", tmp_path) / "prm"
    before = old_rows(run / "run.db")
    (run / f".{COPY}.part").write_text("half a copy, of a migration that was killed")
    contents(run)
    assert version(run / "run.db") == 2
    assert old_rows(run / COPY) == before
    assert not (run / f".{COPY}.part").exists()


@pytest.mark.parametrize("table", ["problems", "attempts", "log"])
def test_what_is_damaged_stays_as_it_was_and_is_said(tmp_path: Path, table: str) -> None:
    run = unpacked("eval", tmp_path) / "eval"
    with closing(sqlite3.connect(run / "run.db")) as connection:
        last = connection.execute(f"SELECT max(seq) FROM {table}").fetchone()[0]
        connection.execute(f"UPDATE {table} SET json = replace(json, 'e', 'a') WHERE seq = ?", (last,))
        connection.commit()
    before = old_rows(run / "run.db")
    for opened in (Run.open, Run.read):
        with pytest.raises(StoreDamaged, match="does not fit its seal; nothing of it was changed"):
            opened(run)
        assert old_rows(run / "run.db") == before
    said = journey("status", run)
    assert said.code in (1, 2) and said.err.count("\n") == 1 and "damaged" in said.err


def test_in_a_folder_that_nobody_can_write_to_it_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = unpacked("eval", tmp_path) / "eval"
    wanted = contents(copytree(run, tmp_path / "whole"))
    monkeypatch.setattr("journey.store.database.os.access", lambda path, mode: mode != os.W_OK)
    assert contents(run) == wanted
    assert version(run / "run.db") == 1 and not (run / COPY).exists()


def test_it_waits_for_the_writer_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = unpacked("graded", tmp_path) / "graded"
    monkeypatch.setattr("journey.store.database.PATIENCE", 0.1)
    with FileLock(run / LOCK), pytest.raises(UsageError, match="is being written by another command"):
        Run.read(run)
    assert version(run / "run.db") == 1


def test_what_names_said_are_fields(tmp_path: Path) -> None:
    folder = unpacked("eval", tmp_path)
    with Run.read(folder / "eval") as run:
        models = {label(a.model): a.model for a in run.attempts()}
        assert models["scripted+beam n=2 max_step_tokens=24 depth=3 judge=exact"] == ModelRef(
            "scripted", search=SearchRef("beam", 2, (("max_step_tokens", 24), ("depth", 3))), judge="exact"
        )
        judge = "rollout:tiny[rollout.n=2,rollout.max_tokens=40]"
        assert {a.model.judge for a in run.attempts(judge=judge)} == {judge}
        assert {scores.aggregate for scores in run.entries(StepScores)} == {"min", "product"}
    with Run.read(unpacked("graded", tmp_path) / "graded") as run:
        assert {a.graded_by for a in run.attempts()} == {"critic:openai/m"}
    with Run.read(unpacked("prm", tmp_path) / "prm") as run:
        assert len(run.entries(Exclusion)) == 1
    with Run.read(unpacked("countdown", tmp_path) / "countdown") as run:
        assert {(t.seed, t.arm) for t in run.entries(Training)} >= {(1, "phase1"), (2, "journey")}
        assert {t.seed for t in run.thoughts()} == {1, 2}
        assert run.count("attempts", seed=2, arm="journey", search="best_of_n") == 6


def test_a_folder_that_is_called_like_a_search_is_a_model(tmp_path: Path) -> None:
    run = unpacked("eval", tmp_path) / "eval"
    name = "scripted+vote n=2 max_tokens=60"
    (run / "models" / name).mkdir(parents=True)
    (run / "models" / name / "config.json").write_text("{}")
    with Run.read(run) as of:
        assert {a.model for a in of.attempts(model=name)} == {ModelRef(name)}
        assert of.count("attempts", name="scripted", search="vote") == 3
