"""Values inside drawn texts: by rollouts from their borders, and by the ends of a tree that the policy grew."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from properties import examples

from journey.models.base import Completion, Prompt, Sampling
from journey.models.scripted import Scripted
from journey.tasks.table import TaskGrader
from journey.thoughts.behaviours import Piece, pieces
from journey.training.border_values import BorderSettings, rollout_values, spread_out
from journey.training.branching import Branched, BranchSettings, branched, shared_pieces, tree_values
from journey.training.credit import CREDITS, CreditSettings, Walk
from journey.types import make_problem

PROBLEM = make_problem("What is 6 times 7?", "42", task="math")
RIGHT, WRONG = "It is \\boxed{42}.", "It is \\boxed{41}."
SAMPLING = Sampling(max_tokens=20, seed=5)


def cut(text: str) -> list[Piece]:
    """A piece a line."""
    ends = [match.end() for match in re.finditer(r"[^\n]*\n|[^\n]+", text)]
    return [Piece(start, end, "step", None, None, 0) for start, end in zip([0, *ends], ends, strict=False)]


def row(text: str, shared: int = 0) -> Branched:
    return Branched(text, Completion(text[shared:], 1, "end"), shared)


async def values_of(text: str, answers: dict[str, list[str]], borders: int, **known: float) -> tuple[list, int, list]:
    model = Scripted(lambda prompt, sampling, i: answers[prompt.prefix][i])
    found, cost = await rollout_values(
        PROBLEM, text, cut(text), [6, 6, 6], True, model, TaskGrader(), SAMPLING, BorderSettings(borders, 2), **known
    )
    return found, cost, model.calls


async def test_a_border_is_worth_the_share_of_right_ends_after_it_and_every_token_counts() -> None:
    answers = {"a\n": [RIGHT, "I give up."], "a\nb\n": [WRONG, RIGHT]}
    found, cost, calls = await values_of(f"a\nb\n{RIGHT}", answers, 2, start=0.25)
    assert found == [0.25, 0.5, 0.5, 1.0]
    assert cost == 4 + 4 + 4 + 4
    assert sorted((prompt.prefix, s.max_tokens, s.n) for prompt, s in calls) == [("a\n", 14, 2), ("a\nb\n", 8, 2)]


async def test_a_rollout_past_the_limit_of_the_text_is_not_right_and_unmeasured_borders_are_null() -> None:
    found, cost, calls = await values_of(f"a\nb\n{RIGHT}", {"a\nb\n": [" ".join("x" * 30), RIGHT]}, 1)
    assert (found, cost, len(calls)) == ([None, None, 0.5, 1.0], 8 + 4, 1)


async def test_the_same_beginning_draws_the_same_rollouts_whatever_follows() -> None:
    answers = {"a\n": [RIGHT, WRONG], "a\nb\n": [RIGHT, RIGHT], "a\nc\n": [RIGHT, RIGHT]}
    seeds = [{p.prefix: s.seed for p, s in (await values_of(f"a\n{x}\n{RIGHT}", answers, 2))[2]} for x in "bc"]
    assert seeds[0]["a\n"] == seeds[1]["a\n"] != seeds[0]["a\nb\n"]


async def test_a_text_without_pieces_has_one_border() -> None:
    model = Scripted({})
    assert await rollout_values(PROBLEM, "", [], [], False, model, TaskGrader(), SAMPLING) == ([0.0], 0)


def test_borders_lie_evenly_inside() -> None:
    assert spread_out(9, 2) == [3, 7] and spread_out(3, 9) == [1, 2] and spread_out(1, 3) == spread_out(0, 3) == []


async def test_a_tree_has_answers_from_the_question_and_from_borders_inside_them() -> None:
    def says(prompt: Prompt, sampling: Sampling, i: int) -> str:
        return f"b\n\n{WRONG}" if prompt.prefix else f"a {i}\n\nb\n\n{RIGHT}"

    model = Scripted(says)

    def starts(completion: Completion) -> list[int]:
        return [0, 1, 3, 5, *range(7, 7 + completion.tokens - 4)]

    sampling = Sampling(n=5, max_tokens=30, seed=1)
    rows = await branched(PROBLEM, model, sampling, starts, BranchSettings(0.4))
    assert [one.shared > 0 for one in rows] == [False, False, True, True, True]
    for one in rows[2:]:
        trunk = next(root.text for root in rows[:2] if root.text.startswith(one.text[: one.shared]))
        assert one.shared in {piece.start for piece in pieces(PROBLEM, trunk)}
        assert one.text == one.text[: one.shared] + one.completion.text
    limits = [s.max_tokens for _, s in model.calls[1:]]
    assert limits == [30 - sum(at < one.shared for at in starts(rows[0].completion)) for one in rows[2:]]
    assert rows == await branched(PROBLEM, model, sampling, starts, BranchSettings(0.4))
    assert len({s.seed for _, s in model.calls}) == 4


async def test_an_answer_in_one_piece_is_drawn_anew_from_the_question() -> None:
    rows = await branched(PROBLEM, Scripted({}, otherwise=RIGHT), Sampling(n=2), lambda completion: [0])
    assert [one.shared for one in rows] == [0, 0] and rows[1].text == RIGHT


def test_a_border_is_worth_what_was_drawn_from_there_and_a_branch_does_not_count_twice() -> None:
    rows = [row("a\nb\nc\nx"), row("d\ny"), row("a\nb\nz", 4), row("a\nb\nc\nw", 6)]
    found = [cut(one.text) for one in rows]
    got = tree_values(rows, found, [True, False, False, False])
    # from "a b c": x right, w wrong: 1/2; from "a b": the trunk's 1/2 and z wrong: 1/4; the question: 1/4 and y wrong
    assert got == [[0.125, None, 0.25, 0.5, 1], [0.125, None, 0], [0.125, None, 0.25, 0], [0.125, None, 0.25, 0.5, 0]]
    assert [shared_pieces(of, one.shared) for of, one in zip(found, rows, strict=True)] == [0, 0, 2, 3]


def test_ends_of_which_nobody_could_say_are_left_out() -> None:
    rows = [row("a\nx"), row("a\ny", 2), row("a\nz", 2)]
    found = [cut(one.text) for one in rows]
    assert tree_values(rows, found, [True, None, False]) == [[None, 0.5, 1], [None, 0.5, None], [None, 0.5, 0]]
    assert tree_values(rows[:2], found[:2], [True, None]) == [[None, None, 1], [None, None, None]]


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("ab"), min_size=1, max_size=5), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from("abc")), max_size=4),
    st.data(),
)
def test_the_credit_of_a_tree_telescopes_along_every_row(
    roots: list[list[str]], branches: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    texts = ["\n".join(root) for root in roots]
    rows = [row(text) for text in texts]
    for trunk, at, end in branches:
        text = texts[trunk % len(texts)]
        shared = min(2 * at, len(text) - 1)
        rows.append(row(text[:shared] + end, shared))
    right = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    found = [cut(one.text) for one in rows]
    values = tree_values(rows, found, right)
    walks = [Walk(len(of), values=of_row) for of, of_row in zip(found, values, strict=True)]
    for of_row, credit, end in zip(values, CREDITS["tree"].give(walks, CreditSettings()), right, strict=True):
        assert all(value is None or 0 <= value <= 1 for value in of_row)
        first = next(value for value in of_row if value is not None)
        assert abs(sum(credit) - (end - first)) < 1e-9
