"""What the tiny base can do: free walks on puzzles that it never read, every line of them checked exactly."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from journey.models.base import Model, Sampling
from journey.tasks.countdown.checker import why_not
from journey.tasks.countdown.exploration import back_text, made_text, miss_text, tokenize
from journey.tasks.countdown.puzzle import Numbers, Puzzle, parse_puzzle, parse_state, parse_step
from journey.tasks.prompting import Ask
from journey.types import Problem, content_seed

FAR = 400  # tokens from which a line counts as late
SKILLS = ("steps", "verdicts", "returns", "lines")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a walk: which skill it shows, whether it is right, and how many tokens stand before it."""

    skill: str
    right: bool
    at: int


@dataclass(frozen=True, slots=True)
class Skill:
    """The share of `count` lines that is right, null where there is none; `far`: of those past FAR tokens."""

    count: int
    right: float | None
    far_count: int
    far_right: float | None


async def skills(
    model: Model, problems: Sequence[Problem], ask: Ask, *, max_tokens: int = 700, seed: int = 0
) -> dict[str, Skill]:
    """The skills on one sampled walk a problem: true steps, verdicts, returns, and lines of any known kind."""

    async def walk(problem: Problem) -> list[Line]:
        sampling = Sampling(max_tokens=max_tokens, seed=content_seed("skills", problem.id, seed))
        (completion,) = await model.complete(ask(problem, ()), sampling)
        whole = completion.text if completion.finish != "length" else completion.text.rpartition("\n")[0]
        return list(check(parse_puzzle(problem.question), whole))

    lines = [line for walked in await asyncio.gather(*map(walk, problems)) for line in walked]
    return {skill: _count([line for line in lines if line.skill == skill]) for skill in SKILLS}


def check(puzzle: Puzzle, text: str) -> Iterator[Line]:
    """Every line of a walk with what it shows; the walk ends where the model begins another puzzle or a line breaks."""
    numbers: Numbers = puzzle.numbers
    passed = [numbers]
    at = 0
    for line in text.split("\n"):
        if line.startswith("Make "):
            return
        step, state = parse_step(line), parse_state(line)
        known = True
        if step is not None:
            yield Line("steps", why_not(puzzle, numbers, step) is None, at)
            numbers = step.rest
            passed.append(numbers)
        elif state is not None:
            yield Line("returns", line == back_text(state[0], puzzle.target) and state[0] in passed, at)
            numbers = state[0]
        elif line.startswith(("Wait", "Yes")):
            true = made_text(puzzle.target) if numbers == (puzzle.target,) else miss_text(numbers[-1], puzzle.target)
            yield Line("verdicts", len(numbers) == 1 and line == true, at)
        else:
            known = False
        yield Line("lines", known, at)
        if not known:
            return
        at += len(tokenize(line)) + 1


def _count(lines: Sequence[Line]) -> Skill:
    far = [line for line in lines if line.at >= FAR]
    return Skill(len(lines), _share(lines), len(far), _share(far))


def _share(lines: Sequence[Line]) -> float | None:
    return sum(line.right for line in lines) / len(lines) if lines else None
