"""What is labelled, as it is looked at: a step with those before it, a thought, a whole tree."""

from collections.abc import Sequence
from typing import Any

from journey.store.labels import Label
from journey.studio import safe
from journey.studio.fragments import problem_html, thought_html, thought_place
from journey.studio.labelling import Desk
from journey.studio.place import link
from journey.studio.records import run_at, tree_of
from journey.studio.tree_data import LEGEND, TREE_BOX, VERDICT_WORDS, first_look, viewer_data
from journey.trees.mark import path as path_to
from journey.types import Judgement, Thought, Tree

BEFORE = 4  # steps before the one that is labelled; earlier ones are folded


def item_shown(desk: Desk, label: Label) -> tuple[str, Judgement | None, dict[str, Any]] | None:
    """The item as HTML, what the judge said of it, and what `view` draws in it; null where the run has no such item."""
    if label.thought is not None:
        thought = run_at(desk.path).thought(label.thought)
        return thought and (_thought(desk, thought), None, {})
    tree = tree_of(desk.path, label.tree or "")
    if tree is None or (label.node is not None and label.node >= len(tree.nodes)):
        return None
    if label.node is None:
        data = {"tree": viewer_data(tree, None), "address": {"run": desk.run, "tree": tree.id}}
        return _whole_tree(desk, tree), None, data | {"node": first_look(tree, None)}
    return _step(desk, tree, label.node), tree.nodes[label.node].judgement, {}


def _problem(desk: Desk, id: str) -> str:
    return problem_html(run_at(desk.path).problem(id), id, "")


def _step(desk: Desk, tree: Tree, index: int) -> str:
    node = tree.nodes[index]
    before = path_to(tree, index)[:-1]
    ended = f'<p class="quiet">Its answer: {safe.answer(node.answer)}</p>' if node.answer is not None else ""
    return (
        _problem(desk, tree.problem)
        + _steps_before(tree, before)
        + f'<div class="panel labelled"><h3>Is this step right? <span class="quiet">level {len(before) + 1}</span></h3>'
        f'<div class="prose step-text">{safe.html(node.text)}</div>{ended}</div>'
        + ("" if desk.queued.blind else _suggestion(node.judgement))
        + f'<p class="quiet">{link("The whole tree", page="tree", run=desk.run, id=tree.id, node=index)}</p>'
    )


def _steps_before(tree: Tree, before: Sequence[int]) -> str:
    def listed(steps: Sequence[int]) -> str:
        return "".join(f'<li class="prose">{safe.html(tree.nodes[i].text)}</li>' for i in steps)

    if not before:
        return '<p class="quiet">The first step.</p>'
    far, near = before[:-BEFORE], before[-BEFORE:]
    folded = f"<details><summary>{len(far)} earlier steps</summary><ul>{listed(far)}</ul></details>" if far else ""
    return f'<div class="before">{folded}<ul>{listed(near)}</ul></div>'


def _suggestion(judged: Judgement | None) -> str:
    if judged is None:
        return ""
    rank = judged.verdict or "unjudged"
    score = "" if judged.score is None else f" · {judged.score:.2f}"
    reason = f'<div class="prose">{safe.html(judged.reason)}</div>' if judged.reason else ""
    return (
        f'<div class="suggestion"><span class="quiet">Suggested by the judge {safe.html(judged.by)}</span> '
        f'<span class="word {rank}">{VERDICT_WORDS[rank]}</span><span class="quiet">{score}</span>{reason}</div>'
    )


def _thought(desk: Desk, thought: Thought) -> str:
    place = link("Beside its tree", run=desk.run, **thought_place(thought.id, thought.tree)) if thought.tree else ""
    return (
        f'{_problem(desk, thought.problem)}<div class="panel thought whole">{thought_html(thought)}</div>'
        f'<p class="quiet">{safe.html(thought.method)} {place}</p>'
    )


def _whole_tree(desk: Desk, tree: Tree) -> str:
    return (
        f"{_problem(desk, tree.problem)}{LEGEND}</div>{TREE_BOX}"
        f'<p class="quiet made">{link("With its thoughts", page="tree", run=desk.run, id=tree.id)}</p>'
        '<div class="panel step-box" aria-live="polite"></div>'
    )
