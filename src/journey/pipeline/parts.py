"""The problems of an experiment, in parts: drawn or read, checked against each other, stored with rated trees."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from journey import interrupts
from journey.data import choosing, prm800k, problems
from journey.data.curation import curate
from journey.data.importing import put_rated
from journey.data.pictures import Keep, only_name
from journey.data.problems import PARTS, TRAINED_PARTS
from journey.data.row_records import Imported
from journey.errors import UsageError
from journey.pipeline.fan_out import Progress, silent
from journey.pipeline.recipe import Problems, Recipe
from journey.pipeline.shard import read_shard
from journey.store import images
from journey.store.entries import Curation
from journey.store.excluded import exclude, excluded
from journey.store.run import Run
from journey.tasks.base import Task
from journey.tasks.hints import check_hints
from journey.tasks.table import TaskGrader, check_languages, task
from journey.thoughts.methods import METHODS
from journey.types import Problem

STORED = ("test", "validation", "phase1", "rl", "train")
"""The parts in the order of their storing: train is last and says that all of them are there."""


class Parts(NamedTuple):
    """The problems of each part, and how many of a file were dropped for which reason."""

    by_name: dict[str, list[Problem]]
    dropped: dict[str, int]


def store_problems(run: Run, recipe: Recipe, progress: Progress = silent) -> None:
    """Stores rated trees, and each part's problems, after checking that nothing tested on is trained on."""
    if recipe.shard is not None and (strays := _strays(run, recipe)):
        raise UsageError(
            f"{run.path} holds {strays} problems that are not in shard {recipe.shard}: give each shard a run of its "
            "own with --out, and name problems that were imported as problems.file"
        )
    if recipe.trees.prm800k:
        interrupts.run(_store_rated(run, recipe, progress))
    if not run.count("problems", split="train"):
        _store_parts(run, recipe)
    for number in new_rounds(recipe) if recipe.shard is None else ():
        if not run.count("problems", split=round_part(number)):
            run.put_all("problems", more_problems(recipe, number), split=round_part(number))


def new_rounds(recipe: Recipe) -> range:
    """The numbers of the rounds that have problems of their own."""
    return range(2, recipe.rounds.count + 1 if recipe.rounds.problems == "new" else 2)


def _store_parts(run: Run, recipe: Recipe) -> None:
    parts, dropped = make_problems(recipe, partial(images.put, run.path))
    for part in TRAINED_PARTS:
        choosing.disjoint(parts[part], [*parts["validation"], *parts["test"]])
    choosing.disjoint(parts["validation"], parts["test"])
    if dropped:
        run.add(Curation(dropped))
    for part in STORED:
        run.put_all("problems", parts[part], split=part)


async def _store_rated(run: Run, recipe: Recipe, progress: Progress) -> None:
    progress("import", 0, 1)
    with closing(TaskGrader()) as grader:
        found = await prm800k.read(recipe.trees.prm800k, grader, recipe.problems.train)
        kept = {problem.id for problem in of_shard(recipe, found.problems)}
        put_rated(run, Imported(
            [p for p in found.problems if p.id in kept], [t for t in found.trees if t.problem in kept],
            [one for one in found.listed if one.problem is None or one.problem in kept],
        ))  # fmt: skip
    progress("import", 1, 1)


def take_problems(of: Run, into: Run, source: str, ids: Collection[str] | None = None) -> None:
    """Puts a run's problems (null: all) into another, each into its part, with what is taken out of training.

    `source` is the name of the run that they come from. Those to train on are last: they say that all are there.
    """
    parts = {p.id: of.given("problems", p.id).get("split") for p in of.problems() if ids is None or p.id in ids}
    for part in sorted(set(parts.values()), key=lambda part: (part == "train", part or "")):
        found = [p for p in of.problems() if p.id in parts and parts[p.id] == part]
        images.take((name for p in found for name in p.images), of.path, into.path)
        into.put_all("problems", found, split=part)
    exclude(into, excluded(of), {"as in": source})


def of_shard(recipe: Recipe, problems: list[Problem]) -> list[Problem]:
    """Those of the problems to train on that the recipe's shard holds."""
    return problems if recipe.shard is None else read_shard(recipe.shard).among(problems)


def _strays(run: Run, recipe: Recipe) -> int:
    """How many problems to train on the run holds that the recipe's shard does not."""
    there = list(run.problems(split="train"))
    return len(there) - len(of_shard(recipe, there))


