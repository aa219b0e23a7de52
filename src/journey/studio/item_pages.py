"""Single problems, thoughts without a tree, and attempts."""

from collections.abc import Mapping
from pathlib import Path

from journey.studio import safe
from journey.studio.diff import diff_html
from journey.studio.head import facts_line
from journey.studio.place import link
from journey.studio.problem_head import mark_html, problem_html
from journey.studio.reading import Filter, lists_of
from journey.studio.records import attempt_of, attempts_of, problem_of, thought_of
from journey.studio.thought_html import thought_html
from journey.studio.tree_page import tree_page
from journey.studio.view import view
from journey.types import Attempt, label


def problem_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """The problem's tree where it has one, with links to the others; else the problem and its attempts."""
    id = where.get("id", "")
    trees = lists_of(path).page(Filter("trees", problem=id))
    if trees:
        tree_page(path, run, {**where, "id": str(trees[0]["id"])})
        return
    problem = problem_of(path, id)
    if problem is None:
        view(_nothing("problem", run), "body")
        return
    found = lists_of(path).figure("SELECT outcome FROM problems WHERE id = ?", (id,))
    html = problem_html(problem, id, found[0]["outcome"] if found else None)
    attempts = attempts_of(path, id)
    rows = "".join(_attempt_row(run, attempt) for attempt in attempts[:200])
    listed = (
        f"<h2>Attempts</h2><div class=rows>{rows}</div>" if rows else "<p class=empty>No tree and no attempt yet.</p>"
    )
    more = link(f"all {len(attempts)}", page="attempts", run=run, problem=id) if len(attempts) > 200 else ""
    view(html + listed + more, "body")


def thought_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """A thought by itself."""
    thought = thought_of(path, where.get("id", ""))
    if thought is None:
        view(_nothing("thought", run), "body")
        return
    facts = facts_line({"by": thought.method, "answer": thought.answer, "refined by": thought.refined_by,
                        "note:": thought.note})  # fmt: skip
    has_diff = thought.draft != thought.text
    shows_diff = has_diff and where.get("show") == "draft"
    text = diff_html(thought.draft, thought.text) if shows_diff else thought_html(thought)
    tabs = (
        link("thought", "" if shows_diff else "here", page="thought", run=run, id=thought.id)
        + link("draft → refined", "here" if shows_diff else "", page="thought", run=run, id=thought.id, show="draft")
        if has_diff
        else ""
    )
    found = lists_of(path).figure("SELECT outcome FROM thoughts WHERE id = ?", (thought.id,))
    html = problem_html(problem_of(path, thought.problem), thought.problem, found[0]["outcome"] if found else "")
    view(
        f'{html}<div class="tabs">{tabs}</div><div class="panel thought">{text}</div><p class="quiet">{facts}</p>',
        "body",
    )


def attempt_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """An attempt, and the others at the same problem."""
    attempt = attempt_of(path, where.get("id", ""))
    if attempt is None:
        view(_nothing("attempt", run), "body")
        return
    problem = problem_of(path, attempt.problem)
    facts = facts_line({
        "": label(attempt.model), " ": attempt.decoding, "answer": attempt.answer, "error:": attempt.error,
        "tokens": f"{attempt.tokens:,}", "ended by": attempt.finish,
    })  # fmt: skip
    others = [a for a in attempts_of(path, attempt.problem) if a.id != attempt.id]
    rows = "".join(_attempt_row(run, other) for other in others[:50])
    head = problem_html(problem, attempt.problem, outcome(attempt))
    text = f'<p class="quiet">{facts}</p><div class="panel thought whole">{safe.html(attempt.text)}</div>'
    beside = f"<h3>Other attempts at it</h3><div class=rows>{rows}</div>" if rows else ""
    view(f'{head}<div class="work"><div>{text}</div><div>{beside}</div></div>', "body")


def outcome(attempt: Attempt) -> str:
    """Right, wrong, no answer or not checkable."""
    if attempt.correct is not None and attempt.answer is not None:
        return "right" if attempt.correct else "wrong"
    return "none" if attempt.answer is None else "unknown"


def _attempt_row(run: str, attempt: Attempt) -> str:
    answer = "" if attempt.answer is None else f" → {safe.answer(safe.line(attempt.answer, 60))}"
    what = f'{facts_line({"": label(attempt.model), " ": attempt.decoding})}<span class="quiet">{answer}</span>'
    facts = f"{attempt.tokens:,} tokens"
    inside = f'{mark_html(outcome(attempt))}<span class="what">{what}</span><span class="facts">{facts}</span>'
    return link(inside, "row", page="attempt", run=run, id=attempt.id)


def _nothing(kind: str, run: str) -> str:
    return f'<p class="empty">There is no such {kind} in {safe.html(run)}.</p>'
