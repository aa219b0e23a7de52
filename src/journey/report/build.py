"""A run folder -> its report folder: report.json, report.md, report.html and, with matplotlib, PNG pictures."""

import json
import os
from pathlib import Path
from typing import Any

from journey.report.example import choose
from journey.report.figures import figures
from journey.report.markdown import markdown
from journey.report.page import page
from journey.report.pictures import accuracy_dots, charts
from journey.report.png import can_draw, draw_all
from journey.store.run import Run


def build(run: Run) -> dict[str, Any]:
    """Writes the report of what the run holds now into its `report` folder and returns the figures of report.json.

    Reads only: the run may be open for reading beside the process that is still writing it.
    """
    folder = run.path / "report"
    folder.mkdir(exist_ok=True)
    numbers = figures(run)
    example = choose(run)
    pictures = list[str]()
    if can_draw():
        pictures = draw_all(folder, accuracy_dots(numbers), charts(numbers), example.drawing if example else None)
    write_text(folder / "report.json", json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    write_text(folder / "report.md", markdown(numbers, pictures))
    write_text(folder / "report.html", page(numbers, example, run.config))
    return numbers


def write_text(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", errors="replace")
    temporary.replace(path)
