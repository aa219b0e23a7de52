"""The answers of an update: drawn by the policy as it stands, graded, rewarded, and credited piece by piece.

All randomness comes from the seed, the update and the problem, so that a killed training draws the same answers again.
"""

import asyncio
import random
import threading
from bisect import bisect_right
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from journey.answers.grade import Grader
from journey.metrics.diversity import lines_again
from journey.models.base import Completion, Sampling
from journey.models.gather import gather_or_cancel
from journey.rewards.outcomes import Ending, ending
from journey.tasks.table import ask
from journey.thoughts.behaviours import Piece, pieces
from journey.training.border_values import mean, rollout_values
from journey.training.branching import Branched, branched, shared_pieces, tree_values
from journey.training.credit import Walk, by_line, flipped, mixed, token_advantages
from journey.training.rl_engines import Policy
from journey.training.rl_settings import Rewards, RlSettings
from journey.types import Credit, ModelRef, Problem, Rollout, Spent, content_hash, content_seed

Result = TypeVar("Result")
CUT_OFF: Ending = "cut off"


class Book(Protocol):
    """Where rollouts are kept."""

    def known(self, step: int) -> list[Rollout]:
        """The rollouts of an update that were kept before."""
        ...

    def keep(self, rollouts: Sequence[Rollout]) -> None:
        """Keeps the rollouts of an update, all of them or none."""
        ...


@dataclass(slots=True)
class Memory:
    """A book in memory."""

    rollouts: list[Rollout] = field(default_factory=list[Rollout])

    def known(self, step: int) -> list[Rollout]:
        return [one for one in self.rollouts if one.step == step]

    def keep(self, rollouts: Sequence[Rollout]) -> None:
        self.rollouts += rollouts


