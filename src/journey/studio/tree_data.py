"""A tree as the page's viewer takes it: one short line for every step, and a step in full when it is asked for."""

from collections.abc import Sequence
from typing import Any

from journey.report.drawing import paths, state
from journey.studio import safe
from journey.studio.fragments import facts_line
from journey.studio.label import label
from journey.trees.mark import children, on_right_path, path, verdict
from journey.types import Node, Problem, Thought, Tree

LABEL = 140  # letters of a step's line
LETTERS = {"right": "r", "wrong": "w", "neutral": "n", "unjudged": "u"}
SIBLINGS = 30
HOP = 'class="hop" tabindex="0" role="button"'
VERDICT_WORDS = {"right": "right", "wrong": "wrong", "neutral": "neutral", "unjudged": "could not say"}
LEGEND = (
    '<div class="legend">'
    + "".join(
        f'<span><span class="point {name}"></span>{name}</span>' for name in ("right", "wrong", "neutral", "unjudged")
    )
    + '<span><span class="stroke"></span>right path</span>'
)
TREE_BOX = '<div class="panel tree-box" tabindex="0" aria-label="The tree"></div>'


def viewer_data(tree: Tree, thought: Thought | None) -> dict[str, Any]:
    """What the viewer draws from: lists with one entry a step, `states` one letter a step, all in the tree's order.

    `path` are the steps of all right paths, `walk` the steps as the thought takes them, `answers` those with an answer
    known as right (1) or wrong (0).
    """
    walk = paths(None, thought)[1] if thought else []
    return {
        "question": "The question",
        "parents": [node.parent for node in tree.nodes],
        "labels": [label(node.text, LABEL) or "(empty)" for node in tree.nodes],
        "states": "".join(LETTERS[state(tree, i)] for i in range(len(tree.nodes))),
        "answers": {i: int(node.correct) for i, node in enumerate(tree.nodes) if node.correct is not None},
        "path": sorted(on_right_path(tree)),
        "walk": walk,
    }


def first_look(tree: Tree, thought: Thought | None) -> int | None:
    """The step that is shown before one is clicked: where the thought begins, or where a failed tree goes wrong."""
    if thought is not None:
        return next((s.node for s in thought.segments if s.node is not None), None)
    went_wrong = (i for i, node in enumerate(tree.nodes) if node.correct is False or verdict(node) == "wrong")
    return next(went_wrong, 0 if tree.nodes else None)


def work_html(tree: Tree, thought: Thought | None, side: str, rest: str = "") -> str:
    """The places where the viewer draws tree and step; `side` shows the thought, `rest` stands behind who made it."""
    walked = '<span><span class="stroke walked"></span>the thought\'s walk, in order</span>' if thought else ""
    made = facts_line({"steps by": tree.policy, "judged by": tree.judge, "": f"{len(tree.nodes):,} steps"})
    side = side or '<p class="quiet made">No thought was made of this tree.</p>'
    return (
        f'<div class="work"><div>{LEGEND}{walked}</div>{TREE_BOX}'
        '<details class="levels"><summary>Level by level</summary><div class="level-box"></div></details>'
        f'<p class="quiet made">{made}{rest}</p></div>'
        f'<div class="side-column"><div class="panel step-box" aria-live="polite"></div>{side}</div></div>'
    )


def step_html(tree: Tree, problem: Problem | None, index: int, below: Sequence[Sequence[int]] | None = None) -> str:
    """A step in full: text, judgement, score, reason, tokens, answer, and what else was tried at the same place.

    `below` is `children(tree)`, for those who ask for many steps of one tree.
    """
    node = tree.nodes[index]
    rank = state(tree, index)
    depth = len(path(tree, index))
    return (
        f'<h3><span class="point {rank}"></span>Step {index} <span class="quiet">level {depth}</span></h3>'
        f'<div class="prose step-text">{safe.html(node.text) or "<i>empty</i>"}</div>'
        f"<dl>{_facts(node, rank, problem)}</dl>{_siblings(tree, index, below or children(tree))}"
    )


def _facts(node: Node, rank: str, problem: Problem | None) -> str:
    judged = node.judgement
    rows: list[tuple[str, str]] = []
    if judged is None:
        rows.append(("Judgement", "not judged"))
    else:
        by = f' <span class="quiet">by {safe.html(judged.by)}</span>' if judged.by else ""
        rows.append(("Judgement", f'<span class="word {rank}">{VERDICT_WORDS[rank]}</span>{by}'))
        if judged.score is not None:
            share = round(100 * min(1.0, max(0.0, judged.score)))
            rows.append(("Score", f'{judged.score:.2f}<span class="meter"><i style="width:{share}%"></i></span>'))
        if judged.reason:
            rows.append(("Reason", f'<div class="prose">{safe.html(judged.reason)}</div>'))
    if node.answer is not None:
        kind, word = {True: ("right", "right"), False: ("wrong", "wrong"), None: ("unjudged", "could not be checked")}[
            node.correct
        ]
        known = "" if problem is None or node.correct else safe.answer(problem.answer)
        known = f' <span class="quiet">known: {known}</span>' if known else ""
        answer = f'<span class="answer">{safe.answer(node.answer)}</span>'
        rows.append(("Answer", f'{answer} <span class="word {kind}">{word}</span>{known}'))
    if node.by:
        rows.append(("Written by", safe.html(node.by)))
    if node.tokens:
        rows.append(("Tokens", f"{node.tokens:,}"))
    return "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)


def _siblings(tree: Tree, index: int, below: Sequence[Sequence[int]]) -> str:
    parent = tree.nodes[index].parent
    number = len(below[parent]) - 1
    others = [i for i in below[parent][: SIBLINGS + 1] if i != index][:SIBLINGS]
    above = f'<a {HOP} data-node="{parent}">the step before</a>' if parent >= 0 else "the question"
    after = len(below[index])
    onward = f"{after:,} step{'s go' if after != 1 else ' goes'} on from here" if after else "nothing goes on from here"
    head = f"<p class=quiet>After {above}; {onward}.</p>"
    if not others:
        return f"{head}<p class=quiet>No other step was tried at this place.</p>"
    items = "".join(
        f'<li><a {HOP} data-node="{i}"><span class="point {state(tree, i)}"></span>'
        f"<span>{safe.html(safe.line(tree.nodes[i].text, 300))}</span></a></li>"
        for i in others
    )
    more = f"<li class=quiet>and {number - SIBLINGS:,} more</li>" if number > SIBLINGS else ""
    return f"{head}<h4>Tried at the same place</h4><ul class=siblings>{items}{more}</ul>"
