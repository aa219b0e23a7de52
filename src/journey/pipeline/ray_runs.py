"""Problems of a run worked on by a Ray cluster: each worker a small run in memory, whose writes come back.

One process, the one that gave the command, writes the run. A batch of problems is done there as a shard is: with what
the run holds of them, by the functions that do it everywhere.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

from journey.errors import BudgetReached, UsageError
from journey.models.budget import BudgetTracker, Usage
from journey.pipeline.derive import counts_of
from journey.pipeline.fan_out import Progress
from journey.pipeline.ray_cluster import RaySettings
from journey.pipeline.ray_workers import DEATHS, spread
from journey.pipeline.stages import refuse_retrained
from journey.store.database import commit, memory_database
from journey.store.entries import ENTRIES, Entry, Failure, JudgeWeights, Refusals
from journey.store.reader import CALLS
from journey.store.run import Run
from journey.store.schema import TABLES, Rows, Value, Write, dumps, opened, sealed
from journey.tasks.code import permission
from journey.types import Problem, Record

Work = Callable[[Sequence[Problem]], Awaitable[object]]
KILLED = f"it ended its worker {DEATHS} times"


class Unit(NamedTuple):
    """A problem in its part of the run, and what the work reads of it: records by table, and entries."""

    problem: Problem
    split: Value
    records: Mapping[str, Sequence[Record]] = {}
    entries: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is given: `begin`, that can be imported, makes its work of a small run and a tracker.

    That run has the settings `config`, the `files` by their paths in it, and `entries` beside those of each unit. The
    work is given the problems of a batch; what it returns comes back. `path` is the folder of the run that is written,
    `cwd` where paths begin that are not whole, on nodes that have it.
    """

    begin: Callable[[Run, BudgetTracker], Work]
    path: Path
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    entries: Sequence[Entry] = ()
    runs_code: bool = field(default_factory=permission.is_granted)
    cwd: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch came to: the writes, what each model used, ids of problems that failed, and what the work returned.

    `judges` are the weights that judges and models had, `refusals` why there were no thoughts.
    """

    writes: list[Write]
    used: dict[str, Usage]
    failed: set[str]
    judges: list[JudgeWeights]
    refusals: list[Refusals]
    result: Any


def batch_worker(order: Order) -> Callable[[Sequence[Unit]], Done]:
    """The function of a worker, with its models loaded."""
    return _Batches(order).do


class _Batches:
    """A run in memory that forgets each batch, and one event loop for all of them, which models hold on to."""

    def __init__(self, order: Order) -> None:
        self.order, self.writes, self.tracker = order, list[Write](), BudgetTracker()
        if order.runs_code:
            os.environ[permission.VARIABLE] = "1"
        if order.cwd.is_dir():
            os.chdir(order.cwd)
        folder = Path(mkdtemp(prefix="journey-ray-"))
        self.connection = memory_database()
        commit(self.connection, folder, [("meta", [sealed("config", dumps(order.config))])])
        self.run = Run(folder, self.connection, self._keep)
        for name, data in order.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        self.work = order.begin(self.run, self.tracker)
        self.loaded = [self._at_home(entry) for entry in self._taken(JudgeWeights)]
        self.loop = asyncio.Runner()

    def do(self, units: Sequence[Unit]) -> Done:
        """What a batch of problems comes to."""
        before = self.tracker.spent()
        for unit in units:
            self.run.put_all("problems", [unit.problem], split=unit.split)
            for table, records in unit.records.items():
                given = {"split": unit.split} if "split" in TABLES[table].given else {}
                self.run.put_all(table, records, **given)
        self.run.add(*self.order.entries, *(entry for unit in units for entry in unit.entries))
        self.writes.clear()
        result = self.loop.run(self._work([unit.problem for unit in units]))
        used = {model: now - before.get(model, Usage()) for model, now in self.tracker.spent().items()}
        failed = {entry.problem for entry in self._taken(Failure, keep=True)}
        judges = [*self.loaded, *(self._at_home(entry) for entry in self._taken(JudgeWeights))]
        done = Done([*self.writes], used, failed, judges, self._taken(Refusals), result)
        for table in (*TABLES, *(kind.name for kind in ENTRIES.values()), CALLS):
            self.connection.execute(f"DELETE FROM {table}")
        return done

    async def _work(self, problems: Sequence[Problem]) -> object:
        return await self.work(problems)

    def _taken(self, kind: type[Any], *, keep: bool = False) -> list[Any]:
        """The entries of a kind among the writes, which are no writes any more unless they are kept."""
        name = ENTRIES[kind].name
        found = [kind(**opened(row)) for table, rows in self.writes if table == name for row in rows]
        if not keep:
            self.writes = [write for write in self.writes if write[0] != name]
        return found

    def _at_home(self, entry: JudgeWeights) -> JudgeWeights:
        """The weights by the paths that they have where the run is written."""
        here, there = str(self.run.path), str(self.order.path)
        weights = {path.replace(here, there, 1) if path.startswith(here) else path: of
                   for path, of in entry.weights.items()}  # fmt: skip
        return JudgeWeights(entry.judge, weights, entry.called)

    def _keep(self, writes: Iterable[Rows]) -> None:
        made = [(name, list(rows)) for name, rows in writes]
        commit(self.connection, self.run.path, made)
        self.writes += made


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cluster does of a run: the `order`, how the work is `shown`, and the failures of a unit that is given up.

    `mark` names a problem that is done, by its id and by those of what its batch made of it; null: what is done is seen
    in the records.
    """

    order: Order
    shown: str
    failures: Callable[[Unit, str], Sequence[Failure]]
    mark: Callable[[str, Iterable[Rows]], str] | None = None


