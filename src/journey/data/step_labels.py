"""Sets of solutions and trees with labelled steps, to judge judges by: one literal table of the formats people publish.

| format | labels |
| --- | --- |
| ProcessBench (Zheng et al. 2024) | `label`: first wrong step from 0, -1: none |
| BIG-Bench-Mistake (Tyen et al. 2024) | `mistake_index`: first wrong step from 0, null: none |
| MR-GSM8K (Zeng et al. 2024), MR-MATH (Xia et al. 2024) | `..._first_error_step` from 1 |
| Mr-Ben (Zeng et al. 2024) | `Model_Solution_First_Error_Step` from 1 or "N/A"; the options are part of the question |
| PRMBench (Song et al. 2025) | `error_steps` from 1, all others right; redundant steps are errors there, too |
| perturbed PRM800K (Xia et al. 2024) | `tags`: the changed step from 0; the step after a repetition is neutral |
| redundancy, PRM800K phase 2 (Xia et al. 2024) | `rating` a step: 1 right, 0 neutral |
| PRM800K (Lightman et al. 2023) | trees, see `data.prm800k` |
| Math-Shepherd (Wang et al. 2024) | + or - in place of the tag behind each step, see `data.labelled` |
| RLHFlow's PRM data (Xiong et al. 2024) | a turn a step, answered + or - |
| TRL's stepwise type | `prompt`, `completions`, `labels` |
| ours | `question`, `steps`, `labels` ("right", "neutral", "wrong", true, false, + and -, a number in [0, 1], null) |

After a first wrong step nothing is labelled: what follows from it was judged by nobody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from journey.answers.find import find_answer
from journey.answers.grade import Grade
from journey.data import labelled, prm800k
from journey.errors import UsageError
from journey.store import datafiles
from journey.tasks.labelled import NEUTRAL, RIGHT, WRONG, Labelled, LabelledSet, Labels, solution, until
from journey.tasks.table import TASKS
from journey.trees.mark import is_unusable, verdict
from journey.types import Problem, Tree, Verdict

Row = Mapping[str, Any]


class Format(NamedTuple):
    """How a published set stands in its file: its keys, and how a row is read (a text: why the row is out).

    `by` names who labelled the steps where the name of the format does not.
    """

    name: str
    keys: frozenset[str]
    read: Callable[[Row], Labelled | str]
    bad: Verdict = "wrong"
    by: str = ""


def load(path: Path, limit: int | None = None) -> LabelledSet:
    """The set in a file, its format known by the keys of its first row. Raises UsageError for one that is in none."""
    rows = datafiles.rows(path)
    items: list[Labelled] = []
    skipped: dict[str, int] = {}
    form: Format | None = None
    for where, row in rows:
        form = form or format_of(row)
        if form is None:
            raise UsageError(f"{where} is {NO_FORMAT}")
        if len(items) == limit:
            break
        try:
            found = form.read(row)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UsageError(f"{where} is no row of {form.name} as others in it are ({error!r})") from None
        if isinstance(found, str):
            skipped[found] = skipped.get(found, 0) + 1
        else:
            items.append(found)
    if not items or form is None:
        raise UsageError(f"{path} holds no labelled solutions")
    return LabelledSet(path.name.removesuffix(".gz").rsplit(".", 1)[0], items, form.bad, skipped)


async def load_prm800k(path: Path, limit: int | None = None) -> LabelledSet:
    """A PRM800K file as one tree a problem. Raises UsageError."""
    found = await prm800k.read([path], _Unchecked(), limit)
    name = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return of_trees(name, zip(found.problems, found.trees, strict=True))


def is_prm800k(path: Path) -> bool:
    """Whether the file's first row is one of PRM800K."""
    return next((isinstance(row.get("label"), dict) for _, row in datafiles.rows(path)), False)


def of_trees(name: str, trees: Iterator[tuple[Problem, Tree]]) -> LabelledSet:
    """Judged trees as a set: the judgements of their steps are the labels; steps cut off or unjudged have none."""
    items = [of_tree(problem, tree) for problem, tree in trees]
    return LabelledSet(name, [item for item in items if any(item.labels)])


def of_tree(problem: Problem, tree: Tree) -> Labelled:
    """One judged tree."""
    labels: Labels = tuple(None if is_unusable(node) else verdict(node) for node in tree.nodes)
    texts, parents = tuple(n.text for n in tree.nodes), tuple(n.parent for n in tree.nodes)
    return Labelled(tree.id, problem, texts, labels, parents, (1,) * len(texts), is_solution=False)


def format_of(row: Row) -> Format | None:
    """The format that has the row's keys; null where none has."""
    return next((form for form in FORMATS if form.keys <= row.keys()), None)


def _number(value: object) -> int | None:
    """A step's number from 1 as an index from 0; null for "N/A"."""
    return None if value in ("N/A", None, "") else int(str(value)) - 1


def _processbench(row: Row) -> Labelled:
    first = None if row["label"] == -1 else int(row["label"])
    return solution(row["id"], row["problem"], row.get("answer"), row["steps"], until(first, len(row["steps"])))


