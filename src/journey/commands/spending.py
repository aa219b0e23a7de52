"""What a command may spend on model servers, what it would ask at most, what it spent, and the price table of all.

Estimates are upper limits: every reply as long as it may be, every step taken, every retry used. Most work needs less,
and the progress line says what was really spent. Tokens of prompts are reckoned as a quarter of their characters.
"""

import os
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from journey.commands.output import say, sheet
from journey.errors import BudgetReached, UsageError
from journey.models import server_use
from journey.models.base import Model, close
from journey.models.budget import BudgetTracker, Limits, Price, Usage, cost_of, unknown_prices
from journey.models.estimate import Estimate
from journey.models.server_settings import ServerSettings
from journey.models.weights import WRITTEN
from journey.pipeline import plain_settings, registry
from journey.pipeline.stages import keep_spent, served_of
from journey.store.run import Run

Result = TypeVar("Result")
VARIABLE = "JOURNEY_PRICES"
HOUR = "hour"
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


def read_prices(file: Path | None) -> dict[str, Price]:
    """The price table: model names as in commands, each with US dollars a million tokens. Raises UsageError.

    Without a file named by flag or environment the usual places are looked at; none there means that no price is known.
    Rows of GPUs (`H100: {hour: 2.5}`) are left out; see `gpu_price`.
    """
    path, data = _price_table(file)
    models = {name: row for name, row in data.items() if row.keys() != {HOUR}}
    prices = {str(name): plain_settings.typed(Price, row, f"{path}, {name}") for name, row in models.items()}
    for name, price in prices.items():
        if not (0 <= price.prompt < float("inf") and 0 <= price.generated < float("inf")):
            raise UsageError(f"{path}, {name}: a price is in US dollars a million tokens, 0 or more")
    return prices


def gpu_price(file: Path | None, kind: str) -> float | None:
    """US dollars an hour of a GPU of this kind, by the price table; null where it does not say. Raises UsageError."""
    path, data = _price_table(file)
    price = data.get(kind, {}).get(HOUR)
    if price is not None and not (isinstance(price, int | float) and 0 <= price < float("inf")):
        raise UsageError(f"{path}, {kind}: the price of an hour is in US dollars, 0 or more")
    return price


def _price_table(file: Path | None) -> tuple[Path | None, dict[str, dict[str, Any]]]:
    named = file or (Path(place) if (place := os.environ.get(VARIABLE)) else None)
    path = named or next((place.expanduser() for place in PLACES if place.expanduser().is_file()), None)
    if path is None:
        return None, {}
    try:
        data = yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        raise UsageError(f"there is no price table {path}; recipes/prices.yaml shows how one is written") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(data, dict) or not all(isinstance(row, dict) for row in data.values()):
        raise UsageError(f"{path} is no price table; write a line such as openai/NAME: {{prompt: 1.0, generated: 2}}")
    return path, data


def note(tracker: BudgetTracker) -> str:
    """What was spent so far, for the progress line; "" before the first call."""
    spent = tracker.spent()
    paid = [usage_text(sum(spent.values(), Usage()), tracker.cost())] if spent else []
    paid += [*server_use.shown(tracker.servers), *tracker.remarks] if spent else []
    return "; ".join([*paid, *([f"{WRITTEN.total():,} tokens written here"] if WRITTEN else [])])


def usage_text(used: Usage, cost: float | None) -> str:
    """Calls, tokens and cost in a few words."""
    tokens = used.prompt_tokens + used.tokens
    return f"{used.calls:,} calls, {tokens:,} tokens, " + (
        "price unknown" if cost is None else f"${cost:,.4f}" if cost else "no cost"
    )


def spent_rows(tracker: BudgetTracker) -> list[dict[str, Any]]:
    """One row a model that was called: calls, tokens read and generated, cost (null: no price is known)."""
    return [spent_row(model, used, tracker.prices) for model, used in sorted(tracker.spent().items())]


