"""A research log as records: the form of docs/LOG.md, which anybody's own log may have (CONTRIBUTING.md, "The log")."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date as Day
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from journey.errors import UsageError

SIGNS = {
    "insight": ("!", "what was learnt"),
    "shared": ("#", "made for others to use"),
    "ended": ("×", "did not work, or was given up"),
    "paused": ("||", "goes on later"),
    "wished for": ("", "not begun"),
}
"""The signs of the O1 Replication Journey's exploration map: a mark and what it means."""
FIELDS = ("name", "tags", "signs", "after", "author", "cost")
NOT_BEGUN = "wished for"
_HEADING = re.compile(r"(#{1,6}) +(.*?)[ #]*")
_DATED = re.compile(r"(\d{4}[-/.]\S*?):?(?:\s+(.*))?")
_FIELD = re.compile(rf"({'|'.join(FIELDS)}): ")
_COST = re.compile(r"(\d[\d,]*(?:\.\d+)?) ([^\W\d].*)")
_MINUTES = {"core-second": 1 / 60, "core-minute": 1.0, "core-hour": 60.0}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry. `id` is its heading's anchor on GitHub, `after` has the ids of earlier entries that it follows.

    `date` is null where the heading has none, `author` where nobody is named; `cost` is an amount a unit (time of
    processors in core-minutes), empty where none is written. `text` is what stands below, as Markdown.
    """

    id: str
    title: str
    line: int
    name: str = ""
    date: Day | None = None
    tags: Sequence[str] = ()
    signs: Sequence[str] = ()
    after: Sequence[str] = ()
    author: str | None = None
    cost: Mapping[str, float] = field(default_factory=dict[str, float])
    text: str = ""

    @property
    def lane(self) -> str:
        """The theme that it belongs to: its first tag."""
        return self.tags[0] if self.tags else "other"

    @property
    def label(self) -> str:
        """Its name, the headline where it has none."""
        return self.name or self.title

    @property
    def is_begun(self) -> bool:
        """Whether it was tried, and is not only wished for."""
        return NOT_BEGUN not in self.signs


@dataclass(frozen=True, slots=True)
class ResearchLog:
    """A log: its heading, its entries from the oldest on, and the lanes in the order in which they are drawn."""

    path: Path
    title: str
    entries: Sequence[LogEntry]
    lanes: Sequence[str]


def read_log(path: Path) -> ResearchLog:
    """The log in a Markdown file. Raises UsageError, with the line, for what is not of the form."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror}); give the Markdown file of a research log"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8 (byte {error.start}); give a research log in Markdown") from error
    lines = text.splitlines()
    title, found = _sections(path, lines)
    lanes = [name for line in lines[: min((e.line for e in found), default=1) - 1] for name in _lanes(line)]
    if not found:
        raise UsageError(f"{path} has no entries; one begins with a heading like ## 2026-11-30: what was found")
    begun = sorted((e for e in reversed(found) if e.is_begun), key=lambda e: e.date or Day.min)
    entries = _joined(path, [*begun, *(e for e in found if not e.is_begun)])
    return ResearchLog(path, title or path.name, entries, list(dict.fromkeys([*lanes, *(e.lane for e in entries)])))


def entry_json(entry: LogEntry) -> dict[str, Any]:
    """An entry as one line of map.jsonl."""
    return {
        "id": entry.id, "name": entry.label, "date": entry.date and entry.date.isoformat(), "title": entry.title,
        "tags": list(entry.tags), "signs": list(entry.signs), "after": list(entry.after), "author": entry.author,
        "cost": dict(entry.cost), "text": entry.text,
    }  # fmt: skip


