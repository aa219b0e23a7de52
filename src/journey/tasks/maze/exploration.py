"""Truthful random exploration of mazes, in the words that the tiny base model reads."""

import random
from collections.abc import Callable, Hashable, Sequence
from typing import cast

from journey.tasks.exploration import ExplorationSettings, Ground, Move, document, draw_style
from journey.tasks.maze.draw import MazeSettings, draw
from journey.tasks.maze.puzzle import (
    Maze,
    Path,
    Step,
    back_text,
    dead_end_text,
    is_held_out,
    make_maze,
    open_places,
    parse_state,
    parse_step,
    question,
    reached_text,
    solutions,
    steps,
    unsolvable_text,
)
from journey.tasks.maze.walk import flaw_of, listed, lost

ALIKE = MazeSettings(shortest=3, deep=2, fewest=4)  # somewhat smaller mazes, too, than those that are asked


def explore(rng: random.Random, settings: ExplorationSettings) -> str:
    """One document on a random maze that is not held out."""
    style = draw_style(rng, settings)
    while True:
        maze = draw(rng, ALIKE)
        if style == "cannot" and rng.random() < 0.5:
            maze = without_a_way(rng, maze)
        if not is_held_out(maze):
            walks = 1000 if style == "cannot" else rng.choice(settings.walks)
            return document(ground(maze), rng, walks, settings.to_root, style)


def without_a_way(rng: random.Random, maze: Maze) -> Maze:
    """The maze with one way of the right path closed; of a maze without loops there is no other to the goal."""
    gone = rng.choice(next(solutions(maze)))
    pairs = [(a, b) for a, beside in maze.ways for b in beside if a < b and {a, b} != {gone.left, gone.to}]
    return make_maze(maze.start, maze.goal, pairs)


def ground(maze: Maze) -> Ground:
    """The maze as exploration sees it; a state is the path that was walked."""

    def moves(state: Hashable) -> list[Move]:
        path = cast(Path, state)
        return [] if path[-1] == maze.goal else [Move(str(s), (*path, s.to), s.to) for s in steps(maze, path)]

    def verdict(state: Hashable) -> str:
        place = cast(Path, state)[-1]
        return reached_text(maze.goal) if place == maze.goal else dead_end_text(place)

    def back(state: Hashable) -> str:
        path = cast(Path, state)
        return back_text(path[-1], open_places(maze, path), maze.goal)

    def check(taken: Sequence[Move]) -> str:
        return " -> ".join(cast(Path, taken[-1].to))

    def step(state: Hashable, line: str) -> tuple[Path, bool] | None:
        found, path = parse_step(line), cast(Path, state)
        return None if found is None else ((*path, found.to), flaw_of(maze, path, found) is None)

    def hint(rng: random.Random) -> tuple[str, list[str]] | None:
        way = next(solutions(maze), None)
        if way is None:
            return None
        if rng.random() < 0.5:
            way = [rng.choice(way)]
        return " -> ".join([way[0].left, *(step.to for step in way)]), [str(step) for step in way]

    def restated(line: str) -> tuple[Path, Callable[[Hashable], bool]] | None:
        if (found := parse_state(line)) is None:
            return None
        place, open_here, goal = found

        def is_there(state: Hashable) -> bool:
            path = cast(Path, state)
            return goal == maze.goal and path[-1] == place and open_places(maze, path) == open_here

        return (place,), is_there

    return Ground(
        question=question(maze),
        start=(maze.start,),
        moves=moves,
        verdict=verdict,
        is_goal=lambda state: cast(Path, state)[-1] == maze.goal,
        back=back,
        check=check,
        lost=lambda state: lost(maze, cast(Path, state)),
        unsolvable=unsolvable_text(maze.goal),
        claim=lambda rng, state: _claim(maze, cast(Path, state), rng),
        answer=lambda state, line: _answer(maze, cast(Path, state), line),
        hint=hint,
        step=step,
        restated=restated,
    )


def _claim(maze: Maze, path: Path, rng: random.Random) -> str:
    """A way or a step that somebody names, legal or not."""
    left = path[-1] if rng.random() < 0.8 else rng.choice([place for place, _ in maze.ways])
    others = [place for place, _ in maze.ways if place != left]
    to = rng.choice(maze.next_to[left] if maze.next_to[left] and rng.random() < 0.6 else others)
    if rng.random() < 0.5:
        return f"{left} -> {to}"
    open_there = open_places(maze, (*path, to))
    return str(Step(left, to, open_there[1:] if rng.random() < 0.3 else open_there, maze.goal))


def _answer(maze: Maze, path: Path, line: str) -> str | None:
    """What is true of a claim."""
    if (step := parse_step(line)) is not None:
        flaw = flaw_of(maze, path, step)
        return f"Wait , {flaw.why}" if flaw else f"Yes , open from {step.to} is {listed(step.open)}"
    match line.split(" "):
        case [left, "->", to]:
            joined = to in maze.next_to.get(left, ())
            return f"Yes , {left} leads to {to}" if joined else f"Wait , no way from {left} to {to}"
    return None
