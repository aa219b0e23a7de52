"""The options of a question, in the many ways that files hold them, as lines that the question ends with.

| data set | how |
| --- | --- |
| MMLU, MMLU-Pro | a list, the answer an index from 0 |
| ARC, OpenBookQA, CommonsenseQA | texts and labels, the answer a label |
| MedQA | an object, the answer a letter or the text |
| AQuA | a list whose texts begin with their letters |
| MathQA | one text: "a ) 38 , b ) 27.675 , c ) 30" |
| MMLU's CSV, MedMCQA, MILU | columns: A to D; opa to opd; option1 to option4 |

The lines are "(A) text", as BIG-Bench Hard writes them and `answers.words` reads them; the answer becomes "(A)".
"""

import ast
import re
from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple, cast

HEADING = "Options:"
MOST = len(ascii_uppercase)
NAMES = ("choices", "options", "candidates", "answer_choices", "multiple_choice", "mc_options")
"""The usual names of a column that holds all options."""
FAMILIES = (
    *(
        tuple(pattern.format(mark) for mark in marks)
        for marks in ("abcdefghij", "123456789", "0123456789")
        for pattern in ("option_{}", "option{}", "choice_{}", "choice{}")
    ),
    *(tuple(pattern.format(mark) for mark in "abcdefghij") for pattern in ("op{}", "answer_{}", "answer{}")),
)
LETTERS = tuple("abcdefghij")  # four at least: a and b may be numbers of a sum
"""The usual names of columns with one option each."""
_MARKED = re.compile(r"\s*\(?\s*([A-Za-z])\s*[).:]\s*(.*)", re.DOTALL)
_MARK = re.compile(r"(?<![A-Za-z0-9\\])\(?\s?([A-Za-z])\s?[).:](?=\s|\S)")
_LETTER = re.compile(r"\(?\s*([A-Za-z])\s*[).:]?")


class Options(NamedTuple):
    """Texts by their labels, as the file has them ("A", "a", "1")."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]


def family(names: Iterable[str]) -> tuple[str, ...]:
    """The columns that hold one option each, of names without capitals; empty where there are no two of a kind."""
    there = set(names)
    for kind, least in (*((kind, 2) for kind in FAMILIES), (LETTERS, 4)):
        found = tuple(name for name in kind if name in there)
        if len(found) >= least and found == kind[: len(found)]:
            return found
    return ()


def options(value: Any) -> Options | None:
    """The options that a cell holds; null for an empty one and for a text in which none can be told apart."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, dict):
        cell = cast("dict[str, Any]", value)
        texts, labels = cell.get("text", cell.get("texts", cell.get("choices"))), cell.get("label", cell.get("labels"))
        if isinstance(texts, list):
            marks = cast("list[Any]", labels) if isinstance(labels, list) else None
            return _of_list(cast("list[Any]", texts), marks)
        filled = {str(key): text for key, text in cell.items() if text not in (None, "")}
        return _of_list(list(filled.values()), list(filled))
    if isinstance(value, list | tuple):
        cells = cast("Sequence[Any]", value)
        if cells and all(isinstance(one, dict) for one in cells):
            pairs = cast("Sequence[dict[str, Any]]", cells)
            keys = [one.get("label", one.get("key", one.get("id"))) for one in pairs]
            return _of_list([one.get("text", one.get("value", one.get("content"))) for one in pairs], keys)
        return _of_list(list(cells), None)
    return None


def written(question: str, given: Options) -> str:
    """The question with its options behind it, a line each; as it is where it holds them already."""
    if all(text in question for text in given.texts) and len(_MARK.findall(question)) >= len(given.texts):
        return question
    lines = (f"({letter}) {text}" for letter, text in zip(ascii_uppercase, given.texts, strict=False))
    return "\n".join((question, HEADING, *lines))


def chosen(answer: Any, given: Options, first: int = 0) -> str | None:
    """The option that an answer names, as "(B)"; null where it names none.

    An answer is an index counted from `first`, a label, a letter, or the option's own text.
    """
    if isinstance(answer, bool) or answer is None:
        return None
    if isinstance(answer, float) and answer.is_integer():
        answer = int(answer)
    if isinstance(answer, int):
        return _lettered(answer - first, given)
    text = str(answer).strip()
    same = [place for place, one in enumerate(given.texts) if _bare(one) == _bare(text)]
    if len(same) == 1:
        return _lettered(same[0], given)
    if text in given.labels:
        return _lettered(given.labels.index(text), given)
    if letter := _LETTER.fullmatch(text):
        return _lettered(ascii_uppercase.find(letter[1].upper()), given)
    if text.isdecimal():
        return _lettered(int(text) - first, given)
    if marked := _MARKED.fullmatch(text):  # "B) 150"
        place = ascii_uppercase.find(marked[1].upper())
        if place < len(given.texts) and _bare(given.texts[place]) == _bare(marked[2]):
            return _lettered(place, given)
    return None


def _lettered(place: int, given: Options) -> str | None:
    return f"({ascii_uppercase[place]})" if 0 <= place < len(given.texts) else None


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _of_list(texts: Sequence[Any], labels: Sequence[Any] | None) -> Options | None:
    cells = ["" if one is None else str(one).strip() for one in texts]
    if not 1 < len(cells) <= MOST or not any(cells):
        return None
    marks = [_MARKED.fullmatch(one) for one in cells]
    letters = "".join(mark[1].upper() if mark else " " for mark in marks)
    if letters == ascii_uppercase[: len(cells)]:  # "A)125": the letters are part of the texts
        cells = [mark[2].strip() for mark in marks if mark]
    return Options(tuple(str(one) for one in labels or ascii_uppercase[: len(cells)]), tuple(cells))


def _of_text(text: str) -> Options | None:
    if text.lstrip().startswith(("[", "{")):
        try:
            return options(ast.literal_eval(text.strip()))
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    found: list[re.Match[str]] = []
    for mark in _MARK.finditer(text):
        if len(found) < MOST and mark[1].upper() == ascii_uppercase[len(found)]:
            found.append(mark)
    if len(found) > 1 and not text[: found[0].start()].strip():
        ends = [*(mark.start() for mark in found[1:]), len(text)]
        return _of_list([text[mark.end() : end].strip(" \t\n,;|") for mark, end in zip(found, ends, strict=True)], None)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _of_list(lines, None) if len(lines) > 1 else None
