"""Single trees with their thoughts, problems, thoughts without a tree, and attempts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from journey.studio import safe
from journey.studio.diff import diff_html
from journey.studio.fragments import attempt_outcome, facts_line, mark_html, problem_html, thought_html, thought_panel
from journey.studio.place import link, number_of
from journey.studio.reading import Filter, lists_of
from journey.studio.records import attempts_of, run_at, thoughts_of_tree, tree_of
from journey.studio.tree_data import first_look, viewer_data, work_html
from journey.studio.view import view
from journey.types import Attempt, Thought, Tree, label

DIFF = "draft"


def tree_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """The tree of `id`; `thought`, `node` and `show` of the address say what is shown with it."""
    tree = tree_of(path, where.get("id", ""))
    if tree is None:
        _nothing("tree", run)
        return
    thoughts = thoughts_of_tree(path, tree.id)
    thought = next((t for t in thoughts if t.id == where.get("thought")), thoughts[0] if thoughts else None)
    fact = lists_of(path).figure("SELECT outcome, why FROM trees WHERE id = ?", (tree.id,))
    outcome, why = (fact[0]["outcome"], fact[0]["why"]) if fact else (None, None)
    side = _side(run, tree, thoughts, thought, where) if thought else ""
    html = problem_html(run_at(path).problem(tree.problem), tree.problem, outcome, why)
    html += work_html(tree, thought, side, _rest(path, run, tree))
    chosen = number_of(where.get("node", ""))
    node = first_look(tree, thought) if chosen is None else chosen
    view(html, "body", tree=viewer_data(tree, thought), address={"run": run, "tree": tree.id}, node=node)


def _rest(path: Path, run: str, tree: Tree) -> str:
    """Links to what else there is of the problem."""
    lists = lists_of(path)
    trees, attempts = (lists.count(Filter(table, problem=tree.problem)) for table in ("trees", "attempts"))
    links: list[str] = []
    if trees > 1:
        links.append(link(f"all {trees:,} trees of the problem", page="trees", run=run, problem=tree.problem))
    if attempts:
        name = f"{attempts:,} attempt{'s' if attempts > 1 else ''} at the problem"
        links.append(link(name, page="attempts", run=run, problem=tree.problem))
    if tree.nodes:
        links.append(link("label its steps", page="label", run=run, item=f"node:{tree.id}:0", tree=1))
    links.append(link("write a note on it", page="label", run=run, what="trees", item=f"tree:{tree.id}"))
    return "".join(f" · {one}" for one in links)


def _side(run: str, tree: Tree, thoughts: Sequence[Thought], thought: Thought, where: Mapping[str, str]) -> str:
    has_diff = thought.draft != thought.text
    shows_diff = where.get("show") == DIFF and has_diff
    place = {"page": "tree", "run": run, "id": tree.id}
    tabs: list[str] = []
    for one in thoughts:
        same = [t.id for t in thoughts if t.method == one.method]
        name = one.method if len(same) == 1 else f"{one.method} {same.index(one.id) + 1}"
        kind = "here" if one.id == thought.id and not shows_diff else ""
        tabs.append(link(safe.html(name), kind, **place, thought=one.id, node=where.get("node")))
    if has_diff:
        tabs.append(link("draft → refined", "here" if shows_diff else "", **place, thought=thought.id, show=DIFF))
    text = diff_html(thought.draft, thought.text) if shows_diff else thought_html(thought)
    facts = {"": f"{len(thought.text):,} letters", "refined by": thought.refined_by, "note:": thought.note}
    return f'<div class="tabs">{"".join(tabs)}</div>{thought_panel(text, facts)}'


def problem_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """The problem's tree where it has one, with links to the others; else the problem and its attempts."""
    id = where.get("id", "")
    trees = lists_of(path).page(Filter("trees", problem=id))
    if trees:
        tree_page(path, run, {**where, "id": str(trees[0]["id"])})
        return
    problem = run_at(path).problem(id)
    if problem is None:
        _nothing("problem", run)
        return
    html = problem_html(problem, id, _outcome(path, "problems", id))
    attempts = attempts_of(path, id)
    rows = _attempt_rows(run, attempts[:200])
    listed = f"<h2>Attempts</h2>{rows}" if rows else "<p class=empty>No tree and no attempt yet.</p>"
    more = link(f"all {len(attempts)}", page="attempts", run=run, problem=id) if len(attempts) > 200 else ""
    view(html + listed + more, "body")


def thought_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """A thought by itself."""
    thought = run_at(path).thought(where.get("id", ""))
    if thought is None:
        _nothing("thought", run)
        return
    facts = facts_line({"by": thought.method, "answer": thought.answer, "refined by": thought.refined_by,
                        "note:": thought.note})  # fmt: skip
    has_diff = thought.draft != thought.text
    shows_diff = has_diff and where.get("show") == DIFF
    text = diff_html(thought.draft, thought.text) if shows_diff else thought_html(thought)
    place = {"page": "thought", "run": run, "id": thought.id}
    tabs = link("thought", "" if shows_diff else "here", **place)
    tabs += link("draft → refined", "here" if shows_diff else "", **place, show=DIFF)
    outcome = _outcome(path, "thoughts", thought.id, "")
    view(
        f"{problem_html(run_at(path).problem(thought.problem), thought.problem, outcome)}"
        f'<div class="tabs">{tabs if has_diff else ""}</div><div class="panel thought">{text}</div>'
        f'<p class="quiet">{facts}</p>',
        "body",
    )


def attempt_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """An attempt, and the others at the same problem."""
    attempt = run_at(path).attempt(where.get("id", ""))
    if attempt is None:
        _nothing("attempt", run)
        return
    facts = facts_line({
        "": label(attempt.model), " ": attempt.decoding, "answer": attempt.answer, "error:": attempt.error,
        "tokens": f"{attempt.tokens:,}", "ended by": attempt.finish,
    })  # fmt: skip
    rows = _attempt_rows(run, [a for a in attempts_of(path, attempt.problem) if a.id != attempt.id][:50])
    head = problem_html(run_at(path).problem(attempt.problem), attempt.problem, attempt_outcome(attempt))
    text = f'<p class="quiet">{facts}</p><div class="panel thought whole">{safe.html(attempt.text)}</div>'
    beside = f"<h3>Other attempts at it</h3>{rows}" if rows else ""
    view(f'{head}<div class="work"><div>{text}</div><div>{beside}</div></div>', "body")


def _outcome(path: Path, table: str, id: str, unknown: str | None = None) -> str | None:
    found = lists_of(path).figure(f"SELECT outcome FROM {table} WHERE id = ?", (id,))
    return found[0]["outcome"] if found else unknown


def _attempt_rows(run: str, attempts: Sequence[Attempt]) -> str:
    rows: list[str] = []
    for attempt in attempts:
        answer = "" if attempt.answer is None else f" → {safe.answer(safe.line(attempt.answer, 60))}"
        what = f'{facts_line({"": label(attempt.model), " ": attempt.decoding})}<span class="quiet">{answer}</span>'
        inside = (
            f'{mark_html(attempt_outcome(attempt))}<span class="what">{what}</span>'
            f'<span class="facts">{attempt.tokens:,} tokens</span>'
        )
        rows.append(link(inside, "row", page="attempt", run=run, id=attempt.id))
    return f'<div class="rows">{"".join(rows)}</div>' if rows else ""


def _nothing(kind: str, run: str) -> None:
    view(f'<p class="empty">There is no such {kind} in {safe.html(run)}.</p>', "body")
