"""Rounds as the report shows them: curves with intervals, the mix as bars, the guards as small pictures, a table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from journey.report.bars import Bar, bars_svg
from journey.report.charts import Chart, Dot, Line, chart_svg
from journey.report.document import Column, Picture, Pictures, Table, table
from journey.report.rounds import is_own
from journey.report.wording import interval, number, percent, short, tone

Json = Mapping[str, Any]

GUARDS = {
    "accuracy": ("validation accuracy", True), "pass_at": ("pass@k", True),
    "right_ways": ("right ways a problem", False),
    "first_steps": ("first steps a problem", False), "entropy": ("entropy of the first step, bits", False),
    "ngrams": ("distinct 4-grams", True), "likeness": ("likeness of answers", True),
    "tokens": ("answer tokens", False), "cut_off": ("cut off", True), "repeats": ("repeats", True),
    "new_ways": ("new right ways", True), "given": ("given share", True),
}  # fmt: skip
"""What a round measures, by its name there: in words, and whether it is a share."""
MIX = {"given": "ochre", "labelled by people": "plum", "earlier rounds": "soft", "this round": "accent"}
"""The parts of a mix and their colours."""
SPARE = ("teal", "plum", "ochre")  # colours of arms that have none of their own, or one that another has


def round_parts(figures: Json) -> list[Table | Pictures]:
    """The report's section: curves and mix, the table, the guards as small pictures; nothing without rounds."""
    if not figures.get("rounds"):
        return []
    curves = [Picture(chart.name, chart.title, chart_svg(chart)) for chart in [round_chart(figures)] if chart]
    mix = Picture(
        "mix", "What each round was trained on: rows", bars_svg("Rows by where they came from", mix_bars(figures))
    )
    small = [Picture(chart.name, chart.title, chart_svg(chart)) for chart in guard_charts(figures)]
    return [
        Pictures("Rounds", [*curves, mix]),
        round_table(figures),
        Pictures("Guards by round (dashed: bounds)", small, small=True),
    ]


def round_table(figures: Json) -> Table:
    """A row an arm and round."""
    rows = figures.get("rounds", [])
    seeds = max((row["seeds"] for row in rows), default=0)
    columns: list[Column] = [
        ("", lambda row: f"{short(row['arm'])}, round {row['round']}"),
        ("seeds", lambda row: f"{row['seeds']} of {seeds}" if any(r["seeds"] < seeds for r in rows) else ""),
        ("accuracy", lambda row: percent(row["accuracy"])),
        ("95 % interval", lambda row: "" if row["low"] is None else interval(row["low"], row["high"])),
        ("fixed", lambda row: "" if row["fixed"] is None else number(row["fixed"])),
        ("broke", lambda row: "" if row["broke"] is None else number(row["broke"])),
        (f"pass@{rows[0]['k'] if rows else 'k'}", lambda row: _known(row["measured"].get("pass_at"), percent)),
        ("right ways", lambda row: _known(row["diversity"], lambda n: number(n, 2))),
        ("given", lambda row: _known(row["given_share"], percent)),
        ("model", kept_words),
    ]
    splits = {row["split"]: None for row in rows}
    note = (
        f"Accuracy on {' or '.join(splits)} problems, all other figures on validation problems. Fixed and broke: "
        "problems against the last good model before. Right ways: distinct ones a problem. A model is kept where the "
        "guards let it grow the next round's trees. An arm that a guard ended has no later rounds."
    )
    people = {name: None for row in rows for one in row["by_seed"] for name in one["settings"].get("labelled by", ())}
    note += f" Labelled thoughts in the mix are by {', '.join(people)}." if people else ""
    prose = any(row["why"] for row in rows)
    return table("Each round", columns, rows, note=note if rows else "", prose=prose, brief=True)


def kept_words(row: Json) -> str:
    """In how many seeds the round's model became the last good one, and which guard ended the others."""
    kept = sum(one["model"] is not None and one["good"] == one["model"] for one in row["by_seed"])
    words = "kept" if row["kept"] else f"kept in {kept} of {row['seeds']} seeds" if kept else "not kept"
    return f"{words}. {row['why']}" if row["why"] else words


