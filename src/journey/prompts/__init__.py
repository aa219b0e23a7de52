"""Prompts as text files, one a prompt: what stands in the file is what the model reads.

English ones lie in this folder; another language's lie in the folder of its code, under the same names (zh/math.txt).
"""

import hashlib
import re
from functools import cache

from journey.errors import UsageError
from journey.prompts import languages

_FIELD = re.compile(r"\{\{(\w+)\}\}")


@cache
def load(name: str, language: str | None = None) -> str:
    """The text of a prompt with its {{fields}} unfilled, read once; `language` null: in English.

    Raises UsageError for an unknown name, and for a language that lacks this prompt or has it with other fields.
    """
    if not re.fullmatch(r"[\w-]+", name) or name not in names():
        raise UsageError(f"there is no prompt named {name!r}; the prompts are {', '.join(names())}")
    if language is None:
        return (languages.HERE / f"{name}.txt").read_text(encoding="utf-8")
    text = languages.text_of(language, name)
    if text is None:
        there = [of for of in languages.known() if has(name, of)]
        raise UsageError(
            f"there is no prompt {name} in {language!r}, only in {', '.join(['en', *there])}; say which of these to "
            f"ask in, as in journey import --language en, or add {language}/{name}.txt as docs/languages.md shows"
        )
    if (fields := fields_of(text)) != (wanted := fields_of(load(name))):
        shown = [" ".join(f"{{{{{one}}}}}" for one in sorted(of)) or "none" for of in (fields, wanted)]
        raise UsageError(
            f"{language}/{name}.txt has the fields {shown[0]}, where the English prompt has {shown[1]}; mend it"
        )
    return text


def fields_of(text: str) -> set[str]:
    """The names in double braces of a prompt."""
    return set(_FIELD.findall(text))


def has(name: str, language: str) -> bool:
    """Whether a language has a prompt of that name of its own. Raises UsageError for a language that is not known."""
    return languages.text_of(language, name) is not None


def names() -> list[str]:
    """The names of all prompts, sorted."""
    return sorted(f.name.removesuffix(".txt") for f in languages.HERE.iterdir() if f.name.endswith(".txt"))


def fill(name: str, /, *, language: str | None = None, **fields: str) -> str:
    """The prompt with every {{field}} replaced, in one pass, so that a value is never read as a template again.

    Raises ValueError for a field that the prompt lacks or that was not given, and UsageError as `load` does.
    """
    text = load(name, language)
    wanted = fields_of(text)
    if unknown := sorted(fields.keys() - wanted):
        raise ValueError(f"prompt {name!r} has no field {', '.join(unknown)}; it has {', '.join(sorted(wanted))}")
    if missing := sorted(wanted - fields.keys()):
        raise ValueError(f"prompt {name!r} needs the field {', '.join(missing)}")
    return _FIELD.sub(lambda match: fields[match[1]], text)


def fill_for(language: str | None, name: str, /, **fields: str) -> str:
    """The prompt in a language; where the language lacks it in English, and the language's wish to be written in.

    For prompts that help (critics, reasons, smoothing), whose own words no student reads. Raises as `fill` does.
    """
    if language is None or language not in languages.known():
        return fill(name, **fields)
    if has(name, language):
        return fill(name, language=language, **fields)
    return f"{fill(name, **fields).rstrip()}\n\n{languages.language_of(language).write_in}\n"


def hash(name: str, language: str | None = None) -> str:
    """16 hex digits of the SHA-256 of the prompt's text, kept with every run."""
    return hashlib.sha256(load(name, language).encode()).hexdigest()[:16]
