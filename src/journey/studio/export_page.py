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
from journey.store.images import data_uri
from journey.store.run import Run
from journey.studio import bundle
from journey.studio.diff import diff_html
from journey.studio.facts import tree_outcome
from journey.studio.place import picture_address
from journey.studio.records import run_at, thoughts_of_tree, tree_of
from journey.studio.templates import html, render
from journey.studio.tree_data import first_look, step_html, viewer_data
from journey.trees.mark import children, no_thought_reason

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
    data = {
        "tree": viewer_data(tree, thought) if tree else None,
        "steps": [step_html(tree, problem, i, below) for i in range(len(tree.nodes))] if tree else [],
        "node": first_look(tree, thought) if tree else None,
    }
    made = {"": path.resolve().name, "tree": tree and tree.id, "thought": thought and thought.id,
            "made by journey": __version__}  # fmt: skip
    body = render(
        "item", problem=problem, about=about, tree=tree, thought=thought, made=made,
        outcome=tree_outcome(tree, no_thought_reason(tree)) if tree else "",
        diff=html(diff_html(thought.draft, thought.text)) if thought and thought.draft != thought.text else "",
    )  # fmt: skip
    pictures = list(filter(picture_address, problem.images)) if problem else []
    for name in pictures:
        body = body.replace(f'src="{picture_address(name)}"', f'src="{data_uri(path, name)}"')
    has_math = any('class="math' in text for text in (body, *data["steps"]))
    scripts = ([bundle.katex_script()] if has_math else []) + [bundle.viewer_script()]
    return render(
        "page", title=problem.question if problem else id, body=html(body),
        policy=html(bundle.policy(scripts, pictures=bool(pictures))),
        scripts=list(map(html, scripts)), style=html((bundle.katex_style() if has_math else "") + bundle.page_style()),
        # In a script element only "<" could end it or begin a comment.
        data=html(json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")),
    )  # fmt: skip
