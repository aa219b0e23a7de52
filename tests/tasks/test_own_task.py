"""A task from outside the package: one record, put into the table here, goes through every command."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from commanding import done, journey, write_rows
from streamlit.testing.v1 import AppTest
from studio.test_pages import html_of

from journey.answers.grade import Grade
from journey.models.base import Prompt
from journey.store.datafiles import rows
from journey.store.run import Run
from journey.studio import app as app_module
from journey.studio.records import ENVIRONMENT
from journey.tasks.base import Task
from journey.tasks.labelled import LabelledSet, solution, until
from journey.tasks.narration import Narration
from journey.tasks.steps import FORMATS
from journey.tasks.table import TASKS, task_of
from journey.types import Judgement, Node, Problem, make_problem

LINES = FORMATS["lines"]
STEP = re.compile(r"(\d+) \+ ([12]) = (\d+)")


@dataclass(frozen=True, slots=True)
class ClimbSettings:
    """How far is climbed at most."""

    highest: int = 9


def climb(low: int, high: int) -> Problem:
    """A ladder to climb by steps of 1 or 2."""
    return make_problem(f"Climb from {low} to {high}", str(high), source="climb", task="climb")


def ends(problem: Problem) -> tuple[int, int]:
    _, _, low, _, high = problem.question.split()
    return int(low), int(high)


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(f"{problem.question}\n", LINES.prefix(prefix))


def judge(problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
    low, high = ends(problem)
    at = int(prefix[-1].rpartition(" ")[2]) if prefix else low
    return [judge_step(at, high, line) for line in candidates]


def judge_step(at: int, high: int, line: str) -> Judgement:
    step = STEP.fullmatch(line)
    if step is None:
        return Judgement(None, None, "not a step")
    left, by, to = map(int, step.groups())
    if left != at or left + by != to:
        return Judgement("wrong", 0.0, f"{left} + {by} is not {to}, or {left} is not where we stand")
    return Judgement("right", 1.0) if to <= high else Judgement("wrong", 0.5, f"{to} is above {high}")


class ClimbGrader:
    """The last step must end at the top."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        high = ends(problem)[1]
        steps = [line for line in LINES.split(text) if STEP.fullmatch(line)]
        if not steps:
            return Grade(None, None, "no answer")
        at = int(steps[-1].rpartition(" ")[2])
        if at < high:
            return Grade(None, None, "not at the top")
        return Grade(str(at), at == high, None if at == high else "above the top")


def draw(name: str, count: int, seed: int, settings: ClimbSettings, *, held_out: bool) -> list[Problem]:
    """Held out are the ladders that begin at an even number."""
    pairs = [(low, high) for low in range(settings.highest) for high in range(low + 2, settings.highest + 1)]
    mine = [pair for pair in pairs if (pair[0] % 2 == 0) == held_out]
    random.Random(f"{name} {seed}").shuffle(mine)
    return [climb(*pair) for pair in mine[:count]]


def read(path: str | Path, limit: int | None = None) -> list[Problem]:
    return [climb(row["low"], row["high"]) for _, row in rows(path)][:limit]


def labelled_set(count: int, seed: int) -> LabelledSet:
    wrong = ["0 + 1 = 1", "1 + 2 = 4"]
    return LabelledSet(
        "climb", [solution(i, "Climb from 0 to 3", 3, wrong, until(1, 2), task="climb") for i in range(count)]
    )


def reflect(node: Node, texts: Sequence[str]) -> str:
    return f"No: {node.judgement.reason if node.judgement else ''}"


CLIMB = Task(
    name="climb",
    ask=ask,
    steps=LINES,
    narration=Narration(reflect, lambda problem, texts: "Down again", lambda problem, node: "Top", "\n", "climb"),
    grader=ClimbGrader,
    rules="rules_math",
    judge=judge,
    settings=ClimbSettings,
    draw=draw,
    read=read,
    is_held_out=lambda problem: ends(problem)[0] % 2 == 0,
    labelled_set=labelled_set,
)


