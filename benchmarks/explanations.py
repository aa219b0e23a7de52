"""Reasons why a step is wrong: is our form of them one that people's reasons have, and do models name the same numbers?

MR-GSM8K's reasons were written by people (some in Chinese), PRMBench's by GPT-4o and partly checked by people. The form
is that of `thoughts/explain.py`: what it refuses of these it refuses of a model, too. What is no reason at all (the
step itself, the step before it) should be refused; a worked solution without its last line stands for other writing.

MR-GSM8K also holds what other models gave as reasons, with a person's verdict on them. "Numbers shared" is the share of
the numbers in a person's reason that the model's names, too; "new" counts only those that the step does not show.
As a yardstick the same with the person's reason for another row. With --model, that model is asked in our own words.
"""

import argparse
import asyncio
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from journey.errors import UsageError
from journey.models.base import Completion, ModelError
from journey.pipeline import registry
from journey.thoughts.explain import ExplainSettings, read, reason_of, sentences
from journey.thoughts.numbers import numbers
from journey.types import make_problem

FOLDER = Path(__file__).parents[1] / "../shared/data/step_judges"
ANSWER_LINE = re.compile(r"\n*^#+ .*", re.DOTALL | re.MULTILINE)
LIMITS = (0.5, 0.9, 0.99)
AT_ONCE = 16


class Case(NamedTuple):
    """A wrong step with the real reason; `others` are other judges' reasons with a person's verdict on them."""

    source: str
    question: str
    answer: str
    before: list[str]
    step: str
    reason: str
    solution: str | None
    others: list[tuple[str, bool]]

    @property
    def material(self) -> list[str]:
        return [self.question, *self.before, self.step]


