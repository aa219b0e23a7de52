"""How a critic is asked and how its answer is read: strictly, so that nothing a step says can pass for a verdict.

The steps go in as JSON strings between marks, and the answer must stand in a block opened by a code that is the hash of
the very question: a step cannot contain the code of a question that it is a part of.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from journey import prompts
from journey.models.base import Prompt
from journey.types import VERDICTS, Problem, Verdict, content_hash

KEYS = {"candidate", "verdict", "score", "reason"}
LONGEST_REASON = 2000  # characters


class StepVerdict(NamedTuple):
    """What one answer says of one candidate; `score` and `reason` null where it gives none."""

    verdict: Verdict
    score: float | None
    reason: str | None


class CriticPrompt(NamedTuple):
    """A question to a critic: the prompt, the code its answer must carry, and how many candidates it has."""

    prompt: Prompt
    code: str
    candidates: int


def ask(
    problem: Problem, prefix: Sequence[str], candidates: Sequence[str], *, show_answer: bool = False
) -> CriticPrompt:
    """The question for these candidates."""
    material: dict[str, Any] = {"problem": problem.question}
    if show_answer:
        material["known answer"] = problem.answer
    material |= {"steps so far": list(prefix), "candidates": dict(enumerate(candidates, 1))}
    code = content_hash("critic", material).upper()
    line = '{{"candidate": {}, "verdict": ..., "score": ..., "reason": ...}}'
    text = prompts.fill(
        "critic",
        mark=f"=== material {code[:6]} ===",
        # ASCII only: no invisible or right-to-left characters, and no line of a step begins a line of the prompt.
        material=json.dumps(material, ensure_ascii=True, indent=1),
        code=code,
        lines="\n".join(line.format(number) for number in range(1, len(candidates) + 1)),
    )
    return CriticPrompt(Prompt(text), code, len(candidates))


def read(text: str, prompt: CriticPrompt) -> list[StepVerdict | None]:
    """What the answer says of each candidate; null where it says nothing that can be read.

    Only the last block counts, and it must be closed and end the answer (but for a fence around it). A candidate that
    is named twice, or whose line is not exactly in the form, is null; the others stand.
    """
    nothing: list[StepVerdict | None] = [None] * prompt.candidates
    before, opened, block = text.rstrip().rpartition(f"VERDICTS {prompt.code}\n")
    body, closed, after = block.partition(f"END {prompt.code}")
    fenced = after.strip() in ("", "```")
    if not opened or not closed or not fenced or (before and not before.endswith("\n")):
        return nothing
    found: dict[int, StepVerdict | None] = {}
    for line in filter(None, map(str.strip, body.split("\n"))):
        number, verdict = _line(line)
        if number is None or not 1 <= number <= prompt.candidates:
            return nothing  # a block with anything else in it is not the one that was asked for
        found[number] = None if number in found else verdict
    return [found.get(number) for number in range(1, prompt.candidates + 1)]


def _line(line: str) -> tuple[int | None, StepVerdict | None]:
    """The candidate's number and what is said of it; nulls where the line is not in the form."""
    try:
        row = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(row, dict) or not {"candidate", "verdict"} <= row.keys() <= KEYS:
        return None, None
    number, verdict, score, reason = (row.get(key) for key in ("candidate", "verdict", "score", "reason"))
    if type(number) is not int:
        return None, None
    is_score = score is None or (type(score) in (int, float) and 0 <= score <= 1)
    is_reason = reason is None or (isinstance(reason, str) and len(reason) <= LONGEST_REASON)
    if verdict not in VERDICTS or not is_score or not is_reason:
        return number, None
    return number, StepVerdict(verdict, None if score is None else float(score), (reason or "").strip() or None)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
