"""What several pages show alike: a problem, a thought in its colours, marks, facts in one line."""

from collections.abc import Mapping

from journey.studio import safe
from journey.studio.facts import BEST
from journey.types import Attempt, Problem, Thought

WORDS = {"right": "right", "wrong": "wrong", "none": "no answer", "unknown": "not checkable", None: "not tried"}
POINTS = {"right": "right", "wrong": "wrong", "none": "none", "unknown": "unjudged", None: "none"}
KINDS = ("step", "mistake", "reflection", "backtrack", "answer")


def level_text(level: object) -> str:
    """A level in words: a bare number gets the word before it."""
    text = str(level or "")
    return f"level {text}" if text.isdecimal() else text


def facts_line(facts: Mapping[str, object]) -> str:
    """Small facts in one line, those that are there."""
    return " · ".join(
        f"{name} {safe.html(str(value))}".strip() for name, value in facts.items() if value not in (None, "")
    )


def mark_html(outcome: str | None) -> str:
    """Right, wrong, no answer, ...: a colour, a mark and a word."""
    return (
        f'<span class="mark"><span class="point {POINTS.get(outcome, "unjudged")}"></span>'
        f'<span class="word {outcome if outcome in BEST else "none"}">{WORDS.get(outcome, "unknown")}</span>'
        "</span>"
    )


def attempt_outcome(attempt: Attempt) -> str:
    """Right, wrong, no answer or not checkable."""
    if attempt.correct is not None and attempt.answer is not None:
        return "right" if attempt.correct else "wrong"
    return "none" if attempt.answer is None else "unknown"


def problem_html(problem: Problem | None, id: str, outcome: str | None = None, why: str | None = None) -> str:
    """Question, known answer, level, subject; the solution folded. An outcome of "" says nothing of how it went."""
    if problem is None:
        return f'<p class="quiet">Problem {safe.html(id)} is not in this run.</p>'
    facts = facts_line({"": level_text(problem.level), " ": problem.subject, "from": problem.source})
    reason = f'<div class="quiet">{safe.html(why)}</div>' if why else ""
    solution = (
        f'<details><summary>A worked solution</summary><div class="prose" style="font-size:var(--m)">'
        f"{safe.html(problem.solution)}</div></details>"
        if problem.solution
        else ""
    )
    return (
        f'<div class="problem"><div><div class="prose">{safe.html(problem.question)}</div>{solution}</div>'
        f'<div class="side">{mark_html(outcome) if outcome != "" else ""}{reason}'
        f"<div>Answer: {safe.answer(problem.answer)}</div><div>{facts}</div></div></div>"
    )


def thought_html(thought: Thought) -> str:
    """The thought's text, every piece in the colour of its kind and bound to its step by `data-node`."""
    parts: list[str] = []
    at = 0
    for segment in thought.segments:
        start, end = max(at, segment.start), min(len(thought.text), segment.end)
        if start >= end:
            continue
        parts.append(safe.html(thought.text[at:start]))
        bound = "" if segment.node is None else f' data-node="{segment.node}" tabindex="0" role="button"'
        kind = segment.kind if segment.kind in KINDS else "step"
        parts.append(f'<span class="seg {kind}"{bound}>{safe.html(thought.text[start:end])}</span>')
        at = end
    return "".join([*parts, safe.html(thought.text[at:])])


def thought_panel(text: str, facts: Mapping[str, object]) -> str:
    """A thought's text (HTML already), and below it what the colours mean and a few facts."""
    legend = "".join(f'<span class="seg {kind}">{kind}</span>' for kind in KINDS[1:])
    return (
        f'<div class="panel thought">{text}</div>'
        f'<div class="legend below">{legend}<span>{facts_line(facts)}</span></div>'
    )


def thought_place(id: str, tree: str | None) -> dict[str, str]:
    """Where a thought is shown: beside its tree where it has one."""
    return {"page": "tree", "id": tree, "thought": id} if tree else {"page": "thought", "id": id}
