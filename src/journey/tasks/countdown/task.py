"""Countdown as a task: everything that the rest of the package needs of it."""

from dataclasses import replace

from journey.tasks.countdown import plain
from journey.tasks.countdown.chain import judge
from journey.tasks.countdown.checker import grade
from journey.tasks.countdown.exploration import explore, ground
from journey.tasks.countdown.labelled import countdown_set
from journey.tasks.countdown.narration import NARRATION
from journey.tasks.countdown.puzzle import PuzzleSettings, is_held_out, parse_puzzle
from journey.tasks.countdown.sources import drawn, drawn_in_words, read
from journey.tasks.countdown.variants import variants, walks_needed
from journey.tasks.following import puzzle_task

COUNTDOWN = puzzle_task(
    "countdown",
    parse_puzzle,
    grade,
    is_held_out,
    ground,
    narration=NARRATION,
    judge=judge,
    settings=PuzzleSettings,
    draw=drawn,
    read=read,
    labelled_set=countdown_set,
    explore=explore,
    variants=variants(drawn),
    difficulty=walks_needed,
    difficulty_counts="the random walks that it takes on average until one solves it",
)

COUNTDOWN_WORDS = replace(
    COUNTDOWN,
    name="countdown_words",
    narration=plain.NARRATION,
    draw=drawn_in_words,
    read=None,
    is_held_out=lambda problem: plain.is_held_out(parse_puzzle(problem.question)),
    labelled_set=None,
    explore=None,
    ground=lambda problem: replace(ground(parse_puzzle(problem.question)), read=plain.in_puzzle_words),
    variants=variants(drawn_in_words),
    practice=plain.practice,
)
"""The same puzzles told in plain words, for students that are no models of the puzzle's own vocabulary."""
