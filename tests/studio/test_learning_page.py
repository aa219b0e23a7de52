"""Learning: curves over generated tokens, rollouts filtered by what they do, and credit painted on their texts."""

import re
from pathlib import Path

import pytest
from studio import runs
from studio.test_pages import Open, html_of, visit  # noqa: F401  (a fixture)

from journey.studio.learning_page import mean_of
from journey.studio.reading import Filter, lists_of
from journey.studio.rollout_page import painted, side_by_side
from journey.types import Credit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("learning")
    runs.learned(place / "small")
    runs.learned(place / "seeds", seeds=3)
    runs.hostile(place / "hostile")
    runs.shapes(place / "empty", 3)
    return place


def test_curves_run_over_generated_tokens_and_say_so_where_there_are_none(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(page="learning"))
    for title in ("Validation accuracy", "Right answers", "Reward", "Backtracks an answer", "Recoveries an answer"):
        assert f"<figcaption>{title}</figcaption><svg" in page
    assert "generated tokens" in page and "journey-rl" in page
    assert "No rollouts yet" in html_of(visit(run="empty", page="learning"))


def test_seeds_are_one_line_with_a_band_and_can_be_looked_at_alone(visit: Open) -> None:  # noqa: F811
    page = html_of(visit(run="seeds", page="learning"))
    (first, *_) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)  # validation accuracy
    assert first.count("<polyline") == 1 and first.count('<polygon class="band accent"') == 1
    assert "means over seeds" in page and "means over seeds" not in html_of(visit(page="learning"))
    lit = html_of(visit(run="seeds", page="learning", arm="journey-rl"))
    assert lit.split("</svg>")[0].count('class="line accent thin"') == 3 and "seed-3/journey-rl" in lit
    alone = html_of(visit(run="seeds", page="learning", model="seed-2/journey-rl")).split("</svg>")[0]
    assert alone.count('class="line accent thin"') == 2 and "stroke-dasharray" in alone and "<polygon" not in alone


def test_a_mean_reaches_as_far_as_all_seeds_do() -> None:
    mean, band = mean_of([[(0, 0.0), (10, 1.0)], [(0, 0.2), (5, 0.2)]], True)
    assert (mean[0], mean[-1]) == ((0.0, 0.1), (5.0, 0.35))
    assert all(0 <= low <= high <= 1 for _, low, high in band)
    assert mean_of([[(0, 1.0)]], True) == ([(0, 1.0)], []) and mean_of([], True) == ([], [])


def test_rollouts_are_filtered_by_what_they_do(visit: Open, folder: Path) -> None:  # noqa: F811
    lists = lists_of(folder / "small")
    assert lists.count(Filter("rollouts")) == 24
    assert lists.count(Filter("rollouts", least={"backtracks": 1})) == 12
    assert lists.count(Filter("rollouts", {"outcome": "right"}, least={"recoveries": 1, "step": 4})) == 2
    assert lists.values("rollouts", "way") == [
        ("straight on", 12), ("turns back", 6), ("goes wrong", 3), ("recovers", 3),
    ]  # fmt: skip
    assert lists.count(Filter("rollouts", words=("back to",))) == 12
    assert html_of(visit(page="rollouts", way="recovers", least_step="4")).count('class="go row"') == 2


def test_a_problem_s_rollouts_stand_side_by_side_over_the_updates(visit: Open, folder: Path) -> None:  # noqa: F811
    (row,) = lists_of(folder / "small").page(Filter("rollouts", least={"backtracks": 1}, most={"step": 1}), 1, 1)
    page = html_of(visit(page="rollout", id=row["id"]))
    assert re.findall(r"<h3>Update (\d+)</h3>", page) == ["0", "1", "3", "5"]
    assert 'class="credit down5" title="credit -0.500, value 0.00"' in page
    assert 'class="credit up3" title="credit +0.300, value 0.50"' in page
    assert "There is no such rollout" in html_of(visit(page="rollout", id="none"))


def test_credit_of_any_spans_is_painted_once_and_text_stays_text(visit: Open, folder: Path) -> None:  # noqa: F811
    problem = runs.make_problem("q", "1")
    spans = [Credit(6, 99, 0.7), Credit(-3, 4, 1.0), Credit(2, 5, -0.5), Credit(5, 5, 9.0)]
    one = runs.rollout(problem, 0, 0, "<b>abc</b>", True, *spans)
    assert re.sub(r"<[^>]*>", "", painted(one, 1.0)) == "&lt;b&gt;abc&lt;/b&gt;"
    assert painted(one, 0.0).count("credit") == 6, "a scale of nothing paints nothing"
    many = [runs.rollout(problem, step, 0, "x", True) for step in range(50)]
    assert [shown.step for shown in side_by_side(many, many[20])] == [0, 20, 33, 49]
    row = lists_of(folder / "hostile").page(Filter("rollouts"), 0, 1)[0]
    page = html_of(visit(run="hostile", page="rollout", id=row["id"]))
    assert not re.search(r"<(script|img|iframe|svg|b|a href=\"http)", page, re.IGNORECASE)
