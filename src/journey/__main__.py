"""Runs the command `journey`: exit codes, and every error as one sentence.

Exit codes: 0 done, 1 some units failed or the machine did, 2 usage or bad input, 3 budget reached, 130 interrupted.
"""

import io
import signal
import sys
from typing import NoReturn

from journey.cli import app

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> NoReturn:
    """The command: every mistake of a user is one sentence on standard error, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show must not end the command
            stream.reconfigure(errors="backslashreplace")
    if arguments is None and sys.platform != "win32":
        signal.signal(signal.SIGTERM, interrupt)
    try:
        code = app(arguments, prog_name="journey", standalone_mode=False) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
        # What it hit while it was being made (an event loop, say) may complain when it is thrown away half made.
        sys.unraisablehook = lambda unraisable: None
    except _sayable() as error:
        from journey.commands.mistakes import say_spent, sentence

        text, code = sentence(error)
        print(text, file=sys.stderr)
        say_spent(error, json="--json" in (sys.argv[1:] if arguments is None else arguments))
    if code == INTERRUPTED:
        print("journey: interrupted; the same command goes on where it stopped", file=sys.stderr)
        # An interrupt that passed through an exec() (dataclasses have one) leaves a mark by which Python would end
        # with the signal instead of the exit code, though it was caught; the next exec() takes the mark away.
        exec("")
    if arguments is None:  # all is said: a late Ctrl-C must not end the interpreter's last moments otherwise
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(code)


def interrupt(*_: object) -> None:
    """Ends the command as Ctrl-C does: what SIGTERM means, by which Slurm, containers and systemd end their work."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:  # started in the background of a script, where Ctrl-C is ignored
        raise KeyboardInterrupt


def _sayable() -> tuple[type[BaseException], ...]:
    """Errors that are said in one sentence; asked for only when there is one, so that nothing is loaded before."""
    from journey.commands.mistakes import SAYABLE

    return SAYABLE


if __name__ == "__main__":
    main()
