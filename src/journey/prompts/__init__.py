"""Prompts as text files, one a prompt: what stands in the file is what the model reads."""

import hashlib
import re
from functools import cache
from importlib import resources

from journey.errors import UsageError

_FIELD = re.compile(r"\{\{(\w+)\}\}")


@cache
def load(name: str) -> str:
    """The text of a prompt with its {{fields}} unfilled, read once. Raises UsageError for an unknown name."""
    file = resources.files(__name__) / f"{name}.txt"
    if not re.fullmatch(r"[\w-]+", name) or not file.is_file():
        raise UsageError(f"there is no prompt named {name!r}; the prompts are {', '.join(names())}")
    return file.read_text(encoding="utf-8")


def names() -> list[str]:
    """The names of all prompts, sorted."""
    return sorted(f.name.removesuffix(".txt") for f in resources.files(__name__).iterdir() if f.name.endswith(".txt"))


def fill(name: str, /, **fields: str) -> str:
    """The prompt with every {{field}} replaced, in one pass, so that a value is never read as a template again.

    Raises ValueError for a field that the prompt lacks or that was not given.
    """
    text = load(name)
    wanted = set(_FIELD.findall(text))
    if unknown := sorted(fields.keys() - wanted):
        raise ValueError(f"prompt {name!r} has no field {', '.join(unknown)}; it has {', '.join(sorted(wanted))}")
    if missing := sorted(wanted - fields.keys()):
        raise ValueError(f"prompt {name!r} needs the field {', '.join(missing)}")
    return _FIELD.sub(lambda match: fields[match[1]], text)


def hash(name: str) -> str:
    """16 hex digits of the SHA-256 of the prompt's text, kept with every run."""
    return hashlib.sha256(load(name).encode()).hexdigest()[:16]
