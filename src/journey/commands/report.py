"""journey report: figures, text and pictures of a run."""

from pathlib import Path
from typing import Annotated

import typer

from journey.commands import flags
from journey.commands.output import reading, say
from journey.errors import UsageError
from journey.report.build import build as build_report
from journey.report.render import terminal
from journey.report.tables import brief


def report(
    run: flags.RunFolder,
    to: Annotated[Path | None, typer.Option("--to", help="Another folder than RUN/report.", metavar="FOLDER")] = None,
    json: flags.Json = False,
) -> int:
    """Write the run's report.

    report.json, .md, .html and pictures, in RUN/report.
    """
    with reading(run) as of:
        if not of.count("attempts") and not of.count("trees"):
            raise UsageError(f"{run} holds no trees and no attempts to report on; run, grow or import some first")
        found = build_report(of, to)
    say(json, found, terminal(brief(found)), f"report: {to or run / 'report'}/report.html")
    return 0
