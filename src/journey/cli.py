"""The command `journey`. Every command is a file in `commands/`, loaded only when it is given; here is their list."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = (
    "run", "recipe", "import", "fetch", "grow", "judge", "derive", "train", "pretrain", "eval", "eval judges",
    "eval starts", "grade", "quality", "decontaminate", "report", "compare", "merge", "export", "release", "view",
    "status", "doctor",
)  # fmt: skip
"""The commands in the order of the help: `eval judges` is the function `eval_judges` of commands/eval_judges.py."""


class Commands(TyperGroup):
    """The commands of the list, some of two words: `eval judges` is looked up before `eval`."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, null where there is none."""
        if cmd_name not in COMMANDS:
            return None
        name = function_name(cmd_name)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(import_module(f"journey.commands.{name}"), name))
        return typer.main.get_command(single)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first one or two words name."""
        if " ".join(args[:2]) in COMMANDS:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list; no command is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line(name)) for name in COMMANDS])


def function_name(command: str) -> str:
    """What a command's file and function are called."""
    return "import_" if command == "import" else command.replace(" ", "_")


def help_line(command: str) -> str:
    """The first line of the docstring of a command's function, read from its file."""
    name = function_name(command)
    text = (Path(__file__).parent / "commands" / f"{name}.py").read_text("utf-8")
    (function,) = (one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == name)
    return (ast.get_docstring(function) or "").partition("\n")[0]


NAMES: Any = dict.fromkeys(COMMANDS)  # what they mean is loaded in `get_command`
app = Commands(
    name="journey",
    commands=NAMES,
    help="The open toolkit for journey learning: reasoning trees, long thoughts, training, an honest comparison.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
