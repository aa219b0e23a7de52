"""What is said in the browser reaches thoughts by the commands: steps, ratings, notes on trees, whole thoughts."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey
from studio import runs
from studio.conftest import serving

from journey.models.scripted import Scripted
from journey.store import labels
from journey.store.run import Run
from journey.thoughts.annotate import AnnotateSettings, annotate, read_notes
from journey.types import Thought, Tree

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return runs.small(tmp_path / "small")


def rows(folder: Path, what: str) -> list[dict[str, Any]]:
    to = folder / f"{what}.jsonl"
    done("export", folder, what, "--to", to)
    return [json.loads(line) for line in to.read_text("utf-8").splitlines()]


def the_tree(folder: Path) -> tuple[Tree, Thought]:
    with Run.read(folder) as run:
        thought = next(t for t in run.thoughts() if t.method == "traverse")
        tree = run.get("trees", str(thought.tree))
    assert isinstance(tree, Tree)
    return tree, thought


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def test_what_is_said_in_the_browser_changes_what_the_commands_make(browser: Any, folder: Path):
    from selenium.webdriver.common.keys import Keys
    from studio.browser import open_at, shown, until

    tree, thought = the_tree(folder)
    with serving([folder]) as address:
        label = f"{address}/?page=label&by=ann"
        open_at(browser, f"{label}&item=node:{tree.id}:5", ".labelled", tree.nodes[5].text)
        shown(browser, ".stButton button:not([disabled])", "wrong")
        press(browser, "3")
        shown(browser, ".saved", "Draft, saved")
        press(browser, "s")
        until(browser, lambda: labels.submitted(labels.labels(folder)), "the step's label is submitted")

        open_at(browser, f"{label}&what=thoughts&item=thought:{thought.id}", ".thought.whole")
        shown(browser, '[data-testid="stButtonGroup"] button', "4").click()
        shown(browser, ".saved", "Draft, saved")
        press(browser, "s")
        until(browser, lambda: len(labels.submitted(labels.labels(folder))) == 2, "the rating is submitted")

        open_at(browser, f"{label}&what=trees&item=tree:{tree.id}", ".step-box[data-node]")
        box = shown(browser, "textarea:not([disabled])")
        box.send_keys("All of it in one go", Keys.CONTROL, Keys.ENTER)
        shown(browser, ".saved", "Draft, saved")
        shown(browser, ".tree-box").click()
        press(browser, "s")
        until(browser, lambda: len(labels.submitted(labels.labels(folder))) == 3, "the note is submitted")

        open_at(browser, f"{label}&what=write&item=notes:{tree.problem}", ".problem")
        box = shown(browser, "textarea:not([disabled])")
        box.send_keys("Nothing and one: \\boxed{1}", Keys.CONTROL, Keys.ENTER)
        shown(browser, ".saved", "Draft, saved")
        kind = shown(browser, '[data-testid="stSelectbox"] input')
        kind.send_keys("correction", Keys.ENTER)
        until(browser, lambda: labels.written(folder)[0].notes[0].kind == "correction", "the kind is kept")
        shown(browser, ".problem").click()
        press(browser, "s")
        until(browser, lambda: labels.written(folder)[0].state == "submitted", "the thought is submitted")

    told = {row["item"]: row for row in rows(folder, "labels")}
    assert (told["node"]["verdict"], told["node"]["suggestion"]) == ("wrong", "right")
    assert 4 in told["thought"]["ratings"].values() and told["tree"]["note"] == "All of it in one go"
    refused = journey("derive", folder, "--prefer-labels").err  # the only right path has a wrong step now
    assert "reached only over a wrong step: 1" in refused
    rows(folder, "notes")
    (notes,) = read_notes(folder / "notes.jsonl")
    silent = Scripted(lambda prompt, sampling, i: "nothing")
    written = asyncio.run(annotate(notes.problem, notes, silent, AnnotateSettings()))
    assert "Nothing and one" in written.text and written.segments[0].kind == "backtrack"
