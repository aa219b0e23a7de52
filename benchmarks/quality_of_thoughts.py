"""How far the measures of thoughts' quality can be trusted.

Of pairs in which one text is known to be the better one, how often a measure says so (a tie is half a time; 0.5 is a
coin's). Pairs: right solutions beside copies with a planted fault of a named kind (PRMBench, and ReasonEval's
mechanical ones), a solution beside its own first half, beside another problem's question, and a right beside a wrong
answer to the same problem. Pairs of which a measure says nothing are left out and counted. Also: false equalities in
steps that people rated good and bad, redundancy of steps that people called redundant, and the estimate of reflections
by cue words beside sections that people marked. The measures themselves, of any texts: `journey quality`.
"""

import gzip
import json
import re
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from bench import DATA, Result, listed, run, table

from journey.evals import quality, structure
from journey.evals.equalities import equalities

NUMBERED = re.compile(r"^\s*\d+\.\s+")


class Text(NamedTuple):
    text: str
    question: str


Pair = tuple[Text, Text]  # the better one first


def rows(name: str) -> list[dict[str, Any]]:
    file = DATA / name
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def solution(steps: Iterable[str]) -> str:
    return "\n".join(NUMBERED.sub("", step) for step in steps)


@lru_cache(maxsize=20_000)
def measured(text: Text) -> quality.Quality:
    return quality.of_text(text.text, text.question)


def pairs() -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = defaultdict(list)
    for row in rows("step_judges/prmbench.jsonl.gz"):
        kind = "another solution, no fault" if row["classification"] == "multi_solutions" else row["classification"]
        question = row["original_question"]
        right, planted = (Text(solution(row[f"{which}_process"]), question) for which in ("original", "modified"))
        found[f"PRMBench: {kind.replace('_', ' ').replace('redundency', 'redundancy')}"].append((right, planted))
    for row in rows("step_judges/perturbed_prm800k_test.jsonl"):
        right, planted = (
            Text(solution(row[f"{which}_steps"]), row["question"]) for which in ("reference", "hypothesis")
        )
        found[f"mechanical: {row['error_type']}"].append((right, planted))
    maths = [Text(row["solution"], row["problem"]) for row in rows("math/test_500.jsonl")]
    for place, right in enumerate(maths):
        other = maths[(place + 37) % len(maths)].question
        found["MATH solution, another question"].append((right, right._replace(question=other)))
        found["MATH solution, its first half"].append((right, right._replace(text=right.text[: len(right.text) // 2])))
    for name, file in (
        ("short answers", "model_outputs/math500_short_answers_4_models.jsonl.gz"),
        ("AIME thoughts", "long_thoughts/sky_t1_aime24.jsonl.gz"),
    ):
        both: dict[str, dict[bool, str]] = defaultdict(dict)
        for row in rows(file):
            both[row["question"]].setdefault(row["graded_correct"], row["response"])
        found[f"right and wrong {name}"] += [
            (Text(said[True], question), Text(said[False], question))
            for question, said in both.items()
            if len(said) == 2
        ]
    return found


def told_apart(name: str, found: list[Pair]) -> dict[str, Any]:
    row: dict[str, Any] = {"pairs of": name, "pairs": len(found)}
    for measure in quality.MEASURES:
        sign = -1 if measure == "redundancy" else 1
        said = [tuple(getattr(measured(text), measure) for text in pair) for pair in found]
        known = [sign * (first - second) for first, second in said if first is not None and second is not None]
        wins = sum(apart > 0 for apart in known) + sum(apart == 0 for apart in known) / 2
        row[measure] = {"apart": wins / len(known) if known else None, "pairs": len(known), "ties": known.count(0)}
    return row


def auc(better: list[float], worse: list[float]) -> float:
    """The share of all pairs in which the first is greater, ties counting half."""
    return sum((a > b) + (a == b) / 2 for a in better for b in worse) / (len(better) * len(worse))


def by_people() -> dict[str, Any]:
    rating: dict[int, list[bool]] = defaultdict(list)
    for row in rows("prm800k/phase1_train_trees.jsonl.gz"):
        for step in row["label"]["steps"]:
            for one in step["completions"] or []:
                if one["rating"] is not None:
                    rating[one["rating"]] += [equality.holds for equality in equalities(one["text"])]
    steps: dict[int, list[float]] = defaultdict(list)
    for row in rows("prm800k/phase2_test_redundancy.jsonl"):
        before = row["question"]
        for (step, *_), rated_as in zip(row["model_output_step_format"], row["rating"], strict=True):
            if (found := quality.redundancy(step, before)) is not None:
                steps[rated_as].append(found)
            before += f"\n{step}"
    cues: dict[str, dict[bool, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows("long_thoughts/deltabench_examples.jsonl"):
        for number, section in enumerate(row["sections"], 1):
            moves = structure.of_text(section["content"])
            reflects = number in row["reflection_section_numbers"]
            cues["reflections"][reflects].append(moves.reflections + moves.backtracks)
            shifts = number in row["stragegy_shift_section_numbers"]
            cues["backtracks"][shifts].append(moves.backtracks)
    return {
        "equalities": {
            str(rate): {"stated": len(said), "false": said.count(False) / len(said)}
            for rate, said in sorted(rating.items())
        },
        "redundant steps": {"auc": auc(steps[0], steps[1]), "redundant": len(steps[0]), "good": len(steps[1])},
        "cue words": {
            name: {"auc": auc(said[True], said[False]), "sections": len(said[True]), "others": len(said[False])}
            for name, said in cues.items()
        },
    }


def qualities(options: Namespace) -> Result:
    if not DATA.is_dir():
        return Result({}, None, f"needs the data sets in {DATA}")
    apart = [told_apart(name, found) for name, found in pairs().items()]
    people = by_people()
    lines = [(row["pairs of"], row["pairs"], *(shown(row[measure]) for measure in quality.MEASURES)) for row in apart]
    title = "How often the better of two is found (pairs of which something is said, ties among them)"
    tables = [table(title, ("pairs of", "pairs", *quality.MEASURES), lines), listed("Beside people's labels", people)]
    figures = {"told_apart": apart, "beside_people": people}
    return Result(figures, None, "no row of the scorecard asks for it", tables)


def shown(found: Mapping[str, Any]) -> str:
    return f"{'-' if found['apart'] is None else format(found['apart'], '.2f')} ({found['pairs']}, {found['ties']})"


if __name__ == "__main__":
    run("quality of thoughts", __doc__, qualities)
