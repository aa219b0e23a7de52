"""What is labelled, as it is looked at: a step with those before it, a thought, a whole tree."""

from typing import Any

from journey.store.labels import Label
from journey.studio.labelling import Desk
from journey.studio.records import run_at, tree_of
from journey.studio.templates import render
from journey.studio.tree_data import first_look, viewer_data
from journey.trees.mark import path as path_to
from journey.types import Judgement

NEAR = 4  # steps before the one that is labelled; earlier ones are folded


def item_shown(desk: Desk, label: Label) -> tuple[str, Judgement | None, dict[str, Any]] | None:
    """The item as HTML, what the judge said of it, and what `view` draws in it; null where the run has no such item."""
    run = run_at(desk.path)
    given: dict[str, Any] = {"thought": None, "tree": None, "node": None, "run": desk.run, "near": NEAR}
    judged, drawn = None, {}
    if label.thought is not None:
        shown = given["thought"] = run.thought(label.thought)
    else:
        shown = tree = given["tree"] = tree_of(desk.path, label.tree or "")
        if tree is not None and label.node is None:
            address = {"run": desk.run, "tree": tree.id}
            drawn = {"tree": viewer_data(tree, None), "address": address, "node": first_look(tree, None)}
        elif tree is not None and label.node is not None:
            if label.node >= len(tree.nodes):
                return None
            node = tree.nodes[label.node]
            judged = node.judgement
            given |= {"node": node, "index": label.node, "judged": None if desk.queued.blind else judged}
            given["before"] = [tree.nodes[i] for i in path_to(tree, label.node)[:-1]]
    if shown is None:
        return None
    return render("labelled", problem=run.problem(shown.problem), id=shown.problem, **given), judged, drawn
