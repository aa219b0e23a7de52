"""FLOPs by Kaplan's formula, and the shapes of saved models."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from journey.errors import UsageError
from journey.metrics.flops import Compute, Shape, forward, points_per_flop, read_shape, training
from journey.models.weights import model_path


def test_seven_billion_parameters_cost_fourteen_billion_flops_a_token() -> None:
    assert forward(Shape(7_000_000_000), 1) == 14e9
    assert training(Shape(7_000_000_000), 1_000_000) == pytest.approx(4.2e16)


@given(n=some.integers(1, 10**9), tokens=some.integers(0, 10**6), length=some.integers(0, 4096))
def test_training_costs_three_forward_passes_and_attention_only_adds(n: int, tokens: int, length: int) -> None:
    shape = Shape(n, 640)
    assert training(shape, tokens, length) == pytest.approx(3 * forward(shape, tokens, length))
    assert forward(shape, tokens, length) >= forward(shape, tokens)


def test_the_shape_of_the_tiny_base_is_read_from_its_files() -> None:
    # Four layers of attention (five query heads, one key-value head of 32), 3 x 160 x 480 MLP, four norms (two of 160,
    # two of 32); a last norm.
    layer = 2 * 160 * 160 + 2 * 160 * 32 + 3 * 160 * 480 + 2 * 160 + 2 * 32
    assert read_shape(model_path("tiny")) == Shape(4 * layer + 160, 4 * 160)


def test_a_folder_without_a_model_and_a_torn_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no config"):
        read_shape(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="no safetensors"):
        read_shape(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 12)
    with pytest.raises(UsageError, match="header"):
        read_shape(tmp_path)


def test_an_unknown_judge_makes_the_sum_unknown_not_zero() -> None:
    known, unknown = Compute(1, 2, 0, 4, 5), Compute(1, 2, None, 4, 5)
    assert (known.data, known.made) == (2, 6)
    assert (unknown.data, unknown.made) == (None, None)
    assert points_per_flop(3.0, unknown.made) is None
    assert points_per_flop(3.0, known.made) == 0.5
