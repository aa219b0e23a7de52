"""The report as one self-contained HTML page: no script, no outside request, every text of a model escaped."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from journey.report.charts import chart_svg, whiskers_svg
from journey.report.drawing import drawing_svg
from journey.report.example import Example
from journey.report.pictures import accuracy_dots, charts
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
from journey.types import Thought

Json = Mapping[str, Any]

# The page may show what stands in it and nothing else, whatever text got into it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
KINDS = ("step", "mistake", "reflection", "backtrack", "answer")


def page(figures: Json, example: Example | None, settings: Json) -> str:
    """The text of report.html."""
    style = files("journey.report").joinpath("page.css").read_text(encoding="utf-8")
    name = escape(str(figures["run"]))
    parts = [_head(figures), _table(figures), _charts(figures), _searches(figures), _samples(figures)]
    if example:
        parts += [_tree(example), _side_by_side(example)]
    parts += [_errors(figures), _words(figures), _seeds(figures)]
    parts.append(f'<p class="note">{escape(TOY)}</p>')
    parts.append(f"<details><summary>Settings</summary>{_settings(settings)}</details>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name} · journey</title>\n<style>\n{style}</style></head>\n<body>\n{''.join(parts)}</body></html>\n"
    )


def _head(figures: Json) -> str:
    told = sum(of["thoughts"] for of in figures.get("thoughts", {}).values())
    nothing = f"{number(told)} thoughts, and no comparison of shortcut and journey yet."
    first, *others = gain_lines(figures) or [nothing]
    more = "".join(f"<li>{escape(line)}</li>" for line in others)
    return (
        f"<header><h1>{escape(str(figures['run']))}</h1>"
        f'<p class="quiet">Journey learning against shortcut learning from the same trees</p>'
        f'<p class="gain">{escape(first[0].upper() + first[1:])}</p><ul class="gains">{more}</ul></header>\n'
    )


def _table(figures: Json) -> str:
    lines = [(row.arm, [escape(cell) for cell in row.cells]) for row in rows(figures)]
    said = "".join(f" {escape(line)}" for line in notes(figures))
    return _grid(COLUMNS, lines) + f'<p class="quiet" style="margin-top:12px">{said}</p>\n'


def _grid(heads: Sequence[str], lines: Sequence[tuple[str, Sequence[str]]], kind: str = "") -> str:
    """A table of cells that are HTML already, each line after the name of its arm; `kind` is a class of the style."""
    if not lines:
        return ""
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join(
        f'<tr class="{name if name == "journey" else "other"}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, cells in lines
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n'
    )


def _charts(figures: Json) -> str:
    dots = accuracy_dots(figures)
    drawn = [f"<figure><figcaption>{escape(c.title)}</figcaption>{chart_svg(c)}</figure>" for c in charts(figures)]
    below = f'<div class="charts">{"".join(drawn)}</div>\n' if drawn else ""
    if not dots:
        return below
    whiskers = whiskers_svg("Accuracy with 95 % interval", dots)
    return (
        f"<h2>Accuracy</h2><figure><figcaption>95 % interval; thin ticks are single seeds</figcaption>"
        f'<div class="scroll">{whiskers}</div></figure>\n{below}'
    )


def _searches(figures: Json) -> str:
    lines = [("", [escape(cell) for cell in row]) for row in search_rows(figures)]
    return f"<h2>{TITLE}</h2>{_grid(SEARCH_COLUMNS, lines)}" if lines else ""


def _samples(figures: Json) -> str:
    """Accuracy by votes, by a judge's choice, and by level and subject."""
    tables = (
        (VOTE_TITLE, VOTE_COLUMNS, vote_rows(figures)),
        (RM_TITLE, RM_COLUMNS, rm_rows(figures)),
        (GROUP_TITLE, *group_rows(figures)),
    )
    return "".join(
        f"<h2>{title}</h2>{_grid(heads, [('', [escape(cell) for cell in row]) for row in lines])}"
        for title, heads, lines in tables
        if lines
    )


