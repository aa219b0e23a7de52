"""The field's plain words: a private dialect is refused in names, in keys of JSON and in documents."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "journey"
DIALECT = {
    "purse", "said", "voice", "unknowing", "lend", "lent", "calm", "quiet", "wish", "wished", "told", "asked",
    "telling", "deed", "deeds", "river", "station", "stations", "forest", "at_once", "spoken",
}  # fmt: skip


# What files of users hold under such keys: runs and reports of version 1, and the hash of a thought's id.
KEPT_KEYS = {
    "evals/quality.py": {"said"}, "commands/quality.py": {"said"}, "pipeline/labelled_run.py": {"said"},
    "pipeline/kept_recipe.py": {"telling"}, "pipeline/moved_keys.py": {"telling", "thoughts.voice"},
    "thoughts/draft.py": {"voice"}, "commands/run.py": {"asked_at_most"}, "commands/spending.py": {"asked_at_most"},
}  # fmt: skip
PAGES = [path for path in (ROOT / "docs").glob("*.md") if path.name != "LOG.md"]
PROSE = DIALECT - {"said", "quiet", "asked", "told", "voice", "wish", "wished", "calm"}  # words of everyday English


def names(file: Path) -> Iterator[str]:
    """The names that a module gives: its own, its functions', classes', parameters', fields', locals' and JSON keys."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Dict():
                yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and is_key(key.value))
            case ast.Subscript(slice=ast.Constant(value=str() as key)) if is_key(key):
                yield key


def is_key(value: object) -> bool:
    """Whether a text is a name, and no sentence."""
    return isinstance(value, str) and re.fullmatch(r"[\w.]+", value) is not None


def words(name: str) -> set[str]:
    """The words of a name, as `budget_tracker` and `BudgetTracker` have two."""
    name = name.replace("quiet_star", "").replace("QuietStar", "")  # a paper's name
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def offences() -> dict[str, set[str]]:
    """The names of each module that use a word of the dialect, those that files of users hold excepted."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(SOURCE.rglob("*.py")):
        for name in names(file):
            if words(name) & DIALECT or "at_once" in name or name == "Measured":
                found[file.relative_to(SOURCE).as_posix()].add(name)
    return {module: left for module, named in found.items() if (left := named - KEPT_KEYS.get(module, set()))}


def test_no_module_uses_the_dialect_in_its_names() -> None:
    assert {module: sorted(found) for module, found in offences().items()} == {}


def test_no_page_of_the_studio_uses_the_dialect_in_its_names() -> None:
    for file in SOURCE.rglob("*.js"):
        names = set(re.findall(r"\b(?:const|let|var|function)\s+\[?([\w, ]+)", file.read_text("utf-8")))
        assert [name for name in names if words(name) & DIALECT] == [], file.name


def test_no_document_uses_the_dialect() -> None:
    for file in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES):
        prose = re.sub(r"`[^`]*`", "", file.read_text("utf-8"))
        assert {word.lower() for word in re.findall(r"\b[A-Za-z]+\b", prose)} & PROSE == set(), file.name
