"""The report's forms: nothing from outside, nothing that runs, everything as it is."""

import errno
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from journey.errors import UsageError
from journey.report.build import build
from journey.report.charts import Chart, Dot, Line, chart_svg, nice_ticks, whiskers_svg
from journey.report.document import Document, Table
from journey.report.figures import figures
from journey.report.render import terminal
from journey.report.tables import brief, document
from journey.store.entries import Failure, Training
from journey.store.run import Run

Make = Callable[..., Path]

HOSTILE = (
    "</title></style></pre><script>alert(1)</script><img src=x onerror='alert(2)'>\" onload=\"alert(3) & <svg/onload=x>"
)
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "ul", "li", "div", "span",
    "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "svg", "line", "text", "tspan", "circle",
    "polyline", "path", "g", "details", "summary", "pre",
}  # fmt: skip


class Reader(HTMLParser):
    """Collects the tags, the attributes and the text of a page."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def built(path: Path) -> str:
    with Run.read(path) as run:
        build(run)
    return (path / "report" / "report.html").read_text(encoding="utf-8")


def assert_inert(html: str) -> Reader:
    page = Reader(html)
    assert page.tags <= ALLOWED
    assert not re.search(r"(?i)url\(|@import|javascript:", html.split("</style>")[0])
    for name, value in page.attributes:
        assert not name.startswith("on"), name
        assert name not in {"src", "href", "srcset", "xlink:href", "action", "data"}
        assert name == "aria-label" or "//" not in (value or "")
    return page


@pytest.fixture(scope="module")
def html(experiment: Path) -> str:
    """The experiment's page; its other forms lie in the folder then, too."""
    return built(experiment)


def test_the_page_asks_nobody_for_anything(html: str) -> None:
    assert_inert(html)
    assert "http://" not in html and "https://" not in html
    assert "default-src 'none'" in html


def test_the_page_shows_table_gain_tree_both_thoughts_errors_and_words(html: str) -> None:
    page = Reader(html)
    for text in (
        "phase 2, journey", "Journey over shortcut: +", "One tree, two thoughts", "What went wrong", "false sum",
        "Words", "Training loss", "do not stand in one column with those of 7B models",
    ):  # fmt: skip
        assert text in page.text, text
    for kind in ("step", "mistake", "reflection", "backtrack", "answer"):
        assert f'<span class="seg {kind}">' in html
    for state in ("right", "wrong", "neutral", "unjudged", "root"):
        assert f'<g class="spot {state}">' in html


def test_hostile_text_is_shown_and_never_run(tmp_path: Path, make_run: Make) -> None:
    html = built(make_run(tmp_path / "x<script>alert(0)", texts=lambda text: text + HOSTILE, seeds=1, problems=5))
    page = assert_inert(html)
    assert HOSTILE in page.text


def test_a_hostile_arm_or_error_is_only_a_name(tmp_path: Path, make_run: Make) -> None:
    path = make_run(tmp_path / "run", seeds=1, problems=5)
    with Run.read(path) as run:
        config = run.config
    with Run.open(path, config) as run:
        run.add(Training(f"seed-1/{HOSTILE}", [{"step": 1, "loss": 1.0}], 1, 1, seed=1, arm=HOSTILE))
        run.add(Failure(HOSTILE, "unit", HOSTILE))
    assert HOSTILE in assert_inert(built(path)).text


