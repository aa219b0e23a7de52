"""What a full disk and damaged files do: one sentence, and nothing acknowledged is lost or made up."""

import asyncio
import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from store.records import problem, thought

from journey.errors import UsageError
from journey.store.export import write_rows
from journey.store.faults import StoreDamaged, StoreError, StoreFull
from journey.store.run import Run

# In a process of its own, since the limit counts for all files of a process.
FILL = """
import asyncio, resource, sys
from store.records import thought
from journey.store.faults import StoreFull
from journey.store.run import Run

async def main(path, limit):
    with Run.open(path) as run:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for number in range(10_000):
            try:
                await run.put("thoughts", thought(number, "x" * 2000))
            except StoreFull as error:
                print(error)
                return
            print(number)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.mark.parametrize("limit", [250_000, 433_333, 1_000_001])
def test_a_full_disk_is_one_sentence_and_all_that_was_acknowledged_stays(tmp_path: Path, limit: int):
    pytest.importorskip("resource", reason="this system has no limit on the size of files")
    path = [str(Path(__file__).parents[1]), *sys.path]
    code = f"import sys; sys.path[:] = {path!r}\n{FILL}"
    filled = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run"), str(limit)], capture_output=True, text=True, check=False
    )
    assert filled.stderr == ""
    assert filled.returncode == 0
    *acknowledged, sentence = filled.stdout.splitlines()
    assert sentence.startswith("The disk is full")
    assert acknowledged
    with Run.open(tmp_path / "run") as run:  # with room again it goes on
        wanted = {thought(int(number), "x" * 2000).id for number in acknowledged}
        assert run.ids("thoughts") == wanted
        assert run.check() == len(wanted)
        run.put_all("problems", [problem(1)])


@pytest.mark.parametrize("room", [0, 1000, 8192, 33_000])
def test_a_disk_that_is_full_from_the_start_is_not_called_damaged(tmp_path: Path, room: int):
    pytest.importorskip("resource", reason="this system has no limit on the size of files")
    code = (
        "import resource, sys; from journey.store.run import Run; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room})); Run.open(sys.argv[1])"
    )
    opened = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}", str(tmp_path / "run")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "StoreFull: The disk is full" in opened.stderr.splitlines()[-1]
    Run.open(tmp_path / "run").close()  # with room it is made


@pytest.mark.parametrize("quick", [0.0, 1e9], ids=["in a thread", "on the loop"])
async def test_all_puts_that_shared_a_failed_commit_hear_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: float
):
    monkeypatch.setattr("journey.store.writer.QUICK", quick)
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def kept(*args, **options):
        connections.append(connect(*args, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", kept)
    with Run.open(tmp_path / "run") as run:
        await run.put("problems", problem(1))
        connections[1].execute("PRAGMA max_page_count = 1")
        puts = (run.put("thoughts", thought(n, "y" * 9000)) for n in range(20))
        results = await asyncio.gather(*puts, return_exceptions=True)
        assert {type(result) for result in results} == {StoreFull}
        with pytest.raises(StoreFull):
            run.put_all("thoughts", [thought(n, "y" * 9000) for n in range(20)])
        assert run.ids("problems") == {problem(1).id}
        connections[1].execute("PRAGMA max_page_count = 100000")
        await run.put("thoughts", thought(1))
        assert run.count("thoughts") == 1


def test_a_full_disk_leaves_the_old_export(tmp_path: Path):
    target = tmp_path / "rows.jsonl"
    write_rows([{"a": 1}], target)

    def rows():
        yield {"a": 2}
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreFull, match="disk is full"):
        write_rows(rows(), target)
    assert json.loads(target.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [target]


def _written(path: Path) -> bytes:
    with Run.open(path, {"seed": 1}) as run:
        run.put_all("problems", [problem(n) for n in range(200)], split="train")
        run.put_all("thoughts", [thought(n) for n in range(100)])
    return (path / "run.db").read_bytes()


def _read_all(path: Path) -> None:
    """Whatever is given back is what was written; else one of our own errors is raised."""
    problems = {problem(n).id: problem(n) for n in range(200)}
    thoughts = {thought(n).id: thought(n) for n in range(100)}
    for opening in (Run.read, Run.open):
        with opening(path) as run:
            for table, written in (("problems", problems), ("thoughts", thoughts)):
                for record in run.all(table):
                    assert record == written[record.id]
                for id in written:
                    assert run.get(table, id) in (written[id], None)
            run.call("key")
            run.failures()
            run.check()


def test_random_damage_is_said_in_one_sentence_and_never_read_as_data(tmp_path: Path):
    rng = random.Random(0)
    whole = _written(tmp_path / "run")
    noticed = 0
    for _ in range(40):
        data = bytearray(whole)
        match rng.choice(["bytes", "cut", "zeros"]):
            case "bytes":
                for _ in range(rng.choice([1, 1, 8, 100])):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            case "cut":
                del data[rng.randrange(len(data)) :]
            case _:
                start = rng.randrange(len(data))
                data[start : start + 4096] = bytes(len(data[start : start + 4096]))
        for leftover in (tmp_path / "run").iterdir():
            leftover.unlink()
        (tmp_path / "run" / "run.db").write_bytes(data)
        try:
            _read_all(tmp_path / "run")
        except (StoreError, UsageError) as error:
            noticed += 1
            assert "\n" not in str(error)
    assert noticed > 20  # the rest fell on bytes that nothing uses


def test_one_changed_letter_in_a_record_is_noticed(tmp_path: Path):
    data = _written(tmp_path / "run").replace(b"What is 7 + 1?", b"What is 9 + 1?")
    (tmp_path / "run" / "run.db").write_bytes(data)
    with Run.read(tmp_path / "run") as run:
        with pytest.raises(StoreDamaged, match="does not fit its seal"):
            run.get("problems", problem(7).id)
        assert run.get("problems", problem(8).id) == problem(8)
        with pytest.raises(StoreDamaged):
            run.check()


def test_records_that_an_index_has_lost_are_noticed(tmp_path: Path):
    path = tmp_path / "run"
    with Run.open(path, {}) as run:
        run.put_all("problems", [problem(n) for n in range(3)], split="test")
    file = path / "run.db"
    connection = sqlite3.connect(file)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_problems_1'"
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    data = bytearray(file.read_bytes())
    end = page * size  # the entries of a page stand at its end
    data[end - 64 : end] = bytes(64)
    file.write_bytes(data)
    with Run.read(path) as run, pytest.raises(StoreDamaged, match="an index of problems gives"):
        list(run.problems())
