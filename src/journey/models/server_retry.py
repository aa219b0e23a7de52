"""What is done about a request that failed: how it failed, whether it is tried again, and when."""

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Kind = Literal["busy", "away", "broken"]

FIRST = 0.5
IN_A_ROW = 8
REQUESTS = 3


class Failed(Exception):
    """A request that failed and may be tried again; the message says how, in a few words.

    "busy": the server, or a gateway before it, said that it has too much to do. "away": no server was there. "broken":
    it failed or gave no answer; only these count against a request's tries. `wait`: the seconds the server asked for.
    `server` is set where the failure may be the server's rather than this request's. `strange`: what came does not
    look like an OpenAI-compatible server at all. `empty`: an answer that holds nothing of use, as the same prompt may
    get again. `slow`: it took longer than it may, as busy servers do.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        wait: float | None = None,
        *,
        server: bool = False,
        strange: bool = False,
        empty: bool = False,
        slow: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.wait = wait
        self.server = server or kind == "away"
        self.strange = strange
        self.empty = empty
        self.slow = slow


@dataclass(slots=True)
class Tries:
    """How one request has fared: failed tries that count, all of them, and since when."""

    who: int
    broken: int = 0
    failures: int = 0
    strange: int = 0
    empty: int = 0
    complaints: int = 0
    since: float = math.inf

    def failed(self, failed: Failed, now: float, counts: bool) -> None:
        """One more try failed; `counts`: by a fault that may be the request's own."""
        self.failures += 1
        self.broken += counts
        self.strange += failed.strange
        self.empty += failed.empty
        self.since = min(self.since, now)


@dataclass(slots=True)
class Health:
    """Whether the server is there. `met`: it has answered like a server of this kind at least once.

    `since` is when the first failure after its last sign of life came, null where there was none. It counts as away
    from the first refused connection on, or when many failures of several requests come in a row.
    """

    met: bool = False
    since: float | None = None
    away: bool = False
    failures: int = 0
    probes: int = 0
    _who: set[int] = field(default_factory=set[int])

    def good(self) -> bool:
        """The server answered; whether it had been away."""
        was_away = self.away
        self.met, self.since, self.away, self.failures, self.probes = True, None, False, 0, 0
        self._who.clear()
        return was_away

    def bad(self, failed: Failed, who: int, now: float) -> None:
        """A request of `who` failed."""
        if not failed.server:
            return
        self.since = now if self.since is None else self.since
        self.failures += 1
        if len(self._who) < REQUESTS:
            self._who.add(who)
        enough = self.failures >= IN_A_ROW and len(self._who) >= REQUESTS
        self.away = self.away or failed.kind == "away" or enough


def backoff(tries: int, rng: random.Random, longest: float) -> float:
    """Seconds before the next try after `tries` failed ones: doubling from half a second, half of it at random."""
    return min(longest, FIRST * 2 ** min(max(tries - 1, 0), 20)) * (0.5 + 0.5 * rng.random())


def requested_wait(retry_after: str | None, milliseconds: str | None, date: str | None) -> float | None:
    """The seconds a server asks to wait, of its headers Retry-After (seconds or a date), retry-after-ms and Date.

    A date is compared with the server's own clock where it tells it, so that a wrong clock here never asks too early.
    """
    if milliseconds is not None and (number := _number(milliseconds)) is not None:
        return number / 1000
    if retry_after is None:
        return None
    number = _number(retry_after)
    until = _moment(retry_after) if number is None else None
    if until is None:
        return number
    now = (_moment(date) if date is not None else None) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
