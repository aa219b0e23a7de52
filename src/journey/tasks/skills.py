"""What the tiny base can do: free walks on puzzles that it never read, every line of them checked exactly."""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from journey.models.base import Model, Sampling
from journey.tasks.exploration import CHECK, CLAIM, END, FILLER, HINT, TRIED, Ground, Move, tried_text
from journey.tasks.prompting import Ask
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
) -> dict[str, Skill]:
    """The skills on one sampled walk a problem: true steps, verdicts, returns, returns that list what was tried,
    remarks, lines of any known kind, and walks that were not taken before."""

    async def walk(problem: Problem) -> list[Line]:
        sampling = Sampling(max_tokens=max_tokens, seed=content_seed("skills", problem.id, seed))
        (completion,) = await model.complete(ask(problem, ()), sampling)
        whole = completion.text if completion.finish != "length" else completion.text.rpartition("\n")[0]
        return list(check(ground(problem), whole))

    lines = [line for walked in await asyncio.gather(*map(walk, problems)) for line in walked]
    return {skill: _count([line for line in lines if line.skill == skill]) for skill in SKILLS}


def check(ground: Ground, text: str) -> Iterator[Line]:
    """Every line of a walk with what it shows; the walk ends where the model begins another puzzle or a line breaks."""
    path: list[Hashable] = [ground.start]
    taken: list[Move] = []
    passed: list[tuple[tuple[Hashable, ...], tuple[Move, ...]]] = [((ground.start,), ())]
    tried: dict[Hashable, dict[str, None]] = {}
    walked: set[tuple[str, ...]] = set()
    claimed: str | None = None
    at = 0
    for full in text.split("\n"):
        line = full.removesuffix(f" {END}")
        if line.startswith(QUESTIONS):
            return
        known = True
        state = path[-1]
        if claimed is not None:
            yield Line("remarks", line == ground.answer(state, claimed), at)
            claimed = None
        elif (step := ground.step(state, line)) is not None:
            yield Line("steps", step[1], at)
            move = next((move for move in ground.moves(state) if move.text == line), Move(line, step[0], line))
            tried.setdefault(state, {})[move.short] = None
            path, taken = [*path, step[0]], [*taken, move]
            passed.append((tuple(path), tuple(taken)))
        elif line.startswith("Back to"):
            place, mark, names = line.partition(TRIED)
            found = next((there for there in reversed(passed) if ground.back(there[0][-1]) == place), None)
            right = found is not None and (not mark or tried_text(tried.get(found[0][-1], ())) == mark + names)
            yield Line("tried lists" if mark else "returns", right, at)
            if found is None:
                return
            path, taken = list(found[0]), list(found[1])
        elif line.startswith(("Wait", "Yes")):
            is_lost = line.startswith("Wait") and any(line == f"Wait , {ground.lost(s)}" for s in path[:-1])
            if is_lost:
                yield Line("remarks", True, at)
            else:
                yield Line("verdicts", not ground.moves(state) and line == ground.verdict(state), at)
                walk = tuple(move.text for move in taken)
                yield Line("new walks", walk not in walked, at)
                walked.add(walk)
        elif line.startswith(CHECK):
            yield Line("remarks", bool(taken) and line == f"{CHECK} {ground.check(taken)}", at)
        elif line.startswith(CLAIM):
            claimed = line.removeprefix(CLAIM).strip()
        elif line == ground.unsolvable:
            yield Line("remarks", ground.lost(ground.start) is not None, at)
        else:
            known = line.startswith(HINT) or set(line.split(" ")) == {FILLER}
        yield Line("lines", known, at)
        if not known:
            return
        at += len(line.split(" ")) + 1


def _count(lines: Sequence[Line]) -> Skill:
    far = [line for line in lines if line.at >= FAR]
    return Skill(len(lines), _share(lines), len(far), _share(far))


def _share(lines: Sequence[Line]) -> float | None:
    return sum(line.right for line in lines) / len(lines) if lines else None
