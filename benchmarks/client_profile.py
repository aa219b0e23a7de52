"""What the client's processor time goes to while trees are grown with a model server: row S1's work, sampled.

Every millisecond of the process's processor time the innermost frame that belongs to a part of the client is noted (by
ITIMER_PROF, in the main thread; a sample while the main thread waits for the network is the store's thread at work).
Shares are of all samples; the milliseconds a node are these shares of what row S1 measures without sampling, in turns.
"""

import argparse
import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from types import FrameType

from mock_server import serving
from s1_tree_client import ours, timed

TREES = 200
PLACES = (
    ("/journey/store/", "store: group commit, SQLite"),
    ("/sqlite3/", "store: group commit, SQLite"),
    ("/aiohttp/", "HTTP: aiohttp"),
    ("/yarl/", "HTTP: aiohttp"),
    ("/multidict/", "HTTP: aiohttp"),
    ("/journey/models/server_http", "HTTP: aiohttp"),
    ("/journey/models/server_answer", "answers read and checked"),
    ("/journey/models/server_request", "requests written"),
    ("/journey/models/server", "gate, limit, retries, purse"),
    ("/journey/models/purse", "gate, limit, retries, purse"),
    ("/journey/models/cached", "memory of calls: keys and rows"),
    ("/journey/types", "ids: hashes of content"),
    ("/journey/", "trees, steps, judging, grading"),
    ("/benchmarks/", "the benchmark's scorer"),
    ("/selectors.py", "waiting: the kernel, and the store's thread"),
    ("/asyncio/", "event loop"),
)


def place(frame: FrameType | None) -> str:
    """The part of the client that the innermost known frame belongs to."""
    while frame is not None:
        for piece, name in PLACES:
            if piece in frame.f_code.co_filename:
                return name
        frame = frame.f_back
    return "other"


@contextmanager
def sampled(every: float = 0.001) -> Iterator[Counter[str]]:
    """Counts where the process is, once in so many seconds of its processor time."""
    found: Counter[str] = Counter()
    before = signal.signal(signal.SIGPROF, lambda _, frame: found.update([place(frame)]))
    signal.setitimer(signal.ITIMER_PROF, every, every)
    try:
        yield found
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


async def main(rounds: int) -> tuple[float, dict[str, float]]:
    """Milliseconds a node without sampling, and the share of each part."""
    plain: list[float] = []
    found: Counter[str] = Counter()
    with serving() as url:
        await ours(url, 5)
        for _ in range(rounds):
            plain.append((await timed(lambda: ours(url, TREES), TREES)).cpu)
            with sampled() as part:
                await ours(url, TREES)
            found.update(part)
    return median(plain), {name: count / found.total() for name, count in found.most_common()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--long", action="store_true", help="ten rounds instead of three")
    given = parser.parse_args()
    each, shares = asyncio.run(main(10 if given.long else 3))
    if given.json:
        table = {name: round(share * each, 4) for name, share in shares.items()}
        print(json.dumps({"row": "client profile", "reached": True, "figures": {"all": round(each, 4)} | table}))
    else:
        print(f"{'part':44} {'share':>7} {'CPU ms/node':>12}")
        for name, share in [*shares.items(), ("all", 1.0)]:
            print(f"{name:44} {share:>7.1%} {share * each:>12.3f}")
