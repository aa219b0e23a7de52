"""journey train, eval and pretrain: models made from a run, and models attempting its problems."""

import asyncio
import json as jsons
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journey import build, recipe
from journey.commands.asking import Asked as AskedOf
from journey.commands.asking import asked_lines, priced, tokens_of
from journey.commands.card import measure, write_card
from journey.commands.loading import check_weights, closing, paying
from journey.commands.said import all_problems, check_part, failed_units, reading, say, sheet, writing
from journey.commands.spending import Allowance, note, spent_lines, spent_rows
from journey.commands.training_rows import task_of, training_rows
from journey.errors import UsageError
from journey.evals.at_k import at_k, by_problem
from journey.evals.benchmarks import Form
from journey.evals.breakdown import breakdown
from journey.evals.budget import Budget
from journey.evals.code import CodeGrader
from journey.evals.forms import FormGrader, check_gradable
from journey.evals.metrics import accuracy, error_counts, finished, mean_tokens, unjudged, wilson
from journey.evals.run import Decoding, attempt_ids
from journey.models.base import Model
from journey.models.purse import Purse, Usage
from journey.models.server_settings import ServerSettings
from journey.progress import Bars
from journey.recipe import Evaluation
from journey.report.seeds import seed_and_arm
from journey.stations import evaluate as evaluate_station
from journey.stations import train as train_station
from journey.store.run import Run
from journey.store.settings import differences, plain
from journey.training.settings import KINDS, PrmSettings, what_matters
from journey.types import Attempt, Problem

_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")


def train(
    kind: str,
    path: Path,
    base: str,
    name: str | None,
    arm: str,
    told: str | None,
    settings: Sequence[str],
    json: bool,
) -> int:
    """A model from the run's thoughts or attempts, in its folder."""
    name = name or (arm if kind == "sft" else kind)
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} is no name for a model; use letters, digits, dots and dashes")
    chosen = recipe.typed(KINDS[kind], recipe.overridden(settings), f"train {kind}")
    with writing(path) as into, Bars(silent=json) as bars:
        labels = "soft" if isinstance(chosen, PrmSettings) and chosen.soft else "verdict"
        rows = training_rows(into, kind, arm, told, labels=labels)
        source = _source(into, base)
        _refuse_other_training(path / "models" / name, {"method": kind, "model": source, **what_matters(chosen)})
        bars(name, f"load {base}", 0, 1)
        build.calm(source)
        out = train_station(into, name, source, rows, chosen, bars.of(name))
        made = jsons.loads((out / "training.json").read_text("utf-8"))
    said = {"model": str(out), "rows": made["rows"], "steps": made["steps"], "trained_tokens": made["trained_tokens"]}
    say(json, said, sheet(path, [(key.replace("_", " "), value) for key, value in said.items()]))
    return 0


def _source(of: Run, name: str) -> str:
    """What a model's name means to training: a model of the run, a folder, or one that `build` knows."""
    for folder in (of.path / "models" / name, Path(name)):
        if (folder / "config.json").is_file():
            return str(folder)
    check_weights(name)
    return build.model_path(name)