def _mistake(row: Row) -> Labelled:
    labels = until(row["mistake_index"], len(row["steps"]))
    return solution(row["id"], row["input"], row["target"], row["steps"], labels)


def _mr_gsm8k(row: Row) -> Labelled:
    steps = row["model_output_steps"]
    labels = until(_number(row["model_output_solution_first_error_step"]), len(steps))
    return solution(row["uuid"], row["question"], row["ground_truth_answer"], steps, labels)


def _mr_math(row: Row) -> Labelled:
    parts = row["model_output_step_format"]
    labels = until(_number(row["model_output_solution_first_error_step"]), len(parts))
    steps, pieces = ["\n".join(lines) for lines in parts], [len(lines) for lines in parts]
    return solution(row["id"], row["question"], row["ground_truth_answer"], steps, labels, pieces)


def _redundancy(row: Row) -> Labelled:
    steps = ["\n".join(lines) for lines in row["model_output_step_format"]]
    labels: Labels = tuple(prm800k.VERDICTS[rating] for rating in row["rating"])
    return solution(row["id"], row["question"], row["ground_truth_answer"], steps, labels)


def _mr_ben(row: Row) -> Labelled:
    question = "\n".join(filter(None, (row["Question"], row["Options"])))
    steps = row["Model_Solution_Steps"]
    id = f"{row['Question_UUID']}/{row['Sampled_Model']}"
    labels = until(_number(row["Model_Solution_First_Error_Step"]), len(steps))
    return solution(id, question, row["Ground_Truth_Answer"], steps, labels)


def _prmbench(row: Row) -> Labelled | str:
    steps, wrong = row["modified_process"], {int(number) for number in row["error_steps"] or ()}
    if wrong - set(range(1, len(steps) + 1)):
        return "an error step that is not there"
    labels: Labels = tuple(WRONG if number in wrong else RIGHT for number in range(1, len(steps) + 1))
    return solution(f"{row['classification']}/{row['idx']}", row["modified_question"], None, steps, labels)


def _perturbed(row: Row) -> Labelled | str:
    steps, kind, at = row["hypothesis_steps"], row["error_type"], row["tags"]
    labels: Labels
    if kind in ("random number", "random operation"):
        labels = until(at, len(steps))
    elif kind == "repeat step":
        labels = tuple(NEUTRAL if i == at + 1 else RIGHT for i in range(len(steps)))
    else:
        return f"{kind}: no single step is wrong"
    return solution(row["id"], row["question"], row["ground_truth_answer"], steps, labels)


def _reading(read: Callable[[Row], labelled.Solution]) -> Callable[[Row], Labelled]:
    return lambda row: _of(row, read(row))


def _ours(row: Row) -> Labelled:
    task = row.get("task")  # ours only where it is in the table: Math-Shepherd's rows have a task of their own kind
    return _of(row, labelled.labelled(row["question"], row["steps"], row["labels"]), task if task in TASKS else "")


def _of(row: Row, found: labelled.Solution, task: str = "math") -> Labelled:
    verdicts: Labels = tuple(one.verdict for one in found.labels)
    made = solution(row.get("id", found.question), found.question, row.get("answer"), found.steps, verdicts, task=task)
    return replace(made, scores=tuple(one.score for one in found.labels))


FORMATS = (
    Format("ProcessBench", frozenset({"problem", "steps", "label"}), _processbench),
    Format("BIG-Bench-Mistake", frozenset({"input", "steps", "mistake_index"}), _mistake),
    Format("MR-GSM8K", frozenset({"model_output_steps", "model_output_solution_first_error_step"}), _mr_gsm8k),
    Format("MR-MATH", frozenset({"model_output_step_format", "model_output_solution_first_error_step"}), _mr_math),
    Format("PRM800K redundancy", frozenset({"model_output_step_format", "rating"}), _redundancy, "neutral"),
    Format("Mr-Ben", frozenset({"Model_Solution_Steps", "Model_Solution_First_Error_Step"}), _mr_ben),
    Format("PRMBench", frozenset({"modified_process", "error_steps"}), _prmbench),
    Format("perturbed PRM800K", frozenset({"hypothesis_steps", "error_type", "tags"}), _perturbed),
    Format("Math-Shepherd", frozenset({"input", "label"}), _reading(labelled.math_shepherd)),
    Format("RLHFlow's chats", frozenset({"conversations"}), _reading(labelled.chat), by="RLHFlow"),
    Format(
        "TRL's stepwise type", frozenset({"prompt", "completions", "labels"}), _reading(labelled.stepwise), by="labels"
    ),
    Format("question, steps, labels", frozenset({"question", "steps", "labels"}), _ours, by="labels"),
)
NO_FORMAT = f"in no format of labelled steps that is known ({', '.join(form.name for form in FORMATS)}, PRM800K)"


class _Unchecked:
    """Finds answers and checks none: labels are all that is wanted here."""

    async def grade(self, problem: Problem, text: str) -> Grade:
        return Grade(find_answer(text), None)
