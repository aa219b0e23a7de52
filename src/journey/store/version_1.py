"""What version 1 of store and records wrote, as today's records: the only place that reads a name back.

There a model's name held its seed, arm, search and judge, a decoding's name its grader, the column `arm` of thoughts
their seed, and one table "log" everything that is an entry today.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from journey.store.entries import (
    Curation,
    Entry,
    Exclusion,
    Failure,
    ImportListing,
    JudgeWeights,
    MethodSettings,
    Refusals,
    SharedPart,
    Spending,
    StepScores,
    Training,
)
from journey.types import ModelRef, SearchRef, model_json

Json = Mapping[str, Any]

_SEARCHED = re.compile(r"(.+)\+(vote|best_of_n|beam|dvts|lookahead|mcts) n=(\d+)(?: (.+))?", re.DOTALL)
_TRAINED = re.compile(r"seed-(\d+)/(.+)", re.DOTALL)
_SEED = re.compile(r"seed-(\d+)")
_ANSWERS = re.compile(r"(.+)/((?:sampled|greedy|preferences)(?: [^/]+)?(?: judge=.+)?)/([0-9a-f]{16})", re.DOTALL)
_JUDGED = re.compile(r"(?:^|(.*) )judge=(.+)", re.DOTALL)


def upgraded(
    table: str, fields: Json, given: Json, is_model: Callable[[str], bool] = lambda name: False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record's JSON form and its given columns of version 1, as today's.

    `is_model` says whether a model is called so, and no search of one: a folder may be called anything.
    """
    match table:
        case "thoughts":
            seed = _SEED.fullmatch(given.get("arm") or "")
            return {**fields, "seed": int(seed[1]) if seed else None, "round": None}, {}
        case "attempts":
            _, _, grader = str(fields["decoding"]).partition(" judge=")
            ref = model_json(model_ref(fields["model"], is_model))
            return {**fields, "model_ref": ref, "graded_by": grader or None}, {**given}
        case _:
            return {**fields}, {**given}


def model_ref(name: str, is_model: Callable[[str], bool] = lambda name: False) -> ModelRef:
    """The model that a name of version 1 says, "seed-2/journey+beam n=16 depth=3 judge=exact" say."""
    search, judge = None, None
    if (found := _SEARCHED.fullmatch(name)) and not is_model(name):
        name, words = found[1], found[4] or ""
        if judged := _JUDGED.fullmatch(words):
            words, judge = judged[1] or "", judged[2]
        pairs = (word.partition("=") for word in words.split())
        search = SearchRef(found[2], int(found[3]), tuple((key, _value(text)) for key, _, text in pairs))
    trained = _TRAINED.fullmatch(name)
    seed, arm = (int(trained[1]), trained[2]) if trained else (None, None)
    return ModelRef(name, seed, None, arm, search, judge)


def failure(stage: str, unit: str, reason: str) -> Failure:
    """A failed unit; those of answers were named MODEL/DECODING/PROBLEM."""
    found = _ANSWERS.fullmatch(unit)
    if found is None:
        return Failure(stage, unit, reason)
    model, decoding, problem = found.groups()
    return Failure("answers", unit, reason, problem, model, decoding)


def entries(log: list[tuple[str, Json]]) -> Iterator[Entry]:
    """The entries of a log of version 1, given as (stage, figures) from the oldest on."""
    excluded: dict[str, Json] = {}
    for stage, row in log:
        match stage:
            case "spent":
                yield Spending(row["model"], row["calls"], row["prompt_tokens"], row["tokens"], row["cost"])
            case "excluded":
                for problem in row["problems"]:
                    if row["back"]:
                        excluded.pop(problem, None)
                    else:
                        excluded.setdefault(problem, row["why"])
            case "rm":
                yield StepScores(**row)
            case "judge weights":
                yield JudgeWeights(row["judge"], row["weights"])
            case "train":
                ref = model_ref(row["model"], lambda name: True)
                tokens, seconds = row.get("tokens"), row.get("seconds")
                kind = next((kind for kind in ("dpo", "prm") if (ref.arm or ref.name).startswith(kind)), "sft")
                yield Training(row["model"], row["curve"], tokens, seconds, ref.seed, None, ref.arm, kind)
            case "import":
                for listed in row.get("listed", []):
                    yield ImportListing(**listed)
            case "refused":
                yield Refusals(row["method"], row.get("refused", {}), row.get("no_thought", {}))
            case "derive":
                yield MethodSettings(row["method"], row["settings"])
            case "curation":
                yield Curation(row["dropped"])
            case "shared":
                yield SharedPart(row["from"], row["what"], row.get("seeds", []))
            case _:  # a stage that no release had; the copy of the old file keeps it
                continue
    yield from (Exclusion(problem, why) for problem, why in excluded.items())


def _value(text: str) -> Any:
    """A setting as it was before it was shown: a number where it reads back as the same text."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)
