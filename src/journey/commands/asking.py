"""What a command would ask of models at most, before it asks anything: calls, tokens and, where prices are known, cost.

These are upper limits: every reply as long as it may be, every step taken, every retry used. Most work needs less, and
the progress line says what was really spent. Tokens of prompts are reckoned as a quarter of their characters.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.commands.output import say, sheet
from journey.commands.spending import said, spent_row
from journey.models.budget import Price, Usage, cost_of, unknown_prices
from journey.models.estimate import Estimate
from journey.models.server_settings import ServerSettings
from journey.pipeline import registry


def with_local(
    prices: Mapping[str, Price], asked: Sequence[Estimate], servers: Mapping[str, ServerSettings]
) -> dict[str, Price]:
    """The prices, and those of the models that no server is asked for: they cost nothing."""
    local = {one.model: Price(0.0, 0.0) for one in asked if not registry.is_served(one.model, servers)}
    return {**local, **prices}


def priced(asked: Sequence[Estimate], prices: Mapping[str, Price]) -> list[dict[str, Any]]:
    """The rows of the JSON object."""
    return [spent_row(one.model, one.most, prices) | {"purpose": one.purpose} for one in asked]


def asked_lines(asked: Sequence[Estimate], prices: Mapping[str, Price]) -> list[tuple[str, Any]]:
    """The same for a person, with the sum."""
    lines: list[tuple[str, Any]] = [
        (f"{one.purpose} by {one.model}", said(one.most, cost_of({one.model: one.most}, prices))) for one in asked
    ]
    if len(asked) > 1:
        costs = [cost_of({one.model: one.most}, prices) for one in asked]
        known = [cost for cost in costs if cost is not None]
        total = sum(known) if len(known) == len(costs) else None
        lines.append(("in all, at most", said(sum((one.most for one in asked), Usage()), total)))
    if unknown := unknown_prices({one.model: one.most for one in asked}, prices):
        lines.append(("prices to be put into prices.yaml (see recipes/prices.yaml)", ", ".join(unknown)))
    return lines


def say_estimate(
    source: Path | str, problems: int, most: Sequence[Estimate], prices: Mapping[str, Price],
    servers: Mapping[str, ServerSettings], json: bool,
) -> int:  # fmt: skip
    """Says what would be asked at most; the exit code."""
    known = with_local(prices, most, servers)
    data = {"run": str(source), "problems": problems, "asked_at_most": priced(most, known)}
    say(json, data, sheet("what would be asked at most", asked_lines(most, known) or [("calls", 0)]))
    return 0
