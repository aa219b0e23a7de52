"""Mazes as a task: everything that the rest of the package needs of them."""

from journey.tasks.following import puzzle_task
from journey.tasks.maze.checker import grade
from journey.tasks.maze.draw import MazeSettings, drawn
from journey.tasks.maze.exploration import explore, ground
from journey.tasks.maze.labelled import maze_set
from journey.tasks.maze.narration import NARRATION
from journey.tasks.maze.puzzle import is_held_out, parse_maze
from journey.tasks.maze.variants import VARIANTS, shortest
from journey.tasks.maze.walk import judge

MAZE = puzzle_task(
    "maze",
    parse_maze,
    grade,
    is_held_out,
    ground,
    narration=NARRATION,
    judge=judge,
    settings=MazeSettings,
    draw=drawn,
    labelled_set=maze_set,
    explore=explore,
    variants=VARIANTS,
    difficulty=shortest,
    difficulty_counts="the steps of the shortest way",
)
