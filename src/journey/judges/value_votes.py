"""The model's own votes on a state: sure, likely or impossible (Yao et al., Tree of Thoughts, arXiv 2305.10601).

A model that follows instructions is asked for the word. One that only knows a puzzle's own words cannot be: it goes on
from the state, and what it says of the end that it comes to is its vote. "Yes" is sure, "Wait" or a return is
impossible, neither within the tokens is likely. No vote knows more than the model: the checker is not asked.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from journey import prompts
from journey.answers.thinking import visible
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.types import Judgement, Problem, Verdict, content_seed

VALUES = {"sure": 20.0, "likely": 1.0, "impossible": 0.001}
"""What a vote counts, as published; a state's value is their sum."""
VERDICTS: dict[str, Verdict] = {"sure": "right", "likely": "neutral", "impossible": "wrong"}
RETURN = "Back to"


class VoteSettings(Protocol):
    """How votes are drawn: `votes` of at most `vote_tokens` a state."""

    @property
    def votes(self) -> int: ...
    @property
    def vote_tokens(self) -> int: ...
    @property
    def temperature(self) -> float: ...
    @property
    def top_p(self) -> float: ...
    @property
    def seed(self) -> int: ...


class ValueVotes:
    """A Judge that lets the policy vote; `by_prompt`: it is asked for the word, else it goes on from the state."""

    def __init__(self, model: Model, ask: Ask, steps: StepFormat, settings: VoteSettings, *, by_prompt: bool) -> None:
        self.name = f"votes:{model.name}"
        self._model = model
        self._ask = ask
        self._steps = steps
        self._settings = settings
        self._by_prompt = by_prompt

    async def judge(self, problem: Problem, prefix: Sequence[str], candidates: Sequence[str]) -> list[Judgement]:
        """One judgement per candidate, each voted on by itself. Raises ModelError."""
        return await gather_or_cancel(self._judge(problem, (*prefix, step)) for step in candidates)

    async def _judge(self, problem: Problem, steps: Sequence[str]) -> Judgement:
        how = self._settings
        seed = content_seed("value votes", how.seed, problem.id, list(steps))
        stop = () if self._by_prompt else (RETURN,)
        sampling = Sampling(how.temperature, how.top_p, how.vote_tokens, stop, how.votes, seed)
        prompt = self._ask(problem, steps)
        if self._by_prompt:
            text = prompts.fill("tot_value", question=problem.question, steps=self._steps.join(steps))
            prompt = Prompt(text, images=problem.images)
        drawn = await self._model.complete(prompt, sampling)
        votes = Counter(map(word if self._by_prompt else own_verdict, drawn))
        return judgement({vote: count for vote, count in votes.items() if vote is not None}, self.name)


def word(reply: Completion) -> str | None:
    """The vote in the last line of a reply; null where there is none, or more than one."""
    last = next((line for line in reversed(visible(reply.text).lower().splitlines()) if line.strip()), "")
    found = [vote for vote in VALUES if vote in last]
    return found[0] if len(found) == 1 else None


def own_verdict(end: Completion) -> str | None:
    """The vote in a continuation in a puzzle's own words; null for one that the model could not give."""
    if end.finish == "error":
        return None
    for line in end.text.splitlines():
        if line.startswith("Yes"):
            return "sure"
        if line.startswith("Wait"):
            return "impossible"
    return "impossible" if end.finish == "stop" else "likely"  # stopped at a return


def judgement(votes: dict[str, int], by: str) -> Judgement:
    """What votes say of a step: the word of most of them (a tie is *could not say*), and their value over its most."""
    number = sum(votes.values())
    if not number:
        return Judgement(None, None, "no vote could be read", by)
    top = max(votes.values())
    leading = [vote for vote, count in votes.items() if count == top]
    score = sum(VALUES[vote] * count for vote, count in votes.items()) / (VALUES["sure"] * number)
    reason = ", ".join(f"{votes[vote]} {vote}" for vote in VALUES if votes.get(vote))
    return Judgement(VERDICTS[leading[0]] if len(leading) == 1 else None, score, reason, by)
