"""The studio as somebody sees it: every page in a real browser."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from real_data import sample
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from studio import runs
from studio.browser import click_node, open_at, requests, shown, shown_nodes, until
from studio.conftest import Studio, serving
from studio.payloads import PAYLOADS
from studio.runs import big_tree

from journey.store.run import Run
from journey.types import Node, Tree, content_hash, make_problem

pytestmark = pytest.mark.browser
PRM800K = sample("prm800k/phase1_test_trees.jsonl")


def tree_address(studio: Studio, size: int) -> str:
    return f"{studio.address}/?page=tree&run=big&id={content_hash('big', size)}"


def step_shown(browser: Any, node: int) -> Any:
    return shown(browser, f'.step-box[data-node="{node}"]', f"Step number {node}:")


@pytest.mark.parametrize("size", [100, pytest.param(1000, marks=pytest.mark.slow), 10_000])
def test_a_click_selects_the_right_step_in_a_tree_of_any_size(browser: Any, studio: Studio, size: int):
    open_at(browser, tree_address(studio, size), ".step-box[data-node]")
    nodes = shown_nodes(browser)
    assert 12 < len(nodes) <= 300
    for node in (nodes[0], nodes[len(nodes) // 2], nodes[-1]):
        click_node(browser, node)
        step_shown(browser, node)
        assert shown(browser, ".tree-box .selected").get_attribute("data-node") == str(node)
        assert f"node={node}" in browser.current_url


def test_a_folded_branch_unfolds_on_a_click_and_the_picture_stays_small(browser: Any, studio: Studio):
    open_at(browser, tree_address(studio, 10_000), ".step-box[data-node]")
    tree = big_tree(10_000)
    for _ in range(5):
        folded = browser.find_elements(By.CSS_SELECTOR, ".tree-box .spot:has(.badge)")
        node = int(folded[-1].get_attribute("data-node"))
        click_node(browser, node)
        step_shown(browser, node)
        assert any(tree.nodes[i].parent == node for i in shown_nodes(browser))
        assert len(shown_nodes(browser)) <= 330


def test_a_sentence_lights_its_step_and_a_step_its_sentence(browser: Any, studio: Studio):
    open_at(browser, tree_address(studio, 1000), ".step-box[data-node]")
    shown(browser, '.thought [data-node="7"]').click()
    step_shown(browser, 7)
    assert shown(browser, ".tree-box .selected").get_attribute("data-node") == "7"
    click_node(browser, 4)
    step_shown(browser, 4)
    assert shown(browser, ".thought .lit").get_attribute("data-node") == "4"


def test_formulas_are_typeset_in_the_step_and_the_thought(browser: Any, studio: Studio):
    open_at(browser, tree_address(studio, 100), ".step-box[data-node]")
    shown(browser, ".step-box .katex .mfrac")
    shown(browser, ".thought .katex .mfrac")


def test_a_formula_nested_beyond_reason_stays_as_it_is_written(browser: Any, tmp_path: Path):
    nested = "\\frac{1}{" * 300 + "}" * 300
    problem, other = make_problem(f"\\({nested}\\)", "1"), f"\\({'x^{' * 150}2{'}' * 150}\\) and \\(x^2\\)"
    tree = Tree("t", problem.id, (Node(-1, other, None),))
    with Run.open(tmp_path / "nested") as run:
        run.put_all("problems", [problem])
        run.put_all("trees", [tree])
    with serving([tmp_path / "nested"]) as address:
        open_at(browser, f"{address}/?page=tree&id=t", ".step-box .katex")
        assert shown(browser, ".problem .math").text == nested
        assert [bool(e.find_elements(By.CSS_SELECTOR, ".katex")) for e in
                browser.find_elements(By.CSS_SELECTOR, ".step-text .math")] == [False, True]  # fmt: skip


def test_long_steps_on_many_levels_can_be_read(browser: Any, tmp_path: Path):
    problem = make_problem("A question", "1")
    nodes = tuple(Node(i - 1, f"Step {i} says that the sum is what it was before", None) for i in range(6))
    with Run.open(tmp_path / "long") as run:
        run.put_all("problems", [problem])
        run.put_all("trees", [Tree("long", problem.id, nodes)])
    with serving([tmp_path / "long"]) as address:
        open_at(browser, f"{address}/?page=tree&id=long", ".tree-box .spot")
        labels = [e.text for e in browser.find_elements(By.CSS_SELECTOR, ".tree-box .spot .label")][1:]
    assert labels == [node.text for node in nodes]


def test_an_address_opens_the_step_it_names(browser: Any, studio: Studio):
    open_at(browser, f"{tree_address(studio, 10_000)}&node=9876", '.step-box[data-node="9876"]')
    assert 9876 in shown_nodes(browser)


def test_a_failed_problems_tree_is_one_click_from_the_first_page_and_back_comes_back(browser: Any, studio: Studio):
    open_at(browser, studio.address, ".tiles")
    shown(browser, "h2", "Failed")
    shown(browser, ".row", "wrong").click()
    shown(browser, ".step-box[data-node]", "A wrong turn.")
    assert shown(browser, ".problem .mark").text == "wrong"
    browser.back()
    shown(browser, ".tiles")
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_filter_shows_what_it_says_and_stands_in_the_address(browser: Any, studio: Studio):
    open_at(browser, f"{studio.address}/?page=attempts&run=small", ".pager", "1 to 17 of 17")
    box = shown(browser, "input[placeholder='words in the text']")
    box.send_keys("alternatively\n")
    shown(browser, ".pager", "of 16")
    assert "q=alternatively" in browser.current_url
    open_at(browser, browser.current_url + "&outcome=right", ".pager", "of 3")
    assert len(browser.find_elements(By.CSS_SELECTOR, "a.row")) == 3


@pytest.mark.parametrize(
    "query",
    ["", "page=tree&id={tree}", "page=attempt&id={attempt}", "page=compare&show=curves", "page=rollout&id={rollout}",
     *(pytest.param(query, marks=pytest.mark.slow) for query in
       ("page=problems", "page=trees", "page=thoughts", "page=attempts", "page=tree&id={tree}&show=draft",
        "page=rollouts", "page=learning", "page=rounds", "page=label&by=x&what=thoughts&order=worth",
        "page=attempts&word=window", "page=compare&show=same", "page=compare&show=words", "page=compare&what=thoughts",
        "page=compare&problem={problem}", "page=compare&problem={problem}&as=text",
        "page=label&by=%3Cimg+src%3Dx+onerror%3Dwindow.hit%3D1%3E&item=node:{tree}:3",
        "page=label&by=x&what=trees&item=tree:{tree}", "page=label&by=x&what=thoughts", "page=label&by=x&what=write"))],
)  # fmt: skip
def test_hostile_text_does_nothing_on_any_page_and_nothing_leaves_the_machine(browser: Any, studio: Studio, query: str):
    problem = content_hash("problem", PAYLOADS[0], PAYLOADS[0])
    rollout = content_hash("rollout", 1, problem, 0, 0, "\n".join(PAYLOADS))
    query = query.format(tree=content_hash("hostile"), attempt=content_hash("attempt", problem, 999, "all"),
                         problem=problem, rollout=rollout)  # fmt: skip
    css = (
        ".step-box[data-node]"
        if "tree&" in query
        else ".tile"
        if not query
        else ".row, .thought, .problem, table, .charts"
    )
    css = "table.compare, .beside, .empty" if "compare" in query else css
    open_at(browser, f"{studio.address}/?run=hostile&{query}", css)
    if "tree&" in query:
        for node in shown_nodes(browser)[::6]:
            click_node(browser, node)
            shown(browser, f'.step-box[data-node="{node}"]')
    assert browser.execute_script("return window.hit ?? parent.hit ?? null") is None
    live = ".journey :is(script, img, iframe, object, embed, form, base, meta, style, video, audio, marquee)"
    assert browser.find_elements(By.CSS_SELECTOR, live) == []
    links = browser.find_elements(By.CSS_SELECTOR, ".journey a[href]")
    assert all(urlsplit(link.get_property("href")).netloc == urlsplit(studio.address).netloc for link in links)
    asked = requests(browser)
    assert asked
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}


@pytest.mark.slow
def test_hostile_choices_do_nothing_when_they_are_listed(browser: Any, studio: Studio):
    open_at(browser, f"{studio.address}/?run=hostile&page=attempts", ".row")
    for box in browser.find_elements(By.CSS_SELECTOR, '[data-testid="stSelectbox"] input'):
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
        box.click()
        shown(browser, '[role="option"]')
        box.send_keys(Keys.ESCAPE)
        until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, '[role="option"]'), "the list stays open")
    assert browser.execute_script("return window.hit ?? null") is None
    assert {urlsplit(url).hostname for url in requests(browser)} == {"127.0.0.1"}


def test_the_level_list_has_every_level_and_selects(browser: Any, studio: Studio):
    open_at(browser, tree_address(studio, 10_000), ".step-box[data-node]")
    shown(browser, ".levels summary").click()
    shown(browser, ".level-box h4", "Level 12")
    shown(browser, '.level-box [data-node="9"]').click()
    step_shown(browser, 9)


def test_arrows_walk_through_the_tree(browser: Any, studio: Studio):
    open_at(browser, f"{tree_address(studio, 100)}&node=3", '.step-box[data-node="3"]')
    shown(browser, ".tree-box").send_keys(Keys.ARROW_LEFT)
    step_shown(browser, 2)
    shown(browser, ".tree-box").send_keys(Keys.ARROW_RIGHT)
    step_shown(browser, 3)


@pytest.mark.slow
def test_trees_of_extreme_shape_open_and_are_clicked(browser: Any, tmp_path: Path):
    with serving([runs.shapes(tmp_path / "shapes")]) as address:
        for name in runs.SHAPES:
            open_at(
                browser, f"{address}/?page=tree&id={content_hash('shape', name)}", '.tree-box .spot[data-node="-1"]'
            )
            nodes = shown_nodes(browser)
            assert len(nodes) <= 330
            assert bool(nodes) == (name != "empty")
            for node in nodes[-1:]:
                click_node(browser, node)
                step_shown(browser, node)
        assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.slow
def test_the_trees_of_people_open_with_their_formulas(browser: Any, tmp_path: Path):
    folder = tmp_path / "prm"
    for arguments in (["import", "prm800k", str(PRM800K), "--out", str(folder)], ["derive", str(folder)]):
        subprocess.run([sys.executable, "-m", "journey", *arguments], check=True, capture_output=True)
    with Run.read(folder) as run:
        trees = sorted((len(t.nodes), t.id) for t in run.trees())
    with serving([folder]) as address:
        open_at(browser, address, ".row", "wrong").click()
        shown(browser, ".step-box[data-node]")
        for _, id in trees[-3:]:
            open_at(browser, f"{address}/?page=tree&id={id}", ".step-box[data-node]")
            nodes = shown_nodes(browser)
            for node in (nodes[1], nodes[-1]):
                click_node(browser, node)
                shown(browser, f'.step-box[data-node="{node}"]')
            assert browser.find_elements(By.CSS_SELECTOR, ".journey .katex")
            assert browser.find_elements(By.CSS_SELECTOR, ".journey .katex-error") == []


def test_an_unknown_run_page_or_item_is_said_in_a_sentence(browser: Any, studio: Studio):
    for query, words in (
        ("run=../../etc/passwd", "was not opened on a run"),
        ("page=nowhere", "There is no page"),
        ("page=tree&id=../x", "There is no such tree"),
        ("page=attempt&id=%00", "There is no such attempt"),
    ):
        open_at(browser, f"{studio.address}/?{query}", ".empty", words)


def test_the_page_is_dark_where_the_browser_asks_for_it(browser: Any, studio: Studio):
    def ask(scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    ask("dark")
    try:
        open_at(browser, studio.address, '.journey[data-theme="dark"] .tiles')
    finally:
        ask("light")
    open_at(browser, studio.address, '.journey[data-theme="light"] .tiles')
    until(browser, lambda: browser.title, "no title")


def test_the_tree_speaks_to_those_who_do_not_see_it(browser: Any, studio: Studio):
    open_at(browser, f"{tree_address(studio, 10_000)}&node=3", '.step-box[data-node="3"]')
    box = shown(browser, '.tree-box[role="tree"][tabindex="0"]')
    assert box.get_attribute("aria-activedescendant") == "step-3"
    item = browser.find_element(By.ID, "step-3")
    assert item.get_attribute("aria-selected") == "true" and item.get_attribute("aria-level") == "5"
    assert item.get_attribute("aria-label").startswith("step 3, right: Step number 3")
    folded = browser.find_elements(By.CSS_SELECTOR, '.tree-box [aria-expanded="false"]')[0].get_attribute("data-node")
    click_node(browser, int(folded))
    step_shown(browser, int(folded))
    assert browser.find_element(By.ID, f"step-{folded}").get_attribute("aria-expanded") == "true"
    box.send_keys(Keys.ENTER)
    assert browser.find_element(By.ID, f"step-{folded}").get_attribute("aria-expanded") == "false"
    hop = shown(browser, ".step-box a.hop")
    before = int(hop.get_attribute("data-node"))
    hop.send_keys(Keys.ENTER)
    step_shown(browser, before)


@pytest.mark.slow
@pytest.mark.parametrize("width", [900, 420])
def test_no_page_scrolls_sideways_in_a_narrow_window(browser: Any, studio: Studio, width: int):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    main = "document.querySelector('[data-testid=\"stMain\"]')"
    try:
        for query in ("", "page=problems", "page=thoughts&word=wait", "page=attempts", "page=trees", "page=compare",
                      "page=compare&show=words", "page=compare&show=curves", "page=compare&what=thoughts", "page=label",
                      "page=label&what=thoughts", "page=label&what=write", "page=label&what=agreement", "page=rounds",
                      "page=learning"):  # fmt: skip
            open_at(browser, f"{studio.address}/?run=small&{query}", ".journey :is(.row, .tile, .prose, table, .empty)")
            assert browser.execute_script(f"return {main}.scrollWidth - {main}.clientWidth") <= 0, query
        open_at(browser, tree_address(studio, 100), ".step-box[data-node]")
        assert browser.execute_script(f"return {main}.scrollWidth - {main}.clientWidth") <= 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_problems_pictures_are_shown_from_this_machine_alone(browser: Any, studio: Studio):
    with Run.read(studio.folder / "small") as run:
        problem = next(problem for problem in run.problems() if problem.images)
    open_at(browser, f"{studio.address}/?page=problem&run=small&id={problem.id}", ".problem .pictures img")
    script = "return [...document.querySelectorAll('.pictures img')].map((e) => e.naturalWidth)"
    until(browser, lambda: browser.execute_script(script) == [16, 16], "two pictures of 16 pixels")
    assert {urlsplit(address).netloc for address in requests(browser)} == {urlsplit(studio.address).netloc}
