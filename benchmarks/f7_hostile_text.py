"""F7: hostile answers and thoughts, through everything that reads what a model wrote. Does anything raise, or run?

Each text is looked into for a final answer, graded as a whole text and as a bare answer against a number and against a
formula, cut into steps, read for equalities, words and moves, and cleaned for a page. Nothing may raise, and no code in
a text may run: it would leave a file behind, which is looked for.
"""

import asyncio
import os
import tempfile
import time
from argparse import Namespace
from collections import Counter
from pathlib import Path

from bench import Result, run
from hostile_answers import CANARY, hostile

from journey.answers.check import MathGrader
from journey.answers.find import find_answer
from journey.evals import quality, structure, words
from journey.evals.equalities import equalities
from journey.studio import safe
from journey.tasks.countdown.task import COUNTDOWN
from journey.tasks.steps import FORMATS
from journey.types import make_problem

WANTED = 10_000


async def read(grader: MathGrader, text: str) -> list[str]:
    """What reading one text in every way raised."""
    number, formula = make_problem("What is it?", "42"), make_problem("What is it?", r"\frac{x+1}{2}")
    raised: list[str] = []

    def ways():
        yield "find", lambda: find_answer(text)
        yield "equalities", lambda: list(equalities(text))
        yield "words", lambda: words.read([text], "it")
        yield "moves", lambda: structure.of_text(text)
        yield "quality", lambda: quality.of_text(text, "What is 40 + 2?")
        yield "page", lambda: safe.html(text)
        for name, form in FORMATS.items():
            yield f"steps {name}", lambda form=form: form.split(text)

    for way, deed in ways():
        try:
            deed()
        except Exception as error:  # whatever it is, it is the finding
            raised.append(f"{way}: {type(error).__name__}")
    for way, asked, problem, given in (
        ("grade", grader, number, text),
        ("grade box", grader, number, rf"\boxed{{{text}}}"),
        ("grade formula", grader, formula, f"# Answer\n\n{text}"),
        ("countdown", COUNTDOWN.grader(), make_problem("Make 24 from 4 6", "24"), text),
    ):
        try:
            await asked.grade(problem, given)
        except Exception as error:  # the same
            raised.append(f"{way}: {type(error).__name__}")
    return raised


async def measure(count: int) -> dict:
    kinds, raised = Counter[str](), Counter[str]()
    with MathGrader() as grader:
        await grader.compare("f(2x)", "2f(x)")  # starts the workers
        gate = asyncio.Semaphore(8)

        async def one(kind: str, text: str) -> None:
            async with gate:
                kinds[kind] += 1
                raised.update(f"{kind}, {found}" for found in await read(grader, text))

        await asyncio.gather(*(one(kind, text) for kind, text in hostile(count)))
    return {"texts": count, "kinds": kinds, "raised": raised}


def hostile_text(options: Namespace) -> Result:
    """All texts in a folder of their own, where code that runs would leave its file."""
    home = Path(tempfile.mkdtemp())
    os.chdir(home)
    began = time.perf_counter()
    figures = asyncio.run(measure(WANTED if options.long else 300))
    figures["seconds"] = round(time.perf_counter() - began, 1)
    figures["code_run"] = len(list(home.rglob(f"*{CANARY}*")))
    return Result(figures, not figures["raised"] and not figures["code_run"])


if __name__ == "__main__":
    run("F7", __doc__, hostile_text)
