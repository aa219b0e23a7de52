"""Which server has read which beginning of a prompt, so that what it keeps of it is used again."""

import zlib
from collections.abc import Sequence
from typing import Generic, TypeVar

from journey.models.base import Prompt

Who = TypeVar("Who")

BLOCK = 64  # characters: about the 16 tokens that servers keep as one piece
LONGEST = 128  # blocks of a prompt that are looked at
MOST = 200_000  # blocks that are remembered, the latest used ones


def blocks(prompt: Prompt) -> list[int]:
    """The whole blocks of what a model reads, each as a hash of everything up to its end."""
    text = ((prompt.system or "") + prompt.text + prompt.prefix)[: BLOCK * LONGEST].encode("utf-8", "surrogatepass")
    found: list[int] = []
    before = 0
    for start in range(0, len(text) - BLOCK + 1, BLOCK):
        before = zlib.crc32(text[start : start + BLOCK], before)
        found.append(before)
    return found


class Prefixes(Generic[Who]):
    """Remembers who has read which blocks."""

    def __init__(self) -> None:
        self._readers: dict[int, tuple[Who, ...]] = {}

    def readers(self, blocks: Sequence[int]) -> tuple[Who, ...]:
        """Those who have read the longest beginning of it that anybody has; none where nobody has."""
        return next((who for block in reversed(blocks) if (who := self._readers.get(block))), ())

    def read(self, blocks: Sequence[int], who: Who) -> None:
        """Somebody reads it now."""
        for block in blocks:
            readers = self._readers.pop(block, ())
            self._readers[block] = readers if who in readers else (*readers, who)
        while len(self._readers) > MOST:
            del self._readers[next(iter(self._readers))]
