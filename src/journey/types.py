"""The records that everything here is made of: Problem, Judgement, Tree, Thought, Attempt, Rollout.

Plain frozen records that only describe; functions live in the other rooms. Each has one JSON form: `to_json` gives it,
`from_json` reads it back, and `SCHEMA` is the version that every stored or exported record carries.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

SCHEMA = 2

Verdict = Literal["right", "neutral", "wrong"]
SegmentKind = Literal["step", "mistake", "reflection", "backtrack", "answer"]
Finish = Literal["end", "stop", "length", "error"]

VERDICTS: tuple[Verdict, ...] = ("right", "neutral", "wrong")
EMPTY: Mapping[str, Any] = MappingProxyType({})
_ROLLOUTS = re.compile(r"\d+ of \d+ rollouts from here ended right(, \d+ more gave no answer)?")


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with a known answer.

    `id` is the hash of question and answer, so the same problem has the same id wherever it was read; of a problem with
    pictures their names are hashed, too, since the same question about two pictures is two problems.
    `solution` is a worked solution, null where none is known. `task` names what kind of problem it is (see
    `journey.tasks.table`), "" in records of runs made before records named it; it is not hashed into the id.
    `images` are the SHA-256 names of its pictures; `language` is the question's, null where nobody said.
    """

    id: str
    question: str
    answer: str
    source: str = ""
    solution: str | None = None
    level: str | None = None
    subject: str | None = None
    task: str = ""
    images: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What someone said of one step.

    `verdict` null means *could not say* (the reason tells why), which is neither neutral nor wrong.
    `score` is in [0, 1], null where the judge gives none. `by` names the judge. `reason` is what is wrong with the
    step, null where nobody said it; `evidence` is what else the verdict rests on (how many rollouts ended right).
    """

    verdict: Verdict | None
    score: float | None = None
    reason: str | None = None
    by: str = ""
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a tree.

    `parent` is the index of the node before it, always smaller than its own; -1 hangs under the question.
    `answer` is the final answer found in this step, null where there is none; `correct` says whether it is the
    problem's answer, null where there is no answer or nobody could say. `tokens` were generated for this step. `value`
    is the share of right ends below or beyond it, null where nobody measured it.
    """

    parent: int
    text: str
    judgement: Judgement | None = None
    answer: str | None = None
    correct: bool | None = None
    by: str = ""
    tokens: int = 0
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything tried on one problem: a flat list of nodes, parents before children.

    `problem` is the problem's id; `policy` and `judge` name who proposed and who judged.
    """

    id: str
    problem: str
    nodes: tuple[Node, ...]
    policy: str = ""
    judge: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a thought: characters `start` to `end` of its text, made from node `node` (null: from no node)."""

    kind: SegmentKind
    text: str
    node: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Thought:
    """A text made from a tree, such as a shortcut or a long thought.

    `tree` is null for a thought that came from no tree. `draft` is the text before refinement and `refined_by` the
    model that refined it; an unrefined thought has `text == draft` and `refined_by` null. `note` says what happened at
    its making that a reader should know (why a draft was kept unrefined, say), null where nothing did. `seed` and
    `round` are those of the experiment that made it, null outside one. `language` is the code of the language that it
    was to be retold in, with the text before that as its draft; null: it is as it was made.
    """

    id: str
    problem: str
    tree: str | None
    method: str
    segments: tuple[Segment, ...]
    draft: str
    text: str
    answer: str
    refined_by: str | None = None
    note: str | None = None
    seed: int | None = None
    round: int | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class SearchRef:
    """How a search chose an answer: its name, of how many candidates, and the settings that are not the usual ones."""

    name: str
    n: int
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model, said in fields; `label` shows it, and nothing reads it back from what is shown.

    `name` is a path, a served name, or the model's folder in the run ("seed-2/journey"). `seed`, `round` and `arm` say
    where in an experiment it was trained, null outside one. `search` and `judge` say how its answer was chosen, null
    where it was simply drawn.
    """

    name: str
    seed: int | None = None
    round: int | None = None
    arm: str | None = None
    search: SearchRef | None = None
    judge: str | None = None


def label(ref: ModelRef, *, over_seeds: bool = False) -> str:
    """How a model is shown: "tiny+beam n=16 judge=exact".

    `over_seeds`: by its arm, where it has one, and by its round where that is a later one than the first: "journey
    round 2".
    """
    name = ref.name
    if over_seeds and ref.arm is not None:
        name = ref.arm if (ref.round or 1) == 1 else f"{ref.arm} round {ref.round}"
    if ref.search is None:
        return name
    return f"{name}+{' '.join((ref.search.name, f'n={ref.search.n}', *search_words(ref.search, ref.judge)))}"


def search_words(search: SearchRef, judge: str | None) -> list[str]:
    """How the settings of a search and its judge are shown: ["width=2", "judge=exact"]."""
    return [f"{key}={value}" for key, value in search.settings] + ([] if judge is None else [f"judge={judge}"])


@dataclass(frozen=True, slots=True)
class Spent:
    """What an attempt cost in all: generated tokens of model and judge, and calls."""

    model_tokens: int = 0
    judge_tokens: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """A model's checked answer to one problem.

    `model` says which model, `decoding` the way it was sampled ("greedy", "sampled", ...), `sample` counts the draws.
    `graded_by` is the model that graded the answer, null where rules did. `answer` null: none was found. `correct`
    null: the checker could not say. `error` is the kind of error of an attempt that is not correct, null where nobody
    classified it. `tokens` is the length of the answer's text, `finish` how it ended, `spent` the whole cost, which a
    search makes larger than `tokens`. `suite_part` is the (first) part of a suite that it was drawn for, null outside.
    """

    id: str
    problem: str
    model: ModelRef
    decoding: str
    sample: int
    text: str
    answer: str | None
    correct: bool | None
    error: str | None
    tokens: int
    finish: Finish
    seed: int
    spent: Spent = Spent()
    graded_by: str | None = None
    suite_part: str | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What learning gave a piece of a rollout: characters `start` to `end` of its text.

    `credit` is the piece's part of the advantage, `value` how likely a right end was held to be after it, null where
    nobody measured it.
    """

    start: int
    end: int
    credit: float
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """An answer drawn to learn from, checked as an attempt is (see `Attempt` for the fields of that name).

    `model` is the model in training that drew it and `step` the update that it was drawn for, from 0. `rewards` by
    name, null where a grader could not say. `credit` of its pieces, empty where it gave no signal. `logprob` is the sum
    over its tokens under the policy that drew it, null where not given; `token_ids` are those tokens. The first
    `shared` characters were drawn for another rollout and are trained there. `spent` is the whole cost, tokens that
    were drawn to measure values included.
    """

    id: str
    problem: str
    model: ModelRef
    step: int
    sample: int
    text: str
    answer: str | None
    correct: bool | None
    error: str | None
    tokens: int
    finish: Finish
    seed: int
    rewards: Mapping[str, float | None]
    credit: tuple[Credit, ...] = ()
    logprob: float | None = None
    token_ids: tuple[int, ...] = ()
    shared: int = 0
    spent: Spent = Spent()


