"""A strong model as step judge: asked for verdict and reason of every candidate step.

O1 Replication Journey part 1, the section on reward models: a verdict with its reason (o1-mini) judged steps better
than a score, and the long thought is written from the reason.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from journey.errors import UsageError, check_settings
from journey.judges.base import SURE, JudgeKind, JudgeRef, JudgeWork
from journey.judges.critic_form import CriticPrompt, StepVerdict, ask, read
from journey.judges.first_replies import FirstReplies
from journey.models.base import Model, Sampling
from journey.models.budget import Usage
from journey.models.estimate import Estimate
from journey.models.gather import gather_or_cancel
from journey.types import Judgement, Problem, Verdict, content_seed


@dataclass(frozen=True, slots=True)
class CriticSettings:
    """How a critic is asked.

    `together`: one call for all siblings; else one call each, side by side. `votes` answers are drawn a call and each
    candidate's verdict is that of most of them. An answer that cannot be read is asked for again `retries` times.
    After `unreadable_limit` replies of which not one could be read the work stops. `show_answer` lets the critic see
    the problem's known answer.
    """

    together: bool = True
    votes: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    retries: int = 2
    unreadable_limit: int = 20
    show_answer: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "critic.", votes=1, max_tokens=1, unreadable_limit=1, retries=0)
        if self.votes > 1 and self.temperature == 0:
            raise UsageError("several votes at temperature 0 are all the same; give critic.temperature, 0.7 say")

    def sampling(self, seed: int, attempt: int) -> Sampling:
        """How the votes are drawn at the first asking (`attempt` 0) or a later one."""
        return Sampling(
            # Greedy answers are all the same, so that asking again needs a little chance.
            temperature=self.temperature if self.temperature or not attempt else 0.3,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            n=self.votes,
            seed=seed,
        )


class Critic:
    """A Judge that asks a model. Its name in judgements and trees is "critic:MODEL".

    What cannot be read is *could not say* (verdict null, with the reason why), never "wrong"; nor does a vote that
    could not be read count against a step. The score of a judgement is the mean of the scores that its readable votes
    gave, where a vote without one stands for 1, 0.5 or 0. Raises ModelError where the model fails for good, and
    UsageError where none of the first `unreadable_limit` replies could be read.
    """

    def __init__(self, model: Model, settings: CriticSettings = CriticSettings(), name: str | None = None) -> None:
        self.name = name or f"critic:{model.name}"
        self._model = model
        self._settings = settings
        self._first = FirstReplies(self.name, settings.unreadable_limit)

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate; equal candidates are judged once."""
        different = list(dict.fromkeys(candidates))
        if self._settings.together and different:
            judged = await self._judge(problem, prefix, different)
        else:
            each = await gather_or_cancel(self._judge(problem, prefix, [one]) for one in different)
            judged = [judgement for judgements in each for judgement in judgements]
        by_step = dict(zip(different, judged, strict=True))
        return [by_step[candidate] for candidate in candidates]

    async def _judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One call's candidates, asked again while some could not be read; a later answer never replaces a read one."""
        judged: list[Judgement | None] = [None] * len(candidates)
        flaw = ""
        for attempt in range(1 + self._settings.retries):
            prompt = ask(problem, prefix, candidates, show_answer=self._settings.show_answer)
            seed = content_seed("critic", self._settings.seed, problem.id, list(prefix), list(candidates), attempt)
            sampling = self._settings.sampling(seed, attempt)
            replies = await self._first.ask(self._model, prompt.prompt, sampling, partial(_readable, prompt=prompt))
            votes = [vote for _, vote in replies if vote is not None]
            for number in range(len(candidates)):
                judged[number] = judged[number] or self._agreed([vote[number] for vote in votes if vote[number]])
            if all(judged):
                break
            is_cut = all(reply.finish == "length" for reply, _ in replies)
            flaw = "the answer was cut off" if is_cut else "no readable verdict"
        return [one or Judgement(None, reason=f"the critic could not say: {flaw}", by=self.name) for one in judged]

    def _agreed(self, votes: Sequence[StepVerdict | None]) -> Judgement | None:
        """The judgement of the readable votes; null where there are none. A tie is *could not say*."""
        readable_votes = [vote for vote in votes if vote is not None]
        if not readable_votes:
            return None
        counts = Counter[Verdict](vote.verdict for vote in readable_votes).most_common()
        score = fmean(SURE[vote.verdict] if vote.score is None else vote.score for vote in readable_votes)
        if len(counts) > 1 and counts[0][1] == counts[1][1]:
            tied = " and ".join(sorted(verdict for verdict, number in counts if number == counts[0][1]))
            return Judgement(None, score, f"the votes are tied between {tied}", self.name)
        verdict = counts[0][0]
        reason = next((vote.reason for vote in readable_votes if vote.verdict == verdict and vote.reason), None)
        return Judgement(verdict, score, reason, self.name)


def _readable(text: str, prompt: CriticPrompt) -> list[StepVerdict | None] | None:
    """What the reply says of each candidate, null where it says nothing of any."""
    found = read(text, prompt)
    return found if any(found) else None


def estimate(ref: JudgeRef, settings: CriticSettings, work: JudgeWork, strong: str) -> list[Estimate]:
    """What the critic's model is asked at most: about siblings together or one by one, every retry used."""
    requests = work.calls if settings.together else work.steps
    read = work.read if settings.together else work.read * -(-work.steps // max(1, work.calls))
    tries = 1 + settings.retries
    read = (read + work.written) * tries
    most = Usage(requests * tries, read, requests * tries * settings.votes * settings.max_tokens)
    return [Estimate(ref.model or strong, "verdicts", most)]


KIND = JudgeKind(
    "critic, critic:MODEL",
    lambda ref, settings, sources: Critic(sources.model(ref.model or sources.strong), settings),
    model="may",
    models=lambda ref, strong: [ref.model or strong],
    settings=CriticSettings,
    estimate=estimate,
)
