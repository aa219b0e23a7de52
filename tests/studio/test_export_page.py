"""A page by itself: everything in one file, nothing that is loaded, and nothing that a text can do."""

import json
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from commanding import done, journey
from studio import runs
from studio.payloads import PAYLOADS

from journey.store.run import Run
from journey.studio import bundle, export_page, tree_data
from journey.studio.export_page import found, page
from journey.trees.mark import children
from journey.types import Thought, Tree, content_hash


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages")
    runs.small(place / "small")
    runs.hostile(place / "hostile")
    runs.big(place / "big", (1000,))
    return place


def told(folder: Path, method: str) -> Thought:
    with Run.read(folder) as run:
        return next(t for t in run.thoughts() if t.method == method)


class Tags(HTMLParser):
    """The tags of a page with their attributes, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs).get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", {}))


def data_of(text: str) -> dict[str, Any]:
    return next(json.loads(script) for kind, script in Tags(text).scripts if kind == "application/json")


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_tree_or_thought_is_written_by_its_id_or_how_it_begins(folder: Path, tmp_path: Path):
    thought = told(folder / "small", "refined")
    assert thought.tree
    for item, table in ((thought.id, "thoughts"), (thought.id[:9], "thoughts"), (thought.tree[:9], "trees")):
        to = tmp_path / "deep" / f"{item}.html"
        said = done("export", folder / "small", "page", "--item", item, "--to", to, "--json")
        assert said.data == {"table": table, "id": getattr(thought, "id" if table == "thoughts" else "tree"),
                             "file": str(to)}  # fmt: skip
        assert to.read_text("utf-8").startswith("<!DOCTYPE html>")
        assert [file.name for file in to.parent.iterdir() if file.suffix == ".part"] == []
        text = to.read_text("utf-8")
        assert "Draft and refined" in text
    assert "Draft and refined" not in page(folder / "small", "thoughts", told(folder / "small", "traverse").id)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["page", "--to", "x.html"], "name it with --item"),
        (["page", "--to", "x.html", "--item", ""], "name it with --item"),
        (["page", "--to", "x.pdf", "--item", "a"], "must end in .html"),
        (["page", "--to", "x.html", "--item", "nothing"], "no tree and no thought whose id begins with 'nothing'"),
        (["trees", "--to", "x.jsonl", "--item", "a"], "--item names what a page shows"),
    ],
)
def test_a_mistake_is_one_sentence(folder: Path, arguments: list[str], sentence: str):
    said = journey("export", folder / "small", *arguments)
    assert said.code == 2 and sentence in said.err and said.err.count("\n") == 1, said.err


def test_a_beginning_of_several_ids_is_refused_and_they_are_named(folder: Path):
    with Run.read(folder / "small") as run:
        ids = sorted([*run.ids("trees"), *run.ids("thoughts")])
    shared = next((a for a in "0123456789abcdef" if sum(id.startswith(a) for id in ids) > 1), "")
    said = journey("export", folder / "small", "page", "--item", shared, "--to", "x.html")
    assert said.code == 2 and ("ids begin with" in said.err or not shared)


def test_a_page_is_written_where_streamlit_is_not_installed(folder: Path, tmp_path: Path):
    tree = told(folder / "small", "traverse").tree
    code = (
        "import sys; sys.modules['streamlit'] = None; sys.modules['starlette'] = None\n"
        "from journey.__main__ import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "export", str(folder / "small"), "page", "--item", str(tree), "--to",
               str(tmp_path / "x.html")]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_page_holds_everything_and_names_no_other_place(folder: Path):
    thought = told(folder / "small", "traverse")
    text = page(folder / "small", "thoughts", thought.id)
    for tag, given in Tags(text).tags:
        if tag == "img":
            assert (given.pop("src") or "").startswith("data:image/")
        assert not {"src", "href", "srcset", "action", "data", "poster"} & given.keys(), (tag, given)
    assert set(re.findall(r"url\(([^)]{0,30})", text)) == {"data:font/woff2;base64,d09GMgA"}
    fonts = re.findall(r"data:font/woff2;base64,([A-Za-z0-9+/=]+)", text)
    there = list((bundle.KATEX / "fonts").iterdir())
    assert len(fonts) == len(there) and all(b64decode(font)[:4] == b"wOF2" for font in fonts)
    assert thought.problem not in text or "What is" in text
    assert len(data_of(text)["steps"]) == 6


def test_only_the_pages_own_scripts_are_named_in_its_policy(folder: Path):
    text = page(folder / "small", "trees", str(told(folder / "small", "traverse").tree))
    held = Tags(text)
    policy = next(given["content"] for tag, given in held.tags if given.get("http-equiv") == "Content-Security-Policy")
    scripts = [script for kind, script in held.scripts if kind == "module"]
    hashes = {f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts}
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert set(rules["script-src"].split()) == hashes and len(hashes) == 2
    assert rules["default-src"] == "'none'" and "connect-src" not in rules and "unsafe-eval" not in policy
    assert [tag for tag, _ in held.tags].index("meta") < [tag for tag, _ in held.tags].index("script")


def test_a_page_without_a_formula_carries_no_typesetting(tmp_path: Path):
    runs.shapes(tmp_path / "plain", 20)
    tree = content_hash("shape", "comb")
    text = page(tmp_path / "plain", "trees", tree)
    assert "font/woff2" not in text and len(text) < 60_000
    assert page(tmp_path / "plain", "trees", content_hash("shape", "empty")).count("tree-box") > 0


def test_a_thought_without_a_tree_is_a_page_too(tmp_path: Path):
    runs.small(tmp_path / "run")
    thought = told(tmp_path / "run", "traverse")
    lone = Thought("lone", thought.problem, None, "distill", (), "a", "It is \\(\\mathfrak{g}\\).", "1")
    with Run.open(tmp_path / "run") as run:
        run.put_all("thoughts", [lone])
    text = page(tmp_path / "run", "thoughts", "lone")
    assert data_of(text)["tree"] is None and "mathfrak{g}" in text
    assert "font/woff2" in text


def test_hostile_texts_are_never_tags_and_never_end_a_script(folder: Path):
    text = page(folder / "hostile", "trees", content_hash("hostile"))
    known = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "div",
        "span",
        "p",
        "details",
        "summary",
        "script",
        "ins",
        "del",
    }
    assert {tag.lstrip("/") for tag, _ in Tags(text).tags} <= known
    assert len(Tags(text).scripts) == 3
    data = data_of(text)
    fine = {"h3", "h4", "div", "span", "dl", "dt", "dd", "i", "p", "ul", "li", "a"}
    for step in data["steps"]:
        for tag, given in Tags(step).tags:
            assert tag.lstrip("/") in fine and not [name for name in given if name.startswith("on")]
            assert given.get("href") is None
    assert len(data["steps"]) == len(PAYLOADS)


def test_found_takes_a_whole_id_before_longer_ones(tmp_path: Path):
    problem = runs.make_problem("a", "1")
    with Run.open(tmp_path / "run") as run:
        run.put_all("problems", [problem])
        run.put_all("trees", [Tree("ab", problem.id, ()), Tree("abc", problem.id, ())])
        assert found(run, "ab") == ("trees", "ab") and found(run, "abc") == ("trees", "abc")


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_page_works_from_a_file_and_asks_nothing_of_anybody(browser: Any, folder: Path, tmp_path: Path):
    from studio.browser import click_node, open_at, requests, shown, shown_nodes

    to = tmp_path / "page.html"
    done("export", folder / "big", "page", "--item", content_hash("big", 1000), "--to", to)
    browser.execute_cdp_cmd("Network.enable", {})
    network = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", network)
    try:
        open_at(browser, to.as_uri(), ".step-box[data-node]")
        shown(browser, ".step-box .katex .mfrac")
        shown(browser, ".thought .katex .mfrac")
        nodes = shown_nodes(browser)
        assert 12 < len(nodes) <= 300
        for node in (nodes[0], nodes[len(nodes) // 2], nodes[-1]):
            click_node(browser, node)
            shown(browser, f'.step-box[data-node="{node}"]', f"Step number {node}:")
            assert shown(browser, ".tree-box .selected").get_attribute("data-node") == str(node)
            assert browser.current_url.endswith(f"#node={node}")
        shown(browser, '.thought [data-node="7"]').click()
        shown(browser, '.step-box[data-node="7"]')
        fonts = browser.execute_script("return [...document.fonts].filter((f) => f.status === 'loaded').length")
        assert fonts > 0
        open_at(browser, f"{to.as_uri()}#node=876", ".step-box[data-node]")
        browser.refresh()
        shown(browser, '.step-box[data-node="876"]')
        assert {url.partition("#")[0] for url in requests(browser)} == {to.as_uri()}
        assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    finally:
        network |= {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", network)


@pytest.mark.browser
def test_hostile_text_does_nothing_in_a_page_from_a_file(browser: Any, folder: Path, tmp_path: Path):
    from studio.browser import click_node, open_at, requests, shown, shown_nodes

    to = tmp_path / "hostile.html"
    done("export", folder / "hostile", "page", "--item", content_hash("hostile"), "--to", to)
    open_at(browser, to.as_uri(), ".step-box[data-node]")
    for node in shown_nodes(browser)[::6]:
        click_node(browser, node)
        shown(browser, f'.step-box[data-node="{node}"]')
    assert browser.execute_script("return window.hit ?? null") is None
    live = ".journey :is(script, img, iframe, object, embed, form, base, meta, style, video, audio, marquee)"
    assert browser.execute_script(f"return document.querySelectorAll('{live}').length") == 0
    assert {url.partition("#")[0] for url in requests(browser)} == {to.as_uri()}


def test_what_hangs_below_each_step_is_counted_once_for_the_whole_page(folder: Path, monkeypatch: pytest.MonkeyPatch):
    counts: list[str] = []

    def counted(tree: Tree) -> list[list[int]]:
        counts.append(tree.id)
        return children(tree)

    for module in (export_page, tree_data):
        monkeypatch.setattr(module, "children", counted)
    page(folder / "small", "trees", told(folder / "small", "traverse").tree or "")
    assert len(counts) == 1


def test_a_pages_pictures_stand_in_it_and_only_such_may(folder: Path):
    text = page(folder / "small", "thoughts", told(folder / "small", "traverse").id)
    shown = [attributes["src"] or "" for tag, attributes in Tags(text).tags if tag == "img"]
    assert [source[:22] for source in shown] == ["data:image/png;base64,", "data:image/webp;base64"]
    assert "; img-src data:" in text
    with Run.read(folder / "hostile") as run:
        (tree,) = run.trees()
    hostile = page(folder / "hostile", "trees", tree.id)
    assert "img-src" not in hostile.partition("<style>")[0] and "img" not in {tag for tag, _ in Tags(hostile).tags}
