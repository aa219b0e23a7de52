"""Replay of what judges once said: rows of recorded scores or answers, found again by problem and steps.

Forms of a row's judgements, one per step (or per piece of a step, see `pieces`):

- `scores` [p, ...]: the probability that the step is right (Math-Shepherd); right above the threshold;
- `scores` [[bad, neutral, good], ...]: ReasonEval's three classes (Xia et al. 2024, arXiv 2404.05692, section 3);
  validity is neutral + good and is the score; wrong up to the threshold 0.5, else neutral where redundancy (neutral) is
  above 0.15, as in the authors' evaluation;
- `correctness_pred` and `error_step_pred`: a chat model's verdict on a whole solution, and the number of the first
  wrong step (or, for "present", of all redundant steps);
- `judgements` [{"verdict", "score", "reason", "evidence"}, ...]: our own form.

A row of a file names its `model`. It carries the `question` and the `steps` itself, or names the `dataset` and `id` of
a row in a file beside it (or in a folder beside that one).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.judges.base import AFTER, JudgeKind
from journey.store import datafiles
from journey.tasks.labelled import Labelled, LabelledSet
from journey.types import VERDICTS, Judgement, Problem

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".parquet")
THRESHOLD = 0.5
REDUNDANT = 0.15
_NUMBER = re.compile(r"\d+")
_NO_LETTERS = re.compile(r"[^a-z]")


@dataclass(frozen=True, slots=True)
class Recording:
    """What one judge said of every step of one solution."""

    question: str
    steps: tuple[str, ...]
    judgements: tuple[Judgement, ...]


class Recorded:
    """A Judge that says what was recorded; of steps that nobody recorded it cannot say.

    A step is found by its question and all steps up to it. Where several solutions begin with the same steps, whole
    solutions are told apart, and of a single step the first recording counts.
    """

    def __init__(self, recordings: Iterable[Recording], name: str) -> None:
        self.name = name
        self._next: dict[tuple[int | str, str], int] = {}
        self._judgements: dict[int, Judgement] = {}
        self._whole: dict[int, tuple[Judgement, ...]] = {}
        for recording in recordings:
            self._add(recording)

    def _add(self, recording: Recording) -> None:
        at: int | str = recording.question
        for step, judgement in zip(recording.steps, recording.judgements, strict=True):
            at = self._next.setdefault((at, step), len(self._next))
            self._judgements.setdefault(at, judgement)
        if isinstance(at, int):
            self._whole.setdefault(at, recording.judgements)

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate, null with a reason where it was not recorded."""
        return [self._judge(problem, [*prefix, step]) for step in candidates]

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """What was recorded of this very solution, else of each step after those before it."""
        at = self._find(problem, steps)
        if at in self._whole:
            return list(self._whole[at])
        return [self._judge(problem, steps[: i + 1]) for i in range(len(steps))]

    def _find(self, problem: Problem, steps: Sequence[str]) -> int | None:
        at: int | str | None = problem.question
        for step in steps:
            at = None if at is None else self._next.get((at, step))
        return at if isinstance(at, int) else None

    def _judge(self, problem: Problem, steps: Sequence[str]) -> Judgement:
        at = self._find(problem, steps)
        return Judgement(None, None, "not recorded", self.name) if at is None else self._judgements[at]


def judgements(row: Mapping[str, Any], pieces: Sequence[int], by: str, where: str = "a row") -> tuple[Judgement, ...]:
    """What a row says of a solution whose steps have so many pieces each. Raises UsageError for a row of no known form.

    A step in several pieces (lines that were scored one by one) is as good as the worst of them.
    """
    match row:
        case {"scores": [*scores]}:
            return _of_pieces([_scored(score, by, where) for score in scores], pieces, where)
        case {"judgements": [*recorded]}:
            return _of_pieces([_plain(one, by, where) for one in recorded], pieces, where)
        case {"correctness_pred": str(text), "error_step_pred": str(named)}:
            return _answered(text, named, len(pieces), by)
    raise UsageError(f"{where} has no scores, judgements or predictions that can be read; see the docs on judges")


def _of_pieces(recorded: Sequence[Judgement], pieces: Sequence[int], where: str) -> tuple[Judgement, ...]:
    if len(recorded) == len(pieces):
        return tuple(recorded)
    if len(recorded) != sum(pieces):
        raise UsageError(f"{where} judges {len(recorded)} steps of a solution that has {len(pieces)}; check its set")
    ends = [sum(pieces[: i + 1]) for i in range(len(pieces))]
    return tuple(_worst(recorded[end - n : end]) for end, n in zip(ends, pieces, strict=True))


def _worst(recorded: Sequence[Judgement]) -> Judgement:
    """The worst verdict with the lowest score; of a piece that nothing was said of nothing can be said of the whole."""
    if any(one.verdict is None for one in recorded):
        silent = next(one for one in recorded if one.verdict is None)
        return next((one for one in recorded if one.verdict == "wrong"), silent)
    worst = max(recorded, key=lambda one: VERDICTS.index(one.verdict or "right"))
    scores = [one.score for one in recorded if one.score is not None]
    return replace(worst, score=min(scores) if len(scores) == len(recorded) else None)


