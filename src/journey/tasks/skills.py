"""What the tiny base can do: free walks on puzzles that it never read, every line of them checked exactly."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from journey.models.base import Model, Sampling
from journey.tasks.exploration import FILLER, HINT, TRIED, Ground
from journey.tasks.prompting import Ask
from journey.tasks.walks import walk
from journey.types import Problem, content_seed

FAR = 400  # tokens from which a line counts as late
SKILLS = ("steps", "verdicts", "returns", "tried lists", "remarks", "lines", "new walks")
QUESTIONS = ("Make ", "Go ", "Turn ")


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
    model: Model,
    problems: Sequence[Problem],
    ask: Ask,
    ground: Callable[[Problem], Ground],
    *,
    max_tokens: int = 700,
    seed: int = 0,
    read: Callable[[str], str] = lambda text: text,
) -> dict[str, Skill]:
    """The skills on one sampled walk a problem: true steps, verdicts, returns, returns that list what was tried,
    remarks, lines of any known kind, and walks that were not taken before. `read` puts what the model writes into the
    puzzle's words."""

    async def walked(problem: Problem) -> list[Line]:
        sampling = Sampling(max_tokens=max_tokens, seed=content_seed("skills", problem.id, seed))
        (completion,) = await model.complete(ask(problem, ()), sampling)
        whole = completion.text if completion.finish != "length" else completion.text.rpartition("\n")[0]
        return list(check(ground(problem), read(whole)))

    found = [line for lines in await asyncio.gather(*map(walked, problems)) for line in lines]
    return {skill: _count([line for line in found if line.skill == skill]) for skill in SKILLS}


def check(ground: Ground, text: str) -> Iterator[Line]:
    """Every line of a walk with what it shows; the walk ends where the model begins another puzzle or a line breaks."""
    walked: set[tuple[str, ...]] = set()
    at = 0
    for line in walk(ground, text):
        state, right, known = line.path[-1], bool(line.right), True
        if line.text.startswith(QUESTIONS):
            return
        match line.kind:
            case "step":
                yield Line("steps", right, at)
            case "backtrack":
                place, mark, _ = line.text.partition(TRIED)
                yield Line("tried lists" if mark else "returns", right and place == ground.back(state), at)
                if not line.sound:
                    return
            case "reflection" if right and line.text != ground.verdict(state):
                yield Line("remarks", True, at)
            case "reflection" | "answer" if line.text != ground.unsolvable:
                yield Line("verdicts", right, at)
                yield Line("new walks", line.taken not in walked, at)
                walked.add(line.taken)
            case "check" | "answer":
                yield Line("remarks", right, at)
            case _:
                is_filler = set(line.text.split(" ")) == {FILLER}
                known = line.kind == "claim" or line.text.startswith(HINT) or is_filler
        yield Line("lines", known, at)
        if not known:
            return
        at += len(line.text.split(" ")) + 1


def _count(lines: Sequence[Line]) -> Skill:
    far = [line for line in lines if line.at >= FAR]
    return Skill(len(lines), _share(lines), len(far), _share(far))


def _share(lines: Sequence[Line]) -> float | None:
    return sum(line.right for line in lines) / len(lines) if lines else None
