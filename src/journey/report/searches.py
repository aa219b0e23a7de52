"""What the searches of a run came to: accuracy against the tokens spent, as figures, a table and a chart."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.metrics.compute import accuracy_at_cost
from journey.pipeline.outcome import compared_on, seed_and_arm
from journey.report.charts import Chart, Dot, Line
from journey.report.document import Column, Table, table
from journey.report.wording import interval, number, percent, short
from journey.store.run import Run
from journey.types import Attempt, SearchRef, search_words

Json = Mapping[str, Any]

Way = tuple[str, str, tuple[tuple[str, Any], ...], str | None]

TITLE = "Accuracy against tokens spent"
TONES = ("accent", "ink", "teal", "plum", "ochre", "soft")


def search_figures(run: Run) -> list[dict[str, Any]]:
    """One row for each model and way of searching, over the seeds that have it.

    `family` and `settings` show the fields `with` and `judge`. `tokens` is what a problem cost on average, the judge's
    included, over the problems that were tried.
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
        words = search_words(search, judge)
        rows.append(
            {
                "model": arm, "search": " ".join((search.name, f"n={search.n}", *words)), "name": search.name,
                "family": " ".join((search.name, *words)), "settings": words, "n": search.n,
                "with": dict(search.settings), "judge": judge,
                "seeds": len(seeds), "problems": max(len({a.problem for a in of}) for of in seeds.values()),
                "accuracy": bounds.value, "low": bounds.low, "high": bounds.high, "tokens": came_to.tokens,
                "model_tokens": came_to.model_tokens, "judge_tokens": came_to.judge_tokens, "calls": came_to.calls,
                "answered": came_to.answered,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["model"], row["family"], row["n"]))


def _way(row: Json) -> Way:
    """Whose searches of which kind these are, whatever their sizes."""
    return row["model"], row["name"], tuple(row["with"].items()), row["judge"]


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
    ways: dict[Way, list[Json]] = {}
    for row in figures.get("search", []):
        ways.setdefault(_way(row), []).append(row)
    if not ways:
        return None
    models = list(dict.fromkeys(model for model, *_ in ways))
    names = _names(list(ways), several=len(models) > 1)
    lines: list[Line] = []
    dots: list[Dot] = []
    for place, (key, rows) in enumerate(ways.items()):
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


def _names(ways: Sequence[Way], *, several: bool) -> dict[Way, str]:
    """What each line is called: the search's name, with the judge or settings that tell it from others of that name."""
    names: dict[Way, str] = {}
    for model, name, settings, judge in ways:
        alike = [(other[2], other[3]) for other in ways if other[:2] == (model, name)]
        apart = [judge] if judge is not None and any(of[1] != judge for of in alike) else []
        apart += [f"{key}={value}" for key, value in settings if not all((key, value) in of[0] for of in alike)]
        shown = " ".join((name, *apart))
        names[model, name, settings, judge] = short(f"{model}, {shown}" if several else shown)
    return names
