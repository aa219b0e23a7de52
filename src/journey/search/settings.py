"""What all searches are set with: how whole solutions are drawn, or solutions grown step by step."""

from dataclasses import dataclass
from typing import Literal

from journey.errors import UsageError


@dataclass(frozen=True, slots=True)
class WholeSettings:
    """How whole solutions are drawn: `n` of them, each of at most `max_tokens`."""

    n: int = 8
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 2048
    seed: int = 0

    def __post_init__(self) -> None:
        check_sampling(self.n, self.temperature, self.top_p)
        if self.max_tokens < 1:
            raise UsageError("search.max_tokens counts from 1")

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return 1, self.n * self.max_tokens


@dataclass(frozen=True, slots=True)
class StepSettings:
    """How solutions grow step by step: at most `depth` steps of `max_step_tokens` each.

    `until` "answer": a candidate is finished with the step that gives its final answer, as a tree's branch is; "end":
    with the end of the model's text, if it has an answer then.
    """

    n: int = 8
    temperature: float = 0.8
    top_p: float = 1.0
    max_step_tokens: int = 256
    depth: int = 40
    until: Literal["answer", "end"] = "answer"
    seed: int = 0

    def __post_init__(self) -> None:
        check_sampling(self.n, self.temperature, self.top_p)
        if min(self.max_step_tokens, self.depth) < 1:
            raise UsageError("search.max_step_tokens and search.depth count from 1")
        if self.until not in ("answer", "end"):
            raise UsageError(f'search.until is {self.until!r}; write "answer" or "end"')

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return self.n * self.depth, self.n * self.depth * self.max_step_tokens


def check_sampling(n: int, temperature: float, top_p: float) -> None:
    """Raises UsageError for what cannot be drawn."""
    if n < 1:
        raise UsageError(f"search.n is {n}; at least one candidate must be drawn")
    if not 0 <= temperature < float("inf"):
        raise UsageError(f"search.temperature is {temperature}; it must be 0 or more")
    if not 0 < top_p <= 1:
        raise UsageError(f"search.top_p is {top_p}; it must be above 0 and at most 1")
