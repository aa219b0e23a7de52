"""How real thoughts read, what they do on their way, and how far the measures of their quality can be trusted.

Sets: public long thoughts (DeltaBench, Marco-o1, Sky-T1), trees rated by people (PRM800K) told by us as shortcuts and
as traversals, and with --run the thoughts of a run, such as the Countdown experiment's.

Trust: of pairs in which one text is known to be the better one, how often a measure says so (a tie is half a time; 0.5
is a coin's). Pairs: right solutions beside copies with a planted fault of a named kind (PRMBench, and ReasonEval's
mechanical ones), a solution beside its own first half, beside another problem's question, and a right beside a wrong
answer to the same problem. Pairs of which a measure says nothing are left out and counted. Also: false equalities in
steps that people rated good and bad, redundancy of steps that people called redundant, and the estimate of reflections
by cue words beside sections that people marked.
"""

import asyncio
import gzip
import json
import re
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from bench import DATA, Result, flag, listed, run, table

from journey.answers.check import MathGrader
from journey.data import prm800k
from journey.evals import quality, structure, words
from journey.evals.equalities import equalities
from journey.store.run import Run
from journey.tasks.narration import PROSE
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import straight
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import right_leaves
from journey.types import Problem, Thought, Tree

NUMBERED = re.compile(r"^\s*\d+\.\s+")
KEYS = ("wait", "alternatively", "therefore", "consider", "if", "possible")


class Told(NamedTuple):
    """A text, its question, and where they are known its thought and tree."""

    text: str
    question: str
    thought: Thought | None = None
    tree: Tree | None = None


Pair = tuple[Told, Told]  # the better one first


def rows(name: str) -> list[dict[str, Any]]:
    file = DATA / name
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def solution(steps: Iterable[str]) -> str:
    return "\n".join(NUMBERED.sub("", step) for step in steps)


# --- sets of thoughts -------------------------------------------------------------------------------------------------


def sets(run: Path | None) -> Iterator[tuple[str, list[Told]]]:
    for name, file, text, question in (
        ("DeltaBench examples", "deltabench_examples.jsonl", "long_cot", "question"),
        ("Marco-o1 (few are maths)", "marco_o1_cot_demo.jsonl", "response", "instruction"),
    ):
        yield name, [Told(row[text], row[question]) for row in rows(f"long_thoughts/{file}")]
    for name, file in (("MATH-500", "sky_t1_math500.jsonl.gz"), ("AIME 2024", "sky_t1_aime24.jsonl.gz")):
        found = rows(f"long_thoughts/{file}")
        for said in (True, False):
            chosen = [Told(row["response"], row["question"]) for row in found if row["graded_correct"] is said]
            yield f"Sky-T1 {name}, {'right' if said else 'wrong'}", chosen
    for way, trials in (("shortcuts", 1), ("traversals, K=2", 2), ("traversals, K=4", 4)):
        yield f"PRM800K {way}", list(journeys(trials))
    if run is not None:
        yield from of_run(run)


@lru_cache
def rated() -> tuple[list[Problem], list[Tree]]:
    """The rated trees of PRM800K's test part."""
    with MathGrader() as grader:
        found = asyncio.run(prm800k.read([DATA / "prm800k/phase1_test_trees.jsonl"], grader))
    return found.problems, found.trees


def journeys(trials: int) -> Iterator[Told]:
    for problem, tree in zip(*rated(), strict=True):
        for leaf in right_leaves(tree)[:1]:
            walk = straight(tree, leaf) if trials == 1 else traverse(tree, leaf, TraverseSettings(trials), seed=0)
            thought = draft(tree, problem, walk, PROSE)
            yield Told(thought.text, problem.question, thought, tree)


def of_run(run: Path) -> Iterator[tuple[str, list[Told]]]:
    with Run.read(run) as of:
        questions = {p.id: p.question for p in of.problems()}
        trees = {t.id: t for t in of.trees()}
        told: dict[str, list[Told]] = defaultdict(list)
        for thought in of.thoughts():
            tree = trees.get(thought.tree or "")
            told[thought.method].append(Told(thought.text, questions[thought.problem], thought, tree))
    yield from ((f"{run.name}, {method}", found) for method, found in sorted(told.items()))


def described(name: str, told: list[Told]) -> dict[str, Any]:
    moves = [structure.of_text(t.text) if t.thought is None else structure.of_thought(t.thought, t.tree) for t in told]
    return {
        "set": name,
        "words": words.read([one.text for one in told], name).to_json(),
        "structure": structure.summed(moves),
        "quality": quality.summed(map(measured, told)),
    }


