"""Rounds in the studio: curves, a table whose numbers lead to what changed, two rounds compared as two models are."""

import re
from pathlib import Path

import pytest
import round_runs
from studio import runs
from studio.test_pages import Open, html_of, visit  # noqa: F401  (a fixture)

from journey.studio.reading import Filter, lists_of

SPOILT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rounds")
    round_runs.write(place / "small")
    round_runs.write(place / "hostile", text=SPOILT, tested=False)
    round_runs.not_paid_for(place / "hostile", 4)
    runs.shapes(place / "empty", 3)
    return place


def test_rounds_have_curves_bars_guards_and_a_table(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(page="rounds"))
    for title in ("Accuracy by round, with 95 % intervals", "What each round was trained on: rows", "new right ways"):
        assert f"<figcaption>{title}</figcaption><svg" in page
    assert page.count("<td>journey, ") == 3 + 2 * 3 and round_runs.STOPPED.split(";")[0].replace("'", "&#x27;") in page
    lit = html_of(visit(page="rounds", arm="journey"))
    assert "<td>shortcut, " not in lit and 'class="line soft"' in lit and lit.count('class="line accent"') > 5
    assert "No rounds yet" in html_of(visit(page="rounds", run="empty"))


def test_what_a_round_fixed_leads_to_the_comparison_of_both_rounds(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(page="rounds"))
    (fixed,) = re.findall(r'href="\?([^"]*model2=journey\+round\+3[^"]*show=fixed)"[^>]*>(\d+)<', page)
    where = dict(part.split("=") for part in fixed[0].replace("&amp;", "&").split("&"))
    shown = html_of(visit(**{name: value.replace("+", " ") for name, value in where.items()}))
    assert f"fixed {fixed[1]}<" in shown.replace("</span>", "")
    assert re.search(r"<h2>journey round 2 .*→.* journey round 3 ", shown, re.DOTALL)


def test_thoughts_are_filtered_by_their_round_and_seed(folder: Path) -> None:
    lists = lists_of(folder / "small")
    assert lists.count(Filter("thoughts", {"round": "3", "seed": "2"})) == 12
    assert lists.count(Filter("thoughts", {"round": "3", "method": "traverse"})) == 12


def test_words_of_models_stay_text_on_the_page_of_rounds(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(run="hostile", page="rounds"))
    assert SPOILT not in page and "not kept. guard new: too few" in page


def test_a_tree_s_page_lists_where_its_thought_comes_from(visit: Open, folder: Path) -> None:  # noqa: F811
    (row,) = lists_of(folder / "small").page(
        Filter("thoughts", {"round": "3", "method": "traverse", "seed": "1"}), 0, 1
    )
    for where in ({"page": "tree", "id": row["tree"]}, {"page": "thought", "id": row["id"]}):
        page = html_of(visit(**where))
        assert re.findall(r"<li>(\w+) ", page) == ["thought", "tree", "model", "model", "model", "base"]
        assert "model=seed-1%2Fround-2%2Fjourney" in page and "6 given + 6 round 1 + 2 labelled + 6 round 2" in page
    (answer,) = lists_of(folder / "small").page(Filter("attempts", {"model": "seed-2/shortcut"}), 0, 1)
    assert "trees by seed-2/phase1" in html_of(visit(page="attempt", id=answer["id"]))
