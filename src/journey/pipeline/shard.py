"""Shards: part i of n of the problems, by their content, so that n machines share the work without speaking.

A shard's run holds the problems of the shard alone to work on; `pipeline.merge` makes one run of all.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.types import Problem

KEY = "shard"
"""The setting of a run that says which shard it is; a run without it is whole."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Of `count` parts of the problems those with these `numbers`, from 1: mostly one."""

    numbers: tuple[int, ...]
    count: int

    def __str__(self) -> str:
        """As flags and settings write it: 3/8, or 3,4/8."""
        return f"{','.join(map(str, self.numbers))}/{self.count}"

    @property
    def missing(self) -> list[int]:
        """The numbers of the other parts."""
        return [number for number in range(1, self.count + 1) if number not in self.numbers]

    def holds(self, problem: str) -> bool:
        """Whether the problem of this id is in the shard; each is in exactly one part."""
        return int(problem, 16) % self.count + 1 in self.numbers

    def among(self, problems: Iterable[Problem]) -> list[Problem]:
        """Those in the shard, in their order."""
        return [problem for problem in problems if self.holds(problem.id)]

    def folder(self, whole: Path) -> Path:
        """Where the shard's run lies if nobody says otherwise: beside the whole one."""
        return whole.with_name(f"{whole.name}-{str(self).replace('/', '-of-')}")


def read_shard(text: str) -> Shard:
    """The shard that a text such as 3/8 names. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,6}(?:,\d{1,6})*)/(\d{1,6})", text)
    numbers, count = (found[1].split(","), int(found[2])) if found else ((), 0)
    if not numbers or not all(1 <= int(number) <= count for number in numbers):
        raise UsageError(f"the shard {text!r} is none; write its number of how many, from 1/8 to 8/8")
    return Shard(tuple(sorted({*map(int, numbers)})), count)


def shard_of(config: Mapping[str, Any]) -> Shard | None:
    """Which shard a run of these settings is, null for a whole one."""
    return read_shard(config[KEY]) if KEY in config else None


def joined(shards: Collection[Shard | None]) -> Shard | None:
    """What runs of these shards are together, null: a whole one. Raises UsageError where they were cut differently."""
    found = [shard for shard in shards if shard is not None]
    if len(found) < len(shards):
        return None
    if len(counts := sorted({shard.count for shard in found})) > 1:
        raise UsageError(f"there are shards of {counts[0]} and of {counts[1]}; merge those of one cut")
    together = Shard(tuple(sorted({number for shard in found for number in shard.numbers})), counts[0])
    return together if together.missing else None