@lru_cache(maxsize=20_000)
def measured_text(text: str, question: str) -> quality.Quality:
    return quality.of_text(text, question)


def measured(told: Told) -> quality.Quality:
    if told.thought is None:
        return measured_text(told.text, told.question)
    return quality.of_thought(told.thought, told.question, told.tree)


# --- how far they can be trusted --------------------------------------------------------------------------------------


def pairs() -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = defaultdict(list)
    for row in rows("step_judges/prmbench.jsonl.gz"):
        kind = "another solution, no fault" if row["classification"] == "multi_solutions" else row["classification"]
        question = row["original_question"]
        right, planted = (Told(solution(row[f"{which}_process"]), question) for which in ("original", "modified"))
        found[f"PRMBench: {kind.replace('_', ' ').replace('redundency', 'redundancy')}"].append((right, planted))
    for row in rows("step_judges/perturbed_prm800k_test.jsonl"):
        right, planted = (
            Told(solution(row[f"{which}_steps"]), row["question"]) for which in ("reference", "hypothesis")
        )
        found[f"mechanical: {row['error_type']}"].append((right, planted))
    maths = [Told(row["solution"], row["problem"]) for row in rows("math/test_500.jsonl")]
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
            (Told(said[True], question), Told(said[False], question))
            for question, said in both.items()
            if len(said) == 2
        ]
    return found


def told_apart(name: str, found: list[Pair]) -> dict[str, Any]:
    row: dict[str, Any] = {"pairs of": name, "pairs": len(found)}
    for measure in quality.MEASURES:
        sign = -1 if measure == "redundancy" else 1
        said = [tuple(getattr(measured(told), measure) for told in pair) for pair in found]
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


# --- what is printed --------------------------------------------------------------------------------------------------


def said(value: float | None, places: int = 2) -> str:
    return "-" if value is None else f"{value:,.{places}f}"


def tables(described_sets: list[dict], apart: list[dict], people: dict[str, Any]) -> list[Any]:
    """What people read."""
    sizes, moves, measures, trust = [], [], [], []
    names = ("reflections", "backtracks", "mistakes", "recovery_rate", "wrong_tokens", "wrong_share", "estimated")
    for row in described_sets:
        found = row["words"]
        keys = (found["key_words"].get(key, (0, 0.0))[1] for key in KEYS)
        lengths = (said(found["tokens"], 0), said(found["lines"], 1), said(found["words_a_line"], 1))
        sizes.append((row["set"], found["texts"], *lengths, *(said(key, 1) for key in keys)))
        moves.append((row["set"], *(said(row["structure"][name]) for name in names)))
        known = row["quality"]
        measures.append((row["set"], *(f"{said(known[m], 3)} ({known['said'][m]})" for m in quality.MEASURES)))
    for row in apart:
        cells = (row[measure] for measure in quality.MEASURES)
        trust.append((row["pairs of"], row["pairs"],
                      *(f"{said(c['apart'])} ({c['pairs']}, {c['ties']})" for c in cells)))  # fmt: skip
    return [
        table(f"Lengths, and key words in 1,000 tokens ({words.TOKENS_BY_RULE})",
              ("set", "texts", "tokens", "lines", "words a line", *KEYS), sizes),
        table("Moves, means a thought (estimated: share counted by cue words alone)",
              ("set", *names[:3], "recovery", "wrong tokens", "share", "estimated"), moves),
        table("Quality, means (over how many)", ("set", *quality.MEASURES), measures),
        table("How often the better of two is found (pairs of which something is said, ties among them)",
              ("pairs of", "pairs", *quality.MEASURES), trust),
        listed("Beside people's labels", people),
    ]  # fmt: skip


def qualities(options: Namespace) -> Result:
    """All sets, all pairs, and people's labels."""
    if not DATA.is_dir():
        return Result({}, None, f"needs the data sets in {DATA}")
    described_sets = [described(name, told) for name, told in sets(options.run)]
    apart = [told_apart(name, found) for name, found in pairs().items()]
    people = by_people()
    figures = {"sets": described_sets, "told_apart": apart, "beside_people": people}
    return Result(figures, None, "no row of the scorecard asks for it", tables(described_sets, apart, people))


if __name__ == "__main__":
    flags = [flag("--run", type=Path, help="also the thoughts of this run")]
    run("quality of thoughts", __doc__, qualities, *flags)
