"""The order in which rows are trained on."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from journey.training.order import plan

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=200)


@given(LENGTHS, st.integers(1, 32), st.integers(1, 4))
def test_every_row_is_seen_once_a_pass(lengths: list[int], batch: int, passes: int) -> None:
    assert Counter(plan(lengths, batch, passes, None, 0)) == {i: passes for i in range(len(lengths))}


@given(LENGTHS, st.integers(1, 32), st.integers(1, 40))
def test_max_steps_is_exact(lengths: list[int], batch: int, steps: int) -> None:
    order = plan(lengths, batch, 1, steps, 0)
    assert (steps - 1) * batch < len(order) <= steps * batch
    seen = Counter(order)
    assert max(seen.values()) - min(seen.get(i, 0) for i in range(len(lengths))) <= 1


def test_the_seed_decides_the_order() -> None:
    lengths = list(range(1, 101))
    assert plan(lengths, 8, 2, None, 1) == plan(lengths, 8, 2, None, 1)
    assert plan(lengths, 8, 2, None, 1) != plan(lengths, 8, 2, None, 2)


def test_rows_of_like_length_meet() -> None:
    lengths = [1 + 7 * i % 400 for i in range(400)]
    order = plan(lengths, 16, 1, None, 0)
    padded = sum(16 * max(lengths[i] for i in order[at : at + 16]) for at in range(0, 400, 16))
    assert padded < 1.2 * sum(lengths)