def _known(value: float | None, words: Callable[[float], str]) -> str:
    return "" if value is None else words(value)


def round_chart(figures: Json, lit: str | None = None) -> Chart | None:
    """Accuracy over rounds with its interval, a line an arm; where one is `lit` the others recede."""
    rows = [row for row in figures["rounds"] if row["accuracy"] is not None]
    lines, dots = _lines(rows, lambda row: row["accuracy"], lit)
    whiskers = [
        Dot("", (x, row["accuracy"]), row["low"], row["high"], dot.tone)
        for row, dot, x in zip(rows, dots, (dot.at[0] for dot in dots), strict=True)
    ]
    title = "Accuracy by round, with 95 % intervals"
    return Chart("rounds", title, "round", "accuracy", lines, whiskers, percent=True, whole=True) if lines else None


def guard_charts(figures: Json, lit: str | None = None) -> list[Chart]:
    """A small chart a figure that was measured, a line an arm; dashed: the bound that its guard sets."""
    found: list[Chart] = []
    domains = sorted({name for row in figures["rounds"] for name in row["measured"] if name.startswith("accuracy ")})
    files = {name: f"domain_{place}" for place, name in enumerate(domains, 1)}  # a domain may be called anything
    for name, (title, is_share) in (GUARDS | {name: (name, True) for name in domains}).items():
        rows = [row for row in figures["rounds"] if row["measured"].get(name) is not None]
        lines, dots = _lines(rows, lambda row, name=name: row["measured"][name], lit)
        bound = figures.get("round_bounds", {}).get(name)
        if lines and bound is not None:
            numbers = [row["round"] for row in rows]
            lines = [*lines, Line("", [(min(numbers), bound), (max(numbers), bound)], "soft", dashed=True)]
        if lines:
            found.append(
                Chart(
                    f"guard_{files.get(name, name)}",
                    title,
                    "round",
                    title,
                    lines,
                    dots,
                    percent=is_share,
                    whole=True,
                    small=True,
                )
            )
    return found


def _lines(rows: Sequence[Json], value: Callable[[Json], float], lit: str | None) -> tuple[list[Line], list[Dot]]:
    """A line an arm, and a dot a row; arms stand a little beside each other, so that their whiskers do."""
    by_arm: dict[str, list[Json]] = {}
    for row in rows:
        by_arm.setdefault(row["arm"], []).append(row)
    tones = _tones(by_arm, lit)
    lines: list[Line] = []
    dots: list[Dot] = []
    for place, (arm, of) in enumerate(by_arm.items()):
        points = [(row["round"] + 0.05 * (place - (len(by_arm) - 1) / 2), value(row)) for row in of]
        lines.append(Line(short(arm), points, tones[arm]))
        dots += [Dot("", point, point[1], point[1], tones[arm]) for point in points]
    return lines, dots


def _tones(arms: Json, lit: str | None) -> dict[str, str]:
    """Each arm's colour; those that have the grey one, or that of an arm before them, get others."""
    if lit is not None:
        return {arm: "accent" if arm == lit else "soft" for arm in arms}
    spare, found = iter(SPARE), dict[str, str]()
    for arm in arms:
        found[arm] = next(spare, "soft") if tone(arm) in ("soft", *found.values()) else tone(arm)
    return found


def mix_bars(figures: Json) -> list[Bar]:
    """A bar an arm and round: its rows by whether they were given, labelled, of earlier rounds or of this one."""
    return [
        Bar(f"{short(row['arm'])} {row['round']}", [(name, n, MIX[name]) for name, n in parts_of_mix(row).items()])
        for row in figures["rounds"]
    ]


def parts_of_mix(row: Json) -> dict[str, float]:
    """The rows of a mix in the parts that a bar has."""
    found = dict.fromkeys(MIX, 0.0)
    for name, n in row["mix"].items():
        own = "this round" if name == f"round {row['round']}" else "earlier rounds"
        found[own if is_own(name) else "labelled by people" if name == "labelled" else "given"] += n
    return found
