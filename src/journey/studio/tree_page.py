"""A tree with its long thought beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from journey.studio import safe
from journey.studio.diff import diff_html
from journey.studio.head import facts_line
from journey.studio.place import link
from journey.studio.problem_head import problem_html
from journey.studio.reading import Filter, Lists, lists_of
from journey.studio.records import problem_of, thoughts_of_tree, tree_of
from journey.studio.thought_html import KINDS, thought_html
from journey.studio.tree_data import LEGEND, first_look, viewer_data
from journey.studio.view import view
from journey.types import Thought, Tree

DIFF = "draft"


def tree_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """The tree of `id`; `thought`, `node` and `show` of the address say what is shown with it."""
    tree = tree_of(path, where.get("id", ""))
    if tree is None:
        view(f'<p class="empty">There is no such tree in {safe.html(run)}.</p>', "body")
        return
    problem = problem_of(path, tree.problem)
    thoughts = thoughts_of_tree(path, tree.id)
    thought = next((t for t in thoughts if t.id == where.get("thought")), thoughts[0] if thoughts else None)
    fact = lists_of(path).figure("SELECT outcome, why FROM trees WHERE id = ?", (tree.id,))
    outcome, why = (fact[0]["outcome"], fact[0]["why"]) if fact else (None, None)
    html = problem_html(problem, tree.problem, outcome, why) + work_html(path, run, tree, thoughts, thought, where)
    asked = where.get("node", "")
    node = int(asked[:9]) if asked.isdecimal() else first_look(tree, thought)
    view(
        html, "body", tree=viewer_data(tree, thought),
        address={"run": run, "tree": tree.id}, node=node,
    )  # fmt: skip


def work_html(
    path: Path, run: str, tree: Tree, thoughts: Sequence[Thought], thought: Thought | None, where: Mapping[str, str]
) -> str:
    """The places for tree and step, and the thought."""
    walked = '<span><span class="stroke walked"></span>the thought\'s walk, in order</span>' if thought else ""
    rest = _rest(lists_of(path), run, tree)
    made = facts_line({"steps by": tree.policy, "judged by": tree.judge, "": f"{len(tree.nodes):,} steps"})
    left = (
        f'{LEGEND}{walked}</div><div class="panel tree-box" tabindex="0" aria-label="The tree"></div>'
        '<details class="levels"><summary>Level by level</summary><div class="level-box"></div></details>'
        f'<p class="quiet made">{made}{rest}</p>'
    )
    right = (
        _side(run, tree, thoughts, thought, where)
        if thought
        else '<p class="quiet made">No thought was told of this tree.</p>'
    )
    side = f'<div class="side-column"><div class="panel step-box" aria-live="polite"></div>{right}</div>'
    return f'<div class="work"><div>{left}</div>{side}</div>'


def _rest(lists: Lists, run: str, tree: Tree) -> str:
    """Links to what else there is of the problem."""
    trees, attempts = (lists.count(Filter(table, problem=tree.problem)) for table in ("trees", "attempts"))
    said = (
        [link(f"all {trees:,} trees of the problem", page="trees", run=run, problem=tree.problem)] if trees > 1 else []
    )
    if attempts:
        name = f"{attempts:,} attempt{'s' if attempts > 1 else ''} at the problem"
        said.append(link(name, page="attempts", run=run, problem=tree.problem))
    if tree.nodes:
        said.append(link("label its steps", page="label", run=run, item=f"node:{tree.id}:0", tree=1))
    said.append(link("write a note on it", page="label", run=run, what="trees", item=f"tree:{tree.id}"))
    return "".join(f" · {one}" for one in said)


def _side(run: str, tree: Tree, thoughts: Sequence[Thought], thought: Thought, where: Mapping[str, str]) -> str:
    shows_diff = where.get("show") == DIFF and thought.draft != thought.text
    tabs = [
        link(
            safe.html(_name(t, thoughts)), "here" if t.id == thought.id and not shows_diff else "",
            page="tree", run=run, id=tree.id, thought=t.id, node=where.get("node"),
        )
        for t in thoughts
    ]  # fmt: skip
    if thought.draft != thought.text:
        tabs.append(
            link("draft → refined", "here" if shows_diff else "", page="tree", run=run, id=tree.id, thought=thought.id,
                 show=DIFF)
        )  # fmt: skip
    legend = "".join(f'<span class="seg {kind}">{kind}</span>' for kind in KINDS[1:])
    text = diff_html(thought.draft, thought.text) if shows_diff else thought_html(thought)
    facts = facts_line({
        "": f"{len(thought.text):,} letters", "refined by": thought.refined_by,
        "note:": thought.note,
    })  # fmt: skip
    return (
        f'<div class="tabs">{"".join(tabs)}</div><div class="panel thought">{text}</div>'
        f'<div class="legend below">{legend}<span>{facts}</span></div>'
    )


def _name(thought: Thought, thoughts: Sequence[Thought]) -> str:
    same = [t.id for t in thoughts if t.method == thought.method]
    return thought.method if len(same) == 1 else f"{thought.method} {same.index(thought.id) + 1}"
