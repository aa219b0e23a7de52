"""Monte-Carlo labels: a step is right when the policy still reaches the right answer from it.

Math-Shepherd (Wang et al. 2024, arXiv 2312.08935, section 3): from a step the policy finishes the solution n times and
the run's own grader checks the answers; hard label: was any right, soft label: the share that was. OmegaPRM (Luo et al.
2024, arXiv 2406.06592, section 3): the first wrong step of a solution by binary search over its prefixes.

A rollout whose answer nobody could check, or that has none, is left out; where all are, nothing can be said. A rollout
is one model call with a random stream of its own content, so a `Cached` policy never repeats it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from journey.answers.grade import Grade, Grader
from journey.errors import ABOVE_0, UsageError, check_settings
from journey.judges.base import AFTER, JudgeKind, JudgeRef, JudgeWork
from journey.models.base import Model, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.types import Judgement, Problem, content_seed

KEPT = 256  # problems whose rollouts stay in memory; others are asked of the policy (or its cache) again


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    """How steps are labelled.

    `n` rollouts a step. `label` "hard": right where any rollout is, score 1 or 0, and no more are drawn after the
    first right one; "soft": the score is the share of right ones, and the step is right from `threshold` on. `search`
    "binary" labels whole solutions by their first wrong step, found in log2 of their steps; single steps are labelled
    by themselves all the same. `share`: a rollout that passes through the next step counts as one of its rollouts.
    `count_unanswered`: a rollout that came to its own end without an answer counts as not right, as Math-Shepherd has
    it, instead of being left out. `stop` holds texts that end a rollout: those by which a policy goes back, say, which
    else returns from a wrong step and makes it look right.
    """

    n: int = 8
    label: Literal["hard", "soft"] = "hard"
    threshold: float = 0.5
    search: Literal["each", "binary"] = "each"
    share: bool = True
    count_unanswered: bool = False
    stop: tuple[str, ...] = ()
    temperature: float = 0.7
    top_p: float = 0.95
    max_tokens: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "rollout.", n=1, max_tokens=1, threshold=(ABOVE_0, 1))
        if self.n > 1 and self.temperature == 0:
            raise UsageError("rollouts at temperature 0 are all the same; give rollout.temperature, 0.7 say")


@dataclass(frozen=True, slots=True)
class Rollout:
    """One finished solution, the steps it was drawn after included; `right` null: nobody could say."""

    text: str
    right: bool | None


@dataclass(slots=True)
class Cost:
    """What labels came to: steps labelled, rollouts drawn (one call each), tokens generated, rollouts shared."""

    labels: int = 0
    calls: int = 0
    tokens: int = 0
    shared: int = 0


@dataclass(slots=True, eq=False)
class _Place:
    """The rollouts after some steps, null until they are drawn; who asks meanwhile waits, so none is drawn twice."""

    rollouts: list[Rollout] | None = None
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock)


class FirstError(NamedTuple):
    """The first wrong step of a solution: its index, null where there is none.

    `reason` says why nothing could be said (null: it could); then all before `step` is known to be right, no more.
    `checked` counts the prefixes that were looked at.
    """

    step: int | None
    reason: str | None
    checked: int


class RolloutJudge:
    """A Judge that finishes solutions with the policy. Its name is "rollout:MODEL"; `cost` grows with its work."""

    def __init__(self, policy: Model, ask: Ask, grader: Grader, settings: RolloutSettings = RolloutSettings()) -> None:
        self.name = f"rollout:{policy.name}"
        self.settings = settings
        self.cost = Cost()
        self._policy = policy
        self._ask = ask
        self._grader = grader
        self._known: OrderedDict[str, dict[tuple[str, ...], _Place]] = OrderedDict()

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate; one with a final answer is labelled by that answer. Raises ModelError."""
        if prefix and self.settings.share:
            await self.rollouts(problem, prefix)  # once, before all siblings look into them
        different = list(dict.fromkeys(candidates))
        judgements = await gather_or_cancel(self._judge(problem, [*prefix, step]) for step in different)
        by_text = dict(zip(different, judgements, strict=True))
        return [by_text[candidate] for candidate in candidates]

    async def judge_solution(self, problem: Problem, steps: Sequence[str]) -> list[Judgement]:
        """One judgement per step; those behind a first error found by "binary" are null. Raises ModelError."""
        if self.settings.search == "each":
            return [await self._judge(problem, steps[: i + 1]) for i in range(len(steps))]
        found = await self.first_error(problem, steps)
        self.cost.labels += len(steps)
        return self.judgements(found, len(steps))

    async def first_error(
        self, problem: Problem, steps: Sequence[str], *, reached: int = 0, ended: Grade | None = None
    ) -> FirstError:
        """The first step from which no rollout ends right, by binary search.

        Where a prefix that is lost stays lost this is what a look at every prefix finds. A first step is called wrong
        only where some rollout from the question itself ends right. After the first `reached` steps the answer is known
        to be in reach; `ended` is the grade of the solution's final answer, null where it must be found in its text.
        """
        if reached >= len(steps):
            return FirstError(None, None, 0)
        ends = ended.correct if ended else await self.can_reach(problem, steps)
        checked, low, high = 1, reached, len(steps)  # after `low` steps the answer is in reach, after `high` it is not
        while ends is False and high - low > 1:
            middle = (low + high) // 2
            can = await self.can_reach(problem, steps[:middle])
            checked += 1
            if can is None:
                return FirstError(low, unsaid(middle), checked)
            low, high = (middle, high) if can else (low, middle)
        if ends is not False:
            return FirstError(None, None, checked) if ends else FirstError(reached, unsaid(len(steps)), checked)
        if low == 0:
            checked += 1
            if not await self.can_reach(problem, ()):
                return FirstError(0, "no rollout from the question itself ended right", checked)
        return FirstError(low, None, checked)

    async def can_reach(self, problem: Problem, texts: Sequence[str]) -> bool | None:
        """Whether the right answer is reached from there: by the answer that stands there, else by any rollout."""
        answered = await self.answered(problem, texts)
        return answered.correct if answered else hard(await self.rollouts(problem, texts, share=False))

    def judgements(self, found: FirstError, steps: int) -> list[Judgement]:
        """What a first error says of every step of its solution."""
        end = steps if found.step is None else found.step
        judgements = [Judgement("right", 1.0, None, self.name)] * end
        if end < steps and found.reason is None:
            judgements.append(Judgement("wrong", 0.0, None, self.name))
        return [*judgements, *[Judgement(None, None, found.reason or AFTER, self.name)] * (steps - len(judgements))]

    async def answered(self, problem: Problem, texts: Sequence[str]) -> Grade | None:
        """The grade of a last step that holds a final answer; null for one that holds none."""
        if not texts:
            return None
        grade = await self._grader.grade(problem, self._ask(problem, texts[:-1]).prefix + texts[-1])
        return None if grade.answer is None else grade

    async def rollouts(self, problem: Problem, texts: Sequence[str], *, share: bool | None = None) -> list[Rollout]:
        """The rollouts after these steps (none: from the question), as many as the settings ask for.

        What comes out depends on the problem, the steps and the settings alone, not on what else was asked before.
        """
        share = self.settings.share if share is None else share
        place = self._of(problem).setdefault((str(share), *texts), _Place())
        if place.rollouts is not None:
            return place.rollouts
        async with place.drawing:  # those of a prefix are drawn under the lock of a longer one, never the other way
            if place.rollouts is None:
                passing: list[Rollout] = []
                if share and len(texts) > 1:
                    before = await self.rollouts(problem, texts[:-1], share=share)
                    beginning = self._ask(problem, texts).prefix
                    passing = [rollout for rollout in before if rollout.text.startswith(beginning)]
                place.rollouts = await self._drawn(problem, texts, passing)
            return place.rollouts

    async def _drawn(self, problem: Problem, texts: Sequence[str], passing: Sequence[Rollout]) -> list[Rollout]:
        """Rollouts up to n, those passing through counted.

        Hard labels need one right rollout: they are drawn in rounds of 1, 1, 2, 4, ... until there is one.
        """
        found, calls, tokens = list(passing), 0, 0
        is_hard = self.settings.label == "hard"
        while len(found) < self.settings.n and not (is_hard and hard(found)):
            missing = self.settings.n - len(found)
            number = min(max(1, calls), missing) if is_hard else missing
            drawn = await gather_or_cancel(self._roll(problem, texts, calls + i) for i in range(number))
            found += [rollout for rollout, _ in drawn]
            calls += number
            tokens += sum(length for _, length in drawn)
        self.cost.calls += calls
        self.cost.tokens += tokens
        self.cost.shared += len(passing)
        return found

    async def _roll(self, problem: Problem, texts: Sequence[str], number: int) -> tuple[Rollout, int]:
        settings = self.settings
        prompt = self._ask(problem, texts)
        seed = content_seed("rollout", settings.seed, problem.id, list(texts), number)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, settings.stop, seed=seed)
        (completion,) = await self._policy.complete(prompt, sampling)
        text = prompt.prefix + completion.text
        if completion.finish == "error":
            return Rollout(text, None), completion.tokens
        grade = await self._grader.grade(problem, text)
        right = grade.correct if grade.answer is not None else None
        if grade.answer is None and completion.finish != "length" and settings.count_unanswered:
            right = False
        return Rollout(text, right), completion.tokens

    async def _judge(self, problem: Problem, texts: Sequence[str]) -> Judgement:
        self.cost.labels += 1
        if answered := await self.answered(problem, texts):
            return self.of_answer(answered.correct)
        return self.judgement(await self.rollouts(problem, texts))

    def of_answer(self, correct: bool | None) -> Judgement:
        """What its final answer says of a step."""
        if correct is None:
            return Judgement(None, None, "nobody could check the final answer in this step", self.name)
        return self.judgement([Rollout("", correct)])

    def judgement(self, rollouts: Sequence[Rollout]) -> Judgement:
        """What rollouts say of the step they were drawn after."""
        could = [rollout.right for rollout in rollouts if rollout.right is not None]
        if not could:
            reason = f"none of {self.settings.n} rollouts gave an answer that could be checked"
            return Judgement(None, None, reason, self.name)
        share = sum(could) / len(could)
        is_right = any(could) if self.settings.label == "hard" else share >= self.settings.threshold
        is_answer = len(rollouts) == 1 and not rollouts[0].text
        unread = f", {len(rollouts) - len(could)} more gave no answer" if len(could) < len(rollouts) else ""
        evidence = None if is_answer else f"{sum(could)} of {len(could)} rollouts from here ended right{unread}"
        score = float(is_right) if self.settings.label == "hard" else share
        return Judgement("right" if is_right else "wrong", score, None, self.name, evidence)

    def _of(self, problem: Problem) -> dict[tuple[str, ...], _Place]:
        known = self._known.setdefault(problem.id, {})
        self._known.move_to_end(problem.id)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return known


def hard(rollouts: Sequence[Rollout]) -> bool | None:
    """Whether any rollout is right; null where nobody could say of one."""
    could = [rollout.right for rollout in rollouts if rollout.right is not None]
    return any(could) if could else None


def unsaid(steps: int) -> str:
    """Why a search ends without a first error."""
    return f"nobody could say whether the right answer is reached after step {steps}"


def estimate(ref: JudgeRef, settings: RolloutSettings, work: JudgeWork, strong: str) -> list[Estimate]:
    """What the policy is asked at most: `n` rollouts from every step, and from every prefix that is judged nowhere."""
    drawn = (work.steps + work.prefixes) * settings.n
    read = work.read * drawn // max(1, work.calls) + work.written * settings.n
    return [Estimate(ref.model, "rollouts", Usage(drawn, read, drawn * settings.max_tokens))]


KIND = JudgeKind(
    "rollout:MODEL",
    lambda ref, settings, sources: RolloutJudge(sources.model(ref.model), sources.ask, sources.grader, settings),
    models=lambda ref, strong: [ref.model],
    settings=RolloutSettings,
    estimate=estimate,
)
