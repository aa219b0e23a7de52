"""The models of a release: weights, possibly rounded, what they answer then, and a card for each."""

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from journey.evals.attempts import Decoding
from journey.metrics import flops
from journey.metrics.accuracy import finished, mean_tokens, wilson
from journey.models.base import close
from journey.models.local_rounding import rounded
from journey.models.weights import TINY, local, model_path
from journey.pipeline.arm_rows import model_name
from journey.pipeline.arms import ARMS, source_of
from journey.pipeline.recipe import Recipe
from journey.pipeline.seed_work import base_of
from journey.pipeline.stages import evaluate
from journey.report.portable import Guard, as_json, portable
from journey.report.release_data import Chosen
from journey.report.wording import interval, number, percent
from journey.store.entries import Training
from journey.store.run import Run
from journey.types import Attempt, Problem

Json = Mapping[str, Any]
TEXT_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
NOT_RELEASED = ("training.json", "curve.json")
NO_RL = "Reinforcement learning: not used; this model learnt from fixed rows alone."
METRICS = {
    "accuracy": "share of problems whose first drawn answer the task's strict grader accepts (answer level); an answer "
    "that is cut off or cannot be checked counts as not right",
    "95 % interval": "Wilson's for one seed; over seeds the wider of Student's t and a bootstrap of seeds and problems",
    "output tokens": "mean number of generated tokens an answer",
    "finished": "share of answers that end by themselves within the limit of tokens",
    "greedy": "accuracy of the most likely answer (temperature 0)",
    "maj@k": "share of problems whose most frequent answer among k drawn ones is right, ties counted by their share",
    "pass@k": "share of problems of which at least one of k drawn answers is right, by the unbiased estimate",
    "gain": "difference of two arms' accuracies in points, paired by problem",
}
"""What each figure of a report means."""


def write_model(chosen: Chosen, arm: str, source: Path, folder: Path, dtype: str | None, guard: Guard) -> Json:
    """A model's folder without its card: weights (rounded to `dtype`, null: as they are), settings, tokenizer.

    The facts that its card and the release's list need: parameters, stages, accuracy as trained and as released.
    """
    folder.mkdir(parents=True)
    for file in sorted({one for pattern in TEXT_FILES for one in source.glob(pattern)}):
        if file.name == "config.json":
            config = {name: value for name, value in json.loads(file.read_text("utf-8")).items() if name[0] != "_"}
            (folder / file.name).write_text(guard.text(as_json(portable(config)), file.name), "utf-8")
        elif file.name not in NOT_RELEASED:
            (folder / file.name).write_text(guard.text(file.read_text("utf-8"), file.name), "utf-8")
    for file in sorted(source.glob("*.safetensors")):
        if dtype is None:
            shutil.copyfile(file, folder / file.name)
        else:
            rounded(file, folder / file.name, dtype)
    name = source.relative_to(chosen.run.path / "models").as_posix()
    rules = chosen.recipe.evaluation.rules() if chosen.recipe is not None else ()
    problems = _problems(chosen)
    as_trained = {rule.name: _figures(_kept(chosen.run, name, rule), rule, len(problems)) for rule in rules}
    as_trained = {rule: figure for rule, figure in as_trained.items() if figure is not None}
    again = dtype is not None and chosen.recipe is not None and bool(as_trained)
    return {
        "of": name,
        "parameters": flops.read_shape(source).parameters,
        "stages": _stages(chosen, arm, name),
        "accuracy": as_trained,
        "accuracy_as_released": asyncio.run(_measure(chosen, name, folder, rules, problems)) if again else None,
    }


def _problems(chosen: Chosen) -> list[Problem]:
    split = chosen.recipe.evaluation.split if chosen.recipe is not None else "test"
    return list(chosen.run.problems(split=split))


def _kept(run: Run, name: str, rule: Decoding) -> list[Attempt]:
    return [one for one in run.attempts(model=name, decoding=rule.name) if one.sample == 0]


