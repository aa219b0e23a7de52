"""The part of journey eval where a judge grades answers (SimpleQA): who it is, what it costs, what came out."""

from collections.abc import Mapping, Sequence
from typing import Any

from journey.commands.judges import chosen_words, judge_settings, strong_of
from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.evals.judged import LONGEST, SAID, JudgedGrader, ask, factuality
from journey.judges.critic import CriticSettings
from journey.models.budget import Usage
from journey.models.estimate import Estimate, tokens_of
from journey.models.server_settings import ServerSettings
from journey.pipeline import registry
from journey.store.run import Run
from journey.tasks.table import task_of
from journey.types import Attempt, Problem

KIND = "critic:"


def is_judged(problems: Sequence[Problem]) -> bool:
    """Whether a model must grade answers to some of the problems."""
    return any(task_of(p).name == "judged" for p in problems)


def grading_model(of: Run, judge: str, servers: Mapping[str, ServerSettings]) -> str:
    """The model that a judge's name means: critic:MODEL, critic (the recipe's strong one) or MODEL. Raises UsageError.

    Judges of steps cannot grade answers.
    """
    name = strong_of(of, judge) if judge == "critic" else judge.removeprefix(KIND)
    try:
        registry.check_names([name], "exact", servers)
    except UsageError:
        raise UsageError(
            f"{judge} cannot grade answers; name a model that does, as in --judge critic:openai/NAME "
            f"(known are {registry.MODEL_NAMES})"
        ) from None
    return name


def grading_name(model: str, settings: Sequence[str]) -> str:
    """What the judge is called in attempts."""
    return f"{KIND}{model}{chosen_words(settings)}"


def grader_of(of: Run, model: str, settings: Sequence[str], models: registry.Models) -> JudgedGrader:
    """The grader that asks that model."""
    return JudgedGrader(models.model(model), judge_settings(of, settings)["critic"])


def at_most(problems: Sequence[Problem], model: str, rule: Decoding, settings: CriticSettings) -> Estimate:
    """What the judge is asked at most about all answers."""
    judged = [p for p in problems if task_of(p).name == "judged"]
    longest = min(rule.max_tokens, LONGEST)
    read = sum(tokens_of(ask(p, "").prompt.text) + longest for p in judged)
    calls = rule.samples * (1 + settings.retries)
    written = len(judged) * calls * settings.votes * settings.max_tokens
    return Estimate(model, "verdicts", Usage(len(judged) * calls, read * calls, written))


def figures(attempts: Sequence[Attempt], judge: str, *, forced: bool) -> dict[str, Any]:
    """SimpleQA's figures with who graded, and what that cost over all attempts, remembered calls included.

    The judge's calls are null where a `forced` budget needed several of the model for an answer: they are not told
    apart.
    """
    return factuality(attempts) | {
        "judge": judge,
        "judge_tokens": sum(a.spent.judge_tokens for a in attempts),
        "judge_calls": None if forced else sum(a.spent.calls - 1 for a in attempts),
    }


def lines(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The same for a person."""

    def share(of: Mapping[str, float] | None) -> str:
        return "nothing attempted" if of is None else (
            f"{100 * of['value']:.1f} % ({100 * of['low']:.1f} to {100 * of['high']:.1f})"
        )  # fmt: skip

    f_score = data["f_score"]
    return [
        ("graded by", data["judge"]),
        *((said, share(data[said.replace(" ", "_")])) for said in SAID),
        ("the judge could not say", data["could_not_say"]),
        ("correct given attempted", share(data["correct_given_attempted"])),
        ("F-score", "-" if f_score is None else f"{f_score:.3f}"),
        ("the judge's calls", "-" if data["judge_calls"] is None else f"{data['judge_calls']:,}"),
        ("the judge's tokens", f"{data['judge_tokens']:,}"),
    ]
