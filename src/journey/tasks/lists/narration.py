"""The narration of list puzzles, in words that the tiny base model can write."""

from collections.abc import Sequence

from journey.tasks.exploration import tried_text
from journey.tasks.lists.puzzle import back_text, made_text, miss_text, parse_puzzle, parse_step
from journey.tasks.narration import Narration
from journey.types import Node, Problem


def reflect(node: Node, texts: Sequence[str]) -> str:
    """Why a branch was wrong: its end is not the goal, where the wrong step says nothing false; else the reason."""
    step = parse_step(texts[-1])
    judgement = node.judgement
    is_lost = judgement is None or judgement.reason is None or judgement.score != 0
    if step is not None and step.to.left == 0 and step.to.numbers != step.goal and is_lost:
        return f"Wait , {miss_text(step.to.numbers, step.goal)}"
    return "Wait" if judgement is None or not judgement.reason else f"Wait , {judgement.reason}"


def go_back(problem: Problem, texts: Sequence[str]) -> str:
    """The return: the state that stands again, written out."""
    step, puzzle = parse_step(texts[-1]) if texts else None, parse_puzzle(problem.question)
    return back_text(puzzle.state if step is None else step.to, puzzle.goal)


def close(problem: Problem, node: Node) -> str:
    """The last word of a right program."""
    return made_text(parse_puzzle(problem.question).goal)


def tried(texts: Sequence[str]) -> str:
    """The list of the functions tried from where the program stands again."""
    return tried_text(step.name for step in map(parse_step, texts) if step is not None)


NARRATION = Narration(reflect, go_back, close, separator="\n", name="lists", tried=tried)
