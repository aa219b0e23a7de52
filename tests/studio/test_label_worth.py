"""The label queue begins with what a person may know better, and says why."""

from dataclasses import replace
from pathlib import Path

import pytest
import round_runs
from studio.test_label_page import visit  # noqa: F401  (a fixture)
from studio.test_pages import Open, html_of

from journey.store.entries import Round
from journey.store.run import Run
from journey.studio import label_page
from journey.studio.label_queue import QueueSettings, queue
from journey.studio.label_worth import flips, worth
from journey.types import Judgement


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rounds, and one tree that another judge saw otherwise and whose right step has no right end beyond it."""
    place = round_runs.write(tmp_path / "small", seeds=1)
    with Run.open(place) as run:
        tree = next(run.trees(policy="seed-1/phase1"))
        wrong, right = tree.nodes
        nodes = wrong, replace(right, judgement=Judgement("wrong", 0.2, by="critic"), value=0.9)
        run.put_all("trees", [replace(tree, id="again", nodes=nodes, judge="critic")])
    return place


def test_steps_on_which_judges_disagree_and_values_do_come_first(folder: Path) -> None:
    found = worth(folder)
    assert found["node:again:1"].score >= 1.9
    why = "judges disagree (critic: wrong, exact: right); its value is 0.90 and its verdict wrong"
    assert found["node:again:1"].why.startswith(why)
    steps = queue(folder, QueueSettings(worth=True))
    assert steps[0] == "node:again:1" and steps[1].endswith(":1") and "node:again:0" in steps[2:]
    assert queue(folder, QueueSettings(worth=True, blind=True)) != steps
    assert queue(folder, QueueSettings("trees", worth=True))[0] == "tree:again"


def test_thoughts_whose_problem_turns_over_rounds_come_first(folder: Path) -> None:
    with Run.open(folder) as run:
        last = run.entries(Round, arm="journey")[-1]
        run.add(replace(last, round=4, policy="weak", model="weak"))
        thought = next(run.thoughts(method="traverse"))
        tree = round_runs.grown(1, next(p for p in run.problems() if p.id == thought.problem), "weak", "")
        run.put_all("trees", [replace(tree, nodes=tree.nodes[:1])])
    assert flips(folder)[thought.problem] == 1
    first = queue(folder, QueueSettings("thoughts", worth=True))[:6]
    with Run.read(folder) as run:
        found = [run.thought(name.removeprefix("thought:")) for name in first]
    assert {one.problem for one in found if one} == {thought.problem}
    assert "its problem turned once over rounds" in worth(folder)[first[0]].why


def test_the_desk_says_why_an_item_is_worth_a_look(visit: Open) -> None:  # noqa: F811
    page = visit(order="worth", by="ann")
    assert "Worth a look first" in {one.label for one in page.toggle}
    assert "judges disagree (critic: wrong, exact: right)" in html_of(page, "progress")
    assert "judges disagree" not in html_of(visit(by="ann", item="node:again:1"), "progress")


def test_the_page_says_where_not_all_trees_were_gone_through(visit: Open, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert not [
        one for one in visit(order="worth").main if one.type == "bidi_component" and one.proto.id.endswith("scanned")
    ]
    monkeypatch.setattr(label_page, "SCANNED", 3)
    assert "3 of the run's " in html_of(visit(order="worth"), "scanned")
