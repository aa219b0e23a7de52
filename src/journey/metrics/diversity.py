"""How many-sided a model's answers to one problem are: distinct n-grams, likeness, entropy; and how often it repeats.

Words are what stands between blanks. A figure is null where there is nothing to measure it on.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations
from math import fsum, log2

N = 4  # words of an n-gram


def grams(text: str, n: int = N) -> list[tuple[str, ...]]:
    """The n-grams of a text in their order; a shorter text is one of its own length, none where it is empty."""
    words = text.split()
    return [tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))] if words else []


def distinct_grams(texts: Iterable[str], n: int = N) -> float | None:
    """The share of the n-grams of all texts that are distinct, in (0, 1] (distinct-n, Li et al. 2016)."""
    found = [gram for text in texts for gram in grams(text, n)]
    return len(set(found)) / len(found) if found else None


def likeness(texts: Iterable[str], n: int = N) -> float | None:
    """The mean over pairs of texts of the n-grams that both have over those that either has, in [0, 1]; 1: all alike.

    Null for fewer than two texts with words. What self-BLEU (Zhu et al. 2018) asks, at a hundredth of its work.
    """
    sets = [found for text in texts if (found := frozenset(grams(text, n)))]
    shared = [1.0 if a is b else (both := len(a & b)) / (len(a) + len(b) - both) for a, b in combinations(sets, 2)]
    return fsum(shared) / len(shared) if shared else None


def entropy(values: Iterable[Hashable]) -> float | None:
    """The entropy of the values' own frequencies in bits, 0 where all are the same."""
    counts = Counter(values)
    total = counts.total()
    return max(0.0, -fsum(n / total * log2(n / total) for n in counts.values())) if total else None


def lines_again(text: str) -> float:
    """The share of a text's lines that stand in it before, in [0, 1); 0 for an empty text."""
    lines = [line for line in text.splitlines() if line.strip()]
    return 1 - len(set(lines)) / len(lines) if lines else 0.0


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are known; null where none is."""
    known: Sequence[float] = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None
