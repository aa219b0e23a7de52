"""The flags that several commands share: their names, what stands in the help, and the environment's names for them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from journey.tasks.code import permission
from journey.training.pairs import KINDS

Format = Literal[
    "prm800k", "labelled", "problems", "benchmark", "puzzles", "trees", "thoughts", "attempts", "rollouts", "traces",
    "tot", "comcts",
]  # fmt: skip
What = Literal[
    "problems", "trees", "thoughts", "attempts", "rollouts", "sft", "dpo", "pairs", "prm", "labels", "notes", "page",
    "prompts", "advantages",
]  # fmt: skip
Form = Annotated[
    Literal["trl", "verl", "openrlhf", "rllm", "verifiers"] | None,
    typer.Option("--for", help="Rows in another project's form (prompts, advantages, trees, thoughts)."),
]

PreferLabels = Annotated[
    bool, typer.Option("--prefer-labels", help="People's submitted verdicts over the judge's, in a run of its own.")
]
Labelled = Annotated[
    Path | None,
    typer.Option("--out", help="That run's folder, or a shard's; RUN-labelled, RUN-3-of-8 else.", metavar="DIR"),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        "--told",  # as it was called before
        help="Only this seed's thoughts or attempts (seed-1), this judge's trees (prm), this person's labels (export).",
    ),
]

Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", "--pairs", metavar="KIND[=N]",
        help=f"Pairs of this kind, at most N: {', '.join(KINDS)}; may be given again.",
    ),
]  # fmt: skip
Margin = Annotated[
    float, typer.Option(min=0.0, max=1.0, help="How much two siblings differ in value (pairs of the kind value).")
]

Item = Annotated[
    str | None, typer.Option("--item", help="The tree or thought of a page: its id or how it begins.", metavar="ID")
]

RecipeFile = Annotated[
    Path, typer.Argument(help="A recipe's file, or the name of one that ships with journey.", metavar="RECIPE")
]
RunFolder = Annotated[Path, typer.Argument(help="A run's folder, such as runs/countdown.", metavar="RUN")]
Out = Annotated[
    Path | None,
    typer.Option("--out", envvar="JOURNEY_OUT", help="The run's folder; runs/RECIPE if not given.", metavar="DIR"),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any setting by its dotted name; may be given again.", metavar="KEY=VALUE"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Remove the run that is there and begin anew.")]
Seed = Annotated[int | None, typer.Option("--seed", envvar="JOURNEY_SEED", help="The (first) seed.", metavar="N")]
Limit = Annotated[
    int | None, typer.Option("--limit", min=1, envvar="JOURNEY_LIMIT", help="At most so many problems.", metavar="N")
]
Language = Annotated[
    str | None,
    typer.Option("--language", envvar="JOURNEY_LANGUAGE", help="The language: zh, ko, de, en, ...", metavar="CODE"),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", envvar="JOURNEY_SHARD", help="One of N parts of the problems, as 3/8.", metavar="I/N"),
]
ShardOut = Annotated[
    Path | None,
    typer.Option("--out", envvar="JOURNEY_OUT", help="The shard's own run; RUN-I-of-N if not given.", metavar="DIR"),
]
Ray = Annotated[
    str | None,
    typer.Option("--ray", help="Work on a Ray cluster: auto (this machine's), HOST:PORT or local.", metavar="ADDRESS"),
]
Slurm = Annotated[
    Path | None,
    typer.Option("--slurm", help="Write the recipe as Slurm jobs, set by this file, and submit them.", metavar="FILE"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and asked at most; do nothing.")]
Model = Annotated[
    str | None, typer.Option("--model", envvar="JOURNEY_MODEL", help="The model that reasons.", metavar="NAME")
]
Strong = Annotated[
    str | None,
    typer.Option(
        "--strong", envvar="JOURNEY_STRONG", help="The model that explains, refines, teaches.", metavar="NAME"
    ),
]
Dtype = Annotated[
    Literal["auto", "float32", "bfloat16", "float16"],
    typer.Option("--dtype", envvar="JOURNEY_DTYPE", help="What local models compute in; auto: bf16 where faster."),
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", min=0.0, envvar="JOURNEY_MAX_COST", help="Budget in US dollars.", metavar="USD"),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens", min=0, envvar="JOURNEY_MAX_TOKENS", help="Budget of tokens read and generated.", metavar="N"
    ),
]
MaxCalls = Annotated[
    int | None,
    typer.Option("--max-calls", min=0, envvar="JOURNEY_MAX_CALLS", help="Budget of model calls.", metavar="N"),
]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", envvar="JOURNEY_PRICES", help="The price table; prices.yaml if there.", metavar="FILE"),
]
Sources = Annotated[
    list[Path],
    typer.Argument(help="Runs; or JSONL files of thoughts, or with a text or response a row.", metavar="RUN|FILE..."),
]
Method = Annotated[
    str | None, typer.Option("--method", help="Only thoughts made this way: traverse, shortcut, ...", metavar="METHOD")
]
Top = Annotated[int, typer.Option("--top", min=1, max=100, help="Most frequent runs of words.", metavar="N")]


def _allow_code(context: typer.Context, value: bool) -> bool:
    if value:
        context.with_resource(permission.granted())
    return value


AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code", envvar=permission.VARIABLE, callback=_allow_code,
        help="Run programs that a model wrote, locked down (task code; Linux).",
    ),
]  # fmt: skip

StepJudge = Annotated[
    str | None,
    typer.Option(
        "--judge", help="Who scores steps (searches, rm@k) or grades answers (SimpleQA): exact, critic:MODEL, ...",
        metavar="NAME",
    ),
]  # fmt: skip
JudgeName = Annotated[
    str | None,
    typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, prm:MODEL, vote:[A,B], ...", metavar="NAME"),
]
Values = Annotated[
    str | None,
    typer.Option(
        "--values", help="Measure values instead: by leaves, exact, rollout:MODEL, prm:MODEL, ...", metavar="NAME"
    ),
]
JudgeNames = Annotated[
    list[str],
    typer.Option("--judge", help="exact, critic:MODEL, rollout:MODEL, recorded:FILE#MODEL, ...", metavar="NAME"),
]
Suite = Annotated[
    str | None, typer.Option("--suite", help="Everything else, before against after training: general.", metavar="NAME")
]
Before = Annotated[
    list[str] | None,
    typer.Option(
        "--before", help="With --suite: a model before training; the base and phase 1 if not given.", metavar="NAME"
    ),
]
SuiteData = Annotated[
    list[str] | None,
    typer.Option(
        "--data", help="With --suite: a part's file, as simpleqa=FILE; may be given again.", metavar="PART=FILE"
    ),
]
