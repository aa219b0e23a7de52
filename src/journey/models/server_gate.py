"""The gate that every request to a server passes: who may go now, who waits, and until when nobody goes."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from journey.models.server_limit import Clock, Limit, Rates, Sent


@dataclass(eq=False, slots=True)
class Pass:
    """One request's leave to go. `began` is when it got it."""

    began: float
    sent: Sent | None


class Gate:
    """Lets requests go in the order they came, as many at a time as the limit says and the rates allow.

    `pause` keeps everybody until a moment; while `alone` is set only one request is out, to see whether the server is
    there again. Whoever is cancelled while waiting leaves the queue; nobody else is kept by that.
    """

    def __init__(self, limit: Limit, rates: Rates, clock: Clock = time.monotonic) -> None:
        self.limit = limit
        self.alone = False
        self.in_flight = 0
        self.paused_until = 0.0
        self._rates = rates
        self._clock = clock
        self._queue: deque[tuple[int, asyncio.Future[Pass]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._queue)

    @property
    def paused(self) -> bool:
        """Whether nobody may go now."""
        return self._clock() < self.paused_until

    async def enter(self, tokens: int) -> Pass:
        """Waits until a request of so many tokens may go."""
        if not self._queue and not self._wait(tokens):
            return self._let_in(tokens)
        future: asyncio.Future[Pass] = asyncio.get_running_loop().create_future()
        self._queue.append((tokens, future))
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(future.result(), 0)
            else:
                self._wake()  # a cancelled future at the head of the queue is passed over
            raise

    def leave(self, ticket: Pass, tokens: int) -> None:
        """The request has ended, or was never sent, and used so many tokens."""
        self.in_flight -= 1
        self._rates.correct(ticket.sent, tokens)
        self._wake()

    def pause(self, until: float) -> None:
        """Nobody goes before that moment of the clock."""
        self.paused_until = max(self.paused_until, until)

    def open(self) -> None:
        """Whoever waits may go again."""
        self.paused_until = 0.0
        self._wake()

    def close(self) -> None:
        """Forgets the timer, so that the event loop may end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, tokens: int) -> float:
        if self.in_flight >= (1 if self.alone else self.limit.value):
            return float("inf")
        return max(0.0, self.paused_until - self._clock(), self._rates.wait(tokens))

    def _let_in(self, tokens: int) -> Pass:
        self.in_flight += 1
        return Pass(self._clock(), self._rates.send(tokens))

    def _wake(self) -> None:
        self.close()
        while self._queue:
            tokens, future = self._queue[0]
            if future.done():
                self._queue.popleft()
                continue
            wait = self._wait(tokens)
            if wait:
                if wait != float("inf"):
                    self._timer = future.get_loop().call_later(wait, self._wake)
                return
            self._queue.popleft()
            future.set_result(self._let_in(tokens))
