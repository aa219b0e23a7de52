"""Labelling in the studio: every saying is kept the moment it is said, in the form that the commands read."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from store.records import label_history
from streamlit.testing.v1 import AppTest
from studio import runs
from studio.payloads import PAYLOADS
from studio.test_pages import html_of, query_of

from journey.store import labels
from journey.store.labels import Label
from journey.store.labels_file import NAME
from journey.store.run import Run
from journey.studio import app as app_module
from journey.studio.label_agreement import agreement_html
from journey.studio.label_queue import QueueSettings, after, beside, label_of, queue
from journey.studio.records import ENVIRONMENT, tree_of
from journey.trees.mark import no_thought_reason, verdict
from journey.types import Tree, content_hash

Open = Callable[..., AppTest]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return runs.small(tmp_path / "small")


@pytest.fixture
def visit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def visit(**where: str) -> AppTest:
        monkeypatch.setenv(ENVIRONMENT, json.dumps([str(folder)]))
        page = AppTest.from_file(str(Path(str(app_module.__file__))), default_timeout=600)
        for name, value in {"page": "label", **where}.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return visit


def first_tree(folder: Path) -> Tree:
    with Run.read(folder) as run:
        return next(run.trees())


def said(folder: Path) -> list[Label]:
    return labels.labels(folder)


# --- the queue --------------------------------------------------------------------------------------------------------


def test_the_queue_has_what_the_judge_called_wrong_first_and_right_steps_only_when_asked(folder: Path):
    ranks = []
    for item in queue(folder, QueueSettings()):
        label = label_of(item, "ann")
        assert label is not None and label.about == item
        tree = tree_of(folder, str(label.tree))
        assert tree is not None
        ranks.append(verdict(tree.nodes[int(label.node or 0)]))
    assert ranks == ["wrong"] * 5 + ["neutral"] * 3 + [None] * 3
    everything = queue(folder, QueueSettings(everything=True))
    assert set(queue(folder, QueueSettings())) < set(everything) and len(everything) == 17
    blind = queue(folder, QueueSettings(everything=True, blind=True))
    assert sorted(blind) == sorted(everything) and blind != everything


def test_a_method_narrows_the_queue_to_its_thoughts_and_their_trees(folder: Path):
    tree = {label.tree for item in queue(folder, QueueSettings(method="traverse")) if (label := label_of(item, "ann"))}
    assert len(tree) == 1
    assert (
        len(queue(folder, QueueSettings("thoughts"))) == 3
        and len(queue(folder, QueueSettings("thoughts", method="shortcut"))) == 1
    )
    assert len(queue(folder, QueueSettings("write"))) == 4
    assert (
        len(queue(folder, QueueSettings("trees"))) == 3
        and len(queue(folder, QueueSettings("trees", method="traverse"))) == 1
    )


def test_the_next_item_is_the_next_that_is_not_done():
    items = ("a", "b", "c")
    assert after(items, "a", frozenset("b")) == "c"
    assert after(items, "c", frozenset("a")) == "b"
    assert after(items, "a", frozenset("bc")) is None
    assert (beside(items, "a", -1), beside(items, "a", 1), beside(items, "c", 1)) == (None, "b", None)


@pytest.mark.parametrize(
    "item", ["", "node:", "node:t", "node:t:x", "node:t:-1", "thought:", "tree:t", "tree:", "node:t:99"]
)
def test_an_item_that_is_not_there_is_said_in_a_sentence(visit: Open, item: str):
    assert "no such item" in html_of(visit(by="ann", item=item)) or not item


# --- steps ------------------------------------------------------------------------------------------------------------


def test_nobody_labels_without_a_name(visit: Open, folder: Path):
    page = visit()
    assert page.button(key="verdict 1").disabled and page.button(key="action s").disabled
    assert page.text_area[0].disabled
    page.text_input(key="by").set_value("ann").run()
    assert query_of(page)["by"] == "ann"
    assert not page.button(key="verdict 1").disabled
    page.button(key="action s").click().run()
    assert "nothing to submit" in html_of(page, "saved")
    assert not (folder / NAME).exists()


def test_a_verdict_is_saved_at_once_and_counts_when_it_is_submitted(visit: Open, folder: Path):
    page = visit(by="ann")
    page.button(key="verdict 3").click().run()
    (label,) = said(folder)
    assert (label.verdict, label.judged, label.state, label.suggestion) == ("wrong", True, "draft", "wrong")
    page.text_area[0].set_value("one is not two").run()
    page.text_area[1].set_value("a better step").run()
    page.text_area[2].set_value("a note").run()
    page.button(key="action s").click().run()
    (label,) = said(folder)
    assert (label.reason, label.step, label.note) == ("one is not two", "a better step", "a note")
    assert label.state == "submitted" and label.verdict == "wrong"
    assert query_of(page)["item"] == queue(folder, QueueSettings())[1]
    assert "1 submitted" in html_of(page, "progress")
    again = visit(by="ann", item=label.about)
    assert again.text_area[0].value == "one is not two" and "Submitted, saved" in html_of(again, "saved")
    other = visit(by="bob", item=label.about)
    assert other.text_area[0].value == "" and "0 submitted" in html_of(other, "progress")


def test_widgets_that_change_at_once_do_not_undo_each_other(visit: Open, folder: Path):
    page = visit(by="ann")
    page.text_area[0].set_value("a reason")
    page.text_area[2].set_value("a note")
    page.button(key="verdict 3").click()
    page.button(key="action s").click().run()
    (label,) = said(folder)
    assert (label.verdict, label.reason, label.note, label.state) == ("wrong", "a reason", "a note", "submitted")


def test_could_not_say_is_a_verdict_and_no_verdict_is_none(visit: Open, folder: Path):
    page = visit(by="ann")
    page.text_area[2].set_value("only a note").run()
    assert not said(folder)[0].judged
    page.button(key="verdict 0").click().run()
    assert said(folder)[0].judged and said(folder)[0].verdict is None and said(folder)[0].note == "only a note"


def test_a_discarded_label_is_gone_from_the_page_and_next_and_previous_walk(visit: Open, folder: Path):
    page = visit(by="ann")
    page.button(key="verdict 1").click().run()
    page.button(key="action d").click().run()
    assert said(folder) == [] and len(label_history(folder)) == 2
    page.button(key="action n").click().run()
    assert query_of(page)["item"] == queue(folder, QueueSettings())[1]
    page.button(key="action p").click().run()
    assert query_of(page)["item"] == queue(folder, QueueSettings())[0]


def test_the_judges_suggestion_is_named_as_such_and_can_be_hidden(visit: Open, folder: Path):
    page = visit(by="ann")
    assert "Suggested by the judge critic" in html_of(page)
    page.toggle(key="plain").set_value(True).run()
    assert query_of(page)["plain"] == "1" and "Suggested" not in html_of(page)
    page.button(key="verdict 2").click().run()
    assert said(folder)[0].suggestion is None
    page.toggle(key="which").set_value(True).run()
    assert query_of(page)["which"] == "all" and "of 17" in html_of(page, "progress")


def test_what_cannot_be_saved_is_said_and_not_counted(visit: Open, folder: Path):
    page = visit(by="ann")
    (folder / NAME).mkdir()
    page.button(key="verdict 1").click().run()
    assert not page.exception
    assert "labels.db" in html_of(page)


# --- thoughts ---------------------------------------------------------------------------------------------------------


def test_a_thought_is_rated_trait_by_trait_and_marked_to_be_learnt_from(visit: Open, folder: Path):
    page = visit(by="ann", what="thoughts")
    assert len(page.button_group) == len(labels.TRAITS)
    page.button_group[2].set_value(4).run()
    page.button_group[0].set_value(2).run()
    page.button(key="verdict 1").click().run()
    (label,) = said(folder)
    assert (label.item, label.verdict) == ("thought", "right")
    assert label.ratings == {"rechecking": 4, "iterative_problem_solving": 2}
    page.button(key="action s").click().run()
    assert said(folder)[0].state == "submitted" and "1 submitted" in html_of(page, "progress")


# --- trees ------------------------------------------------------------------------------------------------------------


def test_a_free_note_is_written_on_a_whole_tree_those_that_failed_first(visit: Open, folder: Path):
    page = visit(by="ann", what="trees")
    assert len(page.text_area) == 1 and not page.button_group and "verdict 1" not in {b.key for b in page.button}
    page.button(key="action s").click().run()
    assert "nothing to submit" in html_of(page, "saved")
    page.text_area[0].set_value("it never tries to divide").run()
    page.button(key="action s").click().run()
    (label,) = said(folder)
    assert (label.item, label.note, label.state, label.suggestion) == (
        "tree",
        "it never tries to divide",
        "submitted",
        None,
    )
    tree = tree_of(folder, str(label.tree))
    assert tree is not None and no_thought_reason(tree) is not None and query_of(page)["item"] != label.about
    assert "<td>1</td>" in agreement_html(folder) and "tree-box" in html_of(visit(by="ann", what="trees"))
    assert "no such item" in html_of(visit(by="ann", what="trees", item="tree:none"))


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_whole_thought_is_written_checked_and_submitted(visit: Open, folder: Path):
    page = visit(by="ann", what="write")
    page.text_area[0].set_value("Count on.").run()
    page.text_input[1].set_value("It is a sum.").run()
    page.button(key="another").click().run()
    page.selectbox[1].select("answer").run()
    page.text_area[1].set_value("\\boxed{77}").run()
    page.button(key="action s").click().run()
    assert "77" in html_of(page, "saved") and labels.written(folder)[0].state == "draft"
    with Run.read(folder) as run:
        problem = run.get("problems", labels.written(folder)[0].problem)
    page.text_area[1].set_value(f"\\boxed{{{problem.answer}}}").run()  # type: ignore[union-attr]
    page.button(key="action s").click().run()
    (kept,) = labels.written(folder)
    assert kept.state == "submitted"
    assert [(note.kind, note.reason) for note in kept.notes] == [("trial", "It is a sum."), ("answer", None)]
    assert query_of(page)["item"] != kept.about
    page = visit(by="ann", what="write", item=kept.about)
    page.button(key=f"note {kept.about} ann 0 remove").click().run()
    (kept,) = labels.written(folder)
    assert [note.kind for note in kept.notes] == ["answer"] and kept.state == "draft"
    page.button(key="action d").click().run()
    assert labels.written(folder) == [] and page.text_area[0].value == ""


# --- agreement --------------------------------------------------------------------------------------------------------


def test_an_annotator_who_is_called_the_judge_is_not_taken_for_it(folder: Path):
    tree = first_tree(folder)
    for node in range(3):
        for name in ("the judge", "ann"):
            labels.put(folder, Label("node", name, tree=tree.id, node=node, verdict="wrong", judged=True,
                                     state="submitted"))  # fmt: skip
    assert "<tr><td>ann and the judge</td><td>3</td><td>100%</td>" in agreement_html(folder)


def test_the_table_of_agreement_counts_what_both_submitted(visit: Open, folder: Path):
    assert "Nothing was submitted" in html_of(visit(what="agreement"))
    tree = first_tree(folder)
    given = {"ann": ["wrong", "wrong", "right", None], "bob": ["wrong", "right", "right", "right"]}
    for name, verdicts in given.items():
        for node, one in enumerate(verdicts):
            labels.put(folder, Label("node", name, tree=tree.id, node=node, verdict=one, judged=True,
                                     state="submitted"))  # type: ignore[arg-type]  # fmt: skip
    said = html_of(visit(what="agreement"))
    assert "<td>ann and bob</td><td>3</td><td>67%</td><td>0.40</td>" in said
    assert "bob and the judge" in said and "Krippendorff" in said
    labels.put(folder, Label("thought", "<b>", thought="t", ratings={"rechecking": 1}, state="submitted"))
    assert "<td><b>" not in agreement_html(folder)


@pytest.mark.parametrize("what", ["steps", "thoughts", "trees", "write", "agreement"])
def test_hostile_text_is_never_a_tag_on_a_page_of_labelling(folder: Path, visit: Open, what: str, tmp_path: Path):
    shutil.rmtree(folder)
    runs.hostile(folder)
    tree = content_hash("hostile")
    for number, payload in enumerate(PAYLOADS):
        if payload.strip():
            labels.put(folder, Label("node", payload, tree=tree, node=number % 3, verdict="wrong", judged=True,
                                     reason=payload, state="submitted"))  # fmt: skip
    items = {"steps": [f"node:{tree}:{n}" for n in (3, 12)], "write": list(queue(folder, QueueSettings("write"))[:3])}
    for item in items.get(what, [""]):
        said = html_of(visit(what=what, by="ann", **({"item": item} if item else {}))).lower()
        bad = ("script", "img", "svg", "iframe", "style", "form", "base", "meta", "link")
        assert all(f"<{tag}" not in said for tag in bad)


# --- in a browser -----------------------------------------------------------------------------------------------------


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "journey", "view", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
    assert found
    return server, found[0]


@pytest.mark.browser
def test_a_label_made_by_hotkey_survives_a_reload_and_the_death_of_the_server(session_browser: Any, folder: Path):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from studio.browser import click_node, open_at, shown, until

    browser = session_browser
    server, address = start(folder)
    try:
        open_at(browser, f"{address}/?page=label&by=ann", ".labelled")
        shown(browser, ".stButton button", "wrong")
        ActionChains(browser).send_keys("3").perform()
        shown(browser, ".saved", "Draft, saved")
        assert [label.verdict for label in said(folder)] == ["wrong"]
        box = shown(browser, "textarea")
        box.click()
        box.send_keys("123 is no hotkey here", Keys.CONTROL, Keys.ENTER)
        until(browser, lambda: said(folder)[0].reason == "123 is no hotkey here", "the reason is kept")
        assert said(folder)[0].verdict == "wrong"
        box.send_keys(" and this is kept", Keys.TAB, "a corrected step", Keys.TAB, "a note", Keys.TAB)
        until(browser, lambda: said(folder)[0].note == "a note", "the note is kept")
        assert said(folder)[0].reason == "123 is no hotkey here and this is kept"
        assert said(folder)[0].step == "a corrected step"
        browser.refresh()
        shown(browser, ".saved", "Draft, saved")
        shown(browser, "button[kind='primary']", "wrong")
    finally:
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
    server, address = start(folder)
    try:
        open_at(browser, f"{address}/?page=label&by=ann", ".labelled")
        shown(browser, ".saved", "Draft, saved")
        assert shown(browser, "textarea").get_attribute("value").startswith("123 is no hotkey here")
        shown(browser, ".labelled h3").click()
        ActionChains(browser).send_keys("s").perform()
        shown(browser, ".label-progress", "1 submitted")
        shown(browser, ".labelled", "It ends badly")
        tree = first_tree(folder)
        open_at(browser, f"{address}/?page=label&by=ann&tree=1&item=node:{tree.id}:1", ".labelled", tree.nodes[1].text)
        click_node(browser, 3)
        shown(browser, ".labelled", tree.nodes[3].text)
        until(browser, lambda: f"node%3A{tree.id}%3A3" in browser.current_url, "the step stands in the address")
        assert [label.state for label in said(folder)] == ["submitted"]
    finally:
        server.terminate()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()
