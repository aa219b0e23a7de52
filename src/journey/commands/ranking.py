"""The part of journey eval where a judge scores the steps of attempts: rm@k, beside pass@k and maj@k."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from journey.commands.drawing import servers_of
from journey.commands.judges import JudgeModels, check_knows, chosen_words, judge_of, strong_of
from journey.errors import UsageError
from journey.evals.attempts import Decoding
from journey.evals.step_scores import LOG, NOTHING, Kept, RmSettings, judge_attempts, kept
from journey.judges import names
from journey.judges.base import JudgeWork
from journey.metrics.at_k import by_problem
from journey.models.base import Model
from journey.models.estimate import Estimate, question_tokens
from journey.pipeline import registry
from journey.pipeline.fan_out import Progress, each
from journey.search.best_of_n import MOST_STEPS
from journey.search.candidate import SearchContext
from journey.store.run import Run
from journey.tasks.table import TaskGrader, ask, shared_task, task_of
from journey.types import Attempt, Problem

IN_FLIGHT = 64
STATION = "rm"


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a judge's scores came to: who it is, what the run keeps of these attempts."""

    judge: str
    kept: Kept
    attempts: Sequence[Attempt]

    @property
    def scores(self) -> Mapping[str, float | None] | None:
        """The scores by attempt; null where some attempts could not be judged, so that rm@k is not known."""
        return self.kept.scores() if self.kept.covers(self.attempts) else None

    def to_json(self) -> dict[str, Any]:
        """Who scored, how many have a score, how many the judge could not say, and the cost, remembered or not."""
        answered = [a for a in self.attempts if a.answer is not None]
        scores = self.kept.scores()
        scored = sum(scores.get(a.id) is not None for a in answered)
        missing = sum(a.id not in scores for a in answered)
        return {
            "judge": self.judge, "aggregate": self.kept.aggregate, "attempts": len(self.attempts), "scored": scored,
            "could_not_say": len(answered) - scored - missing, "not_judged": missing,
            "unanswered": len(self.attempts) - len(answered),
            "judge_tokens": self.kept.spent.judge_tokens, "judge_calls": self.kept.spent.calls,
        }  # fmt: skip


def check(of: Run, problems: Sequence[Problem], judge: str, samples: int) -> None:
    """Raises UsageError where a judge of steps has nothing to choose from, or nothing to say."""
    registry.check_names([], judge, servers_of(of))
    if any(task_of(p).name == "code" for p in problems):
        raise UsageError("judges score steps of reasoning, and code has none; leave --judge away")
    if samples == 1:
        raise UsageError(
            "with one answer a problem there is nothing for a judge to choose; say --decoding sampled --samples 8 for "
            "rm@k, or name a search, as in --search best_of_n"
        )
    check_knows(judge, problems)
    strong_of(of, judge)


async def rank(
    run: Run,
    problems: Sequence[Problem],
    attempts: Sequence[Attempt],
    model: Model,
    judge: str,
    settings: Sequence[str],
    chosen: RmSettings,
    models: JudgeModels,
    progress: Progress,
) -> Ranked:
    """Has the judge score what it has not scored yet, each problem kept the moment it is done."""
    made = judge_of(run, judge, settings, models)
    grader = TaskGrader()
    context = SearchContext(model, grader, ask, shared_task(problems).steps, made, made.name + chosen_words(settings))
    called = str(context.judge_name)
    asked = {p.id: p for p in problems}
    before = kept(run, attempts).get(called, NOTHING)
    new = {
        f"{called}/{model.name}/{problem}": (asked[problem], missing)
        for problem, tried in by_problem(attempts).items()
        if (missing := [a for a in tried if a.answer is not None and a.id not in before.steps])
    }

    async def one(unit: tuple[Problem, Sequence[Attempt]]) -> list[Attempt]:
        run.log(LOG, await judge_attempts(*unit, context, chosen))
        return []

    try:
        await each(run, STATION, new, one, "attempts", in_flight=IN_FLIGHT, progress=progress)
    finally:
        grader.close()
        if before.steps and before.aggregate != chosen.aggregate:
            run.log(LOG, {"judge": called, "aggregate": chosen.aggregate, "steps": {}})
    now = kept(run, attempts).get(called, NOTHING)
    return Ranked(called, replace(now, aggregate=chosen.aggregate), attempts)


def at_most(
    problems: Sequence[Problem], judge: str, strong: str, rule: Decoding, settings: Mapping[str, Any]
) -> list[Estimate]:
    """What the judge's models are asked at most: every step of every answer apart, each step as short as can be."""
    steps = min(MOST_STEPS, rule.max_tokens // 2 + 1)
    judged = len(problems) * rule.samples * steps
    longest = question_tokens(problems) // max(1, len(problems)) + rule.max_tokens
    work = JudgeWork(judged, judged, judged * longest, 0)
    return names.estimate(names.read(judge), settings, work, strong)


def lines(of: Ranked) -> list[tuple[str, Any]]:
    """Who scored and what that cost, for a person."""
    data = of.to_json()
    said = [("scored by", data["judge"]), ("score of an answer", f"{data['aggregate']} of its steps")]
    said += [("answers scored", f"{data['scored']} of {data['attempts']}")]
    if data["could_not_say"]:
        said.append(("the judge could not say", str(data["could_not_say"])))
    if data["not_judged"]:
        said.append(("not judged, so rm@k is not known", f"{data['not_judged']}; give the command again"))
    return [
        *said,
        ("the judge's calls", f"{data['judge_calls']:,}"),
        ("the judge's tokens", f"{data['judge_tokens']:,}"),
    ]
