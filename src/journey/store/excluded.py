"""Problems that a run keeps but does not train on: no record changes, and all can return."""

from collections.abc import Collection, Mapping
from typing import Any

from journey.store.entries import Exclusion
from journey.store.run import Run


def exclude(run: Run, problems: Collection[str], why: Mapping[str, Any]) -> None:
    """Takes the problems of these ids out of training, with every thought of them; keeps `why`."""
    run.add(*(Exclusion(problem, dict(why)) for problem in sorted(set(problems) - excluded(run))))


def restore(run: Run) -> int:
    """Lets everything be trained on again; how many problems came back."""
    back = excluded(run)
    run.apply([("restore", [(problem,) for problem in sorted(back)])])
    return len(back)


def excluded(run: Run) -> frozenset[str]:
    """The ids of the problems that are not trained on."""
    return frozenset(entry.problem for entry in run.entries(Exclusion))
