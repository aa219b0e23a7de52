"""What a run holds of its seeds: the attempts of each arm, which seeds are finished, how many trees gave a thought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median_low

from journey.pipeline.arms import ARMS, compared, in_order, policies
from journey.store.entries import Training
from journey.store.run import Run
from journey.types import Attempt, ModelRef

SAMPLED, GREEDY = "sampled", "greedy"


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of one seed on the test problems.

    `main` and `greedy` hold the attempt that counts for each problem (sample 0), in the order of problem ids;
    `samples` all main samples of each problem.
    """

    seed: int
    name: str
    main: Sequence[Attempt]
    greedy: Sequence[Attempt]
    samples: Mapping[str, Sequence[Attempt]]


@dataclass(frozen=True, slots=True)
class Trees:
    """How many trees: `used` a seed (those with a right leaf that the arms were trained on), and each seed's counts."""

    used: int
    by_seed: Sequence[Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the figures are made from; seeds count from 1.

    `split` says which problems were tried, `main` names the decoding that counts.
    """

    finished: Sequence[int]
    left_out: Sequence[Mapping[str, object]]
    arms: Sequence[str]
    split: str
    problems: int
    main: str
    trees: Trees
    by_arm: Mapping[tuple[int, str], Arm]
    training: Mapping[tuple[int | None, str | None], int] = field(default_factory=dict)

    def seeds_of(self, arm: str) -> list[Arm]:
        """The arm in each finished seed."""
        return [self.by_arm[seed, arm] for seed in self.finished]

    def has(self, *arms: str) -> bool:
        """Whether all these arms have finished seeds."""
        return bool(self.finished) and all(arm in self.arms for arm in arms)

    def trained_tokens(self, arm: str) -> float | None:
        """The mean number of tokens that the arm's model was trained on in its phase, null where nothing says."""
        tokens = [t for seed in self.finished if (t := self.training.get((seed, arm))) is not None]
        return fmean(tokens) if tokens else None


def outcome(run: Run) -> Outcome:
    """The attempts of a run by seed and arm, with the seeds that are not finished left out and named."""
    by_arm, main = _arms(run)
    wanted = _wanted(run, by_arm)
    seeds = sorted({seed for seed, _ in by_arm})
    names = {name for _, name in by_arm}
    if names & ARMS.keys():
        names |= {*compared()} & {*run.config.get("recipe", {}).get("arms", compared())}
    missing = {seed: _missing(seed, names, by_arm, wanted) for seed in seeds}
    done = [seed for seed in seeds if not missing[seed]]
    return Outcome(
        finished=done,
        left_out=[{"seed": seed, "why": why} for seed, why in missing.items() if why],
        arms=in_order(names) if done else [],
        split=compared_on(run),
        problems=len(wanted),
        main=main,
        trees=_trees(run, done),
        by_arm=by_arm,
        training={
            (t.seed, t.arm): t.tokens for t in run.entries(Training) if t.tokens is not None and is_first(t.round)
        },
    )


def is_first(number: int | None) -> bool:
    """Whether a record is of the first round, or of an experiment without rounds: later ones have a table of theirs."""
    return number in (None, 1)


def compared_on(run: Run) -> str:
    """The part of the problems that the arms are compared on: the test problems unless the recipe says otherwise."""
    return run.config.get("recipe", {}).get("evaluation", {}).get("split", "test")


def seed_and_arm(model: ModelRef) -> tuple[int, str]:
    """Where a model stands in the comparison: one that no experiment trained is an arm of the only seed."""
    return (1, model.name) if model.arm is None else (1 if model.seed is None else model.seed, model.arm)


def _arms(run: Run) -> tuple[dict[tuple[int, str], Arm], str]:
    drawn: dict[tuple[int, str], dict[str, list[Attempt]]] = {}
    # What was searched has a table of its own, where it is compared at what it spent.
    found = [a for a in run.attempts(split=compared_on(run)) if a.model.search is None and is_first(a.model.round)]
    # A model that was asked beside a recipe's seeds is no arm of theirs: no seed must wait for it.
    if any(a.model.arm is not None for a in found):
        found = [a for a in found if a.model.arm is not None]
    for attempt in found:
        drawn.setdefault(seed_and_arm(attempt.model), {}).setdefault(attempt.decoding, []).append(attempt)
    names = sorted({name for decodings in drawn.values() for name in decodings} - {GREEDY})
    main = SAMPLED if SAMPLED in names or not names else names[0]
    if not names and drawn:
        main = GREEDY
    return {key: _arm(*key, decodings, main) for key, decodings in drawn.items()}, main


def _arm(seed: int, name: str, decodings: Mapping[str, Sequence[Attempt]], main: str) -> Arm:
    samples: dict[str, list[Attempt]] = {}
    for attempt in sorted(decodings.get(main, ()), key=lambda a: (a.problem, a.sample, a.id)):
        samples.setdefault(attempt.problem, []).append(attempt)
    greedy = sorted(decodings.get(GREEDY, ()), key=lambda a: a.problem)
    firsts = [attempts[0] for attempts in samples.values() if attempts[0].sample == 0]
    return Arm(seed, name, firsts, [a for a in greedy if a.sample == 0], samples)


def _wanted(run: Run, by_arm: Mapping[tuple[int, str], Arm]) -> set[str]:
    """The ids of the problems that a finished arm has tried: those compared on less those whose attempt failed.

    Outside an experiment a model may be asked any choice of problems.
    """
    test = run.ids("problems", split=compared_on(run))
    if not test or not any(name in ARMS for _, name in by_arm):
        return max(({a.problem for a in arm.main} for arm in by_arm.values()), key=len, default=set())
    drawn_by = {(a.model.name, a.decoding) for arm in by_arm.values() for a in (*arm.main, *arm.greedy)}
    return test - {failure.problem for failure in run.failures() if (failure.model, failure.decoding) in drawn_by}


def _missing(seed: int, names: set[str], by_arm: Mapping[tuple[int, str], Arm], wanted: set[str]) -> str:
    """Why a seed is not finished, "" if it is: the first arm that lacks attempts of the main decoding."""
    for name in in_order(names):
        arm = by_arm.get((seed, name))
        tried = {a.problem for a in arm.main} if arm else set[str]()
        if not tried or wanted - tried:
            return f"arm {name} has {len(wanted & tried)} of {len(wanted)} problems"
    return ""


def _trees(run: Run, seeds: Sequence[int]) -> Trees:
    with_thought = {thought.tree for thought in run.thoughts()}
    kept = run.config.get("recipe", {}).get("trees")
    named = kept.get("model") if isinstance(kept, Mapping) else None  # runs of version 1 kept their number
    rounds = run.config.get("recipe", {}).get("rounds")
    first = isinstance(rounds, Mapping) and rounds.get("policy") == "first"  # it grew trees of later rounds, too
    by_seed = list[dict[str, int]]()
    for seed in seeds:
        ids = set[str]().union(*(run.ids("trees", policy=policy) for policy in policies(seed)))
        if named is not None or first:
            grown = (tree for policy in ([named] if named else policies(seed)) for tree in run.trees(policy=policy))
            ids = {tree.id for tree in grown if tree.settings.get("seed") == seed}
        by_seed.append({"seed": seed, "grown": len(ids), "with_thought": len(ids & with_thought)})
    if not any(row["grown"] for row in by_seed):
        return Trees(run.count("trees"), [])
    return Trees(median_low([row["with_thought"] for row in by_seed]), by_seed)
