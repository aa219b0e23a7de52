"""Tables go out as files and come back the same; files that are none are refused with their line."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties import examples
from store.records import attempt, problem, rollout, thought, tree, trees

from journey.errors import UsageError
from journey.store.datafiles import rows
from journey.store.export import export, import_file, write_rows
from journey.store.files import without_halves
from journey.store.run import Run
from journey.store.schema import TABLES
from journey.types import SCHEMA, make_problem, to_json

ENDINGS = ["jsonl", "jsonl.gz", "parquet"]


def filled(path: Path) -> Run:
    run = Run.open(path)
    run.put_all("problems", [problem(n) for n in range(3)], split="train")
    run.put_all("problems", [problem(9)])
    run.put_all("trees", [tree(n) for n in range(3)])
    run.put_all("thoughts", [thought(n) for n in range(3)])
    run.put_all("attempts", [attempt(n) for n in range(3)], split="test")
    run.put_all("rollouts", [rollout(n) for n in range(3)])
    return run


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_table_comes_back_the_same(tmp_path: Path, ending: str):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    with filled(tmp_path / "run") as run, Run.open(tmp_path / "copy") as copy:
        for table in TABLES:
            file = tmp_path / f"{table}.{ending}"
            assert export(run, table, file) == run.count(table) == import_file(copy, table, file)
            assert list(copy.all(table)) == list(run.all(table))
            assert all(copy.given(table, id) == run.given(table, id) for id in run.ids(table))
            assert import_file(copy, table, file) == run.count(table)  # again is no error
            assert copy.count(table) == run.count(table)


@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(trees, max_size=4, unique_by=lambda record: record.id))
def test_any_tree_comes_back_from_jsonl_the_same_but_for_half_surrogates(some):
    with TemporaryDirectory() as folder, Run.open(Path(folder, "run")) as run, Run.open(Path(folder, "copy")) as copy:
        file = Path(folder, "trees.jsonl")  # of this example alone: it would read those of all examples before
        run.put_all("trees", some)
        export(run, "trees", file)
        import_file(copy, "trees", file)
        kept = [without_halves(json.dumps(to_json(one), ensure_ascii=False)) for one in run.all("trees")]
        assert [to_json(one) for one in copy.all("trees")] == list(map(json.loads, kept))


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_an_emoji_breaks_no_file_and_leaves_in_none(tmp_path: Path, ending: str):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    file = tmp_path / f"x.{ending}"
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", [make_problem("a \ud83d b", "1", source="\ude00")])
        export(run, "problems", file)
    ((_, row),) = rows(file)
    assert (row["question"], row["source"]) == ("a \ufffd b", "\ufffd")
    write_rows([{"steps": ["\ud83d"]}], file)
    assert [row for _, row in rows(file)] == [{"steps": ["\ufffd"]}]


def test_rows_carry_the_schema_and_the_given_columns_and_can_be_selected(tmp_path: Path):
    with filled(tmp_path / "run") as run:
        assert export(run, "problems", tmp_path / "out" / "train.jsonl", split="train") == 3
        for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines():
            assert json.loads(line)["schema"] == SCHEMA
            assert json.loads(line)["split"] == "train"


def test_the_same_rows_give_the_same_bytes(tmp_path: Path):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_rows([{"text": "ä"}], tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    assert json.loads(gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes())) == {"text": "ä"}


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_datasets_loads_what_is_written(tmp_path: Path, ending: str):
    datasets = pytest.importorskip("datasets", reason="the extra [train] is not installed")
    rows = [{"prompt": f"p{n}", "completion": "ü"} for n in range(3)]
    write_rows(rows, tmp_path / f"sft.{ending}")
    kind = "json" if ending == "jsonl" else ending
    loaded = datasets.load_dataset(
        kind, data_files=str(tmp_path / f"sft.{ending}"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert [dict(row) for row in loaded] == rows


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_rows_make_an_empty_file_that_reads_as_none(tmp_path: Path, ending: str):
    assert write_rows([], tmp_path / f"none.{ending}", table="trees") == 0
    with Run.open(tmp_path / "run") as run:
        assert import_file(run, "trees", tmp_path / f"none.{ending}") == 0


def test_a_column_that_the_first_row_lacks_is_in_parquet_too(tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_rows([{"prompt": "p"}, {"prompt": "q", "prefix": "x", "n": {}}, {"n": 3}], tmp_path / "rows.parquet")
    rows = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [row["prefix"] for row in rows] == [None, "x", None]
    assert [row["n"] for row in rows] == [None, "{}", "3"]


def test_nan_is_refused_and_leaves_no_file(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_rows([{"loss": float("nan")}], tmp_path / "rows.jsonl")
    assert list(tmp_path.iterdir()) == []


GOOD = json.dumps({"schema": 1, "id": "a", "question": "q", "answer": "1"})


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2 is not JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ('{"schema": 1, "score": NaN}', "line 2 is no strict JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
        ('{"id": "a"}', "line 2: its schema is None, this journey reads 2 and older ones"),
        ('{"schema": 7}', "line 2: its schema is 7"),
        ('{"schema": 1, "id": "b", "question": "q"}', "line 2 is no Problem: answer"),
        ('{"schema": 1, "id": "b", "question": "q", "answer": 3}', "line 2 is no Problem: answer"),
        ("\xff", "line 2 is not JSON"),
    ],
)
def test_a_bad_row_is_named_and_nothing_of_its_file_is_stored(tmp_path: Path, line: str, sentence: str):
    file = tmp_path / "problems.jsonl"
    file.write_bytes(f"{GOOD}\n".encode() + line.encode("latin-1"))
    with Run.open(tmp_path / "run") as run:
        with pytest.raises(UsageError) as refusal:
            import_file(run, "problems", file)
        assert sentence in str(refusal.value)
        assert run.count("problems") == 0


def test_a_tree_whose_nodes_are_out_of_order_is_refused(tmp_path: Path):
    node = {"parent": 0, "text": "x", "judgement": None, "answer": None, "correct": None, "by": "", "tokens": 0}
    write_rows([{"schema": 1, "id": "t", "problem": "p", "nodes": [node]}], tmp_path / "trees.jsonl")
    with Run.open(tmp_path / "run") as run, pytest.raises(UsageError, match="must stand before it"):
        import_file(run, "trees", tmp_path / "trees.jsonl")


@pytest.mark.parametrize("name", ["cut.jsonl.gz", "none.parquet"])
def test_a_broken_file_is_refused(tmp_path: Path, name: str):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(gzip.compress(GOOD.encode() * 1000)[:-20])
    with pytest.raises(UsageError):
        list(rows(tmp_path / name))


def test_a_missing_file_and_an_unknown_ending_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="there is no file"):
        list(rows(tmp_path / "no.jsonl"))
    with pytest.raises(UsageError, match="must end in one of"):
        write_rows([], tmp_path / "rows.csv")


def test_a_place_that_cannot_be_written_is_told_with_the_mend(tmp_path: Path):
    (tmp_path / "rows.jsonl").mkdir()
    (tmp_path / "file").write_text("")
    for to in ("rows.jsonl", "file/rows.jsonl"):
        with pytest.raises(UsageError, match="name a file in another folder"):
            write_rows([{"a": 1}], tmp_path / to)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "rows.jsonl"]


def test_what_rollouts_came_to_is_evidence_also_in_files_of_before(tmp_path: Path):
    told = "0 of 4 rollouts from here ended right"
    row = {"schema": SCHEMA, **to_json(tree(1))}
    row["nodes"][0]["judgement"] = {"verdict": "wrong", "score": 0.0, "reason": told, "by": "rollout:tiny"}
    (tmp_path / "trees.jsonl").write_text(json.dumps(row), "utf-8")
    with Run.open(tmp_path / "run") as run:
        import_file(run, "trees", tmp_path / "trees.jsonl")
        (judgement,) = (t.nodes[0].judgement for t in run.trees())
    assert judgement is not None and (judgement.reason, judgement.evidence) == (None, told)
