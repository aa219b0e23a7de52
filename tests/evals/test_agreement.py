"""Agreement as it is worked out in print, and what must hold for any labels."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.metrics.agreement import cohen_kappa, krippendorff_alpha


def spread(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Two annotators' labels with this table of how often each pair was given."""
    pairs = [(i, j) for i, row in enumerate(table) for j, number in enumerate(row) for _ in range(number)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_kappa_of_cohens_own_example():
    # Cohen 1960, table 1: two clinicians, 200 patients, three diagnoses; kappa = .492.
    assert cohen_kappa(*spread([[88, 14, 18], [10, 40, 10], [2, 6, 12]])) == pytest.approx(0.492, abs=5e-4)


def test_kappa_of_fifty_grant_proposals():
    # The worked example that handbooks give: 20 both yes, 15 both no, 5 and 10 apart; p_o 0.7, p_e 0.5, kappa 0.4.
    assert cohen_kappa(*spread([[20, 5], [10, 15]])) == pytest.approx(0.4)


# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": examples A, B and C, "." is a label not given.
EXAMPLE_A = ["0100000010", "1110010000"]
EXAMPLE_B = ["aabbdcccedda", "babbbccceddd"]
EXAMPLE_C = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]


def units_of(rows: list[str]) -> list[list[str | None]]:
    return [[None if value == "." else value for value in unit] for unit in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("rows", "level", "alpha"),
    [
        (EXAMPLE_A, "nominal", 0.095), (EXAMPLE_B, "nominal", 0.692), (EXAMPLE_C, "nominal", 0.743),
        (EXAMPLE_C, "ordinal", 0.815),
    ],
)  # fmt: skip
def test_alpha_of_krippendorffs_own_examples(rows: list[str], level: str, alpha: float):
    assert krippendorff_alpha(units_of(rows), level) == pytest.approx(alpha, abs=5e-4)  # type: ignore[arg-type]


def test_where_nobody_could_disagree_there_is_no_figure():
    assert cohen_kappa([], []) is cohen_kappa(["a", "a"], ["a", "a"]) is None
    assert krippendorff_alpha([]) is krippendorff_alpha([["a", "a"], ["a", None]]) is None
    assert krippendorff_alpha([["a", None], [None, "b"]]) is None
    with pytest.raises(ValueError, match="every item"):
        cohen_kappa(["a"], [])
    with pytest.raises(ValueError, match="no place"):
        krippendorff_alpha([["a", "b"]], "ordinal", ["a"])


LABELS = st.sampled_from(["wrong", "neutral", "right"])
UNITS = st.lists(st.lists(st.none() | LABELS, min_size=2, max_size=5), min_size=1, max_size=12)
ORDER = ["wrong", "neutral", "right"]


@given(units=UNITS, seed=st.integers(0, 9), level=st.sampled_from(["nominal", "ordinal"]))
def test_alpha_is_at_most_one_and_does_not_care_who_said_what_first(
    units: list[list[str | None]], seed: int, level: str
):
    alpha = krippendorff_alpha(units, level, ORDER)  # type: ignore[arg-type]
    shuffled = [random.Random(seed).sample(unit, len(unit)) for unit in random.Random(seed).sample(units, len(units))]
    assert krippendorff_alpha(shuffled, level, ORDER[::-1]) == pytest.approx(alpha)  # type: ignore[arg-type]
    agreed = all(len({v for v in unit if v is not None}) < 2 for unit in units)
    assert alpha is None or (alpha == 1) == agreed
    assert alpha is None or alpha <= 1


@given(pairs=st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=20))
def test_kappa_is_symmetric_and_one_for_agreement_alone(pairs: list[tuple[str, str]]):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    kappa = cohen_kappa(first, second)
    assert kappa == cohen_kappa(second, first)
    assert kappa is None or (-1 <= kappa <= 1 and (kappa == 1) == (first == second))


@given(values=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_with_two_ranks_ordinal_is_nominal(values: list[tuple[bool, bool]]):
    assert krippendorff_alpha(values, "ordinal") == pytest.approx(krippendorff_alpha(values, "nominal"))
