"""A research log as a map: time flows down, a lane a theme, a card an entry, a line from what it follows."""

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from journey.report.build import write_text
from journey.report.log import NOT_BEGUN, SIGNS, LogEntry, ResearchLog, entry_json
from journey.report.templates import templates

CARD, GUTTER, LEFT = 156, 28, 22
MARGIN, HEAD = 26, 17  # left of the map's title; the height of a line below it
GAP = 30  # between two rows of cards
STEP, WIDEST = 3, 12  # between two lines that run beside each other, and how far from the middle they go
NAME, LINE = 15, 12.5  # heights of a line of a card's name and of its headline
DAYS = 10  # more dates than that are bands of months
TONES = ("ink", "teal", "ochre", "plum", "accent")
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Card:
    """An entry's place: its upper left corner, its size, and the lines of its texts that fit."""

    entry: LogEntry
    x: float
    y: float
    height: float
    name: Sequence[str]
    title: Sequence[str]
    href: str
    lit: bool

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Signs that have a mark, with it."""
        return [(sign, SIGNS[sign][0]) for sign in self.entry.signs if SIGNS[sign][0]]

    @property
    def tip(self) -> str:
        """All that is known of it, for the pointer and for readers of screens."""
        entry = self.entry
        about = [str(entry.date or "no date"), *entry.signs, *entry.tags, *cost_words(entry.cost), entry.author or ""]
        return printable(f"{entry.title}\n{', '.join(part for part in about if part)}")


@dataclass(frozen=True, slots=True)
class LogMap:
    """A laid-out map: cards; lines, with their colour and whether they stand out; bands of time; lanes; signs."""

    about: Sequence[str]
    width: float
    height: float
    cards: Sequence[Card]
    lines: Sequence[tuple[str, str, bool]]
    bands: Sequence[tuple[float, str]]
    lanes: Sequence[tuple[float, str, int]]
    legend: Sequence[tuple[Point, str, str, str]]
    top: float
    chosen: str | None = None
    card: float = CARD


def map_svg(
    log: ResearchLog, links: Mapping[str, str], lit: Iterable[str] | None = None, chosen: str | None = None
) -> str:
    """The map as an SVG that stands by itself, in the light and in the dark; `links` are addresses by an entry's id.

    `lit` are the ids of entries that stand out, null: all; `chosen` is the one that is looked at.
    """
    template = templates().get_template("log_map.svg")
    return template.render(map=_laid_out(log, links, None if lit is None else set(lit), chosen)).strip() + "\n"


def write_map(log: ResearchLog, to: Path) -> list[Path]:
    """Writes the map to a file of SVG, whose cards link to the log, and its entries beside it as .jsonl; both names."""
    place = quote(Path(os.path.relpath(log.path, to.parent)).as_posix())
    links = {entry.id: f"{place}#{quote(entry.id)}" for entry in log.entries}
    lines = (json.dumps(entry_json(entry), ensure_ascii=False) + "\n" for entry in log.entries)
    write_text(to, map_svg(log, links))
    write_text(to.with_suffix(".jsonl"), "".join(lines))
    return [to, to.with_suffix(".jsonl")]


def cost_words(cost: Mapping[str, float]) -> list[str]:
    """A cost in words, an amount a unit."""
    return [f"{amount:,.{0 if amount >= 10 else 1}f} {unit}".replace(".0 ", " ") for unit, amount in cost.items()]


def printable(text: str) -> str:
    """The text without marks of Markdown, and without letters that an SVG may not hold."""
    plain = text.replace("`", "").replace("**", "")
    return "".join(c for c in plain if c == "\n" or c.isprintable())


def wrapped(text: str, width: float, size: float, most: int) -> list[str]:
    """The text in at most `most` lines of that width at a size of letters, by widths that no common font exceeds."""
    lines, words = [""], printable(text).split()
    for word in words:
        for part in _pieces(word, width, size):
            longer = f"{lines[-1]} {part}".strip()
            if letters(longer, size) <= width:
                lines[-1] = longer
            else:
                lines.append(part)
    if len(lines) > most:
        last = lines[most - 1]
        while letters(f"{last}…", size) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last.rstrip(' ,;:')}…"]
    return lines


def letters(text: str, size: float) -> float:
    """How wide a text is at most, in pixels."""
    return size * sum(
        1.05 if unicodedata.east_asian_width(c) in "WF" else 0.34 if c in "iljtf.,:;|!'()[] " else
        0.96 if c in "mwMW%@…" else 0.74 if c.isupper() else 0.62 if c.isascii() else 0.8
        for c in text
    )  # fmt: skip


def _pieces(word: str, width: float, size: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if letters(pieces[-1] + letter, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _laid_out(log: ResearchLog, links: Mapping[str, str], lit: set[str] | None, chosen: str | None) -> LogMap:
    lanes = {name: LEFT + GUTTER + place * (CARD + GUTTER) for place, name in enumerate(log.lanes)}
    rows, first_rows = _rows(log.entries)
    texts = {e.id: (wrapped(e.label, CARD - 24, 12.7, 2), wrapped(_below(e), CARD - 20, 10, 3)) for e in log.entries}
    tall = [0.0] * (max(rows.values()) + 1)
    for entry in log.entries:
        name, title = texts[entry.id]
        tall[rows[entry.id]] = max(tall[rows[entry.id]], 17 + NAME * len(name) + LINE * len(title))
    width = max(LEFT + (CARD + GUTTER) * len(lanes) + GUTTER, 420)
    begun = sum(e.is_begun for e in log.entries)
    about = (
        f"{log.title}: {begun} entries from the oldest at the top to the newest, {len(log.entries) - begun} wished for."
    )
    about += " A line leads to what followed. No mark: done, with the result named."
    heads = wrapped(about, width - 2 * MARGIN, 12, 4)
    legend = _legend(log, width, 60 + HEAD * len(heads))
    top = legend[-1][0][1] + 34
    tops, y, bands = list[float](), top + 26, list[tuple[float, str]]()
    for row, height in enumerate(tall):
        if row in first_rows:
            bands.append((y, first_rows[row]))
            y += 38
        tops.append(y)
        y += height + GAP
    cards = dict[str, Card]()
    for e in log.entries:
        is_lit = lit is None or e.id in lit
        cards[e.id] = Card(
            e, lanes[e.lane], tops[rows[e.id]], tall[rows[e.id]], *texts[e.id], links.get(e.id, ""), is_lit
        )
    counts = {name: sum(e.lane == name for e in log.entries) for name in lanes}
    columns = [(x, wrapped(name, CARD - 26, 13, 1)[0], counts[name]) for name, x in lanes.items()]
    ways = _lines(log.entries, rows, cards)
    return LogMap(heads, width, y, list(cards.values()), ways, bands, columns, legend, top, chosen)


def _legend(log: ResearchLog, width: float, y: float) -> list[tuple[Point, str, str, str]]:
    """Where each sign stands, with its mark and in words, as many in a row as fit."""
    found, x = list[tuple[Point, str, str, str]](), float(MARGIN + 11)
    for sign, (mark, means) in SIGNS.items():
        words = f"{sign}: {means} ({sum(sign in e.signs for e in log.entries)})"
        if x + letters(words, 12) > width - MARGIN and x > MARGIN + 11:
            x, y = float(MARGIN + 11), y + 24
        found.append(((x, y), sign, mark, words))
        x += letters(words, 12) + 34
    return found


def _below(entry: LogEntry) -> str:
    """What stands below an entry's name: its headline, or the text where the name is the headline."""
    return entry.title if entry.name not in ("", entry.title) else entry.text


