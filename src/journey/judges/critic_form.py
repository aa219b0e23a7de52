"""How a critic is asked and how its answer is read, so that nothing a step says can pass for a verdict.

The steps go in as JSON strings between marks, and the answer must stand in a block opened by a code that is the hash of
the very question: a step cannot contain the code of a question that it is a part of. Inside that block a row is read as
models write it: with unescaped LaTeX, over several lines, numbered, fenced.
"""

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from journey import prompts
from journey.models.base import Prompt
from journey.prompts.languages import code as code_of
from journey.types import VERDICTS, Problem, Verdict, content_hash

KEYS = {"candidate", "verdict", "score", "reason"}
LONGEST_REASON = 2000  # characters
SAME: dict[str, Verdict] = {
    "correct": "right", "true": "right", "valid": "right", "incorrect": "wrong", "false": "wrong", "invalid": "wrong",
}  # fmt: skip
ROW = re.compile(r"^[ \t>`*_\[-]{0,20}(?:(?:candidate |row )?\d{1,4}[.):]{1,2}[ \t`*_]{0,20})?(?=\{)", re.I | re.M)
NAMED = re.compile(r"""["']candidate["']\s*:\s*["']?(\d{1,9})\b""", re.I)
LATEX = (
    r"bar|beta|big|binom|boxed|because|bullet|frac|forall|neq|ne\b|nu\b|not\b|nmid|nabla|right|rangle|rho|root|times"
    r"|text|tfrac|theta|therefore|triangle|tan\b|tau\b|to\b"
)
ESCAPE = re.compile(rf"""\\(?!{LATEX})(?:["\\/bfnrt]|u[\da-fA-F]{{4}})|\\""")
LOOSE = re.compile(
    r"""\{\s*(["'])candidate\1\s*:\s*(?P<candidate>\d{1,9})\s*,\s*(["'])verdict\3\s*:\s*(["'])(?P<verdict>\w+)\4
    (?:\s*,\s*(["'])score\6\s*:\s*(?P<score>[\d.]+))?
    (?:\s*,\s*(["'])reason\8\s*:\s*(["'])(?P<reason>(?:(?!["']\s*[,:}]|[{,]\s*["']).)*)\9)?\s*,?\s*\}""",
    re.X | re.S | re.I,
)
"""A row in the asked order that is no JSON: in single quotes, or with quotes in its reason that end no string."""
COULD_SAY = re.compile(r"""[{}"]|verdict|right|wrong|neutral|correct|true|false|valid""", re.I)
"""What may not stand behind the block, since it could be one more verdict."""


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
    text = prompts.fill_for(
        code_of(problem.language),
        "critic",
        mark=f"=== material {code[:6]} ===",
        # ASCII only: no invisible or right-to-left characters, and no line of a step begins a line of the prompt.
        material=json.dumps(material, ensure_ascii=True, indent=1),
        code=code,
        lines="\n".join(line.format(number) for number in range(1, len(candidates) + 1)),
    )
    return CriticPrompt(Prompt(text, images=problem.images), code, len(candidates))


def read(text: str, prompt: CriticPrompt) -> list[StepVerdict | None]:
    """What the answer says of each candidate; null where it says nothing that can be read.

    Only the last block counts. It must be closed, and nothing behind it may be one more verdict. A candidate that is
    named twice, or whose row cannot be read, is null; the others stand.
    """
    nothing: list[StepVerdict | None] = [None] * prompt.candidates
    code = rf":?[ ]{{1,9}}{prompt.code}"
    opening = rf"(?:^|</think>)[ \t>#*_`]{{0,20}}VERDICTS{code}[ \t:*_`\r]{{0,20}}$"
    opened = list(re.finditer(opening, text, re.I | re.M))
    body = text[opened[-1].end() :] if opened else ""
    closed = re.search(rf"END{code}", body, re.I)
    if closed is None or COULD_SAY.search(body, closed.end()):
        return nothing
    body = body[: closed.start()]
    starts = [row.end() for row in ROW.finditer(body)]
    found: dict[int, StepVerdict | None] = {}
    for start, end in pairwise([*starts, len(body)]):
        # What stands between two rows, as a comma or a fence, is nobody's; a quote there is a string gone wrong, and
        # what follows may stand inside it.
        row, brace, between = body[start:end].rpartition("}")
        is_closed = brace and '"' not in between
        number, verdict = _row(row + brace) if is_closed else (None, None)
        unread = NAMED.findall(body, start, end if is_closed else len(body))
        for named in map(int, unread) if number is None else (number,):
            found[named] = None if named in found else verdict
        if not is_closed:
            break
    return [found.get(number) for number in range(1, prompt.candidates + 1)]


def _row(text: str) -> tuple[int | None, StepVerdict | None]:
    """The candidate's number and what is said of it; nulls where the text is not in the form."""
    try:
        whole = ESCAPE.sub(lambda found: found[0] if len(found[0]) > 1 else r"\\", text)
        row = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once, strict=False).decode(whole)
    except (ValueError, RecursionError):
        loose = LOOSE.fullmatch(text)
        row = None if loose is None else loose.groupdict()
    if not isinstance(row, dict) or not {"candidate", "verdict"} <= row.keys() <= KEYS:
        return None, None
    number, score, reason = _number(row["candidate"]), row.get("score"), row.get("reason")
    verdict = str(row["verdict"]).strip(" *_`.").lower() if isinstance(row["verdict"], str | bool) else None
    verdict = SAME.get(verdict or "", verdict)
    if number is None or int(number) != number:
        return None, None
    is_score = score is None or ((score := _number(score)) is not None and 0 <= score <= 1)
    is_reason = reason is None or (isinstance(reason, str) and len(reason) <= LONGEST_REASON)
    if verdict not in VERDICTS or not is_score or not is_reason:
        return int(number), None
    return int(number), StepVerdict(verdict, None if score is None else float(score), (reason or "").strip() or None)


def _number(value: Any) -> float | None:
    """The number that was given, also as a string of digits; null for anything else."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"\d{1,9}(\.\d{1,30})?", value) else None
    return value if type(value) in (int, float) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key.lower() for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return {key.lower(): value for key, value in pairs}
