"""A tree with its thought, or a thought by itself, as one HTML file that needs no network and no Streamlit.

The page's policy stands in a meta tag: nothing is loaded, and only the scripts that were put in here run, by their
hashes. Text of models went through `safe.html`, as everywhere in the studio.
"""

import json
from pathlib import Path

from journey import __version__
from journey.errors import UsageError
from journey.store.faults import one_sentence
from journey.store.files import replacing
from journey.store.run import Run
from journey.studio import bundle, safe
from journey.studio.diff import diff_html
from journey.studio.facts import tree_outcome
from journey.studio.fragments import facts_line, problem_html, thought_html, thought_panel
from journey.studio.records import run_at, thoughts_of_tree, tree_of
from journey.studio.tree_data import first_look, step_html, viewer_data, work_html
from journey.trees.mark import children, no_thought_reason
from journey.types import Thought

ENDING = ".html"
NAMED = 5  # ids that are listed where a beginning fits several


def export_page(path: Path, item: str | None, to: Path) -> tuple[str, str]:
    """Writes the page of the tree or thought whose id is, or begins with, `item`; its table and id.

    A tree is shown with the first of its long thoughts, a thought with its tree where it has one. The file appears when
    it is complete. Raises UsageError for another ending, no item, none of that id, or several.
    """
    if to.suffix != ENDING:
        raise UsageError(f"{to}: a page's file must end in {ENDING}")
    if not item:
        raise UsageError("a page shows one tree or thought; name it with --item ID (journey view shows the ids)")
    table, id = found(run_at(path), item)
    text = page(path, table, id)
    with one_sentence(to):
        to.parent.mkdir(parents=True, exist_ok=True)
        with replacing(to) as file:
            file.write(text.encode("utf-8", "replace"))
    return table, id


def found(of: Run, item: str) -> tuple[str, str]:
    """The table and id of the only tree or thought whose id is or begins with `item`. Raises UsageError."""
    hits: list[tuple[str, str]] = []
    for table in ("trees", "thoughts"):
        ids = of.ids(table)
        if item in ids:
            return table, item
        hits += [(table, id) for id in sorted(ids) if id.startswith(item)]
    if not hits:
        raise UsageError(f"{of.path} has no tree and no thought whose id begins with {item!r}; journey view shows them")
    if len(hits) > 1:
        listed = ", ".join(f"{id} ({table})" for table, id in hits[:NAMED])
        more = f" and {len(hits) - NAMED} more" if len(hits) > NAMED else ""
        raise UsageError(f"{len(hits)} ids begin with {item!r}: {listed}{more}; give more of the one that is meant")
    return hits[0]


def page(path: Path, table: str, id: str) -> str:
    """The whole file of a tree ("trees") or thought ("thoughts") that the run has."""
    run = run_at(path)
    thought = run.thought(id) if table == "thoughts" else None
    name = id if table == "trees" else thought.tree if thought else None
    tree = tree_of(path, name) if name else None
    if tree is not None and thought is None:
        thought = next(iter(thoughts_of_tree(path, tree.id)), None)
    about = tree.problem if tree else thought.problem if thought else ""
    problem = run.problem(about)
    below = children(tree) if tree else []
    steps = [step_html(tree, problem, i, below) for i in range(len(tree.nodes))] if tree else []
    body = problem_html(problem, about, tree_outcome(tree, no_thought_reason(tree)) if tree else "")
    side = _thought_html(thought) if thought else ""
    body += work_html(tree, thought, side) if tree else side
    made = facts_line({"": path.resolve().name, "tree": tree and tree.id, "thought": thought and thought.id,
                       "made by journey": __version__})  # fmt: skip
    data = {
        "tree": viewer_data(tree, thought) if tree else None,
        "steps": steps,
        "node": first_look(tree, thought) if tree else None,
    }
    title = safe.html(safe.line(problem.question if problem else id, 80), math=False)
    return _whole(title, f'{body}<p class="quiet made">{made}</p>', data)


def _thought_html(thought: Thought) -> str:
    facts = {"thought by": thought.method, "refined by": thought.refined_by, "answer": thought.answer,
             "note:": thought.note}  # fmt: skip
    diff = (
        "<details><summary>Draft and refined, word by word</summary>"
        f'<div class="panel thought whole drafted">{diff_html(thought.draft, thought.text)}</div></details>'
        if thought.draft != thought.text
        else ""
    )
    return thought_panel(thought_html(thought), facts) + diff


def _whole(title: str, body: str, data: dict[str, object]) -> str:
    # In a script element only "<" could end it or begin a comment.
    embedded = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    has_math = 'class="math' in body or 'class=\\"math' in embedded
    scripts = ([bundle.katex_script()] if has_math else []) + [bundle.viewer_script()]
    styles = (bundle.katex_style() if has_math else "") + bundle.page_style()
    run = "".join(f'<script type="module">{script}</script>' for script in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{bundle.policy(scripts)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{styles}</style>\n</head>\n"
        f'<body><div class="journey">{body}</div>\n'
        f'<script type="application/json" id="data">{embedded}</script>\n{run}\n</body>\n</html>\n'
    )
