"""Trees and thoughts to and from the rollout records of verifiers (v1): a graph of messages, each with its parent.

A step of a tree is a message of the assistant, a thought is one such message. What a record of ours says beyond texts
and parents stands in `info["journey"]`, so that it comes back as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from journey.answers.find import find_answer
from journey.answers.grade import Grader
from journey.data.prompt_sets import shown
from journey.data.row_records import Imported, NoRecord, Place, places, read_records
from journey.store.datafiles import Row
from journey.tasks.prompting import Ask
from journey.trees.mark import path_texts
from journey.types import Node, Problem, Segment, Thought, Tree, content_hash, make_problem, to_json

Kind = TypeVar("Kind", Problem, Tree, Thought)
VERSION = 1
"""Of the trace's schema, verifiers 0.4."""
METHOD = "verifiers"


def trace_of(record: Tree | Thought, problem: Problem, ask: Ask) -> dict[str, Any]:
    """The trace of a tree or a thought.

    Its reward `outcome` is the share of right ones among the checked ends of a tree (a thought's end is right), null
    without one; the values of steps stand in `info["journey"]["nodes"]`.
    """
    messages = shown(ask(problem, ()), True)
    nodes = [
        {"parent": i - 1 if i else None, "message": message, "sampled": False, "timestamp": 0.0}
        for i, message in enumerate(messages)
    ]
    first, data = len(nodes), to_json(record)
    if isinstance(record, Tree):
        texts = [(first + node.parent if node.parent >= 0 else first - 1, node.text) for node in record.nodes]
        ends = [float(node.correct) for node in record.nodes if node.correct is not None]
        data["nodes"] = [{key: value for key, value in node.items() if key != "text"} for node in data["nodes"]]
    else:
        texts, ends = [(first - 1, record.text)], [1.0]
        del data["text"]
    nodes += [
        {"parent": parent, "message": {"role": "assistant", "content": text}, "sampled": True, "timestamp": 0.0}
        for parent, text in texts
    ]
    return {
        "version": VERSION,
        "id": record.id,
        "task": {
            "type": problem.task or "journey",
            "data": {"id": problem.id, "prompt": messages[-1]["content"], "answer": problem.answer},
        },
        "agent": {"config": {}, "name": "journey"},
        "nodes": nodes,
        "rewards": {"outcome": {"score": fmean(ends), "weight": 1.0} if ends else None},
        "info": {"journey": {"kind": type(record).__name__.lower(), "problem": to_json(problem), "record": data}},
        "is_completed": True,
        "ok": True,
        "timing": {"start": 0.0},
    }


async def read(paths: Sequence[str], grader: Grader, limit: int | None = None) -> tuple[Imported, list[Thought]]:
    """The trees and thoughts of files of traces (or of episodes with traces), at most `limit`.

    A trace with one sampled message becomes a thought, one with several or with branches a tree; ends are checked where
    the answer is known, and the reward of a trace with one end is that end's value. Those that cannot be said in these
    records (turns of tools or users after the first answer, several conversations) are listed with the reason. Raises
    UsageError for what cannot be read, and where no trace gives anything.
    """

    async def record_of(place: Place) -> tuple[Problem, Tree | Thought]:
        return await _read(place.row, grader)

    traces = (place._replace(row=trace) for place in places(paths) for trace in _traces(place.row))
    problems, records, listed = await read_records(traces, record_of, "trace of verifiers", limit)
    trees = [record for record in records if isinstance(record, Tree)]
    return Imported(problems, trees, listed), [record for record in records if isinstance(record, Thought)]


def _traces(row: Row) -> list[Row]:
    """The traces of an episode; a row that is no episode is one itself."""
    return row["traces"] if isinstance(row.get("traces"), list) else [row]


