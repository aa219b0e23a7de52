"""What a command would ask of models at most, before it asks anything: calls, tokens and, where prices are known, cost.

These are upper limits: every reply as long as it may be, every step taken, every retry used. Most work needs less, and
the progress line says what was really spent. Tokens of prompts are reckoned as a quarter of their characters.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.commands.output import say, sheet
from journey.commands.spending import spent_row, usage_text
from journey.models.budget import Price, Usage, cost_of, unknown_prices
from journey.models.estimate import Estimate
from journey.models.server_settings import ServerSettings
from journey.pipeline import registry


def with_local(
    prices: Mapping[str, Price], estimates: Sequence[Estimate], servers: Mapping[str, ServerSettings]
) -> dict[str, Price]:
    """The prices, and those of the models that no server is asked for: they cost nothing."""
    local = {one.model: Price(0.0, 0.0) for one in estimates if not registry.is_served(one.model, servers)}
    return {**local, **prices}


def priced(estimates: Sequence[Estimate], prices: Mapping[str, Price]) -> list[dict[str, Any]]:
    """The rows of the JSON object."""
    return [spent_row(one.model, one.most, prices) | {"purpose": one.purpose} for one in estimates]


def estimate_lines(estimates: Sequence[Estimate], prices: Mapping[str, Price]) -> list[tuple[str, Any]]:
    """The same for a person, with the sum."""
    lines: list[tuple[str, Any]] = [
        (f"{one.purpose} by {one.model}", usage_text(one.most, cost_of({one.model: one.most}, prices)))
        for one in estimates
    ]
    if len(estimates) > 1:
        costs = [cost_of({one.model: one.most}, prices) for one in estimates]
        known = [cost for cost in costs if cost is not None]
        total = sum(known) if len(known) == len(costs) else None
        lines.append(("in all, at most", usage_text(sum((one.most for one in estimates), Usage()), total)))
    if unknown := unknown_prices({one.model: one.most for one in estimates}, prices):
        lines.append(("prices to be put into prices.yaml (see recipes/prices.yaml)", ", ".join(unknown)))
    return lines


def say_estimate(
    source: Path | str, problems: int, most: Sequence[Estimate], prices: Mapping[str, Price],
    servers: Mapping[str, ServerSettings], json: bool,
) -> int:  # fmt: skip
    """Says what would be asked at most; the exit code."""
    known = with_local(prices, most, servers)
    data = {"run": str(source), "problems": problems, "asked_at_most": priced(most, known)}
    say(json, data, sheet("what would be asked at most", estimate_lines(most, known) or [("calls", 0)]))
    return 0
