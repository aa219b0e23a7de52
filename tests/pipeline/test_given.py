"""What people gave a run to train on."""

from pathlib import Path

import pytest
import round_runs

from journey.models.weights import model_path
from journey.pipeline.arm_rows import SeedRun
from journey.pipeline.given import GIVEN_BY, labelled_rows, labellers
from journey.pipeline.round_rows import mixed
from journey.pipeline.round_settings import Rounds
from journey.pipeline.stages import evaluate
from journey.store import labels
from journey.store.excluded import exclude
from journey.store.labels import Label, Written, WrittenNote
from journey.store.run import Run
from journey.tasks.table import TASKS
from journey.types import Thought, Verdict, make_problem

PUZZLES = [make_problem(f"Make 17 from 3 4 {n}", "17", task="countdown") for n in (5, 6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", PUZZLES[:1], split="train")
        run.put_all("problems", PUZZLES[1:], split="test")
        run.put_all("thoughts", [
            Thought(f"{method}{i}", puzzle.id, None, method, (), "text", f"{method} {i}", "17")
            for i, puzzle in enumerate(PUZZLES) for method in ("traverse", "shortcut")
        ])  # fmt: skip
    return tmp_path / "run"


def say(folder: Path, thought: str, by: str, verdict: Verdict | None, state: labels.State = "submitted") -> None:
    labels.put(folder, Label("thought", by, thought=thought, verdict=verdict, judged=True, state=state))


def rows(folder: Path, *given: object) -> list[tuple[str, str]]:
    with Run.read(folder) as run:
        return [(row["completion"], row[GIVEN_BY]) for row in labelled_rows(run, *given)]  # type: ignore[arg-type]


def test_thoughts_that_most_people_found_right_are_rows_with_their_names(folder: Path) -> None:
    assert rows(folder) == []
    say(folder, "traverse0", "bob", "right")
    say(folder, "traverse0", "ann", "right")
    say(folder, "traverse0", "eve", "wrong")
    say(folder, "shortcut0", "ann", "right")
    say(folder, "shortcut0", "bob", "wrong")
    assert rows(folder) == [("traverse 0", "ann, bob")]
    say(folder, "shortcut0", "bob", None)  # could not say: no vote
    assert rows(folder, "shortcut") == [("shortcut 0", "ann")]
    with Run.read(folder) as run:
        assert labellers(labelled_rows(run)) == {"ann": 2, "bob": 1}
    assert rows(folder, None, lambda text: "0" if "shortcut" in text else None) == [("traverse 0", "ann, bob")]


def test_drafts_and_problems_that_are_not_trained_on_give_no_rows(folder: Path) -> None:
    say(folder, "traverse0", "ann", "right", "draft")
    say(folder, "traverse1", "ann", "right")  # of a test problem
    say(folder, "gone", "ann", "right")
    assert rows(folder) == []
    say(folder, "traverse0", "ann", "right")
    with Run.open(folder) as run:
        exclude(run, [PUZZLES[0].id], {})
    assert rows(folder) == []


def test_a_thought_that_a_person_wrote_is_closed_as_the_task_closes_it(folder: Path) -> None:
    notes = (WrittenNote("trial", "3 * 4 = 12 ( 5 12 -> 17 )"), WrittenNote("trial", "12 + 5 = 17 ( 17 -> 17 )"))
    for puzzle in PUZZLES:
        labels.put(folder, Written(puzzle.id, "ann", notes, "submitted"))
    ((text, by),) = rows(folder)
    assert by == "ann" and text.startswith("3 * 4 = 12 ( 5 12 -> 17 )\n12 + 5 = 17")
    assert text.splitlines()[-1].startswith("Yes , 17")


def test_the_next_round_is_trained_on_what_people_found_right_and_keeps_their_names(tmp_path: Path) -> None:
    folder = round_runs.write(tmp_path / "rounds", seeds=1)
    with Run.read(folder) as run:
        right = next(t for t in run.thoughts(method="traverse") if t.round == 1)
        say(folder, right.id, "ann", "right")
        of = SeedRun(run=run, seed=1, round=2, task=TASKS["countdown"], evaluate=evaluate, owner=1)
        mix = mixed(of, "traverse", Rounds(given=0.1), [], model_path("tiny"))
        assert mix.counts == {"given": 0, "labelled": 1, "round 1": 5}  # round 2 has the same texts
        assert mix.by_people == {"labelled by": {"ann": 1}}
        assert mixed(of.first, "traverse", Rounds(given=0), [], model_path("tiny")).by_people == {}
