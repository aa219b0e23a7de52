"""journey export: records, training rows, labels, or one tree with its thought as a page."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from journey.commands import flags
from journey.commands.output import own_language_words, reading, say
from journey.data.picture_rows import with_pictures
from journey.errors import UsageError
from journey.pipeline.arms import compared
from journey.pipeline.exports import ExportOptions, foreign_rows, together
from journey.pipeline.labelled_run import label_rows, note_rows
from journey.pipeline.training_rows import in_own_language, pair_rows, training_rows
from journey.store.export import record_rows, write_rows
from journey.store.run import Run
from journey.store.schema import TABLES
from journey.training.pairs import MARGIN, read_kinds


def export(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of runs; several of one recipe as one.", metavar="RUN...")
    ],
    what: Annotated[flags.What, typer.Argument(help="Records as they are, or rows to train on.", metavar="WHAT")],
    to: Annotated[Path, typer.Option("--to", help="A .jsonl, .jsonl.gz, .parquet or .html file.", metavar="FILE")],
    arm: Annotated[
        str | None,
        typer.Option(help=f"The arm or method whose thoughts to write (sft); {compared()[1]}.", metavar="NAME"),
    ] = None,
    by: flags.By = None,
    item: flags.Item = None,
    form: flags.Form = None,
    split: Annotated[
        str, typer.Option(help="The part whose problems to write (prompts); no two in one file.", metavar="PART")
    ] = "train",
    model: Annotated[
        str | None, typer.Option("--model", help="The model whose tokens advantages are for.", metavar="NAME")
    ] = None,
    kinds: flags.Kinds = None,
    margin: flags.Margin = MARGIN,
    messages: Annotated[
        bool, typer.Option("--messages", help="Rows as chat messages (sft, dpo, pairs, prompts).")
    ] = False,
    language: flags.Language = None,
    json: flags.Json = False,
) -> int:
    """Write records or training rows to a file.

    WHAT is problems, trees, thoughts, attempts, rollouts, or rows for trainers: sft, dpo, pairs (preferences of each
    --kind), prm; or what people said in the studio: labels, notes (the form that journey derive --method annotate
    --notes reads); or page: one tree with its thought as an .html file that opens anywhere, without a network. With
    --for the rows are in another project's form: prompts for trl, verl or openrlhf, advantages of trees for rllm, trees
    and thoughts for verifiers (docs/exports.md). Of several runs of one recipe, shards say, what two of them hold is
    written once.
    """
    if what == "page" or item is not None:
        if len(runs) > 1:
            raise UsageError(f"a page is of one run: journey export {runs[0]} page --item ID --to FILE.html")
        return _page(runs[0], what, item, to, json)
    if what in ("prompts", "advantages") and form is None:
        raise UsageError(f"name the project that {what} are for, as in --for {'trl' if what == 'prompts' else 'rllm'}")

    def rows(of: Run) -> Iterable[Mapping[str, Any]]:
        if form is not None:
            return foreign_rows(of, what, form, ExportOptions(part=split, messages=messages, model=model))
        if what in ("labels", "notes"):
            return label_rows(of.path, by) if what == "labels" else note_rows(of, by)
        if what == "pairs":
            return pair_rows(of, read_kinds(kinds or ()), by, margin=margin, messages=messages)
        if what not in TABLES:
            return training_rows(of, what, arm or compared()[1], by, messages=messages, language=language)
        if not of.count(what) and len(runs) == 1:
            raise UsageError(f"{of.path} holds no {what}; journey status {of.path} says what it holds")
        return record_rows(of, what)

    with ExitStack() as stack:
        opened = [stack.enter_context(reading(run)) for run in runs]
        records = what in TABLES and form is None
        shown = with_pictures(together(opened, rows), runs, to, records=records)
        number = write_rows(shown, to, table=what if records else None)
        others = sum(in_own_language(of, arm or compared()[1], by, language) for of in opened) if what == "sft" else 0
    data = {"rows": number, "file": str(to), **({"in_own_language": others} if others else {})}
    say(json, data, f"{number} rows written to {to}{own_language_words(others)}")
    return 0


def _page(path: Path, what: str, item: str | None, to: Path, json: bool) -> int:
    """One tree with its thought, or a thought without a tree, as a page by itself."""
    if what != "page":
        raise UsageError(f"--item names what a page shows: journey export {path} page --item {item} --to FILE.html")
    from journey.studio.export_page import export_page  # the studio is needed for pages alone

    with reading(path):
        table, id = export_page(path, item, to)
    say(json, {"table": table, "id": id, "file": str(to)}, f"page of {table.removesuffix('s')} {id}: {to}")
    return 0