def _tree(example: Example) -> str:
    drawing = example.drawing
    colours = "".join(
        f'<span><span class="point" style="background:var(--{name})"></span>{name}</span>'
        for name in ("right", "wrong", "neutral", "unjudged")
    )
    hidden = f" {drawing.hidden} more steps are not drawn." if drawing.hidden else ""
    answer = f" Answer: {escape(example.problem.answer)}." if example.problem else ""
    return (
        f"<h2>One tree</h2><p>{escape(example.question)}{answer}</p>"
        f'<p class="legend">{colours}<span>thick green line: the right path (shortcut)</span>'
        f"<span>dashed line and numbers: the long thought's walk</span><span>ring: right answer</span></p>"
        f'<div class="scroll">{drawing_svg(drawing, "A tree of steps")}</div><p class="quiet">{hidden}</p>\n'
    )


def _side_by_side(example: Example) -> str:
    legend = "".join(f'<span><span class="seg {kind}">{kind}</span></span>' for kind in KINDS)
    told = [("Shortcut", example.shortcut), ("Long thought (journey)", example.traverse)]
    columns = "".join(
        f'<div><h3>{title}</h3><div class="thought">{_segments(thought)}</div></div>'
        for title, thought in told
        if thought
    )
    return f'<h2>The same tree, told two ways</h2><p class="legend">{legend}</p><div class="pair">{columns}</div>\n'


def _segments(thought: Thought) -> str:
    """The thought's text with each segment in the colour of its kind; what lies between stays plain."""
    parts: list[str] = []
    at = 0
    for segment in thought.segments:
        start, end = max(at, segment.start), min(len(thought.text), segment.end)
        if start >= end:
            continue
        kind = segment.kind if segment.kind in KINDS else "step"
        parts.append(escape(thought.text[at:start]))
        parts.append(f'<span class="seg {kind}">{escape(thought.text[start:end])}</span>')
        at = end
    return "".join([*parts, escape(thought.text[at:])])


def _errors(figures: Json) -> str:
    named = [arm for arm in arms(figures) if "errors" in figures["arms"][arm]]
    kinds: dict[str, float] = {}
    for arm in named:
        for kind, share in figures["arms"][arm]["errors"].items():
            kinds[kind] = kinds.get(kind, 0.0) + share

    def cell(share: float) -> str:
        return f'{percent(share)}<span class="bar" style="width:{80 * share:.0f}px"></span>'

    lines = [
        ("", [escape(kind), *(cell(figures["arms"][arm]["errors"].get(kind, 0.0)) for arm in named)])
        for kind in sorted(kinds, key=lambda k: -kinds[k])
    ]
    grid = _grid(("share of all answers", *(short(arm) for arm in named)), lines)
    return f"<h2>What went wrong</h2>{grid}" if lines else ""


def _words(figures: Json) -> str:
    lines: list[tuple[str, list[str]]] = []
    for where in ("thoughts", "answers"):
        for name, row in figures["words"][where].items():
            numbers = [number(row["texts"]), number(row["tokens"]), *(number(row[k], 1) for k in ("words", "lines"))]
            keys = ", ".join(f"{word} {number(n)}" for word, (n, _) in list(row["key_words"].items())[:6])
            runs = ", ".join(f"“{run}” {number(n)}" for run, n in row["phrases"][:4])
            told = escape("; ".join(part for part in (keys, runs) if part)) or "-"
            title = f"thoughts: {name}" if where == "thoughts" else f"answers: {short(name)}"
            lines.append(("", [escape(title), *numbers, number(row["words_a_line"], 1), told]))
    heads = ("", "texts", "tokens", "words", "lines", "words a line", "key words; frequent phrases")
    return f"<h2>Words</h2>{_grid(heads, lines, 'prose')}" if lines else ""


def _seeds(figures: Json) -> str:
    lines = [
        (str(row["seed"]), [str(row["seed"]), escape(label(arm)), *_seed_cells(row)])
        for arm in arms(figures)
        for row in figures["arms"][arm].get("by_seed", [])
    ]
    lines.sort(key=lambda line: int(line[0]))
    heads = ("seed", "arm", "accuracy", "95 % interval (Wilson)", "output tokens", "greedy")
    grid = _grid(heads, [("", cells) for _, cells in lines])
    return f"<details><summary>Each seed</summary>{grid}</details>" if lines else ""


def _seed_cells(row: Json) -> list[str]:
    bounds = interval(row["low"], row["high"]) if "low" in row else "-"
    return [percent(row["accuracy"]), bounds, number(row["tokens"]), percent(row.get("greedy_accuracy"))]


def _settings(settings: Json) -> str:
    return f'<pre class="settings">{escape(json.dumps(settings, indent=1, ensure_ascii=False, default=str))}</pre>'
