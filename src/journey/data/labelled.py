"""Labelled solutions as trees of one path: Math-Shepherd's rows, TRL's stepwise type, question and steps and labels.

Math-Shepherd (Wang et al. 2024, arXiv 2312.08935) ends every step with a tag, in whose place `label` has + or -. What
is published again from it has `prompt`, `completions` and `labels`. A label is a verdict by its name, true or false, +
or -, or a number from 0 to 1 (a share of rollouts that ended right, say), which is right above 0.5. A step of which a
file says nothing is *could not say*.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from journey.answers.find import find_answer
from journey.answers.grade import Grader
from journey.errors import UsageError
from journey.types import VERDICTS, Judgement, Node, Problem, Tree, Verdict, content_hash

TAG = "ки"
SIGNS: dict[str, Verdict] = {"+": "right", "-": "wrong"}
NAMED: dict[str, Verdict] = {**SIGNS, **{name: name for name in VERDICTS}}
UNLABELLED = "the file says nothing of this step"
_FIRST = re.compile(r"\bstep 1:", re.IGNORECASE)


class Label(NamedTuple):
    """What a file says of one step; both null: nothing. `score` only where it gives a number."""

    verdict: Verdict | None = None
    score: float | None = None


class Solution(NamedTuple):
    """A question and the labelled steps of one solution."""

    question: str
    steps: list[str]
    labels: list[Label]


def label(value: object) -> Label:
    """A label as it stands in a file.

    Raises ValueError for what is none, and UsageError for -1: where there is one 0 may mean neutral, or wrong.
    """
    match value:
        case None:
            return Label()
        case bool():
            return Label("right" if value else "wrong")
        case str() if value.strip() in NAMED:
            return Label(NAMED[value.strip()])
        case -1:
            raise UsageError("a label is -1, so 0 may mean neutral; write the labels as right, neutral and wrong")
        case int() | float() if 0 <= value <= 1:
            return Label("right" if value > 0.5 else "wrong", float(value))
        case _:
            raise ValueError(f"a label is none of {', '.join(NAMED)}, true, false, null and numbers from 0 to 1")


def labelled(question: Any, steps: Any, labels: Any) -> Solution:
    """A solution whose steps and labels are lists that line up. Raises ValueError for what is none."""
    if not isinstance(question, str) or not question.strip():
        raise ValueError("the question is no text, or an empty one")
    if not isinstance(steps, list) or not all(isinstance(one, str) for one in cast(list[Any], steps)):
        raise ValueError("the steps are no list of texts")
    if not isinstance(labels, list):
        raise ValueError("the labels are no list")
    texts, values = cast(list[str], steps), cast(list[Any], labels)
    if not texts or len(texts) != len(values):
        raise ValueError("there are not as many labels as steps, or none")
    return Solution(question.strip(), texts, [label(one) for one in values])


def math_shepherd(row: Mapping[str, Any]) -> Solution:
    """A row of Math-Shepherd as it was published: `input`, and `label` with + or - in place of every tag.

    A tag that stands in `label`, too, says nothing of its step; one in the question is no step's. Raises ValueError.
    """
    text, signed = row["input"], row["label"]
    if not isinstance(text, str) or not isinstance(signed, str):
        raise ValueError("input and label are no texts")
    *pieces, rest = text.split(TAG)
    signs = _signs(pieces, rest, signed)
    if rest.strip():
        raise ValueError("the last step has no tag at its end")
    question, steps = _steps(pieces)
    return labelled(question, steps, signs[len(signs) - len(steps) :])


def chat(row: Mapping[str, Any]) -> Solution:
    """A row of RLHFlow's PRM data: a user's turn a step, the question in the first, each answered + or -.

    Raises ValueError.
    """
    turns: Any = row["conversations"]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in cast(list[Any], turns)):
        raise ValueError("conversations are no list of turns")
    checked = cast(list[dict[str, Any]], turns)
    if [turn.get("role") for turn in checked] != ["user", "assistant"] * (len(checked) // 2):
        raise ValueError("user and assistant do not take turns")
    pieces = [turn.get("content") for turn in checked[::2]]
    if not all(isinstance(piece, str) for piece in pieces):
        raise ValueError("a step is no text")
    question, steps = _steps(cast(list[str], pieces))
    return labelled(question, steps, [turn.get("content") for turn in checked[1::2]][-len(steps) :])


def stepwise(row: Mapping[str, Any]) -> Solution:
    """A row of TRL's stepwise type, the steps without Math-Shepherd's numbers before them. Raises ValueError."""
    found = labelled(row["prompt"], row["completions"], row["labels"])
    return found._replace(steps=_unnumbered(found.steps))


def _signs(pieces: Sequence[str], rest: str, signed: str) -> list[str | None]:
    """What stands in place of each tag: + or -, null for the tag itself."""
    signs: list[str | None] = []
    at = 0
    for piece in pieces:
        at += len(piece)
        if signed[at - len(piece) : at] != piece:
            raise ValueError("label is not input with its tags replaced")
        sign = None if signed.startswith(TAG, at) else signed[at : at + 1]
        if sign is not None and sign not in SIGNS:
            raise ValueError("in place of a tag stands neither + nor -")
        signs.append(sign)
        at += len(sign or TAG)
    if signed[at:] != rest:
        raise ValueError("label is not input with its tags replaced")
    return signs


def _steps(pieces: Sequence[str]) -> tuple[str, list[str]]:
    """The question, and the steps behind it, one a tag, without their numbers.

    They begin at "Step 1:", else behind the only question mark before the first tag.
    """
    for index, piece in enumerate(pieces):
        if (begin := _FIRST.search(piece)) is not None:
            question = " ".join((*pieces[:index], piece[: begin.start()]))
            return question, _unnumbered([piece[begin.start() :], *pieces[index + 1 :]])
    if pieces and pieces[0].count("?") == 1:
        question, mark, first = pieces[0].partition("?")
        return question + mark, _unnumbered([first, *pieces[1:]])
    raise ValueError("it cannot be told where the question ends and the first step begins")


def _unnumbered(steps: Sequence[str]) -> list[str]:
    return [
        re.sub(rf"\Astep {number}:\s*", "", step.strip(), count=1, flags=re.IGNORECASE)
        for number, step in enumerate(steps, 1)
    ]


async def one_path(problem: Problem, steps: Sequence[str], labels: Sequence[Label], by: str, grader: Grader) -> Tree:
    """A labelled solution as a tree of one path, the answer in its last step checked where the problem has one.

    `by` names who labelled: the tree's policy and judge.
    """
    answer = find_answer(steps[-1])
    correct = None
    if answer is not None and problem.answer:
        correct = (await grader.grade(problem, steps[-1])).correct
    last = len(steps) - 1
    nodes = tuple(
        Node(
            index - 1,
            text,
            Judgement(given.verdict, given.score, UNLABELLED if given == Label() else None, by),
            answer if index == last else None,
            correct if index == last else None,
            by="generator",
        )
        for index, (text, given) in enumerate(zip(steps, labels, strict=True))
    )
    return Tree(content_hash("tree", problem.id, by, steps, labels), problem.id, nodes, by, by)
