"""The servers of a list that hold one model: who is there, who is let in, and who is left out."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median_low

from journey.errors import BudgetReached, UsageError
from journey.models.base import ModelError
from journey.models.budget import BudgetTracker
from journey.models.router_member import Member
from journey.models.server import NOBODY
from journey.models.server_limit import Rates
from journey.models.server_retry import Failed
from journey.models.server_settings import ServerSettings

TICK = 0.25  # seconds between two looks at everything that is out
SLOWER = 2.0  # times the usual seconds of an answer, from which on a server gets fewer calls in proportion


class Members:
    """The servers of one model; `all` of them, those that were left out too.

    A `url_file` is read again when it has changed. All servers must have the same model (`Member.difference`), which
    is made sure of before the first call; one that comes later with another is left out, with a remark. `on_ready` is
    called when one is let in.
    """

    def __init__(
        self, model: str, name: str, settings: ServerSettings, tracker: BudgetTracker, on_ready: Callable[[], None],
        run: Path | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self.name = name
        self.settings = settings
        self.rates = Rates(settings.requests_per_minute, settings.tokens_per_minute)
        self.all: list[Member] = []
        self._tracker = tracker
        self._on_ready = on_ready
        self._run = run
        self._changed: float | None = None
        self._looking: dict[Member, asyncio.Task[None]] = {}
        self._set(settings.urls())

    @property
    def up(self) -> list[Member]:
        """Those that are asked."""
        return [member for member in self.all if member.is_up]

    @property
    def usual(self) -> float:
        """From how many seconds an answer on a server counts as slow."""
        known = [member.seconds for member in self.up if member.seconds]
        return SLOWER * median_low(known) if known else float("inf")

    async def close(self) -> None:
        """Closes the connections."""
        for task in self._looking.values():
            task.cancel()
        for member in self.all:
            await member.close()

    def look_again(self) -> None:
        """Reads the list again, and looks for servers that are back."""
        self._read_again()
        for member in self.all:
            busy = member in self._looking and not self._looking[member].done()
            if not (busy or member.ready or member.is_leaving or member.gate.paused):
                self._looking[member] = asyncio.create_task(self._look_again(member))

    async def start(self) -> None:
        """Waits for the first server that answers, and looks whether all that do have the same model."""
        patience = self.settings.first_patience
        until = time.monotonic() + (NOBODY if patience is None else patience)
        while True:
            found = await asyncio.gather(*(self._reached(member) for member in self.all))
            here = [member for member, failed in zip(self.all, found, strict=True) if failed is None]
            here = [member for member in here if not member.is_leaving]
            if here:
                break
            if time.monotonic() >= until:
                what = "; ".join(f"{m.url}: {failed}" for m, failed in list(zip(self.all, found, strict=True))[:4])
                more = f" and {len(found) - 4} more" if len(found) > 4 else ""
                servers = f"none of the {len(found)} servers of {self.name} answers ({what}{more})"
                raise UsageError(f"{servers}; start one, or check their url (first_patience is how long those that"
                                 " are still starting are waited for)")  # fmt: skip
            await asyncio.sleep(TICK)
            self._read_again()
        for member in here:
            if (differs := await self._let_in(member)) is not None:
                raise UsageError(f"the servers of {self.name} hold different models: {differs}; give each model its own"
                                 " name under servers")  # fmt: skip

    async def _reached(self, member: Member) -> Failed | None:
        try:
            await member.look()
        except Failed as failed:
            return failed
        return None

    async def _let_in(self, member: Member) -> str | None:
        """A server that shows its list is asked from now on, unless its model is another than that of those that are
        asked already; how it differs then.
        """
        other = next((one for one in self.all if one.is_up), None)
        try:
            differs = None if other is None else await member.difference(other)
            if differs is None and member.gate.alone:  # it was away: it has to answer before anybody's call goes there
                await member.answer_again()
        except (Failed, ModelError, BudgetReached) as error:  # it shows a list and answers nothing, as when it loads
            member.drain(error if isinstance(error, Failed) else Failed("away", str(error)), 0, time.monotonic())
            return None
        if differs is None:
            member.ready, member.use.state = True, "up"
            self._on_ready()
        return differs

    async def _look_again(self, member: Member) -> None:
        """Lets a server in that is new or was away, where it is there."""
        if (failed := await self._reached(member)) is not None:
            member.drain(failed, 0, time.monotonic())
            return
        try:
            differs = await self._let_in(member)
        except UsageError as error:
            differs = str(error)
        if differs is not None:
            member.is_leaving, member.use.state = True, "left out"
            self._tracker.remark(f"{self.name} leaves a server out: {differs}")

    def _read_again(self) -> None:
        """Takes the servers that the file names now; one that cannot be read leaves everything as it is."""
        if self.settings.url_file is None:
            return
        try:
            changed = Path(self.settings.url_file).expanduser().stat().st_mtime
            if changed != self._changed:
                self._changed = changed
                self._set(self.settings.urls())
        except OSError:
            return
        except UsageError as error:
            self._tracker.remark(f"{self.name} keeps its servers: {error}")

    def _set(self, urls: tuple[str, ...]) -> None:
        for member in self.all:
            if member.url not in urls:
                member.is_leaving, member.use.state = True, "off the list"
        known = {member.url for member in self.all if not member.is_leaving}
        settings = self.settings
        for url in urls:
            if url not in known:
                made = Member(self.model, self.name, url, settings, self._tracker, self.rates, self._run)
                self.all.append(made)
                self._tracker.servers.append(made.use)
