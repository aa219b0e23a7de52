"""The narration of mazes, in the words that the tiny base model reads and writes."""

from collections.abc import Sequence

from journey.tasks.exploration import tried_text
from journey.tasks.maze.puzzle import back_text, dead_end_text, open_places, parse_maze, parse_step, reached_text
from journey.tasks.narration import Narration
from journey.types import Node, Problem


def reflect(node: Node, texts: Sequence[str]) -> str:
    """Why a branch was wrong: the judge's reason, else the dead end that its last step came to."""
    if node.judgement is not None and node.judgement.reason:
        return f"Wait , {node.judgement.reason}"
    step = parse_step(texts[-1])
    return dead_end_text(step.to) if step is not None and not step.open else "Wait"


def go_back(problem: Problem, texts: Sequence[str]) -> str:
    """The return: the place where the walk stands again, with the places that are open from it."""
    step = parse_step(texts[-1]) if texts else None
    if step is not None:
        return back_text(step.to, step.open, step.goal)
    maze = parse_maze(problem.question)
    return back_text(maze.start, open_places(maze, (maze.start,)), maze.goal)


def close(problem: Problem, node: Node) -> str:
    """The last word of a right walk."""
    return reached_text(parse_maze(problem.question).goal)


def tried(texts: Sequence[str]) -> str:
    """The list of the places tried from where the walk stands again."""
    return tried_text(step.to for step in map(parse_step, texts) if step is not None)


NARRATION = Narration(reflect, go_back, close, separator="\n", name="maze", tried=tried)
