"""journey quality: how thoughts read, what they do on their way, and how good they are, by rules alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from rich.table import Table
from rich.text import Text

from journey.commands.options import Json, Method, Sources, Top
from journey.commands.output import reading, say
from journey.errors import UsageError
from journey.evals import quality as measured
from journey.evals import structure, words
from journey.store import datafiles
from journey.types import Thought, Tree

TEXT_COLUMNS = ("text", "response", "long_cot", "thought", "output", "completion", "solution", "model_output")
QUESTION_COLUMNS = ("question", "problem", "instruction", "prompt")
KEYS_SHOWN = ("wait", "alternatively", "therefore", "consider", "if", "possible")
EXAMPLES_SHOWN = 10
_THOUGHT = TypeAdapter(Thought)


class Told(NamedTuple):
    """A text to measure; `thought` and `tree` where it has segments and where its tree is known."""

    name: str
    text: str
    question: str = ""
    thought: Thought | None = None
    tree: Tree | None = None


class Measured(NamedTuple):
    """What was found of one text."""

    told: Told
    reading: words.Reading
    moves: structure.Structure
    quality: measured.Quality


def quality(sources: Sources, method: Method = None, top: Top = 3, json: Json = False) -> int:
    """Say how thoughts read and how good they are.

    Also what they do on their way; no model is asked.
    """

    return _quality(sources, method, top, json)


def _quality(sources: Sequence[Path], method: str | None, top: int, json: bool) -> int:
    """Every source's texts by method, beside each other; as JSON every single text's figures, too."""
    sets: dict[tuple[str, str], list[Measured]] = {}
    for source in dict.fromkeys(sources):
        there: set[str] = set()
        for name, told in _all_told(source):
            there.add(name)
            if method in (None, name):
                sets.setdefault((str(source), name), []).append(_measure(told, top))
        if method is not None and method not in there:
            known = ", ".join(sorted(there)) or "none"
            raise UsageError(f"{source} holds no thoughts by {method}; it holds: {known}")
    order = {str(source): place for place, source in enumerate(sources)}
    rows = [_row(*key, sets[key], top) for key in sorted(sets, key=lambda key: (order[key[0]], key[1]))]
    say(json, {"tokens": words.TOKENS_BY_RULE, "sets": rows}, *_tables(rows))
    return 0


# --- where the texts are from -----------------------------------------------------------------------------------------


def _all_told(source: Path) -> Iterator[tuple[str, Told]]:
    """The texts of a run or file with the method each was made by. Raises UsageError where there is none."""
    if source.is_dir():
        return _of_run(source)
    if not source.is_file():
        raise UsageError(
            f"there is no run and no file {source}; give a run's folder, or a JSONL file of thoughts or texts"
        )
    return _of_file(source)


def _of_run(source: Path) -> Iterator[tuple[str, Told]]:
    with reading(source) as of:
        if not of.count("thoughts"):
            raise UsageError(f"{source} holds no thoughts; derive some with journey derive {source}")
        questions = {p.id: p.question for p in of.problems()}
        thoughts = list(of.thoughts())
        wanted = {thought.tree for thought in thoughts}
        trees = {t.id: t for t in of.trees() if t.id in wanted}
    for one in thoughts:
        tree = None if one.tree is None else trees.get(one.tree)
        yield one.method, Told(one.id, one.text, questions.get(one.problem, ""), one, tree)


def _of_file(source: Path) -> Iterator[tuple[str, Told]]:
    column: str | None = None
    number = 0
    for number, (place, row) in enumerate(datafiles.rows(source), 1):
        question = next((row[name] for name in QUESTION_COLUMNS if isinstance(row.get(name), str)), "")
        if "segments" in row and "draft" in row:
            one = _thought(place, row)
            yield one.method, Told(one.id, one.text, question, one)
            continue
        column = column or next((name for name in TEXT_COLUMNS if _text(row.get(name)) is not None), None)
        text = None if column is None else _text(row.get(column))
        if text is None:
            named = f"no text in its column {column!r}" if column else f"none of the columns {', '.join(TEXT_COLUMNS)}"
            raise UsageError(
                f"{place} has {named}; each row must have its text there, or be a thought of journey export"
            )
        name = row.get("id")
        yield "text", Told(str(number if name is None else name), text, question)
    if not number:
        raise UsageError(f"{source} has no rows; give a file with one text a row")


def _text(value: Any) -> str | None:
    """A text, or a list of steps as lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(step, str) for step in value):
        return "\n".join(value)
    return None


def _thought(place: str, row: Mapping[str, Any]) -> Thought:
    try:
        return _THOUGHT.validate_python({name: row[name] for name in Thought.__slots__ if name in row})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        raise UsageError(f"{place} is no Thought: {where}: {first['msg']}; write it with journey export") from error


# --- what is found of them --------------------------------------------------------------------------------------------


def _measure(told: Told, top: int) -> Measured:
    thought = told.thought
    return Measured(
        told,
        words.read([told.text], told.name, top=top),
        structure.of_text(told.text) if thought is None else structure.of_thought(thought, told.tree),
        measured.of_text(told.text, told.question)
        if thought is None
        else measured.of_thought(thought, told.question, told.tree),
    )


def _row(source: str, name: str, found: Sequence[Measured], top: int) -> dict[str, Any]:
    return {
        "source": source,
        "method": name,
        "words": words.read([one.told.text for one in found], name, top=top).to_json(),
        "structure": structure.summed(one.moves for one in found),
        "quality": measured.summed(one.quality for one in found),
        "examples": [
            {
                "name": one.told.name,
                "words": one.reading.to_json(),
                "structure": one.moves.to_json(),
                "quality": one.quality.to_json(),
            }
            for one in found
        ],
    }


# --- for a person -----------------------------------------------------------------------------------------------------


def _tables(rows: Sequence[Mapping[str, Any]]) -> list[Table]:
    return [_words_table(rows), _structure_table(rows), _quality_table(rows), _phrase_table(rows)]


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
            rates = {key: found["key_words"].get(key, (0, 0.0))[1] for key in KEYS_SHOWN}
            keys = ", ".join(f"{key} {_said(rate)}" for key, rate in rates.items() if rate) or "none"
            lengths = (_said(found["tokens"], 0), _said(found["lines"]), _said(found["words_a_line"]))
            grid.add_row(*map(Text, (name, str(number), *lengths, keys)))
    return grid


def _structure_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ["reflections", "backtracks", "mistakes", "recovered", "wrong\ntokens", "their\nshare"]
    guessed = any(row["structure"]["estimated"] for row in rows)
    grid = _grid("Moves, means a thought", *columns, *(["by cue\nwords"] if guessed else []))
    for row in rows:
        found = row["structure"]
        moves = [_said(found[name], 2) for name in ("reflections", "backtracks", "mistakes")]
        cost = [_percent(found["recovery_rate"]), _said(found["wrong_tokens"]), _percent(found["wrong_share"])]
        cells = [_name(row), *moves, *cost, *([_percent(found["estimated"])] if guessed else [])]
        grid.add_row(*map(Text, cells))
    return grid


def _quality_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    grid = _grid("Quality, means over the thoughts of which it can be said", *measured.MEASURES, "Q said of")
    for row in rows:
        found = row["quality"]
        values = [_said(found[name], 3) for name in measured.MEASURES]
        grid.add_row(*map(Text, (_name(row), *values, f"{found['said']['q']} of {found['thoughts']}")))
    return grid


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


def _said(value: float | None, places: int = 1) -> str:
    return "-" if value is None else f"{value:,.{places}f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
