"""Every thought method by its name: the one place where a method is entered."""

from collections.abc import Sequence

from journey.thoughts import annotate, controls, debate, distill, propose, shortcut, star, traverse
from journey.thoughts.base import ThoughtMethod, asks_nothing

METHODS: dict[str, ThoughtMethod] = {
    "shortcut": ThoughtMethod("trees", shortcut.make, asks_nothing),
    "traverse": ThoughtMethod(
        "trees", traverse.make, traverse.estimate, traverse.TraverseSettings, refinable=True, explains=True
    ),
    "traverse_wrong": ThoughtMethod(
        "trees", controls.make_wrong, traverse.estimate, explains=True, control_of="traverse"
    ),
    "traverse_empty": ThoughtMethod(
        "trees", controls.make_empty, traverse.estimate, explains=True, control_of="traverse"
    ),
    "star": ThoughtMethod("trees", star.make_star, star.estimate, asks=("model",), unsolved=True),
    "hybrid": ThoughtMethod(
        "trees", star.make_hybrid, star.estimate, asks=("model",), settings_of="traverse", unsolved=True
    ),
    "propose": ThoughtMethod(
        "problems", propose.make, propose.estimate, propose.ProposeSettings, asks=("model",), refinable=True
    ),
    "debate": ThoughtMethod(
        "problems", debate.make, debate.estimate, debate.DebateSettings, asks=("model", "strong"), refinable=True
    ),
    "distill": ThoughtMethod(
        "problems", distill.make_distilled, distill.estimate_distilled, distill.DistillSettings, asks=("strong",),
        refinable=True,
    ),
    "rewrite": ThoughtMethod(
        "problems", distill.make_rewritten, distill.estimate_rewritten, distill.RewriteSettings, asks=("strong",),
        refinable=True, reads_solutions=True,
    ),
    "annotate": ThoughtMethod("notes", annotate.make, annotate.estimate, annotate.AnnotateSettings, asks=("strong",)),
}  # fmt: skip

EXPLORING, STRAIGHT = ("traverse", "hybrid"), ("star", "shortcut")
"""Methods of right thoughts from trees: of those that go wrong first, and of those that do not."""


def from_trees() -> tuple[str, ...]:
    """The methods that work on trees that are there before them."""
    return tuple(name for name, method in METHODS.items() if method.source == "trees")


def needs_trees(names: Sequence[str]) -> bool:
    """Whether any of these methods works on trees."""
    return any(METHODS[name].source == "trees" for name in names)
