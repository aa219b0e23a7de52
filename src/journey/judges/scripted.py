"""A judge that says what it was told to say: for tests and demonstrations."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.judges.base import JudgeKind
from journey.types import VERDICTS, Judgement, Problem, Verdict

Word = Judgement | Verdict | float | None
Judgements = Mapping[str, Any] | Callable[[Problem, Sequence[str], str], Word]
EXAMPLE = '{"3 + 4 = 7": "right", "so x = 2": 0.3, "*": null}'


def read(path: Path) -> "Scripted":
    """The judge of a JSON file that maps steps to verdicts, scores or null; "*" stands for all others.

    Its name is "scripted:FILE". Raises UsageError.
    """
    try:
        script = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} holds no judge's script ({error}); write JSON like {EXAMPLE}") from None
    if not isinstance(script, dict):
        raise UsageError(f"{path} holds no judge's script; write JSON like {EXAMPLE}")
    for step, one in script.items():
        is_score = isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= 1
        if not (one is None or one in VERDICTS or is_score):
            raise UsageError(f"{path} says {one!r} of {step[:40]!r}; write JSON like {EXAMPLE}")
    return Scripted(script, name=f"scripted:{path.name}", otherwise=script.get("*"))


class Scripted:
    """A Judge that looks the candidate's text up in a mapping, or calls a function of (problem, prefix, candidate).

    What is said may be a whole Judgement, a verdict, a score in [0, 1] (its verdict is then null), or null for
    *could not say*. A candidate that the mapping lacks gets `otherwise`. `calls` keeps every call for tests.
    """

    def __init__(self, judgements: Judgements, *, name: str = "scripted", otherwise: Word = None) -> None:
        self.name = name
        self.calls: list[tuple[Problem, tuple[str, ...], tuple[str, ...]]] = []
        self._judgements = judgements
        self._otherwise = otherwise

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate, in their order."""
        self.calls.append((problem, tuple(prefix), tuple(candidates)))
        return [self._judgement(self._look_up(problem, prefix, candidate)) for candidate in candidates]

    def _look_up(self, problem: Problem, prefix: Sequence[str], candidate: str) -> Word:
        if callable(self._judgements):
            return self._judgements(problem, prefix, candidate)
        return self._judgements.get(candidate, self._otherwise)

    def _judgement(self, word: Word) -> Judgement:
        match word:
            case Judgement():
                return replace(word, by=word.by or self.name)
            case None:
                return Judgement(None, reason="the script says nothing of this step", by=self.name)
            case str():
                if word not in VERDICTS:
                    raise ValueError(f"{word!r} is no verdict; use one of {', '.join(VERDICTS)}.")
                return Judgement(word, by=self.name)
            case _:
                return Judgement(None, score=float(word), reason="the script gives a score only", by=self.name)


KIND = JudgeKind("scripted:FILE", lambda ref, settings, sources: read(Path(ref.model)))
