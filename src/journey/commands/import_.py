"""journey import: problems, puzzles, rated trees, labelled solutions and exported records become part of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from journey import interrupts
from journey.answers.grade import Grade, Grader
from journey.commands import flags
from journey.commands.output import check_part, say, sheet, tree_lines
from journey.commands.progress import Bars
from journey.data import comcts, labelled_trees, prm800k, thought_logs, traces
from journey.data.columns import Columns
from journey.data.importing import (
    ProblemFiles,
    check_files,
    had_a_tree,
    import_benchmark,
    import_problems,
    import_records,
    opened,
    store_rated,
)
from journey.errors import UsageError
from journey.pipeline.holdings import tree_counts
from journey.prompts import languages
from journey.store import images
from journey.store.run import Run
from journey.tasks.table import TaskGrader
from journey.tasks.table import task as task_named
from journey.trees import mark
from journey.types import Problem

STAGE = "import"

Lines = list[tuple[str, Any]]


def import_(
    format: Annotated[flags.Format, typer.Argument(help="What the files hold.")],
    files: Annotated[
        list[str],
        typer.Argument(
            help="JSONL, JSON or Parquet files, or a Hub id of problems or labelled solutions.", metavar="FILE..."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The run's folder.", metavar="RUN")],
    question_column: Annotated[str | None, typer.Option(help="Where the question stands.", metavar="NAME")] = None,
    answer_column: Annotated[str | None, typer.Option(help="Where the answer stands.", metavar="NAME")] = None,
    solution_column: Annotated[str | None, typer.Option(help="Where a solution stands.", metavar="NAME")] = None,
    level_column: Annotated[str | None, typer.Option(help="Where the level stands.", metavar="NAME")] = None,
    subject_column: Annotated[str | None, typer.Option(help="Where the subject stands.", metavar="NAME")] = None,
    choices_column: Annotated[
        str | None, typer.Option(help="Where the options stand, which become part of the question.", metavar="NAME")
    ] = None,
    context_column: Annotated[
        str | None, typer.Option(help="Where stands what is told before the question.", metavar="NAME")
    ] = None,
    images_column: Annotated[
        str | None, typer.Option(help="Where the pictures stand (docs/pictures.md).", metavar="NAME")
    ] = None,
    split: Annotated[
        str, typer.Option(help="The part of the run: phase1, train, validation or test.", metavar="PART")
    ] = "train",
    hub_split: Annotated[
        str | None, typer.Option(help="The split of a Hub data set or folder; train if not given.", metavar="NAME")
    ] = None,
    language: flags.Language = None,
    task: Annotated[
        str | None,
        typer.Option(help="The task of a file of puzzles, in its own form; countdown if not given.", metavar="NAME"),
    ] = None,
    limit: flags.Limit = None,
    json: flags.Json = False,
) -> int:
    """Bring problems, trees or records into a run.

    Columns of problems are found by their usual names (question or problem, answer, solution, ...) or named.
    `import benchmark MATH500` takes a known benchmark from the Hub, or from the FILE named behind it, to be tested on.
    `traces` are rollout records of verifiers (docs/exports.md), which become trees and thoughts.
    `tot` are the public logs of Tree of Thoughts (Game of 24, crosswords), a tree a row.
    `comcts` are the results of Mulberry's search with images, a tree a row (docs/pictures.md).
    `labelled` are solutions with labelled steps (Math-Shepherd, TRL's stepwise type, ProcessBench, ...), a tree a row.
    Every row of these and of PRM800K is accounted for: it makes a tree, joins one, or is listed with the reason.
    """
    check_part(split)
    columns = Columns(
        question_column,
        answer_column,
        solution_column,
        level_column,
        subject_column,
        choices_column,
        context_column,
        images=images_column,
    )
    _check_options(format, files, columns, hub_split, limit)
    if language is not None and format not in ("problems", "puzzles", "benchmark"):
        raise UsageError(f"--language is for problems, not for {format}; leave it out")
    if task is not None and format != "puzzles":
        raise UsageError(f"--task is for puzzles, not for {format}: journey import puzzles FILE --task {task}")
    language = None if language is None else languages.normal(language)
    part = "test" if format == "benchmark" and split == "train" else split
    with opened(out) as into:  # first of all, so that a second writer is refused at once
        match format:
            case "prm800k" | "labelled" | "tot" | "comcts":
                data, lines = _rated(into, format, files, hub_split, limit, json)
            case "traces":
                data, lines = _traces(into, files, limit, json)
            case "trees" | "thoughts" | "attempts" | "rollouts":
                data = import_records(into, format, files)
                lines = _record_lines(format, data)
            case "benchmark":
                data = import_benchmark(into, files[0], files[1] if len(files) == 2 else None, limit, part, language)
                lines = list(data.items())
            case "problems" | "puzzles":
                own = task_named(task or "countdown") if format == "puzzles" else None
                if own is not None and own.read is None:
                    raise UsageError(f"the task {task} has no files of its own; import its problems as problems")
                how = ProblemFiles(
                    part=split, task=own, columns=columns, hub_split=hub_split, limit=limit, language=language
                )
                data = import_problems(into, files, how)
                lines = _problem_lines(data)
    say(json, {"run": str(out), **data}, sheet(out, lines))
    return 0


def _check_options(
    format: flags.Format, files: Sequence[str], columns: Columns, hub_split: str | None, limit: int | None
) -> None:
    """Raises UsageError for options that do not go with what the files hold, and for files that are not there."""
    has_columns = columns != Columns()
    if format == "benchmark":
        if has_columns or hub_split:
            raise UsageError("a benchmark has its own columns and split; leave them out, or import it as problems")
        if len(files) > 2:
            raise UsageError(
                "a benchmark is a name and at most one file, as in: journey import benchmark AIME25 aime.jsonl"
            )
        check_files(files[1:])
        return
    if format not in ("problems", "puzzles") and has_columns:
        raise UsageError(f"columns are for problems, not for {format}; leave them out")
    if format not in ("problems", "puzzles", "labelled") and hub_split:
        raise UsageError(f"--hub-split is for problems, not for {format}; leave it out")
    if format in ("trees", "thoughts", "attempts", "rollouts") and limit is not None:
        raise UsageError(f"--limit is for problems and rated trees, not for {format}; leave it out")
    if format not in ("problems", "labelled"):
        check_files(files)


class ShownGrader:
    """A grader that shows how many of the answers that were put to it are checked."""

    def __init__(self, grader: Grader, bars: Bars) -> None:
        self._grader, self._bars = grader, bars
        self._checks = self._done = 0

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade, as the grader gives it."""
        self._checks += 1
        grade = await self._grader.grade(problem, text)
        self._done += 1
        self._bars(STAGE, "check answers", self._done, self._checks)
        return grade


def _rated(
    into: Run, format: str, files: Sequence[str], split: str | None, limit: int | None, json: bool
) -> tuple[dict[str, Any], Lines]:
    with Bars(silent=json) as bars, closing(TaskGrader()) as grader:
        bars(STAGE, "read files", 0, len(files))
        shown = ShownGrader(grader, bars)
        match format:
            case "prm800k":
                reading = prm800k.read(files, shown, limit)
            case "comcts":
                reading = comcts.read(files, partial(images.put, into.path), limit)
            case "tot":
                reading = thought_logs.read(files, shown, limit)
            case _:
                reading = labelled_trees.read(files, shown, limit, split)
        found = interrupts.run(reading)
    again = had_a_tree(into, found)
    data = store_rated(into, found) | tree_counts(found.trees)
    lines: Lines = [("rows read", data["rows"]), ("  joined the tree of the same problem", data["merged"].total())]
    lines += [(f"    {reason}", n) for reason, n in data["merged"].items()]
    lines += [("  gave no tree", data["no_tree"].total())]
    lines += [*((f"    {reason}", n) for reason, n in data["no_tree"].items()), *tree_lines(data)]
    if format == "prm800k":
        if again:
            lines.append(("trees of problems that had one; give all files in one command to join them", again))
        return data | {"had_a_tree": again}, lines
    steps = Counter(mark.verdict(node) or "could not say" for tree in found.trees for node in tree.nodes)
    judges = sorted({tree.judge for tree in found.trees})
    lines += [*((f"steps: {name}", n) for name, n in steps.most_common()), ("labelled by", ", ".join(judges))]
    return data | {"steps": steps, "judges": judges}, lines


def _traces(into: Run, files: Sequence[str], limit: int | None, json: bool) -> tuple[dict[str, Any], Lines]:
    with Bars(silent=json) as bars, closing(TaskGrader()) as grader:
        found, thoughts = interrupts.run(traces.read(files, ShownGrader(grader, bars), limit))
    stored = store_rated(into, found)
    into.put_all("thoughts", thoughts)
    data, none = stored | tree_counts(found.trees) | {"thoughts": len(thoughts)}, stored["no_tree"]
    lines: Lines = [("thoughts", len(thoughts)), ("rows that gave nothing", none.total())]
    return data, [*lines, *((f"  {reason}", n) for reason, n in none.items()), *tree_lines(data)]


def _record_lines(table: str, data: Mapping[str, Any]) -> Lines:
    lines: Lines = [*((f"{table} in {file}", n) for file, n in data["read"].items()), ("new in the run", data["new"])]
    if lost := data["without_problem"]:
        lines.append((f"{table} whose problem is not in the run; import problems too", lost))
    return lines


def _problem_lines(data: Mapping[str, Any]) -> Lines:
    lines: Lines = [("problems read", data["read"]), *((f"rows {what}", n) for what, n in data["left_out"].items())]
    taken = data["taken_in"]
    lines += [(f"questions with their {what}", n) for what, n in taken.items() if n]
    if unreadable := data["unreadable"]:
        lines.append((f"answers whose brackets do not pair, the first in {unreadable[0]}", len(unreadable)))
    return [*lines, ("new in the run", data["new"]), *((f"now in {part}", n) for part, n in data["problems"].items())]
