"""Monte-Carlo tree search with PUCT (Silver et al., AlphaZero, arXiv 1712.01815; over steps: rStar-Math, 2501.04519).

A simulation goes down from the question: at a node never opened before, the model draws M next steps and the judge
scores them; it goes to the child with the greatest Q + c * P * sqrt(visits of the node) / (1 + visits of the child),
until a solution is finished or the depth is reached. The end's score is added to every node passed. P is the share of
the draws that gave the step; Q of a child that was never visited is the judge's word on it. The checker is not asked.

A model has more steps than were drawn: what has come to its end is not visited again, and where all children have, M
more are drawn. A node that gives nothing new then has come to its end itself.
"""

from dataclasses import dataclass, field
from math import sqrt

from journey.errors import check_settings
from journey.search.candidate import ROOT, Candidate, SearchContext, attempt, extend
from journey.search.choose import Aggregate, Choice, aggregate, chosen
from journey.search.cost import counting
from journey.search.settings import StepSettings
from journey.types import Attempt, Problem


@dataclass(frozen=True, slots=True)
class MctsSettings(StepSettings):
    """`n` simulations, one after the other; `width` M draws at a node; `exploration` is the c of PUCT."""

    width: int = 4
    exploration: float = 1.0
    aggregate: Aggregate = "min"
    choice: Choice = "best"

    def __post_init__(self) -> None:
        StepSettings.__post_init__(self)
        check_settings(self, "search.", width=1, exploration=0)

    def at_most(self) -> tuple[int, int]:
        """The model's calls and generated tokens, at most."""
        calls = self.n * self.depth  # a simulation draws at most once at each node that it passes
        return calls, calls * self.width * self.max_step_tokens


@dataclass(slots=True, eq=False)
class Node:
    """A step in the tree of the search. `total` sums the values of its visits, `opened` counts its rounds of draws."""

    candidate: Candidate
    drawn: int = 1
    visits: int = 0
    total: float = 0.0
    opened: int = 0
    ended: bool = False
    children: "dict[tuple[str, ...], Node]" = field(default_factory=dict["tuple[str, ...]", "Node"])


async def mcts(problem: Problem, context: SearchContext, settings: MctsSettings) -> Attempt:
    """The best of the solutions that were finished on the way, those among them that no simulation ended in."""
    with counting(context) as (context, tally):
        root = await simulate(problem, context, settings)
    nodes = _all(root)
    finished = [node.candidate for node in nodes if node.candidate.answer is not None]
    left = sorted((node.candidate for node in nodes if node.candidate.open), key=lambda one: -len(one.steps))
    winner = chosen(finished, settings.aggregate, settings.choice)
    return attempt(problem, context, "mcts", settings, tally.spent(), winner, left)


async def simulate(problem: Problem, context: SearchContext, settings: MctsSettings) -> Node:
    """The tree after all simulations, or when nothing new can be drawn; its root was visited by each."""
    root = Node(ROOT)
    while root.visits < settings.n and not root.ended:
        path = [root]
        while path[-1].candidate.open and len(path) <= settings.depth:
            node = path[-1]
            going_on = _going_on(node)
            if not going_on:
                await _draw(problem, context, settings, node)
                going_on = _going_on(node)
            if not going_on:
                break
            path.append(max(going_on, key=lambda child: puct(node, child, settings)))
        path[-1].ended = True
        value = 0.0 if path[-1].candidate.answer is None else _value(path[-1].candidate, settings)
        for node in path:
            node.visits += 1
            node.total += value
    return root


def puct(parent: Node, child: Node, settings: MctsSettings) -> float:
    """How much a simulation wants to go to the child."""
    prior = child.drawn / sum(other.drawn for other in parent.children.values())
    quality = child.total / child.visits if child.visits else _value(child.candidate, settings)
    return quality + settings.exploration * prior * sqrt(parent.visits) / (1 + child.visits)


def _going_on(node: Node) -> list[Node]:
    return [child for child in node.children.values() if not child.ended]


async def _draw(problem: Problem, context: SearchContext, settings: MctsSettings, node: Node) -> None:
    """Adds the steps of M more draws to a node's children; those that are there already gain in prior."""
    stream = ("again", node.opened) if node.opened else ()
    for one in await extend(problem, context, node.candidate, settings, settings.width, *stream):
        if not (one.open or one.answer is not None):
            continue
        if (known := node.children.get(one.steps)) is not None:
            known.drawn += one.drawn
        else:
            node.children[one.steps] = Node(one, one.drawn)
    node.opened += 1


def _value(candidate: Candidate, settings: MctsSettings) -> float:
    """The judge's word on a candidate; 0 where it could not say."""
    return aggregate(candidate.scores, settings.aggregate) or 0.0


def _all(root: Node) -> list[Node]:
    """Every node, parents before children, in the order they were opened in."""
    nodes = [root]
    for node in nodes:
        nodes += node.children.values()
    return nodes
