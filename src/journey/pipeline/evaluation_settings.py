"""How the arms of an experiment are compared: the one decoding rule of all of them, and on which problems."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from journey.evals.attempts import Decoding

THOUGHTFUL = " with thoughts"
"""What the name of a decoding ends in where the model thinks before each line (Quiet-STaR)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The one decoding rule of all arms, and on which problems the arms are compared.

    `votes` answers a problem are drawn from the shortcut, for maj@k at the journey's output tokens (1: no votes).
    `greedy`: whether every arm answers greedily, too.
    """

    temperature: float = 0.7
    top_p: float = 1.0
    max_tokens: int = 600
    split: Literal["test", "validation"] = "test"
    votes: int = 5
    greedy: bool = True

    def main_rule(self, samples: int = 1) -> Decoding:
        """The decoding that arms are compared by."""
        return Decoding("sampled", self.temperature, self.top_p, self.max_tokens, samples)

    def greedy_rule(self) -> Decoding:
        """The greedy one beside it."""
        return Decoding("greedy", 0.0, 1.0, self.max_tokens)

    def thoughtful_rules(self) -> Sequence[Decoding]:
        """The decodings of an arm that can think before each line: without thoughts, and with them."""
        return [*self.rules(), *(replace(rule, name=rule.name + THOUGHTFUL) for rule in self.rules())]

    def rules(self, samples: int = 1) -> Sequence[Decoding]:
        """The decodings of an arm, `samples` answers a problem by the main one."""
        return [self.main_rule(samples), *([self.greedy_rule()] if self.greedy else [])]
