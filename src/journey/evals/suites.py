"""Suites: what training did to everything else, part by part, before against after.

A part says which problems it has, how they are graded, by whose words they are read, and where they are from. Puzzles
are made here and graded exactly; problems in words are read from the user's own files and never kept elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from journey.answers.grade import Grader
from journey.data.benchmarks import BENCHMARKS
from journey.data.problems import GENERAL
from journey.errors import UsageError
from journey.evals import suite_files
from journey.evals.rule_graders import ClaimGrader
from journey.evals.suite_files import Claims
from journey.tasks import remarks
from journey.tasks.base import Task, Variant
from journey.tasks.remarks import UnsolvableGrader
from journey.tasks.table import TASKS, task_of
from journey.types import Problem

Grading = Literal["exact", "reader", "facts", "safety"]


class Item(NamedTuple):
    """A problem of a part, and the id of the same one without what the part adds; null: it has none."""

    problem: Problem
    twin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What parts are made of: the run's task and tested problems, how many problems a part, the seed, users' files."""

    task: Task
    own: Sequence[Problem]
    count: int
    seed: int = 0
    files: Mapping[str, Path] = field(default_factory=dict[str, Path])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a suite.

    `about` says what is asked, `source` where it is from. `grading`: "exact" by the puzzle's rules, "reader" by the
    task's reader of answers, "facts" and "safety" by a judge or a rule that the user names. `twin` is the part whose
    problems it asks again with something added. `file`: its problems are read from the file that the user gives
    under this name. `make` gives the problems; none: the run's task has no such ones. `grader` is one of its own by the
    name of the task that it stands for.
    """

    name: str
    about: str
    source: str
    grading: Grading
    make: Callable[[Material], Sequence[Item]]
    twin: str | None = None
    file: str | None = None
    grader: Callable[[Material], Mapping[str, Grader]] = lambda material: {}


OWN, MATHS = "as trained", "maths"
MADE_HERE = "drawn here, held out from every training"


def general(task: Task) -> tuple[Part, ...]:
    """The parts of the general suite for models that were trained on a task (O1 Replication Journey part 2, section 4).

    The variants of the task's puzzles stand in its own folder.
    """
    return (
        Part(name=OWN, about="the run's own tested problems", source="the run", grading="exact",
             make=lambda m: [Item(p) for p in m.own[: m.count]]),
        *map(_variant, task.variants),
        *map(_other, _other_puzzles(task)),
        Part(name="a right hint", about="as trained, with a step of a right way behind the question", source=MADE_HERE,
             grading="exact", make=_remarked(remarks.right_hint), twin=OWN),
        Part(name="a wrong hint", about="as trained, with a step after which the goal is out of reach",
             source=MADE_HERE, grading="exact", make=_remarked(remarks.wrong_hint), twin=OWN),
        Part(name="a right claim", about="as trained; somebody says something true", source=MADE_HERE,
             grading="exact", make=_remarked(remarks.right_claim), twin=OWN),
        Part(name="a wrong claim", about="as trained; somebody says something false", source=MADE_HERE,
             grading="exact", make=_remarked(remarks.wrong_claim), twin=OWN),
        _read("simpleqa", "short questions of fact (SimpleQA)", "facts", suite_files.benchmark),
        _read("chinese_simpleqa", "short questions of fact in Chinese (Chinese SimpleQA)", "facts",
              suite_files.chinese_facts),
        _read("flames", "Chinese prompts that provoke (Flames)", "safety", suite_files.prompts("prompt", "zh")),
        _read("diasafety", "what users write in dangerous dialogues (DiaSafety)", "safety",
              suite_files.prompts("context", "en")),
        _read(MATHS, "the user's maths questions, as they are", "reader", suite_files.maths),
        Part(name="maths, a wrong claim", about="the same; a friend is sure of a wrong answer", grading="reader",
             make=lambda m: [Item(one.problem, one.twin) for one in _claimed(m)], twin=MATHS, grader=_claim_grader,
             source="the user's file of the part maths", file=MATHS),
        _read("bbh", "BIG-Bench Hard, its tasks in turn", "reader", suite_files.bbh),
        *(_read(name.casefold(), f"the benchmark {name}", "reader", suite_files.benchmark)
          for name, of in BENCHMARKS.items() if of.task == "math"),
    )  # fmt: skip


SUITES: dict[str, Callable[[Task], tuple[Part, ...]]] = {GENERAL: general}
"""The suites by name; each is also the part of the problems that its attempts are kept under."""


def parts_of(suite: str, task: Task) -> tuple[Part, ...]:
    """The parts of the suite of that name for models that were trained on a task. Raises UsageError."""
    if suite not in SUITES:
        raise UsageError(f"there is no suite {suite!r}; known are {', '.join(SUITES)}")
    return SUITES[suite](task)


def check_files(parts: Sequence[Part], files: Mapping[str, Path]) -> None:
    """Raises UsageError for files of parts that read none, and for files that are not there."""
    known = sorted({part.file for part in parts if part.file is not None})
    for name, path in files.items():
        if name not in known:
            raise UsageError(f"no part {name!r} of the suite reads a file; those that do are {', '.join(known)}")
        if not path.is_file():
            raise UsageError(f"there is no file {path} for --data {name}={path}; give one with its rows")


def missing(part: Part, material: Material) -> str | None:
    """Why a part has no problems to ask here, with the mend; null where it has some."""
    if part.file is not None and part.file not in material.files:
        return "no file was given: --data PART=FILE" + (f" ({part.file})" if part.file != part.name else "")
    if part.grading == "exact" and part.name != OWN and material.task.ground is None:
        return f"problems of the task {material.task.name} are no puzzles"
    return None


def _variant(of: Variant) -> Part:
    def make(material: Material) -> list[Item]:
        return [Item(problem) for problem in of.draw(material.count, material.seed)]

    grader = (lambda m: {m.task.name: UnsolvableGrader(m.task)}) if of.unsolvable else (lambda m: {})
    return Part(name=of.name, about=of.about, source=MADE_HERE, grading="exact", make=make, grader=grader)


def _other_puzzles(task: Task) -> list[str]:
    """The names of the tasks that draw other puzzles; of several that tell the same puzzles, the first."""
    found: dict[type | None, str] = {}
    for name, other in TASKS.items():
        if other.draw is not None and other.settings is not task.settings:
            found.setdefault(other.settings, name)
    return list(found.values())


def _other(name: str) -> Part:
    """A part of another embedded puzzle than the run's, as that one's own test problems are drawn."""
    other = TASKS[name]

    def make(material: Material) -> list[Item]:
        assert other.draw is not None and other.settings is not None
        found = other.draw("suite", material.count, material.seed, other.settings(), held_out=True)
        return [Item(problem) for problem in found]

    about = f"an embedded puzzle that the run is not about ({name})"
    return Part(name=f"another puzzle, {name}", about=about, source=MADE_HERE, grading="exact", make=make)


def _remarked(remark: Callable[[Problem], Problem | None]) -> Callable[[Material], list[Item]]:
    def make(material: Material) -> list[Item]:
        found: list[Item] = []
        for problem in material.own[: material.count]:
            if task_of(problem).ground is not None:
                with suppress(UsageError):  # one step solves it, so that any hint would be the whole solution
                    if (changed := remark(problem)) is not None:
                        found.append(Item(changed, problem.id))
        return found

    return make


def _read(name: str, about: str, grading: Grading, read: suite_files.Read) -> Part:
    """A part of the problems in the user's file of its name."""

    def make(material: Material) -> list[Item]:
        return [Item(problem) for problem in read(name, material.files[name], material.count)]

    return Part(name=name, about=about, source="the user's file", grading=grading, make=make, file=name)


def _claim_grader(material: Material) -> dict[str, Grader]:
    claimed = {one.problem.id: one.claimed for one in _claimed(material)}
    return {"math": ClaimGrader(TASKS["math"].grader(), claimed)}


def _claimed(material: Material) -> list[Claims]:
    return suite_files.claims(suite_files.maths(MATHS, material.files[MATHS], material.count))
