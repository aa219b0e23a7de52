"""journey decontaminate: does what a run trains on hold problems that are tested on, and out with those that do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from journey.commands.options import Json, RunFolder
from journey.commands.output import all_problems, reading, say, sheet, writing
from journey.commands.progress import Bars
from journey.data import benchmarks, problems
from journey.data.contamination import HOW, SHORTEST, QuestionIndex, Rule, closeness
from journey.data.trained_texts import KINDS, Found, Item, look, trained
from journey.errors import UsageError
from journey.store.excluded import exclude, excluded, restore
from journey.store.run import Run
from journey.types import Problem

TESTED_PARTS = ("validation", "test")
SAID = {
    "same": "the same question",
    "whole": "the whole question inside it",
    "ngram": "{} words of it in a row",
}
LETTERS = 240  # of a text that is shown
HALF = 0.5  # of a question's words; texts that share less share a turn of phrase more often than a problem


def decontaminate(
    run: RunFolder,
    against: Annotated[
        list[str] | None,
        typer.Option(help="A benchmark, NAME=FILE, a file or a run; may be given again.", metavar="SET"),
    ] = None,
    ngram: Annotated[int, typer.Option(min=5, help="So many words in a row touch.", metavar="N")] = 13,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="And cover so much of the question; 0 to 1.", metavar="X")
    ] = 0.0,
    drop: Annotated[
        bool | None, typer.Option("--drop/--restore", help="Train no more on what touches; or on all of it again.")
    ] = None,
    json: Json = False,
) -> int:
    """Say whether a run trains on what it is tested on.

    Compared are questions, worked solutions, thoughts, trees and training attempts with the run's test and validation
    problems, or with what --against names: the same question, the whole question inside a text, or --ngram words of it
    in a row. A paraphrase is not found. The exit code is 1 while anything touches. --drop marks the problems that do,
    so that no training rows are made of them; nothing is deleted.
    """

    return _decontaminate(run, against or (), Rule(ngram, share), drop, json)


def _decontaminate(path: Path, against: Sequence[str], rule: Rule, drop: bool | None, json: bool) -> int:
    """What is trained on and touches a tested problem; 1 while there is any, 0 where there is none or it was taken out.

    `drop` true takes the problems that touch out of training, false lets all come back; null only looks.
    """
    if drop is False:
        with writing(path) as into:
            number = restore(into)
        say(json, {"run": str(path), "restored": number}, f"problems that may be trained on again: {number:,}")
        return 0
    with reading(path) if drop is None else writing(path) as of, Bars(silent=json) as bars:
        sets = tested(of, against)
        index = QuestionIndex((p.question for those in sets.values() for p in those), rule)
        out = excluded(of)
        found = look(index, _watched(trained(of, out), of, bars))
        if drop and found.closest:
            why = {"against": {name: len(those) for name, those in sets.items()}, **asdict(rule)}
            exclude(of, found.closest, why)
    data = _data(path, sets, index, found, len(out), bool(drop))
    say(json, data, *_lines(data))
    return 0 if drop or not found.closest else 1


# --- what is tested ---------------------------------------------------------------------------------------------------


def tested(of: Run, against: Sequence[str]) -> dict[str, list[Problem]]:
    """The tested problems by where they come from: the run's own, or those of benchmarks, files and other runs."""
    sets: dict[str, list[Problem]] = {}
    for name in against or [str(of.path)]:
        sets |= _named(of, name)
    if not any(sets.values()):
        raise UsageError(
            f"{of.path} holds no test or validation problems; name a benchmark, a file or a run with --against"
        )
    return {name: those for name, those in sets.items() if those}


def _named(of: Run, name: str) -> dict[str, list[Problem]]:
    path = Path(name)
    if (path / "run.db").is_file():
        if path.resolve() == of.path.resolve():
            return _parts(of, name)
        with reading(path) as other:
            return _parts(other, name)
    if path.exists():
        return {name: problems.load(name)}
    called, _, file = name.partition("=")
    known = [*benchmarks.BENCHMARKS, *(f"BBH/{task}" for task in benchmarks.BBH_TASKS)]
    if called.casefold() in {one.casefold() for one in known}:
        return {called: benchmarks.load(called, file or None).problems}
    if "/" in name and path.suffix not in (".jsonl", ".json", ".parquet", ".gz"):
        return {name: problems.load(name)}
    raise UsageError(
        f"{name} is no run, file or known benchmark; benchmarks are {', '.join(benchmarks.BENCHMARKS)} and BBH/TASK, "
        "or NAME=FILE where its file is here"
    )


