"""Trees as advantages that other trainers take: every step once, paid by how much likelier it made a right end.

The edge form of SPO (Guo et al. 2025, arXiv 2505.23564): a step's prompt is the question and the steps before it, its
credit V(step) - V(the step before). Along a path the credits add up to the end's value less the question's.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from journey.data.prompt_sets import shown
from journey.errors import UsageError
from journey.tasks.prompting import Ask
from journey.tasks.table import task_of
from journey.training.credit import CreditSettings
from journey.training.rows import GOES_ON, PREFIX, Row, row_of
from journey.trees.mark import children, is_unusable, path, path_texts
from journey.trees.values import question_value, valued
from journey.types import Problem, Tree

Encoder = Callable[[Sequence[Row]], Sequence[tuple[list[int], list[int]]]]
"""Token ids of the prompts and the answers (`ANSWER`) of rows, borders as they fall in the whole text."""
ANSWER = "completion"


class Edge(NamedTuple):
    """A step of a tree: its row, its value, and by how much that is above the value before it."""

    node: int
    row: Row
    value: float
    credit: float


def edges(tree: Tree, problem: Problem, ask: Ask) -> list[Edge]:
    """The whole steps of a tree that have a value, in the order of its nodes.

    Where no step has a value, the tree's own ends give them (`trees.values.valued`). A step whose parent was not
    measured is compared with the nearest one before it that was. Empty where nothing is known of any end.
    """
    tree = tree if any(node.value is not None for node in tree.nodes) else valued(tree)
    start, separator, below = question_value(tree), task_of(problem).steps.separator, children(tree)
    found: list[Edge] = []
    for index, node in enumerate(tree.nodes):
        if start is None or node.value is None or is_unusable(node):
            continue
        before = path(tree, node.parent)
        known = [value for i in before if (value := tree.nodes[i].value) is not None]
        prompt = ask(problem, path_texts(tree, node.parent))
        ends = node.answer is not None and not below[index]
        row = row_of(prompt, False, prompt.prefix, **{ANSWER: node.text + ("" if ends else separator)})
        credit = node.value - (known[-1] if known else start)
        found.append(Edge(index, row | {ANSWER + GOES_ON: not ends}, node.value, credit))
    return found


def rllm_episode(tree: Tree, problem: Problem, ask: Ask, encoder: Encoder | None = None) -> dict[str, Any] | None:
    """The tree as an episode of rLLM (`Episode.to_dict`), null where no step has a value.

    One trajectory a leaf, of the steps that no trajectory before it has. `advantage` is the step's credit divided by
    its tokens, times the default of `segment_tokens`, so that no step is paid by its length: a number that rLLM gives
    to each token, or with an `encoder` one number a token, beside `prompt_ids` and `response_ids`. Raises UsageError
    where there is neither an encoder nor a step's number of tokens.
    """
    found = edges(tree, problem, ask)
    if not found:
        return None
    ids = [] if encoder is None else encoder([edge.row for edge in found])
    question = shown(ask(problem, ()), True)
    steps = {edge.node: _step(edge, question, ids[i] if ids else None, tree) for i, edge in enumerate(found)}
    trajectories: list[dict[str, Any]] = []
    reference = {"question": problem.question, "answer": problem.answer, "task": task_of(problem).name}
    for leaf, below in enumerate(children(tree)[:-1]):
        own = [] if below else [steps.pop(i) for i in path(tree, leaf) if i in steps]
        if own:
            correct = tree.nodes[leaf].correct
            trajectories.append({
                "uid": f"{tree.id}-{leaf}", "name": "journey", "task": reference, "steps": own,
                "reward": None if correct is None else float(correct), "info": {"leaf": leaf},
            })  # fmt: skip
    return {
        "id": f"{problem.id}:{tree.id}",
        "task": reference | {"problem": problem.id},
        "is_correct": any(node.correct is True for node in tree.nodes),
        "trajectories": trajectories,
        "metrics": {},
        "info": {"tree": tree.id, "policy": tree.policy, "values": tree.settings.get("values", {}).get("by", "leaves")},
    }


def _step(
    edge: Edge, question: list[dict[str, str]], ids: tuple[list[int], list[int]] | None, tree: Tree
) -> dict[str, Any]:
    node, text = tree.nodes[edge.node], edge.row[ANSWER]
    tokens = node.tokens if ids is None else len(ids[1])
    if ids is None and not tokens:
        raise UsageError(
            f"the steps of the tree {tree.id} have no number of tokens; name the model whose tokens count, as in "
            "--model hf/ID-or-folder"
        )
    each = CreditSettings().segment_tokens * edge.credit / tokens if tokens else 0.0
    return {
        "prompt_ids": ids[0] if ids else [],
        "response_ids": ids[1] if ids else [],
        "logprobs": [],
        "chat_completions": [*question, {"role": "assistant", "content": edge.row.get(PREFIX, "") + text}],
        "observation": question[-1]["content"],
        "thought": "",
        "action": None,
        "model_response": text,
        "model_output": None,
        "info": {"node": edge.node, "value": edge.value, "credit": edge.credit},
        "reward": 0.0,
        "done": node.answer is not None,
        "mc_return": edge.value,
        "advantage": [each] * tokens if ids else each,
        "weight_version": None,
    }