def spent_data(tracker: BudgetTracker) -> dict[str, Any]:
    """What a command with --json says of its calls: `spent_rows`, and what is to be known of the servers."""
    servers = [asdict(one) for one in served_of(tracker)]
    return {"spent": spent_rows(tracker), "notes": notes(tracker), **({"servers": servers} if servers else {})}


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
    """The same for a person, and what is to be known of the servers; nothing where none was called."""
    lines = row_lines(spent_rows(tracker)) + server_lines(list(map(asdict, served_of(tracker))))
    return lines + [("note", what) for what in notes(tracker)]


def notes(tracker: BudgetTracker) -> list[str]:
    """What was noticed of the servers, those of a list among them that were away all the time."""
    away = ("not there yet", "away")
    missing = [one.url for one in tracker.servers if one.state in away and not one.answers]
    return [*(f"no answer came from {url}" for url in missing), *tracker.remarks]


def server_lines(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The servers of a list for a person, as `pipeline.stages.served_by_server` gives them."""
    return [(f"server {row['url']}", served_text(row)) for row in rows]


def served_text(row: Mapping[str, Any]) -> str:
    """How one server fared, in a few words."""
    counts = {"errors": row["failures"], "calls repeated elsewhere": row["late"], "times drained": row["drained"]}
    rate = row["answers"] / row["seconds"] if row["seconds"] else 0.0
    troubles = [f"{n:,} {what}" for what, n in counts.items() if n]
    return ", ".join([f"{row['answers']:,} answers, {rate:.2f} a second", *troubles])


def row_lines(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Such rows for a person."""
    return [
        (f"spent on {row['model']}", usage_text(Usage(row["calls"], row["prompt_tokens"], row["tokens"]), row["cost"]))
        for row in rows
    ]


async def closing(model: Model, work: Awaitable[Result]) -> Result:
    """What the work gives; the model is given back however it ended."""
    try:
        return await work
    finally:
        await close(model)


async def paying(run: Run | None, models: registry.Models, tracker: BudgetTracker, work: Awaitable[Result]) -> Result:
    """The same of many models; what was spent is kept in the run, if there is one, and said by a reached budget."""
    try:
        return await work
    except BudgetReached as reached:
        reached.spent = spent_rows(tracker)
        raise
    finally:
        if run is not None:
            keep_spent(run, tracker)
        await models.close()


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


def machine_lines(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A plan of machines for a person, as `pipeline.cluster_plan` gives it."""
    lines = [("problems", f"{plan['problems']:,}")]
    for row in plan["models"]:
        on = "" if row["gpus"] is None else f"; {row['gpus']} GPUs, {row['gpu_hours']:,.0f} GPU hours"
        work = f"{row['calls']:,} calls, {row['prompt_tokens']:,} tokens read, {row['tokens']:,} generated"
        lines.append((row["model"], work + on))
    hours, cost = plan["hours"], plan["cost"]
    days = f" ({hours / 24:,.1f} days)" if hours is not None and hours >= 24 else ""
    lines += [("hours", f"{hours:,.1f}{days}")] if hours is not None else []
    unknown = "price unknown; prices.yaml takes H100: {hour: 2.5} or MODEL: {prompt: 1.0, generated: 2.0}"
    lines.append(("cost", unknown if cost is None else f"${cost:,.0f}"))
    lines.append(("bytes on disk", f"{plan['bytes'] / 1e9:,.1f} GB"))
    writes, most = plan["writes"], plan["writes_a_second_of_one_run"]
    if hours is None:
        lines.append(("writes", f"{writes:,}"))
    else:
        lines.append(("writes", f"{writes:,}, {plan['writes_a_second']:,.1f} a second; one run stores {most:,}"))
        lines.append(("cores for the client", f"{plan['client_cores']:,.2f}"))
    runs = plan["runs"]
    lines.append(("runs", f"{runs}" + (f": --shard 1/{runs} to --shard {runs}/{runs}" if runs > 1 else " is enough")))
    return lines
