"""The sixth record, Label: what a person said of a step, a thought or a tree; and labels.db, where labels stay.

labels.db lies beside run.db and is people's work: nothing in it is ever changed or removed. Each saying adds a row, and
of the rows of one annotator about one item the latest counts. It is written by the studio only, by any number of its
processes; each row is on the disk when `put` returns.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from journey.errors import UsageError
from journey.store.database import open_reading
from journey.store.faults import damaged, one_sentence
from journey.store.labels_file import NAME, connect_writing, version
from journey.store.schema import Row, dumps, opened, sealed
from journey.types import SCHEMA, VERDICTS, Verdict, content_hash

ItemKind = Literal["node", "thought", "tree"]
State = Literal["draft", "submitted", "discarded"]

TRAITS = (
    "iterative_problem_solving",
    "key_thinking_indicators",
    "rechecking",
    "hypotheses_explored",
    "final_verification",
)
"""What a long thought should show (O1 Replication Journey part 1, the section on what o1's thoughts look like)."""
RATINGS = range(1, 6)
COULD_NOT_SAY = "could not say"
"""A null verdict in words, where a text must hold it."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one person said of one item, at one time.

    `tree` is the tree's id (null: the thought came from none), `node` the step's index (kind "node" only), `thought`
    the thought's id (kind "thought" only). `judged` false: no verdict was given; true with a null verdict is *could not
    say*. `step` is the step as it should have read. `ratings` has the TRAITS that were rated, 1 (not at all) to 5.
    `made` is the time in UTC, ISO 8601. `suggestion` is the judge's verdict that the person saw before theirs ("could
    not say" where the judge could not), null where none was shown. A label with state "discarded" takes back what was
    said before it. Raises UsageError for values outside these.
    """

    item: ItemKind
    annotator: str
    tree: str | None = None
    node: int | None = None
    thought: str | None = None
    verdict: Verdict | None = None
    judged: bool = False
    reason: str | None = None
    step: str | None = None
    ratings: Mapping[str, int] = field(default_factory=dict[str, int])
    note: str | None = None
    state: State = "draft"
    made: str = ""
    suggestion: str | None = None

    def __post_init__(self) -> None:
        if not self.annotator.strip():
            raise UsageError("a label needs the name of who makes it")
        if self.verdict is not None and (self.verdict not in VERDICTS or not self.judged):
            raise UsageError(f"the verdict {self.verdict!r} is none of {', '.join(VERDICTS)}")
        if unknown := [name for name, n in self.ratings.items() if name not in TRAITS or n not in RATINGS]:
            raise UsageError(f"the rating {unknown[0]} is no trait with a number from 1 to 5")
        named = {"node": (self.tree, self.node), "tree": (self.tree,), "thought": (self.thought,)}[self.item]
        if None in named:
            raise UsageError(f"a label of a {self.item} must name it")

    @property
    def about(self) -> str:
        """The item's name: all labels with the same one speak of the same item."""
        match self.item:
            case "node":
                return f"node:{self.tree}:{self.node}"
            case "tree":
                return f"tree:{self.tree}"
            case "thought":
                return f"thought:{self.thought}"

    @property
    def id(self) -> str:
        """The label's name, by its content."""
        return content_hash("label", _plain(self))


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """One thing that a person noted; `kind` is one of `journey.thoughts.annotate`, `reason` null: none was given."""

    kind: str
    text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A whole thought that a person wrote as notes on one problem (by its id), in the order of time."""

    problem: str
    annotator: str
    notes: tuple[WrittenNote, ...] = ()
    state: State = "draft"
    made: str = ""

    def __post_init__(self) -> None:
        if not self.annotator.strip():
            raise UsageError("notes need the name of who writes them")

    @property
    def about(self) -> str:
        """What it is about: the problem."""
        return f"notes:{self.problem}"


Saying = TypeVar("Saying", Label, Written)


def now() -> str:
    """The time in UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def put(folder: Path, saying: Label | Written) -> Label | Written:
    """Keeps what somebody said, on the disk when this returns; it comes back with the time it was made, if it had none.

    Safe beside other processes that do the same. Raises StoreFull, StoreError or UsageError: then it was not kept.
    """
    saying = replace(saying, made=saying.made or now())
    kind = "label" if isinstance(saying, Label) else "notes"
    data = _plain(saying) if isinstance(saying, Label) else asdict(saying)
    row = sealed(kind, saying.annotator, saying.about, dumps({"schema": SCHEMA} | data))
    path = folder / NAME
    with one_sentence(path), closing(connect_writing(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO said (kind, annotator, item, json, seal) VALUES (?, ?, ?, ?, ?)", row)
        connection.execute("COMMIT")
    return saying


def labels(folder: Path, *, about: str | None = None, annotator: str | None = None) -> list[Label]:
    """The latest label of each annotator about each item, drafts too, in the order of their making.

    Those that were discarded are left out. Empty where nobody has labelled.
    """
    found = [_label(row) for row in _latest(folder, "label", about, annotator)]
    return [one for one in found if one.state != "discarded"]


def written(folder: Path, *, problem: str | None = None, annotator: str | None = None) -> list[Written]:
    """The latest notes of each annotator on each problem, drafts too, without those that were discarded."""
    about = None if problem is None else f"notes:{problem}"
    found = [_notes(row) for row in _latest(folder, "notes", about, annotator)]
    return [one for one in found if one.state != "discarded"]


def states(folder: Path, kind: Literal["label", "notes"], annotator: str) -> dict[str, State]:
    """The state of everything that this annotator has spoken of, by the item's name: what progress is counted from."""
    return {about: state for about, state in read_rows(folder, _STATES, (kind, annotator)) if state != "discarded"}


def label_json(label: Label) -> dict[str, Any]:
    """The one JSON form of a label; a trait that was not rated is null."""
    return {"schema": SCHEMA, "id": label.id, **_plain(label)}


def submitted(all: Iterable[Label]) -> list[Label]:
    """Those that their annotators have submitted."""
    return [one for one in all if one.state == "submitted"]


def by_annotator(all: Iterable[Saying]) -> dict[str, list[Saying]]:
    """What each annotator said, by name in the order of the alphabet."""
    found: dict[str, list[Saying]] = {}
    for one in all:
        found.setdefault(one.annotator, []).append(one)
    return dict(sorted(found.items()))


# --- rows -------------------------------------------------------------------------------------------------------------


def _plain(label: Label) -> dict[str, Any]:
    return asdict(label) | {"ratings": {trait: label.ratings.get(trait) for trait in TRAITS}}


def _label(data: Mapping[str, Any]) -> Label:
    ratings = {trait: n for trait, n in data["ratings"].items() if n is not None}
    fields: dict[str, Any] = _known(Label, data) | {"ratings": ratings}
    return Label(**fields)


def _notes(data: Mapping[str, Any]) -> Written:
    fields: dict[str, Any] = _known(Written, data) | {"notes": tuple(WrittenNote(**note) for note in data["notes"])}
    return Written(**fields)


def _known(kind: type[Label | Written], data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in kind.__slots__ if name in data}


def _latest(folder: Path, kind: str, about: str | None, annotator: str | None) -> list[dict[str, Any]]:
    query = (
        "SELECT * FROM said WHERE seq IN (SELECT max(seq) FROM said WHERE kind = ? AND (? IS NULL OR item = ?)"
        " AND (? IS NULL OR annotator = ?) GROUP BY annotator, item) ORDER BY seq"
    )
    return _rows(folder, query, (kind, about, about, annotator, annotator))


_STATES = (
    "SELECT item, json_extract(json, '$.state') FROM said"
    " WHERE seq IN (SELECT max(seq) FROM said WHERE kind = ? AND annotator = ? GROUP BY item)"
)


def _rows(folder: Path, query: str, values: Sequence[str | None]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in read_rows(folder, query, values):
        data = opened(row[1:])
        if data is None:
            raise damaged(folder / NAME, f"row {row[0]} does not fit its seal")
        found.append(data)
    return found


def read_rows(folder: Path, query: str, values: Sequence[str | None]) -> list[Row]:
    """The rows of a query over labels.db as they lie there; none where nobody has labelled yet."""
    path = folder / NAME
    if not path.exists():
        return []
    with one_sentence(path), closing(open_reading(path)) as connection:
        if not version(connection, path):
            return []  # another process is just making it
        return connection.execute(query, values).fetchall()
