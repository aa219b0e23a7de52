"""journey quality: runs, exported thoughts and anybody's texts; mistakes said in a sentence."""

import gzip
import json
from pathlib import Path

import pytest
from commanding import done, journey, sum_row, write_rows

MEASURES = ("consistency", "completeness", "relevance", "redundancy", "q")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with three trees, each told as a shortcut and as a traversal."""
    file = write_rows(tmp_path / "rated.jsonl", [sum_row(n) for n in (12, 23, 34)])
    done("import", "prm800k", file, "--out", tmp_path / "run")
    done("derive", tmp_path / "run", "--method", "both")
    return tmp_path / "run"


def test_a_runs_thoughts_are_measured_by_method(run: Path) -> None:
    said = done("quality", run, "--json").data
    sets = {row["method"]: row for row in said["sets"]}
    assert sets.keys() == {"shortcut", "traverse"}
    assert [len(row["examples"]) for row in sets.values()] == [3, 3]
    assert sets["shortcut"]["structure"]["mistakes"] == 0
    assert sets["traverse"]["structure"]["recovery_rate"] == 1.0
    assert sets["traverse"]["structure"]["wrong_tokens"] > 0
    assert sets["traverse"]["words"]["tokens"] > sets["shortcut"]["words"]["tokens"]
    for row in sets.values():
        assert all(row["quality"][name] is not None for name in ("completeness", "relevance", "redundancy"))
        assert row["quality"]["thoughts"] == 3


def test_one_method_can_be_picked(run: Path) -> None:
    said = done("quality", run, "--method", "traverse", "--json").data
    assert [row["method"] for row in said["sets"]] == ["traverse"]


def test_exported_thoughts_give_the_same_words_and_moves(run: Path, tmp_path: Path) -> None:
    done("export", run, "thoughts", "--to", tmp_path / "thoughts.jsonl")
    there, here = (done("quality", source, "--json").data["sets"] for source in (run, tmp_path / "thoughts.jsonl"))
    assert [row["method"] for row in there] == [row["method"] for row in here] == ["shortcut", "traverse"]
    for name in ("words", "structure"):
        assert [row[name] for row in there] == [row[name] for row in here]


def test_anybodys_texts_are_found_by_their_column(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "question": "What is 12 + 30?", "response": "Wait, 12 + 30 = 42.\n\n# Answer\n\n42"},
        {"id": 8, "question": "What is 1 + 2?", "response": ""},
    ]
    said = done("quality", write_rows(tmp_path / "texts.jsonl", rows), "--json").data
    first, second = said["sets"][0]["examples"]
    assert (first["name"], first["structure"]["by"], first["quality"]["consistency"]) == ("7", "cue words", 1.0)
    assert second["quality"] == dict.fromkeys(MEASURES)
    assert said["sets"][0]["structure"]["recovery_rate"] is None


def test_a_list_of_steps_and_a_gzipped_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write(json.dumps({"solution": ["one step", "and another"]}) + "\n")
    assert done("quality", file, "--json").data["sets"][0]["words"]["lines"] == 2


def test_a_person_reads_tables_with_the_number_of_phrases_asked_for(run: Path) -> None:
    said = done("quality", run, "--top", "1").out
    assert "run, traverse" in said and "consistency" in said and "recovered" in said
    assert len(said.splitlines()) < len(done("quality", run, "--top", "5").out.splitlines())


def test_marks_of_the_terminal_in_a_text_are_only_letters(tmp_path: Path) -> None:
    rows = [{"id": "[bold]x[/]", "text": "[red]one two three [/red] [link=x] four"} for _ in range(2)]
    assert "[bold]x[/]" in done("quality", write_rows(tmp_path / "texts.jsonl", rows)).out


def test_a_name_cannot_give_orders_to_the_terminal(tmp_path: Path) -> None:
    rows = [{"id": f"\x1b[2Jname{n}\ud800", "text": "one \x1b[31m two"} for n in range(2)]
    said = done("quality", write_rows(tmp_path / "texts.jsonl", rows)).out
    assert "?[2Jname1?" in said and "\x1b" not in said


def test_a_source_given_twice_counts_once(run: Path) -> None:
    assert done("quality", run, run, "--json").data == done("quality", run, "--json").data


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([{"words": "no text here"}], "none of the columns"),
        ([{"text": "one"}, {"text": 3}], "no text in its column 'text'"),
        ([{"id": "a", "segments": 3, "draft": "x"}], "is no Thought"),
        ([], "empty"),
    ],
)
def test_wrong_rows_are_one_sentence(tmp_path: Path, rows: list[dict[str, object]], part: str) -> None:
    said = journey("quality", write_rows(tmp_path / "texts.jsonl", rows))
    assert said.code == 2 and part in said.err and said.out == ""
    assert len(said.err.strip().splitlines()) == 1


def test_wrong_sources_are_one_sentence(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done("import", "prm800k", write_rows(tmp_path / "one.jsonl", [sum_row(5)]), "--out", tmp_path / "bare")
    for arguments, part in [
        ((tmp_path / "nothing",), "no run and no file"),
        ((tmp_path / "empty",), "no run in"),
        ((tmp_path / "bare",), "journey derive"),
        ((run, "--method", "debate"), "it holds: shortcut, traverse"),
        ((), "missing argument"),
    ]:
        said = journey("quality", *arguments)
        assert said.code == 2 and part in said.err
        assert len(said.err.strip().splitlines()) == 1
