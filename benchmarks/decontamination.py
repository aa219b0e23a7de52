"""What decontamination finds, and how fast: thoughts by the thousand against 12,000 tested questions.

Found: questions of MATH's test part put into training under disguises, and how much of MATH's train part, and of what
PRM800K's people rated, touches MATH-500. Fast: `journey decontaminate` in a process of its own on a run with so many
thoughts, made of sentences of MATH's solutions, every hundredth with a tested question in its midst; --long takes
100,000 of them.
"""

import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import bench
from bench import DATA, Result, listed, table

from journey.data import problems
from journey.data.contamination import QuestionIndex, Rule, words
from journey.store.datafiles import rows
from journey.store.run import Run
from journey.types import Problem, Segment, Thought, content_hash, make_problem

WORDS = 600  # a thought
EVERY = 100  # thoughts, one has a tested question in it

# --- disguises --------------------------------------------------------------------------------------------------------

Disguise = Callable[[str, random.Random], str]


def spaced(text: str, draw: random.Random) -> str:
    """The same in other typesetting: spaces in formulas, \\dfrac, \\left and \\right, no dollars."""
    text = text.replace("\\frac", "\\dfrac").replace("(", "\\left( ").replace(")", " \\right)")
    return re.sub(r"([=+<>])", r" \\, \1 \\; ", text).replace("$", "").replace(" ", "  ")


def other_numbers(text: str, draw: random.Random) -> str:
    """Every number above 1 is another one."""
    return re.sub(r"\d+", lambda n: n[0] if int(n[0]) < 2 else str(int(n[0]) + draw.randint(1, 9)), text)


def one_number(text: str, draw: random.Random) -> str:
    """The first number is another one."""
    return re.sub(r"\d+", lambda n: str(int(n[0]) + draw.randint(1, 9)), text, count=1)


def every_sixth(text: str, draw: random.Random) -> str:
    """A filler word behind every sixth word: no 13 words, and no 8, stay together."""
    return " ".join(word + (" indeed" if i % 6 == 5 else "") for i, word in enumerate(text.split()))


def inside(text: str, draw: random.Random) -> str:
    """In the midst of a longer text."""
    return f"Okay, let me first recall what I was asked. {text} So I should start with what is given, and go on."


def shouted(text: str, draw: random.Random) -> str:
    """In capitals, without the marks at the ends of sentences."""
    return re.sub(r"[.?!,;]", "", text).upper()


