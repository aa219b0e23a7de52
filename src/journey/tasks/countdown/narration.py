"""The narration of Countdown, in the words that the tiny base model reads and writes."""

from collections.abc import Sequence

from journey.tasks.countdown.puzzle import back_text, made_text, parse_puzzle, parse_step
from journey.tasks.exploration import tried_text
from journey.tasks.narration import Narration
from journey.types import Node, Problem


def reflect(node: Node, texts: Sequence[str]) -> str:
    """Why a branch was wrong: what its last step came to, else the judge's reason."""
    step = parse_step(texts[-1])
    reason = None if node.judgement is None else node.judgement.reason
    if step is not None and len(step.rest) == 1 and (reason is None or texts[-1] == node.text):
        reason = f"{step.result} is not {step.target}"
    return f"Wait , {reason}" if reason else "Wait"


def go_back(problem: Problem, texts: Sequence[str]) -> str:
    """The return: the state that stands again, written out."""
    step = parse_step(texts[-1]) if texts else None
    puzzle = parse_puzzle(problem.question)
    return back_text(puzzle.numbers if step is None else step.rest, puzzle.target)


def close(problem: Problem, node: Node) -> str:
    """The last word of a right chain."""
    return made_text(parse_puzzle(problem.question).target)


def tried(texts: Sequence[str]) -> str:
    """The list of the sums tried from where the walk stands again."""
    steps = [step for step in map(parse_step, texts) if step is not None]
    return tried_text(f"{step.left} {step.op} {step.right}" for step in steps)


NARRATION = Narration(reflect, go_back, close, separator="\n", name="countdown", tried=tried)
