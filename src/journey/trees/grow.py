"""Grow the reasoning tree of one problem (O1 Replication Journey part 1, the section on reasoning trees).

From every open node the policy proposes w next steps. A judge looks at each; at every level only the best K go on,
until all branches have an answer or the depth is reached. That takes about w*K*D steps where the unpruned tree has w^D.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from journey.answers.grade import Grade, Grader
from journey.errors import check_settings
from journey.judges.base import Judge
from journey.models.base import Completion, Model, Sampling
from journey.models.budget import Usage
from journey.models.estimate import INSTRUCTIONS, Estimate, tokens_of
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.tasks.steps import FORMATS, StepFormat
from journey.trees.mark import is_unusable, unusable, verdict
from journey.types import Judgement, Node, Problem, Tree, Verdict, content_hash, content_seed

GOES_FIRST: dict[Verdict | None, int] = {"right": 0, "neutral": 1, None: 2}
MOST_OPEN = ("stop", "end", "length", "error")


@dataclass(frozen=True, slots=True)
class GrowSettings:
    """How a tree grows.

    `width` w steps are proposed at each open node; `keep` K go on at each level; `depth` D levels at most.
    `select` "verdict": of the steps that were not judged wrong, the right ones first, then neutral ones, then those of
    which the judge could not say; of branches with a wrong step up to `follow_wrong` a level are followed beside them,
    so that some run on to a wrong answer. `select` "score": the highest scores, whatever the verdict.
    `max_nodes` and `max_tokens` are never exceeded; null means no limit. `steps` cuts what the model writes by "lines",
    "numbered" lines, "paragraphs", or "written": at empty lines and where a line begins with "Step 2" or "2.", as chat
    models write; null: as the task does.
    """

    width: int = 4
    keep: int = 3
    depth: int = 10
    select: Literal["verdict", "score"] = "verdict"
    follow_wrong: int = 0
    temperature: float = 0.7
    top_p: float = 0.95
    max_step_tokens: int = 128
    max_nodes: int | None = None
    max_tokens: int | None = None
    seed: int = 0
    steps: Literal["lines", "numbered", "paragraphs", "written"] | None = None

    def __post_init__(self) -> None:
        check_settings(self, "grow.", width=1, keep=1, depth=1, max_step_tokens=1, follow_wrong=0)

    def named(self) -> dict[str, Any]:
        """The settings as JSON, which name the trees; those made before `steps` was there keep their names."""
        settings = asdict(self)
        if self.steps is None:
            del settings["steps"]
        return settings


@dataclass(frozen=True, slots=True)
class Branch:
    """Where the tree may go on: after node `end` (-1: after the question), whose path reads `texts`.

    `astray` counts its steps from the first one that was judged wrong; 0 where none was.
    """

    end: int
    texts: tuple[str, ...]
    judgement: Judgement | None = None
    astray: int = 0

    @property
    def score(self) -> float:
        """That of its last step; -1 without one."""
        return -1.0 if self.judgement is None or self.judgement.score is None else self.judgement.score


@dataclass(frozen=True, slots=True)
class Step:
    """A proposed step as a node, and whether the branch is open after it."""

    node: Node
    open: bool


def tree_id(problem: Problem, policy: str, judge: str, settings: GrowSettings) -> str:
    """The name of the tree that `grow` will make, known before it is made."""
    return content_hash("tree", problem.id, policy, judge, settings.named())


def estimate(problems: Sequence[Problem], policy: str, settings: GrowSettings) -> Estimate:
    """The steps that the policy is asked for: at every open node one call, each step as long as it may be."""
    followed = settings.keep + settings.follow_wrong
    opened = 1 + followed * (settings.depth - 1)
    deeper = followed * settings.max_step_tokens * sum(range(settings.depth))
    questions = sum(tokens_of(p.question) for p in problems)
    read = opened * (questions + INSTRUCTIONS * len(problems)) + deeper * len(problems)
    calls = opened * len(problems)
    return Estimate(policy, "steps", Usage(calls, read, calls * settings.width * settings.max_step_tokens))


async def grow(
    problem: Problem, policy: Model, judge: Judge, grader: Grader, ask: Ask, steps: StepFormat, settings: GrowSettings
) -> Tree:
    """The reasoning tree of one problem. A model or judge that raises ModelError fails the whole tree."""
    if settings.steps is not None:
        steps = FORMATS[settings.steps]
    nodes: list[Node] = []
    tokens = 0
    ties = random.Random(content_seed("ties", settings.seed, problem.id))
    level = [Branch(end=-1, texts=())]
    for _ in range(settings.depth):
        level = affordable(level, len(nodes), tokens, settings)
        if not level:
            break
        proposals = await gather_or_cancel(
            propose(problem, branch, policy, judge, grader, ask, steps, settings) for branch in level
        )
        candidates: list[Branch] = []
        for branch, siblings in zip(level, proposals, strict=True):
            for step in siblings:
                if step.open:
                    candidates.append(after(branch, len(nodes), step.node))
                nodes.append(step.node)
                tokens += step.node.tokens
        ties.shuffle(candidates)
        level = going_on(candidates, settings)
    identity = tree_id(problem, policy.name, judge.name, settings)
    return Tree(identity, problem.id, tuple(nodes), policy.name, judge.name, settings.named())


async def propose(
    problem: Problem,
    branch: Branch,
    policy: Model,
    judge: Judge,
    grader: Grader,
    ask: Ask,
    steps: StepFormat,
    settings: GrowSettings,
) -> list[Step]:
    """The next steps after one open branch: proposed, merged, judged together, their answers found and checked."""
    prompt = ask(problem, branch.texts)
    completions = merge(
        await policy.complete(
            prompt if settings.steps is None else replace(prompt, prefix=steps.prefix(branch.texts)),
            Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_tokens=settings.max_step_tokens,
                stop=steps.stop_after(branch.texts),
                n=settings.width,
                seed=content_seed(settings.seed, problem.id, branch.texts),
            ),
        )
    )
    whole = [completion.text for completion in completions if flaw(completion) is None]
    judgements = await judge.judge(problem, branch.texts, whole) if whole else []
    # One after the other: most are no answers, which are told at once, and a task for each costs more than that.
    grades = [await grader.grade(problem, steps.join([*branch.texts, text])) for text in whole]
    by_text = {text: (judgement, grade) for text, judgement, grade in zip(whole, judgements, grades, strict=True)}
    unsaid = (None, Grade(None, None))
    longest = settings.max_step_tokens
    return [as_step(c, branch.end, *by_text.get(c.text, unsaid), policy.name, longest) for c in completions]


def merge(completions: Sequence[Completion]) -> list[Completion]:
    """Siblings with the same text become one: the first keeps its place, tokens are summed.

    Where they ended differently the most open ending stands: a text that was once ended as a step is one.
    """
    merged: dict[str, Completion] = {}
    for completion in completions:
        text = completion.text.strip()
        if (first := merged.get(text)) is None:
            merged[text] = completion if text == completion.text else replace(completion, text=text)
        else:
            finish = min(first.finish, completion.finish, key=MOST_OPEN.index)
            merged[text] = replace(first, finish=finish, tokens=first.tokens + completion.tokens)
    return list(merged.values())


def flaw(completion: Completion, longest: int | None = None) -> str | None:
    """Why the completion is no whole step; null where it is one. `longest`: the tokens that each one might have."""
    if completion.finish == "error":
        return "the model gave nothing usable"
    if not completion.text:
        return "nothing but thinking, apart from the answer" if completion.reasoning else "empty step"
    if completion.finish == "length":
        return f"cut off after {min(completion.tokens, longest or completion.tokens)} tokens"
    return None


def as_step(
    completion: Completion, parent: int, judgement: Judgement | None, grade: Grade, by: str, longest: int | None = None
) -> Step:
    """The node of a completion. A flawed one, an answer and the end of the model's text each close the branch."""
    reason = flaw(completion, longest)
    node = Node(
        parent=parent,
        text=completion.text,
        judgement=judgement if reason is None else unusable(reason),
        answer=grade.answer,
        correct=grade.correct,
        by=by,
        tokens=completion.tokens,
    )
    return Step(node, open=completion.finish == "stop" and node.answer is None and not is_unusable(node))


