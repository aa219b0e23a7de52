"""A model server in a thread of its own, for tests that run whole commands against it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fault_server import Asked, FaultServer, Plan, well


@contextmanager
def served(answer: Callable[[Asked], dict[str, Any]], plan: Plan = well) -> Iterator[FaultServer]:
    """A server that answers good requests by `answer`; its `url` is where it is, its model is "m"."""
    server = FaultServer(plan, answer=answer, models=[{"id": "m", "owned_by": "vllm"}])
    loop, ready, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()
