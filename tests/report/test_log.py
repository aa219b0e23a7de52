"""Research logs: entries with their fields, what is refused, the map as a picture and as JSONL, and the progress."""

import json
import re
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from commanding import done, journey

from journey.errors import UsageError
from journey.report.log import read_log
from journey.report.log_map import letters, map_svg, wrapped
from journey.report.log_progress import progress

DOCS = Path(__file__).parents[2] / "docs"
LOG = """\
# Ada's log

lanes: data, fit

## 2026-11-03: it learns after all

name: Again | tags: fit, toy | signs: insight | after: First try, cleaning-helps | cost: 30 core-seconds | author: Ada

A sentence.

## 2026-11-02: nothing is learnt

name: First try | tags: fit | signs: ended | after: cleaning-helps | author: Bo | cost: 1.5 core-hours, 1,000 USD

```
## 2026-99-99: no heading, this is code
```

## How it is kept

No entry: no date, no fields.

## Cleaning helps

tags: data

## Wished for

### A larger model

after: Again

### A second reader
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "LOG.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_entry_has_its_fields_and_all_of_them_are_optional(tmp_path: Path) -> None:
    log = read_log(written(tmp_path, LOG))
    assert [e.label for e in log.entries] == [
        "Cleaning helps",
        "First try",
        "Again",
        "A larger model",
        "A second reader",
    ]
    first, ended, again, wanted, bare = log.entries
    assert (first.date, first.author, first.signs, first.cost, first.lane) == (None, None, [], {}, "data")
    assert (ended.date, ended.cost) == (date(2026, 11, 2), {"core-minutes": 90.0, "USD": 1000.0})
    assert again.id == "2026-11-03-it-learns-after-all" and again.tags == ["fit", "toy"]
    assert again.after == [ended.id, first.id] and again.text == "A sentence."
    assert again.cost == {"core-minutes": 0.5}
    assert wanted.signs == bare.signs == ["wished for"] and bare.lane == "other" and not bare.is_begun
    assert list(log.lanes) == ["data", "fit", "other"] and log.title == "Ada's log"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("signs: ended", "signs: failed", "line 13: the sign 'failed' is none of insight, shared, ended, paused"),
        ("after: First try,", "after: Furst try,", "line 7: after 'Furst try', but no entry.*did you mean 'First try'"),
        ("2026-11-02:", "2026-13-02:", "line 13: '2026-13-02' is no date; write it as 2026-11-30"),
        ("2026-11-02:", "2026/11/02:", "'2026/11/02' is no date"),
        ("after: cleaning-helps |", "after: Again |", "after 'Again', which is not older"),
        ("cost: 30 core-seconds", "cost: little", "the cost 'little' is no number with a unit"),
        ("author: Ada", "by: Ada", "'by' is no field of an entry"),
        ("name: Again", "name: First try", "another entry is called 'First try'"),
        ("name: Again", "name: Again, and", "has a comma"),
        ("2026-11-02: nothing is learnt\n\nname: First try |", "2026-11-02:\n\n", "no headline"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LOG
    words = words.replace("line 13", f"line {LOG[: LOG.index('## 2026-11-02')].count(chr(10)) + 1}")
    words = words.replace("line 7", f"line {LOG[: LOG.index('## 2026-11-03')].count(chr(10)) + 1}")
    with pytest.raises(UsageError, match=words):
        read_log(written(tmp_path, LOG.replace(old, new)))


def test_commands_refuse_what_is_no_log_in_a_sentence(tmp_path: Path) -> None:
    log, empty = written(tmp_path, LOG), tmp_path / "empty.md"
    empty.write_text("# Nothing yet\n\nA plan.\n")
    (tmp_path / "bytes.md").write_bytes(b"## 2026-11-30: \xff\xfe\n")
    for given, words in [
        (("--map", empty), "has no entries"),
        (("--map", tmp_path / "none.md"), "cannot be read"),
        (("--map", tmp_path), "cannot be read"),
        (("--map", tmp_path / "bytes.md"), "no text in UTF-8"),
        (("--map", log, "--to", tmp_path / "map.png"), "ends in .svg"),
        (("--map", log, "--to", tmp_path / "none" / "map.svg"), "cannot be written"),
        (("--map", log, "--progress"), "--map draws a log alone"),
        (("--progress", "--log", log, "--since", "yesterday"), "'yesterday' is no date"),
        (("--since", "2026-11-30"), "are of --progress"),
        ((), "give a run's folder"),
    ]:
        said = journey("report", *given)
        assert said.code == 2 and words in said.err and "Traceback" not in said.err, given


def test_a_map_links_every_entry_and_draws_text_as_text(tmp_path: Path) -> None:
    spoilt = "<script>alert(1)</script> & `code` \x07 漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"
    (tmp_path / "docs").mkdir()
    log = written(tmp_path / "docs", LOG.replace("nothing is learnt", spoilt))
    found = json.loads(done("report", "--map", log, "--to", tmp_path / "map.svg", "--json").out)
    assert found["entries"] == 5 and [Path(f).name for f in found["files"]] == ["map.svg", "map.jsonl"]
    rows = [json.loads(line) for line in (tmp_path / "map.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["name"] for row in rows] == [e.label for e in read_log(log).entries]
    assert set(rows[0]) == {"id", "name", "date", "title", "tags", "signs", "after", "author", "cost", "text"}
    svg = (tmp_path / "map.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)  # well-formed, whatever stands in a headline
    assert [tag for one in root.iter() if (tag := one.tag.split("}")[1]) in ("script", "image", "foreignObject")] == []
    links = [one.get("href") for one in root.iter() if one.tag.endswith("}a")]
    assert len(links) == 5 and links[2] == "docs/LOG.md#2026-11-03-it-learns-after-all"
    assert len(re.findall('<path class="way', svg)) == 4
    assert "prefers-color-scheme: dark" in svg and "<desc" in svg and not re.search(r"(?:src|url|href)=.https?:", svg)


def test_lines_of_a_card_are_never_wider_than_it() -> None:
    for text in ("a headline of so many words " * 3, "W" * 300, "漢" * 90, "x", ""):
        lines = wrapped(text, 120, 10, 3)
        assert len(lines) <= 3 and all(letters(line, 10) <= 120 for line in lines)
        assert lines[-1].endswith("…") == (len(text) > 80)


def test_cards_of_a_lane_stand_below_each_other_and_below_what_they_follow(tmp_path: Path) -> None:
    log = read_log(DOCS / "LOG.md")
    boxes = re.findall(r'<rect class="box" x="([\d.]+)" y="([\d.]+)" width="156" height="([\d.]+)"', map_svg(log, {}))
    places = {e.id: (float(x), float(y), float(h)) for e, (x, y, h) in zip(log.entries, boxes, strict=True)}
    for lane in log.lanes:
        column = [places[e.id] for e in log.entries if e.lane == lane]
        assert len({x for x, _, _ in column}) == 1
        assert all(above[1] + above[2] < below[1] for above, below in pairwise(column))
    assert all(places[id][1] < places[e.id][1] for e in log.entries for id in e.after)


def test_progress_counts_what_worked_ended_and_cost_since_a_day(tmp_path: Path) -> None:
    file = written(tmp_path, LOG)
    log = read_log(file)
    found = progress(log)
    assert [len(found[side]) for side in ("worked", "ended", "paused", "wished for")] == [2, 1, 0, 2]
    assert found["cost"] == {"core-minutes": 90.5, "USD": 1000.0} and found["costed"] == 2
    assert found["authors"] == {"": 1, "Bo": 1, "Ada": 1} and found["insights"] == 1
    since = progress(log, date(2026, 11, 3))
    assert since["tried"] == 1 and since["ended"] == [] and since["cost"] == {"core-minutes": 0.5}
    text = done("report", "--progress", "--log", file, "--since", "2026-11-02").out
    assert (
        "2 tried since 2026-11-02; 1 worked, 1 ended, 0 paused" in text
        and "nothing is learnt (2026-11-02, 90 core" in text
    )


def test_the_log_of_this_repository_is_of_the_form_and_the_map_has_no_entry_that_it_lacks() -> None:
    entries = read_log(DOCS / "LOG.md").entries
    rows = [json.loads(line) for line in (DOCS / "map.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 80 and {row["name"] for row in rows} <= {e.label for e in entries}, "make map draws it anew"
    linked = re.findall(r"\]\(([^)#:\s]+)\)", re.sub(r"`[^`]*`", "", (DOCS / "LOG.md").read_text(encoding="utf-8")))
    assert "map.svg" in linked and [place for place in linked if not (DOCS / place).exists()] == []
    assert (DOCS / "map.svg").read_text(encoding="utf-8").count('href="LOG.md#') == len(rows)


def test_the_citation_names_this_version() -> None:
    cited = yaml.safe_load((DOCS.parent / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(cited) and cited["cff-version"] == "1.2.0"
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
