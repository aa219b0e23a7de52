"""Tree of Thoughts (Yao et al., arXiv 2305.10601): one model proposes next thoughts and votes on what they lead to.

Breadth first (their Algorithm 1): of all thoughts proposed at a level the best b by the sum of their votes go on. Depth
first (Algorithm 2): the best thought first; one whose value is not above the threshold is left with all behind it. Both
charge every token of proposals and votes to the model, which does both.

A model that follows instructions lists its proposals in one reply and votes by a word. A puzzle's own model knows no
instructions: its proposals are draws of the next step, and its votes the verdicts that it comes to by itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from journey import prompts
from journey.answers.thinking import visible
from journey.errors import UsageError, check_settings
from journey.judges.value_votes import ValueVotes
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.gather import gather_or_cancel
from journey.search.candidate import ROOT, Candidate, SearchContext, attempt, extend
from journey.search.choose import best, best_first
from journey.search.cost import counting
from journey.search.settings import StepSettings
from journey.tasks.table import task_of
from journey.types import Attempt, Problem

_LISTED = re.compile(r"\s*(?:\d{1,3}[.)]|[-*•])\s+(.*\S)")


@dataclass(frozen=True, slots=True)
class ThoughtSettings(StepSettings):
    """`n` thoughts are proposed after each state, and each has `votes` of at most `vote_tokens` tokens.

    `by` "prompts": the model is asked for a list and for a word; "continuations": it goes on; "task": continuations for
    puzzles in their own words, prompts for all others.
    """

    n: int = 5
    temperature: float = 0.7
    votes: int = 3
    vote_tokens: int = 256
    by: Literal["task", "prompts", "continuations"] = "task"

    def __post_init__(self) -> None:
        StepSettings.__post_init__(self)
        check_settings(self, "search.", votes=1, vote_tokens=1)
        if self.until != "answer":
            raise UsageError("Tree of Thoughts finishes a candidate with its first answer; leave search.until away")

    def at_most_after(self, states: int) -> tuple[int, int]:
        """The model's calls and generated tokens, at most, where so many states are gone on from."""
        voted = states * self.n
        return states + voted, voted * (self.max_step_tokens + self.votes * self.vote_tokens)


@dataclass(frozen=True, slots=True)
class BreadthSettings(ThoughtSettings):
    """`breadth` b: the states that go on at each level."""

    breadth: int = 5

    def __post_init__(self) -> None:
        ThoughtSettings.__post_init__(self)
        check_settings(self, "search.", breadth=1)

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return self.at_most_after(1 + self.breadth * (self.depth - 1))


@dataclass(frozen=True, slots=True)
class DepthSettings(ThoughtSettings):
    """At most `states` are gone on from; a thought is left where its value, from 0 to 1, is not above `threshold`.

    The usual threshold leaves a thought that every vote calls impossible.
    """

    states: int = 100
    threshold: float = 0.01

    def __post_init__(self) -> None:
        ThoughtSettings.__post_init__(self)
        check_settings(self, "search.", states=1, threshold=(0, 1))

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return self.at_most_after(self.states)


async def breadth_first(problem: Problem, context: SearchContext, settings: BreadthSettings) -> Attempt:
    """The finished candidate of the greatest value; one that is finished keeps its place among the best b."""
    with counting(context) as (counted, tally):
        thinking = thinker(problem, counted, settings)
        ended: list[Candidate] = []
        level = [ROOT]
        for _ in range(settings.depth):
            grown = await gather_or_cancel(
                extend(problem, thinking, one, settings, settings.n) for one in level if one.open
            )
            candidates = [one for siblings in grown for one in siblings]
            ended += [one for one in candidates if one.answer is not None]
            standing = [one for one in level if not one.open] + [one for one in candidates if _is_usable(one)]
            level = best_first(standing, "last")[: settings.breadth]
            if not any(one.open for one in level):
                break
    winner = best(ended, "last")
    return attempt(problem, context, "tot_bfs", settings, tally.spent(), winner, level)


async def depth_first(problem: Problem, context: SearchContext, settings: DepthSettings) -> Attempt:
    """The first finished candidate that is not left for its value; where all are, the best of those."""
    with counting(context) as (counted, tally):
        thinking = thinker(problem, counted, settings)
        ended: list[Candidate] = []
        stack, deepest = [ROOT], ROOT
        for _ in range(settings.states):
            if not stack:
                break
            after = best_first(await extend(problem, thinking, stack.pop(), settings, settings.n), "last")
            deepest = max(deepest, *after, ROOT, key=lambda one: len(one.steps))
            ended += [one for one in after if one.answer is not None]
            promising = [one for one in after if _is_promising(one, settings.threshold)]
            if any(one.answer is not None for one in promising):
                ended = [one for one in promising if one.answer is not None]
                break
            stack += [one for one in reversed(promising) if one.open and len(one.steps) < settings.depth]
    return attempt(problem, context, "tot_dfs", settings, tally.spent(), best(ended, "last"), [deepest])


def _is_usable(one: Candidate) -> bool:
    return one.open or one.answer is not None


def _is_promising(one: Candidate, threshold: float) -> bool:
    """Whether the search goes on from the candidate; where no vote could be read it does."""
    return _is_usable(one) and (one.scores[-1] is None or one.scores[-1] > threshold)


def thinker(problem: Problem, context: SearchContext, settings: ThoughtSettings) -> SearchContext:
    """The means whose model proposes thoughts on this problem and whose judge is the model's own votes."""
    task = task_of(problem)
    by_prompt = task.ground is None if settings.by == "task" else settings.by == "prompts"
    votes = ValueVotes(context.model, context.ask, context.steps, settings, by_prompt=by_prompt)
    model = Proposer(context.model, problem, prompts.load(task.rules)) if by_prompt else context.model
    return replace(context, model=model, judge=votes)


class Proposer:
    """A Model whose completions are the thoughts that one reply of another model lists."""

    def __init__(self, model: Model, problem: Problem, rules: str) -> None:
        self.name = model.name
        self._model = model
        self._problem = problem
        self._rules = rules

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """At most `sampling.n` next thoughts, all different; the reply's tokens are shared out among them."""
        text = prompts.fill(
            "tot_propose", rules=self._rules, question=self._problem.question, number=str(sampling.n),
            steps=prompt.prefix.strip() or "(none yet)",
        )  # fmt: skip
        whole_list = replace(sampling, n=1, max_tokens=sampling.n * sampling.max_tokens, stop=())
        (reply,) = await self._model.complete(Prompt(text, images=self._problem.images), whole_list)
        lines = visible(reply.text).splitlines()
        thoughts = listed(lines[:-1] if reply.finish == "length" else lines)[: sampling.n]
        if not thoughts or reply.finish == "error":
            return [replace(reply, text="")]
        return [Completion(thought, reply.tokens // len(thoughts), "stop") for thought in thoughts]


def listed(lines: Sequence[str]) -> list[str]:
    """The different entries of a list, numbered or with bullets; every line where none has either."""
    entries = [match[1] for line in lines if (match := _LISTED.fullmatch(line.rstrip()))]
    return list(dict.fromkeys(entries or filter(None, map(str.strip, lines))))