Record = Problem | Tree | Thought | Attempt | Rollout


def content_hash(*parts: Any) -> str:
    """The name of a unit of work: 16 hex digits of the SHA-256 of its parts as canonical JSON."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=dict)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def content_seed(*parts: Any) -> int:
    """A 63-bit random seed from content, so that concurrency and resuming never change a result."""
    return int(content_hash("seed", *parts), 16) >> 1


def make_problem(question: str, answer: str, **fields: Any) -> Problem:
    """A Problem whose id is the hash of its question and answer, and of its pictures' names where it has any."""
    pictures = [list(fields["images"])] if fields.get("images") else []
    return Problem(content_hash("problem", question, answer, *pictures), question, answer, **fields)


def to_json(record: Record) -> dict[str, Any]:
    """The one JSON form of a record (strict JSON once dumped; NaN is refused by whoever dumps)."""
    match record:
        case Tree():
            return _fields(record) | {"nodes": [_node_json(n) for n in record.nodes], "settings": dict(record.settings)}
        case Thought():
            return _fields(record) | {"segments": [_fields(s) for s in record.segments]}
        case Attempt():
            return _fields(record) | _model_fields(record)
        case Rollout():
            credit = [_fields(one) for one in record.credit]
            return _fields(record) | _model_fields(record) | {"credit": credit, "rewards": dict(record.rewards)}
        case Problem():
            return _fields(record)


