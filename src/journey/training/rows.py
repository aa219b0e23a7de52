"""Thoughts as the rows that TRL trains on, prompt/completion; trees as steps.

Rows of steps have a question, its steps and a label for each (TRL's former stepwise type): true or false, "right",
"neutral" or "wrong", or a number in [0, 1] (soft); null is not trained on.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from journey.data.prompt_sets import shown
from journey.errors import UsageError
from journey.judges.base import score_of
from journey.models.base import Prompt
from journey.tasks.prompting import Ask
from journey.trees.mark import children, is_unusable, path
from journey.types import Judgement, Problem, Thought, Tree, content_seed, to_json

Row = dict[str, Any]
Labels = Literal["verdict", "hard", "soft"]
PREFIX, GOES_ON, CUT_OFF, IMAGES = "prefix", "_goes_on", "rejected_cut_off", "images"
"""Columns of pairs: the answer's beginning, which stands at the prompt's end; that a side ("chosen", "rejected") is a
piece behind which the text goes on; that the rejected answer was cut off; the names of the prompt's pictures."""


def sft_rows(
    thoughts: Iterable[Thought], problems: Iterable[Problem], ask: Ask, *, messages: bool = False
) -> list[Row]:
    """One prompt/completion row a thought: the problem as the model is asked it, the thought's text as the answer.

    With `messages` both sides are lists of chat messages; else they are plain strings, system text first. Raises
    UsageError where a thought's problem is not among `problems`.
    """
    known = {problem.id: problem for problem in problems}
    prompts = ((ask(in_its_language(known_problem(known, t.problem), t), ()), t.text) for t in thoughts)
    return [row_of(prompt, messages, completion=text) for prompt, text in prompts]


def in_its_language(problem: Problem, thought: Thought) -> Problem:
    """The problem as a thought answers it: in the thought's language where it was retold in one."""
    is_retold = thought.language is not None and thought.refined_by is not None
    return replace(problem, language=thought.language) if is_retold else problem


def tree_rows(trees: Iterable[Tree], problems: Iterable[Problem], labels: Labels = "verdict") -> list[Row]:
    """One row a path of a judged tree; a step that several paths share has its label in the first of them only.

    `labels` "verdict": the verdicts by name; "hard": true where right or neutral, false where wrong (PRM800K counts
    neutral steps as good ones, Let's Verify Step by Step, section 2.6); "soft": the scores, those of verdicts without
    one 1, 0.5 and 0. Steps of which nobody could say are null, and steps that are no whole steps are left out. Raises
    UsageError where a tree's problem is not among `problems`.
    """
    known = {problem.id: problem for problem in problems}
    return [row for tree in trees for row in _paths(tree, known_problem(known, tree.problem), labels)]


def rl_rows(train: Iterable[Problem], validation: Iterable[Problem]) -> list[Row]:
    """What `train_rl` reads: the problems that answers are drawn to, and those that progress is checked on."""
    parts = (("train", train), ("validation", validation))
    return [{"split": split, "problem": to_json(problem)} for split, problems in parts for problem in problems]


def match_tokens(rows: Sequence[Row], count: Callable[[Row], int], target: int, *, seed: int = 0) -> list[Row]:
    """Whole passes over `rows`, then a random part of one more, until their trained tokens come nearest to `target`.

    This makes the arm matched by tokens: short answers are seen more often, so that both arms learn from equally many
    tokens. `count` gives a row's trained tokens. Raises UsageError where there is nothing to repeat.
    """
    counts = [count(row) for row in rows]
    if sum(counts) <= 0:
        raise UsageError("There are no trained tokens to match: give rows with answers.")
    passes, left = divmod(target, sum(counts))
    chosen = list(range(len(rows))) * passes
    last = list(range(len(rows)))
    random.Random(content_seed("match tokens", len(rows), target, seed)).shuffle(last)
    for i in last:
        if abs(left - counts[i]) >= left:  # taking it would lead further away from the target
            continue
        chosen.append(i)
        left -= counts[i]
        if left <= 0:
            break
    return [rows[i] for i in chosen]


def known_problem(known: Mapping[str, Problem], name: str) -> Problem:
    """The problem of that id. Raises UsageError."""
    if name not in known:
        raise UsageError(f"The problem {name} is not among the problems given: load the problems of the same run.")
    return known[name]


def row_of(prompt: Prompt, messages: bool, prefix: str = "", **answers: str) -> Row:
    """One row of a prompt and answers to it by their columns, which go on from `prefix`, the answer's beginning.

    As messages the prefix is a last turn of the assistant, to be continued; else it stands at the prompt's end, and
    once more in the column "prefix". A prompt's pictures stand in the column "images", by their names.
    """
    question: Any = shown(prompt, messages)
    pictures = {IMAGES: list(prompt.images)} if prompt.images else {}
    if not messages:
        return {"prompt": question + prefix, **answers, **({PREFIX: prefix} if prefix else {}), **pictures}
    begun = [{"role": "assistant", "content": prefix}] if prefix else []
    sides = {side: [{"role": "assistant", "content": text}] for side, text in answers.items()}
    return {"prompt": [*question, *begun], **sides, **pictures}


def refuse_pictures(rows: Iterable[Mapping[str, Any]]) -> None:
    """Raises UsageError where a row has pictures, which nothing that is trained here reads."""
    if any(row.get(IMAGES) for row in rows):
        raise UsageError(
            "the rows have pictures, and what is trained here reads text only; write them with journey export "
            "--messages and train a vision-language model with TRL (docs/pictures.md)"
        )


def _paths(tree: Tree, problem: Problem, labels: Labels) -> list[Row]:
    whole = [not is_unusable(node) and bool(node.text.strip()) for node in tree.nodes]
    below = children(tree)
    given: set[int] = set()
    rows: list[Row] = []
    for end in range(len(tree.nodes)):
        if not whole[end] or any(whole[child] for child in below[end]):
            continue
        way = [index for index in path(tree, end) if whole[index]]
        judged = [None if index in given else _label(tree.nodes[index].judgement, labels) for index in way]
        given.update(way)
        if any(label is not None for label in judged):
            texts = [tree.nodes[index].text for index in way]
            pictures = {IMAGES: list(problem.images)} if problem.images else {}
            rows.append({"prompt": problem.question, "completions": texts, "labels": judged, **pictures})
    return rows


def _label(judged: Judgement | None, labels: Labels) -> Any:
    if judged is None:
        return None
    if labels == "soft":
        return score_of(judged)
    if judged.verdict is None or labels == "verdict":
        return judged.verdict
    return judged.verdict != "wrong"
