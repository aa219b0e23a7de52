"""Random trees for invariants: any shape, all four verdicts and none at all, answers at leaves only."""

from hypothesis import strategies as st

from journey.trees.mark import unusable
from journey.types import Judgement, Node, Tree, make_problem

PROBLEM = make_problem("What is 6 times 7?", "42")

_texts = st.text(alphabet="ab \n$\\=é", max_size=6).map(str.strip)
_judgements = st.one_of(
    st.none(),
    st.just(unusable("cut off after 60 tokens")),
    st.builds(
        Judgement,
        verdict=st.sampled_from(["right", "right", "neutral", "wrong", None]),
        score=st.one_of(st.none(), st.floats(0, 1)),
        reason=st.sampled_from([None, "", "6 and 7 cannot make 41", "the sum is off"]),
        by=st.just("someone"),
    ),
)
_endings = st.sampled_from([(None, None), ("42", True), ("42", True), ("41", False), ("?", None)])


@st.composite
def trees(draw: st.DrawFn, max_nodes: int = 25) -> Tree:
    """A tree of up to `max_nodes` nodes on `PROBLEM`."""
    size = draw(st.integers(0, max_nodes))
    parents = [draw(st.integers(-1, index - 1)) for index in range(size)]
    nodes: list[Node] = []
    for index, parent in enumerate(parents):
        answer, correct = (None, None) if index in parents else draw(_endings)
        nodes.append(Node(parent, draw(_texts), draw(_judgements), answer, correct, "policy", draw(st.integers(0, 9))))
    return Tree("random", PROBLEM.id, tuple(nodes))
