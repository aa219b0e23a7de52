"""What a recipe would do and ask at most: the sum of what its growers, methods and arms say of themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from journey.data import prm800k
from journey.errors import UsageError
from journey.judges import names
from journey.judges.base import JudgeWork
from journey.models.budget import Usage
from journey.models.estimate import IMAGE_TOKENS, Estimate, summed
from journey.models.server_settings import ServerSettings
from journey.models.weights import has_weights, model_path, worker_memory
from journey.pipeline.arms import ARMS, Sizes
from journey.pipeline.jobs import workers_of
from journey.pipeline.kept_recipe import refuse_other_recipe
from journey.pipeline.parts import Parts, make_problems, of_shard
from journey.pipeline.recipe import Recipe
from journey.store.run import Run
from journey.trees.growers import GROWERS
from journey.types import Problem, Thought


def estimate(
    wanted: Recipe, problems: Sequence[Problem], drafts: Sequence[Thought], *, trees_only: bool = False
) -> list[Estimate]:
    """What models are asked at most for trees and thoughts, of every seed; arms that the recipe trains ask none.

    What is there already is not taken off. The drafts that are there are known, so that their refinement is.
    """
    found: list[Estimate] = []
    if wanted.grows:
        grower = GROWERS[wanted.trees.grower]
        named = wanted.grown_by
        steps = grower.estimate(problems, named or str(wanted.policy_arm), wanted.trees.settings)
        judged = _judged(wanted, steps.most)
        found += [*([steps] if named else []), *judged] * wanted.seeds
        again = [*([steps] if named and wanted.rounds.policy == "first" else []), *judged]
        found += again * (wanted.seeds * _later(wanted) * _growths(wanted))
    if not trees_only:
        thoughts = wanted.thoughts
        settings = wanted.thought_settings(wanted.first_seed)
        found += settings.estimate(thoughts.methods, thoughts.refine, problems, drafts) * wanted.seeds
        methods = [str(ARMS[arm].method) for arm in wanted.arms_in_rounds] * (wanted.rounds.count - 1)
        for method in methods:
            found += (
                settings.estimate([method], [m for m in thoughts.refine if m == method], problems, ()) * wanted.seeds
            )
    return with_pictures(summed(found), problems, wanted.servers)


def with_pictures(
    estimates: Sequence[Estimate], problems: Sequence[Problem], servers: Mapping[str, ServerSettings]
) -> list[Estimate]:
    """The estimates where every call shows as many pictures as any of the problems has.

    Each counts the tokens that its server's `image_tokens` says.
    """
    shown = max((len(problem.images) for problem in problems), default=0)

    def more(one: Estimate) -> Usage:
        server = servers.get(one.model.partition("/")[0])
        return Usage(0, one.most.calls * shown * (IMAGE_TOKENS if server is None else server.image_tokens))

    return [one._replace(most=one.most + more(one)) for one in estimates]


def _judged(wanted: Recipe, steps: Usage) -> list[Estimate]:
    """What the judge asks about the steps that a policy gives: as many a call as the tree is wide."""
    width = getattr(wanted.trees.settings, "width", 1)
    work = JudgeWork(steps.calls, steps.calls * width, steps.prompt_tokens, steps.tokens)
    return names.estimate(names.read(wanted.judge), wanted.judge_settings, work, wanted.helper)


def plan(wanted: Recipe, parts: Parts) -> dict[str, Any]:
    """What running the recipe comes to, in all seeds together; upper limits but for the two that say about."""
    counts = {name: len(found) for name, found in parts.by_name.items()}
    if not wanted.arms:
        return {"problems": counts["train"]}
    sizes = Sizes(
        counts["phase1"] + wanted.problems.practice,
        counts["train"],
        min(wanted.trees.count or counts["train"], counts["train"]),
    )
    work = [ARMS[name].estimate(settings, sizes) for name, settings in wanted.arms.items()]
    evaluated = [] if wanted.shard else wanted.arms  # a shard trains what grows its trees, and evaluates nothing
    rules = [rule for arm in evaluated for rule in ARMS[arm].decoding(wanted.evaluation)]
    drawn = sum(one.answers for one in work)
    drawn += sum(rule.samples for rule in rules) * counts[wanted.evaluation.split]
    rounds, later = wanted.rounds, _later(wanted)
    if later:
        again = [rule for arm in wanted.arms_in_rounds for rule in ARMS[arm].decoding(wanted.evaluation)]
        drawn += sum(rule.samples for rule in again) * counts[wanted.evaluation.split] * (rounds.count - 1)
        checked = rounds.guards.samples * min(rounds.guards.problems, counts["validation"])
        drawn += checked * len(wanted.arms_in_rounds) * rounds.count
    grown = counts["train"] * (1 + later) * wanted.grows
    tried = 0 if rounds.balance is None else len(rounds.balance.temperatures) * rounds.balance.problems * later
    grower = GROWERS[wanted.trees.grower]
    steps = grower.estimate(parts.by_name["train"], wanted.model, wanted.trees.settings).most
    return {
        "model": wanted.model,
        **({} if wanted.student is None else {"student": wanted.student}),
        "trees_by": wanted.grown_by or wanted.policy_arm,
        "judge": wanted.judge,
        "seeds": wanted.seeds,
        "problems": sum(counts.values()),
        **{f"problems_{part}": number for part, number in counts.items()},
        **({"rounds": rounds.count} if later else {}),
        "trees_grown": wanted.seeds * grown,
        **({"trees_tried_at_most": wanted.seeds * tried} if tried else {}),
        "models_trained": wanted.seeds * (len(wanted.arms) + later) - _shared(wanted),
        "rows_trained_on_at_most": wanted.seeds * (sum(one.rows for one in work) + _round_rows(wanted, sizes))
        - _shared(wanted) * sizes.phase1,
        "attempts_at_most": wanted.seeds * drawn,
        # Half of what a step may have, a third of what an answer may have: what the shipped recipe comes to.
        "tokens_in_trees_about": wanted.seeds * steps.tokens // 2 * (grown + tried) // max(1, counts["train"]),
        "tokens_in_attempts_about": wanted.seeds * drawn * wanted.evaluation.max_tokens // 3,
        **_memory(wanted),
    }


def _later(wanted: Recipe) -> int:
    """How many rounds after the first the arms of a seed have together."""
    return (wanted.rounds.count - 1) * len(wanted.arms_in_rounds)


def _growths(wanted: Recipe) -> int:
    """How often a round's trees are grown at most: once, and once a temperature where that is chosen."""
    return 1 + (0 if wanted.rounds.balance is None else len(wanted.rounds.balance.temperatures))


