"""Budget forcing: a model is made to think longer, or to stop and answer (s1, Muennighoff et al., arXiv 2501.19393).

Only continuation prefixes are used, so every model that continues its own answer can be forced.
"""

from dataclasses import asdict, dataclass, fields, replace

from journey.errors import UsageError
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.gather import gather_or_cancel
from journey.types import content_seed


@dataclass(frozen=True, slots=True)
class Budget:
    r"""How long a model thinks, in generated tokens.

    Where the thinking ends with fewer than `min` tokens (null: wherever it ends) its end is replaced by `wait`, at most
    `waits` times. After `max` tokens (null: no limit but the answer's) the thinking is ended by `end` and `answer`, and
    what the model writes behind them, at most `answer_tokens`, is its answer. `end` is the mark between thinking and
    answer, such as "</think>"; "" means that the text's own end is the end of the thinking.
    """

    min: int | None = None
    max: int | None = None
    waits: int = 0
    wait: str = "\nWait"
    end: str = ""
    answer: str = "\n\nThe final answer is \\boxed{"
    answer_tokens: int = 64

    def __post_init__(self) -> None:
        if self.waits < 0 or (self.min is not None and self.min < 1):
            raise UsageError("budget.waits counts from 0 and budget.min from 1")
        if (self.max is not None and self.max < 1) or self.answer_tokens < 1:
            raise UsageError("budget.max and budget.answer_tokens count from 1")
        if self.min is not None and not self.waits:
            raise UsageError("budget.min is reached by waiting; say how often at most, as in --set budget.waits=4")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise UsageError(
                f"budget.min is {self.min} and budget.max {self.max}; the least must not be above the most"
            )
        if self.waits and not self.wait.strip():
            raise UsageError('budget.wait is empty; say what a model goes on from, as in --set budget.wait="Wait"')

    @property
    def words(self) -> str:
        """The settings that are not the usual ones, for the name of a decoding: "budget.max=50 budget.waits=2"."""
        usual = {f.name: f.default for f in fields(self)}
        changed = {name: value for name, value in asdict(self).items() if value != usual[name]}
        return " ".join(f"budget.{k}={repr(v) if isinstance(v, str) else v}" for k, v in changed.items())

    @property
    def boxes(self) -> bool:
        r"""Whether an answer is asked for in a `\boxed{}`."""
        return self.max is not None and "boxed" in self.answer

    def at_most(self, max_tokens: int) -> tuple[int, int]:
        """The calls and the generated tokens of one sample, at most."""
        return self.waits + 2, (self.max or max_tokens) + self.answer_tokens


@dataclass(frozen=True, slots=True)
class Forced:
    """One forced sample: its whole completion, and in how many calls it was drawn.

    The text holds the words that were put in. `tokens` counts all that was generated, each end that was replaced
    included; what was put in was read and is not counted.
    """

    completion: Completion
    calls: int


async def force(prompt: Prompt, model: Model, sampling: Sampling, budget: Budget) -> list[Forced]:
    """`sampling.n` completions under the budget, the first part of each drawn in one call. Raises ModelError.

    What a server keeps apart as its model's reasoning is not in the text and cannot be forced.
    """
    stop = (budget.end,) if budget.end else sampling.stop
    thinking = replace(sampling, stop=stop, max_tokens=budget.max or sampling.max_tokens)
    drawn = await model.complete(prompt, thinking)
    forced = (_go_on(prompt, model, thinking, budget, sample, part) for sample, part in enumerate(drawn))
    return await gather_or_cancel(forced)


async def _go_on(
    prompt: Prompt, model: Model, thinking: Sampling, budget: Budget, sample: int, part: Completion
) -> Forced:
    text, tokens, calls = part.text, part.tokens, 1

    async def more(most: int, stop: tuple[str, ...]) -> Completion:
        nonlocal text, tokens, calls
        seed = content_seed("budget", thinking.seed, sample, calls)
        sampling = replace(thinking, n=1, seed=seed, max_tokens=most, stop=stop)
        (found,) = await model.complete(replace(prompt, prefix=prompt.prefix + text), sampling)
        text, tokens, calls = text + found.text, tokens + found.tokens, calls + 1
        return found

    limit = thinking.max_tokens
    least = limit if budget.min is None else min(budget.min, limit)
    for _ in range(budget.waits):
        if part.finish not in ("end", "stop") or tokens >= least:
            break
        text += budget.wait
        part = await more(limit - tokens, thinking.stop)
    if part.finish == "length" and budget.max is not None:
        text += budget.end + budget.answer
        part = await more(budget.answer_tokens, ())
    elif part.finish == "stop" and budget.end:
        text += budget.end
        part = await more(budget.answer_tokens if budget.max else max(budget.answer_tokens, limit - tokens), ())
    return Forced(Completion(text, tokens, part.finish), calls)
