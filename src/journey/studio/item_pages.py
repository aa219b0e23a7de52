"""Single trees with their thoughts, problems, thoughts without a tree, and attempts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from journey.data.texts import set_of
from journey.studio import safe
from journey.studio.diff import diff_html
from journey.studio.lineage_list import lineage_html
from journey.studio.place import link, number_of
from journey.studio.reading import Filter, lists_of
from journey.studio.records import attempts_of, run_at, thoughts_of_tree, tree_of
from journey.studio.templates import html, render
from journey.studio.tree_data import first_look, viewer_data
from journey.studio.view import view
from journey.types import Thought, Tree

DIFF = "draft"
MOST, FEW = 200, 50  # attempts that are listed at a problem, and beside another one
Where = Mapping[str, str]


def tree_page(path: Path, run: str, where: Where) -> None:
    """The tree of `id`; `thought`, `node` and `show` of the address say what is shown with it."""
    tree = tree_of(path, where.get("id", ""))
    if tree is None:
        _nothing("tree", run)
        return
    thoughts = thoughts_of_tree(path, tree.id)
    thought = next((t for t in thoughts if t.id == where.get("thought")), thoughts[0] if thoughts else None)
    fact = lists_of(path).figure("SELECT outcome, why FROM trees WHERE id = ?", (tree.id,))
    outcome, why = (fact[0]["outcome"], fact[0]["why"]) if fact else (None, None)
    diff = _diff(thought, where)
    tabs = _tabs(run, tree, thoughts, thought, diff is not None, where) if thought else ""
    body = render(
        "tree", problem=run_at(path).problem(tree.problem), tree=tree, thought=thought, outcome=outcome, why=why,
        diff=diff, tabs=html(tabs), rest=_rest(path, run, tree),
        origin=lineage_html(path, run, thought.id if thought else tree.id),
    )  # fmt: skip
    chosen = number_of(where.get("node", ""))
    node = first_look(tree, thought) if chosen is None else chosen
    view(body, "body", tree=viewer_data(tree, thought), address={"run": run, "tree": tree.id}, node=node)


def _rest(path: Path, run: str, tree: Tree) -> list[Markup]:
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
    return [html(one) for one in links]


def _diff(thought: Thought | None, where: Where) -> Markup | None:
    """What refining changed, where the address asks for it and there is a draft."""
    if thought is None or thought.draft == thought.text or where.get("show") != DIFF:
        return None
    return html(diff_html(thought.draft, thought.text))


def _tabs(run: str, tree: Tree, thoughts: Sequence[Thought], thought: Thought, is_diff: bool, where: Where) -> str:
    place = {"page": "tree", "run": run, "id": tree.id}
    tabs: list[str] = []
    for one in thoughts:
        same = [t.id for t in thoughts if set_of(t) == set_of(one)]
        name = set_of(one) if len(same) == 1 else f"{set_of(one)} {same.index(one.id) + 1}"
        kind = "here" if one.id == thought.id and not is_diff else ""
        tabs.append(link(safe.html(name), kind, **place, thought=one.id, node=where.get("node")))
    if thought.draft != thought.text:
        tabs.append(link("draft → refined", "here" if is_diff else "", **place, thought=thought.id, show=DIFF))
    return "".join(tabs)


def problem_page(path: Path, run: str, where: Where) -> None:
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
    attempts, outcome = attempts_of(path, id), _outcome(path, "problems", id)
    view(render("problem", run=run, problem=problem, outcome=outcome, attempts=attempts, most=MOST), "body")


def thought_page(path: Path, run: str, where: Where) -> None:
    """A thought by itself."""
    thought = run_at(path).thought(where.get("id", ""))
    if thought is None:
        _nothing("thought", run)
        return
    diff, place = _diff(thought, where), {"page": "thought", "run": run, "id": thought.id}
    tabs = link("thought", "" if diff else "here", **place)
    tabs += link("draft → refined", "here" if diff else "", **place, show=DIFF)
    body = render(
        "thought", problem=run_at(path).problem(thought.problem), thought=thought, diff=diff,
        outcome=_outcome(path, "thoughts", thought.id, ""), tabs=html(tabs if thought.draft != thought.text else ""),
        origin=lineage_html(path, run, thought.id),
    )  # fmt: skip
    view(body, "body")


def attempt_page(path: Path, run: str, where: Where) -> None:
    """An attempt, and the others at the same problem."""
    attempt = run_at(path).attempt(where.get("id", ""))
    if attempt is None:
        _nothing("attempt", run)
        return
    others = [a for a in attempts_of(path, attempt.problem) if a.id != attempt.id][:FEW]
    problem = run_at(path).problem(attempt.problem)
    origin = lineage_html(path, run, attempt.id)
    view(render("attempt", run=run, problem=problem, attempt=attempt, others=others, origin=origin), "body")


def _outcome(path: Path, table: str, id: str, unknown: str | None = None) -> str | None:
    found = lists_of(path).figure(f"SELECT outcome FROM {table} WHERE id = ?", (id,))
    return found[0]["outcome"] if found else unknown


def _nothing(kind: str, run: str) -> None:
    view(f'<p class="empty">There is no such {kind} in {safe.html(run)}.</p>', "body")
