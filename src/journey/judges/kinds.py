"""The kinds of judges by name: the one table of them. A new kind is a file with its `KIND`, and one line here."""

from journey.judges import classifier_settings, combine, critic, exact, recorded, rollout, scripted
from journey.judges.base import JudgeKind

KINDS: dict[str, JudgeKind] = {
    "exact": exact.KIND,
    "critic": critic.KIND,
    "rollout": rollout.KIND,
    "prm": classifier_settings.KIND,
    "recorded": recorded.KIND,
    "scripted": scripted.KIND,
    **combine.KINDS,
}


def default_settings() -> dict[str, object]:
    """The settings of every kind that has any, as they are where nobody sets them."""
    return {name: kind.settings() for name, kind in KINDS.items() if kind.settings is not None}
