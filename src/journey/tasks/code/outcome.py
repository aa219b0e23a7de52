"""What the tests found of a program, read from what their process reported."""

import json
import re
import signal
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from journey.tasks.code.splitting import shortened

SHOWN = 160  # characters of why there is no sandbox
LONGEST_REASON = 400
NOT_PLAIN = 98
NO_SANDBOX = "no safe place to run code here: "
ASSERTION = "AssertionError"

_MARKS = re.compile(r"`+|<(?=[|/]|\w+>)|\[(?=/?INST\])", re.IGNORECASE)
"""What opens or closes something for those who read a model's text: fences, thinking, turns of a chat."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running a program's tests.

    `correct` null: it could not be run, `error` tells why; true only where every case held and the tests came to their
    end. `error` is else the kind of the first failure ("wrong answer", "TypeError", "time limit"), `reason` the failing
    assertion and what the program gave, as one harmless line. `passed` of `cases` assertions held; one that was never
    reached counts only where the tests stopped early, and has then not passed.
    """

    correct: bool | None
    error: str | None = None
    reason: str | None = None
    passed: int = 0
    cases: int = 0

    @property
    def share(self) -> float | None:
        """The share of the assertions that held; null where nothing was run."""
        if self.correct is None:
            return None
        return self.passed / self.cases if self.cases else float(self.correct)


def harmless(text: str, longest: int = LONGEST_REASON) -> str:
    """Text that a program may have made, as one line that opens and closes nothing where it is shown or read."""
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return shortened(_MARKS.sub(lambda found: "'" if found[0][0] == "`" else f"{found[0]} ", plain), longest)


def outcome(code: int | None, out: str, err: bytes, mark: str, cases: tuple[str, ...], seconds: int) -> Outcome:
    """The outcome of a run that ended with the exit code `code`, null: the time was over.

    `out` is what the tests' process reported, a line an event behind `mark`, and `err` what it wrote besides.
    """
    events = list(_events(out, mark))
    last = err.strip().rpartition(b"\n")[2].decode("utf-8", "replace")[:SHOWN]
    if code == NOT_PLAIN or {"begun": True} not in events:
        why = last or ("it did not begin in time" if code is None else f"exit code {code}")
        return Outcome(None, f"could not check: {'' if code == NOT_PLAIN else NO_SANDBOX}{why}")
    held: dict[int, bool] = {}
    failures: list[tuple[str, str]] = []
    ended, at = False, None
    for event in events:
        match event:
            case {"at": int(number)}:
                at = number
            case {"case": int(number), "error": error, "call": call}:
                held[number] = error is None
                if error is not None:
                    failures.append((error, f"{cases[number]} fails{f': {call}' if call else ''}"))
            case {"error": str(error), "call": call}:
                failures.append((error, str(call)))
            case {"ended": True}:
                ended = True
            case _:
                pass
    if not ended and (not failures or code != 1):
        where = "" if at is None else f"{cases[at]} fails: "
        kind = _stopped(code)
        failures.append((kind, f"{where}the program {_how(kind, seconds)}"))
    passed, number = sum(held.values()), len(held) if ended else len(cases)
    if not failures:
        return Outcome(True, None, None, passed, number)
    kind, reason = failures[0]
    kind = {ASSERTION: "wrong answer", "MemoryError": "memory limit"}.get(kind, kind)
    return Outcome(False, harmless(kind), harmless(reason), passed, number)


def _events(out: str, mark: str) -> Iterator[dict[str, Any]]:
    for line in out.split("\n"):
        if line.startswith(mark):
            try:
                yield json.loads(line.removeprefix(mark))
            except ValueError:
                continue  # the last line, where the process was ended within it


def _stopped(code: int | None) -> str:
    """Why the tests did not come to their end."""
    if code in (None, 128 + signal.SIGXCPU, 128 + signal.SIGKILL):
        return "time limit"
    return "ended before the tests did" if code == 0 else f"exit code {code}"


def _how(kind: str, seconds: int) -> str:
    match kind:
        case "time limit":
            return f"does not end within {seconds} s"
        case "ended before the tests did":
            return "ends the process instead of returning"
        case _:
            return f"ends the process with {kind}"