def cases() -> list[Case]:
    """All rows with a wrong step and a reason."""
    found = []
    for line in (FOLDER / "mr_gsm8k_wrong_part.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        steps, at = row["model_output_steps"], int(row["model_output_solution_first_error_step"])
        judged = [(j["error_reason"], j["reason_right_by_human"]) for j in row["judgements"]]
        # Those judges were asked for a last line with the step's number, and some never ended after it.
        others = [(ANSWER_LINE.sub("", said), right == "correct") for said, right in judged if said and right]
        reason = row["model_output_solution_first_error_reason"]
        source = "MR-GSM8K, Chinese" if any("一" <= c <= "鿿" for c in reason) else "MR-GSM8K, English"
        question, answer = row["question"], str(row["ground_truth_answer"])
        solution = ANSWER_LINE.sub("", row["ground_truth_solution"])
        found.append(Case(source, question, answer, steps[: at - 1], steps[at - 1], reason, solution, others))
    with gzip.open(FOLDER / "prmbench.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            steps, wrong = row["modified_process"], row["error_steps"]
            if wrong and row["reason"] and 1 <= wrong[0] <= len(steps):
                at = wrong[0]
                question, solution = row["modified_question"], "\n".join(row["original_process"])
                found.append(
                    Case("PRMBench", question, "", steps[: at - 1], steps[at - 1], row["reason"], solution, [])
                )
    return found


def is_taken(text: str, case: Case) -> bool:
    """Whether our form takes a text as the reason."""
    return read(Completion(text, 1, "end"), case.material) is not None


def of_source(source: str, of: Sequence[Case]) -> dict:
    """How many real reasons are taken, how long they are, and how much that is none is taken."""
    words = sorted(len(case.reason.split()) for case in of)
    characters = sorted(len(case.reason) for case in of)
    told = Counter(sentences(case.reason) for case in of)
    wholes = [case for case in of if case.solution]
    earlier = [case for case in of if case.before]
    return {
        "source": source, "reasons": len(of), "taken": share(is_taken(case.reason, case) for case in of),
        "up_to_3_sentences": sum(n for count, n in told.items() if count <= 3) / len(of), "words": median(words),
        "characters": [characters[int(limit * (len(of) - 1))] for limit in LIMITS],
        "step_taken": share(is_taken(case.step, case) for case in of),
        "step_before_taken": share(is_taken(case.before[-1], case) for case in earlier),
        "solution_taken": share(is_taken(case.solution or "", case) for case in wholes),
    }  # fmt: skip


def share(found: Iterable[bool]) -> float:
    """The share of those that are true; 0 of none."""
    values = list(found)
    return fmean(values) if values else 0.0


def shared_numbers(name: str, pairs: Sequence[tuple[Case, str]]) -> dict:
    """How many of the numbers in people's reasons the others name, too."""
    shares: dict[str, list[float]] = {"numbers_shared": [], "new_shared": []}
    for case, said in pairs:
        real, named = set(numbers(case.reason)), set(numbers(said))
        for key, wanted in (("numbers_shared", real), ("new_shared", real - set(numbers(case.step)))):
            if wanted:
                shares[key].append(len(wanted & named) / len(wanted))
    return {"reasons_of": name, "reasons": len(pairs)} | {k: fmean(v) if v else None for k, v in shares.items()}


def compared(found: Sequence[Case]) -> list[dict]:
    """The recorded reasons of other judges beside people's, by what a person thought of them."""
    judged = [(case, said, right) for case in found for said, right in case.others]
    yardstick = [
        (case, other.reason)
        for case, other in zip(found, [*found[1:], found[0]], strict=True)
        if case.source.startswith("MR-GSM8K") and other.source.startswith("MR-GSM8K")
    ]
    rows = [
        shared_numbers(f"models, {name}", [(case, said) for case, said, right in judged if right is wanted])
        | {"taken": share(is_taken(said, case) for case, said, right in judged if right is wanted)}
        for name, wanted in (("right in a person's eyes", True), ("wrong in a person's eyes", False))
    ]
    return [*rows, shared_numbers("people, for another row", yardstick)]


async def asked_of(name: str, found: Sequence[Case]) -> dict:
    """The reasons of a real model, beside people's."""
    model = registry.model(name)
    pairs: list[tuple[Case, str]] = []
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        said = await asyncio.gather(
            *(reason_of(make_problem(c.question, c.answer), c.before, c.step, model, ExplainSettings()) for c in some)
        )
        pairs += [(case, text) for case, text in zip(some, said, strict=True) if text is not None]
    await registry.close(model)
    return shared_numbers(name, pairs) | {"taken": len(pairs) / len(found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", help="a model to ask: openai/NAME (OPENAI_BASE_URL), tiny or hf/NAME")
    parser.add_argument("--limit", type=int, default=100, help="how many wrong steps that model is asked about")
    asked = parser.parse_args()
    if not FOLDER.is_dir():
        raise SystemExit(f"needs the reasons in {FOLDER}")
    found = cases()
    sources = sorted({case.source for case in found})
    forms = [of_source(source, [case for case in found if case.source == source]) for source in sources]
    rows = compared(found)
    if asked.model:
        people = [case for case in found if case.source.startswith("MR-GSM8K")]
        try:
            rows.append(asyncio.run(asked_of(asked.model, people[: asked.limit])))
        except (UsageError, ModelError) as error:
            raise SystemExit(str(error)) from None
    reached = all(row["taken"] >= 0.95 and row["step_taken"] == 0 for row in forms)
    if asked.json:
        print(json.dumps({"row": "explanations", "reached": reached, "figures": {"form": forms, "numbers": rows}}))
        return
    show(forms, rows)


def show(forms: Sequence[dict], rows: Sequence[dict]) -> None:
    console = Console()
    table = Table(title="Real reasons in our form", title_justify="left")
    for column in (
        "reasons of",
        "",
        "taken",
        "<= 3 sentences",
        "words",
        "characters: half, 90 %, 99 %",
        "no reasons taken",
    ):
        table.add_column(column)
    for row in forms:
        none = f"{row['step_taken']:.1%} {row['step_before_taken']:.1%} {row['solution_taken']:.1%}"
        table.add_row(
            row["source"], str(row["reasons"]), f"{row['taken']:.1%}", f"{row['up_to_3_sentences']:.1%}",
            f"{row['words']:.0f}", " ".join(map(str, row["characters"])), none,
        )  # fmt: skip
    console.print(table, "no reasons: the step itself, the step before, a worked solution\n")
    table = Table(title="Numbers of people's reasons (MR-GSM8K) that others name", title_justify="left")
    for column in ("reasons of", "", "taken", "numbers shared", "new shared"):
        table.add_column(column)
    for row in rows:
        cells = (row.get(name) for name in ("taken", "numbers_shared", "new_shared"))
        table.add_row(row["reasons_of"], str(row["reasons"]), *("-" if c is None else f"{c:.1%}" for c in cells))
    console.print(table)


if __name__ == "__main__":
    main()
