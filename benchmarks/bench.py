"""What all benchmarks share: their flags, their tables, and with --json one JSON object as the last line.

A benchmark is a function from its options to a `Result`, and `run` does the rest. Every one has `--json` (the object
goes to standard output and the tables to standard error) and `--long` (the full form; the quick one is the default).
The exit code is 1 where the row is not reached, 0 where it is or where this form cannot show it.
"""

import json
import logging
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from journey.errors import UsageError

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("JOURNEY_TEST_DATA", ROOT.parent / "shared" / "data"))
"""Whole public data sets; the repository has samples only."""

RESULTS = ROOT / "benchmarks" / "results"
"""The stored figures of long forms, a file a seed."""

sys.path.insert(0, str(ROOT / "tests"))  # their servers and tiny models are used here too


@dataclass(frozen=True)
class Result:
    """What a benchmark found. `reached` null: this form cannot show the row, and `why` says the reason.

    `shown` is what people read in place of a list of the figures.
    """

    figures: Mapping[str, Any]
    reached: bool | None
    why: str = ""
    shown: Sequence[RenderableType] = ()


def flag(*names: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """A flag of one benchmark, with argparse's settings."""
    return names, settings


def numbers(text: str) -> list[int]:
    """The whole numbers of a flag such as 1,2,3."""
    return [int(number) for number in text.split(",") if number]


def by_seed(files: Iterable[Path], name: str = "arm") -> dict[str, dict[int, dict[str, Any]]]:
    """The stored figures of these files by what their field `name` says, and by seed."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for file in sorted(files):
        figures = json.loads(file.read_text("utf-8"))
        found.setdefault(figures[name], {})[figures["seed"]] = figures
    return found


def rights_of(figures: Mapping[str, Any]) -> dict[str, bool]:
    """Whether the answer to each problem is right, of figures that have a digit a problem."""
    return {str(place): digit == "1" for place, digit in enumerate(figures["right"])}


def run(
    row: str, about: str | None, measure: Callable[[Namespace], Result], *flags: tuple[tuple[str, ...], dict[str, Any]]
) -> NoReturn:
    """Reads the flags, measures, prints, and ends the process."""
    parser = ArgumentParser(description=about, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line of standard output")
    parser.add_argument("--long", action="store_true", help="the full form")
    for names, settings in flags:
        parser.add_argument(*names, **settings)
    options = parser.parse_args()
    quieten()
    try:
        result = measure(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    console = Console(stderr=options.json, width=150, highlight=False)
    for part in result.shown or ([listed(row, result.figures)] if result.figures else []):
        console.print(part, markup=False)
    outcome = {True: "reached", False: "not reached", None: "not shown by this form"}[result.reached]
    console.print(f"{row}: {outcome}{f' ({result.why})' if result.why else ''}", markup=False)
    if options.json:
        data = {"row": row, "reached": result.reached, "figures": result.figures}
        print(json.dumps(data | ({"why": result.why} if result.why else {}), default=str))
    sys.exit(result.reached is False)


def quieten() -> None:
    """Libraries show no progress and no warnings, whichever of them are installed."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    logging.disable(logging.WARNING)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose first column is words; floats have three places."""
    grid = Table(title=Text(title), title_justify="left")
    for i, name in enumerate(columns):
        grid.add_column(Text(name), justify="right" if i else "left", overflow="fold")
    for line in rows:
        grid.add_row(*(Text(cell(value)) for value in line))
    return grid


def listed(title: str, figures: Mapping[str, Any]) -> Table:
    """Figures one under the other; those of a part are named by it."""
    return table(title, ("", ""), _flat("", figures))


def _flat(before: str, figures: Mapping[str, Any]) -> Iterable[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{before}{name}: ", value)
        else:
            yield f"{before}{name}", value


def cell(value: object) -> str:
    """A figure as text."""
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "-" if value is None else str(value)


def percent(value: float | None) -> str:
    """A share in per cent."""
    return "-" if value is None else f"{100 * value:.1f} %"


def journey(*arguments: object, **settings: Any) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own; what it prints is kept from the benchmark's own output."""
    command = [sys.executable, "-m", "journey", *map(str, arguments)]
    return subprocess.run(command, **{"check": True, "stdout": subprocess.DEVNULL, "text": True, **settings})
