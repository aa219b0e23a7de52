"""PRM800K's rows as trees: people's ratings of every step, phases 1 and 2 (Lightman et al., Let's Verify Step by Step).

One row is one worked trajectory: `label.steps[k].completions` are alternatives for step k, all written after the same
chosen steps, each rated by a person. They hang under the step that was chosen before, the next ones under
`completions[chosen_completion]`, or under `human_completion` where that is null. Rows of one problem share one root.

Ratings 1, 0, -1 and null become right, neutral, wrong and null. Steps that a person wrote have no rating: their
verdict is null. Labels of error kinds that redistributors added are no rater's words and are not read as reasons.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from journey.answers.find import find_answer
from journey.answers.grade import Grader
from journey.data.row_records import Imported, Listed
from journey.errors import UsageError
from journey.store import datafiles
from journey.trees.mark import no_thought_reason, verdict
from journey.types import Judgement, Node, Problem, Tree, Verdict, content_hash, make_problem

POLICY = "prm800k"
JUDGE = "human"
ANSWER_MARK = "# Answer"
VERDICTS: dict[int | None, Verdict | None] = {1: "right", 0: "neutral", -1: "wrong", None: None}
STRICTNESS: tuple[Verdict | None, ...] = (None, "right", "neutral", "wrong")


class Completion(BaseModel, strict=True):
    """One alternative for a step. `rating` null: nobody rated it."""

    text: str
    rating: Literal[-1, 0, 1] | None = None


class HumanCompletion(BaseModel, strict=True):
    """A step that the person wrote because no alternative was good."""

    text: str


class Step(BaseModel, strict=True):
    """The alternatives for one step and which of them the trajectory goes on with."""

    completions: list[Completion] | None = None
    human_completion: HumanCompletion | None = None
    chosen_completion: int | None = Field(None, ge=0)


class Label(BaseModel, strict=True):
    """A person's work on one trajectory. `finish_reason`: solution, found_error, give_up, bad_problem or null."""

    steps: list[Step] = Field(min_length=1)
    finish_reason: str | None = None


class Question(BaseModel, strict=True):
    """The problem, upstream sometimes without its answer; phase 2's `pre_generated_*` fields are in the steps too."""

    problem: str = Field(min_length=1)
    ground_truth_answer: str | None
    ground_truth_solution: str | None = None


class Origin(BaseModel):
    """What redistributions add about the problem."""

    subject: str | None = None
    level: str | int | None = None


class Row(BaseModel, strict=True):
    """One line of a PRM800K file; other fields (labeler, timestamp, ...) are not needed."""

    question: Question
    label: Label
    math: Origin | None = None


@dataclass(slots=True)
class Growing:
    """The tree of one problem while its rows are read; `known` finds a step by its parent, text and answer."""

    problem: Problem
    file: str
    line: int
    nodes: list[Node] = field(default_factory=list[Node])
    known: dict[tuple[int, str, str | None], int] = field(default_factory=dict[tuple[int, str, str | None], int])


async def read(paths: Sequence[Path | str], grader: Grader, limit: int | None = None) -> Imported:
    """The problems and trees of PRM800K files (.jsonl or .jsonl.gz), and the rows that gave none, with the reason.

    With a `limit` no more than so many problems begin; their later rows are read all the same. Raises UsageError for a
    file that is missing, empty or not JSON lines.
    """
    growing: dict[str, Growing] = {}
    listed: list[Listed] = []
    for file in map(Path, paths):
        for line, row in rows(file):
            if line % 50 == 0:
                await asyncio.sleep(0)  # an interrupt takes effect here; large files take minutes to read
            if isinstance(row, str):
                listed.append(Listed("no tree", str(file), line, None, row))
                continue
            problem = problem_of(row)
            if problem.id not in growing and len(growing) == limit:
                continue
            tree = growing.setdefault(problem.id, Growing(problem, str(file), line))
            before = len(tree.nodes)
            hang(tree, row.label)
            if (tree.file, tree.line) != (str(file), line):
                gain = f"{len(tree.nodes) - before or 'no'} new steps"
                reason = f"joined the tree of {tree.file}:{tree.line}, the same problem, with {gain}"
                listed.append(Listed("merged", str(file), line, problem.id, reason))
    trees = await asyncio.gather(*(finish(started, grader) for started in growing.values()))
    for started, tree in zip(growing.values(), trees, strict=True):
        reason = no_thought_reason(tree)
        if reason is not None:
            listed.append(Listed("no thought", started.file, started.line, started.problem.id, reason))
    return Imported([started.problem for started in growing.values()], trees, listed)


def problems(paths: Sequence[Path | str], limit: int | None = None) -> list[Problem]:
    """The problems that `read` would give, without their trees: nothing is hung or checked. Raises UsageError."""
    found: dict[str, Problem] = {}
    for file in map(Path, paths):
        for _, row in rows(file):
            if isinstance(row, Row) and (limit is None or len(found) < limit):
                problem = problem_of(row)
                found.setdefault(problem.id, problem)
    return list(found.values())


