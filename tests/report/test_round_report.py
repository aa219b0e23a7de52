"""Rounds in the report: a row an arm and round, curves, the mix as bars, the guards as small pictures."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import round_runs

from journey.report.figures import figures
from journey.report.render import markdown, page, write_pictures
from journey.report.round_pictures import guard_charts, mix_bars, round_chart
from journey.report.rounds import round_figures
from journey.report.tables import document
from journey.store.run import Run


def of(folder: Path) -> list[dict[str, Any]]:
    with Run.read(folder) as run:
        return round_figures(run)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with Run.read(round_runs.write(tmp_path_factory.mktemp("rounds") / "run")) as run:
        return figures(run)


def test_a_round_is_a_row_with_what_it_fixed_and_what_ended_it(found: dict[str, Any]) -> None:
    rows = {(row["arm"], row["round"]): row for row in found["rounds"]}
    assert list(rows) == [(arm, n) for arm in ("shortcut", "journey") for n in (1, 2, 3)]
    last = rows["journey", 3]
    assert (last["seeds"], last["split"], last["kept"], last["why"]) == (2, "test", True, None)
    assert last["low"] < last["accuracy"] < last["high"] and last["fixed"] > last["broke"]
    assert last["pass16"] == pytest.approx(0.85) and last["diversity"] == 2.1 and last["given_share"] == 0.4
    assert last["mix"] == {"given": 6, "labelled": 2, "round 1": 6, "round 2": 6, "round 3": 6}
    assert rows["journey", 1]["fixed"] is None  # nothing to compare the first with
    stopped = rows["shortcut", 3]
    assert not stopped["kept"] and stopped["why"] == f"Seed 1: {round_runs.STOPPED}"


def test_without_test_answers_a_round_has_its_validation_figures(tmp_path: Path) -> None:
    one = of(round_runs.write(tmp_path / "one", seeds=1, tested=False))[-1]
    assert (one["split"], one["accuracy"], one["fixed"], one["broke"]) == ("validation", 0.65, 11, 4)
    assert (one["low"], one["high"]) == (pytest.approx(0.56), pytest.approx(0.74))
    round_runs.not_paid_for(tmp_path / "one", 4)
    last = of(tmp_path / "one")[-1]
    assert (last["accuracy"], last["pass16"], last["kept"], last["why"]) == (None, None, False, "guard new: too few")
    with Run.read(tmp_path / "one") as run:
        assert "journey, round 4" in markdown(document(figures(run)))
    two = of(round_runs.write(tmp_path / "two", tested=False))[-1]
    assert (two["low"], two["high"]) == (pytest.approx(0.56), pytest.approx(0.74))  # not narrower than one seed's
    with Run.open(tmp_path / "none", {}) as run:
        assert round_figures(run) == []


def test_the_report_draws_curves_bars_and_guards(found: dict[str, Any]) -> None:
    chart = round_chart(found)
    assert chart is not None and len(chart.lines) == 2 and len(chart.dots) == 6
    assert all(dot.low < dot.at[1] < dot.high for dot in chart.dots)
    assert [line.points[0][0] for line in chart.lines] == [0.975, 1.025]  # beside each other
    sizes = [[size for _, size, _ in bar.parts] for bar in mix_bars(found)[-2:]]
    assert sizes == [[6, 2, 6, 6], [6, 2, 12, 6]]
    guards = {one.name: one for one in guard_charts(found)}
    assert guards["guard_cut_off"].lines[-1].points[0][1] == 0.3 and "guard_entropy" in guards
    made = document(found)
    assert {"rounds", "mix", "guard_new_ways"} <= {picture.name for picture in made.pictures()}
    assert "| journey, round 3 |" in markdown(made)


def test_arms_of_one_colour_are_told_apart_and_those_who_labelled_are_named(found: dict[str, Any]) -> None:
    rows = [{**row, "arm": name} for name in ("journey", "hybrid", "star") for row in deepcopy(found["rounds"][-3:])]
    chart = round_chart({**found, "rounds": rows})
    assert chart is not None and len({line.tone for line in chart.lines}) == 3
    rows[0]["by_seed"][0]["settings"]["labelled by"] = {"ann": 2, "<b>": 1}
    made = document({**found, "rounds": rows})
    assert "Labelled thoughts in the mix are by ann, " in markdown(made)
    assert "by ann, &lt;b&gt;" in page(made) and "<b>." not in page(made)


def test_domains_have_a_curve_each_and_no_name_of_one_is_a_place_of_a_file(
    found: dict[str, Any], tmp_path: Path
) -> None:
    names = ("accuracy data/algebra", "accuracy ../../x")
    rows = [{**row, "measured": {**row["measured"], **dict.fromkeys(names, 0.5)}} for row in found["rounds"]]
    made = document({**found, "rounds": rows})
    assert {"guard_domain_1", "guard_domain_2"} <= {picture.name for picture in made.pictures()}
    assert write_pictures(tmp_path, made.pictures())
    assert "accuracy data/algebra" in page(made)


def test_a_guard_s_sentence_with_a_model_s_words_stays_text(tmp_path: Path) -> None:
    spoilt = "<script>alert(1)</script>"
    with Run.read(round_runs.write(tmp_path / "run", text=spoilt)) as run:
        assert spoilt not in page(document(figures(run)))
