"""List puzzles as a task: everything that the rest of the package needs of them."""

from journey.tasks.base import Task
from journey.tasks.lists.checker import ListGrader, way
from journey.tasks.lists.draw import ListSettings, drawn, read
from journey.tasks.lists.exploration import ground, practice
from journey.tasks.lists.labelled import list_set
from journey.tasks.lists.narration import NARRATION
from journey.tasks.lists.program import judge
from journey.tasks.lists.puzzle import is_held_out, parse_puzzle
from journey.tasks.prompting import asker
from journey.tasks.steps import FORMATS

LISTS = Task(
    name="lists",
    ask=asker("lists", FORMATS["lines"]),
    steps=FORMATS["lines"],
    narration=NARRATION,
    grader=ListGrader,
    rules="rules_lists",
    prompts=("lists",),
    judge=judge,
    settings=ListSettings,
    draw=drawn,
    read=read,
    is_held_out=lambda problem: is_held_out(parse_puzzle(problem.question)),
    way=way,
    labelled_set=list_set,
    ground=lambda problem: ground(parse_puzzle(problem.question)),
    practice=practice,
)