def problem_from_json(data: Mapping[str, Any]) -> Problem:
    """The Problem of its JSON form."""
    return Problem(**_known(Problem, data, images=tuple(data.get("images", ()))))


def tree_from_json(data: Mapping[str, Any]) -> Tree:
    """The Tree of its JSON form."""
    return Tree(**_known(Tree, data, nodes=tuple(_node(n) for n in data["nodes"])))


def thought_from_json(data: Mapping[str, Any]) -> Thought:
    """The Thought of its JSON form."""
    return Thought(**_known(Thought, data, segments=tuple(Segment(**s) for s in data["segments"])))


def attempt_from_json(data: Mapping[str, Any]) -> Attempt:
    """The Attempt of its JSON form."""
    return Attempt(**_known(Attempt, data, model=model_from_json(data["model_ref"]), spent=Spent(**data["spent"])))


def rollout_from_json(data: Mapping[str, Any]) -> Rollout:
    """The Rollout of its JSON form."""
    read = {
        "model": model_from_json(data["model_ref"]),
        "spent": Spent(**data["spent"]),
        "credit": tuple(Credit(**one) for one in data["credit"]),
        "token_ids": tuple(data["token_ids"]),
    }
    return Rollout(**_known(Rollout, data, **read))


def model_json(ref: ModelRef) -> dict[str, Any]:
    """The JSON form of a ModelRef."""
    search = None if ref.search is None else _fields(ref.search) | {"settings": dict(ref.search.settings)}
    return _fields(ref) | {"search": search}


def model_from_json(data: Mapping[str, Any]) -> ModelRef:
    """The ModelRef of its JSON form."""
    search = data.get("search")
    if search is not None:
        search = SearchRef(search["name"], search["n"], tuple(search["settings"].items()))
    return ModelRef(**_known(ModelRef, data, search=search))


def _model_fields(record: Attempt | Rollout) -> dict[str, Any]:
    return {"model": label(record.model), "model_ref": model_json(record.model), "spent": _fields(record.spent)}


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def _known(kind: Any, data: Mapping[str, Any], **read: Any) -> dict[str, Any]:
    """The fields of that kind, those that are records themselves already `read`; fields of later versions are left."""
    return {name: data[name] for name in kind.__slots__ if name in data} | read


def _node_json(node: Node) -> dict[str, Any]:
    judgement = None if node.judgement is None else _fields(node.judgement)
    return _fields(node) | {"judgement": judgement}


def _node(data: Mapping[str, Any]) -> Node:
    judgement = data.get("judgement")
    return Node(**_known(Node, data, judgement=None if judgement is None else _judgement(judgement)))


def _judgement(data: Mapping[str, Any]) -> Judgement:
    """The Judgement of its JSON form; runs older than `evidence` hold what rollouts came to as the reason."""
    is_old = data.get("evidence") is None and _ROLLOUTS.fullmatch(data.get("reason") or "") is not None
    return Judgement(**_known(Judgement, data, **({"reason": None, "evidence": data["reason"]} if is_old else {})))