def _scored(score: Any, by: str, where: str) -> Judgement:
    match score:
        case None:
            return Judgement(None, None, "recorded without a score", by)
        case [bad, neutral, good] if all(map(_is_probability, (bad, neutral, good))):
            validity, is_redundant = min(1.0, neutral + good), neutral > REDUNDANT
        case _ if _is_probability(score):
            validity, is_redundant = score, False
        case _:
            raise UsageError(f"{where} has the score {score!r}; it must be a number from 0 to 1, or three")
    if validity <= THRESHOLD:
        return Judgement("wrong", float(validity), None, by)
    return Judgement("neutral" if is_redundant else "right", float(validity), None, by)


def _is_probability(value: Any) -> bool:
    """Whether it is a number from 0 to 1, which NaN (JSON as Python writes it may hold one) is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _plain(row: Any, by: str, where: str) -> Judgement:
    match row:
        case {"verdict": "right" | "neutral" | "wrong" | None as verdict}:
            score, *texts = (row.get(key) for key in ("score", "reason", "by", "evidence"))
            if all(isinstance(text, str | None) for text in texts) and (score is None or _is_probability(score)):
                reason, name, evidence = texts
                return Judgement(verdict, score, reason, name or by, evidence)
    raise UsageError(f'{where} has the judgement {row!r}; it must be like {{"verdict": "right", "score": 0.9}}')


def _answered(text: str, named: str, steps: int, by: str) -> tuple[Judgement, ...]:
    """What a chat model's verdict on a whole solution says of its steps; nothing where it cannot be read."""
    verdict = _NO_LETTERS.sub("", text.lower())  # "**Wrong**." too
    numbers = [int(number) for number in _NUMBER.findall(named)]
    known = [number for number in numbers if 1 <= number <= steps]
    right = Judgement("right", None, None, by)
    if verdict in ("correct", "absent"):
        return (right,) * steps
    if verdict in ("wrong", "incorrect") and numbers[:1] and numbers[:1] == known[:1]:
        wrong = Judgement("wrong", None, None, by)
        return (*(right,) * (known[0] - 1), wrong, *(Judgement(None, None, AFTER, by),) * (steps - known[0]))
    if verdict == "present" and known:
        return tuple(Judgement("neutral", None, None, by) if n in known else right for n in range(1, steps + 1))
    reason = (
        "it names no step"
        if verdict in ("wrong", "incorrect", "present")
        else f"the verdict {text[:40]!r} cannot be read"
    )
    return (Judgement(None, None, reason, by),) * steps


# --- recordings in a file ---------------------------------------------------------------------------------------------


def load_recorded(named: str, load: Callable[[Path], LabelledSet]) -> Recorded:
    """The recorded judge of "FILE#MODEL"; MODEL may be left out where the file holds only one. Raises UsageError.

    `load` reads a set of labelled steps.
    """
    file, _, model = named.partition("#")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file}; give one with recorded judgements, as in recorded:FILE#MODEL")
    rows = list(datafiles.rows(Path(file)))
    models = list(dict.fromkeys(str(row.get("model", "")) for _, row in rows))
    if model not in models and (model or len(models) > 1):
        lacking = f"nothing of {model}" if model else "several models"
        raise UsageError(f"{file} holds {lacking}; name one of {', '.join(models)} as in recorded:{file}#{models[0]}")
    chosen = model or models[0]
    by = f"recorded:{chosen}" if chosen else f"recorded:{Path(file).name}"
    found = (row for row in rows if str(row[1].get("model", "")) == chosen)
    return Recorded(_recordings(Path(file), found, by, load), by)


def _recordings(
    file: Path, rows: Iterator[tuple[str, Mapping[str, Any]]], by: str, load: Callable[[Path], LabelledSet]
) -> Iterator[Recording]:
    sets: dict[str, dict[str, Labelled]] = {}
    for where, row in rows:
        match row:
            case {"question": str(question), "steps": [*steps]} if all(isinstance(step, str) for step in steps):
                yield Recording(question, tuple(steps), judgements(row, [1] * len(steps), by, where))
            case {"dataset": str(dataset), "id": id}:
                if dataset not in sets:
                    sets[dataset] = {item.id: item for item in load(_beside(file, dataset, where)).items}
                item = sets[dataset].get(str(id))
                if item is None:
                    raise UsageError(f"{where} is about the row {id!r} of {dataset}, which is not there")
                yield Recording(item.problem.question, item.steps, judgements(row, item.pieces, by, where))
            case _:
                raise UsageError(f"{where} must have question and steps, or dataset and id, of what was judged")


def _beside(file: Path, dataset: str, where: str) -> Path:
    """The file of a set, in the folder of the recordings or in one beside it."""
    names = [dataset + ending for ending in ENDINGS]
    folders = [file.parent, *sorted(folder for folder in file.resolve().parent.parent.iterdir() if folder.is_dir())]
    for folder in folders:
        for name in names:
            if "/" not in name and (folder / name).is_file():
                return folder / name
    raise UsageError(f"{where} is about the set {dataset}; put {names[0]} into {file.parent}")


KIND = JudgeKind("recorded:FILE#MODEL", lambda ref, settings, sources: load_recorded(ref.model, sources.labelled))
