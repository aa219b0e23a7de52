"""What a command may spend on model servers, what it spent, and the price table both are reckoned with."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from journey.errors import UsageError
from journey.models.budget import BudgetTracker, Limits, Price, Usage, cost_of
from journey.pipeline import plain_settings

VARIABLE = "JOURNEY_PRICES"
PLACES = (Path("prices.yaml"), Path("~/.config/journey/prices.yaml"))


@dataclass(frozen=True, slots=True)
class Allowance:
    """The budget that a command's flags give; null means no limit. `prices` null: the file in its usual places."""

    cost: float | None = None
    tokens: int | None = None
    calls: int | None = None
    prices: Path | None = None

    def tracker(self) -> BudgetTracker:
        """A tracker with this budget. Raises UsageError for a price table that cannot be read."""
        return BudgetTracker(Limits(self.cost, self.tokens, self.calls), read_prices(self.prices))


FREELY = Allowance()


def read_prices(file: Path | None) -> dict[str, Price]:
    """The price table: model names as in commands, each with US dollars a million tokens. Raises UsageError.

    Without a file named by flag or environment the usual places are looked at; none there means that no price is known.
    """
    named = file or (Path(place) if (place := os.environ.get(VARIABLE)) else None)
    path = named or next((place.expanduser() for place in PLACES if place.expanduser().is_file()), None)
    if path is None:
        return {}
    try:
        data = yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        raise UsageError(f"there is no price table {path}; recipes/prices.yaml shows how one is written") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(data, dict) or not all(isinstance(row, dict) for row in data.values()):
        raise UsageError(f"{path} is no price table; write a line such as openai/NAME: {{prompt: 1.0, generated: 2}}")
    prices = {str(name): plain_settings.typed(Price, row, f"{path}, {name}") for name, row in data.items()}
    for name, price in prices.items():
        if not (0 <= price.prompt < float("inf") and 0 <= price.generated < float("inf")):
            raise UsageError(f"{path}, {name}: a price is in US dollars a million tokens, 0 or more")
    return prices


def note(tracker: BudgetTracker) -> str:
    """What was spent so far, for the progress line; "" before the first call."""
    spent = tracker.spent()
    return usage_text(sum(spent.values(), Usage()), tracker.cost()) if spent else ""


def usage_text(used: Usage, cost: float | None) -> str:
    """Calls, tokens and cost in a few words."""
    tokens = used.prompt_tokens + used.tokens
    return f"{used.calls:,} calls, {tokens:,} tokens, " + (
        "price unknown" if cost is None else f"${cost:,.4f}" if cost else "no cost"
    )


def spent_rows(tracker: BudgetTracker) -> list[dict[str, Any]]:
    """One row a model that was called: calls, tokens read and generated, cost (null: no price is known)."""
    return [spent_row(model, used, tracker.prices) for model, used in sorted(tracker.spent().items())]


def spent_row(model: str, used: Usage, prices: Mapping[str, Price]) -> dict[str, Any]:
    """What a model used (or would use), and what that costs."""
    return {
        "model": model,
        "calls": used.calls,
        "prompt_tokens": used.prompt_tokens,
        "tokens": used.tokens,
        "cost": cost_of({model: used}, prices),
    }


def spent_lines(tracker: BudgetTracker) -> list[tuple[str, str]]:
    """The same for a person; nothing where no server was called."""
    return row_lines(spent_rows(tracker))


def row_lines(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Such rows for a person."""
    return [
        (f"spent on {row['model']}", usage_text(Usage(row["calls"], row["prompt_tokens"], row["tokens"]), row["cost"]))
        for row in rows
    ]