async def _read(trace: Mapping[str, Any], grader: Grader) -> tuple[Problem, Tree | Thought]:
    steps = list(_steps(trace["nodes"]))
    if not steps:
        raise NoRecord("it holds no message of a model")
    if ours := (trace.get("info") or {}).get("journey"):
        return _record(Problem, ours["problem"]), _own(ours, steps)
    problem, texts = _problem(trace), [text for _, text in steps]
    id = content_hash("trace", problem.id, steps)
    if len(steps) == 1:
        segment = Segment("step", texts[0], None, 0, len(texts[0]))
        answer = find_answer(texts[0]) or ""
        return problem, Thought(id, problem.id, None, METHOD, (segment,), texts[0], texts[0], answer)
    nodes = [Node(parent, text, by=METHOD) for parent, text in steps]
    model = next((call["model"] for call in trace.get("calls") or () if call.get("model")), METHOD)
    tree = Tree(id, problem.id, tuple(nodes), policy=model, settings={"trace": str(trace.get("id"))})
    leaves = sorted(set(range(len(nodes))) - {parent for parent, _ in steps})
    rewards = [r["score"] * r.get("weight", 1.0) for r in (trace.get("rewards") or {}).values() if r is not None]
    value = sum(rewards) if rewards and len(leaves) == 1 and 0 <= sum(rewards) <= 1 else None
    for leaf in leaves:
        answer, correct = find_answer(texts[leaf]), None
        if problem.answer:
            grade = await grader.grade(problem, "\n\n".join(path_texts(tree, leaf)))
            answer, correct = grade.answer, grade.correct
        nodes[leaf] = replace(nodes[leaf], answer=answer, correct=correct, value=value)
    return problem, replace(tree, nodes=tuple(nodes))


def _steps(nodes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """The sampled messages as steps: the index of the step before (-1: the question), and the text."""
    places: dict[int, int] = {}
    roots = 0
    for i, node in enumerate(nodes):
        message, parent = node["message"], node.get("parent")
        if parent is not None and not 0 <= parent < i:
            raise NoRecord("a message's parent does not stand before it")
        roots += parent is None
        if roots > 1:
            raise NoRecord("it holds several conversations")
        if node.get("sampled"):
            if message.get("tool_calls"):
                raise NoRecord("its model calls tools")
            places[i] = len(places)
            yield -1 if parent is None else places.get(parent, -1), _text(message)
        elif parent in places:
            raise NoRecord("it has turns of tools or users after the first answer")


def _text(message: Mapping[str, Any]) -> str:
    content, thinking = message.get("content") or "", message.get("reasoning_content")
    if not isinstance(content, str):
        content = "\n".join(part["text"] for part in content if part.get("type") == "text")
    return f"<think>\n{thinking}\n</think>\n\n{content}" if thinking else content


def _problem(trace: Mapping[str, Any]) -> Problem:
    """The problem of a foreign trace: its first prompt, and the answer if the task's data has one by that name."""
    data = trace["task"]["data"]
    prompt, answer = data.get("prompt"), data.get("answer")
    if not isinstance(prompt, str):
        prompt = next(_text(node["message"]) for node in trace["nodes"] if node["message"]["role"] == "user")
    return make_problem(prompt, "" if answer is None else str(answer), source=METHOD)


def _own(ours: Mapping[str, Any], steps: Sequence[tuple[int, str]]) -> Tree | Thought:
    """A record that `trace_of` wrote."""
    record, texts = ours["record"], [text for _, text in steps]
    if ours["kind"] == "thought":
        return _record(Thought, record | {"text": texts[0]})
    if [node["parent"] for node in record["nodes"]] != [parent for parent, _ in steps]:
        raise NoRecord("its messages are not those that journey wrote with its tree")
    return _record(Tree, record | {"nodes": [n | {"text": t} for n, t in zip(record["nodes"], texts, strict=True)]})


def _record(kind: type[Kind], data: Mapping[str, Any]) -> Kind:
    try:
        return TypeAdapter(kind).validate_python({name: data[name] for name in kind.__slots__ if name in data})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise NoRecord(f"its {kind.__name__} cannot be read: {place}: {first['msg']}") from None
