"""Every page draws from its address alone, and every filter goes into the address."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from studio import runs
from studio.payloads import PAYLOADS

from journey.store.run import Run
from journey.studio import app as app_module
from journey.studio.list_page import rows_html
from journey.studio.records import ENVIRONMENT
from journey.types import Thought, content_hash

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    runs.small(place / "small")
    runs.hostile(place / "hostile")
    with Run.open(place / "empty"):
        return place


@pytest.fixture
def visit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def visit(**where: str) -> AppTest:
        names = dict.fromkeys(("small", "hostile", "empty", *sorted(path.name for path in folder.iterdir())))
        monkeypatch.setenv(ENVIRONMENT, json.dumps([str(folder / name) for name in names]))
        page = AppTest.from_file(str(Path(str(app_module.__file__))), default_timeout=600)
        for name, value in where.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return visit


def html_of(page: AppTest, key: str = "body") -> str:
    """The HTML that a component of the page was given."""
    views = [element for element in page.main if element.type == "bidi_component"]
    proto = next(view.proto for view in views if view.proto.id.endswith(key))
    data = json.loads(proto.json) if proto.json else json.loads(proto.mixed.json)
    return str(data["html"])


def query_of(page: AppTest) -> dict[str, str]:
    """The address of the page after what was done in it."""
    return {name: value[-1] if isinstance(value, list) else value for name, value in page.query_params.items()}


def test_the_first_page_counts_and_shows_what_failed_first(visit: Open):
    said = html_of(visit())
    assert "Failed: no tree with the right answer" in said
    assert said.index("Failed") < said.index("No answer found") < said.index("Solved")
    assert "3 of 17 right" in said


@pytest.mark.parametrize("page", ["problems", "trees", "thoughts", "attempts", "rollouts"])
@pytest.mark.parametrize("run", ["small", "hostile", "empty"])
def test_every_list_opens_on_every_run(visit: Open, run: str, page: str):
    said = html_of(visit(run=run, page=page))
    assert ("Nothing here fits" in said) == (run == "empty")


def test_a_choice_goes_into_the_address_and_the_rows_follow(visit: Open):
    page = visit(page="attempts", at="3")
    page.selectbox(key="filter outcome").select("right").run()
    assert query_of(page) == {"page": "attempts", "outcome": "right"}
    assert html_of(page).count('class="go row"') == 3
    page.selectbox(key="filter model").select("model-0").run()
    assert query_of(page)["model"] == "model-0"
    page.selectbox(key="filter outcome").select(None).run()
    assert query_of(page) == {"page": "attempts", "model": "model-0"}


def test_what_has_no_value_can_be_asked_for(visit: Open):
    page = visit(page="problems")
    page.selectbox(key="filter subject").select("(none)").run()
    assert query_of(page) == {"page": "problems", "subject": ""}
    assert html_of(page).count('class="go row"') == 1


def test_search_key_word_range_and_sort_go_into_the_address(visit: Open):
    page = visit(page="attempts")
    page.text_input(key="filter q").input("alternatively").run()
    page.selectbox(key="filter word").select("wait").run()
    page.number_input(key="filter least_tokens").set_value(5).run()
    page.selectbox(key="filter sort").select("tokens down").run()
    wanted = {"q": "alternatively", "word": "wait", "least_tokens": "5", "sort": "tokens", "down": "1"}
    assert query_of(page) == {"page": "attempts", **wanted}
    assert "1 to 16 of 16" in html_of(page)


def test_the_words_that_were_searched_for_are_marked_in_the_rows(visit: Open):
    said = html_of(visit(page="attempts", word="alternatively"))
    assert said.count("Wait, <mark>alternatively</mark> it is") == 16
    assert said.count('class="excerpt"') == 16
    assert "<mark>neutral remark</mark>" in html_of(visit(page="trees", q="neutral remark"))
    assert "<mark>What</mark> is <span" in html_of(visit(page="problems", q="what"))
    assert "<mark>" not in html_of(visit(page="thoughts"))


def test_a_long_question_is_cut_before_a_formula_and_not_within_one():
    long = "word " * 70 + "\\[" + "x + " * 40 + "1\\] and then"
    row = {"id": "p", "question": long, "level": None, "subject": None, "trees": 0, "attempts": 0, "outcome": None}
    said = rows_html("run", "problems", [row])
    assert "word …</span>" in said and "\\[" not in said
    assert 'class="math display"' in rows_html("run", "problems", [row | {"question": long[250:]}])


def test_what_failed_in_any_way_can_be_asked_for(visit: Open):
    page = visit(page="problems")
    page.selectbox(key="filter outcome").select("not right").run()
    assert query_of(page)["outcome"] == "not right" and html_of(page).count('class="go row"') == 3
    assert "not right (3)" in page.selectbox(key="filter outcome").options


def test_a_filter_that_leaves_nothing_to_choose_is_not_shown(visit: Open):
    keys = {box.key for box in visit(page="thoughts").selectbox}
    assert "filter method" in keys and "filter outcome" in keys and "filter judge" not in keys
    assert "filter judge" in {box.key for box in visit(page="thoughts", judge="critic").selectbox}


def test_an_address_sets_the_filters(visit: Open):
    page = visit(page="thoughts", method="refined", word="wait", sort="letters", down="1")
    assert page.selectbox(key="filter method").value == "refined"
    assert page.selectbox(key="filter word").value == "wait"
    assert page.selectbox(key="filter sort").value == "letters down"
    assert html_of(page).count('class="go row"') == 1


@pytest.mark.parametrize(
    "where",
    [{"sort": "seq; DROP TABLE x"}, {"outcome": "' OR 1=1 --"}, {"at": "-1"}, {"at": "9" * 30}, {"least_letters": "x"},
     {"q": '"'}, {"q": "* NEAR("}, {"word": "\x00"}, {"nothing": "known"}],
)  # fmt: skip
def test_a_strange_address_breaks_nothing(visit: Open, where: dict[str, str]):
    visit(page="problems", **where)
    visit(page="attempts", **where)


def test_a_list_links_to_its_export_with_the_same_filter(visit: Open):
    said = html_of(visit(page="attempts", outcome="wrong"))
    assert "journey/rows.jsonl?page=attempts&amp;outcome=wrong&amp;run=small" in said


def test_a_tree_shows_its_thoughts_and_the_draft_as_a_diff(visit: Open, folder: Path):
    with Run.read(folder / "small") as run:
        refined = next(iter(run.ids("thoughts", method="refined")))
        thought = run.get("thoughts", refined)
    assert isinstance(thought, Thought)
    tree = thought.tree or ""
    said = html_of(visit(page="tree", id=tree))
    assert said.count("data-node=") >= 4
    assert "<ins>" not in said
    said = html_of(visit(page="tree", id=tree, thought=refined, show="draft"))
    assert "<del>very </del>" in said or "<del>" in said


def test_a_problem_opens_its_tree_and_one_without_its_attempts(visit: Open, folder: Path):
    with Run.read(folder / "small") as run:
        ids = run.ids("problems")
        with_tree = {tree.problem for tree in run.trees()}
    for id in ids:
        said = html_of(visit(page="problem", id=id))
        assert ("tree-box" in said) == (id in with_tree)


def test_an_attempt_shows_its_text_and_the_others_at_the_problem(visit: Open, folder: Path):
    with Run.read(folder / "small") as run:
        id = min(run.ids("attempts", model="model-1"))
    said = html_of(visit(page="attempt", id=id))
    assert 'class="panel thought whole"' in said
    assert "Other attempts at it" in said


def test_a_thought_without_a_tree_has_a_page(visit: Open, folder: Path):
    with Run.read(folder / "small") as run:
        id = min(run.ids("thoughts"))
    said = html_of(visit(page="thought", id=id))
    assert 'class="panel thought"' in said
    assert 'class="word right"' in said and "not tried" not in said


@pytest.mark.parametrize("run", ["../small", "/etc", "small/../small", "<script>", "%2e%2e"])
def test_a_run_is_named_and_never_reached_by_a_path(visit: Open, run: str):
    assert "was not opened on a run" in html_of(visit(run=run))


def test_an_unknown_page_or_item_is_said(visit: Open):
    assert "There is no page" in html_of(visit(page="nowhere"))
    for page in ("tree", "problem", "thought", "attempt"):
        assert f"There is no such {page}" in html_of(visit(page=page, id="../../x"))


@pytest.mark.parametrize("page", ["tree", "thought"])
def test_hostile_text_is_never_a_tag_in_what_a_page_shows(visit: Open, folder: Path, page: str):
    with Run.read(folder / "hostile") as run:
        id = content_hash("hostile") if page == "tree" else next(iter(run.ids("thoughts")))
    said = html_of(visit(run="hostile", page=page, id=id)).lower()
    assert all(
        f"<{tag}" not in said for tag in ("script", "img", "svg", "iframe", "style", "form", "base", "meta", "link")
    )
    assert len(PAYLOADS) > 60


@pytest.mark.parametrize("report", ["[]", "null", '{"gain": 3}', '{"gain": []}', "no JSON", '"x"'])
def test_a_report_of_another_version_is_left_out(folder: Path, visit: Open, report: str):
    file = folder / "small" / "report" / "report.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(report, encoding="utf-8")
    assert 'class="gain"' not in html_of(visit())
    file.unlink()
