"""What the searches of a run came to: accuracy against the tokens spent, as figures, a table and a chart."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.metrics.compute import accuracy_at_cost
from journey.pipeline.outcome import compared_on, seed_and_arm
from journey.report.charts import Chart, Dot, Line
from journey.report.document import Column, Table, table
from journey.report.wording import interval, number, percent, short
from journey.store.run import Run
from journey.types import Attempt, SearchRef

Json = Mapping[str, Any]

TITLE = "Accuracy against tokens spent"
TONES = ("accent", "ink", "teal", "plum", "ochre", "soft")


def search_figures(run: Run) -> list[dict[str, Any]]:
    """One row for each model and way of searching, over the seeds that have it; sizes of one way have its `family`.

    `tokens` is what a problem cost on average, the judge's included, over the problems that were tried.
    """
    found: dict[tuple[str, SearchRef, str | None], dict[int, list[Attempt]]] = {}
    for attempt in run.attempts(split=compared_on(run)):
        if (search := attempt.model.search) is not None:
            seed, arm = seed_and_arm(attempt.model)
            found.setdefault((arm, search, attempt.model.judge), {}).setdefault(seed, []).append(attempt)
    rows: list[dict[str, Any]] = []
    for (arm, search, judge), seeds in found.items():
        came_to = accuracy_at_cost(list(seeds.values()))
        bounds = came_to.accuracy
        settings = [f"{key}={value}" for key, value in search.settings]
        settings += [] if judge is None else [f"judge={judge}"]
        rows.append(
            {
                "model": arm, "search": " ".join((search.name, f"n={search.n}", *settings)),
                "family": " ".join((search.name, *settings)), "name": search.name, "settings": settings, "n": search.n,
                "seeds": len(seeds), "problems": max(len({a.problem for a in of}) for of in seeds.values()),
                "accuracy": bounds.value, "low": bounds.low, "high": bounds.high, "tokens": came_to.tokens,
                "model_tokens": came_to.model_tokens, "judge_tokens": came_to.judge_tokens, "calls": came_to.calls,
                "answered": came_to.answered,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["model"], row["family"], row["n"]))


def search_table(figures: Json) -> Table:
    """What every search came to and cost."""
    columns: list[Column] = [
        ("search", lambda row: f"{short(row['model'])}: {row['search']}"),
        ("problems", lambda row: number(row["problems"])),
        ("accuracy", lambda row: percent(row["accuracy"])),
        ("95 % interval", lambda row: interval(row["low"], row["high"])),
        ("tokens spent", lambda row: number(row["tokens"])),
        ("of them judging", lambda row: number(row["judge_tokens"])),
        ("calls", lambda row: number(row["calls"], 1)),
        ("answered", lambda row: percent(row["answered"])),
    ]
    return table(TITLE, columns, figures.get("search", []), brief=True)


def search_chart(figures: Json) -> Chart | None:
    """A line through the sizes of every way of searching, with intervals; null where nothing was searched.

    The model's own answers stand beside them: one at a time as a dot, and with votes as a dashed line.
    """
    families: dict[tuple[str, str], list[Json]] = {}
    for row in figures.get("search", []):
        families.setdefault((row["model"], row["family"]), []).append(row)
    if not families:
        return None
    models = list(dict.fromkeys(model for model, _ in families))
    names = _names([rows[0] for rows in families.values()], several=len(models) > 1)
    lines: list[Line] = []
    dots: list[Dot] = []
    for place, (key, rows) in enumerate(families.items()):
        tone = TONES[place % len(TONES)]
        points = sorted((row["tokens"], row["accuracy"], row["n"]) for row in rows)
        lines.append(Line(names[key], [p[:2] for p in points], tone, marks=[f"n={p[2]}" for p in points]))
        dots += [Dot("", (row["tokens"], row["accuracy"]), row["low"], row["high"], tone) for row in rows]
    for model in models:
        arm = figures["arms"].get(model)
        if arm and arm.get("tokens"):
            dots.append(Dot(f"{short(model)}, one answer", (arm["tokens"], arm["accuracy"]), arm["low"], arm["high"]))
        if votes := figures["votes"].get(model):
            lines.append(Line("maj@k", [(p["tokens"], p["maj"]) for p in votes], "soft", dashed=True))
    return Chart("search", TITLE, "tokens spent a problem", "accuracy", lines, dots, percent=True, log=True)


def _names(searches: Sequence[Json], *, several: bool) -> dict[tuple[str, str], str]:
    """What each line is called: the search's name, with the judge or settings that tell it from others of that name."""
    names: dict[tuple[str, str], str] = {}
    for row in searches:
        alike = [
            other["settings"] for other in searches if (row["model"], row["name"]) == (other["model"], other["name"])
        ]
        apart = [
            word.removeprefix("judge=") for word in reversed(row["settings"]) if not all(word in of for of in alike)
        ]
        shown = " ".join((row["name"], *apart))
        names[row["model"], row["family"]] = short(f"{row['model']}, {shown}" if several else shown)
    return names
