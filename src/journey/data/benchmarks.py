"""Benchmarks by name: where each is on the Hugging Face Hub, its columns, its licence, and how it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from journey.data.columns import Columns
from journey.data.problems import Loaded, read
from journey.errors import UsageError
from journey.store.datafiles import Row, rows
from journey.tasks.code.sources import problem_of
from journey.types import Problem, make_problem


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    `hub` is the data set's Hub id ("owner/name:config"), null where none could be confirmed; then a file must be given.
    `split` is its part on the Hub, `task` the name of its task.
    """

    hub: str | None
    split: str
    columns: Columns
    task: str
    licence: str


_AIME = "texts (c) Mathematical Association of America"
_WITH_SOLUTION = Columns("problem", "answer", "solution")
_BBH = Columns("input", "target")

BENCHMARKS: Mapping[str, Benchmark] = {
    "MATH500": Benchmark(
        "HuggingFaceH4/MATH-500", "test",
        Columns("problem", "answer", "solution", "level", "subject"), "math", "MIT",
    ),
    "GSM8K": Benchmark("openai/gsm8k:main", "test", Columns("question", "answer"), "math", "MIT"),
    "AIME24": Benchmark("HuggingFaceH4/aime_2024", "train", _WITH_SOLUTION, "math", _AIME),
    "AIME25": Benchmark("math-ai/aime25", "test", Columns("problem", "answer"), "math", f"Apache-2.0; {_AIME}"),
    "AMC23": Benchmark("math-ai/amc23", "test", Columns("question", "answer"), "math", _AIME),
    "OlympiadBench": Benchmark(
        "Hothan/OlympiadBench:OE_TO_maths_en_COMP", "train",
        Columns("question", "final_answer", "solution", None, "subfield"), "math", "Apache-2.0",
    ),
    "CN-math-2024": Benchmark(None, "test", _WITH_SOLUTION, "math", "MIT; contest texts (c) their owners"),
    "Gaokao-en": Benchmark(
        "MARIO-Math-Reasoning/Gaokao2023-Math-En", "train", Columns("question", "answer"), "math", "not stated"
    ),
    "HumanEval": Benchmark(
        "openai/openai_humaneval", "test", Columns("prompt", "test", "canonical_solution"), "code", "MIT"
    ),
    "SimpleQA": Benchmark(
        "basicv8vc/SimpleQA", "test", Columns("problem", "answer", None, None, "topic"), "judged", "MIT"
    ),
}  # fmt: skip

# BIG-Bench Hard is 27 benchmarks, "BBH/boolean_expressions" and so on, each a config of one Hub data set.
BBH_TASKS = (
    "boolean_expressions", "causal_judgement", "date_understanding", "disambiguation_qa", "dyck_languages",
    "formal_fallacies", "geometric_shapes", "hyperbaton", "logical_deduction_five_objects",
    "logical_deduction_seven_objects", "logical_deduction_three_objects", "movie_recommendation",
    "multistep_arithmetic_two", "navigate", "object_counting", "penguins_in_a_table",
    "reasoning_about_colored_objects", "ruin_names", "salient_translation_error_detection", "snarks",
    "sports_understanding", "temporal_sequences", "tracking_shuffled_objects_five_objects",
    "tracking_shuffled_objects_seven_objects", "tracking_shuffled_objects_three_objects", "web_of_lies", "word_sorting",
)  # fmt: skip


def benchmark(name: str) -> Benchmark:
    """The benchmark of that name, capitals aside. Raises UsageError."""
    return _found(name)[1]


def load(name: str, file: str | None = None, limit: int | None = None) -> Loaded:
    """The problems of a benchmark, from the Hub or from a file of the same columns.

    Raises UsageError for an unknown name, and for one without a Hub id where no file is given.
    """
    called, known = _found(name)
    if file is None and known.hub is None:
        raise UsageError(
            f"no Hub data set of {called} is known; give its file, as in: journey import benchmark {called} FILE"
        )
    path, split = (known.hub or "", known.split) if file is None else (file, None)
    if known.task == "code":
        return _code(called, path, split, limit)
    task = called.partition("/")[2]
    first = next(rows(path, split=split), ("", {}))[1]
    if file is not None and task and "task" in first:
        return _tasks(called, task, path, limit)
    columns = known.columns if file is None else _there(known.columns, first)
    loaded = read(path, columns=columns, split=split, limit=limit)
    return replace(loaded, problems=[replace(p, source=called, task=known.task) for p in loaded.problems])


def _found(name: str) -> tuple[str, Benchmark]:
    for called, known in BENCHMARKS.items():
        if called.casefold() == name.casefold():
            return called, known
    kind, _, task = name.partition("/")
    if kind.casefold() == "bbh" and task.casefold() in BBH_TASKS:
        task = task.casefold()
        return f"BBH/{task}", Benchmark(f"lukaemon/bbh:{task}", "test", _BBH, "text", "MIT")
    raise UsageError(
        f"there is no benchmark {name!r}; known are {', '.join(BENCHMARKS)} and BBH/TASK (BBH/navigate, ...)"
    )


def _there(columns: Columns, row: Row) -> Columns:
    """The columns that the row has; a file may name the others otherwise."""
    names = {f.name: getattr(columns, f.name) for f in fields(Columns)}
    return Columns(**{what: name if name in row else None for what, name in names.items()})


def _tasks(called: str, task: str, path: str, limit: int | None) -> Loaded:
    """The rows of one task in a file that holds several."""
    found: dict[str, Problem] = {}
    repeated = 0
    for _, row in rows(path):
        if row.get("task") == task and (limit is None or len(found) < limit):
            problem = make_problem(str(row["input"]), str(row["target"]), source=called, subject=task, task="text")
            repeated += problem.id in found
            found.setdefault(problem.id, problem)
    if not found:
        raise UsageError(f"{path} has no rows of the task {task}")
    return Loaded(list(found.values()), repeated, 0)


def _code(called: str, path: str, split: str | None, limit: int | None) -> Loaded:
    """HumanEval: the question is the function's head, the answer the tests with the call that runs them."""
    found: dict[str, Problem] = {}
    for place, row in rows(path, split=split):
        if limit is not None and len(found) >= limit:
            break
        missing = [name for name in ("prompt", "test", "entry_point") if not isinstance(row.get(name), str)]
        if missing:
            raise UsageError(f"{place} has no text in {', '.join(missing)}; HumanEval's rows have all three")
        problem = problem_of(row, place, called)
        found.setdefault(problem.id, problem)
    return Loaded(list(found.values()), 0, 0)