def _round_rows(wanted: Recipe, sizes: Sizes) -> int:
    """The rows of all later rounds of a seed; what people label is not known before."""
    rounds = wanted.rounds
    own = [number if rounds.data == "accumulate" else 1 for number in range(2, rounds.count + 1)]
    given = sizes.phase1 if rounds.start == "last" else 0
    each = [ARMS[arm].estimate(wanted.arms[arm], sizes).rows for arm in wanted.arms_in_rounds]
    return sum(each) * sum(own) + given * len(each) * len(own)


def _shared(wanted: Recipe) -> int:
    """How many seeds take the first phase over from the first one."""
    return (wanted.seeds - 1) * (wanted.share_phase1 and wanted.policy_arm is not None)


def _memory(wanted: Recipe) -> dict[str, Any]:
    """How many processes work side by side and what each needs of memory; nothing for small models."""
    name = wanted.student or wanted.model
    need = worker_memory(model_path(name)) if has_weights(name) else 0
    return {"processes": workers_of(wanted), "gigabytes_a_process_about": round(need / 1e9, 1)} if need else {}


def looked_at(wanted: Recipe, out: Path, fresh: bool) -> tuple[Parts, list[Thought], dict[str, int]]:
    """The problems of a recipe, and the thoughts and the counts of what its run holds already. Raises UsageError."""
    parts, drafts, there = make_problems(wanted), list[Thought](), dict[str, int]()
    by_name = dict(parts.by_name)
    if (out / "run.db").is_file() and not fresh:
        with Run.read(out) as before:
            refuse_other_recipe(before, wanted)
            by_name = {name: found or list(before.problems(split=name)) for name, found in by_name.items()}
            drafts = list(before.thoughts())
            counts = {name: before.count(name) for name in ("trees", "thoughts", "attempts")}
            there = {f"there_already_{name}": number for name, number in counts.items()}
    if not by_name["train"] and wanted.trees.prm800k:
        by_name["train"] = of_shard(wanted, prm800k.problems(wanted.trees.prm800k, wanted.problems.train))
    if not by_name["train"] and wanted.grows and wanted.shard is None:
        raise UsageError("there are no problems to grow trees of; say problems.file, or problems.train for puzzles")
    return Parts(by_name, parts.dropped), drafts, there
