"""The command `journey`: one command a station. Here are names and flags; the deeds are in `commands/`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from journey import cli_comparing
from journey.commands.options import (
    AllowCode,
    Arm,
    DryRun,
    Format,
    Fresh,
    Item,
    Json,
    Labelled,
    Limit,
    MaxCalls,
    MaxCost,
    MaxTokens,
    Method,
    Model,
    Out,
    PreferLabels,
    Prices,
    RecipeFile,
    RunFolder,
    Seed,
    Set,
    Sources,
    StepJudge,
    Strong,
    Told,
    Top,
    What,
)

app = typer.Typer(
    name="journey",
    cls=cli_comparing.Commands,
    help="The open toolkit for journey learning: reasoning trees, long thoughts, training, an honest comparison.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    recipe: RecipeFile,
    out: Out = None,
    limit: Limit = None,
    seed: Seed = None,
    settings: Set = None,
    json: Json = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Run a whole recipe.

    It is a comparison, the collecting of thoughts, or a sweep. The same command goes on where it was stopped; other
    settings are refused. Flags beat the environment (JOURNEY_SEEDS=2, JOURNEY_TREES__COUNT=50), which beats the file.
    A reached budget ends with exit code 3, and the same command goes on from there.
    """
    from journey.commands import experiment
    from journey.commands.spending import Allowance

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return experiment.run(recipe, out, limit, seed, settings or (), allowance, json, fresh, dry_run)


