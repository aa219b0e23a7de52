"""Names in the field's plain words: a private dialect is refused in modules, functions, classes, parameters, fields."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "journey"
# Rooms that still use the dialect; the list only gets shorter.
STILL: set[str] = set()
DIALECT = {
    "purse", "said", "voice", "unknowing", "lend", "lent", "calm", "quiet", "wish", "wished", "told", "asked",
    "telling", "deed", "deeds", "river", "station", "stations", "forest", "at_once", "spoken",
}  # fmt: skip


def names(file: Path) -> Iterator[str]:
    """The names that a module gives: its own, its functions', classes', parameters' and fields'."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]) if (
                node.col_offset == 0 or isinstance(node, ast.AnnAssign)
            ):
                yield name


def words(name: str) -> set[str]:
    """The words of a name, as `budget_tracker` and `BudgetTracker` have two."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def offences() -> dict[str, set[str]]:
    """The names of each module that use a word of the dialect."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(SOURCE.rglob("*.py")):
        for name in names(file):
            if words(name) & DIALECT or "at_once" in name or name == "Measured":
                found[file.relative_to(SOURCE).as_posix()].add(name)
    return found


def test_no_module_uses_the_dialect_in_its_names() -> None:
    assert {module: sorted(found) for module, found in offences().items()} == {}
