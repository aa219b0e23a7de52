"""Mazes as a task: everything that the rest of the package needs of them."""

from journey.tasks.base import Task
from journey.tasks.maze.checker import MazeGrader, way
from journey.tasks.maze.draw import MazeSettings, drawn
from journey.tasks.maze.exploration import explore, ground
from journey.tasks.maze.labelled import maze_set
from journey.tasks.maze.narration import NARRATION
from journey.tasks.maze.puzzle import is_held_out, parse_maze
from journey.tasks.maze.variants import VARIANTS, shortest
from journey.tasks.maze.walk import judge
from journey.tasks.prompting import asker
from journey.tasks.steps import FORMATS

MAZE = Task(
    name="maze",
    ask=asker("maze", FORMATS["lines"]),
    steps=FORMATS["lines"],
    narration=NARRATION,
    grader=MazeGrader,
    rules="rules_maze",
    prompts=("maze",),
    judge=judge,
    settings=MazeSettings,
    draw=drawn,
    is_held_out=lambda problem: is_held_out(parse_maze(problem.question)),
    way=way,
    labelled_set=maze_set,
    explore=explore,
    ground=lambda problem: ground(parse_maze(problem.question)),
    variants=VARIANTS,
    difficulty=shortest,
)
