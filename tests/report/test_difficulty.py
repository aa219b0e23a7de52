"""Accuracy by how hard the puzzles are, for every way of answering that a run has."""

from pathlib import Path

from commanding import PUZZLES, done, whole_answers, write_rows

from journey import prompts
from journey.report.difficulty import difficulty_table
from journey.report.render import markdown
from journey.report.tables import document
from journey.store.run import Run
from journey.tasks.table import task_of
from journey.types import Problem

ROWS = [{"prompt": prompts.fill("math", question="What is 1+1?"), "completions": ["2"]}]


def hardness(problem: Problem) -> int:
    measure = task_of(problem).difficulty
    assert measure is not None
    return measure(problem)


def test_greedy_answers_and_searches_stand_side_by_side_by_difficulty(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "test.jsonl", [{"nums": numbers, "target": target} for numbers, target in PUZZLES])
    done("import", "puzzles", file, "--split", "test", "--out", tmp_path / "run")
    with Run.read(tmp_path / "run") as of:
        ranked = sorted(of.problems(), key=hardness)
    assert hardness(ranked[0]) < hardness(ranked[-1])
    easy = hardness(ranked[0])
    text = lambda problem: str(problem.solution) if hardness(problem) == easy else "I give up"  # noqa: E731
    model = f"scripted/{whole_answers(tmp_path / 'answers.jsonl', ranked, text)}"
    done("eval", tmp_path / "run", "--model", model)
    done("eval", tmp_path / "run", "--model", model, "--search", "vote", "--set", "search.n=2")
    figures = done("report", tmp_path / "run", "--json").data
    found = figures["difficulty"]
    assert sum(band["problems"] for band in found["bands"]) == len(PUZZLES)
    assert all(a["most"] < b["least"] for a, b in zip(found["bands"], found["bands"][1:], strict=False))
    assert {row["way"].split()[0] for row in found["rows"]} == {"greedy", "vote"}
    for row in found["rows"]:
        assert row["bands"][0]["value"] > 0 and row["bands"][-1]["value"] == 0
    assert "By difficulty" in markdown(document(figures))


def test_a_run_without_puzzles_has_no_such_table(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "test.jsonl", [{"problem": "What is 1+1?", "answer": "2"}])
    done("import", "problems", file, "--split", "test", "--out", tmp_path / "run")
    done("eval", tmp_path / "run", "--model", f"scripted/{write_rows(tmp_path / 'x.jsonl', ROWS)}")
    assert difficulty_table(done("report", tmp_path / "run", "--json").data).rows == []
