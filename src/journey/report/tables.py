"""A run's report as one document: every column of its tables is one line here."""

import json
from collections.abc import Mapping
from statistics import median
from typing import Any

from journey.pipeline.arms import compared
from journey.report.charts import chart_svg, whiskers_svg
from journey.report.difficulty import difficulty_table
from journey.report.document import Column, Document, Picture, Pictures, Table, table
from journey.report.example import Example
from journey.report.pictures import accuracy_dots, charts
from journey.report.rl import rl_table
from journey.report.round_pictures import round_parts, round_table
from journey.report.samples import best_table, group_table, vote_table
from journey.report.searches import search_table
from journey.report.suite_tables import suite_tables
from journey.report.wording import TOY, arms, gain_lines, interval, label, mean_of, notes, number, percent, short
from journey.thoughts.behaviour_figures import MEASURES

Json = Mapping[str, Any]

KINDS = 8  # kinds of errors beside each other; the rarer ones are one column
SEEDS = 10  # of more seeds than these the single figures are left to report.json


def brief(figures: Json) -> Document:
    """What the terminal shows: the table, what came out, the searches, the rounds."""
    thoughts = sum(of["thoughts"] for of in figures.get("thoughts", {}).values())
    nothing = f"{number(thoughts)} thoughts, and no comparison of {' and '.join(map(short, compared()))} yet."
    return Document(
        title=str(figures["run"]),
        subtitle="Journey learning against shortcut learning from the same trees",
        headline=gain_lines(figures) or [nothing],
        parts=[arm_table(figures), search_table(figures), round_table(figures)],
        notes=notes(figures),
        warning=TOY,
    )


def document(figures: Json, example: Example | None = None, settings: Json | None = None) -> Document:
    """The whole report."""
    first = brief(figures)
    dots = accuracy_dots(figures)
    drawn = [Picture(chart.name, chart.title, chart_svg(chart)) for chart in charts(figures)]
    whiskers = whiskers_svg("Accuracy with 95 % interval", dots)
    intervals = [Picture("accuracy", "95 % interval; thin ticks are single seeds", whiskers)] if dots else []
    return Document(
        title=first.title,
        subtitle=first.subtitle,
        headline=first.headline,
        parts=[
            first.parts[0], Pictures("Accuracy", intervals), Pictures("", drawn), first.parts[1],
            *round_parts(figures), rl_table(figures), vote_table(figures), best_table(figures), group_table(figures),
            difficulty_table(figures),
            *([example] if example else []), error_table(figures), behaviour_table(figures), words_table(figures),
            *suite_tables(figures), seed_table(figures), server_table(figures),
        ],
        notes=first.notes,
        warning=first.warning,
        settings=json.dumps(settings, indent=1, ensure_ascii=False, default=str) if settings else "",
    )  # fmt: skip


def arm_table(figures: Json) -> Table:
    """The table in the shape of Journey part 1, Table 6, one row an arm."""
    columns: list[Column] = [
        ("", lambda row: label(row[0], row[1].get("k"))),
        ("accuracy", lambda row: percent(row[1]["accuracy"])),
        ("95 % interval", lambda row: interval(row[1]["low"], row[1]["high"])),
        ("output tokens", lambda row: number(row[1]["tokens"])),
        ("finished", lambda row: percent(row[1]["finished"])),
        ("greedy", lambda row: percent((row[1].get("greedy") or {}).get("accuracy"))),
    ]
    named = arms(figures)
    strong = [i for i, arm in enumerate(named) if arm == compared()[1]]
    return table("", columns, [(arm, figures["arms"][arm]) for arm in named], strong=strong, brief=True)


def error_table(figures: Json) -> Table:
    """How often each kind of error happens, the most frequent kinds first."""
    named = {arm: figures["arms"][arm]["errors"] for arm in arms(figures) if figures["arms"][arm].get("errors")}
    kinds: dict[str, float] = {}
    for errors in named.values():
        for kind, share in errors.items():
            kinds[kind] = kinds.get(kind, 0.0) + share
    ranked = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    columns: list[Column] = [("share of all answers", lambda row: short(row[0]))]
    columns += [(kind, lambda row, kind=kind: percent(row[1].get(kind, 0.0))) for kind in ranked[:KINDS]]
    if rare := ranked[KINDS:]:
        columns.append(("others", lambda row: percent(sum(row[1].get(kind, 0.0) for kind in rare))))
    return table("What went wrong", columns, named.items())


