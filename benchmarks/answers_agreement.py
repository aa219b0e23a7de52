"""How far the answer checker agrees with others: prints a table, or writes docs/answers.md from "Agreement" on.

    python benchmarks/answers_agreement.py --data FOLDER [--write docs/answers.md]

FOLDER holds `equivalence/*.jsonl`, pairs with a wanted verdict.
"""

import asyncio
import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import DATA, Result, flag, run

from journey.answers.check import MathGrader
from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.metrics.accuracy import wilson

FILES = {
    "peer_test_pairs": "other tools' own tests: what their authors want under their settings",
    "prm800k_final_answers": "final answers of PRM800K and how people rated that last step (majority; ties left out)",
    "graded_model_answers": "answers of models that differ in writing, with the verdict of the Qwen maths grader",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers, whether they are said to be the same, and what to tell of it."""

    id: str
    gold: str
    pred: str
    equal: bool
    note: str


def pairs(file: Path) -> Iterator[Pair]:
    """The pairs of one of the three files, in one form."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "n_rated_good" in row:
            good, bad = row["n_rated_good"], row["n_rated_bad"]
            if good != bad:
                yield Pair(row["id"], row["gold"], row["pred"], good > bad, f"rated good {good}, bad {bad}")
        elif "qwen_grader_says" in row:
            yield Pair(row["id"], row["gold"], row["pred"], row["qwen_grader_says"], "")
        else:
            options = ", ".join(f"{name}={value}" for name, value in (row["options"] or {}).items())
            yield Pair(row["id"], row["gold"], row["pred"], row["equal"], options)


async def grades(grader: MathGrader, asked: Sequence[Pair]) -> list[Grade]:
    """Each pair's grade. A text without a marked answer is taken whole, as the other tools take it."""
    return await asyncio.gather(
        *[grader.compare(find_answer(pair.gold) or pair.gold, find_answer(pair.pred) or pair.pred) for pair in asked]
    )


def cause(file: str, pair: Pair, grade: Grade) -> str:
    """Why checker and file may disagree, by what can be seen of the pair."""
    if grade.correct is None:
        return "We could not say (an answer that cannot be read, or took too long)"
    if file == "prm800k_final_answers":
        if grade.correct:
            return "The answer is the reference's, but people rated the step wrong (mostly for its reasoning)"
        return "People accepted a step whose answer is not the reference's as it is written"
    if file == "graded_model_answers":
        return "The machine grader errs, or one of the two answers is broken text"
    if "NativeLetters" in pair.note or "CHINESE" in pair.note:
        return "Choice letters or numbers inside running text, and Chinese text: no marked answer"
    if "precision" in pair.note or "strict=False" in pair.note:
        return "The other tool's test asks for rounding or renamed variables"
    if "," in pair.gold + pair.pred and pair.gold.replace(",", ".") == pair.pred.replace(",", "."):
        return "A comma as decimal point"
    return "Another reading of the text (several boxes, sets against lists, line breaks in a formula)"


def shown(text: str, longest: int = 70) -> str:
    """A text for a Markdown table's cell: its end, where an answer stands, if it is long."""
    text = " ".join(text.split())
    text = text if len(text) <= longest else "... " + text[-longest:]
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def agreement_row(file: str, asked: Sequence[Pair], said: Sequence[Grade]) -> str:
    same = sum(grade.correct is pair.equal for pair, grade in zip(asked, said, strict=True))
    unsaid = sum(grade.correct is None for grade in said)
    share = wilson(same, len(asked))
    interval = f"{share.low:.1%} to {share.high:.1%}"
    return f"| `{file}` | {len(asked)} | {same / len(asked):.1%} | {interval} | {unsaid} | {FILES[file]} |"


def disagreements(file: str, asked: Sequence[Pair], said: Sequence[Grade]) -> list[str]:
    """Lines of Markdown: the disagreements of a file, grouped by cause."""
    groups: dict[str, list[str]] = {}
    for pair, grade in zip(asked, said, strict=True):
        if grade.correct is not pair.equal:
            verdicts = {True: "same", False: "different", None: "could not say"}
            texts, words = (shown(pair.gold), shown(pair.pred)), (verdicts[pair.equal], verdicts[grade.correct])
            cells = (pair.id, *texts, *words, pair.note)
            groups.setdefault(cause(file, pair, grade), []).append("| " + " | ".join(cells) + " |")
    lines = [f"\n### {file}"]
    for name, rows in sorted(groups.items(), key=lambda group: -len(group[1])):
        lines += [
            f"\n{name} ({len(rows)}):\n",
            "| pair | reference | answer | file says | we say | settings or ratings |",
        ]
        lines += ["|---|---|---|---|---|---|", *rows]
    return lines


async def measure(data: Path) -> tuple[list[str], list[str]]:
    """Lines of Markdown: the table of agreement, and the disagreements."""
    lines = ["| file | pairs | agreement | 95 % interval | could not say | what it is |", "|---|---|---|---|---|---|"]
    found: list[str] = []
    with MathGrader() as grader:
        for file in FILES:
            asked = list(pairs(data / "equivalence" / f"{file}.jsonl"))
            said = await grades(grader, asked)
            lines.append(agreement_row(file, asked, said))
            found += disagreements(file, asked, said)
    return lines, found


def agreement(options: Namespace) -> Result:
    if not options.data.is_dir():
        return Result({}, None, f"needs the data sets in {options.data}")
    lines, found = asyncio.run(measure(options.data))
    if options.write:
        before = options.write.read_text("utf-8").partition("\n## Agreement")[0].rstrip()  # written by people
        head = ["\n## Agreement\n\nCould not say counts as disagreement.\n", *lines, "\n## Disagreements"]
        options.write.write_text("\n".join([before, *head, *found]) + "\n", encoding="utf-8")
    return Result({"agreement": lines[2:]}, None, "no row of the scorecard asks for it", lines)


if __name__ == "__main__":
    run(
        "agreement", __doc__, agreement,
        flag("--data", type=Path, default=DATA), flag("--write", type=Path, help="docs/answers.md"),
    )  # fmt: skip
