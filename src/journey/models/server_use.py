"""How each server of a list fares: what it answered, how fast, how often it failed."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

RECENT = 64  # answers that the rate of now is taken over
GONE = 30.0  # seconds without an answer after which a server has no rate
ONE_BY_ONE = 8  # servers; of more only those with something to tell are named


@dataclass(slots=True)
class ServerUse:
    """One server of a model's list: answers, the tokens in them, failed requests, requests repeated elsewhere because
    they took too long here, how often it was drained, and the seconds since it was first asked. `state`: "up", "away"
    (drained), "left" (taken off the list), or why it is not used.
    """

    model: str
    url: str
    answers: int = 0
    tokens: int = 0
    failures: int = 0
    late: int = 0
    drained: int = 0
    state: str = "not there yet"
    began: float | None = None
    _ended: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def answered(self, tokens: int, now: float) -> None:
        """One more answer."""
        self.answers += 1
        self.tokens += tokens
        self._ended.append(now)

    def rate(self, now: float) -> float:
        """Answers a second of late."""
        if len(self._ended) < 2 or now - self._ended[-1] > GONE:
            return 0.0
        return (len(self._ended) - 1) / max(now - self._ended[0], 1e-6)

    @property
    def last(self) -> float:
        """When the last answer came; of a server without one the moment it was first asked, or long ago."""
        return self._ended[-1] if self._ended else self.began or 0.0

    def seconds(self, now: float) -> float:
        """The seconds since it was first asked."""
        return 0.0 if self.began is None else now - self.began


def shown(servers: Sequence[ServerUse]) -> list[str]:
    """The servers for a progress line: each with its rate and errors, of many only those with something to tell."""
    now = time.monotonic()
    if not servers:
        return []
    up = [one for one in servers if one.state == "up"]
    named = servers if len(servers) <= ONE_BY_ONE else [one for one in servers if one.failures or one.state != "up"]
    rates = [one.rate(now) for one in up]
    spread = f", {min(rates):.1f} to {max(rates):.1f}/s each" if len(named) < len(servers) and rates else ""
    whole = f"{len(up)} of {len(servers)} servers, {sum(rates):.1f}/s{spread}"
    return [": ".join(filter(None, (whole, ", ".join(_one(one, now) for one in named[:ONE_BY_ONE]))))]


def _one(server: ServerUse, now: float) -> str:
    errors = f" {server.failures} errors" if server.failures else ""
    how = f"{server.rate(now):.1f}/s" if server.state == "up" else server.state
    return f"{urlsplit(server.url).netloc} {how}{errors}"