def _parts(of: Run, name: str) -> dict[str, list[Problem]]:
    parts = {f"{name} {part}": all_problems(of, split=part) for part in TESTED_PARTS}
    if not any(parts.values()):
        raise UsageError(f"{name} holds no test or validation problems; name what is tested with --against")
    return parts


def _watched(items: Iterable[Item], of: Run, bars: Bars) -> Iterator[Item]:
    """The items, while a bar says how many were looked at."""
    total = sum(of.count(table) for table in ("problems", "thoughts", "trees", "attempts"))
    for number, item in enumerate(items):
        if number % 500 == 0:
            bars("decontaminate", "compare", number, total)
        yield item


# --- what is said of it -----------------------------------------------------------------------------------------------


def _data(
    path: Path, sets: Mapping[str, Sequence[Problem]], index: QuestionIndex, found: Found, before: int, dropped: bool
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    of: dict[int, tuple[str, str]] = {}
    for name, those in sets.items():
        numbers = {p.id: number for p in those if (number := index.number(p.question)) is not None}
        touched = Counter(found.tested[n].how for n in numbers.values() if n in found.tested)
        rows.append({"name": name, "problems": len(those), "touched": touched.total(), **{h: touched[h] for h in HOW}})
        for id, number in numbers.items():
            of.setdefault(number, (name, id))
    pairs = sorted(found.closest.values(), key=lambda pair: (closeness(pair[0]), pair[1]))
    closest = Counter(touch.how for touch, _ in pairs)
    return {
        "run": str(path),
        "rule": asdict(index.rule),
        "against": rows,
        "compared": {"by_ngrams": index.by_words, "as_a_whole": index.by_whole, "as_questions": index.by_question},
        "looked": {kind: found.looked[kind] for kind in KINDS},
        "touching": {kind: found.touching[kind] for kind in KINDS},
        "problems": {
            "touching": len(pairs), **{how: closest[how] for how in HOW},
            "half_or_more": sum(touch.share >= HALF for touch, _ in pairs),
        },
        "excluded_before": before,
        "excluded_now": len(pairs) if dropped else 0,
        "touches": [
            {
                "problem": item.problem, "kind": item.kind, "id": item.id, "how": touch.how,
                "share": round(touch.share, 3), "shared": touch.shared, "against": of[touch.question][0],
                "tested": of[touch.question][1], "question": index.questions[touch.question],
            }
            for touch, item in pairs
        ],
    }  # fmt: skip


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
        lines += [(f"    {SAID[how]}".format(rule["ngram"]), row[how]) for how in HOW if row[how]]
    lines.append((f"questions of fewer than {rule['ngram']} words, or common ones", data["compared"]["as_a_whole"]))
    lines.append((f"  of fewer than {SHORTEST}: compared with questions only", data["compared"]["as_questions"]))
    yield sheet(data["run"], lines)
    for touch in _examples(data["touches"]):
        yield Text.assemble(
            f"{touch['kind']} {touch['id']} touches {touch['against']} {touch['tested']}: "
            f"{SAID[touch['how']].format(rule['ngram'])}, {100 * touch['share']:.0f} % of its words\n",
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
            f"{number:,} problems are no longer trained on, with all that was told of them; nothing was deleted, and "
            "--restore lets them come back. Files and models made before still hold them: export and train again"
        )
    else:
        yield (
            f"{number:,} problems that are trained on touch what is tested, {problems['half_or_more']:,} of them half "
            "of a question or more; the same command with --drop takes them out of training"
        )


def _examples(touches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The closest pair of each way of touching."""
    first: dict[str, dict[str, Any]] = {}
    for touch in touches:
        first.setdefault(touch["how"], touch)
    return list(first.values())


def _shown(text: str) -> str:
    """A stranger's text on one line, without anything that moves a terminal's cursor."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return line if len(line) <= LETTERS else f"{line[:LETTERS]}..."
