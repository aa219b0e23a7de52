"""Many servers that hold one model: who is asked, what is done about one that is dead, slow or stands still."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median_low, quantiles

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.prefixes import Prefixes, blocks
from journey.models.router_list import SLOWER, TICK, Members
from journey.models.router_member import Member
from journey.models.server import EMPTY, LONGEST_BUSY, NOTHING, Server
from journey.models.server_retry import Failed, Tries, backoff
from journey.models.server_settings import ServerSettings
from journey.types import content_seed

BUSIER, MORE = 1.5, 4  # a server that has the prefix may be so many times, and by so many calls, busier than the least
LATE, STALLED = 3.0, 10.0  # times what nine of ten such calls take: repeated where room is idle; wherever there is any
KNOWN = 8  # answers to one kind of call until it is known how long it takes
OVERDUE = 3  # calls in a row that a server lets stand, while others answer, until it is drained


@dataclass(eq=False, slots=True)
class Call:
    """One call, waiting or out: at one server, or at two when it is repeated; `flights` by the server, since when."""

    prompt: Prompt
    sampling: Sampling
    blocks: list[int]
    tries: Tries
    done: asyncio.Future[list[Completion]]
    flights: dict[Member, tuple[asyncio.Task[None], float]] = field(default_factory=dict)
    failed_at: set[Member] = field(default_factory=set[Member])

    @property
    def kind(self) -> tuple[int, int]:
        """Calls of one kind take about as long."""
        return self.sampling.max_tokens, self.sampling.n


class Router:
    """A Model that asks many servers of one model, as one `Server` asks one.

    Calls wait in one line. Each goes to the least loaded server that has room (its calls in flight, this one
    with them, times the seconds that it takes for one), or to one that has read the longest beginning of the prompt
    unless that is much busier. A call that fails goes to another server at once, and waits only when all have failed
    it. A server that nobody reaches, that fails many calls in a row, or lets calls stand while others answer is
    drained; when it shows its list of models and answers a short prompt again, it is asked again. A call that takes far
    longer than its like, or (where no call waits) is out at a far slower server than one that has room, is repeated
    there, once, and the first answer counts. `max_in_flight` and the rates of the settings hold for all servers
    together, as the budget does.

    Which servers there are, `Members` knows.

    Raises what `Server` raises.
    """

    def __init__(
        self, model: str, name: str, settings: ServerSettings, tracker: BudgetTracker, run: Path | None = None
    ) -> None:
        self.model = model
        self.name = name
        self.settings = settings
        self.identity = settings.identity(model)
        self._list = Members(model, name, settings, tracker, self._dispatch, run)
        self._tracker = tracker
        self._prefixes = Prefixes[Member]()
        self._queue: deque[Call] = deque()
        self._out: set[Call] = set()
        self._took: dict[tuple[int, int], deque[float]] = {}
        self._jitter = random.Random(content_seed("jitter", model, name))
        self._calls = self._came_to_nothing = 0
        self._alone_since: float | None = None
        self._starting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def members(self) -> list[Member]:
        """The servers."""
        return self._list.all

    def __repr__(self) -> str:
        return f"Router({self.model!r}, {self.name!r}, {len(self.members)} servers)"

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions. Raises UsageError, BudgetReached, ModelError."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._list.start())
        if self._starting.done():
            self._starting.result()
        else:
            await asyncio.shield(self._starting)
        self._calls += 1
        loop = asyncio.get_running_loop()
        call = Call(prompt, sampling, blocks(prompt), Tries(self._calls), loop.create_future())
        while True:
            self._queue.append(call)
            self._dispatch()
            if self._watching is None or self._watching.done():
                self._watching = loop.create_task(self._watch())
            try:
                return await call.done
            except Failed as failed:
                await self._after(failed, call)
            finally:
                self._end(call)
            call.done = loop.create_future()

    async def close(self) -> None:
        """Closes the connections."""
        for task in (self._starting, self._watching):
            if task is not None:
                task.cancel()
        await self._list.close()

    # Who is asked

    @property
    def _is_full(self) -> bool:
        """Whether as many requests are out as the settings allow for all servers together."""
        most = self.settings.max_in_flight
        return most is not None and sum(member.taken for member in self.members) >= most

    def _dispatch(self) -> None:
        """Sends as many calls as there is room for, in the order they came."""
        usual = self._list.usual
        free = [member for member in self.members if member.has_room(usual)]
        left: list[Call] = []
        while free and self._queue and not self._is_full:
            call = self._queue.popleft()
            if call.done.done():
                continue
            if (member := self._choice(call, free)) is None:
                left.append(call)
                continue
            self._send(call, member)
            if not member.has_room(usual):
                free.remove(member)
        self._queue.extendleft(reversed(left))
        waits = bool(self._queue)
        for member in self.members:
            member.others_wait = waits

    def _choice(self, call: Call, free: list[Member]) -> Member | None:
        """Who gets the call; null where everybody who has room has failed it, and others have not."""
        fresh = [member for member in free if member not in call.failed_at]
        if not fresh:
            if any(member.is_up for member in self.members if member not in call.failed_at):
                return None
            fresh = free
        seconds = _seconds(free)

        def load(member: Member) -> float:
            return (member.taken + 1) * seconds(member)

        least = min(fresh, key=lambda member: (load(member), member.use.answers))
        readers = [member for member in self._prefixes.readers(call.blocks) if member in fresh]
        if not readers:
            return least
        near = min(readers, key=load)
        return near if load(near) <= BUSIER * load(least) + MORE * seconds(near) else least

    def _send(self, call: Call, member: Member) -> None:
        now = time.monotonic()
        weight = member.weight(call.sampling.n)
        member.taken += weight
        member.use.began = member.use.began or now
        self._prefixes.read(call.blocks, member)
        self._out.add(call)
        task = asyncio.create_task(self._fly(call, member, weight))
        call.flights[member] = task, now

    async def _fly(self, call: Call, member: Member, weight: int) -> None:
        """One call at one server; the first that answers it ends the others."""
        try:
            got = await member.complete(call.prompt, call.sampling)
        except Failed as failed:
            self._failed(call, member, failed)
        except Exception as error:  # whatever it is, it belongs to who has called
            if not call.done.done():
                call.done.set_exception(error)
        else:
            began = call.flights[member][1]
            member.answered(got, began)
            self._took.setdefault(call.kind, deque(maxlen=64)).append(time.monotonic() - began)
            if not call.done.done():
                call.done.set_result(got)
            for other in call.flights.keys() - {member}:
                other.lost += 1
                if other.lost >= OVERDUE:
                    other.drain(Failed("away", "it lets calls stand that others answer"), 0, time.monotonic())
        finally:
            call.flights.pop(member, None)
            member.taken -= weight
            if member.is_leaving and not member.taken:
                await member.close()
            self._dispatch()

    def _failed(self, call: Call, member: Member, failed: Failed) -> None:
        """The call has failed there, which matters where it is not out elsewhere."""
        call.failed_at.add(member)
        if not call.done.done() and not call.flights.keys() - {member}:
            call.done.set_exception(failed)

    def _end(self, call: Call) -> None:
        """Ends what is still out of a call that is answered, failed or given up."""
        self._out.discard(call)
        for task, _ in call.flights.values():
            task.cancel()

    async def _after(self, failed: Failed, call: Call) -> None:
        """Waits where every server has failed the call. Raises what it comes to where it may not be tried again."""
        tries, now = call.tries, time.monotonic()
        up = [member for member in self.members if member.is_up]
        tries.failed(failed, now, counts=failed.kind == "broken")
        if failed.kind != "broken" and now - tries.since > self.settings.patience:
            raise ModelError(f"no server of {self.name} had time within {self.settings.patience:g} s: {failed}.")
        if tries.broken > self.settings.retries or tries.empty >= EMPTY:
            self._came_to_nothing += 1
            message = f"the servers of {self.name} failed a call {tries.failures} times, the last time with {failed}"
            if self._came_to_nothing >= NOTHING and not any(member.use.answers for member in self.members):
                raise UsageError(f"{message}; no call was answered: look into their logs, and check the model's name")
            raise ModelError(f"{message}.")
        if call.failed_at.issuperset(up):
            call.failed_at.clear()
            if up and not all(member.gate.paused for member in up):
                await asyncio.sleep(backoff(tries.failures, self._jitter, LONGEST_BUSY))

    # What is looked at while calls are out

    async def _watch(self) -> None:
        while self._out or self._queue:
            await asyncio.sleep(TICK)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Reads the list again, looks for servers that are back, and for calls that stand still."""
        self._list.look_again()
        self._give_up(now)
        if not self._list.rates.wait(1):  # else calls stand still because we keep them back
            self._repeat(now)
        self._dispatch()

    def _give_up(self, now: float) -> None:
        """Ends the calls that wait for servers of which none has come back in time."""
        if any(member.is_up for member in self.members):
            self._alone_since = None
            return
        self._alone_since = now if self._alone_since is None else self._alone_since
        if now - self._alone_since > self.settings.patience:
            why = f"none of the servers of {self.name} came back within {self.settings.patience:g} s."
            for call in self._queue:
                if not call.done.done():
                    call.done.set_exception(ModelError(why))

    def _repeat(self, now: float) -> None:
        """Repeats calls that take too long, and drains servers that let several of them stand while others answer."""
        usual, last = self._list.usual, max((member.use.last for member in self.members), default=0.0)
        slow = {kind: quantiles(took, n=10)[-1] for kind, took in self._took.items() if len(took) >= KNOWN}
        overdue: dict[Member, list[Call]] = {}
        for call in [call for call in self._out if call.kind in slow and not call.done.done()]:
            long = STALLED * slow[call.kind]
            for member, (_, began) in list(call.flights.items()):
                waited = now - began
                if waited > long and member.use.last < max(began, last - long):
                    overdue.setdefault(member, []).append(call)
                free = [one for one in self.members if one.has_room(usual) and one not in call.flights]
                if not free or len(call.flights) > 1 or self._is_full:
                    continue
                seconds = _seconds(free)
                other = min(free, key=lambda one: (one.taken + 1) * seconds(one))
                idle = not self._queue and (waited > LATE * slow[call.kind] or _is_sooner(other, member, waited))
                if idle or waited > long:
                    member.use.late += 1
                    self._send(call, other)
        for member, calls in overdue.items():
            if len(calls) >= OVERDUE:
                stands = Failed("away", "it lets calls stand while others answer")
                member.drain(stands, 0, now)
                for call in calls:
                    task, _ = call.flights[member]
                    self._failed(call, member, stands)
                    task.cancel()


def _seconds(members: Sequence[Member]) -> Callable[[Member], float]:
    """What each takes for an answer: the usual among them where that is not known yet."""
    known = [member.seconds for member in members if member.seconds]
    usual = median_low(known) if known else 1.0
    return lambda member: member.seconds or usual


def _is_sooner(other: Member, member: Member, waited: float) -> bool:
    """Whether a server is far likelier to answer sooner than the slow one that has had the call for so many seconds."""
    if member.seconds is None or other.seconds is None:
        return False
    return member.seconds - waited > SLOWER * other.seconds


def served(
    model: str, name: str, settings: ServerSettings, tracker: BudgetTracker, run: Path | None = None
) -> Server | Router:
    """The model behind one server, or behind many where a list or a file names them. Raises UsageError.

    `run` is the folder of the run whose pictures prompts show, null: they show none.
    """
    urls = settings.urls()
    if settings.url_file is None and len(urls) == 1:
        return Server(model, name, replace(settings, url=urls[0]), tracker, run)
    return Router(model, name, settings, tracker, run)
