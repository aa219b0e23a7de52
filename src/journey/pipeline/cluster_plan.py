"""What a recipe comes to at another number of problems on so many GPUs: hours, money, bytes on disk, writes a second.

It turns the estimate of what models are asked into what machines it takes; training is not in it. All figures are of
upper limits, as the estimate is: most work needs less.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from journey.errors import UsageError
from journey.models.budget import Price, Usage, cost_of
from journey.models.estimate import Estimate

BYTES_A_TOKEN, BYTES_A_CALL = 12, 1300  # of a run's file: a text stands in the call and in its tree (docs/clusters.md)
CPU_A_CALL = 0.0012  # seconds of the client's processor, everything included, for four steps (row S1)
WRITES = 5000  # calls of two kilobytes and records a second that one run stores (row S7; docs/LOG.md)
LARGEST = 100e9  # bytes of a run that can still be copied, checked and merged in an hour: a choice
SPEC = re.compile(r"(\d+)x([^:\s]+):(\S+)")
RATE = re.compile(r"([^=]+)=(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?")
EXAMPLE = "64xH100:7B=2500/30000,72B=300/3000"


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second that one GPU generates with a model, and that it reads (null: reading takes no time)."""

    generated: float
    read: float | None

    def hours(self, used: Usage) -> float:
        """The GPU hours for it."""
        reading = 0.0 if self.read is None else used.prompt_tokens / self.read
        return (used.tokens / self.generated + reading) / 3600


@dataclass(frozen=True, slots=True)
class Gpus:
    """So many GPUs of a kind, and how fast one is with each model, by a part of the model's name."""

    count: int
    kind: str
    rates: Mapping[str, Rate]

    def rate(self, model: str) -> Rate | None:
        """How fast one is with that model, null where the GPUs do not serve it. Raises UsageError for two rates."""
        found = [part for part in self.rates if part in model]
        if len(found) > 1:
            raise UsageError(f"--gpus names {model} twice ({' and '.join(found)}); give a longer part of its name")
        return self.rates[found[0]] if found else None


def read_gpus(text: str) -> Gpus:
    """The GPUs that a text such as 64xH100:7B=2500/30000,72B=300/3000 names. Raises UsageError."""
    whole = SPEC.fullmatch(text)
    rates = [RATE.fullmatch(part) for part in (whole[3].split(",") if whole else ())]
    if whole is None or not all(rates) or int(whole[1]) < 1:
        raise UsageError(
            f"--gpus {text} cannot be read; write how many of which, and for each model a part of its name with the "
            f"tokens a second that one GPU generates, and after a slash those that it reads: {EXAMPLE}"
        )
    known = {rate[1]: Rate(float(rate[2]), None if rate[3] is None else float(rate[3])) for rate in rates if rate}
    if any(0.0 in (rate.generated, rate.read) for rate in known.values()):
        raise UsageError(f"--gpus {text}: a GPU that computes 0 tokens a second never ends; write its measured rate")
    return Gpus(int(whole[1]), whole[2], known)


def scaled(estimates: Sequence[Estimate], known: int, wanted: int) -> list[Estimate]:
    """The estimates for another number of problems that are like those that are known; one a model and purpose."""
    sums: dict[tuple[str, str], Usage] = {}
    for model, purpose, most in estimates:
        share = [ceil(n * wanted / known) for n in (most.calls, most.prompt_tokens, most.tokens)]
        sums[model, purpose] = sums.get((model, purpose), Usage()) + Usage(*share)
    return [Estimate(model, purpose, most) for (model, purpose), most in sums.items()]


def cluster_plan(
    estimates: Sequence[Estimate], records: int, gpus: Gpus | None, prices: Mapping[str, Price],
    gpu_price: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the machines are asked for: `models` (GPUs and hours of each), hours, cost, bytes, writes a second, runs.

    `records` are the trees and thoughts that are stored beside the calls. Without GPUs the hours, and what is a second,
    are null. `cost` in US dollars: the GPUs' hours at `gpu_price`, and the tokens of models that they do not serve;
    null where a price is not known. `runs`: how many share it so that none is larger than `LARGEST`, and its client
    and its writer are busy half of the time at most. Raises UsageError for a model without a rate and without a price.
    """
    by_model: dict[str, Usage] = {}
    for one in estimates:
        by_model[one.model] = by_model.get(one.model, Usage()) + one.most
    rates = {} if gpus is None else {model: rate for model in by_model if (rate := gpus.rate(model)) is not None}
    if gpus is not None and (lacking := [model for model in by_model if model not in rates and model not in prices]):
        raise UsageError(
            f"--gpus does not say how fast {lacking[0]} is; add a part of its name with its tokens a second, as in "
            f"{EXAMPLE}, or give its price a token in the price table if a vendor serves it"
        )
    hours = {model: rate.hours(by_model[model]) for model, rate in rates.items()}
    shared = {} if gpus is None else _shared(gpus.count, hours)
    models = [
        {"model": model, "calls": used.calls, "prompt_tokens": used.prompt_tokens, "tokens": used.tokens,
         "gpu_hours": round(hours[model], 1) if model in hours else None, "gpus": shared.get(model)}
        for model, used in by_model.items()
    ]  # fmt: skip
    wall = max((hours[model] / n for model, n in shared.items()), default=None)
    total = sum(by_model.values(), Usage())
    paid = None if gpus is None or gpu_price is None or wall is None else gpus.count * wall * gpu_price
    vendors = cost_of({model: used for model, used in by_model.items() if model not in rates}, prices)
    size = BYTES_A_TOKEN * total.tokens + BYTES_A_CALL * total.calls
    writes, cores = total.calls + records, total.calls * CPU_A_CALL
    seconds = None if wall is None else wall * 3600
    needs = (
        [size / LARGEST] if seconds is None else [size / LARGEST, 2 * writes / seconds / WRITES, 2 * cores / seconds]
    )
    return {
        "models": models,
        "hours": None if wall is None else round(wall, 1),
        "cost": None if vendors is None or (paid is None and rates) else round(vendors + (paid or 0.0), 2),
        "bytes": size,
        "writes": writes,
        "writes_a_second": None if seconds is None else round(writes / seconds, 1),
        "writes_a_second_of_one_run": WRITES,
        "client_cores": None if seconds is None else round(cores / seconds, 2),
        "runs": max(1, ceil(max(needs))),
    }


def _shared(count: int, hours: Mapping[str, float]) -> dict[str, int]:
    """How many of the GPUs each model gets, in proportion to its hours, at least one. Raises UsageError."""
    busy = [model for model, needed in hours.items() if needed]
    if len(busy) > count:
        raise UsageError(f"--gpus has {count} GPUs for {len(busy)} models; each needs one")
    total = sum(hours.values())
    found = {model: max(1, int(count * hours[model] / total)) for model in busy}
    while (rest := count - sum(found.values())) != 0:
        most = max(found, key=lambda model: hours[model] / found[model])
        least = min((m for m in found if found[m] > 1), key=lambda model: hours[model] / found[model], default=most)
        found[most if rest > 0 else least] += 1 if rest > 0 else -1
    return found