async def work_on_cluster(
    run: Run, plan: Plan, settings: RaySettings, units: Iterable[Unit], number: int, progress: Progress,
    tracker: BudgetTracker,
) -> tuple[int, list[Any]]:  # fmt: skip
    """Has the units done, `number` in all, and stores what comes back, a batch a commit.

    How many problems failed, and what the work returned of each batch. A reached budget is noticed between batches:
    those under way come on top of it. Raises UsageError, BudgetReached, ClusterLost.
    """
    done = failed = 0
    results: list[Any] = []
    before: dict[str | None, list[Failure]] = {}
    for failure in run.failures():
        before.setdefault(failure.problem, []).append(failure)
    progress(plan.shown, 0, number)

    def known() -> Iterable[Unit]:
        for unit in units:
            if unit.problem.images:
                raise UsageError(
                    "pictures are not sent over Ray; leave --ray away, or give each machine a --shard of the run"
                )
            yield unit._replace(entries=[*unit.entries, *before.get(unit.problem.id, ())])

    def wait() -> None:
        progress("waits for free cores of the cluster", done, number)

    async with aclosing(spread(settings, batch_worker, plan.order, known(), wait)) as batches:
        async for batch, found in batches:
            done += len(batch)
            if found is None:
                failed += len(batch)
                run.add(*(failure for unit in batch for failure in plan.failures(unit, KILLED)))
            else:
                failed += len(found.failed)
                results.append(found.result)
                _store(run, plan, batch, found)
                for name, used in found.used.items():
                    tracker.add(name, used)
            progress(plan.shown, done, number)
            if (reached := tracker.reached()) is not None:
                raise BudgetReached(reached)
    return failed, results


def _store(run: Run, plan: Plan, batch: Sequence[Unit], found: Done) -> None:
    """Stores what a batch came to, in one commit."""
    for entry in found.judges:
        for called in entry.called:
            refuse_retrained(run, entry.judge, entry.weights, called)
    well = [unit for unit in batch if unit.problem.id not in found.failed]
    unfailed = ("unfail", [(one.stage, one.unit) for unit in well for one in plan.failures(unit, "")])
    counts = dumps(list(map(asdict, found.refusals)))
    marked: list[Any] = []
    if plan.mark is not None:  # the counts of the batch stand in its first mark
        names = [plan.mark(unit.problem.id, found.writes) for unit in well]
        marked = [sealed(name, "[]" if place else counts) for place, name in enumerate(names)]
    run.apply([*found.writes, ("call", marked), unfailed])


def add_refusals(run: Run, methods: Iterable[str], marks: Iterable[str]) -> None:
    """Adds up why methods gave no thoughts, from the marks of all that is done."""
    refused, without = dict[str, Counter[str]](), dict[str, Counter[str]]()
    for mark in marks:
        for counts in run.call(mark) or ():
            refused.setdefault(counts["method"], Counter()).update(counts["refused"])
            without.setdefault(counts["method"], Counter()).update(counts["no_thought"])
    for method in methods:
        now = Refusals(method, dict(refused.get(method, {})), dict(without.get(method, {})))
        if now != counts_of(run, method):
            run.add(now)


def model_files(run: Run, name: str) -> dict[str, bytes]:
    """The files of a model of the run by their paths in it; empty where the run has no model of that name."""
    models, folder = run.path / "models", run.path / "models" / name
    if models not in folder.parents:  # another folder, by its whole path
        return {}
    return {str(f.relative_to(run.path)): f.read_bytes() for f in folder.glob("*") if f.is_file()}


def records_of(run: Run, table: str, problem: str, **where: Value) -> list[Record]:
    """What the run holds of a problem in a table."""
    found = [run.get(table, id) for id in sorted(run.ids(table, problem=problem, **where))]
    return [one for one in found if one is not None]
