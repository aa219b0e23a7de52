"""The commands that bring in, give out and look: import, export, report, status, compare, doctor."""

import asyncio
import json as jsons
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from journey import build, problems, recipe, river
from journey.answers import MathGrader
from journey.commands.said import (
    failed_units,
    reading,
    say,
    training_rows,
    tree_counts,
    two_columns,
)
from journey.errors import UsageError
from journey.evals.metrics import paired
from journey.problems import Columns
from journey.progress import Bars
from journey.puzzles import sources
from journey.report.build import build as build_report
from journey.report.table import table
from journey.store.export import export as export_table
from journey.store.export import import_file, write_rows
from journey.store.run import Run
from journey.trees import prm800k
from journey.trees.mark import no_thought_reason
from journey.types import Attempt, Problem, Thought, Tree

TABLES = ("problems", "trees", "thoughts", "attempts")


def import_(
    format: str, files: Sequence[str], out: Path, columns: Mapping[str, str | None], split: str, limit: int | None,
    json: bool,
) -> int:  # fmt: skip
    """Problems, human-rated trees or exported records into a run."""
    if format == "prm800k":
        return _import_prm800k(files, out, json)
    if format in TABLES and format != "problems":
        with Run.open(out) as into:
            counts = {file: import_file(into, format, file) for file in files}
        return say(json, counts, two_columns(f"{format} read", counts))
    if format not in ("problems", "puzzles"):
        known = "prm800k, problems, puzzles, trees, thoughts, attempts"
        raise UsageError(f"there is no format {format!r} to import; known are {known}")
    found: list[Problem] = []
    said: dict[str, Any] = {}
    for file in files:
        if format == "puzzles":
            found += sources.read(file, limit)
            continue
        loaded = problems.read(file, columns=Columns(**columns), limit=limit)
        found += loaded.problems
        said |= {f"{file}: repeated": loaded.duplicates, f"{file}: without an answer": loaded.unanswered}
    with Run.open(out) as into:
        for name in ("train", "validation", "test"):
            if name != split and "test" in (name, split):
                problems.disjoint(found, river.part(into, name))
        before = into.count("problems")
        into.put_all("problems", found, split=split)
        said = {"problems read": len(found), "new in the run": into.count("problems") - before, "part": split} | said
    return say(json, said, two_columns(str(out), said))


def _import_prm800k(files: Sequence[str], out: Path, json: bool) -> int:
    with MathGrader() as grader, Bars(silent=json) as bars:
        bars("import", "read and check answers", 0, 1)
        found = asyncio.run(prm800k.read(files, grader))
    with Run.open(out) as into:
        into.put_all("problems", found.problems, split="train")
        into.put_all("trees", found.trees)
        if not into.logged("import"):
            for listed in found.listed:
                into.log("import", asdict(listed))
        kinds = Counter(listed.kind for listed in found.listed)
        said = {
            "rows": len(found.trees) + kinds["merged"] + kinds["no tree"],
            "trees": len(found.trees),
            "rows that joined the tree of the same problem": kinds["merged"],
            "rows that gave no tree (listed in the run)": kinds["no tree"],
            **tree_counts(found.trees),
        }
    return say(json, said, two_columns(str(out), said))


def export(path: Path, what: str, to: Path, arm: str, json: bool) -> int:
    """Records or training rows to a file."""
    if what not in (*TABLES, "sft", "dpo"):
        raise UsageError(f"there is nothing called {what!r} to export; known are {', '.join(TABLES)}, sft, dpo")
    with reading(path) as of:
        number = export_table(of, what, to) if what in TABLES else write_rows(training_rows(of, what, arm), to)
    said = {"rows": number, "file": str(to)}
    return say(json, said, f"{number} rows written to {to}")


