"""What proposing and debating share beside the trail: the log that models read, what ends them, tree and thought."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from journey import prompts
from journey.answers.grade import Grader
from journey.models.base import Prompt
from journey.prompts.languages import code
from journey.tasks.narration import Narration
from journey.tasks.steps import StepFormat
from journey.thoughts.base import Made
from journey.thoughts.trail import Trail, TrailStyle, quoted, trail_thought
from journey.types import Problem, Thought, Tree, content_hash

RIGHT = "the right answer"
BORNE = {"wrong_ends": 0, "unreadable": 0, "repeats": 0}
"""What settings say how much of is borne, each at least none."""


@dataclass(eq=False, kw_only=True)
class Exploration:
    """One problem's exploration: the trail, the log that the models read, and the counts that end it.

    `turns` is what is counted up to `max_TURNS` of the settings, `counted` what the tree's settings say of it, and
    `ended` says how it ended, null until then.
    """

    turns: ClassVar[str]
    counted: ClassVar[tuple[str, ...]]

    problem: Problem
    grader: Grader
    steps: StepFormat
    narration: Narration
    settings: Any
    trail: Trail = field(default_factory=Trail)
    log: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    tokens: Counter[str] = field(default_factory=Counter[str])
    ended: str | None = None

    def limit(self, longest: int) -> str | None:
        """Which limit is reached; null while there is room for another turn of `longest` tokens."""
        settings, counts = self.settings, self.counts
        most, room = getattr(settings, f"max_{self.turns}"), settings.max_tokens
        is_full = room is not None and self.tokens.total() + longest > room
        reached = {
            f"no right answer in {most} {self.turns}": counts[self.turns] >= most,
            f"more than {settings.wrong_ends} wrong answers": counts["wrong_ends"] > settings.wrong_ends,
            f"more than {settings.unreadable} replies that cannot be used": counts["unreadable"] > settings.unreadable,
            f"went in circles: more than {settings.repeats} steps again": counts["repeats"] > settings.repeats,
            f"no room for more {self.turns} in {room} tokens": is_full,
        }
        return next((why for why, is_reached in reached.items() if is_reached), None)

    def prompt(self, name: str, standing: str, **names: str) -> Prompt:
        """The named prompt; its log only ever grows at its end, so that a server can keep what it has read."""
        language, log = code(self.problem.language), "\n".join(self.log) or "nothing yet"
        rules = prompts.fill_for(language, self.settings.rules).strip()
        question = quoted(self.problem.question)
        fields = {"rules": rules, "question": question, "log": log, "standing": standing, **names}
        return Prompt(prompts.fill_for(language, name, **fields), images=self.problem.images)

    def back(self, who: str, to: int, reason: str, by: str, ended: int | None) -> None:
        """Goes back to the step that many steps from the question (see `Trail.back`), and writes so into the log."""
        self.counts["returns"] += 1
        self.trail.back(to, reason, by, ended)
        self.log.append(f"{who} back to {f'step {to}' if to else 'the problem'}{because(reason)}")

    async def finish(self, method: str, models: Sequence[str], style: TrailStyle) -> tuple[Tree, Thought | None]:
        """The tree, its policy and judge the first and the last of `models`, and the thought; null without a right end.

        The tree's settings say under "made" how it ended and what it took.
        """
        settings = asdict(self.settings)
        identity = content_hash(method, self.problem.id, *models, self.steps.name, self.narration.name, settings)
        made = {"ended": self.ended, **self.tokens, **{name: self.counts[name] for name in self.counted}}
        tree = self.trail.tree(identity, self.problem, models[0], models[-1], {**settings, "made": made})
        return tree, await trail_thought(tree, self.problem, self.trail.events, style, method, self.grader)


def because(reason: str) -> str:
    """The end of a sentence in the log: the reason, quoted, where one was given."""
    return f", because:\n{quoted(reason)}" if reason else "."


def made_of(tree: Tree, thought: Thought | None) -> Made:
    """The tree of an exploration and its thought; why there is none."""
    ended = str(tree.settings["made"]["ended"])
    reason = "right, but its thought does not end right" if ended == RIGHT else ended
    return Made([] if thought is None else [thought], tree, reason)
