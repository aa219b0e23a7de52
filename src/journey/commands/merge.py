"""journey merge: several runs, shards of one recipe say, as one."""

from pathlib import Path
from typing import Annotated

import typer

from journey.commands import flags
from journey.commands.output import check_run, say, sheet
from journey.commands.spending import row_lines
from journey.pipeline.merge import merge_runs
from journey.pipeline.stages import spent_by_model
from journey.store.run import Run


def merge(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs with the same settings.", metavar="RUN...")],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The merged run's folder.", metavar="DIR")],
    json: flags.Json = False,
) -> int:
    """Make one run of several.

    Each record once, by its content: what two of them hold differently is refused, both named and nothing written.
    Spending adds up, people's labels are kept. Given again it changes nothing; the runs themselves are only read.
    """
    for path in runs:
        check_run(path)
    merged = merge_runs(runs, out)
    with Run.read(out) as into:
        spent = spent_by_model(into)
    data = {"run": str(out), **merged.counts, "missing_shards": merged.missing, "spent": spent}
    lines = [*merged.counts.items(), *row_lines(spent)]
    if merged.missing:
        lines.append(("shards that are missing", ", ".join(merged.missing)))
    say(json, data, sheet(out, lines))
    return 0
