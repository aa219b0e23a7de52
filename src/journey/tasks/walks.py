"""A text in a puzzle's own steps read line by line, through every return: what each line is, whether it is true, and
what stands after it. The graders of the puzzles follow texts by the same rules."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Literal, NamedTuple

from journey.tasks.exploration import CHECK, CLAIM, END, TRIED, Ground, Move, tried_text

LineKind = Literal["step", "reflection", "backtrack", "check", "claim", "answer", "other"]


class Standing(NamedTuple):
    """States from the start to where a walk stands, the lines of the steps between them, and whether all are legal."""

    path: tuple[Hashable, ...]
    taken: tuple[str, ...] = ()
    sound: bool = True


class Line(NamedTuple):
    """One line of a walk: characters `start` to `end`, the spaces around it left out.

    `text` is the line in the puzzle's own words. `right`: whether what it says is true: a step is legal, a remark
    or verdict holds, a return goes to a state that was passed; null where it says nothing. `path` are the states from
    the start to what stands after it, `taken` the lines of the steps between them. `sound` false: a step on the way was
    not legal; no right end follows before a return.
    """

    text: str
    start: int
    end: int
    kind: LineKind
    right: bool | None
    path: tuple[Hashable, ...]
    taken: tuple[str, ...]
    sound: bool

    def reach(self, ground: Ground) -> bool:
        """Whether the goal can still be reached from what stands after the line."""
        return self.sound and ground.lost(self.path[-1]) is None


def walk(ground: Ground, text: str) -> Iterator[Line]:
    """Every line of the text that is not empty."""
    stands = Standing((ground.start,))
    passed = {ground.start: stands}  # the latest sound walk to each state, the latest last
    tried: dict[Hashable, dict[str, Hashable]] = {}
    claimed: str | None = None
    at = 0
    for full in text.splitlines(keepends=True):
        line = full.strip()
        start, at = at + len(full) - len(full.lstrip()), at + len(full)
        if not line:
            continue
        end = start + len(line)
        line = ground.read(line.removesuffix(f" {END}"))
        path, taken, sound = stands
        state = path[-1]
        kind, right = "other", None
        of, claimed = claimed, None
        if (step := ground.step(state, line)) is not None:
            kind, (after, right) = "step", step
            tried.setdefault(state, {})[line] = after
            if taken and not sound:  # what follows a step that was not legal stands nowhere, however long it is
                path, taken = path[:-1], taken[:-1]
            stands = Standing((*path, after), (*taken, line), sound and right)
        elif (restated := ground.restated(line)) is not None:
            kind, (there, is_there) = "backtrack", restated
            found = next((passed[old] for old in reversed(passed) if is_there(old)), None)
            _, mark, names = line.partition(TRIED)
            stands = found or Standing((there,), (), False)
            right = found is not None and (not mark or _tried(ground, stands.path[-1], tried) == mark + names)
        elif of is not None:
            kind, right = "check", line == ground.answer(state, of)
        elif line.startswith("Back to"):
            kind, right = "backtrack", False
        elif line.startswith("Wait"):
            kind, right = "reflection", _is_true(ground, line, path, taken)
        elif line.startswith("Yes"):
            kind, right = "answer", sound and ground.is_goal(state) and line == ground.verdict(state)
        elif line.startswith(CHECK):
            kind, right = "check", bool(taken) and line == f"{CHECK} {ground.check(_moves(ground, path, taken))}"
        elif line.startswith(CLAIM):
            kind, claimed = "claim", line.removeprefix(CLAIM).strip()
        elif line == ground.unsolvable:
            kind, right = "answer", ground.lost(ground.start) is not None
        if stands.sound and kind in ("step", "backtrack"):
            passed.pop(stands.path[-1], None)
            passed[stands.path[-1]] = stands
        yield Line(line, start, end, kind, right, *stands)


def _is_true(ground: Ground, line: str, path: tuple[Hashable, ...], taken: tuple[str, ...]) -> bool | None:
    """Whether a doubt holds: a verdict on an end, a state on the way that is lost, or what is wrong with the last step;
    null where it gives no reason."""
    if line == "Wait":
        return None
    if line == ground.verdict(path[-1]) and not ground.moves(path[-1]) and not ground.is_goal(path[-1]):
        return True
    if any(line == f"Wait , {ground.lost(state)}" for state in reversed(path)):
        return True
    return bool(taken) and line == ground.answer(path[-2], taken[-1])


def _moves(ground: Ground, path: tuple[Hashable, ...], taken: tuple[str, ...]) -> list[Move]:
    """The steps of a walk; one that is not legal has no short name."""
    steps = zip(path, taken, path[1:], strict=False)
    return [_move(ground, state, line, after) for state, line, after in steps]


def _move(ground: Ground, state: Hashable, line: str, after: Hashable) -> Move:
    return next((move for move in ground.moves(state) if move.text == line), Move(line, after, line))


def _tried(ground: Ground, state: Hashable, tried: Mapping[Hashable, Mapping[str, Hashable]]) -> str:
    """The list of what was tried from a state so far."""
    steps = tried.get(state, {}).items()
    return tried_text(dict.fromkeys(_move(ground, state, line, after).short for line, after in steps))
