"""The run: what is put stays, what is asked for comes back, and nobody writes beside its writer."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties import examples
from store.records import attempt, problem, problems, thought, tree, trees

from journey.errors import UsageError
from journey.store.entries import ENTRIES, Curation, EntryTable, Failure, Refusals, Spending
from journey.store.run import Run
from journey.store.schema import STATEMENTS
from journey.types import make_problem


@dataclass(frozen=True, slots=True)
class Visit:
    who: str
    times: int


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run.open(tmp_path / "run", {"grow": {"width": 4}, "seed": 1}) as run:
        yield run


async def test_what_is_put_comes_back_equal(run: Run):
    await run.put("problems", problem(1), split="train")
    await run.put("trees", tree(1))
    await run.put("thoughts", thought(1))
    await run.put("attempts", attempt(1), split="test")
    assert run.get("problems", problem(1).id) == problem(1)
    assert run.get("trees", tree(1).id) == tree(1)
    assert run.get("thoughts", thought(1).id) == thought(1)
    assert run.get("attempts", attempt(1).id) == attempt(1)
    assert run.get("trees", "nothing") is None
    assert run.given("attempts", attempt(1).id) == {"split": "test"}
    assert run.given("attempts", "nothing") == {}
    assert run.check() == 4


async def test_the_same_id_again_replaces_nothing_and_is_no_error(run: Run):
    await run.put("problems", problem(1), problem(1), split="train")
    await run.put("problems", problem(1), split="test")
    assert run.count("problems") == 1
    assert run.given("problems", problem(1).id) == {"split": "train"}


def test_columns_select_and_null_means_that_there_is_none(run: Run):
    run.put_all("thoughts", [replace(thought(n), seed=2) for n in range(5)])
    run.put_all("thoughts", [thought(n, method="shortcut") for n in range(5, 8)])
    assert run.count("thoughts", seed=2) == 5
    assert run.ids("thoughts", seed=None) == {thought(n).id for n in range(5, 8)}
    assert run.ids("thoughts", method="traverse", problem=problem(3).id) == {thought(3).id}
    assert {record.id for record in run.all("thoughts", method="shortcut")} == run.ids("thoughts", seed=None)
    with pytest.raises(ValueError, match="no column colour"):
        run.count("thoughts", colour="red")
    with pytest.raises(ValueError, match="no table"):
        run.ids("meta")


def test_all_gives_every_record_once_in_the_order_of_ids_whatever_the_order_of_writing(run: Run):
    for numbers in (range(1000, 0, -1), range(1500, 1000, -1)):
        run.put_all("problems", [problem(n) for n in numbers])
    ids = [record.id for record in run.all("problems")]
    assert ids == sorted(problem(n).id for n in range(1, 1501))


@pytest.mark.parametrize("quick", [0.0, 1e9], ids=["in a thread", "on the loop"])
async def test_puts_awaited_in_one_tick_share_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: float):
    monkeypatch.setattr("journey.store.writer.QUICK", quick)
    commits: list[str] = []
    connect = sqlite3.connect

    def traced(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    with Run.open(tmp_path / "run") as run:
        commits.clear()
        await asyncio.gather(*(run.put("problems", problem(n)) for n in range(100)))
        assert len(commits) == 1
        assert run.count("problems") == 100


async def test_a_put_is_in_the_database_of_every_reader_when_it_returns(run: Run):
    with Run.read(run.path) as reader:
        for number in range(5):
            await run.put("problems", problem(number))
            assert reader.count("problems") == number + 1


async def test_what_strict_json_cannot_hold_is_refused_and_spoils_no_other_put(run: Run):
    bad = tree(1)
    bad = type(bad)(bad.id, bad.problem, bad.nodes, settings={"temperature": float("nan")})
    results = await asyncio.gather(run.put("trees", bad), run.put("trees", tree(2)), return_exceptions=True)
    assert isinstance(results[0], ValueError)
    assert run.ids("trees") == {tree(2).id}


async def test_a_record_of_the_wrong_kind_or_an_unknown_column_is_refused(run: Run):
    with pytest.raises(TypeError, match="holds Tree, not Problem"):
        await run.put("trees", problem(1))
    with pytest.raises(ValueError, match="no column split"):
        await run.put("trees", tree(1), split="train")


async def test_a_cancelled_put_harms_no_other(run: Run):
    cancelled = asyncio.ensure_future(run.put("problems", problem(1)))
    other = asyncio.ensure_future(run.put("problems", problem(2)))
    await asyncio.sleep(0)
    cancelled.cancel()
    await other
    assert cancelled.cancelled()
    assert problem(2).id in run.ids("problems")


async def test_model_calls_are_kept_by_key(run: Run):
    assert run.call("key") is None
    await run.put_call("key", [{"text": "a\ud800", "tokens": 2}])
    await run.put_call("key", [{"text": "other"}])
    await run.put_call("none", [])
    assert run.call("key") == [{"text": "a\ud800", "tokens": 2}]
    assert run.call("none") == []


def test_failures_are_listed_until_taken_off(run: Run):
    run.add(Failure("grow", "b", "server gone"))
    run.add(Failure("grow", "a", "first reason"))
    run.add(Failure("grow", "a", "second reason"))
    run.add(Failure("eval", "a", "cut"))
    assert run.failures(stage="grow") == [Failure("grow", "a", "second reason"), Failure("grow", "b", "server gone")]
    run.unfail("grow", "a")
    assert [failure.unit for failure in run.failures()] == ["a", "b"]


def test_entries_keep_their_order_and_of_a_keyed_kind_the_latest_counts(run: Run):
    run.add(Spending("a", 1, 10, 5, 0.5), Spending("b", 2, 20, 6, None))
    run.add(Spending("a", 3, 30, 7, 0.0))
    assert [entry.calls for entry in run.entries(Spending)] == [1, 2, 3]
    assert [entry.calls for entry in run.entries(Spending, model="a")] == [1, 3]
    run.add(Refusals("propose", {"no answer": 2}, {}))
    run.add(Refusals("propose", {}, {"cut off": 1}), Refusals("debate", {}, {}))
    assert run.entries(Refusals, method="propose") == [Refusals("propose", {}, {"cut off": 1})]
    assert run.entries(Curation) == []


def test_a_run_goes_on_where_it_was(run: Run):
    run.put_all("problems", [problem(1)])
    run.close()
    with Run.open(run.path, {"seed": 1, "grow": {"width": 4}}) as again:
        assert again.ids("problems") == {problem(1).id}
        assert again.config == {"grow": {"width": 4}, "seed": 1}
    assert "width: 4" in (run.path / "config.yaml").read_text()


def test_changed_settings_are_refused_by_name_with_both_values(run: Run):
    run.close()
    with pytest.raises(UsageError) as refusal:
        Run.open(run.path, {"grow": {"width": 6, "keep": 3}, "seed": 1})
    assert "grow.width: was 4, now 6; grow.keep: was not set, now 3" in str(refusal.value)
    assert "seed" not in str(refusal.value).split("(")[1].split(")")[0]
    assert "--fresh" in str(refusal.value)
    Run.open(run.path).close()  # a refusal leaves the lock free


def test_of_very_many_changed_settings_the_first_are_named(run: Run):
    run.close()
    with pytest.raises(UsageError) as refusal:
        Run.open(run.path, {"grow": {"width": 4}, "seed": 1, **{f"new {i}": i for i in range(30)}})
    assert "new 11: was not set, now 11; and 18 more)" in str(refusal.value) and "new 12" not in str(refusal.value)


def test_settings_that_change_no_result_are_not_compared_but_taken_over(run: Run):
    run.close()
    new = {"grow": {"width": 4, "in_flight": 64}, "seed": 1, "workers": 3, "cluster": {"nodes": 2}}
    with Run.open(run.path, new, ignore=("in_flight", "workers", "cluster")) as again:
        assert again.config == new
    with pytest.raises(UsageError, match=r"grow\.width"):
        Run.open(run.path, {"grow": {"width": 5}, "seed": 1}, ignore=("in_flight", "workers", "cluster"))


def test_fresh_starts_over_and_leaves_peoples_labels(run: Run):
    run.put_all("thoughts", [thought(1)])
    run.close()
    (run.path / "labels.db").write_text("labels")
    (run.path / "models" / "tiny").mkdir(parents=True)
    with Run.open(run.path, {"seed": 2}, fresh=True) as again:
        assert again.count("thoughts") == 0
        assert again.config == {"seed": 2}
    assert (run.path / "labels.db").read_text() == "labels"
    assert not (run.path / "models").exists()


def test_a_second_writer_is_refused_in_this_process_and_in_another(run: Run):
    with pytest.raises(UsageError, match="being written by another command"):
        Run.open(run.path)
    code = f"from journey.store.run import Run; Run.open({str(run.path)!r})"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.returncode != 0
    assert "being written by another command" in other.stderr


def test_a_reader_cannot_write_and_needs_a_run(run: Run, tmp_path: Path):
    with Run.read(run.path) as reader, pytest.raises(UsageError, match="reading only"):
        reader.put_all("problems", [problem(1)])
    with pytest.raises(UsageError, match="There is no run in"):
        Run.read(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_or_a_foreign_database_in_the_place_of_a_run_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is a file"):
        Run.open(tmp_path / "file")
    (tmp_path / "other").mkdir()
    connection = sqlite3.connect(tmp_path / "other" / "run.db")
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for opening in (Run.open, Run.read):
        with pytest.raises(UsageError, match="not the database of a run"):
            opening(tmp_path / "other")


def test_a_newer_version_is_refused_not_guessed_at(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("journey.store.database.STORE_VERSION", 3)
    newer = Run.open(run.path.parent / "newer")
    newer.close()
    monkeypatch.undo()
    for opened in (Run.open, Run.read):
        with pytest.raises(UsageError, match=r"version 3; this journey reads version 2"):
            opened(newer.path)


def test_a_log_left_without_its_database_belongs_to_nothing(run: Run):
    run.put_all("problems", [problem(1)])
    log = (run.path / "run.db-wal").read_bytes()
    run.close()
    (run.path / "run.db").unlink()
    (run.path / "run.db-wal").write_bytes(log)
    with Run.open(run.path) as again:
        assert again.check() == 0


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(trees, max_size=4, unique_by=lambda record: record.id), st.lists(problems, max_size=4))
def test_any_record_comes_back_equal(run: Run, some_trees, some_problems):
    run.put_all("trees", some_trees)
    run.put_all("problems", some_problems)
    for record in some_trees:
        assert run.get("trees", record.id) == record
    for record in some_problems:
        assert run.get("problems", record.id) == record


def test_two_halves_of_a_letter_side_by_side_come_back_as_the_letter(run: Run):
    halves = make_problem("a \ud83d\ude00 b", "1")
    run.put_all("problems", [halves])
    assert run.get("problems", halves.id) == replace(halves, question="a \U0001f600 b")


def test_a_kind_of_entry_that_is_newer_than_the_run_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch):
    run.close()
    table = EntryTable("visits", Visit, ("who",))
    monkeypatch.setitem(ENTRIES, Visit, table)
    monkeypatch.setitem(STATEMENTS, "visits", "INSERT INTO visits (who, json, seal) VALUES (?, ?, ?)")
    with Run.read(run.path) as reading:
        assert reading.entries(Visit) == []
    with Run.open(run.path) as again:
        again.add(Visit("ann", 2))
        assert again.entries(Visit, who="ann") == [Visit("ann", 2)]
        assert again.check() == 0
