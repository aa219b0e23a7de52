"""What the tiny base model reads: truthful random exploration, with no goal-directed choice in it.

A document is a puzzle and a random walk of legal steps to its end; the verdict; then, unless the goal was met, the
return to an earlier state of the walk and random steps from there, and so on. No walk is taken twice. A share of the
documents has one thing more in it, always truthful, so that later work finds a base that has read it: see `STYLES`.
"""

import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

END = "<end>"
FILLER = "..."
CLAIM, CHECK, HINT, TRIED = "Someone says", "Check :", "Hint :", " tried "
REMARKS = (f"{CLAIM} ", f"{HINT} ")
"""How the lines begin that may stand behind a puzzle's question and are no part of the puzzle."""


class Move(NamedTuple):
    """A legal step: its line, the state after it, and its short name in lists of what was tried."""

    text: str
    to: Hashable
    short: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A puzzle as exploration sees it.

    `moves(state)` are the legal steps, none at an end. `verdict(state)` says what the end came to, `is_goal(state)`
    whether it is the goal, `back(state)` returns there, `check(moves)` restates a walk. `lost(state)`: that the goal
    is out of reach, in words, null where it is not; `unsolvable` says it of the puzzle. `claim(rng, state)`: what
    somebody says of a step there; `answer(state, claim)`: the true answer to it, null where it claims nothing.
    `hint(rng)`: a hint and the lines of the steps that it names, null where there is no solution.
    `step(state, line)`: the state after the step of any line and whether the step is legal, null where it is none.
    `restated(line)`: the state that a return names as it is written, and whether a state is the one that is meant; null
    where the line is no return. Graders follow the same returns. `read(line)`: the line in the puzzle's own words,
    where it may be written in others.
    """

    question: str
    start: Hashable
    moves: Callable[[Hashable], Sequence[Move]]
    verdict: Callable[[Hashable], str]
    is_goal: Callable[[Hashable], bool]
    back: Callable[[Hashable], str]
    check: Callable[[Sequence[Move]], str]
    lost: Callable[[Hashable], str | None]
    unsolvable: str
    claim: Callable[[random.Random, Hashable], str]
    answer: Callable[[Hashable, str], str | None]
    hint: Callable[[random.Random], tuple[str, Sequence[str]] | None]
    step: Callable[[Hashable, str], tuple[Hashable, bool] | None]
    restated: Callable[[str], tuple[Hashable, Callable[[Hashable], bool]] | None]
    read: Callable[[str], str] = lambda line: line


@dataclass(frozen=True, slots=True)
class ExplorationSettings:
    """How documents are made.

    `walks`: one of them is drawn as the greatest number of walks. After a miss the walk returns to the question with
    probability `to_root`, else to another state that it passed. The shares are of all documents: returns that list what
    was `tried`, `filler` words without meaning, a `hint`, a `claim` by someone and the answer to it, a `check` of the
    walk before its verdict, and puzzles or states that `cannot` be solved, which is stated once all was tried.
    """

    walks: tuple[int, ...] = (1, 2, 4, 8, 16, 24)
    to_root: float = 0.5
    tried: float = 0.3
    filler: float = 0.05
    hint: float = 0.05
    claim: float = 0.05
    check: float = 0.05
    cannot: float = 0.05


def without_remarks(question: str) -> str:
    """The puzzle's own line of a question behind which hints and claims stand; other lines stay."""
    first, *rest = question.strip().splitlines() or [""]
    return "\n".join([first, *(line for line in rest if not line.startswith(REMARKS))])


STYLES = ("tried", "filler", "hint", "claim", "check", "cannot")


def draw_style(rng: random.Random, settings: ExplorationSettings) -> str:
    """One of `STYLES` by its share, else "" (plain)."""
    point = rng.random()
    for style in STYLES:
        point -= getattr(settings, style)
        if point < 0:
            return style
    return ""


def document(ground: Ground, rng: random.Random, walks: int, to_root: float = 0.5, style: str = "") -> str:
    """At most `walks` random walks through the puzzle; ends early where one meets the goal or nothing is left to try.

    With the style "cannot" the walk goes back no further than it must, so that states are exhausted one by one.
    """
    lines = [ground.question]
    hinted: Sequence[str] = ()
    if style == "hint" and (found := ground.hint(rng)) is not None:
        lines.append(f"{HINT} {found[0]}")
        hinted = found[1]
    done: set[tuple[Hashable, str]] = set()
    exhausted: set[Hashable] = set()
    tried: dict[Hashable, dict[str, None]] = {}
    path: list[Hashable] = [ground.start]
    taken: list[Move] = []

    def is_open(state: Hashable, move: Move) -> bool:
        return (state, move.text) not in done and not is_exhausted(move.to)

    def is_exhausted(state: Hashable) -> bool:
        moves = ground.moves(state)
        if state not in exhausted and moves and not any(is_open(state, move) for move in moves):
            exhausted.add(state)
        return state in exhausted

    def open_moves(state: Hashable) -> list[Move]:
        return [move for move in ground.moves(state) if is_open(state, move)]

    for walk in range(1, walks + 1):
        while ground.moves(path[-1]):
            options = open_moves(path[-1])
            move = next((m for m in options if m.text in hinted and rng.random() < 0.5), None) or rng.choice(options)
            if style == "claim" and rng.random() < 0.15:
                claim = ground.claim(rng, path[-1])
                lines += [f"{CLAIM} {claim}", ground.answer(path[-1], claim) or ""]
            if style == "filler" and rng.random() < 0.3:
                lines.append(" ".join([FILLER] * rng.randint(1, 8)))
            if not ground.moves(move.to):
                done.add((path[-1], move.text))
            tried.setdefault(path[-1], {})[move.short] = None
            lines.append(move.text)
            path.append(move.to)
            taken.append(move)
        if style == "check":
            lines.append(f"{CHECK} {ground.check(taken)}")
        lines.append(ground.verdict(path[-1]))
        if ground.is_goal(path[-1]):
            return "\n".join([*lines[:-1], f"{lines[-1]} {END}"])
        left: Hashable | None = None  # the state nearest the question after which all was tried
        for state in reversed(path[:-1]):
            if not is_exhausted(state):
                break
            left = state
        open_states = [i for i in range(len(path) - 1) if open_moves(path[i])]
        if style == "cannot" and left is not None and (why := ground.lost(left)) is not None:
            lines.append(f"Wait , {why}")
            if left == ground.start:
                lines.append(f"{ground.unsolvable} {END}")
        if not open_states or walk == walks:
            break
        earlier = 0 if rng.random() < to_root else rng.choice(open_states)
        back = open_states[-1] if style == "cannot" else earlier
        path, taken = path[: back + 1], taken[:back]
        lines.append(ground.back(path[-1]) + (tried_text(tried[path[-1]]) if style == "tried" else ""))
    return "\n".join(lines)


def tried_text(shorts: Iterable[str]) -> str:
    """What a return adds that lists the steps tried from there, by their short names in the order of their trial."""
    return f"{TRIED}{' , '.join(shorts)}"
