"""What can be compared: the models of the opened runs, and their sets of thoughts; counted by the facts' SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from journey.metrics.accuracy import Interval, share_over_seeds, wilson
from journey.metrics.paired import Compared, Rights, compared, shared
from journey.pipeline.arms import ARMS
from journey.pipeline.outcome import SAMPLED
from journey.studio.reading import Lists, lists_of

MOST = 40  # sides in one table
CHANGES = ("same", "fixed", "broke")  # what the second model did: its right minus the first's is 0, 1, -1


@dataclass(frozen=True, slots=True)
class Side:
    """A model, or an arm with a model in each seed, by one way of decoding in one run; only first samples count.

    `name` is the arm's; `tried` and `right` count attempts over all seeds, `tokens` is their mean length in output.
    """

    run: str
    name: str
    decoding: str
    models: Mapping[int, str]
    tried: int
    right: int
    tokens: float

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in an address."""
        return self.run, self.name, self.decoding


@dataclass(frozen=True, slots=True)
class Thoughts:
    """The thoughts of one method, its `name`, in a run; lengths are means a thought."""

    run: str
    name: str
    thoughts: int
    problems: int
    letters: float
    trials: float
    refined: int

    @property
    def key(self) -> tuple[str, str]:
        """What names it in an address."""
        return self.run, self.name


def parts(runs: Mapping[str, Path]) -> list[str]:
    """The parts of the problems that were attempted, the test problems first; "" is that of no name."""
    found = {row[0] for path in runs.values() for row in lists_of(path).figure(_PARTS)}
    return sorted(found, key=lambda part: (part != "test", part))


_PARTS = "SELECT DISTINCT coalesce(split, '') FROM attempts WHERE sample = 0"
_SIDES = (
    "SELECT model, arm, seed, decoding, count(*) AS n, sum(outcome = 'right') AS rights, avg(tokens) AS tokens"
    " FROM attempts WHERE sample = 0 AND coalesce(split, '') = ? GROUP BY model, arm, seed, decoding"
)
_RIGHTS = (  # one text that is read at once: a row each takes ten times as long
    "SELECT json_group_object(problem, json(iif(outcome = 'right', 'true', 'false'))) FROM attempts"
    " WHERE model = ? AND decoding = ? AND sample = 0 AND coalesce(split, '') = ?"
)
_OF_THOUGHTS = (
    "SELECT method, count(*) AS n, count(DISTINCT problem) AS problems, avg(letters) AS letters, avg(trials) AS trials,"
    " sum(refined) AS refined FROM thoughts GROUP BY method ORDER BY method"
)


def sides(runs: Mapping[str, Path], part: str) -> list[Side]:
    """What attempted that part of the problems, run by run, arms in the report's order."""
    found: list[Side] = []
    for run, path in runs.items():
        groups: dict[tuple[str, str], list[Any]] = {}
        for row in lists_of(path).figure(_SIDES, (part,)):
            groups.setdefault((row["arm"], row["decoding"]), []).append(row)
        made = [_side(run, arm, decoding, rows) for (arm, decoding), rows in groups.items()]
        found += sorted(made, key=lambda s: (s.decoding != SAMPLED, s.decoding, _rank(s.name), s.name))
    return found


def _side(run: str, arm: str, decoding: str, rows: Sequence[Any]) -> Side:
    tried = sum(row["n"] for row in rows)
    models = {row["seed"]: row["model"] for row in rows}
    tokens = sum(row["n"] * row["tokens"] for row in rows) / tried
    return Side(run, arm, decoding, models, tried, sum(row["rights"] for row in rows), tokens)


def _rank(arm: str) -> int:
    return list(ARMS).index(arm) if arm in ARMS else len(ARMS)


def rights(lists: Lists, side: Side, part: str) -> dict[int, Rights]:
    """Whether each problem's first answer is right, by seed."""
    newest = lists.newest("attempts")
    return {seed: _rights(lists, newest, model, side.decoding, part) for seed, model in side.models.items()}


@lru_cache(maxsize=48)
def _rights(lists: Lists, newest: int, model: str, decoding: str, part: str) -> Rights:
    return json.loads(lists.figure(_RIGHTS, (model, decoding, part))[0][0])


def accuracy(side: Side, of: Mapping[int, Rights]) -> Interval:
    """The accuracy with its interval: Wilson's of one seed, over seeds and problems of several."""
    if len(of) == 1:
        return wilson(side.right, side.tried)
    return share_over_seeds([{p: float(right) for p, right in one.items()} for one in of.values()])


def against(first: Mapping[int, Rights], second: Mapping[int, Rights]) -> Compared | None:
    """The second against the first, null where they share no problem."""
    seeds = [(x, y) for _, x, y in shared(first, second)]
    return compared(seeds) if seeds else None


def changed(first: Mapping[int, Rights], second: Mapping[int, Rights]) -> dict[str, list[tuple[str, int]]]:
    """The problems that were fixed, broke or stayed the same, with the first's seed, in the order of their ids."""
    found: dict[str, list[tuple[str, int]]] = {change: [] for change in CHANGES}
    for seed, x, y in shared(first, second):
        for p in sorted(x.keys() & y.keys()):
            found[CHANGES[y[p] - x[p]]].append((p, seed))
    return found


def sides_of_thoughts(runs: Mapping[str, Path]) -> list[Thoughts]:
    """The sets of thoughts of all runs."""
    return [
        Thoughts(run, row["method"], row["n"], row["problems"], row["letters"], row["trials"], row["refined"])
        for run, path in runs.items()
        for row in lists_of(path).figure(_OF_THOUGHTS)
    ]


def thoughts_of(lists: Lists, method: str, problem: str | None = None) -> dict[str, str]:
    """The first thought of a method about each problem, or that one: problem -> thought, in the order of problems."""
    only = "" if problem is None else " AND problem = ?"
    query = f"SELECT problem, min(id) FROM thoughts WHERE method = ?{only} GROUP BY problem ORDER BY problem"
    return {row[0]: row[1] for row in lists.figure(query, (method,) if problem is None else (method, problem))}
