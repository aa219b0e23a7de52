"""How a text thinks: its pieces, and the backtracks, recoveries and verifications in it, counted.

Of a puzzle's own steps exactly, by the reader that follows returns as the grader does; of a text in words by marked
phrases of its problem's language, which tell no mistake. After "Cognitive Behaviors that Enable Self-Improving
Reasoners" (arXiv 2503.01307).
"""

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from journey.answers.find import find_answer
from journey.errors import UsageError
from journey.prompts.languages import code
from journey.tasks.exploration import Ground
from journey.tasks.table import task_of
from journey.tasks.walks import Line, walk
from journey.thoughts.cues import shows
from journey.thoughts.paragraphs import kind, paragraphs
from journey.types import Problem

PieceKind = Literal["step", "reflection", "backtrack", "check", "answer", "other"]

_CHECKS = re.compile(
    r"\b(?:let(?:'s| me| us) |to |i(?:'ll| will| should) )?(?:re-?|double[- ]?)?(?:check|verify)\b(?! in\b)"
    r"|\bdoes (?:that|this|it) make sense\b|检查|验证",
    re.IGNORECASE,
)
_RETURNS = re.compile(
    r"^(?:Back to\b|Let me (?:return to|take that back|start again)|I will begin again\b)|回到", re.IGNORECASE
)
_LAST = 3  # paragraphs in which a text in words gives its answer


class Piece(NamedTuple):
    """Characters `start` to `end` of a text; the next piece begins where it ends.

    `right`: whether it is true and, of a step, leaves the goal in reach; of a return, whether it goes to a state that
    was passed. `reach`: whether the goal can still be reached from what stands after it. Both are null where the task
    cannot say. `depth`: the steps that stand after it, as far as they are legal and one more; of a text in words, those
    so far.
    """

    start: int
    end: int
    kind: PieceKind
    right: bool | None
    reach: bool | None
    depth: int


@dataclass(frozen=True, slots=True)
class Behaviours:
    """What one answer does on its way.

    `backtracks` and `verifications` are counted; of a puzzle the latter are all lines that say what a walk came to
    ("Wait , 45 is not 29", "Yes , 29 is 29"). `mistakes` are wrong branches that it enters: steps from where the goal
    is in reach to where it is not; `recoveries` those that it leaves again in an answer that ends right. `repeats`
    are steps into a dead end that it was in before. `before_error` are the steps before the first wrong one, null where
    there is none. `wrong_share` is the share of its characters that stands on wrong branches. All but the first two are
    null where the task cannot say.
    """

    backtracks: int
    verifications: int
    mistakes: int | None = None
    recoveries: int | None = None
    repeats: int | None = None
    before_error: int | None = None
    wrong_share: float | None = None

    @property
    def recovery(self) -> bool | None:
        """Whether the answer went wrong and ends right; null where it never went wrong or nobody can say."""
        return None if not self.mistakes else bool(self.recoveries)


def pieces(problem: Problem, text: str) -> list[Piece]:
    """The pieces of an answer's text from its beginning to its end; none of a text without words."""
    ground = _ground(problem)
    return _in_words(text, code(problem.language)) if ground is None else [piece for piece, _ in _walked(ground, text)]


@lru_cache(maxsize=20_000)  # a report counts the answers of earlier seeds again
def behaviours(problem: Problem, text: str, correct: bool | None) -> Behaviours:
    """The behaviours of an answer that was graded `correct` (null: could not say, which is not right)."""
    ground = _ground(problem)
    if ground is None:
        found = _in_words(text, code(problem.language))
        kinds = [piece.kind for piece in found]
        return Behaviours(kinds.count("backtrack"), kinds.count("check"))
    backtracks = verifications = mistakes = left = repeats = steps = wrong = 0
    before_error: int | None = None
    lost: set[tuple[Hashable, ...]] = set()
    in_reach = ground.lost(ground.start) is None
    for piece, line in _walked(ground, text):
        match piece.kind:
            case "backtrack":
                backtracks += 1
                left += bool(piece.reach and not in_reach)
            case "check" | "reflection" | "answer":
                verifications += 1
            case "step":
                mistakes += in_reach and not piece.reach
                if not piece.right and before_error is None:
                    before_error = steps
                repeats += not piece.reach and line.path in lost
                steps += 1
            case _:
                pass
        in_reach = bool(piece.reach)
        if not in_reach:
            wrong += piece.end - piece.start
            lost.add(line.path)
    return Behaviours(
        backtracks=backtracks,
        verifications=verifications,
        mistakes=mistakes,
        recoveries=min(left, mistakes) if correct else 0,
        repeats=repeats,
        before_error=before_error,
        wrong_share=wrong / len(text) if text else 0.0,
    )


def _walked(ground: Ground, text: str) -> Iterator[tuple[Piece, Line]]:
    """The lines of a puzzle's walk, each with the blank characters behind it."""
    lines = list(walk(ground, text))
    for place, line in enumerate(lines):
        start = 0 if place == 0 else line.start
        end = lines[place + 1].start if place + 1 < len(lines) else len(text)
        reach = line.reach(ground)
        right = line.right and reach if line.kind == "step" else line.right
        yield Piece(start, end, "other" if line.kind == "claim" else line.kind, right, reach, len(line.taken)), line


@lru_cache(maxsize=256)
def _ground(problem: Problem) -> Ground | None:
    """The problem's puzzle, which remembers what it was asked; null where its task is not known or reads no walks."""
    try:
        make = task_of(problem).ground
        ground = None if make is None else make(problem)
    except UsageError:
        return None
    if ground is None:
        return None
    remember = lru_cache(maxsize=4096)
    moves, step, lost = remember(ground.moves), remember(ground.step), remember(ground.lost)
    return replace(ground, moves=moves, step=step, lost=lost)


def _in_words(text: str, language: str | None) -> list[Piece]:
    """The paragraphs of a text in words, each with the blank characters behind it."""
    spans = paragraphs(text)
    kinds: list[PieceKind] = [_kind(text[slice(*span)], language) for span in spans]
    for place in range(len(spans) - 1, max(-1, len(spans) - 1 - _LAST), -1):
        if find_answer(text[slice(*spans[place])]) is not None:
            kinds[place] = "answer"
            break
    found, depth = list[Piece](), 0
    for place, (start, _) in enumerate(spans):
        end = spans[place + 1][0] if place + 1 < len(spans) else len(text)
        depth += kinds[place] == "step"
        found.append(Piece(start if place else 0, end, kinds[place], None, None, depth))
    return found


def _kind(paragraph: str, language: str | None) -> PieceKind:
    if _RETURNS.search(paragraph) or shows("return", paragraph, language):
        return "backtrack"
    found = kind(paragraph, language)
    if found == "backtrack":
        return found
    is_check = _CHECKS.search(paragraph) is not None or shows("check", paragraph, language)
    return "check" if is_check else "reflection" if found == "reflection" else "step"
