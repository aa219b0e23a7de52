"""What journey eval comes to, as lines and a table for a person."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from journey.evals.graded_answers import VERDICTS
from journey.evals.step_scores import ScoredAttempts


def grid(path: Path, rows: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each search: its accuracy, and what it spent on a problem."""
    table = Table("search", title=Text(str(path)), title_justify="left")
    for name in ("accuracy", "95 % interval", "model tokens", "judge tokens", "calls", "answered"):
        table.add_column(name, justify="right")
    for row in rows:
        cells = [row["model"]]
        if row["attempts"]:
            cells += [f"{100 * row['accuracy']:.1f} %", f"{100 * row['low']:.1f} to {100 * row['high']:.1f}"]
            cells += [f"{row[key]:.0f}" for key in ("model_tokens", "judge_tokens")]
            cells += [f"{row['calls']:.1f}", f"{100 * row['answered']:.0f} %"]
        table.add_row(*map(Text, cells))
    return table


def answer_lines(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """How many attempts are right, why others are not, and the same by group."""
    return [
        ("model", data["model"]),
        ("decoding", data["decoding"]),
        (f"attempts at {data['split']} problems", data["attempts"]),
        *(_answered(data) if data["attempts"] else ()),
        ("could not be checked", data["unjudged"]),
        *((f"not right: {kind}", number) for kind, number in data["errors"].items()),
        *(
            (f"{what}@{at['k']}", _figure(at[what]))
            for what in ("pass", "maj", "rm")
            for at in data["at_k"]
            if what in at
        ),
        *(
            (
                f"{row['by']} {row['group'] or 'not given'}, {row['problems']} problems",
                _figure(row | {"value": row["accuracy"]}),
            )
            for row in data["groups"]
        ),
    ]


def _answered(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("accuracy", f"{100 * data['accuracy']:.1f} %"),
        ("95 % interval", f"{100 * data['low']:.1f} to {100 * data['high']:.1f}"),
        ("output tokens", f"{data['tokens']:.0f}"),
        ("finished", f"{100 * data['finished']:.1f} %"),
        *([("answers within thinking alone", data["in_thinking"])] if data["in_thinking"] else []),
    ]


def _figure(of: Mapping[str, Any]) -> str:
    """A share with its interval, and what it would be if all that nobody could check were right."""
    text = f"{100 * of['value']:.1f} % ({100 * of['low']:.1f} to {100 * of['high']:.1f})"
    most = of.get("most", of["value"])
    return text if most == of["value"] else f"{text}; {100 * most:.1f} % if all unchecked answers were right"


def grading_lines(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a judge says of answers that only a judge can grade."""

    def share(of: Mapping[str, float] | None) -> str:
        return "nothing attempted" if of is None else _figure(of)

    f_score = data["f_score"]
    return [
        ("graded by", data["judge"]),
        *((word, share(data[word.replace(" ", "_")])) for word in VERDICTS),
        ("the judge could not say", data["could_not_say"]),
        ("correct given attempted", share(data["correct_given_attempted"])),
        ("F-score", "-" if f_score is None else f"{f_score:.3f}"),
        ("the judge's calls", "-" if data["judge_calls"] is None else f"{data['judge_calls']:,}"),
        ("the judge's tokens", f"{data['judge_tokens']:,}"),
    ]


def scoring_lines(scored: ScoredAttempts) -> list[tuple[str, Any]]:
    """Who scored the steps, how many answers, and what that cost."""
    data = scored.to_json()
    rows = [("scored by", data["judge"]), ("score of an answer", f"{data['aggregate']} of its steps")]
    rows += [("answers scored", f"{data['scored']} of {data['attempts']}")]
    if data["could_not_say"]:
        rows.append(("the judge could not say", str(data["could_not_say"])))
    if data["not_judged"]:
        rows.append(("not judged, so rm@k is not known", f"{data['not_judged']}; give the command again"))
    return [
        *rows,
        ("the judge's calls", f"{data['judge_calls']:,}"),
        ("the judge's tokens", f"{data['judge_tokens']:,}"),
    ]
