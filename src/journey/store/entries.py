"""What a run keeps beside its records, each kind in a table of its own: costs, exclusions, scores, curves, counts.

A kind is a small frozen record and one line in `ENTRIES`; `Run.add` stores entries, `Run.entries` reads them back. A
run that is older than a kind has none of it, and gets its table when it is next written to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spending:
    """What a command asked of a model behind a server; `cost` in US dollars, null where a price is not known.

    `run` is the one that it was spent in, by its uid; null: this one.
    """

    model: str
    calls: int
    prompt_tokens: int
    tokens: int
    cost: float | None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """How a server of a model's list fared in a command: answers, tokens in them, failed requests, calls that took so
    long that they were repeated elsewhere, how often it was drained, and the seconds from its first request on.
    """

    model: str
    url: str
    answers: int
    tokens: int
    failures: int
    late: int
    drained: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A problem that is not trained on, by its id, and why."""

    problem: str
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepScores:
    """A judge's scores of the steps of attempts, by the attempt's id; a score is null where the judge could not say.

    `aggregate` joins the scores of an attempt's steps. An entry without steps only changes the aggregate.
    """

    judge: str
    aggregate: str
    steps: Mapping[str, Sequence[float | None]]
    judge_tokens: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class JudgeWeights:
    """The weights that a judge (or a model that was asked) had, as hashes by their paths.

    `called`: its names in records, with settings or none.
    """

    judge: str
    weights: Mapping[str, str]
    called: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """How a model of the run was trained: its curve (one point a logged step), the tokens it read, the seconds.

    `seed`, `round` and `arm` are those of the experiment, null outside one. `kind`: that of the training
    ("sft"), null in entries that are older.
    """

    model: str
    curve: Sequence[Mapping[str, Any]]
    tokens: int | None
    seconds: float | None
    seed: int | None = None
    round: int | None = None
    arm: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ImportListing:
    """A row of an imported file that made no tree or joined one, or a tree that gives no thought; see `Listed`."""

    kind: str
    file: str
    line: int
    problem: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """Why answers were not kept and problems gave no thought when a method last made its thoughts, with numbers."""

    method: str
    refused: Mapping[str, int]
    no_thought: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """The settings that the thoughts of a method were made with ("refine METHOD": those of the refinement)."""

    method: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Curation:
    """How many problems of the source were dropped, by reason."""

    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SharedPart:
    """What was copied from another run of a sweep, for these seeds."""

    source: str
    what: str
    seeds: Sequence[int]


@dataclass(frozen=True, slots=True)
class Round:
    """A round of an arm in a seed: how its model came about, what it measured, and whether the next one may begin.

    `policy` grew its trees, `start` is the model that training began from, both by name; `model` is the one it made,
    null where the round was not paid for. `mix`: rows by where they came from ("given", "labelled", "round 1", ...).
    `settings`: what the round chose for itself (temperature, threshold). `measured`: the guards' figures by name, null
    where one could not be measured. `good`: the last good model after it. `stopped`: the guard that ended the arm's
    rounds, in one sentence, null where the next one may begin.
    """

    seed: int
    arm: str
    round: int
    policy: str
    start: str
    model: str | None
    good: str
    mix: Mapping[str, int]
    measured: Mapping[str, float | None]
    settings: Mapping[str, Any]
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class SuitePart:
    """A part of a suite as it was asked: its problems in order, and how they are graded.

    `rule` names how answers are drawn, `decoding` the same as attempts have it, with who grades. `about`, `source` and
    `graded_by` say it in words. `twins`: of a problem that asks another one again with something added, that one's id,
    which is of the part `twin`. `before` and `after` name the models that are compared.
    `not_measured`: why a model could not be asked, by its name; `reason`: why no model could, null where one could.
    """

    suite: str
    part: str
    decoding: str
    rule: str
    number: int
    about: str
    source: str
    graded_by: str
    problems: Sequence[str]
    twin: str | None
    twins: Mapping[str, str]
    before: Sequence[str]
    after: Sequence[str]
    not_measured: Mapping[str, str]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit of work that a stage could not do, and why.

    Of which `problem`, by which `model` and `judge` and with which `decoding`, each null where that says nothing.
    """

    stage: str
    unit: str
    reason: str
    problem: str | None = None
    model: str | None = None
    decoding: str | None = None
    judge: str | None = None


Entry = (
    Spending | Served | Exclusion | StepScores | JudgeWeights | Training | ImportListing | Refusals | MethodSettings
    | Curation | SharedPart | Round | SuitePart | Failure
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntryTable:
    """A kind of entry in the database; `columns` can be asked for. The first `keyed` of them name an entry: the latest
    of a name counts and replaces those before it; 0: all count.
    """

    name: str
    kind: type[Any]
    columns: tuple[str, ...] = ()
    keyed: int = 0


ENTRIES: dict[type[Any], EntryTable] = {
    table.kind: table
    for table in (
        EntryTable("spending", Spending, ("model",)),
        EntryTable("served", Served, ("model", "url")),
        EntryTable("exclusions", Exclusion, ("problem",), keyed=1),
        EntryTable("step_scores", StepScores, ("judge",)),
        EntryTable("judge_weights", JudgeWeights, ("judge",), keyed=1),
        EntryTable("training", Training, ("model", "seed", "round", "arm"), keyed=1),
        EntryTable("import_listings", ImportListing, ("kind",)),
        EntryTable("refusals", Refusals, ("method",), keyed=1),
        EntryTable("method_settings", MethodSettings, ("method",), keyed=1),
        EntryTable("curation", Curation),
        EntryTable("shared_parts", SharedPart, ("what",)),
        EntryTable("rounds", Round, ("seed", "arm", "round"), keyed=3),
        EntryTable("suite_parts", SuitePart, ("suite", "part", "decoding"), keyed=3),
        EntryTable("failed_units", Failure, ("stage", "unit", "problem", "model", "decoding", "judge"), keyed=2),
    )
}
