"""Labelled solutions as trees to train step classifiers on: one path a row, in all formats of `step_labels`."""

from collections.abc import Sequence

from journey.answers.grade import Grader
from journey.data.labelled import Label, one_path
from journey.data.row_records import Imported, NoRecord, Place, places, read_records
from journey.data.step_labels import NO_FORMAT, Format, format_of
from journey.errors import UsageError
from journey.tasks.labelled import Labelled
from journey.types import Problem, Tree

SHOWN = 200  # characters of a reason, which may speak of what stands in the row


async def read(paths: Sequence[str], grader: Grader, limit: int | None = None, split: str | None = None) -> Imported:
    """A tree for every row of the files (or Hub data sets, of which `split` names the part), at most `limit`.

    A row that gives no tree is listed with the reason, one that repeats an earlier row as merged into it; a
    problem without an answer stays without. Raises UsageError for what cannot be read, and where no row gives a tree.
    """

    async def tree_of(place: Place) -> tuple[Problem, Tree]:
        return await _tree(*_labelled(place), grader)

    return Imported(*await read_records(places(paths, split), tree_of, "solution with labelled steps", limit))


def _labelled(place: Place) -> tuple[Labelled, Format]:
    """The row as a labelled solution. Raises NoRecord where it is none."""
    form = format_of(place.row)
    if form is None:
        raise NoRecord(NO_FORMAT)
    try:
        found = form.read(place.row)
    except UsageError as error:
        raise UsageError(f"{place.where}: {error}") from None
    except ValueError as error:
        raise NoRecord(f"no row of {form.name}: {str(error)[:SHOWN]}") from None
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise NoRecord(f"no row of {form.name} as others are ({type(error).__name__})") from None
    if isinstance(found, str):
        raise NoRecord(found)
    if not any(found.labels):
        raise NoRecord("no step is labelled")
    return found, form


async def _tree(found: Labelled, form: Format, grader: Grader) -> tuple[Problem, Tree]:
    scores = found.scores or (None,) * len(found.steps)
    labels = [Label(verdict, score) for verdict, score in zip(found.labels, scores, strict=True)]
    by = form.by or form.name
    problem = found.problem
    return problem, await one_path(problem, found.steps, labels, by, grader)
