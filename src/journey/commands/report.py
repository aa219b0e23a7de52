"""journey report: figures, text and pictures of a run; a research log as a map, and its progress."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from journey.commands import flags
from journey.commands.output import reading, say, sheet
from journey.commands.spending import row_lines
from journey.errors import UsageError
from journey.report.build import build as build_report
from journey.report.build import write_text
from journey.report.log import read_log
from journey.report.log_map import write_map
from journey.report.log_progress import progress as progress_of
from journey.report.log_progress import progress_lines, run_cost
from journey.report.portable import as_json
from journey.report.render import terminal
from journey.report.tables import brief
from journey.report.transparency import linked, transparency, transparency_document
from journey.report.transparency_evidence import record_of

LOGS = (Path("docs/LOG.md"), Path("LOG.md"))
"""Where a research log is looked for, if none is named."""
RELEASE, PAPER = Path("release"), Path("docs/report.md")
"""Where a run's release and its paper are looked for, if none is named."""


def report(
    run: Annotated[
        Path | None, typer.Argument(help="A run's folder; none for --map and --progress.", metavar="RUN")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Another folder than RUN/report; with --map the SVG file.", metavar="PATH"),
    ] = None,
    map: Annotated[
        Path | None, typer.Option("--map", help="Draw this research log (its form: CONTRIBUTING.md).", metavar="LOG.md")
    ] = None,
    progress: Annotated[
        bool, typer.Option("--progress", help="What was tried by the research log, what ended, what it cost.")
    ] = False,
    since: Annotated[str | None, typer.Option("--since", help="Progress from this day on.", metavar="DATE")] = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="The research log; docs/LOG.md or LOG.md else.", metavar="LOG.md")
    ] = None,
    index: Annotated[
        bool, typer.Option("--transparency", help="Answer the 25 questions of the Technical Transparency Index.")
    ] = False,
    release: Annotated[
        Path | None, typer.Option("--release", help="The run's release; ./release else.", metavar="DIR")
    ] = None,
    paper: Annotated[
        Path | None, typer.Option("--paper", help="The technical paper on it; docs/report.md else.", metavar="FILE")
    ] = None,
    json: flags.Json = False,
) -> int:
    """Write the run's report, its transparency, or a research log's map or progress.

    report.json, .md, .html and pictures, in RUN/report. With --transparency 25 questions and 100 points, each answered
    from what the run, its release and its paper hold (transparency.md and .json in RUN/report). With --map a picture of
    a research log and its entries as JSONL beside it; with --progress what the log says since a date, and of a RUN what
    it spent.
    """
    if not progress and (since is not None or log is not None):
        raise UsageError("--since and --log are of --progress: journey report --progress --since 2026-11-21")
    if index:
        if run is None or map is not None or progress:
            raise UsageError("--transparency is of a run alone: journey report runs/countdown --transparency")
        return _transparency(run, to, release, paper, json)
    if release is not None or paper is not None:
        raise UsageError("--release and --paper are of --transparency: journey report RUN --transparency")
    if map is not None:
        if progress or run is not None:
            raise UsageError("--map draws a log alone: journey report --map docs/LOG.md --to map.svg")
        return _map(map, to or Path("map.svg"), json)
    if progress:
        if to is not None:
            raise UsageError("--progress writes no file: leave --to out, or use --json > FILE")
        return _progress(run, log, since, json)
    if run is None:
        raise UsageError("give a run's folder, as in journey report runs/countdown; or --map LOG.md; or --progress")
    with reading(run) as of:
        if not of.count("attempts") and not of.count("trees"):
            raise UsageError(f"{run} holds no trees and no attempts to report on; run, grow or import some first")
        found = build_report(of, to)
    say(json, found, terminal(brief(found)), f"report: {to or run / 'report'}/report.html")
    return 0


def _transparency(run: Path, to: Path | None, release: Path | None, paper: Path | None, json: bool) -> int:
    release = release or (RELEASE if (RELEASE / "release.json").is_file() else None)
    paper = paper or (PAPER if PAPER.is_file() else None)
    folder = to or run / "report"
    with reading(run) as of:
        found = transparency(record_of(of, release, paper))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "transparency.md", linked(found, folder))
        write_text(folder / "transparency.json", as_json(found))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}); give another folder with --to") from error
    say(json, found, terminal(transparency_document(found)), f"with links: {folder}/transparency.md")
    return 0


def _map(path: Path, to: Path, json: bool) -> int:
    if to.suffix != ".svg":
        raise UsageError(f"--to is the picture's file, whose name ends in .svg, not {to}: --to docs/map.svg")
    log = read_log(path)
    try:
        files = [str(file) for file in write_map(log, to)]
    except OSError as error:
        raise UsageError(f"{to} cannot be written ({error.strerror}); give a file in a folder that is there") from error
    say(json, {"files": files, "entries": len(log.entries)}, f"{len(log.entries)} entries: {' and '.join(files)}")
    return 0


def _progress(run: Path | None, log: Path | None, since: str | None, json: bool) -> int:
    try:
        day = None if since is None else date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {since!r} is no date; write it as 2026-11-30") from None
    place = log or next((path for path in LOGS if path.is_file()), None)
    if place is None and run is None:
        raise UsageError(f"there is no {' and no '.join(map(str, LOGS))} here; name a research log with --log FILE")
    found = progress_of(read_log(place), day) if place else None
    human: list[Any] = progress_lines(found) if found else []
    if run is not None:
        with reading(run) as of:
            spent = run_cost(of)
        lines = [(f"generated tokens: {name}", f"{n:,}") for name, n in spent["generated_tokens"].items()]
        lines += [("trained tokens", f"{spent['trained_tokens']:,}")]
        lines += [("minutes of training", f"{spent['training_seconds'] / 60:,.1f}"), *row_lines(spent["servers"])]
        human.append(sheet(f"{run}: what it spent", lines))
    else:
        spent = None
    say(json, {**(found or {}), "run": spent and {"path": str(run), **spent}}, *human)
    return 0
