"""journey eval judges: what judges say of labelled steps, against the labels."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from journey import interrupts
from journey.commands.loading import paying, telling_spent
from journey.commands.options import Json, Limit, MaxCalls, MaxCost, MaxTokens, Prices, Seed, Set
from journey.commands.output import say
from journey.commands.progress import Bars
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.data.step_labels import is_prm800k, load, load_prm800k, of_trees
from journey.errors import UsageError
from journey.evals.judging import JudgingSettings, judge_set, measure, to_json
from journey.judges.base import Judge
from journey.judges.kinds import default_settings
from journey.judges.rollout import RolloutJudge
from journey.pipeline import recipe, registry
from journey.report.build import write
from journey.report.judges import document
from journey.report.render import terminal
from journey.store.run import Run
from journey.tasks.labelled import LabelledSet
from journey.tasks.table import TASKS

DRAWN = 200  # Countdown solutions, where no limit is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What --set can set: how judgements are counted, and how judges that ask models ask them."""

    judging: JudgingSettings = JudgingSettings()
    judge_settings: Mapping[str, Any] = field(default_factory=default_settings)
    strong: str = registry.TINY
    in_flight: int = 64

    def __post_init__(self) -> None:
        if self.in_flight < 1:
            raise UsageError("in_flight counts the solutions that are judged at a time, from 1")


@dataclass(slots=True)
class Remembered:
    """Model calls kept for as long as the command runs."""

    known: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def call(self, key: str) -> list[dict[str, Any]] | None:
        """What was answered, null where it was never asked."""
        return self.known.get(key)

    async def put_call(self, key: str, completions: list[dict[str, Any]], patience: float) -> None:
        """Keeps what was answered."""
        self.known[key] = completions


def eval_judges(
    judge: Annotated[
        list[str],
        typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, recorded:FILE#MODEL, ...", metavar="NAME"),
    ],
    on: Annotated[
        list[str],
        typer.Option(
            "--on", help="A file of labelled steps, a folder of them, a run, countdown or maze.", metavar="SET"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Keeps model calls, figures and pictures there.", metavar="DIR")
    ] = None,
    limit: Limit = None,
    seed: Seed = None,
    settings: Set = None,
    json: Json = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Judge the judges on labelled steps.

    For every judge on every set: step F1, accuracy of the first wrong step and its harmonic mean over right and wrong
    solutions, AUC, calibration, each with its 95 % interval. --judge and --on may be given again. Settings: --set
    judging.combine=product, rollout.n=16, critic.votes=3, ...
    """

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return _eval_judges(judge, on, out, limit, seed, settings or (), allowance, json)


def _eval_judges(
    names: Sequence[str],
    on: Sequence[str],
    out: Path | None,
    limit: int | None,
    seed: int | None,
    settings: Sequence[str],
    allowance: Allowance,
    json: bool,
) -> int:
    """Every judge on every set; with `out` model calls, figures and pictures are kept there."""
    chosen = recipe.typed(Settings, recipe.overridden(settings), "eval judges")
    for name in names:
        registry.check_names([], name, strong=chosen.strong)
    tracker = allowance.tracker()
    with ExitStack() as stack:
        bars = stack.enter_context(Bars(silent=json, note=lambda: note(tracker)))
        sets = [one for place in on for one in _sets(place, limit, seed or 0)]
        into = None if out is None else stack.enter_context(Run.open(out))
        models = registry.Models(into or Remembered(), tracker)
        made = [models.judge(name, chosen.strong, chosen.judge_settings) for name in names]
        work = _all(made, sets, chosen, bars)
        results = interrupts.run(
            _closing(models, telling_spent(tracker, work)) if into is None else paying(into, models, tracker, work)
        )
    data = {
        "judges": list(names),
        "sets": [{"set": s.name, "solutions": len(s.items), "finds": s.bad, "skipped": dict(s.skipped)} for s in sets],
        "results": results,
        "spent": spent_rows(tracker),
    }
    kept = list[str]()
    if out is not None:
        (folder := out / "judges").mkdir(parents=True, exist_ok=True)
        write(folder, "judges", data, document(data["results"]))
        kept = [f"figures and pictures: {folder}"]
    say(
        json,
        data,
        terminal(document(data["results"]), turned=True),
        *kept,
        *(f"{name}: {value}" for name, value in spent_lines(tracker)),
    )
    return 1 if any(row["failed"] for row in results) else 0


async def _closing(models: registry.Models, work: Any) -> list[dict[str, Any]]:
    try:
        return await work
    finally:
        await models.close()


async def _all(
    made: Sequence[Judge], sets: Sequence[LabelledSet], chosen: Settings, bars: Bars
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for labelled in sets:
        for judge in made:
            before = _cost(judge)
            told = bars.of(judge.name)
            judged = await judge_set(
                judge, labelled.items, in_flight=chosen.in_flight,
                progress=lambda done, total, told=told, name=labelled.name: told(name, done, total),
            )  # fmt: skip
            cost = {name: value - before[name] for name, value in _cost(judge).items()}
            row = {"judge": judge.name, "set": labelled.name, **to_json(measure(labelled, judged, chosen.judging))}
            rows.append(row | {"cost": cost or None, "failed": dict(judged.failed)})
    return rows


def _cost(judge: Judge) -> dict[str, int]:
    """What the labels of a judge that says so came to."""
    if not isinstance(judge, RolloutJudge):
        return {}
    return {name: getattr(judge.cost, name) for name in judge.cost.__slots__}


def _sets(place: str, limit: int | None, seed: int) -> list[LabelledSet]:
    """The sets that a name means: a task's made here, a run's judged trees, a file, or all such files of a folder."""
    path = Path(place)
    if place in TASKS and not path.exists() and (labelled_set := TASKS[place].labelled_set) is not None:
        return [labelled_set(limit or DRAWN, seed)]
    if (path / "run.db").is_file():
        return [_of_run(path, limit)]
    if path.is_dir():
        found = [one for file in sorted(path.iterdir()) if (one := _of_file(file, limit, must=False)) is not None]
        if not found:
            raise UsageError(f"{path} holds no files of labelled steps")
        return found
    found = _of_file(path, limit, must=True)
    return [] if found is None else [found]


def _of_file(path: Path, limit: int | None, *, must: bool) -> LabelledSet | None:
    """The set in a file; null where it holds none and need not."""
    try:
        if is_prm800k(path):
            return interrupts.run(load_prm800k(path, limit))
        return load(path, limit)
    except UsageError as error:
        if must:
            raise
        print(f"left out: {error}", file=sys.stderr)
        return None


def _of_run(path: Path, limit: int | None) -> LabelledSet:
    with Run.read(path) as of:
        problems = {p.id: p for p in of.problems()}
        trees = [t for t in of.trees() if t.problem in problems][:limit]
    found = of_trees(path.name, ((problems[tree.problem], tree) for tree in trees))
    if not found.items:
        raise UsageError(f"{path} holds no trees with judged steps; grow some with journey grow --out {path}")
    return found
