"""A maze's tree is told as a journey: side trips at every depth, returns to the middle of the way, no false line."""

import random

from journey.tasks.maze.checker import grade
from journey.tasks.maze.draw import draw
from journey.tasks.maze.exploration import ground
from journey.tasks.maze.narration import NARRATION
from journey.tasks.maze.puzzle import Maze, steps, to_problem
from journey.tasks.maze.walk import judge
from journey.tasks.skills import check
from journey.thoughts.draft import draft
from journey.thoughts.shortcut import shortcut
from journey.thoughts.traverse import TraverseSettings, traverse
from journey.trees.mark import path_texts, right_leaves
from journey.types import Node, Problem, Tree


def grown(maze: Maze, problem: Problem) -> Tree:
    """The whole tree of a maze, judged exactly."""
    nodes: list[Node] = []
    level = [(-1, (maze.start,), tuple[str, ...]())]
    while level:
        parent, path, told = level.pop(0)
        options = [] if path[-1] == maze.goal else steps(maze, path)
        said = judge(problem, told, [str(step) for step in options])
        for step, judgement in zip(options, said, strict=True):
            texts = (*told, str(step))
            found = grade(maze, "\n".join(texts))
            level.append((len(nodes), (*path, step.to), texts))
            nodes.append(Node(parent, str(step), judgement, found.answer, found.correct))
    return Tree("tree", problem.id, tuple(nodes), "all", "exact", {})


def test_the_reports_rule_makes_true_side_trips_that_return_to_the_middle() -> None:
    rng = random.Random(0)
    deep = trips = 0
    for seed in range(40):
        maze = draw(rng)
        problem = to_problem(maze)
        tree = grown(maze, problem)
        (leaf,) = right_leaves(tree)
        walk = traverse(tree, leaf, TraverseSettings(trials=3, to_answer=True), seed)
        thought = draft(tree, problem, walk, NARRATION)
        assert grade(maze, thought.text).correct is True
        assert all(line.right for line in check(ground(maze), thought.text)), thought.text
        returns = [segment for segment in thought.segments if segment.kind == "backtrack"]
        trips += len(returns)
        right_way = {text.split(" ")[2]: depth for depth, text in enumerate(path_texts(tree, leaf), 1)}
        deep += any(right_way.get(segment.text.split(" ")[2], 0) >= 3 for segment in returns)
        assert len(thought.text.split()) < 600
    assert trips >= 80
    assert deep >= 36


def test_trips_from_the_question_return_to_the_question_only() -> None:
    maze = draw(random.Random(4))
    problem = to_problem(maze)
    tree = grown(maze, problem)
    walk = traverse(tree, right_leaves(tree)[0], TraverseSettings(trials=4, start="root", to_answer=True), 0)
    text = draft(tree, problem, walk, NARRATION).text
    returns = [line for line in text.split("\n") if line.startswith("Back to")]
    assert returns
    assert {line.split(" ")[2] for line in returns} == {maze.start}


def test_the_shortcut_is_the_right_way_and_its_last_word() -> None:
    maze = draw(random.Random(5))
    problem = to_problem(maze)
    tree = grown(maze, problem)
    (thought,) = shortcut(tree, problem, NARRATION)
    assert thought.text == f"{problem.solution}\nYes , {maze.goal} is reached"


def test_returns_may_list_what_was_tried_and_the_list_is_true() -> None:
    listed = 0
    for seed in range(20):
        maze = draw(random.Random(seed))
        problem = to_problem(maze)
        tree = grown(maze, problem)
        settings = TraverseSettings(trials=3, back="root", to_answer=True, list_tried=True)
        thought = draft(tree, problem, traverse(tree, right_leaves(tree)[0], settings, seed), NARRATION)
        assert grade(maze, thought.text).correct is True
        assert all(line.right for line in check(ground(maze), thought.text) if line.skill != "new walks")
        listed += thought.text.count(" tried ")
    assert listed >= 40
