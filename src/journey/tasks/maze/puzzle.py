"""Mazes: named places, ways between them, a start and a goal. No place may be visited twice.

A question lists every place with the places next to it: `Go from K to D : A ( C K ) C ( A D ) D ( C ) K ( A )`. A step
says where it goes, which places are open from there (those next to it that the walk has not visited), and the goal:
`K -> A ( C -> D )`.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from journey.errors import UsageError
from journey.tasks.exploration import without_remarks
from journey.types import Problem, content_hash, make_problem

NAME = r"[A-Za-z][A-Za-z0-9]{0,11}"
_PLACES = rf"\( ((?:{NAME} )*)\)"
_QUESTION = re.compile(rf"Go from ({NAME}) to ({NAME}) :((?: {NAME} {_PLACES})+)")
_PLACE = re.compile(rf"({NAME}) {_PLACES}")
_OPEN = rf"\( ((?:{NAME} )*)-> ({NAME}) \)"
_STEP = re.compile(rf"({NAME}) -> ({NAME}) {_OPEN}")
_STATE = re.compile(rf"Back to ({NAME}) {_OPEN}(?: tried(?: {NAME}| ,)+)?")

Path = tuple[str, ...]


@dataclass(frozen=True)
class Maze:
    """`ways` lists for every place the places next to it, both in the order of their names."""

    start: str
    goal: str
    ways: tuple[tuple[str, Path], ...]

    @cached_property
    def next_to(self) -> Mapping[str, Path]:
        """The places next to each place."""
        return dict(self.ways)


@dataclass(frozen=True, slots=True)
class Step:
    """A step from `left` to `to` on the way to `goal`, and the places that are open from there, as written."""

    left: str
    to: str
    open: Path
    goal: str

    def __str__(self) -> str:
        return f"{self.left} -> {state_text(self.to, self.open, self.goal)}"


def make_maze(start: str, goal: str, pairs: Sequence[tuple[str, str]]) -> Maze:
    """The maze whose ways join these pairs of places."""
    beside: dict[str, set[str]] = {start: set(), goal: set()}
    for a, b in pairs:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    return Maze(start, goal, tuple((place, tuple(sorted(beside[place]))) for place in sorted(beside)))


def state_text(place: str, open_places: Path, goal: str) -> str:
    """How a place, the places that are open from it, and the goal are written."""
    return " ".join([place, "(", *open_places, "->", goal, ")"])


def dead_end_text(place: str) -> str:
    """The verdict on a walk that came to a dead end."""
    return f"Wait , {place} is a dead end"


def back_text(place: str, open_here: Path, goal: str) -> str:
    """The return to an earlier place."""
    return f"Back to {state_text(place, open_here, goal)}"


def reached_text(goal: str) -> str:
    """The verdict on a walk that came to the goal."""
    return f"Yes , {goal} is reached"


def unsolvable_text(goal: str) -> str:
    """The verdict on a maze without a way to its goal."""
    return f"{goal} cannot be reached"


def question(maze: Maze) -> str:
    """How a maze is asked."""
    places = " ".join(" ".join([place, "(", *beside, ")"]) for place, beside in maze.ways)
    return f"Go from {maze.start} to {maze.goal} : {places}"


def parse_maze(text: str) -> Maze:
    """The maze of a question, hints behind it left out.

    Raises UsageError where the text is no such question or its ways do not fit together.
    """
    match = _QUESTION.fullmatch(without_remarks(text))
    if match is None:
        raise UsageError(
            f'not a maze question: "{text[:60]}"; it must read like "Go from A to C : A ( B ) B ( A C ) C ( B )"'
        )
    listed = [(place, tuple(beside.split())) for place, beside in _PLACE.findall(match[3])]
    maze = Maze(match[1], match[2], tuple(listed))
    for place, beside in listed:
        for other in beside:
            if other == place or place not in maze.next_to.get(other, ()):
                raise UsageError(f"the maze lists {other} beside {place}, so it must list {place} beside {other}")
    if len(maze.next_to) < len(listed) or maze.start == maze.goal or not {maze.start, maze.goal} <= {*maze.next_to}:
        raise UsageError("a maze lists each of its places once, and its start and goal are two of them")
    return maze


def parse_step(line: str) -> Step | None:
    """The step that a line writes, true or not; null where it writes none."""
    match = _STEP.fullmatch(line.strip())
    return None if match is None else Step(match[1], match[2], tuple(match[3].split()), match[4])


def parse_state(line: str) -> tuple[str, Path, str] | None:
    """The place, its open places and the goal that a return names; null where the line is no return."""
    match = _STATE.fullmatch(line.strip())
    return None if match is None else (match[1], tuple(match[2].split()), match[3])


def open_places(maze: Maze, path: Path) -> Path:
    """The places that are open at the end of a walk: next to it and not visited."""
    return tuple(place for place in maze.next_to.get(path[-1], ()) if place not in path)


def steps(maze: Maze, path: Path) -> list[Step]:
    """Every legal step at the end of a walk."""
    return [Step(path[-1], to, open_places(maze, (*path, to)), maze.goal) for to in open_places(maze, path)]


def within_reach(maze: Maze, path: Path) -> set[str]:
    """The places that a walk can still reach without a second visit."""
    found: set[str] = set()
    ahead = [*open_places(maze, path)]
    while ahead:
        place = ahead.pop()
        if place not in found:
            found.add(place)
            ahead += [other for other in maze.next_to[place] if other not in path]
    return found


def can_reach(maze: Maze, path: Path) -> bool:
    """Whether the walk is at the goal or can still reach it."""
    return path[-1] == maze.goal or (maze.goal not in path and maze.goal in within_reach(maze, path))


def solutions(maze: Maze, path: Path = ()) -> Iterator[list[Step]]:
    """Every right way from the end of a walk (empty: the start) to the goal."""
    path = path or (maze.start,)
    for step in steps(maze, path):
        if step.to == maze.goal:
            yield [step]
        elif can_reach(maze, (*path, step.to)):
            for tail in solutions(maze, (*path, step.to)):
                yield [step, *tail]


def to_problem(maze: Maze, source: str = "maze", seed: int = 0) -> Problem:
    """The maze as a Problem: the answer is the goal, the solution one right way drawn by `seed` (null if none)."""
    ways = list(solutions(maze))
    way = random.Random(f"{seed} {question(maze)}").choice(ways) if ways else None
    return make_problem(
        question(maze),
        maze.goal,
        source=source,
        solution=None if way is None else "\n".join(map(str, way)),
        level=None if way is None else str(len(way)),
        task="maze",
    )


def structure(maze: Maze) -> str:
    """A hash of the maze that no renaming of its places changes (colour refinement from start and goal)."""
    colour = {place: (place == maze.start) + 2 * (place == maze.goal) for place, _ in maze.ways}
    while True:
        around = {place: (colour[place], sorted(colour[other] for other in beside)) for place, beside in maze.ways}
        kinds = sorted({(mine, tuple(others)) for mine, others in around.values()})
        if len(kinds) == len(set(colour.values())):
            return content_hash("maze", sorted(around.values()))
        rank = {kind: number for number, kind in enumerate(kinds)}
        colour = {place: rank[mine, tuple(others)] for place, (mine, others) in around.items()}


def is_held_out(maze: Maze) -> bool:
    """Whether a maze is of the tenth that no model may be trained on, whatever its places are called."""
    return int(content_hash("held out", structure(maze)), 16) % 10 == 0
