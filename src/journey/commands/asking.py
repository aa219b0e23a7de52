"""What a command would ask of models at most, before it asks anything: calls, tokens and, where prices are known, cost.

These are upper limits: every reply as long as it may be, every step taken, every retry used. Most work needs less, and
the progress line says what was really spent. Tokens of prompts are reckoned as a quarter of their characters.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.commands.output import say, sheet
from journey.commands.spending import said, spent_row
from journey.judges import names
from journey.judges.base import JudgeWork
from journey.models.budget import Price, Usage, cost_of, unknown_prices
from journey.models.estimate import INSTRUCTIONS, Estimate, tokens_of
from journey.models.server_settings import ServerSettings
from journey.pipeline import registry
from journey.pipeline.collection import Collection, Method
from journey.pipeline.recipe import Recipe
from journey.types import Problem, Thought


def growing(wanted: Recipe | Collection, problems: Sequence[Problem]) -> list[Estimate]:
    """Trees of these problems: at every open node one call of the policy, and those of the judge's models."""
    way = wanted.trees.grow
    opened = 1 + (way.keep + way.follow_wrong) * (way.depth - 1)
    deeper = (way.keep + way.follow_wrong) * way.max_step_tokens * sum(range(way.depth))
    questions = sum(tokens_of(p.question) for p in problems)
    read = opened * (questions + INSTRUCTIONS * len(problems)) + deeper * len(problems)
    calls = opened * len(problems)
    steps = Usage(calls, read, calls * way.width * way.max_step_tokens)
    strong = wanted.helper if isinstance(wanted, Collection) else wanted.model
    work = JudgeWork(calls, calls * way.width, steps.prompt_tokens, steps.tokens)
    judged = names.estimate(names.read(wanted.judge), wanted.judge_settings, work, strong)
    return [Estimate(wanted.model, "steps", steps), *judged]


def collecting(
    wanted: Collection, problems: Sequence[Problem], drafts: Sequence[Thought] = (), *, trees: bool = True
) -> list[Estimate]:
    """All that a collection asks: for `trees`, each method and refinement; what is there already is not taken off.

    Of the thoughts to refine those in `drafts` are known; where there are none yet, one a problem is reckoned with.
    """
    asked: list[Estimate] = []
    if trees and wanted.tells_trees and not wanted.trees.prm800k:
        asked += growing(wanted, problems)
    for method in wanted.methods:
        asked += _method(wanted, method, problems)
    refined = [t for t in drafts if t.method in wanted.telling.refine]
    longest = wanted.telling.refining.max_tokens
    lengths = [tokens_of(t.draft) for t in refined] or [longest] * len(problems) * len(wanted.telling.refine)
    if lengths:
        tries = wanted.telling.refining.tries
        read = sum(lengths) + INSTRUCTIONS * len(lengths)
        asked.append(
            Estimate(
                wanted.helper, "refinement", Usage(tries * len(lengths), tries * read, tries * longest * len(lengths))
            )
        )
    return asked


def _method(wanted: Collection, method: Method, problems: Sequence[Problem]) -> list[Estimate]:
    """What one method asks for these problems."""
    number, telling = len(problems), wanted.telling
    questions = sum(tokens_of(p.question) + INSTRUCTIONS for p in problems)
    match method:
        case "shortcut":
            return []
        case "traverse" if not telling.explain:
            return []
        case "traverse":
            trips = (telling.traverse.trials - 1) * 10 * telling.per_tree * number  # ten steps to a right path
            longest = telling.explaining.max_tokens
            return [Estimate(wanted.helper, "reasons", Usage(trips, trips * INSTRUCTIONS * 3, trips * longest))]
        case "propose":
            way = telling.propose
            return [Estimate(wanted.model, method, _loop(way.max_actions, way.max_action_tokens, questions, number))]
        case "debate":
            talk = telling.debate
            return [
                Estimate(wanted.model, method, _loop(talk.max_steps, talk.max_step_tokens, questions, number)),
                Estimate(wanted.helper, method, _loop(talk.max_steps, talk.max_verdict_tokens, questions, number)),
            ]
        case "distill":
            samples, longest = telling.distill.samples, telling.distill.max_tokens
            return [Estimate(wanted.helper, method, Usage(number, questions, number * samples * longest))]
        case "rewrite":
            solutions = sum(tokens_of(p.solution or "") for p in problems)
            tries, longest = telling.rewrite.tries, telling.rewrite.max_tokens
            return [
                Estimate(
                    wanted.helper,
                    method,
                    Usage(number * tries, tries * (questions + solutions), number * tries * longest),
                )
            ]
        case "annotate":
            tries, longest = telling.annotate.tries, telling.annotate.max_tokens
            return [
                Estimate(wanted.helper, method, Usage(number * tries, tries * questions * 2, number * tries * longest))
            ]


def _loop(rounds: int, longest: int, questions: int, number: int) -> Usage:
    """A dialogue in which every call reads all that was said before it."""
    read = rounds * questions + number * longest * rounds * (rounds - 1) // 2
    return Usage(rounds * number, read, rounds * number * longest)


def with_local(
    prices: Mapping[str, Price], asked: Sequence[Estimate], servers: Mapping[str, ServerSettings]
) -> dict[str, Price]:
    """The prices, and those of the models that no server is asked for: they cost nothing."""
    local = {one.model: Price(0.0, 0.0) for one in asked if not registry.is_served(one.model, servers)}
    return {**local, **prices}


def priced(asked: Sequence[Estimate], prices: Mapping[str, Price]) -> list[dict[str, Any]]:
    """The rows of the JSON object."""
    return [spent_row(one.model, one.most, prices) | {"purpose": one.purpose} for one in asked]


def asked_lines(asked: Sequence[Estimate], prices: Mapping[str, Price]) -> list[tuple[str, Any]]:
    """The same for a person, with the sum."""
    lines: list[tuple[str, Any]] = [
        (f"{one.purpose} by {one.model}", said(one.most, cost_of({one.model: one.most}, prices))) for one in asked
    ]
    if len(asked) > 1:
        costs = [cost_of({one.model: one.most}, prices) for one in asked]
        known = [cost for cost in costs if cost is not None]
        total = sum(known) if len(known) == len(costs) else None
        lines.append(("in all, at most", said(sum((one.most for one in asked), Usage()), total)))
    if unknown := unknown_prices({one.model: one.most for one in asked}, prices):
        lines.append(("prices to be put into prices.yaml (see recipes/prices.yaml)", ", ".join(unknown)))
    return lines


def say_estimate(
    source: Path | str, problems: int, most: Sequence[Estimate], prices: Mapping[str, Price],
    servers: Mapping[str, ServerSettings], json: bool,
) -> int:  # fmt: skip
    """Says what would be asked at most; the exit code."""
    known = with_local(prices, most, servers)
    data = {"run": str(source), "problems": problems, "asked_at_most": priced(most, known)}
    say(json, data, sheet("what would be asked at most", asked_lines(most, known) or [("calls", 0)]))
    return 0
