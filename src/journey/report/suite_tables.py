"""The tables of a suite in the report: accuracy by part, gains over what was before, answers, remarks, not measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.pipeline.suite_plan import EXACT
from journey.report.document import Column, Table, table
from journey.report.suite import OUTCOMES, REPLIES
from journey.report.wording import accuracy_of, number, percent, points, short

Json = Mapping[str, Any]


def suite_tables(figures: Json) -> list[Table]:
    """All tables of all suites of a run; none where none was asked."""
    return [one for of in figures.get("suite", []) for one in tables_of(of)]


def tables_of(of: Json) -> list[Table]:
    """The tables of one suite."""
    return [accuracy_table(of), gain_table(of), twin_table(of), outcome_table(of), missing_table(of)]


def accuracy_table(of: Json) -> Table:
    """A row a part: the accuracy of each model, those before training first."""
    columns: list[Column] = [
        ("part", lambda row: row["part"]),
        ("problems", lambda row: number(row["problems"])),
        *((short(name), lambda row, name=name: accuracy_of(row["models"].get(name))) for name in of["models"]),
        ("graded by", lambda row: "" if row["graded_by"] == EXACT else row["graded_by"]),
    ]
    seeds = max((m["seeds"] for part in of["parts"] for m in part["models"].values()), default=0)
    note = (
        f"{seeds} seed{'s' * (seeds != 1)}. Right answers with their 95 % intervals, graded by {EXACT}, unless the row "
        f"says otherwise. Before training: {_names(of['before'])}."
    )
    rows = [part for part in of["parts"] if part["models"]]
    title = f"Everything else: the suite {of['suite']}, answers {of['decoding'].removeprefix(of['suite']).strip()}"
    return table(title, columns, rows, note=note if rows else "", brief=True)


def gain_table(of: Json) -> Table:
    """What each arm gained or lost on each part, a column a model before it."""
    rows: dict[tuple[str, str, str], dict[str, Json]] = {}
    for gain in of["gains"]:
        rows.setdefault((gain["part"], gain["graded_by"], gain["after"]), {})[gain["before"]] = gain
    columns: list[Column] = [
        ("part", lambda row: row[0][0]),
        ("after", lambda row: short(row[0][2])),
        *((f"over {short(name)}", lambda row, name=name: _gain(row[1].get(name))) for name in of["before"]),
    ]
    note = f"Points, paired by problem, with 95 % intervals; * where p < 0.05 after Holm over all {len(of['gains'])}."
    return table("What training did", columns, rows.items(), note=note if rows else "", brief=True)


def twin_table(of: Json) -> Table:
    """What remarks do: the same problems with a hint or a claim against those without."""
    parts = {part["part"]: part["models"] for part in of["parts"]}
    columns: list[Column] = [
        ("with", lambda row: row["part"]),
        ("model", lambda row: short(row["model"])),
        ("without", lambda row: percent(row["first"])),
        ("with it", lambda row: percent(row["second"])),
        ("difference", _gain),
        *((name, lambda row, name=name: _reply(parts[row["part"]][row["model"]], name))
          for name in REPLIES),
        ("takes the claim", lambda row: percent(t) if (t := parts[row["part"]][row["model"]]["claim_taken"]) else ""),
    ]  # fmt: skip
    rows: Sequence[Json] = of["against_twin"]
    note = (
        "Right answers to the same problems without and with it, in points; * where p < 0.05 after Holm over all "
        f"{len(rows)}. The first line of an answer denies what somebody says, agrees, or says nothing of it."
    )
    return table("Hints and claims", columns, rows, note=note if rows else "", brief=True)


def outcome_table(of: Json) -> Table:
    """What became of the answers of each model on each part."""
    rows = [(part["part"], name, m) for part in of["parts"] for name, m in part["models"].items()]
    columns: list[Column] = [
        ("part", lambda row: row[0]),
        ("model", lambda row: short(row[1])),
        *((kind.replace("_", " "), lambda row, kind=kind: percent(row[2]["outcomes"][kind])) for kind in OUTCOMES),
        ("output tokens", lambda row: number(row[2]["tokens"])),
    ]
    note = "Wrong form: steps that come to no answer. Could not say: an answer that nobody could check."
    return table("What became of the answers", columns, rows, note=note if rows else "", folded=True)


def missing_table(of: Json) -> Table:
    """The parts that were not measured, of all models or of some, and why."""
    rows: dict[tuple[str, str], list[str]] = {}
    for part in of["parts"]:
        whose = {"all models": part["reason"]} if part["reason"] else part["not_measured"]
        for name, why in whose.items():
            rows.setdefault((name, why), []).append(part["part"])
    columns: list[Column] = [
        ("not measured", lambda row: "; ".join(row[1])),
        ("of", lambda row: row[0][0]),
        ("why", lambda row: row[0][1]),
    ]
    return table("Not measured", columns, rows.items(), prose=True, brief=True)


def _gain(gain: Json | None) -> str:
    if gain is None:
        return ""
    return points(gain).replace(" points", "") + (" *" if gain["holm"] < 0.05 else "")


def _reply(model: Json, name: str) -> str:
    return "" if model["replies"] is None else percent(model["replies"][name])


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(short, names))
