"""journey import: problems, puzzles, rated trees, labelled solutions and exported records become part of a run."""

import shutil
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from journey import interrupts
from journey.answers.check import MathGrader
from journey.answers.grade import Grade
from journey.commands.options import Format, Json, Limit
from journey.commands.output import all_problems, check_part, say, sheet, tree_counts, tree_lines
from journey.commands.progress import Bars
from journey.data import benchmarks, labelled_trees, prm800k, problems
from journey.data.problems import Columns
from journey.errors import UsageError
from journey.pipeline.experiment import PARTS
from journey.pipeline.stages import put_rated
from journey.store.datafiles import rows
from journey.store.export import import_file
from journey.store.run import Run
from journey.tasks.countdown import sources
from journey.trees import mark
from journey.types import EMPTY, Problem, make_problem

STATION = "import"

Data = dict[str, Any]
Lines = list[tuple[str, Any]]


def import_(
    format: Annotated[Format, typer.Argument(help="What the files hold.")],
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
    split: Annotated[
        str, typer.Option(help="The part of the run: phase1, train, validation or test.", metavar="PART")
    ] = "train",
    hub_split: Annotated[
        str | None, typer.Option(help="The split of a Hub data set or folder; train if not given.", metavar="NAME")
    ] = None,
    limit: Limit = None,
    json: Json = False,
) -> int:
    """Bring problems, trees or records into a run.

    Columns of problems are found by their usual names (question or problem, answer, solution, ...) or named.
    `import benchmark MATH500` takes a known benchmark from the Hub, or from the FILE named behind it, to be tested on.
    `labelled` are solutions with labelled steps (Math-Shepherd, TRL's stepwise type, ProcessBench, ...), a tree a row.
    Every row of these and of PRM800K is accounted for: it makes a tree, joins one, or is listed with the reason.
    """

    columns = {
        "question": question_column, "answer": answer_column, "solution": solution_column, "level": level_column,
        "subject": subject_column,
    }  # fmt: skip
    return _import(format, files, out, columns, split, hub_split, limit, json)


def _import(
    format: str,
    files: Sequence[str],
    out: Path,
    columns: Mapping[str, str | None],
    split: str,
    hub_split: str | None,
    limit: int | None,
    json: bool,
) -> int:
    """Brings the files into the run `out`; nothing is stored before all of them were read."""
    check_part(split)
    if format == "benchmark":
        return _benchmark(files, out, columns, split, hub_split, limit, json)
    if format not in ("problems", "puzzles") and any(columns.values()):
        raise UsageError(f"columns are for problems, not for {format}; leave them out")
    if format not in ("problems", "puzzles", "labelled") and (limit is not None or hub_split):
        raise UsageError(f"--hub-split and --limit are for problems, not for {format}; leave them out")
    if format not in ("problems", "labelled"):
        _must_exist(files)
    with _opened(out) as into:  # first of all, so that a second writer is refused at once
        match format:
            case "prm800k":
                data, lines = _prm800k(into, files, json)
            case "labelled":
                data, lines = _labelled(into, files, hub_split, limit, json)
            case "trees" | "thoughts" | "attempts":
                data, lines = _records(into, format, files)
            case _:
                wanted = Wanted(format, Columns(**columns), split, hub_split, limit)
                data, lines = _problems(into, files, wanted)
    say(json, {"run": str(out), **data}, sheet(out, lines))
    return 0


def _benchmark(
    files: Sequence[str],
    out: Path,
    columns: Mapping[str, str | None],
    split: str,
    hub_split: str | None,
    limit: int | None,
    json: bool,
) -> int:
    """A benchmark by its name, from the Hub or (named second) from a file; its problems are always tested on."""
    if any(columns.values()) or hub_split:
        raise UsageError("a benchmark has its own columns and split; leave them out, or import it as problems")
    if len(files) > 2:
        raise UsageError(
            "a benchmark is a name and at most one file, as in: journey import benchmark AIME25 aime.jsonl"
        )
    _must_exist(files[1:])
    part = "test" if split == "train" else split
    with _opened(out) as into:
        loaded = benchmarks.load(files[0], files[1] if len(files) == 2 else None, limit)
        must_be_disjoint(into, loaded.problems, part)
        before = into.count("problems")
        into.put_all("problems", loaded.problems, split=part)
        data: Data = {"benchmark": loaded.problems[0].source if loaded.problems else files[0], "part": part}
        data |= {"read": len(loaded.problems), "new": into.count("problems") - before}
        data |= {"licence": benchmarks.benchmark(files[0]).licence, "left_out": {"repeated": loaded.duplicates}}
        data["left_out"]["without an answer"] = loaded.unanswered
    say(json, {"run": str(out), **data}, sheet(out, list(data.items())))
    return 0


@contextmanager
def _opened(out: Path) -> Generator[Run]:
    """The run to bring things into; a new one is not left behind where what was to come in is refused."""
    is_new = not out.exists()
    try:
        with Run.open(out) as into:
            yield into
    except UsageError:
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise


class Wanted(NamedTuple):
    """How problems are read (`format`: problems or puzzles), and the part of the run that they become."""

    format: str
    columns: Columns
    split: str
    hub_split: str | None
    limit: int | None


def _must_exist(files: Sequence[str]) -> None:
    for file in files:
        if not Path(file).is_file():
            raise UsageError(f"there is no file {file}; check the path")


