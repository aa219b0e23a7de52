"""Several runs as one, by content: each record once however many runs hold it, and refused where two differ."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from typing import Any

from journey.errors import UsageError
from journey.store.entries import (
    ENTRIES,
    Entry,
    Exclusion,
    Failure,
    JudgeWeights,
    MethodSettings,
    Refusals,
    Round,
    Spending,
)
from journey.store.reader import CALLS
from journey.store.run import Run
from journey.store.schema import TABLES, Row, Rows, encode_entry


def union(into: Run, sources: Sequence[Run], only: Collection[str] | None = None) -> Iterator[Rows]:
    """The writes that bring what the sources hold into a run; `only` what is of these problems, null: everything.

    Rows are read one at a time, in the order of their names. Raises UsageError for a record that two of the runs hold
    with different contents. A call that models answered differently keeps the first answer.
    """
    runs = [into, *sources]
    for name, table in TABLES.items():
        place = ("id", *table.columns).index("id" if name == "problems" else "problem")
        rows = _once(runs, name)
        yield name, rows if only is None else (row for row in rows if row[place] in only)
    yield "call", _once(runs, CALLS)
    for kind in ENTRIES:
        found = _spending(into, sources) if kind is Spending else _entries(into, sources, kind, only)
        yield ENTRIES[kind].name, map(encode_entry, found)
    done = (one for one in into.failures() if any(_has_done(run, one) for run in sources))
    yield "unfail", ((one.stage, one.unit) for one in done)


def _once(runs: Sequence[Run], table: str) -> Iterator[Row]:
    """The rows of a table, by their names, each once. Raises UsageError where two runs hold another one by a name."""
    last: tuple[Any, int, Row] | None = None
    for found in merge(*(_numbered(run, number, table) for number, run in enumerate(runs))):
        name, number, row = found
        if last is None or name != last[0]:
            last = found
            yield row
        elif row != last[2] and table in TABLES:
            raise UsageError(
                f"{table} {name} is not the same in {runs[last[1]].path} and {runs[number].path}, so they do not "
                "belong together: leave one of them out, or make it anew; nothing was written"
            )


def _numbered(run: Run, number: int, table: str) -> Iterator[tuple[Any, int, Row]]:
    return ((row[0], number, row) for row in run.rows(table))


def _spending(into: Run, sources: Sequence[Run]) -> Iterator[Spending]:
    """What `into` does not know of each run's spending: of several copies of one run's list the longest counts."""
    lists: dict[str, list[Spending]] = {}
    known = Counter(entry.run or into.uid for entry in into.entries(Spending))
    for run in sources:
        own: dict[str, list[Spending]] = {}
        for entry in run.entries(Spending):
            own.setdefault(entry.run or run.uid, []).append(replace(entry, run=entry.run or run.uid))
        lists |= {uid: rows for uid, rows in own.items() if len(rows) > len(lists.get(uid, ()))}
    return (entry for uid, rows in lists.items() for entry in rows[known[uid] :])


def _entries(into: Run, sources: Sequence[Run], kind: type[Any], only: Collection[str] | None) -> list[Entry]:
    """The entries of a kind that `into` lacks: of the named ones the first of a name, of the others each once."""
    columns = ENTRIES[kind].columns[: ENTRIES[kind].keyed]
    found: dict[Any, Any] = {}
    kept: dict[Any, Any] = {}
    where: dict[Any, Run] = {}
    if kind is Refusals and only is not None:
        return []  # they are of all problems together
    for run in (into, *sources):
        for entry in run.entries(kind):
            if only is not None and isinstance(entry, Exclusion | Failure) and entry.problem not in only:
                continue
            name = tuple(getattr(entry, column) for column in columns) or encode_entry(entry)
            before = found.setdefault(name, entry)
            at = where.setdefault(name, run)
            if run is into:
                kept[name] = entry
            elif run is not at:
                found[name] = _joined(before, entry, at, run, from_here=at is into)
    new = [entry for name, entry in found.items() if entry is not kept.get(name)]
    runs = (into, *sources)
    return [one for one in new if not (isinstance(one, Failure) and any(_has_done(run, one) for run in runs))]


def _joined(before: Any, entry: Any, at: Run, run: Run, *, from_here: bool) -> Any:
    """Two entries of one name as one. Raises UsageError where they must be the same and are not."""
    match before:
        case Refusals() if not from_here:  # of different problems: the counts add up
            refused, without = Counter(before.refused), Counter(before.no_thought)
            refused.update(entry.refused)
            without.update(entry.no_thought)
            return Refusals(before.method, dict(refused), dict(without))
        case JudgeWeights() if sorted(before.weights.values()) == sorted(entry.weights.values()):  # wherever they lie
            return replace(before, called=sorted({*before.called, *entry.called}))
        case JudgeWeights() | MethodSettings() | Round() if before != entry:
            name = " ".join(str(getattr(entry, column)) for column in ENTRIES[type(entry)].columns)
            raise UsageError(
                f"{ENTRIES[type(entry)].name.replace('_', ' ')} of {name} are not the same in {at.path} and "
                f"{run.path}, so they do not belong together: leave one of them out; nothing was written"
            )
        case _:
            return before


def _has_done(run: Run, failure: Failure) -> bool:
    """Whether the run holds what another one could not do."""
    problem, model = failure.problem, failure.model
    if problem is None or (model is None and failure.judge is None):
        return False
    if failure.decoding is not None:
        return bool(run.ids("attempts", problem=problem, model=model, decoding=failure.decoding))
    by = {"policy": model} if model is not None else {"judge": failure.judge}
    return bool(run.ids("trees", problem=problem, **by))
