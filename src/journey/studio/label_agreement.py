"""How far the annotators of a run agree, with each other and with the judge."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from journey.metrics.agreement import cohen_kappa, krippendorff_alpha
from journey.store.labels import TRAITS, Label, by_annotator, labels, submitted
from journey.studio.records import tree_of
from journey.studio.templates import render
from journey.trees.mark import verdict

ORDER = ("wrong", "neutral", "right")
JUDGE = "the judge"  # in a table; among the annotators it is "", which nobody can be called
Verdicts = Mapping[str, Mapping[str, str]]
"""What each annotator said of each item."""
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, the columns' heads, and the rows."""


def agreement_html(path: Path) -> str:
    """Tables of agreement over what was submitted; *could not say* counts as nothing said."""
    done = submitted(labels(path))
    return render("agreement", tables=_tables(path, done) if done else [])


def _tables(path: Path, done: Sequence[Label]) -> list[Table]:
    people: dict[str, dict[str, str]] = {
        name: {one.about: one.verdict for one in of if one.item == "node" and one.verdict is not None}
        for name, of in by_annotator(done).items()
    }
    people = {name: verdicts for name, verdicts in people.items() if verdicts}
    judge = _judge(path, done)
    items = sorted({item for verdicts in people.values() for item in verdicts})
    pairs = [*combinations(people, 2), *((name, "") for name in people)]
    units = [[verdicts.get(item) for verdicts in people.values()] for item in items]
    figures = [
        ("Krippendorff's alpha, nominal", _shown(krippendorff_alpha(units))),
        ("Krippendorff's alpha, ordinal", _shown(krippendorff_alpha(units, "ordinal", ORDER))),
    ]
    counts = [
        (name, *(f"{sum(one.item == item for one in of):,}" for item in ("node", "thought", "tree")))
        for name, of in by_annotator(done).items()
    ]
    beside = [_pair(a, b, {**people, "": judge}) for a, b in pairs]
    return [
        ("Submitted", ("annotator", "steps", "thoughts", "trees"), counts),
        ("Verdicts of steps, two by two", ("", "steps", "the same", "Cohen's kappa"), beside),
        ("Verdicts of steps, all annotators", ("", f"{len(items):,} steps"), figures),
        ("Ratings of thoughts", ("", "Krippendorff's alpha, ordinal"), _traits(done)),
    ]


def _judge(path: Path, done: Sequence[Label]) -> dict[str, str]:
    """What the judge said of the steps that people labelled."""
    found: dict[str, str] = {}
    for label in done:
        if label.item != "node" or label.tree is None or label.node is None:
            continue
        tree = tree_of(path, label.tree)
        verdicts = verdict(tree.nodes[label.node]) if tree and label.node < len(tree.nodes) else None
        if verdicts is not None:
            found[label.about] = verdicts
    return found


def _pair(a: str, b: str, verdicts: Verdicts) -> tuple[str, ...]:
    both = [item for item in verdicts[a] if item in verdicts[b]]
    first, second = [verdicts[a][item] for item in both], [verdicts[b][item] for item in both]
    same = sum(x == y for x, y in zip(first, second, strict=True))
    share = f"{same / len(both):.0%}" if both else "–"
    return f"{a} and {b or JUDGE}", f"{len(both):,}", share, _shown(cohen_kappa(first, second))


def _traits(done: Sequence[Label]) -> list[tuple[str, str]]:
    of_thoughts: dict[str, list[Label]] = {}
    for label in done:
        if label.item == "thought":
            of_thoughts.setdefault(label.about, []).append(label)
    found: list[tuple[str, str]] = []
    for trait in TRAITS:
        units = [[label.ratings.get(trait) for label in given] for given in of_thoughts.values()]
        found.append((trait.replace("_", " "), _shown(krippendorff_alpha(units, "ordinal", range(1, 6)))))
    return found


def _shown(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.2f}"
