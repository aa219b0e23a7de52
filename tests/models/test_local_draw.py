"""Drawing tokens: exact nucleus, greedy, and streams that belong to a row."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from journey.models import local_draw
from journey.models.base import ModelError
from journey.models.local_draw import draw, stream


def _draw(logits, temperature, top_p, uniform):
    rows = len(logits)
    wide = [np.broadcast_to(np.asarray(x, float), (rows,)).copy() for x in (temperature, top_p, uniform)]
    return draw(logits, *wide)


def test_temperature_zero_takes_the_most_likely():
    logits = torch.tensor([[0.0, 3.0, 1.0], [2.0, -1.0, 0.0]])
    tokens, logprobs = _draw(logits, 0.0, 0.5, 0.99)
    assert tokens.tolist() == [1, 0]
    assert logprobs == pytest.approx(logits.log_softmax(-1).max(-1).values.double().numpy(), abs=1e-6)


def test_frequencies_follow_the_tempered_distribution():
    logits = torch.tensor([0.3, -1.0, 1.2, 0.0])
    uniform = (np.arange(10_000) + 0.5) / 10_000
    tokens, _ = _draw(logits.expand(10_000, 4), 0.7, 1.0, uniform)
    assert np.bincount(tokens, minlength=4) / 10_000 == pytest.approx((logits / 0.7).softmax(-1).numpy(), abs=2e-4)


@settings(max_examples=60)
@given(st.lists(st.floats(-4, 4), min_size=2, max_size=12), st.floats(0.05, 1.0), st.floats(0.2, 2.0))
def test_the_nucleus_is_the_smallest_set_that_holds_top_p(values, top_p, temperature):
    logits = torch.tensor(values)
    probs = (logits.double() / temperature).softmax(-1).numpy()
    uniform = (np.arange(400) + 0.5) / 400
    tokens, _ = _draw(logits.expand(400, len(values)), temperature, top_p, uniform)
    order = np.argsort(-probs, kind="stable")
    mass = np.cumsum(probs[order])
    size = min(int(np.searchsorted(mass, top_p - 1e-9)) + 1, len(values))
    # One token more is allowed where rounding decides whether `top_p` was reached.
    assert set(tokens.tolist()) <= set(order[: size + 1].tolist())


def test_a_row_is_drawn_alike_beside_rows_of_other_temperature_and_nucleus():
    torch.manual_seed(0)
    logits, uniform = torch.randn(60, 30), np.random.default_rng(0).random(60)
    temperature, top_p = np.tile([0.0, 0.7, 1.0], 20), np.tile([1.0, 0.6, 1.0, 0.9], 15)
    together, _ = draw(logits, temperature, top_p, uniform)
    alone = [int(draw(logits[[i]], temperature[[i]], top_p[[i]], uniform[[i]])[0][0]) for i in range(60)]
    assert together.tolist() == alone


def test_of_a_large_vocabulary_looking_at_the_likely_tokens_first_changes_no_draw(monkeypatch):
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    logits = torch.randn(400, 90) * torch.tensor([1.0, 3.0, 8.0, 20.0]).repeat(100)[:, None]
    logits[::3] = logits[::3].round()  # many tokens are equally likely, also at the edge of those looked at
    temperature, top_p, uniform = rng.choice([0.5, 1.0], 400), rng.choice([0.05, 0.6, 0.95, 1.0], 400), rng.random(400)
    whole = draw(logits, temperature, top_p, uniform)
    monkeypatch.setattr(local_draw, "_LIKELY", 8)
    first = draw(logits, temperature, top_p, uniform)
    assert whole[0].tolist() == first[0].tolist() and whole[1].tolist() == first[1].tolist()


@given(st.integers(0, 2**63 - 1), st.integers(0, 100))
@settings(max_examples=30)
def test_a_stream_depends_on_its_name_alone(seed, sample):
    assert (stream(seed, sample).random(5) == stream(seed, sample).random(5)).all()
    assert (stream(seed, sample).random(5) != stream(seed, sample + 1).random(5)).any()


def test_logits_that_are_not_numbers_are_an_error():
    with pytest.raises(ModelError, match="float32"):
        _draw(torch.tensor([[0.0, float("nan")]]), 1.0, 1.0, 0.5)
