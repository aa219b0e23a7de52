"""F4: the server goes away in the middle of the work and comes back: is all work finished, unattended?

Two thirds of the outage nobody listens at the port; in the last third a gateway answers 503 there. The full outage is
10 minutes (--long). The quick form is 1 minute, so that the whole command takes less than 2. The client's settings
are the defaults.
"""

import asyncio
import time
from argparse import Namespace

from bench import Result, run
from fault_server import FaultServer, Reply

from journey.models.base import Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_settings import ServerSettings

UNITS = 600
MOST = 16
LATENCY = 0.2


async def measure(outage: float) -> dict[str, float | int]:
    """All units through one server that is away for so many seconds."""
    async with FaultServer(latency=LATENCY) as server:
        model = Server("m", "openai/m", ServerSettings(url=server.url, max_in_flight=MOST), BudgetTracker())
        done: list[float] = []

        async def unit(number: int) -> None:
            await model.complete(Prompt(f"What is {number}+{number}?"), Sampling(seed=number))
            done.append(time.monotonic())

        began = time.monotonic()
        works = [asyncio.create_task(unit(number)) for number in range(UNITS)]
        await asyncio.sleep(2.0)
        before = len(done)
        await server.stop()
        await asyncio.sleep(outage * 2 / 3)
        seen_away = model.health.away
        server.plan = lambda asked: Reply(503, {"error": {"message": "no backend"}})
        await server.start()
        reached = len(server.asked)
        await asyncio.sleep(outage / 3)
        probes = len(server.asked) - reached
        server.plan = lambda asked: None
        back = time.monotonic()
        got = await asyncio.gather(*works, return_exceptions=True)
        await model.close()
    after = [moment - back for moment in done if moment > back]
    return {
        "outage_s": outage, "units": UNITS, "before": before, "finished": len(done),
        "failed": sum(isinstance(one, BaseException) for one in got), "said_away": seen_away, "gateway_asked": probes,
        "requests": len(server.asked), "noticed_after_s": min(after, default=0.0), "rest_done_after_s": max(after),
        "seconds": time.monotonic() - began,
    }  # fmt: skip


def outage(options: Namespace) -> Result:
    found = asyncio.run(measure(600.0 if options.long else 60.0))
    return Result(found, found["finished"] == UNITS and not found["failed"] and 0 < found["before"] < UNITS)


if __name__ == "__main__":
    run("F4", __doc__, outage)
