"""Our answer checker beside two public ones on the same pairs: false right, false wrong, null, seconds.

    python benchmarks/answers_compared.py [--data FOLDER]

math-verify is our dependency; mathruler (PyPI; what EasyR1 grades by) is measured where it is installed. Pairs are
those of `equivalence/*.jsonl` and of `faults/cases.jsonl`; one without a wanted verdict is left out. Each of the others
has five seconds a pair.
"""

import asyncio
import json
import signal
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from answers_agreement import FILES, pairs
from bench import DATA, Result, flag, run

from journey.answers.check import MathGrader
from journey.answers.find import find_answer

SECONDS = 5
Triple = tuple[str, str, bool]
Check = Callable[[str, str], bool | None]


def triples(data: Path) -> dict[str, list[Triple]]:
    """Reference, answer and wanted verdict of each pair, by file."""
    found = {
        name: [
            (find_answer(pair.gold) or pair.gold, find_answer(pair.pred) or pair.pred, pair.equal)
            for pair in pairs(data / "equivalence" / f"{name}.jsonl")
        ]
        for name in FILES
    }
    cases = [json.loads(line) for line in (data / "faults" / "cases.jsonl").read_text("utf-8").splitlines()]
    found["faults"] = [
        (case["input"]["ref"], case["input"]["ans"], case["expected"])
        for case in cases
        if case["area"] == "answers/check" and isinstance(case["input"], dict) and case["expected"] is not None
    ]
    return found


def _math_verify(gold: str, answer: str) -> bool | None:
    from math_verify import parse, verify

    one, other = parse(f"${gold}$", parsing_timeout=None), parse(f"${answer}$", parsing_timeout=None)
    return verify(one, other, timeout_seconds=None) if one and other else None


def _others() -> dict[str, Check]:
    found: dict[str, Check] = {"math-verify": _math_verify}
    try:
        from mathruler.grader import grade_answer  # type: ignore[import-not-found]
    except ImportError:
        return found
    return found | {"mathruler": lambda gold, answer: bool(grade_answer(answer, gold))}


def _timed(check: Check, asked: list[Triple]) -> tuple[list[bool | None], float]:
    def late(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    verdicts: list[bool | None] = []
    began = time.perf_counter()
    for gold, answer, _ in asked:
        signal.alarm(SECONDS)
        try:
            verdicts.append(check(gold, answer))
        except Exception:  # of whatever kind: it does not say
            verdicts.append(None)
        finally:
            signal.alarm(0)
    return verdicts, time.perf_counter() - began


async def _ours(asked: list[Triple]) -> tuple[list[bool | None], float]:
    with MathGrader() as grader:
        await grader.compare("f(2x)", "2f(x)")  # starts the workers
        began = time.perf_counter()
        grades = await asyncio.gather(*(grader.compare(gold, answer) for gold, answer, _ in asked))
        return [grade.correct for grade in grades], time.perf_counter() - began


def compared(options: Namespace) -> Result:
    lines = ["| pairs | checker | false right | false wrong | null | seconds |", "|---|---|--:|--:|--:|--:|"]
    for name, asked in triples(options.data).items():
        measured = {"journey": asyncio.run(_ours(asked))}
        measured |= {other: _timed(check, asked) for other, check in _others().items()}
        for checker, (verdicts, seconds) in measured.items():
            both = [(verdict, wanted) for verdict, (_, _, wanted) in zip(verdicts, asked, strict=True)]
            right, wrong = both.count((True, False)), both.count((False, True))
            lines.append(
                f"| `{name}`, {len(asked)} | {checker} | {right} | {wrong} | {verdicts.count(None)} | {seconds:.1f} |"
            )
    return Result({"rows": lines[2:]}, None, "no row of the scorecard asks for it", lines)


if __name__ == "__main__":
    run("compared", __doc__, compared, flag("--data", type=Path, default=DATA))
