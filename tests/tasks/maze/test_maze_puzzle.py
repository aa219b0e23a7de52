"""Mazes: questions, steps, reachability against brute force, drawing, and what is held out."""

import random
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.tasks.maze.draw import MazeSettings, draw, drawn
from journey.tasks.maze.puzzle import (
    Maze,
    can_reach,
    is_held_out,
    make_maze,
    parse_maze,
    parse_state,
    parse_step,
    question,
    solutions,
    steps,
    structure,
    to_problem,
)

SMALL = make_maze("A", "D", [("A", "B"), ("B", "C"), ("C", "D"), ("B", "E")])
LOOPED = MazeSettings(loops=3, longest=10)


def renamed(maze: Maze, rng: random.Random) -> Maze:
    """The same maze under other names."""
    names = [place for place, _ in maze.ways]
    new = dict(zip(names, rng.sample("ABCDEFGHIJKLMNOPQRSTUVWXYZ", len(names)), strict=True))
    pairs = [(new[a], new[b]) for a, beside in maze.ways for b in beside]
    return make_maze(new[maze.start], new[maze.goal], pairs)


def reaches(maze: Maze, path: tuple[str, ...]) -> bool:
    """Brute force: some order of some of the places left leads on to the goal."""
    if path[-1] == maze.goal:
        return True
    left = [place for place, _ in maze.ways if place not in path]
    for count in range(1, len(left) + 1):
        for order in permutations(left, count):
            way = (path[-1], *order)
            if order[-1] == maze.goal and all(b in maze.next_to[a] for a, b in pairwise(way)):
                return True
    return False


def test_a_question_lists_the_places_beside_each_place_and_is_read_back() -> None:
    assert question(SMALL) == "Go from A to D : A ( B ) B ( A C E ) C ( B D ) D ( C ) E ( B )"
    assert parse_maze(question(SMALL)) == SMALL


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Make 10 from 1 2", "not a maze question"),
        ("Go from A to B : A ( B ) B ( )", "must list B beside A|must list A beside B"),
        ("Go from A to Z : A ( B ) B ( A )", "its start and goal are two of them"),
        ("Go from A to A : A ( B ) B ( A )", "its start and goal are two of them"),
        ("Go from A to B : A ( B ) B ( A ) B ( A )", "each of its places once"),
    ],
)
def test_what_is_no_maze_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_maze(text)


def test_steps_and_returns_are_read_back_from_how_they_are_written() -> None:
    assert [str(step) for step in steps(SMALL, ("A", "B"))] == ["B -> C ( D -> D )", "B -> E ( -> D )"]
    for step in steps(SMALL, ("A", "B")):
        assert parse_step(str(step)) == step
    assert parse_state("Back to B ( C E -> D )") == ("B", ("C", "E"), "D")
    assert parse_state("Back to B ( C E -> D ) tried E") == ("B", ("C", "E"), "D")
    assert parse_step("B -> C") is None


@given(st.integers(0, 10_000))
def test_reachability_is_what_brute_force_finds(seed: int) -> None:
    rng = random.Random(seed)
    places = "ABCDEFG"
    pairs = [tuple(rng.sample(places, 2)) for _ in range(rng.randint(4, 10))]
    maze = make_maze("A", "G", pairs)
    path = ("A",)
    while True:
        assert can_reach(maze, path) == reaches(maze, path)
        options = steps(maze, path)
        if not options or path[-1] == "G":
            break
        path = (*path, rng.choice(options).to)


@pytest.mark.parametrize("settings", [MazeSettings(), LOOPED])
def test_right_ways_are_as_long_as_was_asked(settings: MazeSettings) -> None:
    rng = random.Random(1)
    for _ in range(100):
        maze = draw(rng, settings)
        ways = list(solutions(maze))
        assert ways
        assert all(settings.shortest <= len(way) <= settings.longest for way in ways)
        assert int(to_problem(maze).level or 0) in {len(way) for way in ways}


@given(st.integers(0, 10_000), st.booleans())
def test_a_renamed_maze_has_the_same_structure_and_falls_on_the_same_side(seed: int, has_loops: bool) -> None:
    rng = random.Random(seed)
    maze = draw(rng, LOOPED if has_loops else MazeSettings())
    twin = renamed(maze, rng)
    assert structure(twin) == structure(maze)
    assert is_held_out(twin) == is_held_out(maze)


def test_other_mazes_have_other_structures() -> None:
    assert structure(SMALL) != structure(make_maze("D", "A", [("A", "B"), ("B", "C"), ("C", "D"), ("B", "E")]))
    assert structure(SMALL) != structure(make_maze("A", "D", [("A", "B"), ("B", "C"), ("C", "D"), ("C", "E")]))


def test_a_tenth_is_held_out_and_no_set_holds_a_relabelled_twin() -> None:
    rng = random.Random(0)
    assert 0.07 < sum(is_held_out(draw(rng)) for _ in range(3000)) / 3000 < 0.13
    test = drawn("test", 200, 0, MazeSettings(), held_out=True)
    train = drawn("train", 600, 0, MazeSettings(), held_out=False)
    kinds = [structure(parse_maze(problem.question)) for problem in [*test, *train]]
    assert len(set(kinds)) == len(kinds)
    assert test == drawn("test", 200, 0, MazeSettings(), held_out=True)
    assert test != drawn("test", 200, 1, MazeSettings(), held_out=True)


def walker_returns(maze: Maze, rng: random.Random, depth: int) -> bool:
    """Whether an exploring walker comes back to a place of the right way `depth` or more steps from the start."""
    tried: set[tuple[str, ...]] = set()
    path = (maze.start,)
    came_back = False
    while path[-1] != maze.goal:
        ahead = [(*path, step.to) for step in steps(maze, path) if (*path, step.to) not in tried]
        if ahead:
            path = rng.choice(ahead)
            tried.add(path)
        else:
            path = path[:-1]
            came_back |= len(path) - 1 >= depth and can_reach(maze, path)
    return came_back


def test_three_in_ten_held_out_mazes_need_a_return_at_depth_three_or_more() -> None:
    mazes = [parse_maze(problem.question) for problem in drawn("test", 300, 0, MazeSettings(), held_out=True)]
    rng = random.Random(0)
    share = sum(walker_returns(maze, rng, 3) for maze in mazes * 10) / (10 * len(mazes))
    assert share > 0.5


def test_settings_that_no_maze_can_meet_are_refused() -> None:
    with pytest.raises(UsageError, match="at most 26 places"):
        MazeSettings(most=20)
    with pytest.raises(UsageError, match="shortest <= longest"):
        MazeSettings(shortest=9)
