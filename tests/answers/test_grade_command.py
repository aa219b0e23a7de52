import json
import re
from pathlib import Path

import pytest

from journey.__main__ import main

ROWS = """{"reference": "1/2", "answer": "0.5", "id": 1}
{"reference": "4", "text": "<think>maybe 3</think> The answer is 4 apples."}
no JSON
{"reference": "7", "answer": "8"}
{"question": "Is it?", "answer": "Yes", "response": "So the answer is Yes.", "task": "text"}
{"reference": "5", "answer": "12 dozen"}
{"id": 2}
"""


def test_answers_in_a_file_are_graded_in_their_order_and_a_line_that_is_no_row_is_told(tmp_path: Path) -> None:
    source, to = tmp_path / "answers.jsonl", tmp_path / "graded.jsonl"
    source.write_text(ROWS, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["grade", str(source), "--to", str(to), "--json"])
    assert ended.value.code == 1
    rows = [json.loads(line) for line in to.read_text("utf-8").splitlines()]
    assert [row["correct"] for row in rows] == [True, True, None, False, True, False, None]
    assert rows[0]["id"] == 1 and rows[0]["found"] == "0.5"
    assert rows[2]["reason"].startswith("line 3 is not JSON")
    assert rows[3]["reason"] == "wrong answer"
    assert rows[6]["reason"] == "the row has no reference"


def test_odd_cells_and_named_columns_are_graded_and_every_column_is_kept(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    source, to = tmp_path / "odd.jsonl", tmp_path / "odd.parquet"
    rows = [
        '{"label": ["5"], "said": [5.0], "loss": NaN, "when": {}, "mixed": 1}',
        '{"label": "5137 kPa", "said": "50.7 atm", "task": "science", "mixed": "one", "late": [1]}',
    ]
    source.write_text("\n".join(rows), encoding="utf-8")
    columns = ["--reference-column", "label", "--answer-column", "said"]
    with pytest.raises(SystemExit) as ended:
        main(["grade", str(source), "--to", str(to), *columns])
    assert not ended.value.code
    first, second = parquet.read_table(to).to_pylist()
    assert (first["correct"], first["loss"], first["mixed"], first["late"]) == (True, None, "1", None)
    assert (second["correct"], second["found"], second["mixed"], second["late"]) == (True, "50.7 atm", "one", [1])


def test_times_and_bytes_of_parquet_are_written_as_json_has_them(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    cells = {"reference": ["2"], "answer": [2], "at": pyarrow.array([1], pyarrow.timestamp("s")), "raw": [b"ab"]}
    parquet.write_table(pyarrow.table(cells), tmp_path / "in.parquet")
    with pytest.raises(SystemExit) as ended:
        main(["grade", str(tmp_path / "in.parquet"), "--to", str(tmp_path / "out.jsonl")])
    assert not ended.value.code
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert (row["correct"], row["at"], row["raw"]) == (True, "1970-01-01T00:00:01", "YWI=")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "answers.jsonl is empty"),
        ('{"ref": "5", "answer": "5"}\n', "the row has no reference; rows take a reference (reference, gold"),
        ("no JSON\n", "line 1 is not JSON"),
        ('{"reference": "5", "answer": "5", "task": "chess"}\n', "there is no task 'chess'; known are countdown"),
    ],
)
def test_a_file_without_a_row_to_grade_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    source, to = tmp_path / "answers.jsonl", tmp_path / "graded.jsonl"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["grade", str(source), "--to", str(to)])
    assert ended.value.code == 2
    assert re.sub(r"\s+", " ", capsys.readouterr().err).count(sentence) == 1
    assert list(tmp_path.iterdir()) == [source]
