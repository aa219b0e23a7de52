"""The dials of a classifier and its name, light enough to read a recipe without loading torch."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from journey.errors import UsageError

YES, NO = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How a classifier is read.

    `form` null: told by the model. A step is right with a score above `right`, wrong with one up to `wrong`, neutral
    between them; of three classes a right step is neutral where the neutral class has more than `redundant`
    (ReasonEval's thresholds: validity 0.5, redundancy 0.15). `tag` null: that of the form (or of the model, where we
    trained it). `share` false computes every solution by itself.
    """

    form: str | None = None
    right: float = 0.5
    wrong: float = 0.5
    redundant: float = 0.15
    tag: str | None = None
    max_tokens: int | None = None
    dtype: str | None = None
    share: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.wrong <= self.right <= 1 and 0 <= self.redundant <= 1):
            raise UsageError("a classifier's thresholds lie between 0 and 1, and wrong is not above right")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise UsageError("a classifier's max_tokens counts from 1")


def named(name: str) -> tuple[str, ClassifierSettings]:
    """The folder or hub id and the settings in "prm:hf/ID[form=chat,right=0.6]". Raises UsageError."""
    rest, bracket, inside = name.removeprefix("prm:").partition("[")
    if not rest or (bracket and not inside.endswith("]")):
        raise UsageError(f"{name} names no classifier; write it like prm:hf/ID-or-folder or prm:FOLDER[right=0.6]")
    kinds = {field.name: field.type for field in fields(ClassifierSettings)}
    found: dict[str, Any] = {}
    for pair in filter(None, inside.removesuffix("]").split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key.strip() not in kinds:
            raise UsageError(f"a classifier has no setting {pair!r}; known are {', '.join(kinds)}")
        found[key.strip()] = _read(key.strip(), value)
    return _path(rest), ClassifierSettings(**found)


def _path(rest: str) -> str:
    """What stands behind "prm:": hf/ID-or-folder or a folder as it is. Raises UsageError where it is neither."""
    kind, _, path = rest.partition("/")
    if kind == "hf" and path:
        return path
    if (Path(rest).expanduser() / "config.json").is_file():
        return rest
    raise UsageError(f"there is no classifier in {rest}; give hf/ID-or-folder, or a folder such as RUN/models/NAME")


def _read(key: str, value: str) -> Any:
    try:
        if key in ("right", "wrong", "redundant"):
            return float(value)
        if key == "max_tokens":
            return int(value)
    except ValueError:
        raise UsageError(f"{key}={value} is no number; write it like {key}=0.5") from None
    if key == "share":
        if (said := value.strip().lower()) not in YES + NO:
            raise UsageError(f"share={value} is neither true nor false; write share=false")
        return said in YES
    if key != "tag" or not value.isascii():
        return value
    try:
        return value.encode().decode("unicode_escape")
    except UnicodeDecodeError:
        raise UsageError(f"tag={value} cannot be read; write a line end as \\n and a backslash as \\\\") from None
