"""The narration of list puzzles, in words that the tiny base model can write."""

import re
from collections.abc import Sequence

from journey.tasks.exploration import tried_text
from journey.tasks.lists.functions import list_text
from journey.tasks.lists.puzzle import State, back_text, made_text, parse_puzzle, parse_step
from journey.tasks.narration import Narration
from journey.types import Node, Problem

_LOST = re.compile(r"\(.+\) cannot make (\(.+\)) with (\d+)")


def reflect(node: Node, texts: Sequence[str]) -> str:
    """Why a branch was wrong: its end is not the goal, where a step on the way lost it; else the judge's reason."""
    if node.judgement is None or not node.judgement.reason:
        return "Wait"
    lost, end = _LOST.fullmatch(node.judgement.reason), parse_step(texts[-1])
    if lost is not None and end is not None and len(texts) - 1 - texts.index(node.text) == int(lost[2]):
        return f"Wait , {list_text(end.result)} is not {lost[1]}"
    return f"Wait , {node.judgement.reason}"


def go_back(problem: Problem, texts: Sequence[str]) -> str:
    """The return: the state that stands again, written out."""
    step, puzzle = parse_step(texts[-1]) if texts else None, parse_puzzle(problem.question)
    return back_text(State(puzzle.start if step is None else step.result, puzzle.limit - len(texts)))


def close(problem: Problem, node: Node) -> str:
    """The last word of a right program."""
    return made_text(parse_puzzle(problem.question).goal)


def tried(texts: Sequence[str]) -> str:
    """The list of the functions tried from where the program stands again."""
    return tried_text(step.name for step in map(parse_step, texts) if step is not None)


NARRATION = Narration(reflect, go_back, close, separator="\n", name="lists", tried=tried)