@pytest.fixture(autouse=True)
def in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line that a task in the package has in `tasks/table.py`."""
    monkeypatch.setitem(TASKS, "climb", CLIMB)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A scripted model that goes 1 up, 2 up, or miscounts; for whole answers always 1 up."""
    script = [
        {"prompt": f"Climb from {low} to {high}\n", "prefix": prefix,
         "completions": [f"{at} + 1 = {at + 1}\n", f"{at} + 2 = {at + 2}\n", f"{at} + 2 = {at + 3}\n"]}
        for low in range(10) for high in range(low + 2, 10) for prefix, at in walks(low, high).items()
    ]  # fmt: skip
    file = write_rows(tmp_path / "script.jsonl", script)
    text = f"""
task: climb
model: scripted/{file}
problems: {{puzzles: {{highest: 7}}, phase1: 0, train: 4, validation: 0, test: 3}}
trees: {{grow: {{width: 3, keep: 6, follow_wrong: 1, depth: 4}}}}
"""
    (tmp_path / "climb.yaml").write_text(text)
    return tmp_path / "climb.yaml"


def walks(low: int, high: int) -> dict[str, int]:
    """Every text of steps below the top, true ones and miscounted ones, with where it ends."""
    found = {"": low}
    new = dict(found)
    while new:
        moved = [(text, at, by, at + up) for text, at in new.items() for by, up in ((1, 1), (2, 2), (2, 3))]
        new = {f"{text}{at} + {by} = {to}\n": to for text, at, by, to in moved if to < high}
        found |= new
    return found


def test_a_task_from_outside_goes_from_its_recipe_to_its_report(recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    grown = done("grow", recipe, "--out", run, "--json").data
    assert grown["trees"] == grown["with_right_leaf"] == 4 and grown["with_wrong_branches"] > 0
    assert done("derive", run, "--json").data["thoughts"] == {"shortcut": 4, "traverse": 4}
    done("export", run, "sft", "--to", tmp_path / "rows.jsonl")
    texts = [str(row["completion"]) for _, row in rows(tmp_path / "rows.jsonl")]
    assert all(text.endswith("Top") for text in texts) and any("\nNo: " in t and "\nDown again\n" in t for t in texts)
    model = f"scripted/{tmp_path / 'script.jsonl'}"
    tried = done("eval", run, "--model", model, "--split", "test", "--json").data
    assert (tried["attempts"], tried["errors"]) == (3, {"not at the top": 3})
    found = done(
        "eval", run, "--model", model, "--split", "test", "--search", "best_of_n", "--judge", "exact", "--json"
    )
    assert found.data["searches"][0]["attempts"] == 3
    done("report", run)
    assert "not at the top" in (run / "report" / "report.md").read_text()
    assert done("status", run, "--json").data["problems"] == {"train": 4, "test": 3}


def test_its_cost_is_estimated_and_its_trees_are_shown_and_labelled(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    most = done("grow", recipe, "--out", run, "--dry-run", "--json").data["asked_at_most"]
    assert most and all(row["calls"] > 0 for row in most) and not run.exists()
    done("grow", recipe, "--out", run)
    with Run.read(run) as of:
        tree = next(of.trees())
    done("export", run, "page", "--item", tree.id, "--to", tmp_path / "page.html")
    assert "Climb from" in (tmp_path / "page.html").read_text("utf-8")
    monkeypatch.setenv(ENVIRONMENT, json.dumps([str(run)]))
    page = AppTest.from_file(str(app_module.__file__), default_timeout=600)
    page.query_params["page"] = "label"
    page.query_params["by"] = "ann"
    page.run()
    assert not page.exception and "Climb from" in html_of(page)


def test_judges_are_measured_on_its_labelled_set() -> None:
    (row,) = done("eval", "judges", "--judge", "exact", "--on", "climb", "--limit", "5", "--json").data["results"]
    assert row["set"] == "climb" and row["failed"] == {}


def test_its_files_are_imported_and_its_problems_keep_their_task(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "ladders.jsonl", [{"low": 1, "high": 4}, {"low": 3, "high": 5}])
    done("import", "puzzles", file, "--task", "climb", "--split", "test", "--out", tmp_path / "run")
    done("export", tmp_path / "run", "problems", "--to", tmp_path / "problems.jsonl")
    done("import", "problems", tmp_path / "problems.jsonl", "--out", tmp_path / "again")
    assert {row["task"] for _, row in rows(tmp_path / "problems.jsonl")} == {"climb"}
    assert task_of(climb(1, 4)) is CLIMB


def test_its_settings_are_checked_like_any_other(recipe: Path, tmp_path: Path) -> None:
    said = journey("grow", recipe, "--out", tmp_path / "run", "--set", "problems.puzzles.hihgest=3")
    assert said.code == 2 and "did you mean problems.puzzles.highest" in said.err
    said = journey("grow", recipe, "--out", tmp_path / "run", "--set", "task=clim")
    assert said.code == 2 and "there is no task 'clim'; known are countdown, maze" in said.err
