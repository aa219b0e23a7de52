"""Maze solutions with labelled steps, made here: half of them right, half with a first wrong step.

A wrong step is an illegal one (through a wall, to a visited place, with wrong open places), or a legal one after which
the goal is out of reach; what follows goes on at random and is labelled by nobody, as in ProcessBench.
"""

import random

from journey.tasks.labelled import Labelled, LabelledSet, solution, until
from journey.tasks.maze.draw import draw
from journey.tasks.maze.puzzle import Maze, Path, Step, can_reach, open_places, question, solutions, steps

NAME = "maze"
ILLEGAL = 0.5  # of the wrong steps


def maze_set(count: int, seed: int = 0) -> LabelledSet:
    """So many labelled solutions of as many mazes; the same for the same seed."""
    rng = random.Random(seed)
    return LabelledSet(NAME, [_one(rng, number) for number in range(count)])


def _one(rng: random.Random, number: int) -> Labelled:
    maze = draw(rng)
    chain = list(next(solutions(maze)))
    first: int | None = None
    if rng.random() < 0.5:
        path = (maze.start, *(step.to for step in chain))
        branches = [at for at in range(len(chain)) if _misleading(maze, path[: at + 1])]
        if rng.random() < ILLEGAL:
            first = rng.randrange(len(chain))
            wrong = illegal(maze, path[: first + 1], rng)
        else:
            first = rng.choice(branches)
            wrong = rng.choice(_misleading(maze, path[: first + 1]))
        chain = [*chain[:first], wrong, *_onward(maze, (*path[: first + 1], wrong.to), rng)]
    texts = [str(step) for step in chain]
    return solution(number, question(maze), maze.goal, texts, until(first, len(texts)), task=NAME)


def illegal(maze: Maze, path: Path, rng: random.Random) -> Step:
    """An illegal step at the end of a walk."""
    here = path[-1]
    walls = [place for place in maze.next_to if place != here and place not in maze.next_to[here]]
    to = rng.choice([rng.choice(walls), *path[-2:-1], *maze.next_to[here][:1]])
    open_there = open_places(maze, (*path, to))
    if to in path or to not in maze.next_to[here]:
        return Step(here, to, open_there, maze.goal)
    others = tuple(sorted({*open_there, rng.choice(walls)}))
    return Step(here, to, others if others != open_there else open_there[1:], maze.goal)


def _misleading(maze: Maze, path: Path) -> list[Step]:
    return [step for step in steps(maze, path) if not can_reach(maze, (*path, step.to))]


def _onward(maze: Maze, path: Path, rng: random.Random) -> list[Step]:
    """Random legal steps to the end."""
    chain: list[Step] = []
    while path[-1] != maze.goal and (options := steps(maze, path)):
        chain.append(rng.choice(options))
        path = (*path, chain[-1].to)
    return chain
