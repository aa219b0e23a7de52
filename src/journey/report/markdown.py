"""The report as Markdown, for a README or a pull request."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from journey.report.samples import (
    GROUP_TITLE,
    RM_COLUMNS,
    RM_TITLE,
    VOTE_COLUMNS,
    VOTE_TITLE,
    group_rows,
    rm_rows,
    vote_rows,
)
from journey.report.searches import COLUMNS as SEARCH_COLUMNS
from journey.report.searches import TITLE, search_rows
from journey.report.wording import COLUMNS, TOY, arms, gain_lines, interval, label, notes, number, percent, rows, short

Json = Mapping[str, Any]


def markdown(figures: Json, pictures: Sequence[str] = ()) -> str:
    """The text of report.md; `pictures` are file names beside it."""
    parts = [f"# {_plain(str(figures['run']))}", _table(COLUMNS, [row.cells for row in rows(figures)])]
    parts += ["\n".join(f"- {_plain(line)}" for line in gain_lines(figures)), _plain(" ".join(notes(figures))), TOY]
    parts += [f"![{name.removesuffix('.png')}]({name})" for name in pictures]
    parts += [_searches(figures), _votes(figures), _groups(figures), _seeds(figures), _errors(figures), _words(figures)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _searches(figures: Json) -> str:
    lines = search_rows(figures)
    return f"## {TITLE}\n\n" + _table(SEARCH_COLUMNS, lines) if lines else ""


def _votes(figures: Json) -> str:
    tables = ((VOTE_TITLE, VOTE_COLUMNS, vote_rows(figures)), (RM_TITLE, RM_COLUMNS, rm_rows(figures)))
    return "\n\n".join(f"## {title}\n\n{_table(heads, lines)}" for title, heads, lines in tables if lines)


def _groups(figures: Json) -> str:
    heads, lines = group_rows(figures)
    return f"## {GROUP_TITLE}\n\n" + _table(heads, lines) if lines else ""


def _seeds(figures: Json) -> str:
    lines = [
        (
            str(row["seed"]),
            label(arm),
            percent(row["accuracy"]),
            interval(row["low"], row["high"]),
            number(row["tokens"]),
        )
        for arm in arms(figures)
        for row in figures["arms"][arm].get("by_seed", [])
        if "low" in row
    ]
    heads = ("seed", "arm", "accuracy", "95 % interval (Wilson)", "output tokens")
    return "## Each seed\n\n" + _table(heads, sorted(lines)) if lines else ""


def _errors(figures: Json) -> str:
    named = [arm for arm in arms(figures) if figures["arms"][arm].get("errors")]
    kinds = {kind: 0.0 for arm in named for kind in figures["arms"][arm]["errors"]}
    lines = [(kind, *(percent(figures["arms"][a]["errors"].get(kind, 0.0)) for a in named)) for kind in kinds]
    heads = ("share of all answers", *(short(arm) for arm in named))
    return "## What went wrong\n\n" + _table(heads, lines) if lines else ""


def _words(figures: Json) -> str:
    lines = [
        (
            f"{where}: {short(name) if where == 'answers' else name}",
            number(row["texts"]),
            number(row["tokens"]),
            number(row["words"], 1),
            number(row["lines"], 1),
            number(row["words_a_line"], 1),
            ", ".join(f"{word} {n}" for word, (n, _) in list(row["key_words"].items())[:5]),
        )
        for where in ("thoughts", "answers")
        for name, row in figures["words"][where].items()
    ]
    heads = ("", "texts", "tokens", "words", "lines", "words a line", "key words")
    return "## Words\n\n" + _table(heads, lines) if lines else ""


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return ""
    align = [":--"] + ["--:"] * (len(heads) - 1)
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in (heads, align, *lines))


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no cell borders, one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
