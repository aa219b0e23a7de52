"""The settings of a process reward model and its name, light enough to read a recipe without loading torch."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from journey.errors import UsageError, check_settings
from journey.judges.base import Judge, JudgeKind, JudgeRef, JudgeSources
from journey.models.local_threads import limit_threads
from journey.models.weights import AUTO, check_dtype


@dataclass(frozen=True, slots=True)
class ClassifierSettings:
    """How a classifier is read.

    `form` null: known by the model. A step is right with a score above `right`, wrong with one up to `wrong`, neutral
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
        check_settings(self, "prm.", right=(0, 1), wrong=(0, self.right), redundant=(0, 1), max_tokens=1)
        check_dtype(self.dtype or AUTO)


def split(named: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The model and the settings in "hf/ID[form=chat,right=0.6]". Raises UsageError.

    Brackets that belong to the name of a folder that is there are no settings.
    """
    opened = [index for index, letter in enumerate(named) if letter == "["]
    at = next((end for end in (len(named), *reversed(opened)) if _is_folder(named[:end])), min(opened, default=None))
    if at is None or at == len(named):
        return named, ()
    model, inside = named[:at], named[at + 1 :]
    if not model or not inside.endswith("]"):
        raise UsageError(f"{named} names no classifier; write it like prm:hf/ID-or-folder or prm:FOLDER[right=0.6]")
    kinds = [field.name for field in fields(ClassifierSettings)]
    found: list[tuple[str, str]] = []
    for pair in filter(None, inside.removesuffix("]").split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key.strip() not in kinds:
            raise UsageError(f"a classifier has no setting {pair!r}; known are {', '.join(kinds)}")
        found.append((key.strip(), value))
    return model, tuple(found)


def path_of(ref: JudgeRef) -> str:
    """The folder or hub id of a classifier: hf/ID-or-folder, or a folder as it is. Raises UsageError for neither."""
    kind, _, path = ref.model.partition("/")
    if kind == "hf" and path:
        return path
    if _is_folder(ref.model):
        return ref.model
    raise UsageError(
        f"there is no classifier in {ref.model}; give hf/ID-or-folder, or a folder such as RUN/models/NAME"
    )


def chosen(ref: JudgeRef, settings: ClassifierSettings) -> ClassifierSettings:
    """The settings with those of the judge's name over them. Raises UsageError."""
    given = {key: _unescaped(value) if key == "tag" else value for key, value in ref.options}
    try:
        return TypeAdapter(ClassifierSettings).validate_python(asdict(settings) | given)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"prm.{first['loc'][0]} is {first['input']!r}: {first['msg'].lower()}") from None


def _is_folder(named: str) -> bool:
    return any((Path(path).expanduser() / "config.json").is_file() for path in (named, named.removeprefix("hf/")))


def _unescaped(tag: str) -> str:
    if not tag.isascii():
        return tag
    try:
        return tag.encode().decode("unicode_escape")
    except UnicodeDecodeError:
        raise UsageError(f"tag={tag} cannot be read; write a line end as \\n and a backslash as \\\\") from None


def _build(ref: JudgeRef, settings: ClassifierSettings, sources: JudgeSources) -> Judge:
    path = path_of(ref)
    try:
        from journey.judges.classifier import Classifier
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{ref.label} needs {error.name}; install it with pip install 'journey-learning[local]'"
        ) from None
    limit_threads(path)
    return Classifier(path, ref.label, chosen(ref, settings))


def _weights(ref: JudgeRef) -> list[str]:
    chosen(ref, ClassifierSettings())  # settings that cannot be read are refused before anything is loaded
    return [path_of(ref)]


KIND = JudgeKind("prm:hf/ID-or-folder", _build, weights=_weights, settings=ClassifierSettings, split=split)
