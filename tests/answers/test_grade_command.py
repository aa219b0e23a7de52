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
