"""Searches in the report: figures, table and chart, and that they leave the arms of a comparison alone."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from journey.report.build import build
from journey.report.charts import chart_svg
from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.searches import search_chart, search_table
from journey.report.tables import brief
from journey.store.run import Run
from journey.store.version_1 import model_ref
from journey.types import Attempt, Problem, Spent, content_hash, make_problem

Make = Callable[..., Path]


def searched(model: str, problem: Problem, right: bool, spent: Spent, answer: str | None = "1") -> Attempt:
    return Attempt(
        content_hash(model, problem.id),
        problem.id,
        model_ref(model),
        "sampled",
        0,
        "1",
        answer,
        right,
        None,
        5,
        "stop",
        0,
        spent,
    )


def add(run: Run, model: str, tokens: int, judge: int = 0, every: int = 2) -> None:
    """Attempts of a search at every problem, one in `every` right."""
    problems = list(run.problems(split="test"))
    made = [searched(model, p, i % every == 0, Spent(tokens, judge, 3)) for i, p in enumerate(problems)]
    run.put_all("attempts", made, split="test")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", [make_problem(f"{i}", "1") for i in range(8)], split="test")
        add(run, "tiny+beam n=4 judge=exact", 100)
        add(run, "tiny+beam n=16 judge=exact", 400, judge=50, every=1)
        add(run, "tiny+vote n=4", 120)
    return tmp_path / "run"


def test_each_search_is_told_at_what_it_spent(plain: Path) -> None:
    with Run.read(plain) as run:
        found = figures(run)["search"]
    assert [(row["name"], row["judge"], row["n"], row["tokens"], row["judge_tokens"]) for row in found] == [
        ("beam", "exact", 4, 100, 0), ("beam", "exact", 16, 450, 50), ("vote", None, 4, 120, 0)
    ]  # fmt: skip
    assert [row["accuracy"] for row in found] == [0.5, 1.0, 0.5]
    assert all(row["low"] <= row["accuracy"] <= row["high"] and row["problems"] == 8 for row in found)


def test_sizes_of_one_way_are_one_line_with_intervals(plain: Path) -> None:
    with Run.read(plain) as run:
        chart = search_chart(figures(run))
    assert chart is not None
    assert {line.name: [x for x, _ in line.points] for line in chart.lines} == {"beam": [100, 450], "vote": [120]}
    assert len(chart.dots) == 3
    assert "n=16" in chart_svg(chart)


def test_lines_of_one_search_are_named_by_what_differs(plain: Path) -> None:
    with Run.open(plain) as run:
        add(run, "tiny+beam n=4 width=2 judge=critic:m", 90)
    with Run.read(plain) as run:
        chart = search_chart(figures(run))
    assert chart is not None
    assert [line.name for line in chart.lines] == ["beam exact", "beam critic:m width=2", "vote"]


def test_every_form_of_the_report_shows_them(plain: Path) -> None:
    with Run.read(plain) as run:
        found = build(run)
    folder = plain / "report"
    assert "beam n=16" in (folder / "report.md").read_text()
    assert "beam n=16" in (folder / "report.html").read_text() and "<svg" in (folder / "report.html").read_text()
    assert (folder / "search.svg").is_file()
    assert json.loads((folder / "report.json").read_text())["search"] == found["search"]
    assert len(search_table(found).rows) == 3
    assert [row[1] for row in search_table(found).rows] == [str(row["problems"]) for row in found["search"]]
    console = Console(width=120, record=True, file=StringIO())
    console.print(terminal(brief(found)))
    text = console.export_text()
    assert all(name in text for name in ("beam n=4", "beam n=16", "vote n=4"))


def test_searches_change_nothing_about_the_arms(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "run")
    with Run.read(path) as run:
        before = figures(run)
    with Run.open(path) as run:
        add(run, "seed-1/journey+beam n=4 judge=exact", 100)
        add(run, "seed-2/journey+beam n=4 judge=exact", 200)
    with Run.read(path) as run:
        after: dict[str, Any] = figures(run)
    (row,) = after.pop("search")
    assert before.pop("search") == []
    assert before == after
    assert (row["model"], row["seeds"], row["tokens"]) == ("journey", 2, 150)
