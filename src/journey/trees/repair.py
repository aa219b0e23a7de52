"""Grow a tree of whole attempts: each that fails is repaired by the policy, which reads it and what the judge found.

Where an attempt is a whole answer (a program), the next one takes its place instead of going on from it. So a repair
that fails, too, hangs under the attempt that it repairs, and one that is right hangs under the question: its path has
no wrong step.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from journey import prompts
from journey.answers.grade import Grade, Grader
from journey.errors import check_settings
from journey.judges.base import Judge
from journey.models.base import Model, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import INSTRUCTIONS, Estimate, tokens_of
from journey.models.gather import gather_or_cancel
from journey.tasks.prompting import Ask
from journey.tasks.steps import StepFormat
from journey.trees.grow import Branch, affordable, as_step, flaw, merge
from journey.trees.mark import is_unusable, unusable, verdict
from journey.types import Node, Problem, Tree, content_hash, content_seed

REASON = 150  # tokens that what the judge found has at most


@dataclass(frozen=True, slots=True)
class RepairSettings:
    """How attempts are made and repaired.

    `width` attempts are drawn at the question and at each that is repaired; at each level the `keep` with the highest
    scores are, on `depth` levels at most, the first attempts included. A level with a right attempt is the last one.
    `max_step_tokens` is the length of one attempt; `max_nodes` and `max_tokens` are never exceeded, null: no limit.
    """

    width: int = 4
    keep: int = 2
    depth: int = 3
    temperature: float = 0.8
    top_p: float = 0.95
    max_step_tokens: int = 1024
    max_nodes: int | None = None
    max_tokens: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(self, "repair.", width=1, keep=1, depth=1, max_step_tokens=1)


def tree_id(problem: Problem, policy: str, judge: str, settings: RepairSettings) -> str:
    """The name of the tree that `repair` will make, known before it is made."""
    return content_hash("tree", "repair", problem.id, policy, judge, asdict(settings))


def estimate(problems: Sequence[Problem], policy: str, settings: RepairSettings) -> Estimate:
    """The attempts that the policy is asked for: one call at the question, one at each attempt that is repaired."""
    again = settings.keep * (settings.depth - 1)
    questions = sum(tokens_of(p.question) for p in problems)
    read = (1 + again) * (questions + INSTRUCTIONS * len(problems))
    read += again * (settings.max_step_tokens + REASON + INSTRUCTIONS) * len(problems)
    calls = (1 + again) * len(problems)
    return Estimate(policy, "attempts", Usage(calls, read, calls * settings.width * settings.max_step_tokens))


async def repair(
    problem: Problem, policy: Model, judge: Judge, grader: Grader, ask: Ask, steps: StepFormat, settings: RepairSettings
) -> Tree:
    """The tree of one problem's attempts. A model or judge that raises ModelError fails the whole tree."""
    nodes: list[Node] = []
    tokens = 0
    failed_answers: set[str | None] = set()
    ties = random.Random(content_seed("ties", settings.seed, problem.id))
    level = [Branch(end=-1, texts=())]
    while level:
        drawn = await gather_or_cancel(
            attempts(problem, branch, policy, judge, grader, ask, settings) for branch in level
        )
        failed: list[Branch] = []
        for branch, siblings in zip(level, drawn, strict=True):
            for node in siblings:
                tokens += node.tokens
                if node.correct is False and node.answer in failed_answers:
                    node = replace(node, judgement=unusable("the same as an attempt before it"))
                elif is_failed(node):
                    failed_answers.add(node.answer)
                    failed.append(Branch(len(nodes), (*branch.texts, node.text), node.judgement))
                nodes.append(replace(node, parent=-1) if is_right(node) else node)
        depth = len(level[0].texts) + 1
        if depth == settings.depth or any(map(is_right, nodes)):
            break
        ties.shuffle(failed)
        kept = sorted(failed, key=lambda branch: branch.score, reverse=True)[: settings.keep]
        level = affordable(kept, len(nodes), tokens, settings)
    return Tree(
        tree_id(problem, policy.name, judge.name, settings), problem.id, tuple(nodes), policy.name, judge.name,
        {"grower": "repair", **asdict(settings)},
    )  # fmt: skip


async def attempts(
    problem: Problem, branch: Branch, policy: Model, judge: Judge, grader: Grader, ask: Ask, settings: RepairSettings
) -> list[Node]:
    """Attempts at the question, or repairs of the last attempt of a branch: drawn, merged, judged and checked."""
    completions = merge(
        await policy.complete(
            repair_prompt(problem, branch, ask),
            Sampling(
                temperature=settings.temperature,
                top_p=settings.top_p,
                max_tokens=settings.max_step_tokens,
                n=settings.width,
                seed=content_seed("repair", settings.seed, problem.id, branch.texts),
            ),
        )
    )
    whole = [one.text for one in completions if flaw(one) is None]
    judgements = await judge.judge(problem, branch.texts, whole) if whole else []
    grades = await gather_or_cancel(grader.grade(problem, text) for text in whole)
    found = {text: (word, grade) for text, word, grade in zip(whole, judgements, grades, strict=True)}
    nodes: list[Node] = []
    for one in completions:
        judgement, grade = found.get(one.text, (None, Grade(None, None)))
        nodes.append(as_step(one, branch.end, judgement, grade, policy.name, settings.max_step_tokens).node)
    return nodes


def repair_prompt(problem: Problem, branch: Branch, ask: Ask) -> Prompt:
    """The prompt of a first attempt, or of the repair of the last one."""
    prompt = ask(problem, ())
    if not branch.texts:
        return prompt
    reason = branch.judgement.reason if branch.judgement is not None else None
    text = prompts.fill("repair", asked=prompt.text, attempt=branch.texts[-1], reason=_sentence(reason or ""))
    return replace(prompt, text=text, prefix="")


def is_right(node: Node) -> bool:
    """Whether an attempt needs no repair."""
    return node.correct is True and verdict(node) != "wrong"


def is_failed(node: Node) -> bool:
    """Whether an attempt was found wrong, so that it is repaired; not one that is cut off, or could not be checked."""
    return not is_unusable(node) and (node.correct is False or verdict(node) == "wrong")


def _sentence(reason: str) -> str:
    return reason if not reason or reason[-1] in ".!?" else f"{reason}."