def after(branch: Branch, index: int, node: Node) -> Branch:
    """The branch that goes on after `node`, which stands at `index`."""
    astray = branch.astray + 1 if branch.astray or verdict(node) == "wrong" else 0
    return Branch(index, (*branch.texts, node.text), node.judgement, astray)


def going_on(candidates: Sequence[Branch], settings: GrowSettings) -> list[Branch]:
    """The branches of a level that are followed, best first; ties go by the order they come in.

    A step without a score stands behind all that have one. Wrong branches that were followed before go first among
    the wrong ones, so that they reach an end.
    """

    def standing(branch: Branch) -> tuple[int, float]:
        return GOES_FIRST[None if branch.judgement is None else branch.judgement.verdict], -branch.score

    if settings.select == "score":
        return sorted(candidates, key=lambda branch: branch.score, reverse=True)[: settings.keep]
    on_track = sorted((branch for branch in candidates if not branch.astray), key=standing)
    astray = sorted((branch for branch in candidates if branch.astray), key=lambda b: (-b.astray, -b.score))
    return on_track[: settings.keep] + astray[: settings.follow_wrong]


class Limits(Protocol):
    """What a tree may hold, in the settings of whoever grows it."""

    @property
    def width(self) -> int: ...
    @property
    def max_step_tokens(self) -> int: ...
    @property
    def max_nodes(self) -> int | None: ...
    @property
    def max_tokens(self) -> int | None: ...


def affordable(level: Sequence[Branch], nodes: int, tokens: int, settings: Limits) -> list[Branch]:
    """As many branches of the level, best first, as the budgets surely allow; then in the order of the tree."""
    count = len(level)
    if settings.max_nodes is not None:
        count = min(count, (settings.max_nodes - nodes) // settings.width)
    if settings.max_tokens is not None:
        count = min(count, (settings.max_tokens - tokens) // (settings.width * settings.max_step_tokens))
    return sorted(level[: max(count, 0)], key=lambda branch: branch.end)
