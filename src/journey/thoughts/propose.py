"""Long thoughts by a propose-critique loop: the model itself picks its next action, and the tree grows by the actions.

O1 Replication Journey part 1, the section on constructing long thoughts: continue, backtrack, reflect, terminate; a
wrong end is shown to the model as a negative signal, and it goes on.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from journey.answers.grade import Grader
from journey.answers.thinking import visible
from journey.errors import check_settings
from journey.models.base import Completion, Model, Sampling
from journey.models.estimate import Estimate, dialogue, question_tokens
from journey.tasks.narration import Narration
from journey.tasks.steps import StepFormat
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.exploring import BORNE, RIGHT, Exploration, made_of
from journey.thoughts.trail import TrailStyle, quoted
from journey.types import Problem, Thought, Tree, content_seed

Kind = Literal["continue", "backtrack", "reflect", "terminate"]
HEADER = "ACTION:"
_HEADER = re.compile(r"ACTION: ?(?:(continue|reflect|terminate)|(backtrack)(?: ([0-9]{1,4}))?)")
_NEXT = re.compile(r"^[ \t]*ACTION:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProposeSettings:
    """How long the model may try, and how it is asked.

    `max_actions` replies at most, of whatever kind; paths of at most `depth` steps. Up to `wrong_ends` wrong answers,
    `unreadable` replies that are no action or cannot be done, and `repeats` steps that were left before and are taken
    again are borne; one more ends the loop. `max_tokens` generated tokens are never exceeded; null means no limit.
    `prompt` and `rules` name prompts: the loop's, and what a step and an answer look like in this kind of problem.
    """

    max_actions: int = 40
    depth: int = 20
    wrong_ends: int = 4
    unreadable: int = 4
    repeats: int = 4
    max_tokens: int | None = None
    max_action_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.95
    prompt: str = "propose"
    rules: str = "rules_math"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "propose.", max_actions=1, depth=1, max_action_tokens=1, **BORNE)


class Action(NamedTuple):
    """What the model does next; `to` is the step that it goes back to, null where it named none."""

    kind: Kind
    words: str
    to: int | None = None


async def propose(
    problem: Problem, model: Model, grader: Grader, steps: StepFormat, narration: Narration, settings: ProposeSettings
) -> tuple[Tree, Thought | None]:
    """The tree of the model's own actions, and the thought that tells them; null unless they led to the right answer.

    Steps that the model went back from are judged wrong by its own word, all others by nobody. The tree's settings say
    under "made" how the loop ended and what it took. A model that raises ModelError fails the whole tree.
    """
    loop = _Loop(problem=problem, grader=grader, steps=steps, narration=narration, settings=settings, by=model.name)
    while (ended := loop.ended or loop.limit(settings.max_action_tokens)) is None:
        depth = loop.trail.depth
        standing = f"You stand after step {depth}." if depth else "You stand at the problem, before the first step."
        completion = (await model.complete(loop.prompt(settings.prompt, standing), loop.sampling()))[0]
        await loop.act(completion)
    loop.ended = ended
    return await loop.finish("propose", [model.name], TrailStyle(narration))


def read_action(text: str) -> Action | None:
    """The action of a reply, null where its first line is none. Whatever stands after that line is words.

    Only one action is read: words end where a line begins another one.
    """
    first, _, rest = visible(text).replace("\r\n", "\n").strip().partition("\n")
    header = _HEADER.fullmatch(first.strip())
    if header is None:
        return None
    following = _NEXT.search(rest)
    words = (rest[: following.start()] if following else rest).strip()
    match header[1]:
        case "continue" | "reflect" as kind:
            return Action(kind, words) if words else None
        case "terminate":
            return Action("terminate", words)
        case _:
            return Action("backtrack", words, None if header[3] is None else int(header[3]))


@dataclass(eq=False, kw_only=True)
class _Loop(Exploration):
    """One problem's loop; `by` names the model."""

    turns = "actions"
    counted = ("actions", "reflections", "returns", "wrong_ends", "unreadable", "repeats")

    by: str
    tokens: Counter[str] = field(default_factory=lambda: Counter(tokens=0))
    wrong: int | None = None  # the wrong answer that the model has just been told of

    def sampling(self) -> Sampling:
        settings = self.settings
        seed = content_seed("propose", settings.seed, self.problem.id, self.counts["actions"])
        stop = (f"\n{HEADER}",)
        return Sampling(settings.temperature, settings.top_p, settings.max_action_tokens, stop, seed=seed)

    async def act(self, completion: Completion) -> None:
        """Does what the reply says, where it can be read and done."""
        self.counts["actions"] += 1
        self.tokens["tokens"] += completion.tokens
        action = None if completion.finish == "error" else read_action(completion.text)
        match action:
            case None:
                self._refuse("Your reply was no action and was not kept.")
            case Action(words=words) if completion.finish == "length":
                if action.kind in ("continue", "terminate") and words:
                    self.trail.stray(words, f"cut off after {completion.tokens} tokens", self.by, completion.tokens)
                self._refuse("Your reply was cut off, because it was too long, and was not kept.")
            case Action("reflect", words):
                self.counts["reflections"] += 1
                self.trail.say(words)
                self.log.append(f"You thought:\n{quoted(words)}")
            case Action("backtrack"):
                self._back(action)
            case Action("continue", words):
                self._walk(self.steps.split(words), completion.tokens)
            case _:
                await self._terminate(action.words, completion.tokens)

    def _refuse(self, why: str) -> None:
        self.counts["unreadable"] += 1
        self.log.append(why)

    def _back(self, action: Action) -> None:
        depth = self.trail.depth
        # A wrong answer was taken back already: "back to where I stand" then says why it was wrong.
        deepest = depth - (self.wrong is None)
        to = min(deepest, max(depth - 1, 0)) if action.to is None else action.to
        if not 0 <= to <= deepest:
            self._refuse(f"You cannot go back to there: you stand after step {depth}.")
            return
        self.back("You went", to, action.words, self.by, self.wrong)
        self.wrong = None

    def _walk(self, texts: list[str], tokens: int) -> bool:
        """Takes the steps; false where one of them could not be taken, which ends the walk."""
        if not texts:
            self._refuse("There was no step in your reply.")
        for place, text in enumerate(texts):
            if self.trail.depth >= self.settings.depth:
                self._refuse(f"You cannot take more than {self.settings.depth} steps: go back, or give your answer.")
                return False
            again = self.trail.child(text)
            spent = tokens if place == 0 else 0
            if again is None:
                self.trail.step(text, self.by, spent)
            elif self.trail.nodes[again].answer is None:
                self.counts["repeats"] += 1
                self.trail.step_again(again, spent)
            else:
                self.counts["repeats"] += 1
                self.trail.tried_again(again, spent)
                self.log.append("You gave this as your answer from here before; it was not accepted.")
                return False
            self.wrong = None
            self.log.append(f"Step {self.trail.depth}:\n{quoted(text)}")
        return True

    async def _terminate(self, words: str, tokens: int) -> None:
        texts = self.steps.split(words)
        graded = await self.grader.grade(self.problem, self.steps.join([*self.trail.texts(), *texts]))
        self.log.append(f"You gave your final answer:\n{quoted(words)}" if words else "You gave it as your answer.")
        if graded.answer is None:
            self._refuse("There is no final answer in it that could be read.")
            return
        close = ""
        if not texts and self.trail.path and self.trail.is_leaf(self.trail.here):
            close = self._close(graded.answer)
        elif not self._walk(texts or [self._close(graded.answer) or f"The answer is {graded.answer}."], tokens):
            return
        here = self.trail.here
        self.trail.answered(here, graded)
        if graded.correct is True:
            self.trail.end(close)
            self.ended = RIGHT
        elif graded.correct is None:
            self.trail.leave()
            self._refuse("That answer could not be checked; write it in another form.")
        else:
            self.counts["wrong_ends"] += 1
            self.wrong = here
            self.trail.answered_wrong()
            self.log.append(f"That answer is not right. You stand after step {self.trail.depth} again.")

    def _close(self, answer: str) -> str:
        return self.narration.close(self.problem, replace(self.trail.nodes[self.trail.here], answer=answer))


async def make(material: Material, settings: ProposeSettings, tools: Tools) -> Made:
    """The thought of the model's own exploration of a problem."""
    settings = replace(settings, rules=tools.rules, seed=tools.common.seed)
    return made_of(*await propose(material.problem, tools.model, tools.grader, tools.steps, tools.narration, settings))


def estimate(problems: Sequence[Problem], settings: ProposeSettings, common: Common) -> list[Estimate]:
    """The model's actions."""
    most = dialogue(settings.max_actions, settings.max_action_tokens, question_tokens(problems), len(problems))
    return [Estimate(common.model, "propose", most)]