def behaviour_table(figures: Json) -> Table:
    """What the answers do on their way: means an answer with their intervals."""
    columns: list[Column] = [("an answer has", lambda row: short(row[0]))]
    columns += [
        (measure.head, lambda row, name=name: mean_of(row[1][name], MEASURES[name].is_share))
        for name, measure in MEASURES.items()
    ]
    named = [(arm, found) for arm in arms(figures) if (found := figures.get("behaviours", {}).get(arm))]
    note = (
        "Counted exactly where answers are written in a puzzle's own steps, by marked phrases elsewhere. From a wrong "
        "branch the goal is out of reach."
    )
    return table("Behaviours", columns, named, note=note if named else "")


def words_table(figures: Json) -> Table:
    """How long thoughts and answers are, and what they say most."""
    columns: list[Column] = [
        ("", lambda row: row["name"]),
        ("texts", lambda row: number(row["texts"])),
        ("tokens", lambda row: number(row["tokens"])),
        ("words", lambda row: number(row["words"], 1)),
        ("lines", lambda row: number(row["lines"], 1)),
        ("words a line", lambda row: number(row["words_a_line"], 1)),
        ("key words; frequent phrases", _frequent),
    ]
    words = figures["words"]
    rows = [{"name": f"thoughts: {method}", **of} for method, of in words["thoughts"].items()]
    rows += [{"name": f"answers: {short(arm)}", **of} for arm, of in words["answers"].items()]
    return table("Words", columns, rows, prose=True)


def _frequent(row: Json) -> str:
    keys = ", ".join(f"{word} {number(n)}" for word, (n, _) in list(row["key_words"].items())[:6])
    phrases = ", ".join(f"“{phrase}” {number(n)}" for phrase, n in row["phrases"][:4])
    return "; ".join(part for part in (keys, phrases) if part) or "-"


def seed_table(figures: Json) -> Table:
    """How far an arm's accuracies over the seeds lie apart; each seed's own interval stands in report.json."""
    columns: list[Column] = [
        ("arm", lambda row: label(row[0])),
        ("seeds", lambda row: str(len(row[1]))),
        ("lowest", lambda row: percent(min(_accuracies(row)))),
        ("median", lambda row: percent(median(_accuracies(row)))),
        ("highest", lambda row: percent(max(_accuracies(row)))),
        ("each seed, %", lambda row: ", ".join(f"{100 * one:.1f}" for one in _accuracies(row)[:SEEDS])
         + (", …" if len(row[1]) > SEEDS else "")),
    ]  # fmt: skip
    named = [(arm, rows) for arm in arms(figures) if (rows := figures["arms"][arm].get("by_seed"))]
    note = "In the order of the seeds; every seed with its interval is in report.json."
    return table("Each seed", columns, named, note=note if named else "", folded=True)


def server_table(figures: Json) -> Table:
    """How each server of a model's list fared, all commands together."""
    columns: list[Column] = [
        ("server", lambda row: f"{row['model']} at {row['url']}"),
        ("answers", lambda row: number(row["answers"])),
        ("a second", lambda row: number(row["answers"] / row["seconds"] if row["seconds"] else 0.0, 2)),
        ("tokens a second", lambda row: number(row["tokens"] / row["seconds"] if row["seconds"] else 0.0)),
        ("errors", lambda row: number(row["failures"])),
        ("repeated elsewhere", lambda row: number(row["late"])),
        ("times drained", lambda row: number(row["drained"])),
    ]
    return table("Servers", columns, figures.get("servers", []))


def _accuracies(row: tuple[str, list[Json]]) -> list[float]:
    return [seed["accuracy"] for seed in row[1]]
