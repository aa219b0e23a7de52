"""The command `journey`. Every command is a file in `commands/`, loaded only when it is given; here is their list."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("run", "Run a whole recipe."),
    "recipe": ("recipe", "Print a recipe that comes along, or list them."),
    "import": ("import_", "Bring problems, trees or records into a run."),
    "grow": ("grow", "Grow a tree for every training problem."),
    "judge": ("judge", "Judge a run's trees again, into a new run."),
    "derive": ("derive", "Make thoughts from trees, problems or notes."),
    "train": ("train", "Train a model on what a run holds."),
    "pretrain": ("pretrain", "Make the tiny base model from scratch."),
    "eval": ("eval", "Let a model answer the run's problems."),
    "eval judges": ("eval_judges", "Judge the judges on labelled steps."),
    "quality": ("quality", "Say how thoughts read and how good they are."),
    "decontaminate": ("decontaminate", "Say whether a run trains on what it is tested on."),
    "report": ("report", "Write the run's report."),
    "compare": ("compare", "Compare the models of two runs."),
    "export": ("export", "Write records or training rows to a file."),
    "view": ("view", "Open the studio in the browser."),
    "status": ("status", "Say what a run holds and what failed."),
    "doctor": ("doctor", "Say what this machine has."),
}
"""The commands by name: the file in `commands/`, whose function has the file's name, and one line of help."""


class Commands(TyperGroup):
    """The commands of the list, some of two words: `eval judges` is looked up before `eval`."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, null where there is none."""
        if cmd_name not in COMMANDS:
            return None
        file, _ = COMMANDS[cmd_name]
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(getattr(import_module(f"journey.commands.{file}"), file))
        return typer.main.get_command(single)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first one or two words name."""
        if " ".join(args[:2]) in COMMANDS:
            args = [" ".join(args[:2]), *args[2:]]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the list, from the lines here: no command is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


NAMES: Any = dict.fromkeys(COMMANDS)  # what they mean is loaded in `get_command`
app = Commands(
    name="journey",
    commands=NAMES,
    help="The open toolkit for journey learning: reasoning trees, long thoughts, training, an honest comparison.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