def make_problems(recipe: Recipe, keep: Keep = only_name) -> Parts:
    """The problems of each part, those to train on of the recipe's shard alone. Raises UsageError.

    `keep` gets the pictures of a file's problems. A problem in a language without prompts is refused here, before
    anything is asked, and so are problems of which none can be hinted at where thoughts need hints.
    """
    parts, dropped = _made(recipe, keep)
    check_languages(problem for found in parts.values() for problem in found)
    if recipe.thoughts.hinted and any(METHODS[name].unsolved for name in recipe.thoughts.methods):
        check_hints(parts["train"])
    return Parts(parts | {"train": of_shard(recipe, parts["train"])}, dropped)


def _made(recipe: Recipe, keep: Keep = only_name) -> Parts:
    """The problems of each part: drawn puzzles, or a file's, cut into parts by their content."""
    wanted = recipe.problems
    if wanted.file is None:
        rated = bool(recipe.trees.prm800k)  # they bring their problems
        return Parts({part: [] for part in PARTS} if rated else _drawn(task(recipe.task), wanted), {})
    found, dropped = _curated(recipe, wanted.file, keep)
    tests = [] if wanted.test_file is None else _read(recipe, wanted.test_file, keep)[: wanted.test]
    counts = {"phase1": wanted.phase1, "validation": wanted.validation, "rl": wanted.rl}
    counts["test"] = 0 if wanted.test_file is not None else wanted.test or 0
    if not any(counts.values()):
        return Parts(
            {part: list[Problem]() for part in PARTS} | {"train": found[: wanted.train], "test": tests}, dropped
        )
    counts["train"] = len(found) - sum(counts.values()) if wanted.train is None else wanted.train
    total = sum(counts.values())
    if total > len(found) or counts["train"] < 0:
        raise UsageError(f"{wanted.file} holds {len(found)} problems but {total} are asked for; lower problems.train")
    chosen = choosing.drawn(found, total, seed=0)
    parts: dict[str, list[Problem]] = {}
    for part in PARTS:
        parts[part], chosen = chosen[: counts[part]], chosen[counts[part] :]
    return Parts(parts | ({"test": tests} if wanted.test_file is not None else {}), dropped)


def more_problems(recipe: Recipe, number: int) -> list[Problem]:
    """As many problems as `train` has for the round of that number, which no part and no round before it has.

    Raises UsageError where the source holds no more.
    """
    parts, wanted = _made(recipe).by_name, recipe.problems
    each = len(parts["train"])
    used = {problem.id for of in parts.values() for problem in of}
    tested = {choosing.question_key(p) for name in ("validation", "test") for p in parts[name]}
    if wanted.file is None:
        source = _drawn(task(recipe.task), replace(wanted, train=number * each + wanted.rl))["train"]
    else:
        found, _ = _curated(recipe, wanted.file, only_name)
        source = choosing.drawn(found, len(found), seed=0)
    left = [p for p in source if p.id not in used and choosing.question_key(p) not in tested]
    found = left[(number - 2) * each : (number - 1) * each]
    if len(found) < each:
        raise UsageError(
            f"there are {len(left)} new problems for {number - 1} rounds of {each}; lower problems.train, or write "
            "rounds.problems: same"
        )
    return found


def round_part(number: int) -> str:
    """The part of a run's problems that only the round of that number grows trees of."""
    return f"round-{number}"


def _curated(recipe: Recipe, file: str, keep: Keep) -> tuple[list[Problem], dict[str, int]]:
    """The problems of a file that pass the recipe's rules, and how many were dropped for which reason."""
    found = _read(recipe, file, keep)
    if recipe.problems.curate is None:
        return found, {}
    curated = curate(found, recipe.problems.curate)
    return list(curated.kept), {reason: len(ids) for reason, ids in curated.dropped.items()}


def _read(recipe: Recipe, file: str, keep: Keep) -> list[Problem]:
    found = problems.load_for(task(recipe.task), file, split=recipe.problems.split, keep=keep)
    return problems.in_language(found, recipe.problems.language)


def _drawn(kind: Task, wanted: Problems) -> dict[str, list[Problem]]:
    """Problems drawn by the task's rule; validation and test are of those held out from every training."""
    settings, train, test = wanted.puzzles, wanted.train or 0, wanted.test or 0
    if not any((wanted.phase1, train, wanted.rl, wanted.validation, test)):
        return {part: [] for part in PARTS}
    if kind.draw is None:
        raise UsageError(f"problems of the task {kind.name} are not drawn; name their file as problems.file")
    first = kind.draw("train", wanted.phase1 + train + wanted.rl, 0, settings, held_out=False)
    tests = kind.draw("test", wanted.validation + test, 0, settings, held_out=True)
    return {
        "phase1": first[: wanted.phase1],
        "train": first[wanted.phase1 : wanted.phase1 + train],
        "rl": first[wanted.phase1 + train :],
        "validation": tests[: wanted.validation],
        "test": tests[wanted.validation :],
    }
