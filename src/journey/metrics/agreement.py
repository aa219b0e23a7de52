"""How far annotators agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import combinations
from typing import Literal, TypeVar

Value = TypeVar("Value", bound=Hashable)
Level = Literal["nominal", "ordinal"]


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa of two annotators who both labelled these items, in [-1, 1].

    (p_o - p_e) / (1 - p_e), where p_o is the share of items with the same label and p_e what chance alone would give
    with each annotator's own frequencies. Null where it is not defined: no item, or both gave one and the same label
    throughout. Raises ValueError for lists of different lengths. Cohen 1960, "A coefficient of agreement for nominal
    scales", Educational and Psychological Measurement 20.
    """
    if len(first) != len(second):
        raise ValueError("both annotators must have a label for every item")
    if not first:
        return None
    number = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True))
    left, right = Counter(first), Counter(second)
    chance = sum(left[label] * right[label] for label in left)  # over number squared, whole so that 1 is exactly 1
    if chance == number * number:
        return None
    return (observed * number - chance) / (number * number - chance)


def krippendorff_alpha(
    units: Sequence[Sequence[Value | None]], level: Level = "nominal", order: Sequence[Value] | None = None
) -> float | None:
    """Krippendorff's alpha of any number of annotators, in (-1, 1]; 1 is agreement throughout, 0 what chance gives.

    `units` has one sequence an item: the labels that it was given, null where an annotator gave none. Items with fewer
    than two labels are left out. `order` lists the labels from least to most for "ordinal"; null sorts them. Null
    where it is not defined: nothing was labelled twice, or one label was given throughout. Raises ValueError for a
    label that is not in `order`. Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", University of
    Pennsylvania ScholarlyCommons.
    """
    paired = [counts for unit in units if (counts := Counter(v for v in unit if v is not None)).total() > 1]
    total: Counter[Value] = Counter()
    for counts in paired:
        total.update(counts)
    if len(total) < 2:
        return None
    distance = _ordinal(total, order) if level == "ordinal" else _nominal
    observed = sum(_disagreement(counts, distance) / (counts.total() - 1) for counts in paired)
    expected = _disagreement(total, distance) / (total.total() - 1)
    return 1 - observed / expected


def _disagreement(counts: Mapping[Value, int], distance: Callable[[Value, Value], float]) -> float:
    """The sum of distances over all ordered pairs of labels."""
    return sum(2 * counts[a] * counts[b] * distance(a, b) for a, b in combinations(counts, 2))


def _nominal(a: Hashable, b: Hashable) -> float:
    return float(a != b)


def _ordinal(total: Mapping[Value, int], order: Sequence[Value] | None) -> Callable[[Value, Value], float]:
    """How far apart two ranks are: squared number of labels between them, the two counted half."""
    ranks = list(order) if order is not None else sorted(total)  # type: ignore[type-var]
    if unknown := [value for value in total if value not in ranks]:
        raise ValueError(f"the label {unknown[0]!r} has no place in the order")
    middle: dict[Value, float] = {}
    below = 0
    for value in ranks:
        middle[value] = below + total.get(value, 0) / 2
        below += total.get(value, 0)
    return lambda a, b: (middle[a] - middle[b]) ** 2
