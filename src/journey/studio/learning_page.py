"""What reinforcement learning did to its models: curves over generated tokens, means over seeds with intervals."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.metrics.accuracy import t_interval
from journey.report.charts import Band, Chart, Line, Point, chart_svg
from journey.store.entries import Training
from journey.studio import safe
from journey.studio.place import link, without
from journey.studio.reading import Lists, lists_of
from journey.studio.records import run_at
from journey.studio.view import view
from journey.types import label

MOST = 8  # arms with a line of their own
POINTS = 60  # of a line
TONES = ("accent", "ink", "teal", "plum", "ochre", "soft")
CHECKED = "validation accuracy"
DRAWN = {
    "right answers": "avg(outcome = 'right')",
    "reward": "avg(reward)",
    "tokens an answer": "avg(tokens)",
    "cut off": "avg(finish = 'length')",
    "backtracks an answer": "avg(backtracks)",
    "recoveries an answer": "avg(recoveries)",
}
"""Means over the rollouts of an update, as SQL over their facts."""
SHARES = (CHECKED, "right answers", "cut off")
_MODELS = "SELECT model, count(*) AS n, min(id) AS id FROM rollouts GROUP BY model ORDER BY model"
Curves = Mapping[str, Sequence[Point]]


def learning_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """A line an arm, the mean of its seeds with the interval; `arm` of the address is lit and shows its seeds, `model`
    is one seed's model alone, before the others.
    """
    lists = lists_of(path)
    arms, counts = _arms(path, lists)
    if not arms:
        view('<p class="empty">No rollouts yet: journey train rl makes some.</p>', "body")
        return
    model = where["model"] if where.get("model") in counts else None
    arm = next((name for name, of in arms.items() if model in of), where.get("arm"))
    arm = arm if arm in arms else None
    here = {**without(where, "model", "arm"), "page": "learning", "run": run}
    tabs = [link("all arms", "" if arm else "here", **here)]
    tabs += [link(f"{safe.html(safe.line(name, 60))} {sum(counts[m] for m in of):,}", "here" if name == arm else "",
                  **here, arm=name) for name, of in arms.items()]  # fmt: skip
    html = f'<div class="tabs compare">{"".join(tabs)}</div>'
    if arm and len(arms[arm]) > 1:
        seeds = [link("mean of the seeds", "" if model else "here", **here, arm=arm)]
        seeds += [link(safe.html(safe.line(m, 60)), "here" if m == model else "", **here, model=m) for m in arms[arm]]
        html += f'<div class="tabs compare">{"".join(seeds)}</div>'
    shown = [*([arm] if arm else []), *(name for name in arms if name != arm)][:MOST]
    curves = {m: _curve(lists, m) | _checks(path, m) for name in shown for m in arms[name]}
    figures = ""
    for title in (CHECKED, *DRAWN):
        chart = _chart(title, {name: {m: curves[m].get(title, []) for m in arms[name]} for name in shown}, arm, model)
        if chart.lines:
            figures += f"<figure><figcaption>{title.capitalize()}</figcaption>{chart_svg(chart)}</figure>"
    more = f'<p class="muted">and {len(arms) - len(shown)} more arms</p>' if len(arms) > len(shown) else ""
    note = ""
    if any(len(of) > 1 for of in arms.values()):
        note = "Lines are means over seeds; bands are their 95 % intervals, Student's, cut off at the axes."
        note = f'<p class="muted">{note} An arm shows its seeds, and each of them can be looked at alone.</p>'
    view(f'<h1 class="title">Learning</h1>{html}{more}<div class="charts">{figures}</div>{note}', "body")


def _arms(path: Path, lists: Lists) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The models that drew rollouts by their arms, those of no arm by themselves; and how many each drew."""
    arms: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for row in lists.figure(_MODELS):
        one: Any = run_at(path).get("rollouts", row["id"])
        arms.setdefault(label(one.model, over_seeds=True), []).append(row["model"])
        counts[row["model"]] = row["n"]
    return arms, counts


def _chart(title: str, curves: Mapping[str, Curves], arm: str | None, model: str | None) -> Chart:
    """One figure: each arm's mean with its band; of the lit arm its seeds, or one of them alone before its mean."""
    lines: list[Line] = []
    bands: list[Band] = []
    for place, (name, of) in enumerate(curves.items()):
        tone = TONES[place % len(TONES)] if arm is None else "accent" if name == arm else "soft"
        seeds = [points for points in of.values() if len(points) > 1]
        mean, band = mean_of(seeds, title in SHARES)
        if name == arm and len(seeds) > 1:
            lines += [Line("", points, f"{tone} thin") for m, points in of.items() if m != model and len(points) > 1]
        if name == arm and model is not None and len(seeds) > 1:
            lines.append(Line("mean", mean, "ink", dashed=True))
            mean, band, name = of[model], [], model
        if len(mean) > 1:
            lines.append(Line(safe.line(name, 22), mean, tone))
        if band:
            bands.append(Band(band, tone))
    return Chart("", title, "generated tokens", title, lines, bands=bands, percent=title in SHARES)


def mean_of(seeds: Sequence[Sequence[Point]], is_share: bool) -> tuple[list[Point], list[tuple[float, float, float]]]:
    """The mean of seeds' curves as far as all of them reach, and Student's 95 % interval along it; one seed has none.

    Between a curve's points it is taken for straight.
    """
    if len(seeds) < 2:
        return list(seeds[0]) if seeds else [], []
    start, end = max(points[0][0] for points in seeds), min(points[-1][0] for points in seeds)
    if end <= start:
        return [], []
    xs = [start + (end - start) * i / (POINTS - 1) for i in range(POINTS)]
    found = [(x, t_interval([_at(points, x) for points in seeds])) for x in xs]
    clipped = [(x, one.clipped(0, 1) if is_share else one) for x, one in found]
    return [(x, one.value) for x, one in found], [(x, one.low, one.high) for x, one in clipped]


def _at(points: Sequence[Point], x: float) -> float:
    """A curve's value at x, which lies within it."""
    after = max(1, min(bisect_left(points, x, key=lambda point: point[0]), len(points) - 1))
    (left, low), (right, high) = points[after - 1], points[after]
    return low if right == left else low + (high - low) * (x - left) / (right - left)


def _curve(lists: Lists, model: str) -> dict[str, list[Point]]:
    """Each drawn mean against the tokens that were generated by then, over runs of updates where there are many."""
    columns = ", ".join(f'{how} AS "{title}"' for title, how in DRAWN.items())
    last = lists.figure("SELECT coalesce(max(step), 0) AS last FROM rollouts WHERE model = ?", (model,))[0]["last"]
    width = last // POINTS + 1
    query = f"SELECT sum(spent) AS spent, {columns} FROM rollouts WHERE model = ? GROUP BY step / ? ORDER BY step / ?"
    found: dict[str, list[Point]] = {title: [] for title in DRAWN}
    spent = 0.0
    for row in lists.figure(query, (model, width, width)):
        spent += row["spent"]
        for title, points in found.items():
            if row[title] is not None:
                points.append((spent, float(row[title])))
    return found


def _checks(path: Path, model: str) -> dict[str, list[Point]]:
    """The checks on validation problems in the model's curve, once it is trained."""
    points: list[Point] = []
    for entry in run_at(path).entries(Training, model=model):
        for point in entry.curve:
            check: Any = point.get("check")
            if check and check.get("problems"):
                points.append((float(point["tokens"]), check["right"] / check["problems"]))
    return {CHECKED: points}
