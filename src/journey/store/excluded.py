"""Problems that a run keeps but does not train on: marks in its log, so that no record changes and all can return."""

from collections.abc import Collection, Mapping
from typing import Any

from journey.store.run import Run

STATION = "excluded"


def exclude(run: Run, problems: Collection[str], why: Mapping[str, Any]) -> None:
    """Takes the problems of these ids out of training, with everything that was told of them; keeps `why`."""
    if new := set(problems) - excluded(run):
        run.log(STATION, {"problems": sorted(new), "back": False, "why": dict(why)})


def restore(run: Run) -> int:
    """Lets everything be trained on again; how many problems came back."""
    if back := excluded(run):
        run.log(STATION, {"problems": sorted(back), "back": True, "why": {}})
    return len(back)


def excluded(run: Run) -> frozenset[str]:
    """The ids of the problems that are not trained on."""
    out: set[str] = set()
    for mark in run.logged(STATION):
        out = out.difference(mark["problems"]) if mark["back"] else out.union(mark["problems"])
    return frozenset(out)
