"""How HumanEval's checker does: canonical programs, wrong ones and programs that deceive, and how many a second.

Of each problem (--data) the canonical program must be right; one that returns nothing, one that ends early and one
whose answer says that it equals everything must be wrong.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from journey.answers.grade import Grade
from journey.data.benchmarks import load
from journey.tasks.code.grader import CodeGrader

DATA = Path(__file__).parents[1] / "../shared/data/code/humaneval.jsonl"
OTHERS = {
    "returns nothing": "    return None\n",
    "ends early": "    import os; os._exit(0)\n",
    "equals everything": "    return type('E', (), {'__eq__': lambda s, o: True, '__sub__': lambda s, o: 0.0})()\n",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="HumanEval's rows")
    parser.add_argument("--limit", type=int, default=None, help="only so many problems")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    problems = load("HumanEval", str(given.data), limit=given.limit).problems

    async def graded(code: str | None) -> list[Grade]:
        grader = CodeGrader()
        return await asyncio.gather(*(grader.grade(p, p.solution or "" if code is None else code) for p in problems))

    rows: dict[str, dict[str, float]] = {}
    for name, code in {"canonical": None, **OTHERS}.items():
        began = time.perf_counter()
        grades = asyncio.run(graded(code))
        seconds = time.perf_counter() - began
        told = {word: sum(g.correct is said for g in grades) for word, said in WORDS.items()}
        rows[name] = {**told, "a second": round(len(grades) / seconds, 1)}
    reached = rows["canonical"]["right"] == len(problems) and all(rows[o]["wrong"] == len(problems) for o in OTHERS)
    if given.json:
        print(json.dumps({"row": "code", "reached": reached, "figures": rows}))
        sys.exit(not reached)
    grid = Table("program", *WORDS, "a second", title=f"{len(problems)} problems", title_justify="left")
    for name, row in rows.items():
        grid.add_row(name, *map(str, row.values()))
    Console().print(grid)
    sys.exit(not reached)


WORDS = {"right": True, "wrong": False, "could not say": None}

if __name__ == "__main__":
    main()