def _rows(entries: Sequence[LogEntry]) -> tuple[dict[str, int], dict[int, str]]:
    """The row of each entry, below all that it follows and all before it in its lane; each band's text by its first."""
    days = {e.date for e in entries if e.is_begun}
    rows, lowest, first, band, begins = dict[str, int](), dict[str, int](), dict[int, str](), "", 0
    for entry in entries:
        when = f"{entry.date:%Y-%m-%d}"[: 10 if len(days) <= DAYS else 7] if entry.date else "before"
        if (now := when if entry.is_begun else NOT_BEGUN) != band:
            band, begins = now, max(rows.values(), default=-1) + 1
            first[begins] = band
        above = [lowest.get(entry.lane, -1), *(rows[id] for id in entry.after)]
        rows[entry.id] = lowest[entry.lane] = max(begins, max(above) + 1)
    return rows, first


def _lines(
    entries: Sequence[LogEntry], rows: Mapping[str, int], cards: Mapping[str, Card]
) -> list[tuple[str, str, bool]]:
    """A path from each entry to those that follow it: along the gaps between rows and the gutters between lanes."""
    taken = {(card.x, rows[id]) for id, card in cards.items()}
    tracks = dict[tuple[str, float], dict[str, int]]()

    def track(kind: str, place: float, source: str) -> float:
        used = tracks.setdefault((kind, place), {})
        number = used.setdefault(source, len(used))
        return min(WIDEST, STEP * ((number + 1) // 2)) * (-1 if number % 2 else 1)  # from the middle on

    found: list[tuple[str, str, bool]] = []
    sources = list(dict.fromkeys(id for e in entries for id in e.after))
    for entry in entries:
        target = cards[entry.id]
        for place, id in enumerate(sorted(entry.after, key=lambda id: cards[id].x)):
            source = cards[id]
            start = source.x + CARD / 2
            end = target.x + CARD * (place + 1) / (len(entry.after) + 1)
            bottom = source.y + source.height
            first = bottom + GAP / 2 + track("gap", rows[id], id)
            points = [(start, bottom), (start, first)]
            between = range(rows[id] + 1, rows[entry.id])
            if any((target.x, row) in taken for row in between):
                gutter = target.x - GUTTER / 2 + track("gutter", target.x, id)
                last = target.y - GAP / 2 + track("gap", rows[entry.id] - 1, id)
                points += [(gutter, first), (gutter, last), (end, last)]
            else:
                points += [(end, first)]
            tone = TONES[sources.index(id) % len(TONES)]
            found.append((_rounded([*points, (end, target.y - 1)]), tone, source.lit and target.lit))
    return found


def _rounded(points: Sequence[Point], radius: float = 6) -> str:
    """A path along these points with round corners and an arrow's head at its end."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
        r = min(radius, before / 2, after / 2)
        if r < 0.1:
            continue
        ax, ay = x1 - (x1 - x0) / before * r, y1 - (y1 - y0) / before * r
        bx, by = x1 + (x2 - x1) / after * r, y1 + (y2 - y1) / after * r
        path += f" L{ax:.1f} {ay:.1f} Q{x1:.1f} {y1:.1f} {bx:.1f} {by:.1f}"
    x, y = points[-1]
    return f"{path} L{x:.1f} {y:.1f} m-3.5 -5.5 l3.5 5.5 l3.5 -5.5"
