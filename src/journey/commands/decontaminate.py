"""journey decontaminate: does what a run trains on hold problems that are tested on, and out with those that do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from journey.commands import flags
from journey.commands.output import reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.data.contamination import HOW, SHORTEST, QuestionIndex, Rule
from journey.data.tested import KINDS, Item, figures, look, pictures_of, tested, trained
from journey.store.excluded import exclude, excluded, restore
from journey.store.run import Run

HOW_SHOWN = {
    "same": "the same question",
    "whole": "the whole question inside it",
    "ngram": "{} words of it in a row",
    "picture": "the same picture, byte for byte",
}
LETTERS = 240  # of a text that is shown


def decontaminate(
    run: flags.RunFolder,
    against: Annotated[
        list[str] | None,
        typer.Option(help="A benchmark, NAME=FILE, a file or a run; may be given again.", metavar="SET"),
    ] = None,
    ngram: Annotated[int, typer.Option(min=5, help="How many words in a row count as an overlap.", metavar="N")] = 13,
    share: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="The least part of the question that they cover; 0 to 1.", metavar="X"),
    ] = 0.0,
    drop: Annotated[
        bool | None, typer.Option("--drop/--restore", help="Leave what overlaps out of training; or take it all back.")
    ] = None,
    json: flags.Json = False,
) -> int:
    """Say whether a run trains on what it is tested on.

    Compared are questions, worked solutions, thoughts, trees and training attempts with the run's test and validation
    problems, or with what --against names: the same question, the whole question inside a text, --ngram words of it in
    a row, or the same picture. A paraphrase is not found. The exit code is 1 while anything overlaps. --drop marks the
    problems that do, so that no training rows are made of them; nothing is deleted.
    """
    if drop is False:
        with writing(run) as into:
            number = restore(into)
        say(json, {"run": str(run), "restored": number}, f"problems that may be trained on again: {number:,}")
        return 0
    rule = Rule(ngram, share)
    with reading(run) if drop is None else writing(run) as of, Bars(silent=json) as bars:
        sets = tested(of, against or ())
        index = QuestionIndex((p.question for those in sets.values() for p in those), rule)
        out = excluded(of)
        found = look(index, _watched(trained(of, out), of, bars), pictures_of(sets, index))
        if drop and found.closest:
            why = {"against": {name: len(those) for name, those in sets.items()}, **asdict(rule)}
            exclude(of, found.closest, why)
    data = figures(run, sets, index, found, len(out), bool(drop))
    say(json, data, *_lines(data))
    return 0 if drop or not found.closest else 1


def _watched(items: Iterable[Item], of: Run, bars: Bars) -> Iterator[Item]:
    """The items, while a bar says how many were looked at."""
    total = sum(of.count(table) for table in ("problems", "thoughts", "trees", "attempts"))
    for number, item in enumerate(items):
        if number % 500 == 0:
            bars("decontaminate", "compare", number, total)
        yield item


# --- for a person ----------------------------------------------------------------------------------------------------


def _lines(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    problems, rule = data["problems"], data["rule"]
    lines: list[tuple[str, Any]] = []
    for kind in KINDS:
        if looked := data["looked"][kind]:
            lines.append((f"{kind}s trained on", f"{looked:,}"))
            lines.append(("  touching", f"{data['touching'][kind]:,}"))
    for row in data["against"]:
        lines.append((f"tested: {row['name']}", f"{row['problems']:,}"))
        lines.append(("  touched", f"{row['touched']:,}"))
        lines += [(f"    {HOW_SHOWN[how]}".format(rule["ngram"]), row[how]) for how in HOW if row[how]]
    lines.append((f"questions of fewer than {rule['ngram']} words, or common ones", data["compared"]["as_a_whole"]))
    lines.append((f"  of fewer than {SHORTEST}: compared with questions only", data["compared"]["as_questions"]))
    yield sheet(data["run"], lines)
    closest: dict[str, dict[str, Any]] = {}
    for touch in data["touches"]:
        closest.setdefault(touch["how"], touch)
    for touch in closest.values():
        yield Text.assemble(
            f"{touch['kind']} {touch['id']} touches {touch['against']} {touch['tested']}: ",
            HOW_SHOWN[touch["how"]].format(rule["ngram"]),
            "\n" if touch["how"] == "picture" else f", {100 * touch['share']:.0f} % of its words\n",
            f"  question: {_shown(touch['question'])}\n  shared:   {_shown(touch['shared'])}",
        )
    number, before = problems["touching"], data["excluded_before"]
    if before:
        yield f"{before:,} problems were taken out before and are not looked at; --restore lets them come back"
    if not sum(data["looked"].values()):
        yield f"nothing was compared: {data['run']} holds nothing that is trained on"
    elif not number:
        yield "nothing that is trained on touches what is tested"
    elif data["excluded_now"]:
        yield (
            f"{number:,} problems are no longer trained on, with all their thoughts; nothing was deleted, and "
            "--restore lets them come back. Files and models made before still hold them: export and train again"
        )
    else:
        yield (
            f"{number:,} problems that are trained on touch what is tested, {problems['half_or_more']:,} of them half "
            "of a question or more; the same command with --drop takes them out of training"
        )


def _shown(text: str) -> str:
    """A stranger's text on one line, without anything that moves a terminal's cursor."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return line if len(line) <= LETTERS else f"{line[:LETTERS]}..."