def cut(text: str, draw: random.Random) -> str:
    """Its first half."""
    return " ".join(text.split()[: len(text.split()) // 2])


# Written by hand: what no run of words betrays. The first of each pair is MATH's own question.
PARAPHRASES = (
    (
        "Three pencils and a jumbo eraser cost $\\$1.24$. Five pencils and a jumbo eraser cost $\\$1.82$. No prices "
        "include tax. In cents, what is the cost of a pencil?",
        "A big eraser bought together with 3 pencils is 124 cents, and with 5 pencils it is 182 cents, before tax. How "
        "much is one pencil?",
    ),
    (
        "What is the smallest positive integer $n$ such that all the roots of $z^4 + z^2 + 1 = 0$ are "
        "$n^{\\text{th}}$ roots of unity?",
        "Find the least natural $n$ for which every solution of $z^4 + z^2 + 1 = 0$ satisfies $z^n = 1$.",
    ),
    (
        "Roslyn has ten boxes. Five of the boxes contain pencils, four of the boxes contain pens, and two of the boxes "
        "contain both pens and pencils. How many boxes contain neither pens nor pencils?",
        "Of Roslyn's 10 boxes, 5 hold pencils and 4 hold pens, 2 of which hold both. In how many is there neither?",
    ),
    (
        "In how many ways can 8 people sit around a round table if 3 of the people -- Pierre, Rosa, and Thomas -- all "
        "want to sit together?  (Two seatings are considered the same if one is a rotation of the other.)",
        "Eight friends take seats at a circular table, and Pierre, Rosa and Thomas insist on adjacent chairs. Count "
        "the arrangements up to rotation.",
    ),
    (
        "What is the remainder when $1 + 2 + 3 + 4 + \\dots + 9 + 10$ is divided by 9?",
        "Add the whole numbers from 1 to 10 and reduce the sum modulo 9. What is left?",
    ),
)

DISGUISES: dict[str, Disguise] = {
    "as it is": lambda text, draw: text,
    "other LaTeX spacing": spaced,
    "capitals, no marks": shouted,
    "inside a longer text": inside,
    "its first half": cut,
    "one number changed": one_number,
    "all numbers changed": other_numbers,
    "a word put in behind every sixth": every_sixth,
}


def disguised(tests: Sequence[Problem]) -> dict[str, dict[str, int]]:
    """Of the tested questions under each disguise, how many are found as what."""
    draw = random.Random(0)
    found: dict[str, dict[str, int]] = {}
    for n in (13, 8):
        index = QuestionIndex((p.question for p in tests), Rule(n))
        for name, disguise in DISGUISES.items():
            how: Counter[str] = Counter()
            for problem in tests:
                number = index.number(problem.question)
                touches = index.touches(disguise(problem.question, draw), is_question=name != "inside a longer text")
                how[next((t.how for t in touches if t.question == number), "missed")] += 1
            found[f"{name}, n = {n}"] = dict(how)
        index = QuestionIndex((question for question, _ in PARAPHRASES), Rule(n, common=len(PARAPHRASES)))
        hits = sum(bool(index.touches(other, is_question=True)) for _, other in PARAPHRASES)
        found[f"paraphrased by hand, n = {n}"] = {"ngram": hits, "missed": len(PARAPHRASES) - hits}
    return found


def rated(file: str) -> list[str]:
    """The questions of PRM800K's phase 1, each once."""
    return list(dict.fromkeys(str(row["question"]["problem"]) for _, row in rows(DATA / "prm800k" / file)))


def real(tests: Sequence[Problem]) -> dict[str, dict[str, int]]:
    """Of real training questions, how many touch MATH-500."""
    sets = {
        "MATH train": [p.question for p in problems.read(DATA / "math/train_12000.jsonl.gz").problems],
        "PRM800K train": rated("phase1_train_trees.jsonl.gz"),
        "PRM800K test": rated("phase1_test_trees.jsonl"),
    }
    found: dict[str, dict[str, int]] = {}
    for n in (13, 8):
        index = QuestionIndex((p.question for p in tests), Rule(n))
        for name, those in sets.items():
            how: Counter[str] = Counter()
            for question in those:
                touches = index.touches(question, is_question=True)
                how[touches[0].how if touches else "none"] += 1
                how["half or more"] += bool(touches) and touches[0].share >= 0.5
            found[f"{name}, n = {n}"] = {"questions": len(those), **how}
    return found


# --- speed ------------------------------------------------------------------------------------------------------------


def thoughts(
    number: int, solutions: Sequence[str], tests: Sequence[Problem], asked: Sequence[Problem]
) -> Iterator[Thought]:
    """Thoughts of real sentences in a drawn order."""
    draw = random.Random(0)
    sentences = [s for text in solutions for s in re.split(r"(?<=[.!?])\s", text) if s]
    lengths = [len(words(s)) for s in sentences]
    for i in range(number):
        told: list[str] = []
        length = 0
        while length < WORDS:
            k = draw.randrange(len(sentences))
            told.append(sentences[k])
            length += lengths[k]
        if i % EVERY == 0:
            told.insert(len(told) // 2, tests[i // EVERY % len(tests)].question)
        text, about = " ".join(told), asked[i % len(asked)].id
        segment = Segment("step", text, None, 0, len(text))
        yield Thought(content_hash("thought", i), about, None, "traverse", (segment,), text, text, "1")


def timed(number: int, folder: Path) -> dict[str, Any]:
    """Seconds and memory of the command on a run of so many thoughts, and whether every tested question was found."""
    file = DATA / "math/train_12000.jsonl.gz"
    tests = problems.read(file).problems
    solutions = [p.solution or "" for p in problems.load(DATA / "math/test_500.jsonl")]
    asked = [make_problem(f"Which is the {i}th?", str(i)) for i in range(number)]
    told = thoughts(number, solutions, tests, asked)
    with Run.open(folder / "run") as run:
        run.put_all("problems", asked, split="train")
        while some := list(islice(told, 1000)):
            run.put_all("thoughts", some)
    command = [sys.executable, "-m", "journey", "decontaminate", folder / "run", "--against", file, "--json"]
    begin = time.perf_counter()
    said = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    data = json.loads(said.stdout)
    touching = {touch["problem"] for touch in data["touches"]}
    put_in = zip(asked[::EVERY], (tests[i % len(tests)].question for i in range(number)), strict=False)
    missed = [question for problem, question in put_in if problem.id not in touching]
    return {
        "thoughts": number,
        "words a thought": WORDS,
        "tested questions": len(tests),
        "seconds": round(seconds, 1),
        "CPU seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak memory, MB": round(used.ru_maxrss / 1024),
        "thoughts with a question put in": -(-number // EVERY),
        "not found of these": len(missed),
        "of them with 5 words or more": sum(len(words(question)) >= 5 for question in missed),
        "other thoughts touching": data["touching"]["thought"] - sum(p.id in touching for p in asked[::EVERY]),
        "load": round(os.getloadavg()[0], 1),
    }


def decontaminate(options: Namespace) -> Result:
    """Disguises, real questions, speed; a minute for 100,000 thoughts, the quick form by CPU time."""
    if not DATA.is_dir():
        return Result({}, None, f"there is no {DATA}; the whole data sets are needed")
    tests = problems.load(DATA / "math/test_500.jsonl")
    found, touching = disguised(tests), real(tests)
    with tempfile.TemporaryDirectory() as folder:
        speed = timed(100_000 if options.long else 10_000, Path(folder))
    is_fast = speed["seconds"] < 60 if options.long else speed["CPU seconds"] < 10
    reached = is_fast and not speed["of them with 5 words or more"] and speed["peak memory, MB"] < 1024
    shown = []
    for title, of in (("MATH-500's questions in disguise", found), ("Real questions touching MATH-500", touching)):
        names = list(dict.fromkeys(name for row in of.values() for name in row))
        lines = [(name_of, *(row.get(name, 0) for name in names)) for name_of, row in of.items()]
        shown.append(table(title, ("", *names), lines))
    figures = {"speed": speed, "disguises": found, "real": touching}
    return Result(figures, reached, "", [*shown, listed("Speed", speed)])


if __name__ == "__main__":
    bench.run("decontamination", __doc__, decontaminate)