def test_the_folder_holds_every_form_of_the_same_figures(experiment: Path, html: str) -> None:
    folder = experiment / "report"
    numbers = json.loads((folder / "report.json").read_text())
    text = (folder / "report.md").read_text()
    share = f"{100 * numbers['arms']['journey']['accuracy']:.1f} %"
    assert f"| phase 2, journey | {share} |" in text
    assert share in html
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_the_pictures_beside_the_markdown_are_svg_files_that_stand_by_themselves(experiment: Path, html: str) -> None:
    folder = experiment / "report"
    names = {picture.name for picture in folder.glob("*.svg")}
    assert names == {"accuracy.svg", "tokens.svg", "loss.svg", "dpo_loss.svg", "tree.svg"}
    for name in names:
        assert ElementTree.parse(folder / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert f"({name})" in (folder / "report.md").read_text()


def test_mathematics_in_steps_does_not_stop_the_pictures(tmp_path: Path, make_run: Make) -> None:
    built(make_run(tmp_path / "math", texts=lambda text: rf"{text} $\frac{{1}}$ $x_", seeds=1, problems=5))
    assert (tmp_path / "math" / "report" / "report.html").exists()


def test_a_run_without_attempts_or_trees_has_a_page(tmp_path: Path) -> None:
    with Run.open(tmp_path / "empty", {}) as run:
        build(run)
    assert "no comparison" in assert_inert((tmp_path / "empty" / "report" / "report.html").read_text()).text


@pytest.mark.parametrize("kind", [errno.EACCES, errno.EROFS])
def test_the_report_of_a_run_that_may_not_be_written_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    with Run.open(tmp_path / "run", {}):
        pass

    def refuse(path: Path, **how: bool) -> None:
        raise OSError(kind, "not allowed")

    with Run.read(tmp_path / "run") as run:
        with monkeypatch.context() as patched, pytest.raises(UsageError, match="may not be written"):
            patched.setattr(Path, "mkdir", refuse)
            build(run)
        build(run, tmp_path / "elsewhere" / "report")
    assert (tmp_path / "elsewhere" / "report" / "report.html").exists()
    assert not (tmp_path / "run" / "report").exists()
    with monkeypatch.context() as patched, pytest.raises(UsageError, match="cannot be written"):
        patched.setattr(Path, "mkdir", refuse)
        Run.open(tmp_path / "other")


def test_the_terminal_table_has_the_rows_of_table_6_and_the_gain(experiment: Path) -> None:
    with Run.read(experiment) as run:
        numbers = figures(run)
    out = StringIO()
    Console(file=out, width=110).print(terminal(brief(numbers)))
    shown = out.getvalue()
    for label in (
        "phase 1",
        "phase 2, shortcut",
        "shortcut, maj@",
        "matched by trained tokens",
        "phase 2, journey",
        "DPO",
    ):
        assert label in shown
    assert "journey over shortcut: +" in shown
    assert "3 seeds, 5 trees, 40 test problems" in shown


def test_a_table_that_a_narrow_terminal_would_squeeze_is_a_paragraph_a_row() -> None:
    columns = ("", "accuracy", "95 % interval", "fixed", "broke", "what came of it")
    why = "ended by a guard: " + "a sentence about it, " * 4
    table = Table(
        "Each round", columns, [("journey, round 2", "50.0 %", "1 to 2", "", "3", why)], brief=True, prose=True
    )
    shown = dict[int, str]()
    for width in (60, 140):
        out = StringIO()
        Console(file=out, width=width).print(terminal(Document("run", "", [], [table])))
        shown[width] = out.getvalue()
    assert "\njourney, round 2\n    accuracy 50.0 %, 95 % interval 1 to 2, broke 3" in shown[60]
    assert "│" not in shown[60] and "│" in shown[140]


def test_twenty_seeds_of_many_arms_are_still_tables_to_read(experiment: Path) -> None:
    with Run.read(experiment) as run:
        numbers = figures(run)
    arm = numbers["arms"]["journey"]
    seeds = [{**arm["by_seed"][0], "seed": seed} for seed in range(1, 21)]
    numbers["arms"] = {f"arm {i}": {**arm, "by_seed": seeds} for i in range(24)}
    numbers["left_out"] = [{"seed": seed, "why": "it was stopped"} for seed in (21, 22, 23)]
    whole = document(numbers)
    assert all(len(table.rows) <= 24 + 2 and len(table.columns) <= 10 for table in whole.tables())
    assert all(len(cell) <= 200 for table in whole.tables() for row in table.rows for cell in row)
    assert "Seeds 21, 22 and 23 are not finished and left out: it was stopped." in whole.notes


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.integers(2, 8))
def test_ticks_are_round_and_cover_what_is_drawn(low: float, span: float, most: int) -> None:
    ticks = nice_ticks(low, low + span, most)
    assert ticks == sorted(ticks)
    slack = 1e-6 * max(1.0, abs(low), span)
    assert ticks[0] <= low + slack and low + span <= ticks[-1] + slack
    assert len(ticks) <= 2 * most + 3


def test_charts_survive_a_single_point_and_empty_data() -> None:
    chart = Chart("n", "t", "x", "y", [Line("only", [(5.0, 0.0)])], [Dot("d", (5.0, 0.0), 0.0, 0.0)], log=True)
    assert "NaN" not in chart_svg(chart) and "nan" not in chart_svg(chart)
    assert "<svg" in chart_svg(Chart("n", "t", "x", "y"))
    assert "<svg" in whiskers_svg("t", [Dot("d", (0.0, 0.0), 0.0, 0.0)])
