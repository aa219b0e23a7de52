"""The words of the tiny base: one token each. Old ones keep their places; new ones go in the place of a spare one."""

from string import ascii_uppercase

from journey.tasks.exploration import END, FILLER
from journey.tasks.lists.functions import OPERATIONS

LARGEST = 100  # number
SPARES = 24
COUNTDOWN = (
    "<pad>", END, "\n", "Make", "from", "(", ")", "->", "+", "-", "*", "/", "=", "Wait", ",", "is", "not", "and",
    "cannot", "make", "Back", "to", "Yes",
)  # fmt: skip
MAZE = ("Go", ":", "a", "dead", "end", "reached", "leads", "only", "no", "place", "open", "way", "visited", "already")
REASONS = ("the", "walk", "at", "there", "are", "both", "allowed", "state", "must", "be", "with", "fractions")
REMARKS = (FILLER, "Hint", "Someone", "says", "Check", "tried", "made")
LISTS = ("Turn", "push", *OPERATIONS)
VOCABULARY: tuple[str, ...] = (
    *COUNTDOWN,
    *map(str, range(LARGEST + 1)),
    *ascii_uppercase,
    *MAZE,
    *REASONS,
    *REMARKS,
    *LISTS,
    *(f"<spare-{number}>" for number in range(SPARES)),
)

_IDS = {word: i for i, word in enumerate(VOCABULARY)}


def tokenize(text: str) -> list[int]:
    """The token ids of a text in these words. Raises KeyError on any other word."""
    return [_IDS[word] for word in text.replace("\n", " \n ").split(" ") if word]
