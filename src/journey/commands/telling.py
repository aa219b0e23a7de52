"""journey derive: every tree with a right leaf told as a shortcut and as a long thought."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from journey import build
from journey.commands.said import all_problems, say, sheet, writing
from journey.commands.training_rows import task_of
from journey.errors import UsageError
from journey.progress import Bars
from journey.recipe import Telling, typed
from journey.stations import all_thoughts
from journey.store.run import Run
from journey.store.settings import differences
from journey.trees.mark import no_thought_reason
from journey.types import Problem, Thought, Tree

STATION = "derive"
AT_ONCE = 200  # trees told in one commit


def derive(
    path: Path,
    method: str,
    trials: int | None,
    start: Literal["path", "root"] | None,
    per_tree: int,
    neutral: bool | None,
    seed: int,
    json: bool,
) -> int:
    """Tells what is not told yet. Raises UsageError where the run was told with other settings, or nothing can be."""
    with writing(path) as into, Bars(silent=json) as bars:
        asked = {p.id: p for p in all_problems(into)}
        task = task_of(asked.values())
        telling = _telling(into, trials, start, neutral)
        methods = ("shortcut", "traverse") if method == "both" else (method,)
        _refuse_other_settings(into, path, {m: _settings(m, telling, per_tree, seed) for m in methods})
        told, reasons = _tell(into, asked, task, telling, seed, per_tree, methods, bars)
    number = told.pop("trees", 0)
    if not number:
        why = f" ({'; '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""
        raise UsageError(
            f"none of {reasons.total()} trees in {path} has a right leaf{why}, so there is nothing to tell; grow more "
            "or wider trees, or with a better model"
        )
    data = {"run": str(path), "trees_told": number, "thoughts": told, "no_thought": dict(reasons.most_common())}
    lines = [("trees told", number), *((f"  thoughts by {m}", n) for m, n in told.items())]
    lines.append(("trees that gave no thought", reasons.total()))
    say(json, data, sheet(path, [*lines, *((f"  {reason}", n) for reason, n in reasons.most_common())]))
    return 0


def _telling(into: Run, trials: int | None, start: Literal["path", "root"] | None, neutral: bool | None) -> Telling:
    """The recipe's way of telling where the run has one, else the report's; flags beat both."""
    kept: dict[str, Any] = into.config.get("recipe", {}).get("telling", {})
    telling = typed(Telling, kept, f"the settings of {into.path}")
    way = telling.traverse
    if trials is not None:
        way = replace(way, trials=trials, trials_by_depth=None, vary=False)
    if start is not None:
        way = replace(way, start=start)
    return Telling(traverse=way, neutral=telling.neutral if neutral is None else neutral)


def _settings(method: str, telling: Telling, per_tree: int, seed: int) -> dict[str, Any]:
    """What decides the thoughts of a method."""
    common = {"per_tree": per_tree, "neutral": telling.neutral}
    return common if method == "shortcut" else {**common, **asdict(telling.traverse), "seed": seed}


def _refuse_other_settings(into: Run, path: Path, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Both arms need one thought a tree from the same rule, so a run is told in one way only."""
    if into.ids("thoughts") - into.ids("thoughts", arm=None):
        raise UsageError(
            f"the thoughts of {path} were told by journey run; take its trees into another run with journey export and "
            "journey import to tell them otherwise"
        )
    before = {entry["method"]: entry["settings"] for entry in into.logged(STATION)}
    for method, settings in wanted.items():
        changed = differences(before.get(method, {}), settings)
        if changed and not into.ids("thoughts", method=method):
            into.log(STATION, {"method": method, "settings": settings})
        elif changed:
            raise UsageError(
                f"the thoughts by {method} in {path} were told with other settings ({'; '.join(changed)}); give the "
                "old ones again, or take the trees into another run with journey export and journey import"
            )


def _tell(
    into: Run,
    asked: Mapping[str, Problem],
    task: build.Task,
    telling: Telling,
    seed: int,
    per_tree: int,
    methods: tuple[str, ...],
    bars: Bars,
) -> tuple[Counter[str], Counter[str]]:
    """How many trees were told and thoughts made by method, and why the other trees gave none."""
    told: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    waiting: list[Thought] = []
    total = into.count("trees")
    if not total:
        raise UsageError(f"{into.path} holds no trees; grow some with journey grow, or import some")
    for number, tree in enumerate(into.all("trees"), 1):
        assert isinstance(tree, Tree)
        if tree.problem not in asked:
            raise UsageError(f"{into.path} lacks problem {tree.problem} of a tree; import the problems too")
        if (reason := no_thought_reason(tree, telling.neutral)) is not None:
            reasons[reason] += 1
        else:
            made = all_thoughts(tree, asked[tree.problem], task, telling, seed, per_tree)
            waiting += [thought for thought in made if thought.method in methods]
            told["trees"] += 1
        if number % AT_ONCE == 0 or number == total:
            into.put_all("thoughts", waiting)
            told.update(thought.method for thought in waiting)
            waiting.clear()
            bars(STATION, "tell trees", number, total)
    return told, reasons
