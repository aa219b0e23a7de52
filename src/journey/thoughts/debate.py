"""Long thoughts by a debate of two agents: a policy reasons on, a critic says go on or go back, and why.

O1 Replication Journey part 1, the section on constructing long thoughts (multi-agent debate; teacher and student): the
dialogue that ends in the right answer becomes the thought.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from journey.answers.grade import Grader
from journey.answers.thinking import visible
from journey.errors import UsageError, check_settings
from journey.models.base import Completion, Model, Prompt, Sampling
from journey.models.estimate import Estimate, dialogue, question_tokens
from journey.tasks.narration import Narration
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.exploring import BORNE, RIGHT, Exploration, because, made_of
from journey.thoughts.trail import TrailStyle, quoted
from journey.types import Judgement, Problem, Thought, Tree, content_seed

_VERDICT = re.compile(r"VERDICT: ?(?:(go on)|go back(?: to ([0-9]{1,4}))?)")
_ROLES = {"critic": ("policy", "critic"), "teacher": ("student", "teacher")}


@dataclass(frozen=True, slots=True)
class DebateSettings:
    """Who debates, how long, and how the dialogue is narrated.

    `style` "critic" or "teacher" picks the second agent's prompt and both names; `role_names` gives other names.
    `hears` false: the policy is asked as in a tree, after the steps that stand, and reads nothing of what the critic
    said, so that any model that can continue a solution can debate. `words` "first person": the critic's reasons are
    narrated as the solver's own; "as said": under the critic's name. With `approvals` its words at a step
    that may stand are narrated too.

    At most `max_steps` steps are proposed, and a path of `depth` steps without an answer ends the debate. Up to
    `wrong_ends` wrong answers, `unreadable` steps or verdicts that cannot be used, and `repeats` steps proposed again
    after they were sent back are borne; one more ends the debate. `max_tokens` generated tokens of both are never
    exceeded; null means no limit. `rules` names the prompt that says what a step and an answer look like.
    """

    style: Literal["critic", "teacher"] = "critic"
    role_names: tuple[str, str] | None = None
    hears: bool = True
    words: Literal["first person", "as said"] = "first person"
    approvals: bool = False
    max_steps: int = 30
    depth: int = 20
    wrong_ends: int = 4
    unreadable: int = 6
    repeats: int = 6
    max_tokens: int | None = None
    max_step_tokens: int = 256
    max_verdict_tokens: int = 256
    temperature: float = 0.7
    top_p: float = 0.95
    critic_temperature: float = 0.2
    rules: str = "rules_math"
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "debate.", max_steps=1, depth=1, max_step_tokens=1, max_verdict_tokens=1, **BORNE)
        if self.role_names is not None and (len(self.role_names) != 2 or not all(map(str.strip, self.role_names))):
            raise UsageError("role_names are two names: the one who reasons and the one who judges")

    @property
    def roles(self) -> tuple[str, str]:
        """The names of the one who reasons and of the one who judges."""
        return self.role_names or _ROLES[self.style]


class Reply(NamedTuple):
    """What the critic says: go on (`to` null), or back to step `to` of the path (-1: it named none); and why."""

    to: int | None
    reason: str


async def debate(
    problem: Problem,
    policy: Model,
    critic: Model,
    grader: Grader,
    ask: Ask,
    steps: StepFormat,
    narration: Narration,
    settings: DebateSettings,
) -> tuple[Tree, Thought | None]:
    """The tree of the debate, judged by the critic, and the thought; null unless the debate ended in the right answer.

    The last word on a step holds: one that was good to go on from and is taken back later is judged wrong. The tree's
    settings say under "made" how the debate ended and what it took. A ModelError of either fails the whole tree.
    """
    talk = _Talk(problem=problem, policy=policy, critic=critic, grader=grader, ask=ask, steps=steps,
                 narration=narration, settings=settings)  # fmt: skip
    while (ended := talk.ended or talk.limit(settings.max_step_tokens + settings.max_verdict_tokens)) is None:
        await talk.turn()
    talk.ended = ended
    verbatim = settings.words == "as said"
    how = TrailStyle(narration, own=False, verbatim=verbatim, speaker=_speaker(settings) if verbatim else "")
    return await talk.finish("debate", [policy.name, critic.name], how)


def read_verdict(text: str) -> Reply | None:
    """The critic's verdict, null where the first line is none. Nothing after that line can be one."""
    first, _, rest = visible(text).replace("\r\n", "\n").strip().partition("\n")
    verdict = _VERDICT.fullmatch(first.strip())
    if verdict is None:
        return None
    to = None if verdict[1] else -1 if verdict[2] is None else int(verdict[2])
    return Reply(to, " ".join(rest.split()))


def _speaker(settings: DebateSettings) -> str:
    name = settings.roles[1].strip()
    return name[:1].upper() + name[1:]


