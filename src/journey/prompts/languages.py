"""What is known of each language that problems may be in: a folder with a file language.yaml, beside its prompts.

A user's own languages are folders of the same form in the folder that JOURNEY_LANGUAGE_FOLDER names.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml

from journey.errors import UsageError

HERE = resources.files("journey.prompts")
VARIABLE = "JOURNEY_LANGUAGE_FOLDER"
FILE = "language.yaml"
ENGLISH = "en"
CUES = ("reflection", "backtrack", "return", "check")
"""The kinds of paragraphs that a language's cues show."""
_ENGLISH_KEY_WORDS = (
    "wait", "alternatively", "therefore", "let me compute", "let me", "but", "so", "consider", "if", "possible",
    "check", "verify", "mistake", "wrong", "cannot", "go back", "back to", "try", "maybe", "however",
)  # fmt: skip
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language. `code` is its folder's name (ISO 639), `name` its name in English.

    `scripts` are the first words of the Unicode names of its letters (CJK, HANGUL, LATIN). `length`: how many
    characters a text has for each one of the same text in English. `write_in` asks a model to write in it. `narration`
    are the words of a long thought between its steps (`journey.tasks.narration`), `cues` the patterns of words that
    show a kind of paragraph ("reflection", "backtrack", "return", "check"), `key_words` those that are counted.
    """

    code: str
    name: str
    scripts: tuple[str, ...]
    write_in: str
    length: float = 1.0
    narration: Mapping[str, tuple[str, ...]]
    cues: Mapping[str, tuple[str, ...]]
    key_words: tuple[str, ...]


def normal(language: str) -> str:
    """A language's code in the form used here: "zh" for "zh-CN", "ZH" and "Chinese".

    Raises UsageError for what is neither a code nor the name of a language that is known here.
    """
    given = language.strip().casefold()
    if match := _CODE.fullmatch(given):
        return match[1]
    names = {"english": ENGLISH} | {language_of(one).name.casefold(): one for one in known()}
    if given not in names:
        raise UsageError(f"{language!r} is no code of a language; write one of two letters: en (English), {_listed()}")
    return names[given]


def code(language: str | None) -> str | None:
    """The same of a language that prompts are chosen by: null for English, and where nobody said."""
    found = None if language is None else normal(language)
    return None if found == ENGLISH else found


@cache
def known() -> tuple[str, ...]:
    """The codes of the languages besides English, sorted."""
    return tuple(sorted({one.name for root in _roots() for one in root.iterdir() if (one / FILE).is_file()}))


@cache
def language_of(code: str) -> Language:
    """What is known of a language. Raises UsageError where there is no such language here, or its file is broken.

    The words of English stand in the rooms that use them: its narration and cues are empty here.
    """
    if code == ENGLISH:
        return Language(
            code=ENGLISH, name="English", scripts=("LATIN",), write_in="Write in English.", narration={}, cues={},
            key_words=_ENGLISH_KEY_WORDS,
        )  # fmt: skip
    for root in _roots():
        if (file := root / code / FILE).is_file():
            return _read(code, file)
    raise UsageError(
        f"there are no prompts in {code!r}, only in en (English), {_listed()}; take one of these (journey import "
        "--language en asks in English), or add a folder for it as docs/languages.md shows"
    )


def text_of(code: str, name: str) -> str | None:
    """The text of a language's own prompt; null where it has none of that name. Raises UsageError as `language_of`."""
    language_of(code)
    files = (root / code / f"{name}.txt" for root in _roots())
    return next((file.read_text(encoding="utf-8") for file in files if file.is_file()), None)


def _roots() -> tuple[Traversable, ...]:
    own = os.environ.get(VARIABLE)
    if own and not Path(own).is_dir():
        raise UsageError(f"{VARIABLE} names {own}, which is no folder; make it, or unset {VARIABLE}")
    return (HERE, Path(own)) if own else (HERE,)


def _listed() -> str:
    return ", ".join(f"{of} ({language_of(of).name})" for of in known())


def _read(code: str, file: Traversable) -> Language:
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeError) as error:
        raise UsageError(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    wanted = {field.name for field in fields(Language)} - {"code"}
    if not isinstance(data, dict) or (wrong := data.keys() ^ wanted):
        shown = ", ".join(sorted(map(str, wrong))) if isinstance(data, dict) else "a mapping"  # pyright: ignore
        raise UsageError(f"{file}: {shown} is missing or not known; a language has {', '.join(sorted(wanted))}")
    tables = {key: {name: _texts(found, file, name) for name, found in _table(data[key], file, key).items()}
              for key in ("narration", "cues")}  # fmt: skip
    lists = {key: _texts(data[key], file, key) for key in ("scripts", "key_words")}
    if tables["cues"].keys() != set(CUES):
        raise UsageError(f"{file}: cues must have {', '.join(CUES)}, and nothing else")
    for pattern in (one for patterns in tables["cues"].values() for one in patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(f"{file}: the cue {pattern!r} is no pattern of Python's re: {error}") from None
    length = data["length"]
    if isinstance(length, bool) or not isinstance(length, int | float) or not 0.05 <= length <= 20:
        raise UsageError(f"{file}: length is {length!r}; it must be a number such as 1.1")
    return Language(
        code=code, name=str(data["name"]), length=float(length), write_in=str(data["write_in"]),
        scripts=lists["scripts"], key_words=lists["key_words"], narration=tables["narration"], cues=tables["cues"],
    )  # fmt: skip


def _table(found: Any, file: Traversable, key: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise UsageError(f"{file}: {key} must hold lists of texts by their names, as in prompts/zh/{FILE}")
    return found


def _texts(found: Any, file: Traversable, key: str) -> tuple[str, ...]:
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise UsageError(f"{file}: {key} must be a list of texts, as in prompts/zh/{FILE}")
    return tuple(texts)