def _figures(attempts: Sequence[Attempt], rule: Decoding, problems: int) -> Json | None:
    """Accuracy of the first draws by a rule; null where not every problem was tried."""
    if not attempts or len(attempts) < problems:
        return None
    right = sum(one.correct is True for one in attempts)
    bounds = wilson(right, len(attempts))
    return {
        "right": right, "problems": len(attempts), "accuracy": bounds.value, "low": bounds.low, "high": bounds.high,
        "tokens": mean_tokens(attempts), "finished": finished(attempts), "temperature": rule.temperature,
        "top_p": rule.top_p, "max_tokens": rule.max_tokens,
    }  # fmt: skip


async def _measure(
    chosen: Chosen, name: str, folder: Path, rules: Sequence[Decoding], problems: Sequence[Problem]
) -> dict[str, Any]:
    """What the released weights answer, drawn as the run drew the trained ones' answers."""
    place = folder / ".measured"
    model = local(folder, name)
    try:
        with Run.open(place, {}) as run:
            run.put_all("problems", problems, split="test")
            for rule in rules:
                await evaluate(run, problems, model, rule, split="test", seed=chosen.seed or 0)
            return {rule.name: _figures(_kept(run, name, rule), rule, len(problems)) for rule in rules}
    finally:
        await close(model)
        shutil.rmtree(place, ignore_errors=True)


def _stages(chosen: Chosen, arm: str, name: str) -> list[Json]:
    """How the model was trained, from its base on: one entry a stage in order, with every setting."""
    run, names = chosen.run, [(arm, name)]
    if chosen.recipe is not None and chosen.seed is not None:
        among = list(chosen.recipe.arms)
        while (needs := source_of(names[0][0], among) if names[0][0] in ARMS else None) is not None:
            names.insert(0, (needs, model_name(chosen.seed, needs)))
    trained = {one.model: one for one in run.entries(Training)}
    found: list[Json] = []
    for stage, model in names:
        folder = run.path / "models" / model
        file = folder / "training.json"
        kept: Json = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        tokens = trained[model].tokens if model in trained else kept.get("trained_tokens")
        shape = flops.read_shape(folder) if any(folder.glob("*.safetensors")) else None
        found.append({
            "arm": stage, "method": kept.get("method") or (trained[model].kind if model in trained else None),
            "rows": kept.get("rows"), "passes": kept.get("passes"), "steps": kept.get("steps"), "tokens": tokens,
            "flops": flops.training(shape, tokens) if shape and tokens else None,
            "precision": kept.get("precision"), "settings": portable(dict(sorted(kept.get("settings", {}).items()))),
        })  # fmt: skip
    return found


def base_name(chosen: Chosen) -> str:
    """What the first stage starts from."""
    return str(portable(base_of(chosen.recipe))) if chosen.recipe is not None else "not recorded in the run"


