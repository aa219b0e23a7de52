"""E3: every judge on labelled steps: recorded ones against the figures of their authors, ours on Countdown."""

import asyncio
import json
import re
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from bench import DATA, Result, run, table

from journey.data.step_labels import load
from journey.errors import UsageError
from journey.evals.judging import JudgingSettings, judge_set, measure, to_json
from journey.judges.base import Judge
from journey.judges.exact import Exact
from journey.judges.recorded import load_recorded
from journey.judges.rollout import RolloutJudge, RolloutSettings
from journey.judges.scripted import Scripted
from journey.models.budget import BudgetTracker
from journey.models.cached import MemoryCalls
from journey.pipeline import registry
from journey.report.judges import FIGURES, document, figure
from journey.report.render import terminal
from journey.tasks.countdown.labelled import countdown_set
from journey.tasks.labelled import LabelledSet
from journey.tasks.table import task_of

RECORDED = DATA / "step_judges/recorded_judge_outputs.jsonl"
WHOLE = "mr_math_invalid"
MODELS = {
    "math-shepherd_mistral-7b": "Math-Shepherd",
    "reasoneval_wizardmath-7b-v1.1": "ReasonEval-7B",
    "reasoneval_llemma-34b": "ReasonEval-34B",
    "gpt3_5_turbo": "GPT-3.5",
    "gpt4": "GPT-4",
}
COMPARED = ("step_f1", "step_auc", "solution_f1", "solution_auc")
PUBLISHED = {("reasoneval_llemma-34b", "step_f1"): 77.5}
SOURCE = (
    "published: LLaDA-PRM (arXiv 2609.22700, abstract) reaches a step F1 of 88.8 on MR-MATH-invalid, 11.3 above "
    "ReasonEval-34B. The table of the ReasonEval paper (arXiv 2404.05692) could not be had here. Authors' rules: the "
    "counting of their evaluation (GAIR-NLP/ReasonEval, codes/mr-math_eval.py), done a second time, apart from the "
    "package, on the scores that they recorded; their parser reads no verdict in bold or with a full stop."
)
PARTS = ("mr_gsm8k_wrong_part", "phase2_test_redundancy")


def by_the_authors_rules(model: str, rows: list[dict[str, Any]], said: Mapping[int, Mapping[str, Any]]) -> dict:
    """The four figures in per cent from the raw rows alone, with none of the package's code."""
    steps: list[tuple[int, int, float]] = []  # truth, called right, score
    wholes: list[tuple[int, int | None, float]] = []
    for row in rows:
        parts, error = row["model_output_step_format"], row["model_output_solution_first_error_step"]
        truth = [1] * len(parts) if error == "N/A" else [1] * (error - 1) + [0]
        one = said[row["id"]]
        if "scores" in one:
            flat = [s if isinstance(s, float) else s[1] + s[2] for s in one["scores"]]
            starts = [sum(map(len, parts[:i])) for i in range(len(parts))]
            scores = [min(flat[start : start + len(part)]) for start, part in zip(starts, parts, strict=True)]
            called = [int(score > 0.5) for score in scores]
            wholes.append((int(error == "N/A"), int(min(flat) > 0.5), min(flat)))
        else:
            verdict, named = one["correctness_pred"].lower(), re.findall(r"\d+", one["error_step_pred"])
            first = int(named[0]) if verdict != "correct" and named and int(named[0]) <= len(parts) else len(parts) + 1
            called = [int(i < first) for i in range(1, len(parts) + 1)]
            scores = [0.0] * len(parts)
            wholes.append((int(error == "N/A"), {"correct": 1, "wrong": 0}.get(verdict), 0.0))
        steps += zip(truth, called, scores, strict=False)
    # A verdict that their parser does not know counts as the wrong one.
    wholes = [(truth, 1 - truth if called is None else called, score) for truth, called, score in wholes]
    figures = {"step_f1": macro(steps), "solution_f1": macro(wholes)}
    if model in ("gpt3_5_turbo", "gpt4"):
        return figures
    return figures | {"step_auc": area(steps), "solution_auc": area(wholes)}


def macro(rows: list) -> float:
    """The mean F1 of both classes, in per cent."""
    total = 0.0
    for kind in (0, 1):
        hits = sum(truth == called == kind for truth, called, _ in rows)
        total += 2 * hits / (sum(truth == kind for truth, *_ in rows) + sum(called == kind for _, called, _ in rows))
    return 50 * total


def area(rows: list) -> float:
    """AUC by counting all pairs, in per cent."""
    good, bad = ([s for truth, _, s in rows if truth == kind] for kind in (1, 0))
    return 100 * sum((g > b) + (g == b) / 2 for g in good for b in bad) / (len(good) * len(bad))


def figures_of(judge: Judge, labelled: LabelledSet, rounds: int, *, paper: bool = False) -> dict[str, Any]:
    """What `journey eval judges` says of one judge on one set."""
    judged = asyncio.run(judge_set(judge, labelled.items))
    found = to_json(measure(labelled, judged, JudgingSettings(rounds=rounds, paper=paper)))
    kept = {name: found[name] for name in ("solutions", "steps", "unsaid", "figures", "calibration")}
    return kept | {"failed": judged.failed}


