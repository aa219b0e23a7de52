"""Random trees for invariants: any shape, all four verdicts and none at all, answers at leaves only."""

from hypothesis import strategies as st

from journey.trees.mark import unusable
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")

_texts = st.sampled_from(["", "a", "ab", "a\nb", "x = $\\frac{1}{2}$", "é {0}", "6 * 7 = 36", "So \\boxed{42}."])
_verdicts = st.sampled_from(["right", "right", "neutral", "wrong", None, "unjudged", "cut off"])
_reasons = st.sampled_from([None, "", "6 and 7 cannot make 41", "the sum is off"])
_endings = st.sampled_from([(None, None), ("42", True), ("42", True), ("41", False), ("?", None)])


def _judgement(verdict: str | None, reason: str | None) -> Judgement | None:
    match verdict:
        case "unjudged":
            return None
        case "cut off":
            return unusable("cut off after 60 tokens")
        case "right" | "neutral" | "wrong" | None:
            return Judgement(verdict, reason=reason, by="someone")
        case _:
            raise ValueError(verdict)


@st.composite
def trees(draw: st.DrawFn, max_nodes: int = 16) -> Tree:
    """A tree of up to `max_nodes` nodes on `PROBLEM`."""
    size = draw(st.integers(0, max_nodes))
    parents = [draw(st.integers(-1, index - 1)) for index in range(size)]
    nodes: list[Node] = []
    for index, parent in enumerate(parents):
        answer, correct = (None, None) if index in parents else draw(_endings)
        judgement = _judgement(draw(_verdicts), draw(_reasons))
        nodes.append(Node(parent, draw(_texts), judgement, answer, correct, "policy", tokens=index % 7))
    return Tree("random", PROBLEM.id, tuple(nodes))
