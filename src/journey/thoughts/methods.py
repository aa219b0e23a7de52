"""Every thought method by its name: the one place where a method is entered."""

from collections.abc import Sequence

from journey.thoughts import annotate, debate, distill, propose, shortcut, traverse
from journey.thoughts.base import ThoughtMethod, asks_nothing

METHODS: dict[str, ThoughtMethod] = {
    "shortcut": ThoughtMethod(source="trees", make=shortcut.make, estimate=asks_nothing),
    "traverse": ThoughtMethod(
        source="trees",
        make=traverse.make,
        settings=traverse.TraverseSettings,
        estimate=traverse.estimate,
        refinable=True,
        explains=True,
    ),
    "propose": ThoughtMethod(
        source="problems",
        make=propose.make,
        settings=propose.ProposeSettings,
        estimate=propose.estimate,
        asks=("model",),
        refinable=True,
    ),
    "debate": ThoughtMethod(
        source="problems",
        make=debate.make,
        settings=debate.DebateSettings,
        estimate=debate.estimate,
        asks=("model", "strong"),
        refinable=True,
    ),
    "distill": ThoughtMethod(
        source="problems",
        make=distill.make_distilled,
        settings=distill.DistillSettings,
        estimate=distill.estimate_distilled,
        asks=("strong",),
        refinable=True,
    ),
    "rewrite": ThoughtMethod(
        source="problems",
        make=distill.make_rewritten,
        settings=distill.RewriteSettings,
        estimate=distill.estimate_rewritten,
        asks=("strong",),
        refinable=True,
    ),
    "annotate": ThoughtMethod(
        source="notes",
        make=annotate.make,
        settings=annotate.AnnotateSettings,
        estimate=annotate.estimate,
        asks=("strong",),
    ),
}


def from_trees() -> tuple[str, ...]:
    """The methods that work on trees that are there before them."""
    return tuple(name for name, method in METHODS.items() if method.source == "trees")


def needs_trees(names: Sequence[str]) -> bool:
    """Whether any of these methods works on trees."""
    return any(METHODS[name].source == "trees" for name in names)
