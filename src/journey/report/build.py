"""A run folder -> its report folder: report.json, report.md, report.html and its pictures as SVG."""

import json
import os
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.report.document import Document
from journey.report.example import choose
from journey.report.figures import figures
from journey.report.render import markdown, page, write_pictures
from journey.report.tables import document
from journey.store.files import NOT_ALLOWED
from journey.store.run import Run


def build(run: Run, to: Path | None = None) -> dict[str, Any]:
    """Writes the report of what the run holds now and returns the figures of report.json.

    Into the folder `to`, null: `report` in the run's own. Reads only: the run may be open for reading beside the
    process that is still writing it. Raises UsageError where the folder may not be written.
    """
    folder = to or run.path / "report"
    numbers = figures(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder, "report", numbers, document(numbers, choose(run), run.config))
    except OSError as error:
        if error.errno not in NOT_ALLOWED:
            raise
        raise UsageError(f"{folder} may not be written ({error.strerror}); give another folder with --to") from error
    return numbers


def write(folder: Path, name: str, numbers: Any, document: Document) -> list[str]:
    """Writes the figures as JSON and the document as Markdown with its pictures, and as a page; the files' names."""
    texts = {
        "json": json.dumps(numbers, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "md": markdown(document),
        "html": page(document),
    }
    pictures = write_pictures(folder, document.pictures())
    for ending, text in texts.items():
        write_text(folder / f"{name}.{ending}", text)
    return [*(f"{name}.{ending}" for ending in texts), *pictures]


def write_text(path: Path, text: str) -> None:
    """A reader sees the old file or the new one, never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8", errors="replace")
    temporary.replace(path)