class Background:
    """An event loop in a thread of its own, for code that must wait for coroutines wherever it is called."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="journey-rollouts", daemon=True)
        self._thread.start()

    def result(self, work: Coroutine[Any, Any, Result]) -> Result:
        """What the coroutine gives, or raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Ends the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rollout with what training reads of it: tokens of its prompt and of each piece, advantages of its tokens.

    `values` at the borders of its pieces, empty where none were measured. `verdicts` on its pieces are those of a
    judge, which said something of so many (`known`).
    """

    rollout: Rollout
    prompt: tuple[int, ...]
    pieces: Sequence[Piece]
    tokens: Sequence[int]
    values: Sequence[float | None] = ()
    verdicts: Sequence[float | None] = ()
    known: int = 0
    advantages: Sequence[float] = ()

    @property
    def reward(self) -> float | None:
        """The sum of the rewards, null where one of them is."""
        values = list(self.rollout.rewards.values())
        return None if None in values else sum(value for value in values if value is not None)

    def is_masked(self, rewards: Rewards) -> bool:
        """Whether it was cut off and such answers are not trained on, whatever credits them."""
        return self.rollout.error == CUT_OFF and rewards.cut_off is None

    @property
    def shared(self) -> int:
        """How many of its pieces another rollout trains."""
        return shared_pieces(self.pieces, self.rollout.shared)


def chosen(problems: Sequence[Problem], update: int, count: int, seed: int) -> list[Problem]:
    """The problems of an update: passes over all of them follow each other, each a new shuffle."""
    turns: dict[int, list[int]] = {}
    found: list[Problem] = []
    for place in range(update * count, (update + 1) * count):
        turn, at = divmod(place, len(problems))
        if turn not in turns:
            order = turns[turn] = list(range(len(problems)))
            random.Random(content_seed("rl order", len(problems), turn, seed)).shuffle(order)
        found.append(problems[turns[turn][at]])
    return found


async def draw(
    problems: Sequence[Problem], model: Policy, grader: Grader, update: int, ref: ModelRef, work: str,
    settings: RlSettings, mine: range,
) -> list[Drawn]:  # fmt: skip
    """The rollouts of an update, `settings.samples` to each of its problems with a number in `mine`.

    `work` names the training. Raises ModelError.
    """

    async def group(number: int, problem: Problem) -> list[Drawn]:
        seed = content_seed("rollout", problem.id, update, number, settings.seed)
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_tokens, n=settings.samples, seed=seed)
        first = number * settings.samples
        drawn = await _answers(problem, model, sampling, settings)
        fields = await gather_or_cancel(graded(problem, one, grader, settings.rewards) for one in drawn)
        found = [
            read(
                problem,
                Rollout(rollout_id(work, update, first + i), problem.id, ref, update, first + i,
                        seed=seed, **own),
                model,
            )
            for i, own in enumerate(fields)
        ]  # fmt: skip
        return await _valued(problem, found, drawn, model, grader, sampling, settings)

    wanted = chosen(problems, update, settings.problems, settings.seed)
    return [one for found in await gather_or_cancel(group(i, wanted[i]) for i in mine) for one in found]


def rollout_id(work: str, update: int, number: int) -> str:
    """The id of the rollout with that number of an update of a training."""
    return content_hash("rollout", work, update, number)


async def _answers(problem: Problem, model: Policy, sampling: Sampling, settings: RlSettings) -> list[Branched]:
    """The answers to a problem, as branches of one tree where credit needs a tree."""
    prompt = ask(problem, ())
    if "tree" not in settings.needs:
        return [Branched(one.text, one) for one in await model.complete(prompt, sampling)]

    def starts(completion: Completion) -> Sequence[int]:
        return model.token_starts(prompt, completion.ids, completion.text)

    return await branched(problem, model, sampling, starts, settings.branching)


async def graded(problem: Problem, drawn: Branched, grader: Grader, rewards: Rewards) -> dict[str, Any]:
    """What was drawn and what it earns: the fields of a rollout that this decides."""
    completion = drawn.completion
    grade = await grader.grade(problem, ask(problem, ()).prefix + drawn.text) if drawn.text.strip() else None
    how = ending(grade, is_cut=completion.finish == "length")
    return {
        "text": drawn.text,
        "answer": None if grade is None else grade.answer,
        "correct": None if grade is None else grade.correct,
        "error": how if how in (CUT_OFF, "empty") else None if grade is None else grade.error,
        "tokens": completion.tokens,
        "finish": completion.finish,
        "rewards": earned(how, completion.tokens, rewards),
        "logprob": completion.logprob,
        "token_ids": completion.ids,
        "shared": drawn.shared,
        "spent": Spent(completion.tokens, 0, 1),
    }


def earned(how: Ending | None, tokens: int, rewards: Rewards) -> dict[str, float | None]:
    """What an answer that ended so earns, by name; null where nobody could say, or where it is not trained on."""
    of: dict[Ending | None, float | None] = {
        "right": rewards.right, "wrong": rewards.wrong, "cut off": rewards.cut_off, "empty": rewards.empty, None: None,
    }  # fmt: skip
    length: dict[str, float | None] = {"length": rewards.per_token * tokens} if rewards.per_token else {}
    return {"outcome": of[how]} | length


def read(problem: Problem, rollout: Rollout, model: Policy) -> Drawn:
    """A rollout with its prompt's tokens and its pieces. A token belongs to the piece in which it begins.

    What another rollout trains of it stands in the prompt.
    """
    prompt = ask(problem, ())
    prompt = replace(prompt, prefix=prompt.prefix + rollout.text[: rollout.shared])
    found = pieces(problem, rollout.text)
    begins = [piece.start for piece in found]
    tokens = [0] * len(found)
    for start in model.token_starts(prompt, rollout.token_ids, rollout.text[rollout.shared :]):
        if found:
            tokens[max(0, bisect_right(begins, rollout.shared + start) - 1)] += 1
    kept = rollout.credit
    values = [None if kept[0].end else kept[0].value, *(c.value for c in kept if c.end)] if kept else []
    return Drawn(rollout, model.prompt_ids(prompt), found, tokens, values)


async def _valued(
    problem: Problem, group: Sequence[Drawn], drawn: Sequence[Branched], model: Policy, grader: Grader,
    sampling: Sampling, settings: RlSettings,
) -> list[Drawn]:  # fmt: skip
    """The group with the values that its credit needs, each measured at its cost."""
    ends = [None if one.reward is None else was_right(one.rollout) for one in group]
    if "tree" in settings.needs:
        values = tree_values(drawn, [one.pieces for one in group], ends)
        return [replace(one, values=given) for one, given in zip(group, values, strict=True)]
    if "rollouts" not in settings.needs:
        return list(group)

    async def measured(index: int, one: Drawn) -> Drawn:
        if one.is_masked(settings.rewards):
            return one
        others = mean([None if end is None else float(end) for i, end in enumerate(ends) if i != index])
        values, cost = await rollout_values(
            problem, one.rollout.text, one.pieces, one.tokens, ends[index], model, grader, sampling, settings.values,
            start=others,
        )  # fmt: skip
        spent = replace(one.rollout.spent, model_tokens=one.rollout.spent.model_tokens + cost)
        return replace(one, rollout=replace(one.rollout, spent=spent), values=values)

    return await gather_or_cancel(measured(*which) for which in enumerate(group))


def credited(group: Sequence[Drawn], settings: RlSettings) -> list[Drawn]:
    """The rollouts drawn to one problem with their credit and the advantage of each token."""
    walks = [walk(one, settings) for one in group]
    found: list[Drawn] = []
    for one, way, lines in zip(group, walks, by_line(walks, settings.credit, settings.crediting), strict=True):
        given = mixed(lines, settings.credit, way.pieces)
        given[: way.shared] = [0.0] * way.shared
        values = way.values or [None] * (way.pieces + 1)
        begin = [] if values[0] is None else [Credit(0, 0, 0.0, values[0])]
        credit = [
            Credit(piece.start, piece.end, amount, value)
            for piece, amount, value in zip(one.pieces, given, values[1:], strict=True)
        ]
        advantages = token_advantages(way, lines, settings.credit, one.tokens, settings.crediting)
        rollout = replace(one.rollout, credit=(*begin, *credit) if any(advantages) else ())
        found.append(replace(one, rollout=rollout, advantages=advantages))
    return found


def walk(one: Drawn, settings: RlSettings) -> Walk:
    """A rollout as credit sees it; of one that is masked nothing is known."""
    if one.is_masked(settings.rewards):
        return Walk(len(one.pieces), shared=one.shared)
    verdicts: Sequence[float | None] = ()
    values = one.values
    if "verdicts" in settings.needs:
        judged = [piece.right if piece.kind == "step" else None for piece in one.pieces]
        known = one.verdicts or [None if right is None else 1.0 if right else -1.0 for right in judged]
        verdicts = flipped(known, settings.crediting.flip, one.rollout.id)
    if "exact" in settings.needs and one.reward is not None and one.pieces:
        reach = [None if piece.reach is None else float(piece.reach) for piece in one.pieces]
        values = [1.0, *reach[:-1], float(was_right(one.rollout))]
    return Walk(len(one.pieces), one.reward, verdicts, values, one.shared)


def was_right(rollout: Rollout) -> bool:
    """Whether the answer was right; one that nobody could grade was not."""
    return rollout.correct is True


def figures(found: Sequence[Drawn]) -> dict[str, float]:
    """What the answers were like, on average: see `rl_curve.OWN`."""

    number = len(found)
    backtracks = [sum(piece.kind == "backtrack" for piece in one.pieces) for one in found]
    recovered = [was_right(one.rollout) and any(p.right is False for p in one.pieces) for one in found]
    return {
        "right": sum(was_right(one.rollout) for one in found) / number,
        "answer_tokens": sum(one.rollout.tokens for one in found) / number,
        "cut_off": sum(one.rollout.error == CUT_OFF for one in found) / number,
        "repeats": sum(lines_again(one.rollout.text) for one in found) / number,
        "backtracks": sum(backtracks) / number,
        "recoveries": sum(recovered) / number,
    }
