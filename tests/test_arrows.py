"""Imports between the rooms go one way only."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "journey"

# Each bracket may import from those before it and from itself, but not in a cycle.
BRACKETS = [
    {"types", "errors", "interrupts"},
    {"answers", "datafiles", "problems", "steps", "puzzles", "prompts", "store"},
    {"models"},
    {"judges"},
    {"trees"},
    {"thoughts", "search"},
    {"training", "evals"},
    {"fanout", "workers", "report", "build", "collection", "recipe", "stations", "methods", "collect", "river"}
    | {"sweep", "scaling", "scaling_points"},
    {"cli", "cli_comparing", "commands", "progress", "studio", "__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(BRACKETS) for room in rooms}
BY_NEED = {"build.py", "__main__.py", "cli.py", "cli_comparing.py", "stations.py"}
HEAVY = {
    "torch": ("models/local", "judges/classifier", "training/", "build"),
    "transformers": ("models/local", "models/vllm", "judges/classifier", "training/", "build"),
    "trl": ("training/",),
    "peft": ("training/",),
    "ray": ("fanout_ray",),
    "streamlit": ("studio/",),
    "starlette": ("studio/",),
    "vllm": ("models/vllm",),
    "aiohttp": ("models/server",),
    "matplotlib": ("report/png",),
}
FILES = sorted(SOURCE.rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(("journey", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def imports(file: Path, *, top_only: bool = False) -> list[str]:
    tree = ast.parse(file.read_text("utf-8"))
    found: list[str] = []
    for node in tree.body if top_only else ast.walk(tree):
        match node:
            case ast.Import():
                found += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                found += [f"{module}.{alias.name}" for alias in node.names]
    return found


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "journey" and len(parts) > 1 and parts[1] != "__version__" else None


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_a_room_imports_only_from_rooms_before_it(file: Path) -> None:
    here = room(name_of(file))
    if here is None:
        return
    assert here in LEVEL, f"{here} has no place in the order of the rooms"
    later = {m for m in imports(file) if (r := room(m)) is not None and LEVEL[r] > LEVEL[here]}
    assert not later


def test_no_two_modules_import_each_other_in_a_cycle() -> None:
    modules = {name_of(file) for file in FILES}
    edges: dict[str, set[str]] = {}
    for file in FILES:
        targets = {m if m in modules else m.rpartition(".")[0] for m in imports(file, top_only=True)}
        edges[name_of(file)] = {t for t in targets if t in modules and t != name_of(file)}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for target in sorted(edges[module]):
                visit(target, (*above, module))
            done.add(module)

    for module in edges:
        visit(module, ())


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_our_own_modules_are_imported_at_the_top(file: Path) -> None:
    inside = [m for m in imports(file) if m.startswith("journey")]
    top = [m for m in imports(file, top_only=True) if m.startswith("journey")]
    assert file.name in BY_NEED or inside == top


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_heavy_libraries_are_imported_in_the_files_named_for_them(file: Path) -> None:
    where = str(file.relative_to(SOURCE))
    for module in imports(file):
        allowed = HEAVY.get(module.split(".")[0])
        assert allowed is None or where.startswith(allowed), f"{where} imports {module}"


def test_no_module_passes_the_hard_limit() -> None:
    long = {str(f.relative_to(SOURCE)): n for f in FILES if (n := len(f.read_text("utf-8").splitlines())) > 400}
    assert not long
