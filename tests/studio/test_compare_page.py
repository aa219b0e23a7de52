"""Comparing: counts are those of `journey compare`, lists lead to both texts, and hostile text stays text."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from commanding import done
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from studio import runs
from studio.payloads import PAYLOADS
from studio.test_pages import html_of

from journey.metrics.paired import compared, shared
from journey.report.charts import NAMED, Dot, uncrowded
from journey.store.run import Run
from journey.store.version_1 import model_ref
from journey.studio import app as app_module
from journey.studio.compare_sides import against, changed, parts, rights, sides, sides_of_thoughts
from journey.studio.diff import LONGEST, sides_html
from journey.studio.place import href
from journey.studio.reading import lists_of
from journey.studio.records import ENVIRONMENT
from journey.types import Attempt, Problem, Thought, content_hash, make_problem

Open = Callable[..., AppTest]
OUTCOMES = {"first": "rrwwn", "second": "rwrwr", "third": "wwwwr"}
TEXT = {"r": "Let me add. It is so.", "w": "Let me multiply. It is not so.", "n": "Wait, wait."}


def attempt(problem: Problem, model: str, outcome: str, decoding: str = "greedy") -> Attempt:
    answer = {"r": problem.answer, "w": "0", "n": None}[outcome]
    name = content_hash(problem.id, model, decoding)
    text = f"{TEXT[outcome]} {model}"
    return Attempt(
        name, problem.id, model_ref(model), decoding, 0, text, answer, outcome == "r", None, 10 + len(model), "end", 0
    )


def models(folder: Path, outcomes: dict[str, str], split: str = "test") -> Path:
    """Models with an outcome a problem: right, wrong or no answer."""
    problems = [make_problem(f"What is \\({n} + 1\\)?", str(n + 1), level=str(n)) for n in range(5)]
    with Run.open(folder) as run:
        run.put_all("problems", problems, split=split)
        for model, said in outcomes.items():
            drawn = [attempt(p, model, outcome) for p, outcome in zip(problems, said, strict=True)]
            run.put_all("attempts", drawn, split=split)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compare")
    models(place / "one", OUTCOMES)
    models(place / "two", {"first": "rrrrn"})
    seeds = {
        "seed-1/shortcut": "rwwww",
        "seed-1/journey": "rrrww",
        "seed-2/shortcut": "wrwww",
        "seed-2/journey": "rrwrw",
    }
    models(place / "seeds", seeds)
    other = make_problem("Quite another one?", "1")
    with Run.open(place / "plain") as run:
        run.put_all("problems", [other], split="test")
        run.put_all("attempts", [attempt(other, "a", "r")], split="test")
    runs.small(place / "small")
    runs.hostile(place / "hostile")
    with Run.open(place / "empty"):
        return place


@pytest.fixture
def visit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def visit(names: str, **where: str) -> AppTest:
        monkeypatch.setenv(ENVIRONMENT, json.dumps([str(folder / name) for name in names.split()]))
        page = AppTest.from_file(str(Path(str(app_module.__file__))), default_timeout=600)
        for name, value in {"page": "compare", **where}.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return visit


def plain(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)))


def links(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'href="(\?[^"]*)"', html)]


def query(address: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(address.removeprefix("?"), keep_blank_values=True))


# --- counting ---------------------------------------------------------------------------------------------------------


def test_the_page_counts_what_the_command_counts(visit: Open, folder: Path):
    one = folder / "one"
    said = done("compare", one, one, "--model", "first", "--other-model", "second", "--json").data["models"][0]
    assert (said["fixed"], said["broke"], said["same"]) == (2, 1, 2)
    text = plain(html_of(visit("one", run="one", model="first", decoding="greedy", run2="one", model2="second",
                               decoding2="greedy")))  # fmt: skip
    row = text[text.index("second second greedy") :]
    assert f"{100 * said['second']:.1f} %" in row and f"{said['points']:+.1f}" in row
    assert f"{said['low']:+.1f} to {said['high']:+.1f} {said['p']:.2g} 2 1 2" in row
    assert "fixed 2 broke 1 same 2" in text


def test_seeds_are_compared_seed_by_seed_as_the_command_does(visit: Open, folder: Path):
    run = folder / "seeds"
    said = done("compare", run, run, "--model", "shortcut", "--other-model", "journey", "--json").data["models"][0]
    text = plain(html_of(visit("seeds")))
    assert said["seeds"] == 2 and said["p"] is None
    assert "shortcut 2 seeds" in text and f"{said['low']:+.1f} to {said['high']:+.1f} {said['fixed']} " in text
    first, second = (rights(lists_of(run), side, "test") for side in sides({"seeds": run}, "test"))
    found = changed(first, second)["fixed"]
    assert len(found) == said["fixed"] and {seed for _, seed in found} == {1, 2}


def test_two_runs_are_compared_on_the_same_model(visit: Open, folder: Path):
    text = plain(html_of(visit("one two")))
    assert "first one, greedy → first two, greedy" in text
    assert "fixed 2 broke 0 same 3" in text
    said = done("compare", folder / "one", folder / "two", "--json").data["models"][0]
    assert (said["fixed"], said["broke"], said["same"]) == (2, 0, 3)


def test_what_shares_no_problem_is_said(visit: Open, folder: Path):
    assert "no problem in common" in plain(html_of(visit("one plain", run2="plain", model2="a", decoding2="greedy")))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_fixed_broke_and_same_are_all_pairs(results: list[tuple[bool, bool]]):
    first, second = ({str(i): pair[side] for i, pair in enumerate(results)} for side in (0, 1))
    found = compared([(first, second)])
    assert found.fixed + found.broke + found.same == found.pairs == len(results)
    assert found.difference.value == pytest.approx(found.second - found.first)
    assert found.difference.value == pytest.approx((found.fixed - found.broke) / found.pairs)
    back = compared([(second, first)])
    assert (back.fixed, back.broke, back.p) == (found.broke, found.fixed, found.p)
    for change in ("fixed", "broke", "same"):
        assert len(changed({1: first}, {1: second})[change]) == getattr(found, change)


def test_sides_that_share_nothing_are_not_compared():
    assert shared({1: {"a": True}}, {1: {"b": True}}) == [] and against({1: {"a": True}}, {1: {}}) is None
    assert shared({1: {"a": True}}, {7: {"a": False}}) == [(1, {"a": True}, {"a": False})]
    assert shared({1: {"a": True}, 2: {"a": True}}, {7: {"a": False}}) == []


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_first_stands_at_the_top_of_the_table_whatever_it_is(visit: Open):
    html = html_of(visit("one", model="third", decoding="greedy", run2="one", model2="first", decoding2="greedy"))
    rows = re.findall(r'<tr class="(\w*)">', html)
    assert rows[0] == "base" and rows.count("base") == 1 and "other" in rows


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 1)), min_size=3, max_size=30))
def test_names_in_a_crowd_are_left_out_but_never_first_and_second(places: list[tuple[float, float]]):
    tones = ["ink", "accent", *["soft"] * len(places)]
    dots = [Dot(f"arm {i}", at, 0, 1, tone) for i, (at, tone) in enumerate(zip(places, tones, strict=False))]
    found = uncrowded(dots)
    assert sorted(dot.at for dot in found) == sorted(dot.at for dot in dots)
    assert {dot.name for dot in found} >= {"arm 0", "arm 1"}
    assert len(dots) > NAMED or found == dots
    crowd = [Dot(f"arm {i}", (1.0, 0.5), 0, 1, "soft" if i else "ink") for i in range(20)]
    assert [dot.name for dot in uncrowded(crowd) if dot.name] == ["arm 0"]


def test_a_list_leads_to_both_texts_and_they_are_compared_word_by_word(visit: Open):
    html = html_of(visit("one", model="first", decoding="greedy", run2="one", model2="second", decoding2="greedy"))
    found = [query(address) for address in links(html) if "problem=" in address]
    assert len(found) == 2
    beside = [html_of(visit("one", **one)) for one in found]
    assert sorted("no answer" in plain(html) for html in beside) == [False, True]
    html = next(html for html in beside if "no answer" not in plain(html))
    assert "<del>multiply</del>" in html and "<ins>add</ins>" in html and "wrong" in plain(html)
    back = next(query(address) for address in links(html) if "problem=" not in address and "run2=" in address)
    assert "fixed 2" in plain(html_of(visit("one", **back)))
    html = html_of(visit("one", **found[0], **{"as": "text"}))
    assert "<del>" not in html and 'class="math"' in html


def test_every_link_of_the_page_opens(visit: Open):
    html = html_of(visit("one two"))
    for address in sorted({address for address in links(html) if "page=compare" in address}):
        said = html_of(visit("one two", **query(address)))
        assert (
            "No thoughts yet" in said if "what=thoughts" in address else 'class="empty"' not in said or "None." in said
        )


def test_long_lists_come_a_page_at_a_time(visit: Open, tmp_path: Path):
    problems = [make_problem(f"Number {n}?", str(n + 1)) for n in range(120)]
    with Run.open(tmp_path / "long") as run:
        run.put_all("problems", problems, split="test")
        run.put_all("attempts", [attempt(p, m, "w" if m == "a" else "r") for p in problems for m in "ab"], split="test")
    seen: list[str] = []
    for at in range(3):
        html = html_of(visit(str(tmp_path / "long"), run="long", at=str(at)))
        seen += [query(address)["problem"] for address in links(html) if "problem=" in address]
        assert ("earlier" in html, "later" in html) == (at > 0, at < 2)
    assert sorted(seen) == sorted(problem.id for problem in problems)


def test_curves_and_words_are_shown_when_asked(visit: Open):
    html = html_of(visit("seeds", show="curves"))
    assert html.count("<svg") == 3 and "Accuracy by seed" in html and 'class="seed' in html
    html = plain(html_of(visit("one", show="words")))
    assert "Key words in 1,000 tokens" in html and "“let me”" in html and "words a line" in html


def test_thoughts_are_compared_problem_by_problem(visit: Open, folder: Path):
    html = html_of(visit("small", what="thoughts", method="x"))
    assert "problems with both 1" in plain(html)
    (found,) = (query(address) for address in links(html) if "problem=" in address)
    html = html_of(visit("small", **found))
    assert "A wrong turn" in html and "<ins>" in html and html.count('class="panel thought whole"') == 2
    assert "key words" in plain(html_of(visit("small", what="thoughts", show="words"))).lower()
    assert [side.name for side in sides_of_thoughts({"small": folder / "small"})] == ["refined", "shortcut", "traverse"]


def test_thoughts_of_two_runs_are_compared_data_against_data(visit: Open, folder: Path, tmp_path: Path):
    runs.small(tmp_path / "other")
    with Run.open(tmp_path / "other") as run:
        old = next(t for t in run.thoughts() if t.method == "traverse")
        new = Thought("a-new-one", old.problem, None, "traverse", (), "", "Quite another text.", old.answer)
        run.put_all("thoughts", [new])
    html = html_of(visit(f"small {tmp_path / 'other'}", what="thoughts", run="small", model="traverse", run2="other",
                         model2="traverse"))  # fmt: skip
    (found,) = (query(address) for address in links(html) if "problem=" in address)
    assert found["run"] == "small" and found["run2"] == "other"
    assert html_of(visit(f"small {tmp_path / 'other'}", **found)).count("panel thought") == 2


@pytest.mark.parametrize(
    "where",
    [{}, {"what": "thoughts"}, {"part": "nowhere"}, {"show": "nothing", "at": "99999"}, {"problem": "none"},
     {"model": "none", "decoding": "x", "run2": "none"}, {"problem": "none", "seed": "99", "what": "thoughts"},
     {"what": "x", "at": "-1"}],
)  # fmt: skip
@pytest.mark.parametrize("names", ["one two", "empty", "small", "seeds empty"])
def test_an_address_that_names_nothing_is_no_fault(visit: Open, names: str, where: dict[str, str]):
    assert "Compare" in html_of(visit(names, **where))


def test_hostile_text_is_never_a_tag(visit: Open, folder: Path):
    bad = ("script", "img", "svg onload", "iframe", "style", "form", "base", "meta", "link", "math")
    problem = content_hash("problem", PAYLOADS[0], PAYLOADS[0])
    found = parts({"hostile": folder / "hostile"})
    assert found == [PAYLOADS[5]]
    shows = [{"show": name} for name in ("same", "words", "curves")] + [{"problem": problem, "as": "text"}]
    for where in (*shows, {"problem": problem}, {"what": "thoughts"}, {"what": "thoughts", "problem": problem}):
        said = html_of(visit("hostile", **where, part=PAYLOADS[5])).lower()
        assert not [tag for tag in bad if f"<{tag}" in said]
        assert all(address.startswith("?page=") for address in re.findall(r'href="([^"]*)"', said))


# --- word by word -----------------------------------------------------------------------------------------------------


@given(st.text(alphabet="ab \n<&", max_size=60), st.text(alphabet="ab \n<&", max_size=60))
def test_both_sides_keep_their_whole_text(old: str, new: str):
    left, right = sides_html(old, new)
    assert unescape(re.sub(r"</?del>", "", left)) == old
    assert unescape(re.sub(r"</?ins>", "", right)) == new
    assert "<ins>" not in left and "<del>" not in right
    assert (("<del>" not in left) and ("<ins>" not in right)) or old != new


def test_texts_too_long_to_compare_are_shown_as_they_are():
    assert sides_html("a " * LONGEST, "b")[1] == "b"


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_problem_that_was_fixed_is_two_clicks_from_the_bar(browser: Any, folder: Path):
    from studio.browser import open_at, requests, shown
    from studio.conftest import serving

    with serving([folder / "one", folder / "two"]) as address:
        open_at(browser, address, ".tiles")
        shown(browser, ".bar a", "Compare").click()
        shown(browser, "table.compare tr.other", "two")
        shown(browser, ".tabs a", "curves").click()
        shown(browser, ".charts svg .whisker")
        browser.back()
        shown(browser, "a.row.pair .katex").click()
        shown(browser, ".beside ins", "add")
        assert "problem=" in browser.current_url
        browser.refresh()
        shown(browser, ".beside del", "multiply")
        open_at(browser, address + href(page="compare", run="one", show="words"), "table.words", "let me")
        assert all(url.startswith((address, address.replace("http", "ws"))) for url in requests(browser))
        assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
