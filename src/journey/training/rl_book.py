"""The rollouts of a training without a run: a JSONL file beside the model, an update in one write."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from journey.types import Rollout, rollout_from_json, to_json


class JsonlBook:
    """Keeps rollouts in `path` (`training.rl_draw.Book`); of several processes only the one that `writes` does.

    A line that a kill cut off is left out, and what is there already is not written again.
    """

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self._path, self._writes = path, writes
        lines = path.read_text("utf-8").split("\n") if path.is_file() else [""]
        self._kept = {one.id: one for line in lines[:-1] for one in [rollout_from_json(json.loads(line))]}
        if writes and lines[-1]:
            os.truncate(path, path.stat().st_size - len(lines[-1].encode()))

    def known(self, step: int) -> list[Rollout]:
        """The rollouts of an update that were kept before this process began."""
        return [one for one in self._kept.values() if one.step == step]

    def keep(self, rollouts: Sequence[Rollout]) -> None:
        """Appends them, and waits for the disk."""
        fresh = [one for one in rollouts if one.id not in self._kept]
        if not (self._writes and fresh):
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(to_json(one), ensure_ascii=False) + "\n" for one in fresh))
            file.flush()
            os.fsync(file.fileno())