def _refuse_other_training(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Refuses (UsageError) to put a model in the place of one that was trained otherwise."""
    if not (folder / "training.json").is_file():
        return
    made = jsons.loads((folder / "training.json").read_text("utf-8"))
    before = {name: (made | made["settings"]).get(name) for name in wanted}
    if changed := differences(before, plain(wanted)):
        raise UsageError(f"{folder} was trained otherwise ({'; '.join(changed)}); choose another --name")


@dataclass(frozen=True, slots=True)
class Asked:
    """How answers are wanted; null: as the run's recipe says, or greedy where nothing says."""

    decoding: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    samples: int = 1
    seed: int | None = None
    budget: Budget | None = None
    allow_code: bool = False


def budget_of(settings: Sequence[str]) -> tuple[Budget | None, list[str]]:
    """The budget that the settings budget.max=... and the like give (null: none), and the other settings."""
    ours = [one for one in settings if one.startswith("budget.")]
    others = [one for one in settings if one not in ours]
    if not ours:
        return None, others
    return recipe.typed(Budget, recipe.overridden(ours)["budget"], "the budget"), others


def evaluate(
    path: Path, name: str, split: str, asked: Asked, limit: int | None, allowance: Allowance, json: bool, dry_run: bool
) -> int:
    """A model's checked attempts at a part of the run's problems."""
    check_part(split)
    purse = allowance.purse()
    if dry_run:
        return _plan(path, name, split, asked, limit, purse, json)
    with writing(path) as into, Bars(silent=json, note=lambda: note(purse)) as bars:
        problems = asked_problems(into, split, limit)
        bars(name, "load", 0, 1)
        models = build.Models(into, purse, servers_of(into))
        model = model_of(into, name, models)
        rule, seed = _rule(into, model.name, problems, asked)
        work = evaluate_station(
            into, problems, model, _task(problems, asked.allow_code), rule, split=split, seed=seed, budget=asked.budget,
            progress=bars.of(name),
        )  # fmt: skip
        asyncio.run(closing(model, paying(into, models, purse, work)))
        ids = {id for p in problems for id in attempt_ids(p.id, model.name, rule, seed)}
        found = [a for a in into.all("attempts", model=model.name) if isinstance(a, Attempt) and a.id in ids]
        tried = [f for f in into.failures() if f.unit.startswith(f"{model.name}/{rule.name}/")]
    right = sum(a.correct is True for a in found)
    bounds = wilson(right, len(found))
    data = {
        "model": model.name, "decoding": rule.name, "split": split, "problems": len(problems), "attempts": len(found),
        "right": right, "accuracy": accuracy(found), "low": bounds.low, "high": bounds.high,
        "tokens": mean_tokens(found), "finished": finished(found), "unjudged": unjudged(found),
        "errors": error_counts(found), "failed": len(tried), "spent": spent_rows(purse),
        "at_k": [at.to_json() for at in at_k([by_problem(found)])], "groups": breakdown(problems, found),
    }  # fmt: skip
    say(json, data, sheet(path, [*_lines(data), *spent_lines(purse)]))
    return failed_units(tried)


def asked_problems(of: Run, split: str, limit: int | None) -> list[Problem]:
    """The problems of a part, at most `limit`. Raises UsageError where there are none."""
    problems = all_problems(of, split=split)[:limit]
    if not problems:
        raise UsageError(f"{of.path} has no problems in the part {split!r}; import some with --split {split}")
    return problems


def _task(problems: Sequence[Problem], allow_code: bool) -> build.Task:
    """The task of the problems; code is run only where that was allowed. Raises UsageError."""
    allowed: list[Form] = ["code"] if allow_code else []
    check_gradable(problems, *allowed)
    return replace(task_of(problems), grader=lambda: FormGrader(code=CodeGrader()))


def _plan(path: Path, name: str, split: str, asked: Asked, limit: int | None, purse: Purse, json: bool) -> int:
    """Says what would be asked at most, and does nothing."""
    with reading(path) as of:
        problems = asked_problems(of, split, limit)
        rule, _ = _rule(of, name, problems, asked)
    ask = _task(problems, asked.allow_code).ask
    read = sum(tokens_of(ask(problem, ()).text) for problem in problems)
    number = len(problems)
    drawn = number * rule.samples
    usage = Usage(number, read, drawn * rule.max_tokens)
    if asked.budget is not None:
        calls, tokens = asked.budget.at_most(rule.max_tokens)
        usage = Usage(number + drawn * (calls - 1), drawn * calls * (read // number + tokens), drawn * tokens)
    most = [AskedOf(name, "answers", usage)]
    data = {"run": str(path), "problems": number, "asked_at_most": priced(most, purse.prices)}
    say(json, data, sheet("what would be asked at most", asked_lines(most, purse.prices)))
    return 0


def servers_of(of: Run) -> dict[str, ServerSettings]:
    """The servers of the run's recipe, by name."""
    kept: dict[str, Any] = of.config.get("recipe", {}).get("servers", {})
    return {name: recipe.typed(ServerSettings, data, f"the settings of {of.path}") for name, data in kept.items()}


def _lines(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("model", data["model"]),
        ("decoding", data["decoding"]),
        (f"attempts at {data['split']} problems", data["attempts"]),
        ("accuracy", f"{100 * data['accuracy']:.1f} %"),
        ("95 % interval", f"{100 * data['low']:.1f} to {100 * data['high']:.1f}"),
        ("output tokens", f"{data['tokens']:.0f}"),
        ("finished", f"{100 * data['finished']:.1f} %"),
        ("could not be checked", data["unjudged"]),
        *((f"not right: {kind}", number) for kind, number in data["errors"].items()),
        *((f"{what}@{at['k']}", _figure(at[what])) for what in ("pass", "maj") for at in data["at_k"]),
        *(
            (
                f"{row['by']} {row['group'] or 'not given'}, {row['problems']} problems",
                _figure(row | {"value": row["accuracy"]}),
            )
            for row in data["groups"]
        ),
    ]


def _figure(of: Mapping[str, Any]) -> str:
    """A share with its interval, and what it would be if all that nobody could check were right."""
    said = f"{100 * of['value']:.1f} % ({100 * of['low']:.1f} to {100 * of['high']:.1f})"
    most = of.get("most", of["value"])
    return said if most == of["value"] else f"{said}; {100 * most:.1f} % if all unchecked answers were right"


def model_of(of: Run, name: str, models: build.Models) -> Model:
    """The model of that name: of the run, in a folder, or one that `build` knows. Raises UsageError."""
    own = of.path / "models" / name
    if (own / "config.json").is_file():
        return build.local(own, name)
    if (Path(name) / "config.json").is_file():
        return build.local(name, name)
    if build.is_served(name, servers_of(of)):
        return models.model(name)  # what was paid for is remembered
    check_weights(name)
    return build.model(name)


def _rule(of: Run, model: str, problems: Sequence[Problem], asked: Asked) -> tuple[Decoding, int]:
    """How answers are drawn, and the seed.

    Attempts are told apart by the rule's name alone, so one that is not the run's main or greedy rule says in its name
    what is different. Raises UsageError for a greedy rule with a temperature or several samples.
    """
    kept = of.config.get("recipe", {}).get("evaluation", {})
    main = recipe.typed(Evaluation, kept, f"the settings of {of.path}")
    is_greedy = not asked.temperature if asked.decoding is None else asked.decoding == "greedy"
    if is_greedy and (asked.temperature or asked.samples > 1 or asked.top_p is not None):
        raise UsageError("greedy answers have no temperature, no top-p and one sample; say --decoding sampled")
    usual = main.greedy() if is_greedy else main.sampled()
    if asked.budget is not None:
        usual = replace(usual, name=f"{usual.name} {asked.budget.words}".strip())
    usual_seed, _ = seed_and_arm(model) if model.startswith("seed-") else (0, "")
    seed = usual_seed if asked.seed is None else asked.seed
    wish: dict[str, Any] = {name: getattr(asked, name) for name in ("temperature", "top_p", "max_tokens", "samples")}
    wish = {name: value for name, value in wish.items() if value is not None}
    rule = replace(usual, **wish)
    others = {name: value for name, value in wish.items() if name != "samples" and value != getattr(usual, name)}
    if seed != usual_seed:
        others["seed"] = seed
    if _drawn_otherwise(of, model, problems, replace(rule, name=_named(rule.name, others)), seed):
        others["samples"] = asked.samples
    return replace(rule, name=_named(rule.name, others)), seed


def _named(rule: str, others: Mapping[str, float]) -> str:
    return " ".join((rule, *(f"{name}={value:g}" for name, value in others.items())))


def _drawn_otherwise(of: Run, model: str, problems: Sequence[Problem], rule: Decoding, seed: int) -> bool:
    """Whether the run has attempts at these problems under the rule's name that the rule would not draw."""
    ours = {id for p in problems for id in attempt_ids(p.id, model, rule, seed)}
    wanted = {p.id for p in problems}
    others = (of.get("attempts", id) for id in of.ids("attempts", model=model, decoding=rule.name) - ours)
    return any(isinstance(a, Attempt) and a.problem in wanted for a in others)


def pretrain(file: Path, out: Path, settings: Sequence[str], json: bool) -> int:
    """The tiny base from scratch, with its model card."""
    wanted = recipe.read_settings(file, settings)
    points: list[dict[str, Any]] = []
    with Bars(silent=json) as bars:

        def on_log(point: dict[str, Any]) -> None:
            points.append(point)
            bars("pretrain", f"loss {point['loss']:.3f}", point["tokens"], point["of"])

        bars("pretrain", "first steps", 0, 1)
        build.pretrain(wanted, out, on_log)
        bars("pretrain", "measure skills", 0, 1)
        model = build.local(out, build.TINY)
        write_card(out, wanted, points[-1], asyncio.run(closing(model, measure(model))))
    say(json, {"model": str(out), **points[-1]}, f"the model lies in {out}, its card in {out}/README.md")
    return 0
