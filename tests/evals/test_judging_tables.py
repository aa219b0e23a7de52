"""Ranking by scores where items count several times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.evals.judging_tables import Ranking


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.booleans(), st.integers(0, 3)), max_size=20))
def test_auc_is_the_share_of_pairs_in_the_right_order_ties_half(rows: list[tuple[float, bool, int]]) -> None:
    weights = [1, 2, 0, 3]
    good = [(s, weights[i]) for s, is_good, i in rows if is_good]
    bad = [(s, weights[i]) for s, is_good, i in rows if not is_good]
    total = sum(w for _, w in good) * sum(w for _, w in bad)
    pairs = sum(v * w * ((s > t) + 0.5 * (s == t)) for s, v in good for t, w in bad)
    got = Ranking(rows).auc(np.array(weights))
    assert got == (None if total == 0 else pytest.approx(pairs / total))
