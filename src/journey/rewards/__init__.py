"""Graders and values as reward functions that other trainers import: `from journey.rewards import outcome, value`."""

from journey.rewards.elsewhere import compute_score, reward_func
from journey.rewards.outcomes import outcome
from journey.rewards.values import value

__all__ = ["compute_score", "outcome", "reward_func", "value"]
