"""What is labelled, as it is looked at: a step with those before it, a thought, a whole tree."""

from collections.abc import Sequence
from typing import Any

from journey.store.labels import Label
from journey.studio import safe
from journey.studio.labelling import Desk
from journey.studio.place import link
from journey.studio.problem_head import problem_html
from journey.studio.records import problem_of, thought_of, tree_of
from journey.studio.thought_html import thought_html
from journey.studio.tree_data import LEGEND, VERDICT_WORDS, first_look, viewer_data
from journey.trees.mark import path as path_to
from journey.types import Judgement, Tree

BEFORE = 4  # steps before the one that is labelled; earlier ones are folded


def step_shown(desk: Desk, label: Label) -> tuple[str, Judgement | None] | None:
    """The step and what the judge said of it; null where the run has no such step."""
    tree = tree_of(desk.path, label.tree or "")
    index = label.node or 0
    if tree is None or index >= len(tree.nodes):
        return None
    node = tree.nodes[index]
    before = path_to(tree, index)[:-1]
    ended = f'<p class="quiet">Its answer: {safe.answer(node.answer)}</p>' if node.answer is not None else ""
    html = (
        problem_html(problem_of(desk.path, tree.problem), tree.problem, "")
        + _steps_before(tree, before)
        + f'<div class="panel labelled"><h3>Is this step right? <span class="quiet">level {len(before) + 1}</span></h3>'
        f'<div class="prose step-text">{safe.html(node.text)}</div>{ended}</div>'
        + ("" if desk.queued.blind else _suggestion(node.judgement))
        + f'<p class="quiet">{link("The whole tree", page="tree", run=desk.run, id=tree.id, node=index)}</p>'
    )
    return html, node.judgement


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


def thought_shown(desk: Desk, label: Label) -> str | None:
    """The thought; null where the run has none of that id."""
    thought = thought_of(desk.path, label.thought or "")
    if thought is None:
        return None
    place = (
        link("Beside its tree", page="tree", run=desk.run, id=thought.tree, thought=thought.id) if thought.tree else ""
    )
    html = (
        problem_html(problem_of(desk.path, thought.problem), thought.problem, "")
        + f'<div class="panel thought whole">{thought_html(thought)}</div>'
        + f'<p class="quiet">{safe.html(thought.method)} {place}</p>'
    )
    return html


def tree_shown(desk: Desk, label: Label) -> tuple[str, dict[str, Any]] | None:
    """The tree's place and the step's, and what `view` draws it from; null where the run has none of that id."""
    tree = tree_of(desk.path, label.tree or "")
    if tree is None:
        return None
    html = (
        f"{problem_html(problem_of(desk.path, tree.problem), tree.problem, '')}{LEGEND}</div>"
        '<div class="panel tree-box" tabindex="0" aria-label="The tree"></div>'
        f'<p class="quiet made">{link("With its thoughts", page="tree", run=desk.run, id=tree.id)}</p>'
        '<div class="panel step-box" aria-live="polite"></div>'
    )
    data = {"tree": viewer_data(tree, None), "address": {"run": desk.run, "tree": tree.id}}
    return html, data | {"node": first_look(tree, None)}
