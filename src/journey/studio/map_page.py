"""A research log as a map: cards by theme and time, one entry with its text and all that it came from and led to."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from journey.report.log import SIGNS, LogEntry, ResearchLog, read_log
from journey.report.log_map import cost_words, map_svg
from journey.studio import safe
from journey.studio.place import href, tabs_html
from journey.studio.records import LOG_ENVIRONMENT
from journey.studio.templates import html, render
from journey.studio.view import view

NO_LOG = (
    "There is no research log here: journey view RUN --log LOG.md shows one (its form: CONTRIBUTING.md of journey)."
)


def map_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """`sign` and `author` of the address say which cards stand out, `entry` which one is shown with its text."""
    file = _file(path)
    if file is None:
        view(f'<p class="empty">{safe.html(NO_LOG)}</p>', "body")
        return
    log = _log(file, file.stat().st_mtime_ns)
    entries = {one.id: one for one in log.entries}
    entry, sign = entries.get(where.get("entry", "")), where.get("sign", "")
    author = where.get("author", "")
    chosen = [e.id for e in log.entries if sign in ("", *e.signs) and author in ("", e.author or "")]
    lit = list(_line(log, entry)) if entry else chosen
    place = {"page": "map", "run": run}
    links = {id: href(**place, entry=id) for id in entries}
    counts = {name: sum(name in e.signs for e in log.entries) for name in SIGNS}
    words = {"": "all", **{name: f'{name} <span class="muted">{n}</span>' for name, n in counts.items() if n}}
    tabs = tabs_html(words, "" if entry else sign, "sign", {**place, "author": author})
    people = Counter(e.author for e in log.entries if e.author)
    if len(people) > 1:
        names = {
            "": "all authors",
            **{n: f'{safe.html(n)} <span class="muted">{k}</span>' for n, k in people.most_common(20)},
        }
        tabs += tabs_html(names, "" if entry else author, "author", {**place, "sign": sign})
    after = [entries[id] for id in entry.after] if entry else []
    led = [one for one in log.entries if entry and entry.id in one.after]
    svg = map_svg(log, links, lit, entry.id if entry else None)
    body = render(
        "map", log=log, file=str(file), tabs=html(tabs), svg=html(svg), entry=entry, links=links,
        cost=", ".join(cost_words(entry.cost)) if entry else "", sides=[("follows from", after), ("led to", led)],
        text=html(safe.html(entry.text, math=False)) if entry else "",
    )  # fmt: skip
    view(body, "body")


def _file(path: Path) -> Path | None:
    """The log that was named, else one that lies in the run or where the studio was started."""
    given = os.environ.get(LOG_ENVIRONMENT)
    places = [Path(given)] if given else [path / "LOG.md", Path("docs/LOG.md"), Path("LOG.md")]
    return next((file for file in places if file.is_file()), None)


@lru_cache(maxsize=4)
def _log(file: Path, changed: int) -> ResearchLog:
    return read_log(file)


def _line(log: ResearchLog, entry: LogEntry) -> Iterable[str]:
    """The entry, all that it came from and all that it led to, by their ids."""
    before, behind = {entry.id}, {entry.id}
    for one in log.entries:
        if behind & set(one.after):
            behind.add(one.id)
    for one in reversed(log.entries):
        if one.id in before:
            before |= set(one.after)
    return before | behind