def report(path: Path, json: bool) -> int:
    """The run's report."""
    with reading(path) as of:
        found = build_report(of)
    if json:
        print(jsons.dumps(found, ensure_ascii=False))
    else:
        Console().print(table(found))
        Console().print(f"report: {path}/report/report.html", highlight=False, soft_wrap=True)
    return 0


def status(path: Path, json: bool) -> int:
    """What the run holds."""
    with reading(path) as of:
        trees = [t for t in of.all("trees") if isinstance(t, Tree)]
        reasons = Counter(reason for t in trees if (reason := no_thought_reason(t)) is not None)
        methods = Counter(t.method for t in of.all("thoughts") if isinstance(t, Thought))
        failed = of.failures()
        said = {
            **{name: of.count(name) for name in TABLES},
            **(tree_counts(trees) if trees else {}),
            **{f"no thought: {reason}": n for reason, n in reasons.most_common()},
            **{f"thoughts by {method}": n for method, n in sorted(methods.items())},
            **{f"rows listed at import: {k}": n for k, n in Counter(r["kind"] for r in of.logged("import")).items()},
            "failed units": len(failed),
        }
    code = say(json, said, two_columns(str(path), said))
    return max(code, failed_units(failed))


def compare(one: Path, other: Path, json: bool) -> int:
    """Two runs on the problems that both attempted."""
    with reading(one) as first, reading(other) as second:
        a, b = _attempts(first), _attempts(second)
    rows = []
    for key in sorted(a.keys() & b.keys()):
        shared = a[key].keys() & b[key].keys()
        if shared:
            pair = paired({p: b[key][p] for p in shared}, {p: a[key][p] for p in shared})
            same = len(shared) - pair.only_first - pair.only_second
            rows.append({
                "model": key[0], "decoding": key[1], "problems": len(shared),
                "first": sum(a[key][p] for p in shared) / len(shared),
                "second": sum(b[key][p] for p in shared) / len(shared),
                "points": 100 * pair.difference.value, "low": 100 * pair.difference.low,
                "high": 100 * pair.difference.high, "p": pair.p, "fixed": pair.only_first, "broke": pair.only_second,
                "same": same,
            })  # fmt: skip
    if not rows:
        raise UsageError(f"{one} and {other} have no model, decoding and problem in common; compare runs of one recipe")
    grid = Table(
        "model", "decoding", "problems", str(one), str(other), "points", "95 % interval", "fixed", "broke", "same"
    )
    for r in rows:
        grid.add_row(
            r["model"], r["decoding"], str(r["problems"]), f"{r['first']:.3f}", f"{r['second']:.3f}",
            f"{r['points']:+.1f}", f"{r['low']:+.1f} to {r['high']:+.1f}", str(r["fixed"]), str(r["broke"]),
            str(r["same"]),
        )  # fmt: skip
    return say(json, {"models": rows}, grid)


def doctor(json: bool) -> int:
    """What this machine has."""
    said: dict[str, Any] = {"python": sys.version.split()[0], "cores": os.cpu_count()}
    for name in ("torch", "transformers", "trl", "peft", "datasets", "math-verify", "matplotlib", "ray", "vllm"):
        try:
            said[name] = version(name)
        except PackageNotFoundError:
            said[name] = "not installed"
    said["tiny model"] = "there" if (Path(build.model_path("tiny")) / "model.safetensors").is_file() else "missing"
    said |= build.hardware()
    said["free disk here"] = f"{shutil.disk_usage('.').free / 1e9:.0f} GB"
    said["settings in the environment"] = (
        ", ".join(sorted(n for n in os.environ if n.startswith(recipe.VARIABLE))) or "none"
    )
    return say(json, said, two_columns("doctor", said))


def _attempts(of: Run) -> dict[tuple[str, str], dict[str, bool]]:
    found: dict[tuple[str, str], dict[str, bool]] = {}
    for a in of.all("attempts"):
        if isinstance(a, Attempt) and a.sample == 0:
            found.setdefault((a.model, a.decoding), {})[a.problem] = a.correct is True
    return found
