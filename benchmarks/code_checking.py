"""How HumanEval's checker does: canonical programs, wrong ones and programs that deceive, and how many a second.

Of each problem (--data) the canonical program must be right; one that returns nothing, one that ends early and one
whose answer says that it equals everything must be wrong.
"""

import asyncio
import time
from argparse import Namespace
from pathlib import Path

from bench import DATA, Result, flag, run, table

from journey.answers.grade import Grade
from journey.data.benchmarks import load
from journey.tasks.code.grader import CodeGrader

OTHERS = {
    "returns nothing": "    return None\n",
    "ends early": "    import os; os._exit(0)\n",
    "equals everything": "    return type('E', (), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0.0})()\n",
}


WORDS = {"right": True, "wrong": False, "could not say": None}


def checking(options: Namespace) -> Result:
    """Every program of every problem."""
    if not options.data.is_file():
        return Result({}, None, f"needs {options.data}")
    problems = load("HumanEval", str(options.data), limit=options.limit).problems

    async def graded(code: str | None) -> list[Grade]:
        grader = CodeGrader()
        return await asyncio.gather(*(grader.grade(p, p.solution or "" if code is None else code) for p in problems))

    rows: dict[str, dict[str, float]] = {}
    for name, code in {"canonical": None, **OTHERS}.items():
        began = time.perf_counter()
        grades = asyncio.run(graded(code))
        seconds = time.perf_counter() - began
        counts = {word: sum(grade.correct is verdict for grade in grades) for word, verdict in WORDS.items()}
        rows[name] = {**counts, "a second": round(len(grades) / seconds, 1)}
    reached = rows["canonical"]["right"] == len(problems) and all(rows[o]["wrong"] == len(problems) for o in OTHERS)
    shown = table(f"{len(problems)} problems", ("program", *WORDS, "a second"),
                  [(name, *row.values()) for name, row in rows.items()])  # fmt: skip
    return Result(rows, reached, "", [shown])


if __name__ == "__main__":
    run(
        "code", __doc__, checking,
        flag("--data", type=Path, default=DATA / "code/humaneval.jsonl", help="HumanEval's rows"),
        flag("--limit", type=int, default=None, help="only so many problems"),
    )  # fmt: skip
