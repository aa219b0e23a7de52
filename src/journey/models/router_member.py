"""One server of a list: how loaded it is, and whether it has the same model as the others."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_gate import Gate
from journey.models.server_limit import Rates
from journey.models.server_retry import Failed, Tries
from journey.models.server_settings import ServerSettings
from journey.models.server_use import ServerUse

PROBE, TRIAL = 5.0, 30.0  # seconds for a server to show its list of models, and to answer a short prompt
SMOOTH = 0.05  # the weight of the latest answer in the seconds that a server takes
SIZES = ("n_params", "n_vocab", "size")  # what llama.cpp's list says of a model
SAME = Prompt("Count from one to ten in words.")
GREEDY = Sampling(temperature=0.0, max_tokens=12)


class Member(Server):
    """A server that hands a failed request back (it raises Failed) instead of trying again.

    `taken` counts the requests that were given to it and are not back, `lost` those in a row that others answered
    first. `seconds` is what it takes for an answer, null before the first. `ready`: it was there when it was last
    looked at, and has the right model.
    """

    def __init__(
        self,
        model: str,
        name: str,
        url: str,
        settings: ServerSettings,
        tracker: BudgetTracker,
        rates: Rates,
        run: Path | None = None,
    ) -> None:
        super().__init__(model, name, replace(settings, url=url, url_file=None), tracker, run)
        self.gate = Gate(self.limit, rates)
        self.url = url
        self.use = ServerUse(name, url)
        self.taken = self.lost = 0
        self.seconds: float | None = None
        self.ready = self.is_leaving = self.others_wait = False
        self.models: list[dict[str, Any]] = []
        self._greedy: list[Completion] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it may be asked, if only by one request."""
        return self.ready and not self.is_leaving

    def has_room(self, usual: float) -> bool:
        """Whether it may be given one more request; `usual`: the seconds that an answer takes elsewhere."""
        if not self.is_up or self.gate.paused:
            return False
        share = min(1.0, usual / self.seconds) if self.seconds else 1.0
        return self.taken < max(1, int(self.limit.value * share))

    def weight(self, n: int) -> int:
        """How many requests a call for n samples opens."""
        return n if self._dialect.one_by_one else 1

    def answered(self, completions: Sequence[Completion], began: float) -> None:
        """It has answered a call that began at this moment."""
        now = time.monotonic()
        self.lost = 0
        self.use.answered(sum(one.tokens for one in completions), now)
        before, took = self.seconds, now - began
        self.seconds = took if before is None else before + SMOOTH * (took - before)

    def drain(self, failed: Failed, who: int, now: float) -> None:
        """It is not asked any more until it shows its list of models, and then by one request."""
        self.health.bad(failed, who, now)
        self._set_aside(now)
        self.ready, self.lost = False, 0
        self.use.drained += self.use.state == "up"
        self.use.state = "away"

    async def look(self) -> None:
        """Asks for the list of models. Raises Failed where no server is there."""
        try:
            async with asyncio.timeout(PROBE):
                self.models = await self.listed()
        except TimeoutError:
            raise Failed("away", f"no list of models within {PROBE:g} s") from None

    async def difference(self, other: "Member") -> str | None:
        """How its model differs from the other server's, in half a sentence; null where nothing tells them apart."""
        mine, theirs = self._listed(), other._listed()
        if mine and theirs:
            alike = (self.model in mine and self.model in theirs) or mine.keys() == theirs.keys()
            if alike and not any(_sizes_differ(mine[name], theirs[name]) for name in mine.keys() & theirs.keys()):
                return None
            return f"{self.url} has {_named(mine)}, {other.url} has {_named(theirs)}"
        texts = [(one.text, one.reasoning) for server in (self, other) for one in await server.greedy()]
        return None if texts[0] == texts[1] else f"{self.url} and {other.url} answer {SAME.text!r} in different words"

    async def greedy(self) -> list[Completion]:
        """Its answer to a fixed prompt, drawn greedily, asked for once. Raises Failed, UsageError, ModelError."""
        self._greedy = self._greedy or await self.complete(SAME, GREEDY)
        return self._greedy

    async def answer_again(self) -> None:
        """Answers the fixed prompt, after it was away. Raises Failed, UsageError, BudgetReached, ModelError."""
        try:
            async with asyncio.timeout(TRIAL):
                await self.complete(SAME, GREEDY)
        except TimeoutError:
            raise Failed("away", f"no answer within {TRIAL:g} s") from None

    def _listed(self) -> dict[str, dict[str, Any]]:
        return {str(row.get("id")): row for row in self.models}

    async def _models(self) -> list[dict[str, Any]]:
        return self.models or await super()._models()

    def _more_wait(self) -> bool:
        return self.others_wait or super()._more_wait()

    async def _wait_after(self, failed: Failed, tries: Tries) -> None:
        now = time.monotonic()
        self._counted(failed, tries, now)
        self.use.failures += 1
        if self.health.away:
            self.drain(failed, tries.who, now)
        raise failed


def _sizes_differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two rows of lists name the sizes of different models."""
    left, right = _sizes(one), _sizes(other)
    return any(left[name] != right[name] for name in left.keys() & right.keys())


def _sizes(row: dict[str, Any]) -> dict[str, Any]:
    found = row.get("meta")
    return {name: found[name] for name in SIZES if name in found} if isinstance(found, dict) else {}


def _named(models: dict[str, dict[str, Any]]) -> str:
    names = sorted(name[:100] for name in models)
    sizes = {str(size) for row in models.values() if (size := _sizes(row).get("n_params")) is not None}
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more + (f" ({sizes.pop()} parameters)" if len(sizes) == 1 else "")
