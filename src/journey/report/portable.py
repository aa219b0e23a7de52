"""What may leave this machine: names and settings without its folders and servers, and a look for what may not."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.errors import UsageError

SERVER = "a server"
SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")
SHORTEST = 8  # characters of a variable's value that is held to be a secret
TEXTS = frozenset(
    ("question", "answer", "solution", "text", "draft", "reason", "evidence", "prompt", "completion", "chosen",
     "rejected", "note")
)  # fmt: skip
"""Columns that hold what people and models wrote; they stay as they are."""
_ADDRESS = re.compile(r"\w+://[^\s\"'\],)]+")
_PLACE = re.compile(r"(?:(?<=^)|(?<=[\s\[\](,:=/\"']))(?:~|[A-Za-z]:)?(?:[/\\][\w.@+~-]+)*[/\\]([\w.@+~-]+)")


def portable(value: Any, column: str = "") -> Any:
    """Plain settings or a record's JSON form with files and folders by their last name, and no server's address."""
    match value:
        case str() if column not in TEXTS:
            return _PLACE.sub(r"\1", _ADDRESS.sub(SERVER, value))
        case Mapping():
            return {str(key): portable(inner, str(key)) for key, inner in value.items()}
        case list() | tuple():
            return [portable(inner, column) for inner in value]
        case _:
            return value


class Guard:
    """Looks for what must not leave this machine in all that is written: keys, the run's folder, the user's home."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._sought = {str(folder.resolve()): "the run's folder on this machine"}
        if len(home := str(Path.home())) > 1:
            self._sought[f"{home}/"] = "the home folder of this machine"
        self._sought |= {
            value: f"the value of {name}"
            for name, value in environment.items()
            if name.upper().endswith(SECRET) and len(value) >= SHORTEST
        }

    def text(self, text: str, where: str) -> str:
        """The text. Raises UsageError where it holds something of this machine."""
        for sought, what in self._sought.items():
            if sought in text:
                raise UsageError(
                    f"{where} would hold {what}, and nothing was released; take it out of the run's texts and settings"
                )
        return text

    def rows(self, rows: Iterable[Mapping[str, Any]], where: str) -> Iterator[Mapping[str, Any]]:
        """The rows, as `text` does it."""
        for row in rows:
            self.text("\n".join(_strings(row)), where)
            yield row


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from _strings(inner)
        case Sequence():
            for inner in value:
                yield from _strings(inner)
        case _:
            pass


def as_json(value: Any) -> str:
    """JSON that is the same for the same value."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
