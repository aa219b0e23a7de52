"""A person's notes on how they explored a problem, expanded by a model to a long thought.

O1 Replication Journey part 1, the section on human annotation: people write each trial, reflection, association and
correction with its reason and spell out common sense; a model makes the steps finer, pauses to take stock, and speaks
as a student who explores for the first time. The form of the notes: docs/notes.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

from journey.answers.compare import decide
from journey.answers.find import find_answer
from journey.errors import UsageError, check_settings
from journey.models.base import Model, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate, question_tokens
from journey.store.datafiles import rows
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.draft import Piece, lay_out
from journey.thoughts.faithful import Rules
from journey.thoughts.tagged import retell
from journey.types import Problem, Segment, SegmentKind, Thought, content_hash, make_problem

NoteKind = Literal["trial", "mistake", "reflection", "association", "correction", "common sense", "answer"]
NOTE_KINDS: tuple[NoteKind, ...] = get_args(NoteKind)
SEGMENT_KINDS: dict[NoteKind, SegmentKind] = {
    "trial": "step",
    "mistake": "mistake",
    "reflection": "reflection",
    "association": "step",
    "correction": "backtrack",
    "common sense": "step",
    "answer": "answer",
}
SEPARATOR = "\n\n"


class Note(NamedTuple):
    """One thing that a person noted; `reason` null: they gave none."""

    kind: NoteKind
    text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """A problem and what a person noted while they explored it, in the order of time."""

    problem: Problem
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """How a model is asked to expand notes, in up to `tries` tries.

    `words` is the least share of the content words of a note with few numbers that must survive; `longer` how many
    times as long as the notes the text must be, in characters. Notes that do not fit in `max_tokens` are not sent.
    """

    tries: int = 3
    max_tokens: int = 8192
    temperature: float = 0.7
    top_p: float = 0.95
    words: float = 0.5
    longer: float = 1.0
    prompt: str = "annotate"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "annotate.", tries=1, max_tokens=1, words=(0, 1), longer=0)


async def annotate(problem: Problem, notes: Notes, model: Model, settings: AnnotateSettings) -> Thought:
    """The notes expanded: every trial and reason of them survives in order, with its span.

    Where no try was faithful and long enough: the notes as they were drafted, `refined_by` null and a note with the
    reason. Raises ModelError.
    """
    drafted = replace(draft_notes(notes), problem=problem.id)

    def too_short(text: str, segments: Sequence[Segment]) -> Sequence[str]:
        return [] if len(text) >= settings.longer * len(drafted.draft) else ["the text is not longer than the notes"]

    sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, seed=settings.seed)
    rules = Rules(words=settings.words, additions=True)
    retold = await retell(problem, drafted, model, settings.prompt, sampling, settings.tries, rules, too_short)
    return replace(retold, id=content_hash("annotate", drafted.id, model.name, asdict(settings)))


def draft_notes(notes: Notes) -> Thought:
    r"""The notes as they stand, one after the other, each reason after its note; closed by a box where none gives it.

    Reasons are reflections. Nothing came from a tree, so no segment has a node.
    """
    text, segments = lay_out(_pieces(notes), SEPARATOR)
    id = content_hash("thought", notes.problem.id, "annotate", list(notes.notes))
    answer = find_answer(text) or notes.problem.answer
    return Thought(id, notes.problem.id, None, "annotate", segments, text, text, answer)


def _pieces(notes: Notes) -> Iterator[Piece]:
    for note in notes.notes:
        yield Piece(SEGMENT_KINDS[note.kind], note.text, None)
        if note.reason is not None:
            yield Piece("reflection", note.reason, None)
    last = notes.notes[-1]
    if last.kind != "answer" or find_answer(last.text) is None:
        yield Piece("answer", f"The final answer is $\\boxed{{{notes.problem.answer}}}$.", None)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_notes(path: str | Path) -> list[Notes]:
    """The notes of a JSONL file, one problem a row. Raises UsageError with file, line and mend."""
    found: dict[str, Notes] = {}
    for place, row in rows(path):
        notes = notes_of(row, place, str(path))
        if notes.problem.id in found:
            raise UsageError(f"{place} has the same problem as a row before it; keep one of the two")
        found[notes.problem.id] = notes
    if not found:
        raise UsageError(f"{path} holds no rows; give a file with one problem and its notes a row")
    return list(found.values())


def notes_of(row: Mapping[str, Any], place: str, path: str) -> Notes:
    """The notes of one row, checked; `place` names it in messages. Raises UsageError with the mend."""
    question, answer = _text(row, "question", place), _text(row, "answer", place)
    given = cast("list[Any]", row.get("notes"))
    if type(given) is not list or not given:
        raise UsageError(f'{place} has no notes; give "notes" as a list of {{"kind": ..., "text": ...}}')
    notes = tuple(_note(item, f"{place}, note {number}") for number, item in enumerate(given, 1))
    if any(note.kind == "answer" for note in notes[:-1]):
        raise UsageError(f"{place} has a note after its answer; the answer must be the last note, and only one")
    if notes[-1].kind == "answer":
        if notes[-1].reason is not None:
            raise UsageError(f"{place} has a reason at its answer; make it a reflection before the answer")
        found = find_answer(notes[-1].text)
        if found is not None and decide(answer, found) is False:
            raise UsageError(f"{place} notes the answer {found!r} but its answer is {answer!r}; correct one of them")
    return Notes(make_problem(question, answer, source=Path(path).name.split(".")[0], task="math"), notes)


def _note(given: Any, place: str) -> Note:
    item = cast("dict[str, Any]", given)
    if type(item) is not dict:
        raise UsageError(f'{place} is not an object; write it as {{"kind": ..., "text": ...}}')
    if unknown := sorted(map(str, item.keys() - {"kind", "text", "reason"})):
        raise UsageError(f"{place} has {', '.join(unknown)}; a note has kind, text and, if any, reason")
    kind = item.get("kind")
    if kind not in NOTE_KINDS:
        raise UsageError(f"{place} has the kind {kind!r}; write one of {', '.join(NOTE_KINDS)}")
    reason = None if item.get("reason") is None else _text(item, "reason", place)
    return Note(kind, _text(item, "text", place), reason)


def _text(row: Mapping[str, Any], name: str, place: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and name == "answer":
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{place} has no {name}; give it as a text that is not empty")
    return value.strip()


async def make(material: Material, settings: AnnotateSettings, tools: Tools) -> Made:
    """Somebody's notes on a problem, expanded by the strong model."""
    settings = replace(settings, seed=tools.common.seed)
    return Made([await annotate(material.problem, material.notes, tools.strong, settings)])


def estimate(problems: Sequence[Problem], settings: AnnotateSettings, common: Common) -> list[Estimate]:
    """The strong model's expansions, every try used; notes are reckoned as long as their question."""
    calls, read = len(problems) * settings.tries, settings.tries * question_tokens(problems) * 2
    return [Estimate(common.strong, "annotate", Usage(calls, read, calls * settings.max_tokens))]