def model_card(chosen: Chosen, arm: str, facts: Json, folder: Path, dtype: str | None, licence: str) -> str:
    """README.md of a model: architecture, base, every stage of training in order, evaluation and its conditions."""
    base, stages = base_name(chosen), facts["stages"]
    config = json.loads((folder / "config.json").read_text("utf-8"))
    shape = ", ".join(f"{key} {config[key]}" for key in SHAPE if key in config)
    head = {
        "license": licence, "library_name": "transformers", "pipeline_tag": "text-generation",
        "language": ["en"], "tags": ["reasoning", "journey-learning"], "base_model_relation": "finetune",
    }  # fmt: skip
    is_rl = any(stage["method"] == "rl" for stage in stages)
    parts = [
        f"# {chosen.run.path.name}, {ARMS[arm].label if arm in ARMS else arm}",
        f"Of seed {chosen.seed}. It reads and writes its task's own notation and is for research on how thoughts "
        "teach; it is no assistant."
        if base == TINY else f"Trained from {base}; its task and data are in ../../data/README.md.",
        USE.format(folder=f"models/{arm}"),
        "## Architecture and base",
        f"{config.get('architectures', ['?'])[0]}, {facts['parameters']:,} parameters without embeddings: {shape}.",
        f"Base model: {base}. {_base_words(base, chosen.recipe)}",
        f"Weights: {dtype or 'as trained'}"
        + (f", rounded from those that were trained; computed in {config.get('dtype') or config.get('torch_dtype')}."
           if dtype else "."),
        "## Training, all stages in order",
        _stage_table(stages),
        "FLOPs are 6 for each parameter and trained token (Kaplan et al., arXiv 2001.08361), attention left out; "
        "prompts are read but not trained on.",
        "Rows: the configuration `rows` (or `pairs`) of ../../data, by `arm`. Optimizer: AdamW. All settings:",
        *(f"`{stage['arm']}`\n\n```yaml\n{yaml.safe_dump(stage['settings'], sort_keys=False).strip()}\n```"
          for stage in stages if stage["settings"]),
        RL_USED if is_rl else NO_RL,
        "## Evaluation",
        *_evaluation(facts),
        "What the figures mean:\n\n" + "\n".join(f"- **{name}**: {text}." for name, text in METRICS.items()),
        LIMITS,
    ]  # fmt: skip
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n" + "\n\n".join(parts) + "\n"


SHAPE = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads",
         "head_dim", "vocab_size", "max_position_embeddings", "tie_word_embeddings")  # fmt: skip
USE = """```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("{folder}")
tokenizer = AutoTokenizer.from_pretrained("{folder}")
```

With this package: `journey eval RUN --model hf/{folder}`."""
RL_USED = "Reinforcement learning: objective, credit and procedure by the settings above; docs/rl.md has the formulas."
LIMITS = (
    "## Limits\n\nFigures are of one seed on held-out problems of the same kind; ../../report has every seed with "
    "intervals. Nothing was measured outside this task. Another processor rounds otherwise and tips a draw now and "
    "then."
)


def _base_words(base: str, recipe: Recipe | None) -> str:
    if recipe is None:
        return "The run keeps no recipe; what was trained before it is not known here."
    if base != TINY:
        return "Its own card describes what it has read."
    lines = (Path(model_path(TINY)) / "README.md").read_text("utf-8").split("\n\n")
    return " ".join(lines[1].split())


def _stage_table(stages: Sequence[Json]) -> str:
    rows = ["| stage | trained by | rows | passes | steps | trained tokens | FLOPs | precision |", "| --- " * 8 + "|"]
    for stage in stages:
        cost = "-" if stage["flops"] is None else f"{stage['flops']:.3g}"
        cells = [stage["arm"], stage["method"] or "-", number(stage["rows"]), stage["passes"] or "-",
                 number(stage["steps"]), number(stage["tokens"]), cost, stage["precision"] or "-"]  # fmt: skip
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)


def _evaluation(facts: Json) -> list[str]:
    if not facts["accuracy"]:
        return ["Not evaluated in this run."]
    rows = ["| weights | decoding | accuracy | 95 % interval | output tokens | finished | conditions |",
            "| --- " * 7 + "|"]  # fmt: skip
    for weights, key in (("as trained", "accuracy"), ("as released", "accuracy_as_released")):
        for rule, one in (facts[key] or {}).items():
            how = f"temperature {one['temperature']:g}, top-p {one['top_p']:g}, at most {one['max_tokens']} tokens"
            share = f"{percent(one['accuracy'])} ({one['right']} of {one['problems']})"
            bounds, length = interval(one["low"], one["high"]), number(one["tokens"])
            cells = [weights, rule, share, bounds, length, percent(one["finished"]), how]
            rows.append("| " + " | ".join(cells) + " |")
    return ["\n".join(rows), "One answer a problem; level: the final answer, checked by the task's grader."]
