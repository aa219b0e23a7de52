"""A problem as it stands at the top of what belongs to it."""

from journey.studio import safe
from journey.studio.facts import BEST
from journey.studio.head import facts_line, level_text
from journey.types import Problem

WORDS = {"right": "right", "wrong": "wrong", "none": "no answer", "unknown": "not checkable", None: "not tried"}
POINTS = {"right": "right", "wrong": "wrong", "none": "none", "unknown": "unjudged", None: "none"}


def mark_html(outcome: str | None) -> str:
    """Right, wrong, no answer, ...: a colour, a mark and a word."""
    return (
        f'<span class="mark"><span class="point {POINTS.get(outcome, "unjudged")}"></span>'
        f'<span class="word {outcome if outcome in BEST else "none"}">{WORDS.get(outcome, "unknown")}</span>'
        "</span>"
    )


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
        f"<div>Answer: {safe.answer(problem.answer)}</div><div>{facts}</div></div>"
        "</div>"
    )
