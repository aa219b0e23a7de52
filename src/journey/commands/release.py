"""journey release: a run's data, models and report as a folder that anyone can check and make again."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from journey.commands import flags
from journey.commands.output import reading, say, sheet
from journey.errors import UsageError
from journey.report.release import ReleaseOptions, refuse_taken
from journey.report.release import release as write_release
from journey.report.release_data_card import Rights
from journey.report.release_push import push


def release(
    run: flags.RunFolder,
    to: Annotated[Path, typer.Option("--to", help="A folder that is not there yet, or empty.", metavar="FOLDER")],
    seed: Annotated[
        int | None, typer.Option(help="Whose trees, thoughts, rows and models; the first if not given.", metavar="N")
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(help="An arm whose model goes in; again for more; the two compared if not given.", metavar="NAME"),
    ] = None,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"] | None,
        typer.Option(help="Round the weights to this; what they answer is then measured again."),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="The data set's licence by its SPDX name, such as cc-by-4.0.", metavar="NAME")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose problems of a source are, and under which licence; again for more.", metavar="SOURCE=WORDS"
        ),
    ] = None,
    push_to: Annotated[
        str | None,
        typer.Option(
            "--push",
            help="Also upload to a Hub account, by huggingface_hub and its login. Never tried.",
            metavar="OWNER/NAME",
        ),
    ] = None,
    json: flags.Json = False,
) -> int:
    """Write a run's data set, models, report and the commands that make them again.

    Into a new folder: data (Parquet with a card), models (safetensors with a card each), report, recipe.yaml,
    make_again.sh, release.json, SHA256SUMS. The same run and versions give the same bytes. docs/release.md has more.
    """
    refuse_taken(to)
    if push_to is not None and (push_to.count("/") != 1 or not all(push_to.split("/"))):
        raise UsageError(f"--push is {push_to!r}; write an account and a name, such as somebody/countdown")
    rights = Rights(licence, dict(_source(one) for one in source or ()))
    with reading(run) as of:
        if not of.count("problems"):
            raise UsageError(f"{run} holds no problems, so there is nothing to release; run, grow or import some first")
        found = write_release(of, to, ReleaseOptions(seed=seed, arms=arm, dtype=dtype, rights=rights))
    size = sum(file.stat().st_size for file in to.rglob("*") if file.is_file())
    rows = [(name, f"{sum(of.values()):,}") for name, of in found["data"].items()]
    rows += [("models", ", ".join(found["models"]) or "none"), ("size", f"{size / 1e6:.1f} MB")]
    pushed = [] if push_to is None else push(to, push_to)
    lines = [f"left out: {'; '.join(found['left_out'])}", *(f"pushed: {address}" for address in pushed)]
    say(json, found | {"folder": str(to), "bytes": size, "pushed": pushed}, sheet(to, rows), *lines)
    return 0


def _source(text: str) -> tuple[str, str]:
    name, mark, words = text.partition("=")
    if not (mark and name.strip() and words.strip()):
        raise UsageError(
            f"--source is {text!r}; write how the source's name begins and whose it is, such as "
            "'school/=A. Smith, CC-BY-4.0'"
        )
    return name.strip(), words.strip()
