"""Records for the tests of the store: small ones by number, and random ones for hypothesis."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from journey.store.labels import Label
from journey.store.labels_file import NAME
from journey.types import (
    VERDICTS,
    Attempt,
    Credit,
    Judgement,
    ModelRef,
    Node,
    Problem,
    Rollout,
    Segment,
    Spent,
    Thought,
    Tree,
    content_hash,
    make_problem,
    to_json,
)


def joined(text: str) -> str:
    """The text with two halves of a letter side by side as that letter, as JSON has it; lone halves stay."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


texts = st.text(max_size=40).map(joined)
maybe = st.none() | texts
surrogates = st.text(st.characters(categories=["Cs", "L", "Cc"]), max_size=10).map(joined)


def problem(number: int) -> Problem:
    return make_problem(f"What is {number} + 1?", str(number + 1), source="sums")


def tree(number: int) -> Tree:
    return Tree(content_hash("tree", number), problem(number).id, (Node(-1, f"step {number}"),), "policy", "judge")


def thought(number: int, text: str = "Wait, let me check.", method: str = "traverse") -> Thought:
    segments = (Segment("answer", text, 0, 0, len(text)),)
    name = content_hash("thought", number, text)
    return Thought(name, problem(number).id, tree(number).id, method, segments, text, text, "1")


def attempt(number: int) -> Attempt:
    name = content_hash("attempt", number)
    return Attempt(
        name, problem(number).id, ModelRef("tiny"), "greedy", 0, "1", "1", None, None, 1, "stop", 2**63 - 1, Spent(1)
    )


def rollout(number: int) -> Rollout:
    ref = ModelRef("seed-1/rl", seed=1, arm="rl")
    rewards = {"right": 1.0 if number % 2 else None}
    credit = (Credit(0, 1, -0.5, 0.25), Credit(1, 4, 0.5))
    return Rollout(
        content_hash("rollout", number), problem(number).id, ref, number // 2, number % 2, "1\n1", "1", True, None, 2,
        "end", number, rewards, credit, -1.5, (3, 4), 1, Spent(2, 0, 1),
    )  # fmt: skip


judgements = st.builds(Judgement, st.none() | st.sampled_from(VERDICTS), st.none() | st.floats(0, 1), maybe, texts)


@st.composite
def nodes(draw: st.DrawFn) -> tuple[Node, ...]:
    count = draw(st.integers(0, 6))
    return tuple(
        Node(draw(st.integers(-1, i - 1)), draw(texts | surrogates), draw(st.none() | judgements), draw(maybe),
             draw(st.none() | st.booleans()), draw(texts), draw(st.integers(0, 99)))
        for i in range(count)
    )  # fmt: skip


settings = st.dictionaries(texts, st.integers() | maybe | st.lists(st.integers(), max_size=3), max_size=3)


def by_content(record: Tree | Problem) -> Tree | Problem:
    return replace(record, id=content_hash(to_json(record)))


trees = st.builds(Tree, st.just(""), texts, nodes(), texts, texts, settings).map(by_content)
problems = st.builds(Problem, st.just(""), texts | surrogates, texts, texts, maybe, maybe, maybe).map(by_content)


def label_history(folder: Path) -> list[Label]:
    """Every label that was ever put into labels.db, oldest first."""
    with closing(sqlite3.connect(folder / NAME)) as connection:
        rows = connection.execute("SELECT json FROM said WHERE kind = 'label' ORDER BY seq").fetchall()
    found: list[Label] = []
    for (text,) in rows:
        fields = {name: value for name, value in json.loads(text).items() if name != "schema"}
        ratings = {trait: n for trait, n in fields["ratings"].items() if n is not None}
        found.append(Label(**fields | {"ratings": ratings}))
    return found