def _sections(path: Path, lines: Sequence[str]) -> tuple[str, list[LogEntry]]:
    """The log's own heading and its entries in the file's order."""
    starts, anchors, in_code, under, log_title = list[tuple[int, str, str]](), dict[str, int](), False, "", ""
    for number, line in enumerate(lines):
        in_code ^= line.lstrip().startswith("```")
        heading = None if in_code else _HEADING.fullmatch(line)
        if heading is None:
            continue
        level, title = len(heading[1]), heading[2]
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")  # as GitHub makes anchors
        anchors[slug] = anchors.get(slug, -1) + 1
        under = title.lower() if level == 2 else under
        if level == 1:
            log_title = log_title or title
        elif level == 2 or (level == 3 and under == NOT_BEGUN):
            starts.append((number, title, f"{slug}-{anchors[slug]}" if anchors[slug] else slug))
    found, is_list = list[LogEntry](), False
    for (number, title, id), end in zip(starts, [*(one[0] for one in starts[1:]), len(lines)], strict=False):
        if title.lower() == NOT_BEGUN:
            is_list = True
            continue
        is_list &= lines[number].startswith("###")
        body = lines[number + 1 : end]
        if is_list or _DATED.fullmatch(title) or _FIELD.match(next(filter(str.strip, body), "")):
            found.append(_entry(path, id, number, title, body, is_list))
    return log_title, found


def _lanes(line: str) -> list[str]:
    return _items(line.removeprefix("lanes: ")) if line.startswith("lanes: ") else []


def _entry(path: Path, id: str, number: int, title: str, lines: Sequence[str], is_list: bool) -> LogEntry:
    def refused(what: str) -> UsageError:
        return UsageError(f"{path}, line {number + 1}: {what}")

    when: Day | None = None
    if dated := _DATED.fullmatch(title):
        try:
            when = Day.fromisoformat(dated[1])
        except ValueError:
            raise refused(f"{dated[1]!r} is no date; write it as 2026-11-30") from None
        title = dated[2] or ""
    body = list(lines)
    while body and not body[0].strip():
        del body[0]
    given: dict[str, str] = {}
    if body and _FIELD.match(body[0]):
        for part in body.pop(0).split(" | "):
            name, _, value = part.strip().partition(":")
            if name not in FIELDS or name in given:
                raise refused(f"{name!r} is no field of an entry, or stands there twice; known are {', '.join(FIELDS)}")
            given[name] = value.strip()
    signs = _items(given.get("signs", ""))
    if unknown := [sign for sign in signs if sign not in SIGNS]:
        raise refused(f"the sign {unknown[0]!r} is none of {', '.join(SIGNS)}")
    if is_list and NOT_BEGUN not in signs:
        signs.append(NOT_BEGUN)
    name = given.get("name", "")
    if "," in name:
        raise refused(f"the name {name!r} has a comma, which parts names in a list; leave it out")
    if not (title or name):
        raise refused("the entry has no headline; write what was found behind the date")
    cost: dict[str, float] = {}
    for item in re.split(r", (?=\d)", given.get("cost", "")) if given.get("cost") else ():
        if not (amount := _COST.fullmatch(item.strip())):
            raise refused(f"the cost {item!r} is no number with a unit, such as 14 core-minutes")
        unit, number_of = amount[2].removesuffix("s"), float(amount[1].replace(",", ""))
        key = "core-minutes" if unit in _MINUTES else amount[2]
        cost[key] = round(cost.get(key, 0.0) + number_of * _MINUTES.get(unit, 1.0), 3)
    return LogEntry(
        id, title, number + 1, name, when, _items(given.get("tags", "")), signs, _items(given.get("after", "")),
        given.get("author") or None, cost, "\n".join(body).strip(),
    )  # fmt: skip


def _joined(path: Path, entries: Sequence[LogEntry]) -> list[LogEntry]:
    """The entries, those that each follows by their ids. Raises UsageError where one is not there or not older."""
    ids: dict[str, str] = {}
    for entry in entries:
        if entry.name in ids:
            raise UsageError(f"{path}, line {entry.line}: another entry is called {entry.name!r}, too; rename one")
        ids |= {entry.id: entry.id} | ({entry.name: entry.id} if entry.name else {})
    older, found = set[str](), list[LogEntry]()
    for entry in entries:
        for name in entry.after:
            if name not in ids:
                near = get_close_matches(name, ids, 1, 0.5)
                hint = f"; did you mean {near[0]!r}?" if near else "; give the name or the anchor of an entry"
                raise UsageError(f"{path}, line {entry.line}: after {name!r}, but no entry is called so{hint}")
            if ids[name] not in older:
                raise UsageError(f"{path}, line {entry.line}: after {name!r}, which is not older; turn the two round")
        older.add(entry.id)
        found.append(replace(entry, after=list(dict.fromkeys(ids[name] for name in entry.after))))
    return found


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
