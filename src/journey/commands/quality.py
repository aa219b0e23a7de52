"""journey quality: how thoughts read, what they do on their way, and how good they are, by rules alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from journey.commands import flags
from journey.commands.output import say
from journey.data.texts import read_texts
from journey.errors import UsageError
from journey.evals import words
from journey.evals.quality import MEASURES
from journey.evals.text_figures import TextFigures, measure, summary
from journey.prompts.languages import ENGLISH, known, language_of
from journey.report.wording import percent

KEYS_SHOWN = ("wait", "alternatively", "therefore", "consider", "if", "possible")
EXAMPLES_SHOWN = 10


def quality(sources: flags.Sources, method: flags.Method = None, top: flags.Top = 3, json: flags.Json = False) -> int:
    """Say how thoughts read and how good they are.

    Lengths, moves, mistakes, frequent words, and measures of their quality; no model is asked.
    """
    sets: dict[tuple[str, str], list[TextFigures]] = {}
    for source in dict.fromkeys(sources):
        there: set[str] = set()
        for name, sample in read_texts(source):
            there.add(name)
            if method in (None, name):
                sets.setdefault((str(source), name), []).append(measure(sample, top))
        if method is not None and method not in there:
            known = ", ".join(sorted(there)) or "none"
            raise UsageError(f"{source} holds no thoughts by {method}; it holds: {known}")
    order = {str(source): place for place, source in enumerate(sources)}
    rows = [
        {"source": source, "method": name, **summary(sets[source, name], name, top)}
        for source, name in sorted(sets, key=lambda key: (order[key[0]], key[1]))
    ]
    tables = (_words_table(rows), _structure_table(rows), _quality_table(rows), *_language_table(rows))
    say(json, {"tokens": words.TOKENS_BY_RULE, "sets": rows}, *tables, _phrase_table(rows))
    return 0


def _grid(title: str, *columns: str) -> Table:
    """A table without lines, so that whole headings stand beside each other in 80 columns."""
    grid = Table(title=Text(f"\n{title}"), title_justify="left", box=None, padding=(0, 1, 0, 0))
    grid.add_column("thoughts", no_wrap=True, min_width=16, max_width=36)
    for name in columns:
        grid.add_column(name, justify="right")
    return grid


def _words_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    grid = _grid(
        f"Lengths, means a thought (tokens: {words.TOKENS_BY_RULE})", "number", "tokens", "lines", "words a line"
    )
    grid.add_column("key words in 1,000 tokens", ratio=1)
    for row in rows:
        many = len(row["examples"])
        shown = row["examples"] if 1 < many <= EXAMPLES_SHOWN else []
        lines = [
            (_name(row), many, row["words"]),
            *((f"  {_printable(one['name'])}", 1, one["words"]) for one in shown),
        ]
        for name, number, found in lines:
            rates = {key: found["key_words"].get(key, (0, 0.0))[1] for key in _keys_shown(row)}
            keys = ", ".join(f"{key} {_number(rate)}" for key, rate in rates.items() if rate) or "none"
            lengths = (_number(found["tokens"], 0), _number(found["lines"]), _number(found["words_a_line"]))
            grid.add_row(*map(Text, (name, str(number), *lengths, keys)))
    return grid


def _keys_shown(row: Mapping[str, Any]) -> Sequence[str]:
    wanted = row["language"]["wanted"]
    if len(wanted) > 1 or wanted[0] not in known():
        return KEYS_SHOWN
    return language_of(wanted[0]).key_words[: len(KEYS_SHOWN)]


def _structure_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ["reflections", "backtracks", "mistakes", "recovered", "wrong\ntokens", "their\nshare"]
    guessed = any(row["structure"]["estimated"] for row in rows)
    grid = _grid("Moves, means a thought", *columns, *(["by cue\nwords"] if guessed else []))
    for row in rows:
        found = row["structure"]
        moves = [_number(found[name], 2) for name in ("reflections", "backtracks", "mistakes")]
        cost = [percent(found["recovery_rate"], 0), _number(found["wrong_tokens"]), percent(found["wrong_share"], 0)]
        cells = [_name(row), *moves, *cost, *([percent(found["estimated"], 0)] if guessed else [])]
        grid.add_row(*map(Text, cells))
    return grid


def _quality_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    grid = _grid("Quality, means over the thoughts of which it can be said", *MEASURES, "Q said of")
    for row in rows:
        found = row["quality"]
        values = [_number(found[name], 3) for name in MEASURES]
        grid.add_row(*map(Text, (_name(row), *values, f"{found['said']['q']} of {found['thoughts']}")))
    return grid


def _language_table(rows: Sequence[Mapping[str, Any]]) -> list[Table]:
    """In which language the texts are; none where all are in English and should be."""
    if all(row["language"]["wanted"] == [ENGLISH] and row["language"]["share"] in (1.0, None) for row in rows):
        return []
    grid = _grid("Language", "wanted", "share in it", "said of", "thoughts with parts\nin another", "such\nparts")
    for row in rows:
        found, many = row["language"], len(row["examples"])
        of = f"{found['known']} of {many}"
        cells = [_name(row), ", ".join(found["wanted"]), percent(found["share"], 0), of]
        grid.add_row(*map(Text, (*cells, str(found["mixed"]), str(found["parts"]))))
    return [grid]


def _phrase_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    grid = _grid("Most frequent runs of words")
    for n in words.LENGTHS:
        grid.add_column("1 word" if n == 1 else f"{n} words")
    for row in rows:
        runs = row["words"]["phrases"].values()
        grid.add_row(*map(Text, (_name(row), *("\n".join(f"{run} {n}" for run, n in found) for found in runs))))
    return grid


def _name(row: Mapping[str, Any]) -> str:
    return _printable(f"{Path(row['source']).name}, {row['method']}")


def _printable(text: str) -> str:
    """Without what would move a terminal's cursor or clear it: names are whatever a file says."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _number(value: float | None, places: int = 1) -> str:
    return "-" if value is None else f"{value:,.{places}f}"