def rows(file: Path) -> Iterator[tuple[int, Row | str]]:
    """Every line that is not blank, with its number from 1: a row, or in words how its shape is broken."""
    for number, line in datafiles.lines(file):
        if line.strip():
            yield number, _row(file, number, line)


def broken(row: Row) -> str | None:
    """Why the row makes no tree though its fields have the right types; null where it makes one."""
    if reference(row.question) is None:
        return "the problem has no reference answer, so no final answer can be checked"
    last = len(row.label.steps) - 1
    for index, step in enumerate(row.label.steps):
        alternatives = len(step.completions or ())
        if step.chosen_completion is not None and step.chosen_completion >= alternatives:
            return f"step {index + 1} chooses completion {step.chosen_completion} of {alternatives} (counted from 0)"
        if step.chosen_completion is None and step.human_completion is None and index < last:
            return f"step {index + 1} chooses no completion, but steps follow it"
    return None


def reference(question: Question) -> str | None:
    """The problem's answer, from its worked solution where it is not given by itself; null where neither has one."""
    return question.ground_truth_answer or find_answer(question.ground_truth_solution or "")


def problem_of(row: Row) -> Problem:
    """The row's problem."""
    question, origin = row.question, row.math or Origin()
    return make_problem(
        question.problem,
        reference(question) or "",
        source="prm800k",
        solution=question.ground_truth_solution,
        level=None if origin.level is None else str(origin.level),
        subject=origin.subject,
        task="math",
    )


def hang(tree: Growing, label: Label) -> None:
    """Hang a trajectory into the tree: all alternatives of a step under the step that was chosen before."""
    parent = -1
    for step in label.steps:
        places = [
            place(tree, parent, c.text, Judgement(VERDICTS[c.rating], reason=_unrated(c), by=JUDGE), by="generator")
            for c in step.completions or ()
        ]
        if step.human_completion is not None:
            unrated = Judgement(None, reason="written by a person", by=JUDGE)
            places.append(place(tree, parent, step.human_completion.text, unrated, by="human"))
        if step.chosen_completion is not None:
            parent = places[step.chosen_completion]
        elif step.human_completion is not None:
            parent = places[-1]


def place(tree: Growing, parent: int, text: str, judgement: Judgement, by: str) -> int:
    """The index of the step under `parent`: a new node, or the sibling that reads the same.

    Where the ratings of merged siblings differ, the stricter one stands; a rating stands above none.
    """
    text, answer = split_answer(text)
    index = tree.known.setdefault((parent, text, answer), len(tree.nodes))
    if index == len(tree.nodes):
        tree.nodes.append(Node(parent, text, judgement, answer, correct=None, by=by))
        return index
    before = tree.nodes[index]
    assert before.judgement is not None  # every node here is made with one
    if STRICTNESS.index(judgement.verdict) > STRICTNESS.index(before.judgement.verdict):
        tree.nodes[index] = replace(before, judgement=judgement)
    return index


def split_answer(text: str) -> tuple[str, str | None]:
    """A step's text without its last "# Answer" and what stands after it, and the answer; null where there is none.

    A step that is nothing but the answer keeps its text.
    """
    before, mark, answer = text.rpartition(ANSWER_MARK)
    before, answer = before.strip(), answer.strip()
    if not mark or not answer:
        return text.strip(), None
    return before or text.strip(), answer


async def finish(growing: Growing, grader: Grader) -> Tree:
    """The tree with its final answers checked, each different one once."""
    problem = growing.problem
    answers = sorted({node.answer for node in growing.nodes if node.answer is not None})
    grades = await asyncio.gather(*(grader.grade(problem, f"{ANSWER_MARK}\n\n{answer}") for answer in answers))
    correct = {answer: grade.correct for answer, grade in zip(answers, grades, strict=True)}
    nodes = tuple(
        node if node.answer is None else replace(node, correct=correct[node.answer]) for node in growing.nodes
    )
    steps = [(node.parent, node.text, node.answer, verdict(node)) for node in nodes]
    return Tree(content_hash("tree", problem.id, POLICY, JUDGE, steps), problem.id, nodes, POLICY, JUDGE)


def _row(file: Path, line: int, text: bytes) -> Row | str:
    try:
        row = Row.model_validate_json(text)
        return broken(row) or row
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise UsageError(
                f"{file}:{line} is not JSON; each line of a PRM800K file is a JSON object in UTF-8"
            ) from None
        where = ".".join(map(str, first["loc"])) or "the row"
        return f"not the shape of a PRM800K row: {where}: {first['msg']}"


def _unrated(completion: Completion) -> str | None:
    return "not rated" if completion.rating is None else None
