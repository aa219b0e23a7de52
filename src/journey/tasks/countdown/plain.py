"""Countdown in plain words, for a student whose vocabulary is not the puzzle's: its steps, narration and practice.

`15 - 7 = 8 ( 8 8 -> 41 )` reads "15 - 7 = 8, leaving 8 and 8 to make 41." Every line is turned both ways without loss,
so that trees in the puzzle's own words are told in plain ones, and what a student writes is checked in the puzzle's.
"""

import random
import re

from journey.tasks.countdown import narration
from journey.tasks.countdown.exploration import LARGEST, ground
from journey.tasks.countdown.puzzle import Puzzle, back_text, draw, parse_plain_state, parse_state, parse_step
from journey.tasks.exploration import END, document
from journey.tasks.narration import Narration
from journey.types import content_hash

SUMS = 0.3  # of the rows of practice
SUMS_A_ROW = 20
MOST_WALKS = 6
_REMARK = re.compile(r"(Wait|Yes), (.+)\.")


def in_plain_words(text: str) -> str:
    """The text with every line of the puzzle's own words in plain ones; other lines stay."""
    return "\n".join(map(_plain, text.split("\n")))


def in_puzzle_words(text: str) -> str:
    """The reverse of `in_plain_words`."""
    return "\n".join(map(_signs, text.split("\n")))


def _plain(line: str) -> str:
    if line.startswith(("Wait , ", "Yes , ")):
        return line.replace(" , ", ", ") + "."
    if (step := parse_step(line)) is not None:
        done = f"{step.left} {step.op} {step.right} = {step.result}"
        return f"{done}, leaving {_listed(step.rest)} to make {step.target}."
    if line.startswith("Back to") and (state := parse_state(line)) is not None:
        return f"Back to {_listed(state[0])} to make {state[1]}."
    return line


def _signs(line: str) -> str:
    if (remark := _REMARK.fullmatch(line)) is not None:
        return f"{remark[1]} , {remark[2].replace(', ', ' , ')}"
    if (step := parse_step(line)) is not None:
        return str(step)
    if (state := parse_plain_state(line)) is not None:
        return back_text(*state)
    return line


def _listed(numbers: tuple[object, ...]) -> str:
    first, last = ", ".join(map(str, numbers[:-1])), str(numbers[-1])
    return f"{first} and {last}" if first else last


NARRATION = Narration(
    reflect=lambda node, texts: in_plain_words(narration.reflect(node, texts)),
    go_back=lambda problem, texts: in_plain_words(narration.go_back(problem, texts)),
    close=lambda problem, node: in_plain_words(narration.close(problem, node)),
    separator="\n",
    name="countdown in plain words",
    step=lambda node, text: in_plain_words(text),
)


def is_held_out(puzzle: Puzzle) -> bool:
    """Whether a puzzle's numbers are of the fifth that no model may be trained on, whatever their order and target."""
    return int(content_hash("held out numbers", sorted(map(str, puzzle.numbers))), 16) % 5 == 0


def practice(rng: random.Random) -> tuple[str, str]:
    """A prompt and a true answer to it: sums, or the random exploration of a puzzle that is not held out."""
    if rng.random() < SUMS:
        return f"Write {SUMS_A_ROW} true sums.", "\n".join(_sum(rng) for _ in range(SUMS_A_ROW))
    while is_held_out(puzzle := draw(rng)):
        pass
    walks = rng.randint(1, MOST_WALKS)
    puzzle_text, _, text = document(ground(puzzle), rng, walks).removesuffix(f" {END}").partition("\n")
    return explore_prompt(puzzle_text, walks), in_plain_words(text)


def explore_prompt(puzzle: str, walks: int = MOST_WALKS) -> str:
    """What a student is asked that shall explore a puzzle at random."""
    return f"Try up to {walks} ways at random.\n{puzzle.strip()}\n"


def _sum(rng: random.Random) -> str:
    """A legal sum as walks have them, no number above `LARGEST`."""
    op, small = rng.choice("+-*/"), rng.randint(1, 20)
    most = {"+": LARGEST - small, "-": LARGEST - small, "*": LARGEST // small, "/": LARGEST // small}[op]
    other = rng.randint(1, most)
    match op:
        case "-":
            return (
                f"{small + other} - {small} = {other}" if rng.random() < 0.5 else f"{small + other} - {other} = {small}"
            )
        case "/":
            return f"{small * other} / {small} = {other}"
    result = small + other if op == "+" else small * other
    return f"{max(small, other)} {op} {min(small, other)} = {result}"