def recorded_rows(shown: list[Any], rounds: int) -> tuple[list[dict[str, Any]], bool]:
    """Recorded judges on the set that is here as a whole, beside what their authors' rules give."""
    labelled = load(DATA / f"step_judges/{WHOLE}.jsonl")
    raw = [json.loads(line) for line in (DATA / f"step_judges/{WHOLE}.jsonl").open()]
    columns = ("judge", "figure", "ours (95 %)", "silence counted as they do", "authors' rules", "published")
    lines: list[tuple[object, ...]] = []
    rows, agrees = list[dict[str, Any]](), True
    for model, name in MODELS.items():
        judge = load_recorded(f"{RECORDED}#{model}", load)
        ours, counted = (figures_of(judge, labelled, rounds, paper=paper) for paper in (False, True))
        said = {
            row["id"]: row
            for row in map(json.loads, RECORDED.open())
            if row["dataset"] == WHOLE and row["model"] == model
        }
        theirs = by_the_authors_rules(model, raw, said)
        for at in COMPARED:
            known, published = theirs.get(at), PUBLISHED.get((model, at))
            if known is None:
                continue
            value = 100 * (counted["figures"][at] or {"value": -1})["value"]
            # GPT's solutions differ where their parser cannot read a verdict in bold or with a full stop.
            agrees &= abs(value - known) < 0.05 or (name.startswith("GPT") and at == "solution_f1")
            agrees &= published is None or abs(value - published) < 0.051
            lines.append((name, FIGURES[at], figure(ours["figures"][at]), f"{value:.1f}", f"{known:.1f}", published))
        rows.append({"judge": name, "set": WHOLE, **ours, "authors_rules": theirs})
    shown += [table(f"{WHOLE} (159 solutions, the whole set), per cent", columns, lines), SOURCE]
    for part in PARTS:
        folder = "prm800k" if part.startswith("phase2") else "step_judges"
        labelled = load(DATA / f"{folder}/{part}.jsonl")
        for model, name in MODELS.items():
            found = figures_of(load_recorded(f"{RECORDED}#{model}", load), labelled, rounds)
            if found["unsaid"] < found["steps"]:
                rows.append({"judge": name, "set": part, **found})
    return rows, agrees


def own_rows(count: int, rounds: int) -> list[dict[str, Any]]:
    """Judges that run here, on Countdown solutions with exact labels."""
    labelled = countdown_set(count)
    models = registry.Models(MemoryCalls(), BudgetTracker())
    hows = {
        "hard": RolloutSettings(max_tokens=100),
        "soft": RolloutSettings(label="soft", max_tokens=100),
        "soft, unanswered is not right": RolloutSettings(label="soft", count_unanswered=True, max_tokens=100),
        "hard, ends where it goes back": RolloutSettings(stop=("Back to",), count_unanswered=True, max_tokens=100),
        "binary": RolloutSettings(search="binary", max_tokens=100),
    }
    judges: dict[str, Judge] = {"exact": Exact(task_of), "always right": Scripted({}, otherwise="right")}
    for how, settings in hows.items():
        judges[f"rollout:tiny, {how}"] = models.judge("rollout:tiny", "tiny", {"rollout": settings})
    rows: list[dict[str, Any]] = []
    for name, judge in judges.items():
        row = {"judge": name, "set": f"countdown ({count} made here)", **figures_of(judge, labelled, rounds)}
        if isinstance(judge, RolloutJudge):
            row["cost"] = {key: getattr(judge.cost, key) for key in judge.cost.__slots__}
        rows.append(row)
    asyncio.run(models.close())
    return rows


def outcome(rows: list[dict[str, Any]], agrees: bool | None) -> tuple[bool | None, str | None]:
    """Whether the row is reached; null, and why, where a part of it was not measured and no other part failed."""
    exact = [row["figures"]["step_f1"]["value"] == 1.0 for row in rows if row["judge"] == "exact"]
    if agrees is False or not all(exact):
        return False, None
    if agrees is None:
        return None, "the recorded judges of the whole data are not there"
    return (True, None) if exact else (None, "the judges that run here were not measured")


def judges(options: Namespace) -> Result:
    shown: list[Any] = []
    rounds = 1000
    rows, agrees = recorded_rows(shown, rounds) if RECORDED.is_file() else ([], None)
    try:
        rows += own_rows(400 if options.long else 80, rounds)
    except UsageError as error:
        shown.append(f"skipped: {error}")
    reached, reason = outcome(rows, agrees)
    shown.append(terminal(document([row for row in rows if row["set"] != WHOLE])))
    return Result({"rows": rows, "agrees_with_authors": agrees}, reached, reason or "", shown)


if __name__ == "__main__":
    run("E3", __doc__, judges)
