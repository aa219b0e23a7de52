"""A run as a release: data, models, report, the commands that make it again, and checksums; whole or not there."""

import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from errno import EEXIST, ENOTEMPTY
from pathlib import Path
from typing import Any

import yaml

from journey.errors import UsageError
from journey.models.weights import folder_hash
from journey.pipeline.arms import compared
from journey.pipeline.kept_recipe import readable_recipe, version_of
from journey.pipeline.recipe import Recipe
from journey.pipeline.recipe_reading import short_recipe
from journey.pipeline.registry import is_served, judge_is_served
from journey.report.build import write
from journey.report.example import choose
from journey.report.figures import figures
from journey.report.portable import SERVER, Guard, as_json, portable
from journey.report.release_data import Chosen, write_data
from journey.report.release_data_card import Rights, data_card, licence_of
from journey.report.release_models import base_name, model_card, write_model
from journey.report.tables import document
from journey.report.wording import gain_lines
from journey.store.entries import Training
from journey.store.files import NOT_ALLOWED
from journey.store.run import Run
from journey.tasks.table import TASKS

MANIFEST, SUMS, COMMANDS, RECIPE = "release.json", "SHA256SUMS", "make_again.sh", "recipe.yaml"
NO_RECIPE = "the run was made command by command and keeps no recipe"
MAKERS = ("journey-learning", "torch", "transformers", "trl", "safetensors", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOptions:
    """What goes in. `seed` null: the run's first; `arms` null: the two that are compared; `dtype` null: as trained."""

    seed: int | None = None
    arms: Sequence[str] | None = None
    dtype: str | None = None
    rights: Rights = Rights()


def release(run: Run, to: Path, options: ReleaseOptions) -> dict[str, Any]:
    """Writes the release of a run into a new folder and gives what its release.json says.

    The same run, options and versions give the same bytes. Raises UsageError for a folder that holds something, for a
    seed or an arm that the run has no model of, and where something of this machine would get out; nothing is written
    then.
    """
    refuse_taken(to)
    half = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        half.mkdir(parents=True)
        found = _write(run, half, options)
        os.replace(half, to)
    except OSError as error:
        if error.errno in (EEXIST, ENOTEMPTY):
            raise UsageError(f"{to} was made by another command meanwhile; give another folder with --to") from error
        if error.errno not in NOT_ALLOWED:
            raise
        raise UsageError(f"{to} may not be written ({error.strerror}); give another folder with --to") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return found


def refuse_taken(to: Path) -> None:
    """Raises UsageError where something stands at the place of a new folder."""
    if to.is_symlink() or (to.exists() and not to.is_dir()):
        raise UsageError(f"{to} is a file; give a folder that is not there yet with --to")
    if to.is_dir() and any(to.iterdir()):
        raise UsageError(f"{to} holds something already; remove it, or give another folder with --to")


def _write(run: Run, folder: Path, options: ReleaseOptions) -> dict[str, Any]:
    guard, chosen = Guard(run.path), _chosen(run, options)
    problems = list(run.problems())
    licence = licence_of(problems, options.rights)
    models: dict[str, Any] = {}
    for arm, source in _models(chosen, options).items():
        place = folder / "models" / arm
        facts = write_model(chosen, arm, source, place, options.dtype, guard)
        _text(place / "README.md", model_card(chosen, arm, facts, place, options.dtype, licence), guard)
        models[arm] = {**facts, "weights": folder_hash(place)}
    sizes = write_data(chosen, _made(folder / "data"), guard)
    again = _commands(chosen, folder, options, guard)
    left_out = _left_out(chosen, models, options)
    card = data_card(chosen, sizes, options.rights, left_out, again, made_with(run)["prompts"])
    _text(folder / "data" / "README.md", card, guard)
    figured = _report(chosen, _made(folder / "report"), guard)
    found = {
        "schema": 1, "run": run.path.name, "seed": chosen.seed, "dtype": options.dtype, "licence": licence,
        "sources": dict(options.rights.sources), "base": base_name(chosen), "data": sizes, "models": models,
        "left_out": left_out, "settings": made_with(run),
        "versions": _versions(),
    }  # fmt: skip
    _text(folder / MANIFEST, as_json(found), guard)
    _text(folder / "README.md", _readme(found, figured, chosen.recipe is not None), guard)
    sums = [f"{_sha256(file)}  {file.relative_to(folder).as_posix()}" for file in files_of(folder)]
    _text(folder / SUMS, "\n".join(sums) + "\n", guard)
    return found


def _chosen(run: Run, options: ReleaseOptions) -> Chosen:
    seeds = sorted({one.seed for one in run.entries(Training) if one.seed is not None})
    if options.seed is not None and options.seed not in seeds:
        known = f"it has {', '.join(map(str, seeds))}" if seeds else "it was made without seeds, so leave --seed out"
        raise UsageError(f"{run.path} has no seed {options.seed}; {known}")
    return Chosen(run, readable_recipe(run), options.seed if options.seed is not None else next(iter(seeds), None))


def _models(chosen: Chosen, options: ReleaseOptions) -> dict[str, Path]:
    there = chosen.models()
    if options.arms is None:
        return {arm: there[arm] for arm in compared() if arm in there} or there
    if missing := [arm for arm in options.arms if arm not in there]:
        known = ", ".join(there) or "no model"
        raise UsageError(f"{chosen.run.path} has no model of the arm {missing[0]} to release; it has {known}")
    return {arm: there[arm] for arm in options.arms}


def _left_out(chosen: Chosen, models: Mapping[str, Any], options: ReleaseOptions) -> list[str]:
    run = chosen.run
    seeds = sorted({one.seed for one in run.entries(Training) if one.seed is not None} - {chosen.seed})
    others = [arm for arm in chosen.models() if arm not in models]
    found = [f"trees, thoughts and models of the seeds {', '.join(map(str, seeds))}"] if seeds else []
    found += [f"the models {', '.join(others)} of this seed"] if others else []
    found += [f"the digits that {options.dtype} does not hold of the released weights"] if options.dtype else []
    if any((one.round or 1) > 1 for one in run.entries(Training)):
        found.append("what later rounds were trained on")
    if any(problem.images for problem in run.problems()):
        found.append("the pictures of problems, which are named by their checksums")
    if run.count("rollouts"):
        found.append(f"{run.count('rollouts'):,} rollouts of reinforcement learning")
    if run.count("attempts"):
        found.append(f"the texts of {run.count('attempts'):,} attempts; their figures are in the report")
    return found or ["nothing"]


def _commands(chosen: Chosen, folder: Path, options: ReleaseOptions, guard: Guard) -> str:
    """Writes the commands that make the release again; the same as a block of Markdown, or why there are none."""
    run, recipe = chosen.run, chosen.recipe
    if recipe is None:
        return f"There are no commands to make it again: {NO_RECIPE}."
    _text(folder / RECIPE, yaml.safe_dump(released_recipe(recipe), sort_keys=False, allow_unicode=True), guard)
    flags = [f"--seed {chosen.seed}"] if chosen.seed is not None else []
    flags += [f"--arm {arm}" for arm in options.arms or ()]
    flags += [f"--dtype {options.dtype}"] if options.dtype else []
    flags += [f"--licence {_quoted(options.rights.licence)}"] if options.rights.licence else []
    flags += [f"--source {_quoted(f'{name}={words}')}" for name, words in options.rights.sources.items()]
    runs_programs = TASKS[recipe.task].code_grader is not None
    place = shlex.quote(run.path.name)
    text = AGAIN.format(
        versions=", ".join(f"{name} {number}" for name, number in _versions().items()),
        seeds=", ".join(map(str, recipe.seed_numbers())),
        run=f'journey run "$here"/{RECIPE} --out {place}' + (" --allow-code" if runs_programs else ""),
        needs="".join(f"# {line}\n" for line in _needs(recipe)),
        release=" ".join((f"journey release {place} --to release", *flags)),
    )
    _text(folder / COMMANDS, text, guard)
    return f"`sh {COMMANDS} FOLDER` runs these commands, from the top of the release:\n\n```sh\n{text.strip()}\n```"


OWN_FILES = "Put these files into that folder first:"
"""How the commands name files that do not lie in the release."""

AGAIN = """#!/bin/sh
# Makes this release again in the folder that is given, and compares the checksums: sh make_again.sh FOLDER
# It needs the command journey: pip install 'journey-learning[train]' in these versions, or the repository's make .venv.
# Made by {versions}; seeds {seeds}.
# The same versions on the same kind of processor give the same bytes; another kind rounds otherwise.
{needs}set -e
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
{run}
{release}
cd release
sha256sum --check --quiet "$here"/SHA256SUMS && echo "the same, byte for byte"
"""


def _needs(recipe: Recipe) -> list[str]:
    """What the commands need that does not lie in the release."""
    given = (recipe.problems.file, recipe.problems.test_file, *recipe.trees.prm800k)
    files = [portable(str(one)) for one in given if one and Path(str(one)).suffix]  # a Hub id has no ending
    found = [f"{OWN_FILES} {', '.join(files)}."] if files else []
    if any(is_served(name, recipe.servers) for name in recipe.models()) or judge_is_served(
        recipe.judge, recipe.helper, recipe.servers
    ):
        found.append(
            f"Name the servers in {RECIPE} first (its url is {SERVER!r}); what they answer may differ from one time to "
            "the next, and so do the bytes."
        )
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def released_recipe(recipe: Recipe) -> dict[str, Any]:
    """The recipe in short, without this machine's places and what only says how it works."""
    default = Recipe()
    same = replace(recipe, workers=default.workers, in_flight=default.in_flight, launch=default.launch)
    return portable(short_recipe(same))


def made_with(run: Run) -> dict[str, Any]:
    """What a run was made with beside its recipe: weights, versions, and the prompts that its tasks really use."""
    rules = {TASKS[p.task].rules for p in run.problems() if p.task in TASKS}
    found = {name: value for name, value in run.config.items() if name != "recipe"}
    kept = {name: of for name, of in found.get("prompts", {}).items() if not name.startswith("rules_") or name in rules}
    return portable(found | {"prompts": kept})


def _report(chosen: Chosen, folder: Path, guard: Guard) -> dict[str, Any]:
    """The run's report without what differs from one making to the next: seconds, and what servers took."""
    run = chosen.run
    found = figures(run)
    for curve in found["curves"].values():
        curve.pop("seconds", None)
    # In the order of their names: several workers finish in any order.
    found = portable(found | {"servers": [], "curves": dict(sorted(found["curves"].items()))})
    recipe = {} if chosen.recipe is None else {"recipe": released_recipe(chosen.recipe)}
    for name in write(folder, "report", found, document(found, choose(run), recipe | made_with(run))):
        guard.text((folder / name).read_text("utf-8"), f"report/{name}")
    return found


def _readme(found: Mapping[str, Any], figured: Mapping[str, Any], has_recipe: bool) -> str:
    lines = [f"- {line}" for line in gain_lines(figured)] or ["- no comparison of arms in this run"]
    rows = ", ".join(f"{name} {sum(of.values()):,}" for name, of in found["data"].items())
    models = [f"- [models/{arm}](models/{arm}/README.md): {_accuracy(facts)}" for arm, facts in found["models"].items()]
    parts = [
        f"# {found['run']}: an open record",
        "\n".join(lines),
        f"{figured['seeds']} finished seeds, {figured['problems']} {figured['split']} problems; "
        "[report/report.md](report/report.md) has every figure.",
        "## What is in",
        "\n".join([f"- [data](data/README.md): {rows}", *(models or ["- no models: the run holds none"]),
                   f"- [{COMMANDS}]({COMMANDS}): the commands that make it again from [{RECIPE}]({RECIPE})"
                   if has_recipe else f"- no commands to make it again: {NO_RECIPE}",
                   f"- [{MANIFEST}]({MANIFEST}): what is in, as JSON; [{SUMS}]({SUMS}): checksums"]),
        "Left out: " + "; ".join(found["left_out"]) + ".",
        f"Licence: {found['licence']}.",
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _accuracy(facts: Mapping[str, Any]) -> str:
    shown = facts["accuracy_as_released"] or facts["accuracy"]
    each = [f"{one['right']} of {one['problems']} right ({rule})" for rule, one in (shown or {}).items() if one]
    return ", ".join(each) or "not evaluated"


def files_of(folder: Path) -> list[Path]:
    """The files of a release in the order of its checksums, which are not among them."""
    found = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != SUMS)
    return sorted(found, key=lambda file: file.relative_to(folder).as_posix())


def _sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _versions() -> dict[str, str]:
    return {"python": f"{sys.version_info.major}.{sys.version_info.minor}", **{n: version_of(n) for n in MAKERS}}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _text(path: Path, text: str, guard: Guard) -> None:
    path.write_text(guard.text(text, path.name), "utf-8", errors="replace")
