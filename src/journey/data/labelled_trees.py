"""Labelled solutions as trees to train step classifiers on: one path a row, in all formats of `step_labels`."""

import asyncio
from collections.abc import Sequence

from journey.answers.grade import Grader
from journey.data.labelled import Label, one_path
from journey.data.prm800k import Imported, Listed
from journey.data.step_labels import NO_FORMAT, Format, Row, format_of
from journey.errors import UsageError
from journey.store import datafiles
from journey.tasks.labelled import Labelled
from journey.types import Problem, Tree

SHOWN = 200  # characters of a reason, which may speak of what stands in the row


async def read(paths: Sequence[str], grader: Grader, limit: int | None = None, split: str | None = None) -> Imported:
    """A tree for every row of the files (or Hub data sets, of which `split` names the part), at most `limit`.

    A row that gives no tree is listed with the reason, one that repeats an earlier row as merged into it; a
    problem without an answer stays without. Raises UsageError for what cannot be read, and where no row gives a tree.
    """
    problems: dict[str, Problem] = {}
    trees: dict[str, Tree] = {}
    places: dict[str, str] = {}
    listed: list[Listed] = []
    for path in paths:
        for line, (where, row) in enumerate(datafiles.rows(path, split=split), 1):
            if len(trees) == limit:
                break
            if line % 50 == 0:
                await asyncio.sleep(0)  # an interrupt is heard here
            found = _labelled(row, where)
            if isinstance(found, str):
                listed.append(Listed("no tree", path, line, None, found))
                continue
            problem, tree = await _tree(*found, grader)
            if tree.id in trees:
                reason = f"joined the tree of {places[tree.id]}, the same problem, with no new steps"
                listed.append(Listed("merged", path, line, problem.id, reason))
                continue
            problems[problem.id], trees[tree.id], places[tree.id] = problem, tree, f"{path}:{line}"
    if not trees:
        example = f"; the first is {listed[0].reason}" if listed else ""
        raise UsageError(f"{', '.join(paths)}: none of {len(listed)} rows holds labelled steps{example}")
    return Imported(list(problems.values()), list(trees.values()), listed)


def _labelled(row: Row, where: str) -> tuple[Labelled, Format] | str:
    """The row as a labelled solution, or why it is none."""
    form = format_of(row)
    if form is None:
        return NO_FORMAT
    try:
        found = form.read(row)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    except ValueError as error:
        return f"no row of {form.name}: {str(error)[:SHOWN]}"
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        return f"no row of {form.name} as others are ({type(error).__name__})"
    if isinstance(found, Labelled) and not any(found.labels):
        return "no step is labelled"
    return found if isinstance(found, str) else (found, form)


async def _tree(found: Labelled, form: Format, grader: Grader) -> tuple[Problem, Tree]:
    scores = found.scores or (None,) * len(found.steps)
    labels = [Label(verdict, score) for verdict, score in zip(found.labels, scores, strict=True)]
    by = form.by or form.name
    problem = found.problem
    return problem, await one_path(problem, found.steps, labels, by, grader)
