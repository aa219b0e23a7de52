"""Imports between the rooms go one way only."""

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "journey"

# Each room may import from its own bracket, if that is no cycle, and from the brackets before it.
BRACKETS = [
    {"types", "errors", "interrupts"},
    {"prompts", "answers", "store", "metrics"},
    {"models"},
    {"tasks"},
    {"judges"},
    {"trees"},
    {"thoughts", "data", "search", "rewards"},
    {"training"},
    {"evals"},
    {"pipeline"},
    {"report"},
    {"studio", "commands"},
    {"cli"},
    {"__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(BRACKETS) for room in rooms}
TABLES = {
    "__main__.py",
    "judges/classifier_settings.py",
    "models/weights.py",
    "commands/export.py",
    "commands/view.py",
    "pipeline/registry.py",
    "pipeline/stages.py",
}
"""Files that import our own modules inside functions: what a table names is loaded on use."""
HEAVY = {
    "torch": ("models/local", "models/weights", "judges/classifier", "training/"),
    "transformers": ("models/local", "models/weights", "models/vllm", "judges/classifier", "training/"),
    "trl": ("training/",),
    "peft": ("training/",),
    "scipy": ("metrics/",),
    "ray": ("pipeline/ray",),
    "streamlit": ("studio/",),
    "starlette": ("studio/",),
    "vllm": ("models/vllm",),
    "aiohttp": ("models/server",),
    "jinja2": ("report/", "studio/templates", "models/local_text"),  # whose errors chat templates raise
    "gguf": ("models/local_gguf",),
}
FILES = sorted(SOURCE.rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(("journey", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


@cache
def imports(file: Path, top_only: bool = False) -> tuple[str, ...]:
    tree = ast.parse(file.read_text("utf-8"))
    found: list[str] = []
    for node in tree.body if top_only else ast.walk(tree):
        match node:
            case ast.Import():
                found += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                found += [f"{module}.{alias.name}" for alias in node.names]
    return tuple(found)


def room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "journey" and len(parts) > 1 and parts[1] != "__version__" else None


def test_a_room_imports_only_from_rooms_before_it() -> None:
    against = [
        f"{name_of(file)} imports {module}"
        for file in FILES
        if (here := room(name_of(file))) is not None
        for module in imports(file)
        if (there := room(module)) is not None and LEVEL[there] > LEVEL[here]
    ]
    assert not against, "\n".join(against)


def test_modules_import_each_other_at_the_top_and_in_no_cycle() -> None:
    modules = {name_of(file) for file in FILES}
    inside = [
        f"{name_of(file)} imports {module} in a function"
        for file in FILES
        if str(file.relative_to(SOURCE)) not in TABLES
        for module in set(imports(file)) - set(imports(file, True))
        if module.startswith("journey")
    ]
    assert not inside, "\n".join(inside)
    edges: dict[str, set[str]] = {}
    for file in FILES:
        targets = {m if m in modules else m.rpartition(".")[0] for m in imports(file, True)}
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


def test_without_the_studio_only_its_own_commands_do_not_work() -> None:
    users = [str(file.relative_to(SOURCE)) for file in FILES if any(room(m) == "studio" for m in imports(file))]
    assert {user for user in users if not user.startswith("studio/")} == {"commands/export.py", "commands/view.py"}
    assert not [file for file in FILES if file.parts[-2] != "studio" and "studio" in map(room, imports(file, True))]


def test_every_file_keeps_to_its_place_and_size() -> None:
    wrong: list[str] = []
    for file in FILES:
        where = str(file.relative_to(SOURCE))
        for module in imports(file):
            allowed = HEAVY.get(module.split(".")[0])
            if allowed is not None and not where.startswith(allowed):
                wrong.append(f"{where} imports {module}")
        if (lines := len(file.read_text("utf-8").splitlines())) > 400:
            wrong.append(f"{where} has {lines} lines")
        if len(file.relative_to(SOURCE).parts) > (4 if where.startswith("tasks/") else 2):
            wrong.append(f"{where} lies too deep")
    loose = [file.name for file in SOURCE.glob("*.py") if file.name != "__init__.py"]
    assert not wrong, "\n".join(wrong)
    assert len(loose) <= 6, loose