@app.command("import")
def import_(
    format: Annotated[Format, typer.Argument(help="What the files hold.")],
    files: Annotated[
        list[str],
        typer.Argument(
            help="JSONL, JSON or Parquet files, or a Hub id of problems or labelled solutions.", metavar="FILE..."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", envvar="JOURNEY_OUT", help="The run's folder.", metavar="RUN")],
    question_column: Annotated[str | None, typer.Option(help="Where the question stands.", metavar="NAME")] = None,
    answer_column: Annotated[str | None, typer.Option(help="Where the answer stands.", metavar="NAME")] = None,
    solution_column: Annotated[str | None, typer.Option(help="Where a solution stands.", metavar="NAME")] = None,
    level_column: Annotated[str | None, typer.Option(help="Where the level stands.", metavar="NAME")] = None,
    subject_column: Annotated[str | None, typer.Option(help="Where the subject stands.", metavar="NAME")] = None,
    split: Annotated[
        str, typer.Option(help="The part of the run: phase1, train, validation or test.", metavar="PART")
    ] = "train",
    hub_split: Annotated[
        str | None, typer.Option(help="The split of a Hub data set or folder; train if not given.", metavar="NAME")
    ] = None,
    limit: Limit = None,
    json: Json = False,
) -> int:
    """Bring problems, trees or records into a run.

    Columns of problems are found by their usual names (question or problem, answer, solution, ...) or named.
    `import benchmark MATH500` takes a known benchmark from the Hub, or from the FILE named behind it, to be tested on.
    `labelled` are solutions with labelled steps (Math-Shepherd, TRL's stepwise type, ProcessBench, ...), a tree a row.
    Every row of these and of PRM800K is accounted for: it makes a tree, joins one, or is listed with the reason.
    """
    from journey.commands import bring

    columns = {
        "question": question_column, "answer": answer_column, "solution": solution_column, "level": level_column,
        "subject": subject_column,
    }  # fmt: skip
    return bring.import_(format, files, out, columns, split, hub_split, limit, json)


@app.command()
def grow(
    recipe: RecipeFile,
    out: Out = None,
    limit: Limit = None,
    seed: Seed = None,
    settings: Set = None,
    json: Json = False,
    fresh: Fresh = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Grow a tree for every training problem.

    The recipe's model proposes the steps, its judge judges them. Problems that the run holds already are taken.
    """
    from journey.commands import experiment
    from journey.commands.spending import Allowance

    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    return experiment.grow(recipe, out, limit, seed, settings or (), allowance, json, fresh, dry_run)


@app.command()
def derive(
    run: RunFolder,
    method: Annotated[
        Literal["shortcut", "traverse", "both", "propose", "debate", "distill", "rewrite", "annotate"],
        typer.Option(help="Right paths alone, with side trips, or both; or another way.", metavar="METHOD"),
    ] = "both",
    trials: Annotated[
        int | None, typer.Option(min=1, help="K: trials at a node, the right one included; 2.", metavar="K")
    ] = None,
    start: Annotated[
        Literal["path", "root"] | None, typer.Option(help="Side trips at every node of the path, or the question only.")
    ] = None,
    per_tree: Annotated[
        int | None, typer.Option(min=1, help="Thoughts a tree, shortest path first; 1.", metavar="N")
    ] = None,
    neutral: Annotated[
        bool | None, typer.Option("--neutral/--no-neutral", help="Whether right paths may have neutral steps; yes.")
    ] = None,
    model: Model = None,
    strong: Strong = None,
    explain: Annotated[
        bool | None, typer.Option("--explain/--no-explain", help="The strong model says why wrong steps are wrong.")
    ] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="The strong model smooths the drafts.")
    ] = None,
    notes: Annotated[Path | None, typer.Option(help="People's notes, for annotate.", metavar="FILE")] = None,
    prefer_labels: PreferLabels = False,
    out: Labelled = None,
    seed: Annotated[
        int | None, typer.Option(envvar="JOURNEY_SEED", help="Which side trips are drawn; 0.", metavar="N")
    ] = None,
    settings: Set = None,
    json: Json = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    max_calls: MaxCalls = None,
    prices: Prices = None,
) -> int:
    """Make thoughts from trees, problems or notes.

    METHOD is shortcut, traverse or both (from trees); propose, debate, distill, rewrite (from problems); annotate (from
    notes). What is not given is taken from the run's recipe, or from the report where it has none; more settings go
    by --set telling.NAME=VALUE.
    """
    from journey.commands import telling
    from journey.commands.spending import Allowance

    asked = telling.Asked(
        method, trials, start, per_tree, neutral, model, strong, explain, refine, notes, seed, settings or (),
        prefer_labels, out,
    )  # fmt: skip
    return telling.derive(run, asked, Allowance(max_cost, max_tokens, max_calls, prices), json, dry_run)


@app.command()
def train(
    kind: Annotated[
        Literal["sft", "dpo", "prm"],
        typer.Argument(help="sft on thoughts, dpo on pairs of attempts, prm on judged steps.", metavar="KIND"),
    ],
    run: RunFolder,
    model: Annotated[
        str, typer.Option(envvar="JOURNEY_MODEL", help="What to start from: tiny, hf/ID, a folder, a model of the run.")
    ],
    name: Annotated[str | None, typer.Option(help="The new model's name; the arm's if not given.")] = None,
    arm: Annotated[Arm, typer.Option(help="The thoughts to train on (sft).")] = "journey",
    told: Annotated[
        str | None, typer.Option(help="Only this seed's thoughts or attempts (seed-1), or this judge's trees (prm).")
    ] = None,
    settings: Set = None,
    json: Json = False,
) -> int:
    """Train a model on what a run holds.

    sft takes its thoughts, dpo its attempts, prm (which makes a judge of steps) its trees. Settings:
    --set learning_rate=1e-4, epochs, batch, lora, ... The model lies in RUN/models/NAME.
    """
    from journey.commands import models

    return models.train(kind, run, model, name, arm, told, settings or (), json)


@app.command()
def eval(
    run: RunFolder,
    model: Annotated[
        str, typer.Option(envvar="JOURNEY_MODEL", help="tiny, hf/ID, scripted/FILE, a folder, or a model of the run.")
    ],
    split: Annotated[str, typer.Option(help="Which part of the run's problems.", metavar="PART")] = "test",
    decoding: Annotated[
        Literal["greedy", "sampled"] | None, typer.Option(help="How answers are drawn; greedy if not given.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(min=0.0, help="Above 0 means sampled.", metavar="T")] = None,
    top_p: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Nucleus of sampling.", metavar="P")] = None,
    answer_tokens: Annotated[int | None, typer.Option(min=1, help="Longest answer.", metavar="N")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers a problem (sampled).", metavar="N")] = 1,
    search: Annotated[
        list[str] | None,
        typer.Option(help="vote, best_of_n, beam, dvts, lookahead, mcts or all; may be given again.", metavar="NAME"),
    ] = None,
    judge: StepJudge = None,
    allow_code: AllowCode = False,
    settings: Set = None,
    seed: Seed = None,
    limit: Limit = None,
    json: Json = False,
    dry_run: DryRun = False,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    prices: Prices = None,
) -> int:
    """Let a model answer the run's problems.

    Answers are checked as their benchmark checks them. With --search they are chosen from many, set by --set search.n=8
    and the like; --set search.n=[1,4,16] draws accuracy against the tokens spent. --set budget.max=500 ends the
    thinking there and asks for the answer, --set budget.waits=2 makes the model think on where it would end. With
    --judge and several samples the judge scores their steps (rm@k, joined by --set rm.aggregate=min); answers to
    SimpleQA are graded by it.
    """
    from journey.commands import drawing
    from journey.commands.spending import Allowance

    budget, others = drawing.budget_of(settings or ())
    asked = drawing.Asked(decoding, temperature, top_p, answer_tokens, samples, seed, budget, allow_code)
    allowance = Allowance(max_cost, max_tokens, max_calls, prices)
    if search:
        from journey.commands import searching

        wish = searching.asked_for(asked, search, judge, others)
        return searching.evaluate(run, model, split, wish, limit, allowance, json, dry_run)
    from journey.commands import evaluating

    judging = evaluating.Judging(judge, tuple(others))
    return evaluating.evaluate(run, model, split, asked, judging, limit, allowance, json, dry_run)


@app.command()
def report(run: RunFolder, json: Json = False) -> int:
    """Write the run's report.

    report.json, .md, .html and pictures, in RUN/report.
    """
    from journey.commands import look

    return look.report(run, json)


@app.command()
def quality(sources: Sources, method: Method = None, top: Top = 3, json: Json = False) -> int:
    """Say how thoughts read and how good they are.

    Also what they do on their way; no model is asked.
    """
    from journey.commands import quality as of_thoughts

    return of_thoughts.quality(sources, method, top, json)


@app.command()
def export(
    run: RunFolder,
    what: Annotated[What, typer.Argument(help="Records as they are, or rows to train on.", metavar="WHAT")],
    to: Annotated[Path, typer.Option("--to", help="A .jsonl, .jsonl.gz, .parquet or .html file.", metavar="FILE")],
    arm: Annotated[Arm, typer.Option(help="The thoughts to write (sft).")] = "journey",
    told: Told = None,
    item: Item = None,
    messages: Annotated[bool, typer.Option("--messages", help="Rows as chat messages (sft, dpo).")] = False,
    json: Json = False,
) -> int:
    """Write records or training rows to a file.

    WHAT is problems, trees, thoughts, attempts, or rows for trainers: sft, dpo, prm; or what people said in the studio:
    labels, notes (the form that journey derive --method annotate --notes reads); or page: one tree with its thought as
    an .html file that opens anywhere, without a network.
    """
    from journey.commands import look

    if what == "page" or item is not None:
        return look.page(run, what, item, to, json)
    return look.export(run, what, to, arm, told, messages, json)


@app.command()
def status(run: RunFolder, json: Json = False) -> int:
    """Say what a run holds and what failed.

    Also why trees gave no thought, and what was spent.
    """
    from journey.commands import look

    return look.status(run, json)


@app.command()
def view(
    runs: Annotated[list[Path], typer.Argument(help="One run, or several to look at side by side.", metavar="RUN...")],
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; the first free one from 8501.", metavar="N")
    ] = None,
    browser: Annotated[
        bool | None, typer.Option("--browser/--no-browser", help="Open it; yes where there is a screen.")
    ] = None,
) -> int:
    """Open the studio in the browser.

    Trees, thoughts, answers, comparisons, labels. It answers on this machine only and changes nothing in a run.
    """
    from journey.commands import view

    view.check(runs)
    from journey.studio import serve

    return view.view(runs, serve.free_port(port), browser, serve.serve)


@app.command()
def pretrain(
    recipe: RecipeFile,
    out: Annotated[Path, typer.Option("--out", help="The model's folder.", metavar="DIR")],
    settings: Set = None,
    json: Json = False,
) -> int:
    """Make the tiny base model from scratch."""
    from journey.commands import models

    return models.pretrain(recipe, out, settings or (), json)


@app.command()
def doctor(json: Json = False) -> int:
    """Say what this machine has.

    Versions, cores, precision, disk, the tiny model.
    """
    from journey.commands import doctor

    return doctor.doctor(json)


for name, command in (
    ("judge", cli_comparing.judge),
    ("eval judges", cli_comparing.eval_judges),
    ("compare", cli_comparing.compare),
    ("decontaminate", cli_comparing.decontaminate),
):
    app.command(name)(command)
