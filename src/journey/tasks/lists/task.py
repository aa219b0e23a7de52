"""List puzzles as a task: everything that the rest of the package needs of them."""

from journey.tasks.following import puzzle_task
from journey.tasks.lists.checker import grade
from journey.tasks.lists.draw import ListSettings, drawn, read
from journey.tasks.lists.exploration import ground, practice
from journey.tasks.lists.labelled import list_set
from journey.tasks.lists.narration import NARRATION
from journey.tasks.lists.program import judge
from journey.tasks.lists.puzzle import is_held_out, parse_puzzle

LISTS = puzzle_task(
    "lists",
    parse_puzzle,
    grade,
    is_held_out,
    ground,
    narration=NARRATION,
    judge=judge,
    settings=ListSettings,
    draw=drawn,
    read=read,
    labelled_set=list_set,
    practice=practice,
)