def _problems(into: Run, files: Sequence[str], wanted: Wanted) -> tuple[Data, Lines]:
    parts: dict[str, list[Problem]] = {wanted.split: []}
    found, exported = parts[wanted.split], list[str]()
    left_out: Counter[str] = Counter()
    for file in files:
        room = None if wanted.limit is None else wanted.limit - len(found)
        if room == 0:
            break
        if wanted.format == "puzzles":
            found += sources.read(file, room)
        elif _is_exported(file):
            exported.append(file)
            for _, row in rows(file):
                problem = make_problem(str(row["question"]), str(row["answer"]))
                parts.setdefault(str(row.get("split") or wanted.split), []).append(problem)
        else:
            loaded = problems.read(file, columns=wanted.columns, split=wanted.hub_split, limit=room)
            found += loaded.problems
            left_out.update({"repeated": loaded.duplicates, "without an answer": loaded.unanswered})
    read = sum(map(len, parts.values()))
    for part, those in parts.items():
        must_be_disjoint(into, those, part, parts)
    before = into.count("problems")
    for file in exported:
        import_file(into, "problems", file, split=wanted.split)
    if not exported:
        into.put_all("problems", found, split=wanted.split)
    new = into.count("problems") - before
    now = {part: n for part in PARTS if (n := into.count("problems", split=part))}
    lines: Lines = [("problems read", read), *((f"rows {what}", n) for what, n in left_out.items())]
    lines += [("new in the run", new), *((f"now in {part}", n) for part, n in now.items())]
    return {"read": read, "left_out": left_out, "new": new, "problems": now}, lines


def _is_exported(file: str) -> bool:
    """Whether the rows are a run's own (`journey export RUN problems`), whose ids and parts must stay as they are."""
    if not Path(file).is_file() or Path(file).suffix == ".json":
        return False
    first = next((row for _, row in rows(file)), {})
    return {"schema", "id", "question", "answer"} <= first.keys()


def must_be_disjoint(
    into: Run, found: Sequence[Problem], part: str, coming: Mapping[str, Sequence[Problem]] = EMPTY
) -> None:
    """Refuses (UsageError) problems to be trained on that are tested on, in the run or among those coming with them."""
    for other in PARTS:
        if other != part and {"validation", "test"} & {other, part}:
            problems.disjoint(found, [*all_problems(into, split=other), *coming.get(other, ())])


def _records(into: Run, table: str, files: Sequence[str]) -> tuple[Data, Lines]:
    before = into.count(table)
    read = {file: import_file(into, table, file) for file in files}
    if not sum(read.values()):
        raise UsageError(f"{', '.join(files)} holds no rows; give a file that journey export wrote")
    new, known = into.count(table) - before, into.ids("problems")
    lost = sum(getattr(record, "problem", "") not in known for record in into.all(table))
    lines: Lines = [*((f"{table} in {file}", n) for file, n in read.items()), ("new in the run", new)]
    if lost:
        lines.append((f"{table} whose problem is not in the run; import problems too", lost))
    return {"table": table, "read": read, "new": new, "without_problem": lost}, lines


class Counted:
    """A grader that shows how many of the answers that were put to it are checked."""

    def __init__(self, grader: MathGrader, bars: Bars) -> None:
        self._grader, self._bars = grader, bars
        self._asked = self._done = 0

    async def grade(self, problem: Problem, text: str) -> Grade:
        """The grade, as the grader gives it."""
        self._asked += 1
        grade = await self._grader.grade(problem, text)
        self._done += 1
        self._bars(STATION, "check answers", self._done, self._asked)
        return grade


def _prm800k(into: Run, files: Sequence[str], json: bool) -> tuple[Data, Lines]:
    with Bars(silent=json) as bars, MathGrader() as grader:
        bars(STATION, "read files", 0, len(files))
        found = interrupts.run(prm800k.read(files, Counted(grader, bars)))
    kept = {tree.id for tree in found.trees}
    again = sum(bool(into.ids("trees", problem=p.id, policy=prm800k.POLICY) - kept) for p in found.problems)
    data, lines = _rated(into, found)
    if again:
        lines.append(("trees of problems that had one; give all files in one command to join them", again))
    return {**data, "had_a_tree": again}, lines


def _labelled(into: Run, files: Sequence[str], split: str | None, limit: int | None, json: bool) -> tuple[Data, Lines]:
    with Bars(silent=json) as bars, MathGrader() as grader:
        bars(STATION, "read files", 0, len(files))
        found = interrupts.run(labelled_trees.read(files, Counted(grader, bars), limit, split))
    data, lines = _rated(into, found)
    steps = Counter(mark.verdict(node) or "could not say" for tree in found.trees for node in tree.nodes)
    judges = sorted({tree.judge for tree in found.trees})
    lines += [*((f"steps: {name}", n) for name, n in steps.most_common()), ("labelled by", ", ".join(judges))]
    return {**data, "steps": steps, "judges": judges}, lines


def _rated(into: Run, found: prm800k.Imported) -> tuple[Data, Lines]:
    """Stores rated trees; how many rows and trees there were."""
    must_be_disjoint(into, found.problems, "train")
    put_rated(into, found)
    merged, broken = (Counter(_grouped(x) for x in found.listed if x.kind == kind) for kind in ("merged", "no tree"))
    counts = tree_counts(found.trees)
    number = len(found.trees) + merged.total() + broken.total()
    lines: Lines = [("rows read", number), ("  joined the tree of the same problem", merged.total())]
    lines += [(f"    {reason}", n) for reason, n in merged.items()]
    lines += [("  gave no tree", broken.total()), *((f"    {reason}", n) for reason, n in broken.items())]
    lines += tree_lines(counts)
    return {"rows": number, "merged": merged, "no_tree": broken, **counts}, lines


def _grouped(listed: prm800k.Listed) -> str:
    """The reason without what differs from row to row."""
    if listed.kind == "merged":
        return "a plain duplicate" if listed.reason.endswith("with no new steps") else "with new steps"
    return listed.reason
