"""What all searches are set with: how whole solutions are drawn, or solutions grown step by step."""

from dataclasses import dataclass
from typing import Literal

from journey.errors import ABOVE_0, check_settings

SAMPLING = {"n": 1, "temperature": 0, "top_p": (ABOVE_0, 1)}


@dataclass(frozen=True, slots=True)
class WholeSettings:
    """How whole solutions are drawn: `n` of them, each of at most `max_tokens`."""

    n: int = 8
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 2048
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "search.", max_tokens=1, **SAMPLING)

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
        check_settings(self, "search.", max_step_tokens=1, depth=1, **SAMPLING)

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        return self.n * self.depth, self.n * self.depth * self.max_step_tokens
