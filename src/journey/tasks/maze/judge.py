"""The exact judge of mazes: a step is right when it is legal and the goal can still be reached with no second visit."""

from collections.abc import Sequence

from journey.tasks.maze.checker import flaw_of, last_walk, lost
from journey.tasks.maze.puzzle import Maze, Path, parse_maze, parse_step
from journey.types import Judgement, Problem


def judge(problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
    """One judgement a candidate, never neutral; each verdict "wrong" has its reason in words.

    A judgement holds for the step alone: after a wrong prefix it is judged from where the prefix ends. The score is 1
    for right, 0.5 for a legal step after which the goal is out of reach, 0 for one that is not legal. Raises UsageError
    where the problem is no maze.
    """
    maze = parse_maze(problem.question)
    walk, _ = last_walk(maze, "\n".join(prefix))
    return [_judge_step(maze, walk.path, line) for line in candidates]


def _judge_step(maze: Maze, path: Path, line: str) -> Judgement:
    step = parse_step(line)
    if step is None:
        return Judgement(None, None, "not a step of the puzzle")
    if (flaw := flaw_of(maze, path, step)) is not None:
        return Judgement("wrong", 0.0, flaw[1])
    if (reason := lost(maze, (*path, step.to))) is not None:
        return Judgement("wrong", 0.5, reason)
    return Judgement("right", 1.0)
