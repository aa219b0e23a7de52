"""Ctrl-C while asyncio works: never lost, never noisy."""

import asyncio
import os
import signal
import warnings
from collections.abc import Iterator

import pytest

from journey import interrupts


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """The interrupt is heard even where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


async def busy_to_the_end() -> int:
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGINT)
    return sum(range(1000))  # no more waiting: asyncio alone would give the result and forget the interrupt


def test_work_gives_its_result() -> None:
    assert interrupts.run(answer()) == 42


def test_an_interrupt_in_the_last_stretch_of_the_work_is_heard() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupts.run(busy_to_the_end())


def test_an_interrupt_while_the_loop_is_made_leaves_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    new_loop = asyncio.new_event_loop

    def interrupted() -> asyncio.AbstractEventLoop:
        os.kill(os.getpid(), signal.SIGINT)
        return new_loop()

    monkeypatch.setattr(asyncio, "new_event_loop", interrupted)
    with warnings.catch_warnings(), pytest.raises(KeyboardInterrupt):
        warnings.simplefilter("error")
        interrupts.run(answer())
