"""The page Map: a research log's cards, one entry with its text, and what it came from and led to."""

from pathlib import Path

import pytest
from studio import runs
from studio.test_pages import Open, html_of, visit  # noqa: F401  (a fixture)

from journey.studio.records import LOG_ENVIRONMENT

SPOILT = "<script>alert(1)</script>"
LOG = f"""# Ada's log

## 2026-11-03: it learns {SPOILT}

name: Again | tags: fit | signs: insight | after: First try | author: {SPOILT}

A text {SPOILT} and [a link](https://example.com).

## 2026-11-02: nothing is learnt

name: First try | tags: fit | signs: ended | cost: 30 core-seconds | author: Bo

## 2026-11-01: beside it
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("maps")
    runs.shapes(place / "small", 3)
    (place / "small" / "LOG.md").write_text(LOG, encoding="utf-8")
    return place


def test_the_map_of_a_log_in_the_run_links_its_entries_and_shows_one(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(page="map"))
    assert (
        page.count('<a class="go sign-insight"') == page.count('<a class="go sign-ended"') == 1
        and "<script" not in page
    )
    assert (
        "page=map&amp;run=small&amp;entry=2026-11-02-nothing-is-learnt" in page
        and " dim" not in page.split("</style>")[1]
    )
    ended = html_of(visit(page="map", sign="ended")).split("</style>")[1]
    assert ended.count(" dim") == 3 and '<a class="go sign-ended"' in ended
    by = html_of(visit(page="map", author="Bo"))
    assert by.split("</style>")[1].count(" dim") == 3 and 'aria-current="true"' in by.split("Bo <span")[0][-160:]
    entry = html_of(visit(page="map", entry="2026-11-02-nothing-is-learnt"))
    shown = entry.split("</article>")[0]
    assert "2026-11-02 · ended · fit · 0.5 core-minutes · Bo" in shown and ">Again</a>" in shown.split("led to")[1]
    assert (
        entry.split("</style>")[1].count(" dim") == 1
    )  # what it came from and led to is lit, and the one chosen marked
    text = html_of(visit(page="map", entry="2026-11-03-it-learns-scriptalert1script"))
    assert "A text &lt;script&gt;" in text and "<script" not in text and "https://example.com" not in text


def test_the_map_says_what_is_wrong_with_a_log_or_that_there_is_none(
    visit: Open, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    bad = tmp_path / "bad.md"
    bad.write_text(LOG.replace("signs: ended", "signs: lost"), encoding="utf-8")
    monkeypatch.setenv(LOG_ENVIRONMENT, str(bad))
    assert "the sign &#x27;lost&#x27; is none of" in html_of(visit(page="map"))
    bad.unlink()
    assert "journey view RUN --log LOG.md" in html_of(visit(page="map"))
