"""S5: how fast answers are checked. Ordinary pairs, hostile ones, and math-verify in one thread beside them.

Ordinary pairs are the reference and the answer of models to MATH-500 (--data), each pair once, or without that file
pairs made here: numbers, fractions, units, formulas and intervals in several writings. Hostile ones are those of F7.
Beside it math-verify is called for each of the first pairs in the main thread, with its own timeout.
"""

import argparse
import asyncio
import gzip
import json
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hostile_answers import hostile
from math_verify import parse, verify
from rich.console import Console
from rich.table import Table

from journey.answers import Grade, MathGrader, find_answer
from journey.plain import decide

DATA = Path(__file__).parents[1] / "../shared/data/model_outputs/math500_short_answers_4_models.jsonl.gz"
WANTED_RATE, WANTED_LONGEST = 2000, 2.5

Pair = tuple[str, str]


def made(count: int, seed: int) -> list[Pair]:
    """Pairs of numbers and formulas, half of them the same in another writing."""
    rng = random.Random(seed)
    pairs: list[Pair] = []
    for _ in range(count):
        a, b = rng.randint(1, 999), rng.randint(2, 99)
        one, other = rng.choice(
            [
                (str(a), f"{a}.0"),
                (f"\\frac{{{a}}}{{{b}}}", f"{a}/{b}"),
                (f"{a}\\%", f"{a}"),
                (f"{a} \\text{{ cm}}", str(a)),
                (f"{a}x + {b}", f"{b} + {a}x"),
                (f"({a}, {b})", f"({a},{b})"),
                (f"{a},000", f"{a}000"),
                (f"{a}^\\circ", f"{a}"),
            ]
        )
        pairs.append((one, other if rng.random() < 0.5 else str(a + 1)))
    return pairs


def real(file: Path) -> list[Pair]:
    """Pairs of reference and answer as models gave them to MATH-500, each once."""
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    pairs = [(row["gold"], answer) for row in rows if (answer := find_answer(row["response"])) is not None]
    return list(dict.fromkeys(pairs))


async def at_once(grader: MathGrader, pairs: Sequence[Pair]) -> tuple[list[Grade], float]:
    """The grades of all pairs, asked at the same time, and the seconds that took."""
    began = time.perf_counter()
    found = await asyncio.gather(*(grader.compare(gold, answer) for gold, answer in pairs))
    return found, time.perf_counter() - began


def from_threads(grader: MathGrader, pairs: Sequence[Pair]) -> list[Grade]:
    """The same from eight threads without an event loop."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda pair: grader.check(*pair), pairs))


def others(pairs: Sequence[Pair]) -> float:
    """Seconds of math-verify alone."""
    began = time.perf_counter()
    for gold, answer in pairs:
        verify(parse(f"${gold}$"), parse(f"${answer}$"))
    return time.perf_counter() - began


async def one_by_one(grader: MathGrader, answers: Sequence[str]) -> tuple[float, int]:
    """The longest that one hostile answer took, and how many were left open."""
    longest, unsaid = 0.0, 0
    for answer in answers:
        began = time.perf_counter()
        grade = await grader.compare("42", answer)
        longest, unsaid = max(longest, time.perf_counter() - began), unsaid + (grade.correct is None)
    return longest, unsaid


async def measure(pairs: list[Pair], harmful: list[str], few: int) -> dict:
    with MathGrader() as grader:
        await grader.compare("|x|", r"\sqrt{x^2}")  # starts the workers
        first, seconds = await at_once(grader, pairs)
        _, again = await at_once(grader, pairs)
    alone = others(pairs[:few])
    with MathGrader() as grader:
        threads = await asyncio.to_thread(from_threads, grader, pairs[:few])
        longest, unsaid = await one_by_one(grader, harmful)
    # A pair that timed out once may be said another time; two answers that differ are what must not be.
    differ = sum(
        one.correct is not other.correct and None not in (one.correct, other.correct)
        for one, other in zip(first, threads, strict=False)
    )
    return {
        "pairs": len(pairs),
        "a_second": round(len(pairs) / seconds),
        "again_a_second": round(len(pairs) / again),
        "plain_share": sum(decide(*pair) is not None for pair in pairs) / len(pairs),
        "math_verify_a_second": round(few / alone),
        "could_not_say": sum(grade.correct is None for grade in first),
        "differ_from_threads": differ,
        "hostile": len(harmful),
        "hostile_longest": round(longest, 2),
        "hostile_could_not_say": unsaid,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--long", action="store_true", help="200 hostile answers one after another instead of 25")
    parser.add_argument("--data", type=Path, default=DATA, help="rows with gold and response")
    asked = parser.parse_args()
    pairs = real(asked.data) if asked.data.is_file() else []
    source = "answers of models" if pairs else "made here"
    harmful = [text for _, text in hostile(200 if asked.long else 25, seed=1)]
    figures = asyncio.run(measure(pairs or made(10_000, 0), harmful, 500)) | {"pairs_are": source}
    reached = (
        figures["a_second"] >= WANTED_RATE
        and figures["hostile_longest"] <= WANTED_LONGEST
        and not figures["differ_from_threads"]
    )
    if asked.json:
        print(json.dumps({"row": "S5", "reached": reached, "figures": figures}))
    else:
        table = Table(title="S5: checking answers", title_justify="left", show_header=False)
        for name, value in figures.items():
            shown = (
                f"{value:.1%}" if name == "plain_share" else f"{value:,}" if isinstance(value, int | float) else value
            )
            table.add_row(name.replace("_", " "), shown)
        Console().print(table)
    sys.exit(not reached)


if __name__ == "__main__":
    main()
