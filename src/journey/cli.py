"""The command `journey`: one command a station. Here are names, flags and exit codes; the deeds are in `commands/`.

Exit codes: 0 done, 1 some units failed or the machine did, 2 usage or bad input, 3 budget reached, 130 interrupted.
"""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, NoReturn

import click
import typer

app = typer.Typer(
    name="journey",
    help="The open toolkit for journey learning: reasoning trees, long thoughts, training, an honest comparison.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RecipeFile = Annotated[Path, typer.Argument(help="A recipe, such as recipes/countdown.yaml.", metavar="RECIPE")]
RunFolder = Annotated[Path, typer.Argument(help="A run's folder.", metavar="RUN")]
Out = Annotated[Path | None, typer.Option("--out", envvar="JOURNEY_OUT", help="The run's folder.", metavar="DIR")]
Set = Annotated[list[str], typer.Option("--set", help="Any setting of the recipe.", metavar="KEY=VALUE")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many problems.", metavar="N")]


@app.command()
def run(
    recipe: RecipeFile,
    out: Out = None,
    limit: Limit = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The first seed.", metavar="N")] = None,
    settings: Set = [],  # noqa: B006  typer reads it once
    json: Json = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove the run that is there and begin anew.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Run a whole recipe: phase 1, trees, thoughts, both arms, DPO, attempts, report."""
    from journey.commands import work

    _end(work.run(recipe, out, limit, seed, settings, json, fresh, dry_run))


@app.command("import")
def import_(
    format: Annotated[str, typer.Argument(help="prm800k, problems, puzzles, trees, thoughts or attempts.")],
    files: Annotated[list[str], typer.Argument(help="Files, or a Hub id for problems.", metavar="FILE...")],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The run's folder.", metavar="RUN")],
    question_column: Annotated[str | None, typer.Option(help="Where the question stands.")] = None,
    answer_column: Annotated[str | None, typer.Option(help="Where the answer stands.")] = None,
    solution_column: Annotated[str | None, typer.Option(help="Where a worked solution stands.")] = None,
    level_column: Annotated[str | None, typer.Option(help="Where the level stands.")] = None,
    subject_column: Annotated[str | None, typer.Option(help="Where the subject stands.")] = None,
    split: Annotated[str, typer.Option(help="The part of the run that the problems become.")] = "train",
    limit: Limit = None,
    json: Json = False,
) -> None:
    """Bring problems, human-rated trees or exported records into a run."""
    from journey.commands import records

    columns = {
        "question": question_column, "answer": answer_column, "solution": solution_column, "level": level_column,
        "subject": subject_column,
    }  # fmt: skip
    _end(records.import_(format, files, out, columns, split, limit, json))


@app.command()
def grow(recipe: RecipeFile, out: Out = None, limit: Limit = None, settings: Set = [], json: Json = False) -> None:  # noqa: B006
    """Grow a tree for every training problem, by the recipe's model and judge."""
    from journey.commands import work

    _end(work.grow(recipe, out, limit, settings, json))


@app.command()
def derive(
    run: RunFolder,
    method: Annotated[str, typer.Option(help="shortcut, traverse or both.")] = "both",
    trials: Annotated[int, typer.Option(min=1, help="K: trials at a node, the right one included.")] = 2,
    start: Annotated[str, typer.Option(help="Side trips at every node of the path, or at the root only.")] = "path",
    per_tree: Annotated[int, typer.Option(min=1, help="Thoughts a tree, shortest paths first.")] = 1,
    neutral: Annotated[bool, typer.Option(help="Whether right paths may have neutral steps.")] = True,
    seed: Annotated[int, typer.Option(help="Which side trips are drawn.")] = 0,
    json: Json = False,
) -> None:
    """Tell every tree that has a right leaf as a shortcut and as a long thought."""
    from journey.commands import work

    _end(work.derive(run, method, trials, start, per_tree, neutral, seed, json))


@app.command()
def train(
    kind: Annotated[str, typer.Argument(help="sft or dpo.")],
    run: RunFolder,
    model: Annotated[str, typer.Option(help="What to start from: tiny, hf/ID-or-folder, or a model of the run.")],
    name: Annotated[str | None, typer.Option(help="The new model's name; the arm's if not given.")] = None,
    arm: Annotated[str, typer.Option(help="journey or shortcut: the thoughts to train on (sft).")] = "journey",
    settings: Set = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Train a model on the run's thoughts (sft) or on its right and wrong attempts (dpo)."""
    from journey.commands import work

    _end(work.train(kind, run, model, name or arm, arm, settings, json))


@app.command()
def eval(
    run: RunFolder,
    model: Annotated[str, typer.Option(help="tiny, hf/ID-or-folder, scripted/FILE, or a model of the run.")],
    split: Annotated[str, typer.Option(help="Which of the run's problems.")] = "test",
    temperature: Annotated[float, typer.Option(min=0.0, help="0 is greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0.0, max=1.0)] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1)] = 600,
    samples: Annotated[int, typer.Option(min=1, help="Answers a problem.")] = 1,
    seed: Annotated[int, typer.Option()] = 0,
    limit: Limit = None,
    json: Json = False,
) -> None:
    """Let a model attempt the run's problems and check its answers."""
    from journey.commands import work

    _end(work.evaluate(run, model, split, temperature, top_p, max_tokens, samples, seed, limit, json))


@app.command()
def report(run: RunFolder, json: Json = False) -> None:
    """Write the run's report: report.json, report.md, report.html and pictures."""
    from journey.commands import records

    _end(records.report(run, json))


@app.command()
def compare(one: RunFolder, other: RunFolder, json: Json = False) -> None:
    """Compare two runs' models on the problems that both attempted: fixed, broke, same."""
    from journey.commands import records

    _end(records.compare(one, other, json))


@app.command()
def export(
    run: RunFolder,
    what: Annotated[str, typer.Argument(help="problems, trees, thoughts, attempts, sft or dpo.")],
    to: Annotated[Path, typer.Option("--to", help="A .jsonl, .jsonl.gz or .parquet file.", metavar="FILE")],
    arm: Annotated[str, typer.Option(help="journey or shortcut (sft).")] = "journey",
    json: Json = False,
) -> None:
    """Write records or training rows to a file that `datasets` reads."""
    from journey.commands import records

    _end(records.export(run, what, to, arm, json))


@app.command()
def status(run: RunFolder, json: Json = False) -> None:
    """Say what a run holds, why trees gave no thought, and what failed."""
    from journey.commands import records

    _end(records.status(run, json))


@app.command()
def pretrain(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.", metavar="DIR")],
    settings: Set = [],  # noqa: B006
) -> None:
    """Make the tiny base model from scratch."""
    from journey.commands import work

    _end(work.pretrain(recipe, out, settings))


@app.command()
def doctor(json: Json = False) -> None:
    """Say what this machine has for journey: versions, cores, precision, disk, the tiny model."""
    from journey.commands import records

    _end(records.doctor(json))


def main(arguments: list[str] | None = None) -> NoReturn:
    """The command: every mistake of a user is one sentence on standard error, never a traceback."""
    from journey.errors import BudgetReached, UsageError
    from journey.store.faults import StoreError

    try:
        code = app(arguments, standalone_mode=False)
    except UsageError as error:
        code = _say(str(error), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        code = _say(error.format_message(), 2)
    except click.UsageError as error:
        code = _say(_nearest(error), 2)
    except BudgetReached as error:
        code = _say(str(error), 3)
    except StoreError as error:
        code = _say(str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        code = _say("interrupted; the same command goes on where it stopped", 130)
    sys.exit(code if isinstance(code, int) else 0)


def _end(code: int) -> None:
    raise typer.Exit(code)


def _say(sentence: str, code: int) -> int:
    print(f"journey: {sentence}", file=sys.stderr)
    return code


def _nearest(error: click.UsageError) -> str:
    """Click's message as one sentence, with the nearest command where the command is unknown."""
    message = " ".join(error.format_message().split())
    context: Any = error.ctx
    if message.startswith("No such command") and context is not None:
        word = message.split("'")[1]
        names = list(getattr(context.command, "commands", {}))
        near = get_close_matches(word, names, 1, cutoff=0.4)
        return f"there is no command {word}; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}")
    return message.rstrip(".") + "; see journey --help"


if __name__ == "__main__":
    main()
