"""What models would be asked at most, before anything is asked: upper limits, which stand beside the code that asks.

Every reply is as long as it may be, every step is taken, every retry is used; most work needs less. Tokens of prompts
are estimated from their characters.
"""

from collections.abc import Iterable
from typing import NamedTuple

from journey.models.budget import Usage
from journey.types import Problem

CHARACTERS_A_TOKEN = 4
INSTRUCTIONS = 400  # tokens of a prompt's own words


IMAGE_TOKENS = 85 + 8 * 170
"""Tokens of a picture: the most that OpenAI's rule for GPT-4o gives for any size, 85 and 170 for each tile of 512.

A picture is fitted into 2,048 x 2,048 and its shorter side into 768, which leaves at most 4 x 2 tiles
(https://platform.openai.com/docs/guides/images-vision#calculating-costs).
"""


class Estimate(NamedTuple):
    """What one model is asked at most, and what for."""

    model: str
    purpose: str
    most: Usage


def summed(estimates: Iterable[Estimate]) -> list[Estimate]:
    """One estimate for each model and purpose, in the order of the first of each."""
    found: dict[tuple[str, str], Usage] = {}
    for one in estimates:
        found[one.model, one.purpose] = found.get((one.model, one.purpose), Usage()) + one.most
    return [Estimate(*key, most) for key, most in found.items()]


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return len(text) // CHARACTERS_A_TOKEN + 1


def question_tokens(problems: Iterable[Problem]) -> int:
    """About how many tokens the prompts of these problems have together, instructions included."""
    return sum(tokens_of(problem.question) + INSTRUCTIONS for problem in problems)


def dialogue(rounds: int, longest: int, questions: int, number: int) -> Usage:
    """`number` dialogues of `rounds` replies, in which every call reads all that was written before it."""
    read = rounds * questions + number * longest * rounds * (rounds - 1) // 2
    return Usage(rounds * number, read, rounds * number * longest)
