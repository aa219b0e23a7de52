"""What a user should know of a server that answers, and would not notice: who answers, and how it draws."""

from collections.abc import Iterable, Sequence

from journey.models.base import Completion
from journey.models.budget import BudgetTracker

ALIKE = 3  # requests in a row of which all samples are the same text, until the user is told
SHORT = 4  # tokens: so short a text may well be drawn twice


class Remarks:
    """Watches the answers of the model `model`, called `name`, and tells the tracker, each thing once."""

    def __init__(self, model: str, name: str, tracker: BudgetTracker) -> None:
        self._model = model
        self._name = name
        self._tracker = tracker
        self._alike = 0
        self._is_watched = True
        self._is_known = False

    def drawn(self, samples: Sequence[Completion]) -> None:
        """Several samples of one prompt, of which not all are the same where the server samples at all."""
        if not self._is_watched or len(samples) < 2 or min(one.tokens for one in samples) <= SHORT:
            return
        self._is_watched = len({one.text for one in samples}) == 1
        self._alike += 1
        if self._is_watched and self._alike == ALIKE:
            self._tracker.remark(f"{self._name} gives the same text for every sample: the server draws greedily")

    def answered(self, model: str | None) -> None:
        """The first answer, by the name that the server gives its model; null where it gives none."""
        if self._is_known:
            return
        self._is_known = True
        requested, given = self._model.lower(), (model or self._model).lower()
        if requested not in given and given not in requested:
            self._tracker.remark(f"{self._name} is answered by {given[:100]!r}: the server takes any model's name")

    def refused(self, fields: Iterable[str]) -> None:
        """The fields of sampling that the server does not take."""
        for field in sorted(fields):
            self._tracker.remark(f"{self._name} takes no {field}: it draws by its own")
