"""The rollouts of a training in its run: a book that a killed training reads again."""

from collections.abc import Sequence

from journey.store.run import Run
from journey.types import Rollout


class RunBook:
    """Keeps the rollouts of the model `name` in the run, an update in one commit (`training.rl_draw.Book`)."""

    def __init__(self, run: Run, name: str) -> None:
        self._run, self._name = run, name

    def known(self, step: int) -> list[Rollout]:
        """The rollouts of an update, in the order in which they were drawn."""
        return sorted(self._run.rollouts(name=self._name, step=step), key=lambda one: one.sample)

    def keep(self, rollouts: Sequence[Rollout]) -> None:
        """Stores them; those that are there already stay as they are."""
        self._run.put_all("rollouts", rollouts)
