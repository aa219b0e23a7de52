"""Scripted players of Countdown that read the very prompts of the loop or the debate, and err on purpose."""

import random
import re

from journey.models.base import Prompt, Sampling
from journey.tasks.countdown import narration as words
from journey.tasks.countdown.puzzle import (
    Puzzle,
    PuzzleSettings,
    Step,
    can_make,
    draw,
    parse_puzzle,
    parse_step,
    steps,
    to_problem,
)
from journey.tasks.narration import Narration
from journey.types import Problem

COUNTDOWN = Narration(words.reflect, words.go_back, words.close, "\n", "countdown")

_STANDING = re.compile(r"^(?:You stand after|The newest step is) step (\d+)\.", re.MULTILINE)
_ENTRY = re.compile(r"^(?:The \w+, step|Step) (\d+):\n\| (.*)$", re.MULTILINE)


def puzzle(seed: int, numbers: int = 3) -> Problem:
    """A puzzle that can be solved."""
    return to_problem(draw(random.Random(seed), PuzzleSettings(numbers=numbers)), "test", seed)


def path_lines(text: str, depth: int) -> tuple[Puzzle, list[str]]:
    """The puzzle, and the lines of the steps that stand, read from a prompt as a model would."""
    question = text.split("The problem:\n| ", 1)[1].split("\n", 1)[0]
    path = {int(number): line for number, line in _ENTRY.findall(text)}
    return parse_puzzle(question), [path[i] for i in range(1, depth + 1)]


def standing(text: str) -> tuple[Puzzle, list[Step]]:
    """The puzzle, and those of the lines that stand which are steps."""
    found = _STANDING.findall(text)
    asked, lines = path_lines(text, int(found[-1]) if found else 0)
    return asked, [step for line in lines if (step := parse_step(line)) is not None]


def state(text: str) -> Puzzle:
    """What is left to do where the prompt says that one stands."""
    asked, taken = standing(text)
    return Puzzle(taken[-1].rest if taken else asked.numbers, asked.target, asked.fractions)


def good_and_bad(left: Puzzle) -> tuple[list[Step], list[Step]]:
    """The legal steps that lead to the target, and those that do not."""
    legal = steps(left.numbers, left.target, left.fractions)
    good = [step for step in legal if can_make(step.rest, left.target, left.fractions)]
    return good, [step for step in legal if step not in good]


class Proposer:
    """Plays exactly, but errs in a share of its moves: a bad step, a wrong end, nonsense, words, needless returns."""

    def __init__(self, errs: float) -> None:
        self.errs = errs

    def __call__(self, prompt: Prompt, sampling: Sampling, i: int) -> str:
        draw = random.Random(sampling.seed)
        left = state(prompt.text)
        depth = len(standing(prompt.text)[1])
        if draw.random() < self.errs:
            return draw.choice(self._errors(left, depth, draw))
        if len(left.numbers) == 1:
            if left.numbers[0] == left.target or draw.random() < self.errs:
                return "ACTION: terminate"
            return f"ACTION: backtrack {draw.randrange(depth)}\nWait , {left.numbers[0]} is not it ."
        good, _ = good_and_bad(left)
        if not good:
            return "ACTION: backtrack\nWait , this cannot make the target ."
        return f"ACTION: continue\n{draw.choice(good)}"

    def _errors(self, left: Puzzle, depth: int, draw: random.Random) -> list[str]:
        _, bad = good_and_bad(left)
        return [
            "ACTION: terminate",
            "ACTION: reflect\nHmm , let me look at this again .\nIt may be wrong .",
            f"ACTION: backtrack {draw.randrange(depth + 2)}\nWait , I do not like this .",
            "I think we should continue.\nACTION: continue\n1 + 1 = 2 ( 2 -> 2 )",
            *(f"ACTION: continue\n{step}" for step in draw.sample(bad, min(3, len(bad)))),
        ]


class Policy:
    """Takes steps that lead to the target, but errs in a share of them; reads the debate, or the steps alone."""

    def __init__(self, errs: float) -> None:
        self.errs = errs

    def __call__(self, prompt: Prompt, sampling: Sampling, i: int) -> str:
        draw = random.Random(sampling.seed)
        if "The problem:\n" in prompt.text:
            left = state(prompt.text)
        else:
            asked, lines = parse_puzzle(prompt.text), prompt.prefix.splitlines()
            last = parse_step(lines[-1]) if lines else None
            left = Puzzle(last.rest if last else asked.numbers, asked.target, asked.fractions)
        good, bad = good_and_bad(left)
        if draw.random() < self.errs:
            return draw.choice(["", "VERDICT: go on", "9 + 9 = 18 ( 18 -> 1 )", *map(str, bad[:6])])
        return str(draw.choice(good or bad or ["Nothing is left ."]))


class Critic:
    """Sends back to the last state that can still make the target; errs in a share of its verdicts."""

    def __init__(self, errs: float) -> None:
        self.errs = errs

    def __call__(self, prompt: Prompt, sampling: Sampling, i: int) -> str:
        draw = random.Random(sampling.seed)
        newest = int(_STANDING.findall(prompt.text)[-1])
        if draw.random() < self.errs:
            return draw.choice(
                ["Fine.", "VERDICT: go on", "VERDICT: go back\nno", f"VERDICT: go back to {newest}\nhere", ""]
            )
        asked, lines = path_lines(prompt.text, newest)
        now = asked.numbers
        for place, line in enumerate(lines):
            step = parse_step(line)
            if step is None or step not in steps(now, asked.target, asked.fractions):
                return f"VERDICT: go back to {place}\nthat is no step ."
            if not can_make(step.rest, asked.target, asked.fractions):
                return f"VERDICT: go back to {place}\nthis cannot make {asked.target} ."
            now = step.rest
        return "VERDICT: go on\nthat is so ."
