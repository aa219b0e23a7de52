"""What people gave a run to train on: thoughts that they found right in the studio, and thoughts that they wrote."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from journey.data.problems import TESTED_PARTS
from journey.prompts.languages import code
from journey.store.excluded import excluded
from journey.store.labels import Label, Written, labels, submitted, written
from journey.store.run import Run
from journey.tasks.table import ask, task_of
from journey.training.rows import Row, in_its_language, row_of
from journey.trees.people import most
from journey.types import Node, Problem

GIVEN_BY = "given_by"
"""The column of a row that names who gave it: "ann", "ann, bob"."""


def labelled_rows(
    run: Run, method: str | None = None, missing: Callable[[str], str | None] = lambda text: None
) -> list[Row]:
    """One row a thought by `method` (null: any) that people found right, then one a thought that a person wrote.

    A thought counts where more annotators submitted "right" than any other verdict; `GIVEN_BY` has their names. Left
    out: problems that are in no part to train on or were taken out of training, and texts of which `missing` names a
    piece that the model cannot read.
    """
    problems = {p.id: p for p in run.problems()}
    for name in (*(id for part in TESTED_PARTS for id in run.ids("problems", split=part)), *excluded(run)):
        problems.pop(name, None)
    found = [*_found_right(run, method, problems), *_written(run, problems)]
    rows = [row_of(ask(problem, ()), False, completion=text) | {GIVEN_BY: by} for problem, text, by in found]
    return [row for row in rows if missing(row["completion"]) is None]


def labellers(rows: Iterable[Row]) -> dict[str, int]:
    """How many of the rows each person gave or found right, by name."""
    return dict(sorted(Counter(name for row in rows for name in row.get(GIVEN_BY, "").split(", ") if name).items()))


Given = tuple[Problem, str, str]
"""A problem, the text, and who gave it."""


def _found_right(run: Run, method: str | None, problems: dict[str, Problem]) -> Iterator[Given]:
    votes: dict[str, list[Label]] = {}
    for label in submitted(labels(run.path)):
        if label.thought is not None and label.verdict is not None:
            votes.setdefault(label.thought, []).append(label)
    for id, of in sorted(votes.items()):
        thought = run.thought(id) if most(of) == "right" else None
        if thought is not None and thought.problem in problems and method in (None, thought.method):
            problem = in_its_language(problems[thought.problem], thought)
            yield problem, thought.text, _names(one.annotator for one in of if one.verdict == "right")


def _written(run: Run, problems: dict[str, Problem]) -> Iterator[Given]:
    for one in sorted(written(run.path), key=lambda one: (one.problem, one.annotator)):
        if one.state == "submitted" and one.problem in problems:
            yield problems[one.problem], _text(problems[one.problem], one), _names([one.annotator])


def _text(problem: Problem, one: Written) -> str:
    """The notes with their reasons one after the other, closed as the task closes a thought."""
    narration = task_of(problem).narration.of(code(problem.language))
    texts: Sequence[str] = [text for note in one.notes for text in (note.text, note.reason) if text]
    last = narration.close(problem, Node(-1, texts[-1], answer=problem.answer))
    return narration.separator.join(filter(None, (*texts, last)))


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(name.replace(",", " ") for name in names))
