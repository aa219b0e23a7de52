"""F3: a server of which 5, 20 or 50 % of the replies are bad: is every unit answered or listed with its reason?

The faults, in equal shares: 429 with Retry-After (seconds or a date), 500, hang, cut answer, web page, null text, NaN,
10 MB. The client has its default retries; only its timeouts are short. Amplification is requests per unit. Retry-After
counts as kept if no request comes in from 50 ms after the refusal (what was on its way by then is not meant) until
its end.
"""

import asyncio
import random
import time
from argparse import Namespace
from bisect import bisect
from collections import Counter
from email.utils import formatdate

from bench import Result, run, table
from fault_server import HTML, Act, Asked, FaultServer, Reply, words

from journey.models.base import ModelError, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_request import sample_seed
from journey.models.server_settings import ServerSettings

SHARES = (0.05, 0.2, 0.5)
KINDS = ("429", "500", "hang", "cut", "HTML", "null", "NaN", "10 MB")
SHOWN = (
    "units", "answered", "listed", "lost", "blank", "wrong", "requests", "amplification", "bound", "refusals", "early",
    "seconds",
)  # fmt: skip
BEAT, ON_ITS_WAY = 0.01, 5  # seconds, and beats of this process after a refusal in which a request may be on its way
HUGE = b'{"choices": [{"finish_reason": "stop", "message": {"content": "%s"}}]}' % (b"x" * 10_000_000)
BAD = {
    "500": Reply(500, {"error": {"message": "internal error"}}),
    "hang": "hang",
    "cut": "cut",
    "HTML": Reply(200, HTML),
    "null": Reply(200, {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": None}}]}),
    "NaN": Reply(200, b'{"choices": [{"finish_reason": "stop", "message": {"content": NaN}}]}'),
    "10 MB": Reply(200, HUGE, length=False),
}


class Faults:
    """The plan of one server: draws faults from its own stream and keeps when it asked for silence."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.drawn: Counter[str] = Counter()
        self.silences: list[tuple[float, float]] = []
        self._rng = random.Random(int(1000 * share))

    def __call__(self, asked: Asked) -> Act:
        if self._rng.random() >= self.share:
            return None
        kind = self._rng.choice(KINDS)
        self.drawn[kind] += 1
        if kind != "429":
            return BAD[kind]
        seconds, header = 1.0, "1"
        if self._rng.random() < 0.5:
            now = time.time()
            until = int(now) + 2
            seconds, header = until - now, formatdate(until, usegmt=True)
        self.silences.append((time.monotonic(), seconds))
        return Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": header})


async def beating(beats: list[float]) -> None:
    """Adds the time of every beat; a busy machine that lets this process wait lets its beats wait as well."""
    while True:
        await asyncio.sleep(BEAT)
        beats.append(time.monotonic())


async def measure(share: float, units: int) -> dict[str, object]:
    faults, beats = Faults(share), list[float]()
    heart = asyncio.create_task(beating(beats))
    async with FaultServer(faults, latency=0.02) as server:
        tracker = BudgetTracker()
        model = Server("m", "openai/m", ServerSettings(url=server.url, timeout=0.5, stall=0.5), tracker)
        began = time.perf_counter()
        asked = [model.complete(Prompt(f"What is {i}+{i}?"), Sampling(seed=i)) for i in range(units)]
        got = await asyncio.gather(*asked, return_exceptions=True)
        seconds = time.perf_counter() - began
        await model.close()
    heart.cancel()
    answered = [(i, one[0]) for i, one in enumerate(got) if isinstance(one, list)]
    listed = [one for one in got if isinstance(one, ModelError)]
    early = sum(
        beats[min(bisect(beats, begin) + ON_ITS_WAY, len(beats)) - 1] < request.at < begin + silence
        for begin, silence in faults.silences
        for request in server.asked
    )
    return {
        "share": share, "units": units, "answered": len(answered), "listed": len(listed),
        "lost": units - len(answered) - len(listed), "blank": sum(not one.text.strip() for _, one in answered),
        "wrong": sum(one.text != words(f"What is {i}+{i}?", sample_seed(i, 0), 0) for i, one in answered),
        "requests": len(server.asked), "counted": tracker.spent()["openai/m"].calls,
        "amplification": len(server.asked) / units, "bound": 1.2 / (1 - share),
        "refusals": len(faults.silences), "early": early, "seconds": seconds, "faults": dict(faults.drawn),
        "reasons": [str(one) for one in listed],
    }  # fmt: skip


def is_reached(row: dict) -> bool:
    flaws = row["lost"] + row["blank"] + row["wrong"] + row["early"]
    return not flaws and row["amplification"] <= row["bound"] and row["counted"] == row["requests"]


async def measure_all(units: int) -> list[dict]:
    return list(await asyncio.gather(*(measure(share, units) for share in SHARES)))


def bad_server(options: Namespace) -> Result:
    rows = asyncio.run(measure_all(2000 if options.long else 400))
    shown = table("A bad server", ("share of bad replies", *(f"{row['share']:.0%}" for row in rows)),
                  [(name, *(row[name] for row in rows)) for name in SHOWN])  # fmt: skip
    reasons = sorted({f"listed: {reason}" for row in rows for reason in row["reasons"]})
    return Result({"servers": rows}, all(is_reached(row) for row in rows), "", [shown, *reasons])


if __name__ == "__main__":
    run("F3", __doc__, bad_server)
