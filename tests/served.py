"""A model server in a thread of its own, for tests that run whole commands against it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from fault_server import FaultServer, Plan, completion, well

Say = Callable[[str, int, int], str]


@contextmanager
def served(say: Say, plan: Plan = well) -> Iterator[FaultServer]:
    """A server whose model says what `say` makes of (prompt, seed, sample); its `url` is where it is."""
    server = FaultServer(plan, answer=partial(completion, text=say), models=[{"id": "m", "owned_by": "vllm"}])
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()
