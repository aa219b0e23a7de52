"""Journey learning's way through a tree: side trips into wrong branches, each found wrong, then the right path.

O1 Replication Journey part 1, the section on deriving long thoughts: (i) at a node on the right path the walk may enter
a child off it, goes on to a leaf or dead end, and returns; (ii) off the right path it follows one random child at a
time; (iii) each node on the right path gets at most K trials, K-1 wrong ones and the right one.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from journey.errors import UsageError, check_settings
from journey.models.budget import Usage
from journey.models.estimate import INSTRUCTIONS, Estimate
from journey.thoughts.base import Common, Made, Material, Tools
from journey.thoughts.draft import Visit, Walk, draft
from journey.thoughts.explain import explain
from journey.thoughts.shortcut import shortest_paths
from journey.trees.mark import children, failing, path, wrong_ends
from journey.types import Problem, Thought, Tree, content_seed


@dataclass(frozen=True, slots=True)
class TraverseSettings:
    """Where side trips start, how many there are and how they end. The defaults are the report's rule.

    `trials` is K, the right one included. `start` "path": at every node of the right path (the report's rule);
    "root": at the question only (ours). `trials_by_depth` replaces `trials` by one K a depth, the question's first;
    deeper nodes than it names have one trial. With `vary` each thought draws its own K from 1 to the greatest one.
    A side trip goes on as far as it can; with `trip_steps` n it ends at the first step from the n-th on that is truly
    wrong. `back` says where it returns to: the node it "branch"ed from, or the "root", from where the right steps are
    repeated. Side trips take no step with a score below `least_score`: where the judge's score tells honest
    mistakes from broken steps, only the former are shown. With `to_answer` only those are shown that run to an answer.
    With `list_tried` each return lists the steps that were taken from there so far, where the task's narration can.
    """

    trials: int = 2
    start: Literal["path", "root"] = "path"
    trials_by_depth: tuple[int, ...] | None = None
    vary: bool = False
    trip_steps: int | None = None
    back: Literal["branch", "root"] = "branch"
    least_score: float | None = None
    to_answer: bool = False
    list_tried: bool = False

    def __post_init__(self) -> None:
        check_settings(self, "traverse.", trials=1, trip_steps=1)
        if min(self.trials_by_depth or (1,)) < 1:
            raise UsageError("traverse.trials_by_depth counts from 1; one trial is the right path alone")

    def named(self) -> dict[str, Any]:
        """The settings as JSON, which name the thoughts; those made before `list_tried` was there keep their names."""
        settings = asdict(self)
        if not self.list_tried:
            del settings["list_tried"]
        return settings

    def at_depth(self, depth: int) -> int:
        """How many trials a node of the right path has at most, the question standing at depth 0."""
        if depth > 0 and self.start == "root":
            return 1
        if self.trials_by_depth is None:
            return self.trials
        return self.trials_by_depth[depth] if depth < len(self.trials_by_depth) else 1


def traverse(tree: Tree, right_leaf: int, settings: TraverseSettings, seed: int) -> Walk:
    """The walk to `right_leaf` with its side trips, the same for the same tree, leaf, settings and seed.

    Side trips lie off every right path and end at a step or answer that is wrong, so none of them passes a right
    leaf; where a node has fewer wrong branches than trials, all of them are tried.
    """
    draw = random.Random(content_seed("traverse", seed, tree.id, right_leaf))
    below, least = children(tree), settings.least_score
    fails, ends = failing(tree, least, settings.to_answer), wrong_ends(tree, least, settings.to_answer)
    most = max(settings.trials_by_depth or (settings.trials,))
    trials = draw.randint(1, most) if settings.vary else most
    right_path = path(tree, right_leaf)
    visits: list[Visit] = []
    for depth, (here, ahead) in enumerate(pairwise([-1, *right_path])):
        wrong = [child for child in below[here] if fails[child]]
        tries = min(trials, settings.at_depth(depth)) - 1
        for first in draw.sample(wrong, min(tries, len(wrong))):
            visits += (Visit(node, "mistake") for node in side_trip(first, below, fails, ends, settings, draw))
            if settings.back == "root":
                visits.append(Visit(-1, "return"))
                visits += (Visit(node, "forward") for node in right_path[:depth])
            else:
                visits.append(Visit(here, "return"))
        visits.append(Visit(ahead, "forward"))
    return Walk(right_leaf, tuple(visits), "traverse", {**settings.named(), "seed": seed}, settings.list_tried)


def side_trip(
    first: int,
    below: Sequence[Sequence[int]],
    fails: Sequence[bool],
    ends: Sequence[bool],
    settings: TraverseSettings,
    draw: random.Random,
) -> list[int]:
    """From `first` on one random child at a time, until no further step leads to a wrong end."""
    trip = [first]
    while onward := [child for child in below[trip[-1]] if fails[child]]:
        if settings.trip_steps is not None and len(trip) >= settings.trip_steps and ends[trip[-1]]:
            break
        trip.append(draw.choice(onward))
    return trip


def has_side_trip(thought: Thought) -> bool:
    """Whether a long thought goes wrong anywhere; one that does not is its shortcut, letter by letter."""
    return any(segment.kind == "mistake" for segment in thought.segments)


STEPS = 10  # a right path has about so many steps, where an estimate needs to know


async def write(material: Material, walks: Iterable[Walk], tools: Tools) -> list[Thought]:
    """The walks as text, their mistakes explained by the strong model where that is wanted."""
    assert material.tree is not None
    tree, problem, common = material.tree, material.problem, tools.common
    made: list[Thought] = []
    for walk in walks:
        explained = tree
        if common.explaining is not None:
            explained = await explain(problem, tree, walk, tools.strong, common.explaining)
            by = {"by": tools.strong.name, **asdict(common.explaining)}
            walk = replace(walk, settings={**walk.settings, "explained": by})
        made.append(draft(explained, problem, walk, tools.narration))
    return made


async def make(material: Material, settings: TraverseSettings, tools: Tools) -> Made:
    """A tree's right paths with side trips."""
    assert material.tree is not None
    tree = material.tree
    walks = [traverse(tree, leaf, settings, tools.common.seed) for leaf in shortest_paths(tree, tools)]
    return Made(await write(material, walks, tools))


def estimate(problems: Sequence[Problem], settings: TraverseSettings, common: Common) -> list[Estimate]:
    """The reasons that the strong model is asked for: one wrong step a side trip, every try used."""
    if common.explaining is None:
        return []
    trips = (settings.trials - 1) * STEPS * common.per_tree * len(problems)
    calls, longest = trips * common.explaining.tries, common.explaining.max_tokens
    return [Estimate(common.strong, "reasons", Usage(calls, calls * INSTRUCTIONS * 3, calls * longest))]
