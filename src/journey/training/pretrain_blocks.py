"""What the tiny base reads: documents of all tasks, packed into blocks of token ids."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from journey.tasks.lists.single_steps import explore as single_steps
from journey.tasks.table import TASKS
from journey.tasks.tiny_words import tokenize
from journey.training.pretrain_settings import LISTS, PretrainSettings

IGNORED = -100  # label of a token that is not learnt


class Blocks:
    """Blocks of packed documents with their labels, (batch, block) token ids each.

    Each block begins with the beginning of a document. `seen` counts the tokens given so far.
    """

    def __init__(self, settings: PretrainSettings) -> None:
        self._settings = settings
        self._rng = random.Random(settings.seed)
        self._plan = [stage for stage in settings.stages for _ in range(stage.tokens // (stage.block * stage.batch))]
        self._given = 0
        self._names, self._shares = list(settings.mix), list(settings.mix.values())
        self.steps = len(self._plan)
        self.tokens = sum(stage.block * stage.batch for stage in self._plan)

    @property
    def seen(self) -> int:
        """The tokens of the blocks given so far."""
        return sum(stage.block * stage.batch for stage in self._plan[: self._given])

    def state(self) -> dict[str, Any]:
        """What `go_on_from` needs, as JSON."""
        version, numbers, gauss = self._rng.getstate()
        return {"given": self._given, "random": [version, list(numbers), gauss]}

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Goes on where the blocks stood that gave this state."""
        version, numbers, gauss = state["random"]
        self._rng.setstate((version, tuple(numbers), gauss))
        self._given = state["given"]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        while self._given < self.steps:
            stage = self._plan[self._given]
            rows = [self._block(stage.block) for _ in range(stage.batch)]
            self._given += 1
            yield torch.tensor([ids for ids, _ in rows]), torch.tensor([labels for _, labels in rows])

    def _block(self, length: int) -> tuple[list[int], list[int]]:
        ids: list[int] = []
        labels: list[int] = []
        while len(ids) < length:
            (name,) = self._rng.choices(self._names, self._shares)
            explore = single_steps if name == LISTS else TASKS[name].explore
            assert explore is not None  # the settings refuse others
            new = tokenize(explore(self._rng, self._settings.exploration) + "\n")
            ids += new
            random_words = 0 if self._settings.learn_questions else new.index(tokenize("\n")[0]) - 1
            labels += [new[0], *[IGNORED] * random_words, *new[1 + random_words :]]
        return ids[:length], labels[:length]
