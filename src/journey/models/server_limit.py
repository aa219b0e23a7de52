"""How many requests a server is given at once, and how many a minute: found out, within what the user allows."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]

START = 64
SHRINK = 0.7
HELPS = 1.05  # a round with more requests must get this much more done
FLAT = 2  # rounds without that, until growth stops
HOLD = 20  # rounds until growth is tried again
MINUTE = 60.0


class Limit:
    """How many requests may be open: it grows while that helps and shrinks when the server says it is too much.

    At first every answer makes room for one more request (so the limit doubles in each round of requests) for as long
    as requests are waiting and a round gets more tokens done per second than the best before it. A server that is too
    busy takes away three tenths, once for all requests that were open at that time (so do requests that time out, where
    they are more than the odd one); after that the limit grows by a tenth a round. It is never below 1 or above `most`.
    """

    def __init__(self, most: int, clock: Clock = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._value = float(min(START, most))
        self._step = 1.0
        self._shrunk = -1.0
        self._best = 0.0
        self._flat = self._hold = self._flat_after = 0
        self._begin_round()

    @property
    def value(self) -> int:
        """The requests that may be open now."""
        return int(self._value)

    def answered(self, tokens: int, waiting: bool) -> None:
        """An answer of so many tokens came; `waiting`: more requests would be open if they might."""
        self._answers += 1
        self._tokens += tokens
        self._wanted = self._wanted or waiting
        if waiting and not self._hold:
            self._value = min(self._most, self._value + self._step)
        if self._answers >= self._round:
            self._end_round()

    def busy(self, began: float) -> None:
        """A request that was sent at `began` was refused because the server has too much to do."""
        if began <= self._shrunk:
            return
        self._value = max(1.0, self._value * SHRINK)
        self._step = max(0.1, 1 / self._value)
        self._shrunk = self._clock()
        self._hold, self._flat_after, self._best = 1, 0, 0.0
        self._begin_round()

    def slow(self, began: float) -> None:
        """A request that was sent at `began` got no answer in its time; many of those mean that it is too much."""
        self._slow += 1
        if self._slow > 1 + self._answers / 4:
            self.busy(began)

    def start_again(self) -> None:
        """The server was away; what was known of it may no longer hold."""
        self._value, self._step = float(min(8, self._most)), 1.0
        self._best, self._flat, self._hold = 0.0, 0, 0
        self._begin_round()

    def _begin_round(self) -> None:
        self._round_began = self._clock()
        self._round = max(int(self._value), 16)
        self._answers = self._tokens = self._slow = 0
        self._wanted = False

    def _end_round(self) -> None:
        rate = (self._tokens + self._answers) / max(self._clock() - self._round_began, 1e-6)
        if self._hold:
            self._hold -= 1
            self._flat, self._best = self._flat_after, max(rate, self._best)
        elif self._wanted:
            self._flat = 0 if rate > HELPS * self._best else self._flat + 1
            self._best = max(rate, self._best)
            if self._flat >= FLAT:
                self._hold, self._flat_after, self._best = HOLD, FLAT - 1, 0.0
                self._step = max(0.1, 1 / self._value)
        self._begin_round()


@dataclass(eq=False, slots=True)
class Sent:
    """A request: when it was sent, its tokens, and whether it still counts for the last minute."""

    at: float
    tokens: int
    counts: bool = True


class Rates:
    """Requests and tokens of the last minute, against what a user allows in any minute.

    A request counts with its estimate until it is known what it used. One that alone passes the limit goes when
    nothing else counts any more.
    """

    def __init__(self, requests: int | None, tokens: int | None, clock: Clock = time.monotonic) -> None:
        self._most_requests = requests
        self._most_tokens = tokens
        self._clock = clock
        self._sent: deque[Sent] = deque()
        self._tokens = 0

    def wait(self, tokens: int) -> float:
        """Seconds until a request of so many tokens may be sent; 0: now."""
        if self._most_requests is None and self._most_tokens is None:
            return 0.0
        now = self._clock()
        while self._sent and self._sent[0].at <= now - MINUTE:
            old = self._sent.popleft()
            old.counts = False
            self._tokens -= old.tokens
        too_many = self._most_requests is not None and len(self._sent) >= self._most_requests
        too_much = self._most_tokens is not None and self._sent and self._tokens + tokens > self._most_tokens
        # What still counts is waited for, also where rounding leaves no time until it does not.
        return max(self._sent[0].at + MINUTE - now, 1e-6) if too_many or too_much else 0.0

    def send(self, tokens: int) -> Sent | None:
        """A request is sent now."""
        if self._most_requests is None and self._most_tokens is None:
            return None
        sent = Sent(self._clock(), tokens)
        self._sent.append(sent)
        self._tokens += tokens
        return sent

    def correct(self, sent: Sent | None, tokens: int) -> None:
        """The request used so many tokens."""
        if sent is not None:
            if sent.counts:
                self._tokens += tokens - sent.tokens
            sent.tokens = tokens