@dataclass(eq=False, kw_only=True)
class _Talk(Exploration):
    """One problem's debate: what both have heard stands in the log."""

    turns = "steps"
    counted = ("steps", "returns", "wrong_ends", "unreadable", "repeats")

    policy: Model
    critic: Model
    ask: Ask
    tokens: Counter[str] = field(default_factory=lambda: Counter(policy_tokens=0, critic_tokens=0))

    async def turn(self) -> None:
        """One step of the policy, checked where it gives an answer, and what the critic says to it."""
        completion = await self._propose()
        texts = self.steps.split(visible(completion.text))
        if completion.finish in ("length", "error") or not texts:
            why = f"cut off after {completion.tokens} tokens" if completion.finish == "length" else "nothing usable"
            self.trail.stray(completion.text.strip(), why, self.policy.name, completion.tokens)
            self.counts["unreadable"] += 1
            return
        text = texts[0]
        if (again := self.trail.child(text)) is not None:
            self.counts["repeats"] += 1
            self.trail.tried_again(again, completion.tokens)
            self.log.append("The next step that was proposed had been sent back before.")
            return
        index = self.trail.step(text, self.policy.name, completion.tokens)
        self.log.append(f"The {self.settings.roles[0]}, step {self.trail.depth}:\n{quoted(text)}")
        graded = await self.grader.grade(self.problem, self.steps.join(self.trail.texts()))
        self.trail.answered(index, graded)
        if graded.answer is not None and graded.correct is True:
            self.ended = RIGHT
            self.trail.end(self.narration.close(self.problem, self.trail.nodes[index]))
        elif graded.answer is not None:
            await self._answer_refused(graded.correct)
        else:
            await self._judge()

    async def _propose(self) -> Completion:
        settings = self.settings
        prompt = self._prompt("debate_policy") if settings.hears else self.ask(self.problem, self.trail.texts())
        seed = self._seed("policy")
        sampling = Sampling(settings.temperature, settings.top_p, settings.max_step_tokens, self.steps.stop, seed=seed)
        self.counts["steps"] += 1
        completion = (await self.policy.complete(prompt, sampling))[0]
        self.tokens["policy_tokens"] += completion.tokens
        return completion

    async def _answer_refused(self, correct: bool | None) -> None:
        """Told that the answer is wrong, or that it could not be checked, the critic says how far to go back."""
        depth = self.trail.depth
        if correct is None:
            self.log.append(f"The answer in step {depth} could not be checked; that step is taken back.")
            self.counts["unreadable"] += 1
            self.trail.leave()
            return
        self.counts["wrong_ends"] += 1
        self.log.append(f"The answer in step {depth} is not right.")
        ended = self.trail.here
        reply = await self._verdict()
        self.trail.answered_wrong()
        # A wrong answer cannot be gone on from, whatever the critic says of it.
        if reply is None or reply.to is None:
            self.log.append(f"Step {depth} is taken back.")
        else:
            self._return(reply, ended)

    async def _judge(self) -> None:
        reply = await self._verdict()
        name = self.critic.name
        if reply is None:
            self.trail.judge(self.trail.here, Judgement(None, reason="no verdict in the form asked for", by=name))
        elif reply.to is None:
            self.trail.judge(self.trail.here, Judgement("right", reason=reply.reason or None, by=name))
            self.log.append(f"The {self.settings.roles[1]}: go on{because(reply.reason)}")
            if self.settings.approvals and reply.reason:
                verbatim = self.settings.words == "as said"
                self.trail.say(f"{_speaker(self.settings)}: {reply.reason}" if verbatim else reply.reason)
        else:
            self._return(reply, None)
        if self.trail.depth >= self.settings.depth:
            self.ended = f"no final answer within {self.settings.depth} steps"

    def _return(self, reply: Reply, ended: int | None) -> None:
        to = self.trail.depth - (ended is None) if reply.to is None or reply.to < 0 else reply.to
        self.back(f"The {self.settings.roles[1]}: go", to, reply.reason, self.critic.name, ended)

    async def _verdict(self) -> Reply | None:
        """The critic's verdict on the newest step, null where it cannot be used: not in form, cut off, or too far."""
        settings = self.settings
        sampling = Sampling(settings.critic_temperature, 1.0, settings.max_verdict_tokens, seed=self._seed("critic"))
        completion = (await self.critic.complete(self._prompt(f"debate_{settings.style}"), sampling))[0]
        self.tokens["critic_tokens"] += completion.tokens
        reply = None if completion.finish in ("error", "length") else read_verdict(completion.text)
        if reply is None or (reply.to is not None and reply.to >= self.trail.depth):
            self.counts["unreadable"] += 1
            return None
        return reply

    def _prompt(self, name: str) -> Prompt:
        depth, (policy, critic) = self.trail.depth, self.settings.roles
        standing = f"The newest step is step {depth}." if depth else "No step stands yet."
        return self.prompt(name, standing, policy=policy, critic=critic)

    def _seed(self, who: str) -> int:
        return content_seed("debate", who, self.settings.seed, self.problem.id, self.counts["steps"])


async def make(material: Material, settings: DebateSettings, tools: Tools) -> Made:
    """The thought of the debate of the model and the strong one about a problem."""
    settings = replace(settings, rules=tools.rules, seed=tools.common.seed)
    models, task = (tools.model, tools.strong), (tools.ask, tools.steps, tools.narration)
    return made_of(*await debate(material.problem, *models, tools.grader, *task, settings))


def estimate(problems: Sequence[Problem], settings: DebateSettings, common: Common) -> list[Estimate]:
    """The steps of the one and the verdicts of the other."""
    questions, number = question_tokens(problems), len(problems)
    return [
        Estimate(common.model, "debate", dialogue(settings.max_steps, settings.max_step_tokens, questions, number)),
        Estimate(common.strong, "debate", dialogue(settings.max_steps, settings.max_verdict_tokens, questions, number)),
    ]
