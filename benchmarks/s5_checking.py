"""S5: how fast answers are checked: ordinary pairs, 10,000 mixed ones, hostile ones, and math-verify beside them.

Ordinary pairs are the reference and the answer of models to MATH-500, each pair once, or without that data set
pairs made here. They are asked at the same time of a grader whose workers run and that knows none of them (median of
five rounds, with everything forgotten in between). Beside it math-verify is called for each of them in the main thread,
with its own time limits.

The mixed 10,000 are these pairs, 500 hostile answers of F7 to the reference 42, references of MATH's training problems
against themselves in another writing or against the one before, and pairs made here. They are asked at the same time,
so hostile ones wait for each other. Last, hostile answers one after another, and 25 at once with ordinary ones behind
them.
"""

import asyncio
import gzip
import json
import random
import re
import statistics
import time
from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import DATA, Result, run
from hostile_answers import hostile
from math_verify import parse, verify

from journey.answers import clean, formula, read, values
from journey.answers.check import MathGrader
from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.answers.grade import Grade

ANSWERS = DATA / "model_outputs/math500_short_answers_4_models.jsonl.gz"
TRAIN = DATA / "math/train_12000.jsonl.gz"
WANTED_RATE, WANTED_LONGEST = 2000, 2.5
MIXED, HARMFUL = 10_000, 500

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


def respelled(gold: str) -> str:
    """The same answer as another writer sets it."""
    text = re.sub(r"\\[dt]frac", r"\\frac", gold).replace(r"\left", "").replace(r"\right", "")
    text = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2", text)
    return re.sub(r"(\d),(?=[-\d(])", r"\1, ", text).replace("+", " + ")


def mixed(pairs: Sequence[Pair]) -> list[Pair]:
    """Short answers, LaTeX and hostile ones, each pair once, in an order drawn by seed."""
    found = [*pairs, *(("42", text) for _, text in hostile(HARMFUL, seed=2))]
    if TRAIN.is_file():
        golds = [json.loads(line)["answer"] for line in gzip.decompress(TRAIN.read_bytes()).splitlines()]
        found += [(one, respelled(one) if i % 2 else golds[i - 1]) for i, one in enumerate(golds)]
    found += made(2 * MIXED, 1)
    found = list(dict.fromkeys(found))[:MIXED]
    random.Random(0).shuffle(found)
    return found


def forget() -> None:
    """Empties what the checker keeps of answers that it read."""
    for kept in (clean.clean, formula.parse, read.read, values.equal, values.exact, values.rough):
        kept.cache_clear()


async def timed(grader: MathGrader, pair: Pair) -> tuple[Grade, float]:
    began = time.perf_counter()
    return await grader.compare(*pair), time.perf_counter() - began


async def crowd(pairs: Sequence[Pair], harmful: Sequence[str]) -> tuple[float, float]:
    """Seconds until the last of ordinary pairs is said that are asked right behind hostile ones; and until all are."""
    with MathGrader() as grader:
        await ready(grader)
        began = time.perf_counter()
        bad = [asyncio.ensure_future(grader.compare("42", text)) for text in harmful]
        waits = await asyncio.gather(*(timed(grader, pair) for pair in pairs))
        await asyncio.gather(*bad)
    return max(seconds for _, seconds in waits), time.perf_counter() - began


async def ready(grader: MathGrader) -> None:
    await asyncio.gather(grader.compare("f(2x)", "2f(x)"), grader.compare("1", r"\int_0^1 dx"))


async def gather_or_cancel(grader: MathGrader, pairs: Sequence[Pair]) -> tuple[list[Grade], float]:
    """The grades of all pairs, asked at the same time, and the seconds that took."""
    began = time.perf_counter()
    found = await asyncio.gather(*(grader.compare(gold, answer) for gold, answer in pairs))
    return found, time.perf_counter() - began


def from_threads(grader: MathGrader, pairs: Sequence[Pair]) -> list[Grade]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda pair: grader.check(*pair), pairs))


def others(pairs: Sequence[Pair]) -> float:
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


async def ordinary(pairs: Sequence[Pair], rounds: int) -> tuple[list[Grade], list[float], float]:
    """Grades, the rates of each round with nothing known, and the rate when all is known."""
    rates: list[float] = []
    for _ in range(rounds):
        forget()
        with MathGrader() as grader:
            await ready(grader)
            first, seconds = await gather_or_cancel(grader, pairs)
            rates.append(len(pairs) / seconds)
            _, again = await gather_or_cancel(grader, pairs)
    return first, rates, len(pairs) / again


async def measure(pairs: list[Pair], harmful: list[str], rounds: int) -> dict[str, Any]:
    first, rates, again = await ordinary(pairs, rounds)
    alone = len(pairs) / others(pairs)
    forget()
    with MathGrader() as grader:
        await ready(grader)
        threads = await asyncio.to_thread(from_threads, grader, pairs)
        longest, unsaid = await one_by_one(grader, harmful)
    waited, all_said = await crowd(pairs, harmful)
    many = mixed(pairs)
    with MathGrader() as grader:
        await ready(grader)
        began = time.perf_counter()
        said = await asyncio.gather(*(timed(grader, pair) for pair in many))
        seconds = time.perf_counter() - began
    harmless = [one for pair, one in zip(many, said, strict=True) if pair[0] != "42"]
    # A pair that timed out once may be said another time; two answers that differ are what must not be.
    differ = sum(
        one.correct is not other.correct and None not in (one.correct, other.correct)
        for one, other in zip(first, threads, strict=True)
    )
    rate = statistics.median(rates)
    return {
        "pairs": len(pairs),
        "a_second": round(rate),
        "slowest_and_fastest_round": f"{min(rates):,.0f} to {max(rates):,.0f} of {rounds}",
        "again_a_second": round(again),
        "plain_share": sum(decide(*pair) is not None for pair in pairs) / len(pairs),
        "math_verify_a_second": round(alone),
        "times_math_verify": round(rate / alone, 1),
        "could_not_say": sum(grade.correct is None for grade in first),
        "differ_from_threads": differ,
        "hostile": len(harmful),
        "hostile_longest": round(longest, 2),
        "hostile_could_not_say": unsaid,
        "ordinary_behind_hostile_longest": round(waited, 2),
        "hostile_at_once_seconds": round(all_said, 2),
        "mixed": len(many),
        "mixed_hostile": HARMFUL,
        "mixed_seconds": round(seconds, 1),
        "mixed_could_not_say": sum(grade.correct is None for grade, _ in said),
        "mixed_ordinary_could_not_say": sum(grade.correct is None for grade, _ in harmless),
        "mixed_ordinary_longest": round(max(seconds for _, seconds in harmless), 2),
    }


def checking(options: Namespace) -> Result:
    pairs = real(ANSWERS) if ANSWERS.is_file() else []
    harmful = [text for _, text in hostile(200 if options.long else 25, seed=1)]
    figures = asyncio.run(measure(pairs or made(10_000, 0), harmful, 5))
    figures["pairs_are"] = "answers of models" if pairs else "made here"
    longest = max(figures["hostile_longest"], figures["ordinary_behind_hostile_longest"])
    reached = figures["a_second"] >= WANTED_RATE and longest <= WANTED_LONGEST and not figures["differ_from_threads"]
    return Result(figures, reached, f"wanted: {WANTED_RATE} a second, none longer than {WANTED_LONGEST} s")


if __name__ == "__main__":
    run("S5", __doc__, checking)
