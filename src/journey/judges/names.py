"""How judges are named: "kind:MODEL[key=value]" or "vote:[A,B]", read from a user's text here and nowhere else."""

from collections.abc import Mapping
from typing import Any

from journey.errors import UsageError
from journey.judges.base import Judge, JudgeRef, JudgeSources, JudgeWork
from journey.judges.kinds import KINDS
from journey.models.estimate import Estimate


def read(text: str) -> JudgeRef:
    """The judge that a text names. Raises UsageError.

    Names of models may hold brackets, commas and colons. In a combination a comma ends a part where the next one begins
    with a kind of judge.
    """
    name, colon, rest = text.strip().partition(":")
    kind = KINDS.get(name)
    if kind is None or (kind.model == "none" and colon) or (kind.model == "must" and not rest):
        known = ", ".join(dict.fromkeys(one.written for one in KINDS.values()))
        raise UsageError(f"there is no judge {text!r}; known are {known}")
    if kind.joins:
        return JudgeRef(name, parts=_parts(text, name, rest))
    model, options = kind.split(rest) if kind.split is not None else (rest, ())
    return JudgeRef(name, model, options)


def single(ref: JudgeRef) -> list[JudgeRef]:
    """The judges that one combines; itself where it combines none."""
    return [one for part in ref.parts for one in single(part)] or [ref]


def build(ref: JudgeRef, settings: Mapping[str, Any], sources: JudgeSources) -> Judge:
    """The judge; `settings` by kind, the usual ones where a kind has none there. Raises UsageError."""
    return KINDS[ref.kind].build(ref, settings_of(ref, settings), sources)


def settings_of(ref: JudgeRef, settings: Mapping[str, Any]) -> Any:
    """The settings of the judge's kind; null for a kind that has none."""
    kind = KINDS[ref.kind]
    return None if kind.settings is None else settings.get(ref.kind) or kind.settings()


def models_of(ref: JudgeRef, strong: str = "") -> list[str]:
    """The models that a judge asks, by name; one that names none asks the `strong` one ("": nobody said which)."""
    return [name for one in single(ref) if (models := KINDS[one.kind].models) for name in models(one, strong)]


def weights_of(ref: JudgeRef) -> list[str]:
    """The folders or hub ids of the weights that a judge loads itself. Raises UsageError for one that is not there."""
    return [path for one in single(ref) if (weights := KINDS[one.kind].weights) for path in weights(one)]


def estimate(ref: JudgeRef, settings: Mapping[str, Any], work: JudgeWork, strong: str) -> list[Estimate]:
    """What the models of a judge are asked at most for that work."""
    return [
        most
        for one in single(ref)
        if (cost := KINDS[one.kind].estimate)
        for most in cost(one, settings_of(one, settings), work, strong)
    ]


def asks_nothing(ref: JudgeRef) -> bool:
    """Whether no model stands behind what a judge says, so that judging costs nothing."""
    return not any(KINDS[one.kind].models or KINDS[one.kind].weights for one in single(ref))


def _parts(text: str, kind: str, rest: str) -> tuple[JudgeRef, ...]:
    if not (rest.startswith("[") and rest.endswith("]")):
        raise UsageError(f"{text} names no judges to combine; write it like {kind}:[exact,critic]")
    names, depth = [""], 0
    for index, letter in enumerate(rest[1:-1], 1):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth <= 0 and (_takes_nothing(names[-1]) or _begins_kind(rest[index + 1 : -1])):
            names.append("")
            depth = 0
        else:
            names[-1] += letter
    if depth > 0 or not all(map(str.strip, names)):
        raise UsageError(f"{text} must name two judges or more, brackets closed, like {kind}:[exact,critic]")
    if len(names) < 2:
        raise UsageError(f"{text} names one judge only, and two or more are combined, like {kind}:[exact,critic]")
    return tuple(map(read, names))


def _takes_nothing(name: str) -> bool:
    kind = KINDS.get(name.strip())
    return kind is not None and kind.model != "must"


def _begins_kind(rest: str) -> bool:
    name = rest.lstrip().split(",")[0].partition(":")[0].strip()
    return name in KINDS or not rest.strip()
