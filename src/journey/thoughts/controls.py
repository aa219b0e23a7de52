"""Controls of journey learning, from the same trees by the same walks: what is it in a journey that teaches?

The *journey of wrong answers* goes the same side trips and ends in a wrong leaf that it tells as the answer. The
*emptied journey* has fillers in the place of its mistakes, reflections and returns, token for token. After "Cognitive
Behaviors that Enable Self-Improving Reasoners" (arXiv 2503.01307), which primes reinforcement learning with both.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from journey.tasks.exploration import FILLER
from journey.thoughts import traverse
from journey.thoughts.base import Made, Material, Tools
from journey.thoughts.draft import Piece, Visit, Walk, lay_out
from journey.thoughts.shortcut import shortest_paths
from journey.thoughts.traverse import TraverseSettings, side_trip, write
from journey.trees.mark import children, failing, wrong_ends
from journey.types import Thought, Tree, content_hash, content_seed

EMPTIED = ("mistake", "reflection", "backtrack")


def wrong_walk(tree: Tree, right_leaf: int, settings: TraverseSettings, seed: int) -> Walk | None:
    """The journey's own walk up to where it takes a wrong branch for the right one; null where there is no such branch.

    It keeps as many of the journey's side trips as it can: the branch is one that none of them took, as far along as
    there is one; where all were taken, the walk ends in its last side trip.
    """
    journey = traverse.traverse(tree, right_leaf, settings, seed)
    draw = random.Random(content_seed("traverse_wrong", seed, tree.id, right_leaf))
    below, visits = children(tree), journey.visits
    fails, ends = failing(tree, settings.least_score, True), wrong_ends(tree, settings.least_score, True)
    taken = {visit.node for visit in visits if visit.kind == "mistake"}
    standing, place, fresh = -1, -1, list[int]()
    for i, visit in enumerate(visits):
        found = [child for child in below[standing] if fails[child] and child not in taken]
        if visit.kind == "forward" and found:
            place, fresh = i, found
        standing = visit.node
    if fresh:
        kept = visits[:place]
        end = side_trip(draw.choice(fresh), below, fails, ends, replace(settings, trip_steps=None), draw)
    else:
        before = max((i for i, visit in enumerate(visits) if visit.kind == "return"), default=0)
        begins = before
        while begins > 0 and visits[begins - 1].kind == "mistake":
            begins -= 1
        kept, end = visits[:begins], [visit.node for visit in visits[begins:before]]
    if not end or tree.nodes[end[-1]].answer is None:
        return None
    forward = (Visit(node, "forward") for node in end)
    return replace(journey, leaf=end[-1], visits=(*kept, *forward), method="traverse_wrong")


async def make_wrong(material: Material, settings: TraverseSettings, tools: Tools) -> Made:
    """A tree's journeys, each with a wrong end."""
    assert material.tree is not None
    tree = material.tree
    walks = (wrong_walk(tree, leaf, settings, tools.common.seed) for leaf in shortest_paths(tree, tools))
    return Made(await write(material, [walk for walk in walks if walk is not None], tools))


def emptied(thought: Thought, separator: str, count: Callable[[str], int]) -> Thought:
    """The thought with fillers for what is off its right path; `count` gives the tokens of a text."""
    pieces = [
        Piece(s.kind, fillers(count(s.text), count) if s.kind in EMPTIED else s.text, s.node) for s in thought.segments
    ]
    text, segments = lay_out(pieces, separator)
    id = content_hash("thought", thought.id, "traverse_empty", text)
    return replace(thought, id=id, method="traverse_empty", segments=segments, draft=text, text=text)


def fillers(tokens: int, count: Callable[[str], int]) -> str:
    """So many fillers that their tokens come nearest to `tokens`, at least one."""
    words = tokens
    for _ in range(3):
        words = max(1, round(words * tokens / max(1, count(" ".join([FILLER] * words)))))
    nearest = min(range(max(1, words - 2), words + 3), key=lambda n: abs(count(" ".join([FILLER] * n)) - tokens))
    return " ".join([FILLER] * nearest)


async def make_empty(material: Material, settings: TraverseSettings, tools: Tools) -> Made:
    """A tree's journeys, emptied."""
    made = await traverse.make(material, settings, tools)
    return Made([emptied(thought, tools.narration.separator, tools.count) for thought in made.thoughts])
