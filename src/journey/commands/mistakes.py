"""What is said of an error, and with which exit code the command ends."""

import errno
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.exceptions import TyperException

from journey.commands.output import say, sheet
from journey.commands.spending import row_lines
from journey.errors import BudgetReached, UsageError
from journey.models.base import ModelError
from journey.store.faults import NO_ROOM, StoreError

FAILED, USAGE, BUDGET, INTERRUPTED = 1, 2, 3, 130
SAYABLE = (UsageError, BudgetReached, StoreError, ModelError, TyperException, typer.Abort, OSError)
OF_THE_USER = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)


def sentence(error: BaseException) -> tuple[str, int]:
    """The sentence (in one line, but for the help that a bare `journey` prints) and the exit code."""
    match error:
        case TyperException():
            return _usage(error), USAGE
        case UsageError():
            return _line(error), USAGE
        case BudgetReached():
            return _line(error), BUDGET
        case typer.Abort():
            return "journey: stopped", INTERRUPTED
        case OSError(errno=number) if number in NO_ROOM:
            where = f" ({error.filename})" if error.filename else ""
            return f"journey: the disk is full{where}; make room and give the same command again", FAILED
        case OSError():
            what = f"{error.strerror or error}: {error.filename}" if error.filename else str(error.strerror or error)
            return f"journey: {what}; check the path", USAGE if error.errno in OF_THE_USER else FAILED
    return _line(error), FAILED


def say_spent(error: BaseException, *, json: bool) -> None:
    """Of a reached budget: what was spent, on standard output. Of any other error nothing."""
    if isinstance(error, BudgetReached) and (json or error.spent):
        data = {"budget_reached": str(error), "spent": error.spent}
        say(json, data, sheet("what was spent", row_lines(error.spent)))


def _line(error: BaseException) -> str:
    return f"journey: {' '.join(str(error).split())}"


def _usage(error: TyperException) -> str:
    """What the command line lacks or has too much of, with the nearest right name."""
    context: Any = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())
    if context is None:
        return f"journey: {message[:1].lower()}{message[1:].rstrip('.')}; see journey --help"
    command = context.command_path
    if message.startswith("Usage:"):  # a bare `journey` asks for help
        return error.format_message()
    if message.startswith("No such command"):
        return _unknown("command", message.split("'")[1], list(context.command.commands))
    option = getattr(error, "option_name", None)
    if option is not None and message.startswith("No such option"):
        known = [name for p in context.command.params for name in (*p.opts, *p.secondary_opts) if name[:2] == "--"]
        return _unknown("option", option, known, command)
    message = message.replace("Value error, ", "").rstrip(".")
    return f"{command}: {message[:1].lower()}{message[1:]}; see {command} --help"


def _unknown(what: str, name: str, known: Sequence[str], command: str = "journey") -> str:
    near = get_close_matches(name, known, 1, cutoff=0.5)
    mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{command}: there is no {what} {name}; {mend}"
