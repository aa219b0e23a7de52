"""Preference pairs: of whole answers, and of the steps of trees, with the tokens that they have in a whole answer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_model import real_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from journey.errors import UsageError
from journey.models.base import Prompt
from journey.models.weights import model_path
from journey.training.dpo import Preference
from journey.training.encode import encode
from journey.training.pairs import dpo_rows, exploration_rows, read_kinds, readable, step_rows
from journey.training.rows import CUT_OFF, Row
from journey.training.settings import DpoSettings
from journey.types import Attempt, Finish, Judgement, ModelRef, Node, Problem, Segment, Thought, Tree, make_problem

PROBLEM = make_problem("1 + 1?", "2")
OTHER = make_problem("2 + 2?", "4")
PUZZLE = make_problem("Make 38 from 10 2 4", "10 * 4 - 2", task="countdown")
WORDS = make_problem("What is 6 * 7 - 2?", "40", task="math")


def ask(problem: Problem, prefix: Sequence[str]) -> Prompt:
    return Prompt(problem.question + "\n", "".join(prefix))


def attempt(
    text: str, correct: bool | None, sample: int, problem: Problem = PROBLEM, finish: Finish = "end"
) -> Attempt:
    return Attempt(
        f"{problem.id}-{sample}", problem.id, ModelRef("m"), "sampled", sample, text, None, correct, None, 3, finish, 0
    )


def test_twenty_attempts_make_five_pairs_of_different_texts() -> None:
    attempts = [attempt(f"text {i}", i % 2 == 0, i) for i in range(20)]
    rows = dpo_rows(attempts, [PROBLEM], ask)
    assert len(rows) == 5
    assert len({r["chosen"] for r in rows}) == len({r["rejected"] for r in rows}) == 5
    assert all(int(r["chosen"].split()[1]) % 2 == 0 and int(r["rejected"].split()[1]) % 2 == 1 for r in rows)


def test_only_the_first_twenty_attempts_count() -> None:
    attempts = [attempt(f"right {i}", True, i) for i in range(20)] + [attempt("wrong", False, 20)]
    assert dpo_rows(attempts, [PROBLEM], ask) == []


def test_could_not_say_and_cut_off_belong_to_neither_side() -> None:
    attempts = [attempt("a", True, 0), attempt("b", None, 1), attempt("c", False, 2, finish="length")]
    assert dpo_rows(attempts, [PROBLEM], ask) == []


def test_cut_off_answers_are_wrong_answers_without_an_end_where_that_is_asked() -> None:
    attempts = [attempt("a", True, 0), attempt("b", None, 1), attempt("c", None, 2, finish="length")]
    (row,) = dpo_rows(attempts, [PROBLEM], ask, cut_off_is_wrong=True)
    assert row == {"prompt": "1 + 1?\n", "chosen": "a", "rejected": "c", CUT_OFF: True}


def test_problems_without_both_sides_are_left_out() -> None:
    attempts = [attempt("a", True, 0), attempt("b", False, 1), attempt("c", True, 0, OTHER)]
    rows = dpo_rows(attempts, [PROBLEM, OTHER], ask)
    assert rows == [{"prompt": "1 + 1?\n", "chosen": "a", "rejected": "b"}]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([True, False, None])), max_size=25), st.randoms())
def test_pairs_do_not_depend_on_the_order_of_attempts(drawn: list, stream) -> None:
    attempts = [attempt(text, correct, i) for i, (text, correct) in enumerate(drawn)]
    shuffled = list(attempts)
    stream.shuffle(shuffled)
    rows = dpo_rows(attempts, [PROBLEM], ask, samples=len(attempts))
    assert rows == dpo_rows(shuffled, [PROBLEM], ask, samples=len(attempts))
    right = {a.text for a in attempts if a.correct}
    assert len(rows) <= 5
    assert all(r["chosen"] in right and r["rejected"] not in right for r in rows)


def step(
    parent: int, text: str, wrong: str | None = None, correct: bool | None = None, value: float | None = None
) -> Node:
    judgement = Judgement("right" if wrong is None else "wrong", reason=wrong, by="exact")
    return Node(parent, text, judgement, None if correct is None else "x", correct, value=value)


def puzzle_tree() -> Tree:
    nodes = (
        step(-1, "10 + 2 = 12 ( 4 12 -> 38 )", "4 and 12 cannot make 38", value=0.0),
        step(-1, "10 * 4 = 40 ( 2 40 -> 38 )", value=0.5),
        step(0, "12 * 4 = 48 ( 48 -> 38 )", "48 is not 38", False, 0.0),
        step(1, "40 - 2 = 38 ( 38 -> 38 )", None, True, 1.0),
        step(1, "40 + 2 = 42 ( 42 -> 38 )", "42 is not 38", False, 0.0),
        Node(1, "40", Judgement(None, reason="cut off", by="grow")),
    )
    return Tree("tree", PUZZLE.id, nodes)


def words_tree() -> Tree:
    nodes = (
        step(-1, "First I multiply: 6 * 7 = 42."),
        step(-1, "First I add: 6 + 7 = 13.", "the signs are times and minus"),
        step(0, "Then 42 - 2 = 40.\n\nThe answer is \\boxed{40}.", None, True),
        step(0, "Then 42 - 2 = 44.", "42 - 2 is 40"),
        step(1, "12 less 2 is 11."),
        step(3, "So it is \\boxed{44}.", "it is 40", False),
    )
    return Tree("words", WORDS.id, nodes)


def texts(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    return sorted((row["prompt"], row["chosen"], row["rejected"]) for row in rows)


def test_at_the_first_wrong_step_a_right_sibling_is_chosen() -> None:
    question, right = "Make 38 from 10 2 4\n", "10 * 4 = 40 ( 2 40 -> 38 )\n"
    rows = step_rows("first-error", [puzzle_tree()], [PUZZLE])
    assert texts(rows) == [
        (question, right, "10 + 2 = 12 ( 4 12 -> 38 )\n"),
        (question + right, "40 - 2 = 38 ( 38 -> 38 )\nYes , 38 is 38", "40 + 2 = 42 ( 42 -> 38 )\n"),
    ]
    # Only where the thought itself is at its end does a side end.
    ends = {row["chosen"]: (row["chosen_goes_on"], row["rejected_goes_on"]) for row in rows}
    assert set(ends.values()) == {(True, True), (False, True)}


def test_a_wrong_prefix_is_turned_back_from_and_a_right_one_gone_on_from() -> None:
    question, back = "Make 38 from 10 2 4\n", "Back to ( 10 2 4 -> 38 )\n"
    wrong, right = "10 + 2 = 12 ( 4 12 -> 38 )\n", "10 * 4 = 40 ( 2 40 -> 38 )\n"
    rows = step_rows("recovery", [puzzle_tree()], [PUZZLE])
    assert texts(rows) == [
        (question + right, "40 - 2 = 38 ( 38 -> 38 )\nYes , 38 is 38", "Wait\n" + back),
        (question + wrong, "Wait , 4 and 12 cannot make 38\n" + back, "12 * 4 = 48 ( 48 -> 38 )\n"),
    ]


def test_the_likeliest_sibling_is_chosen_over_those_worse_by_the_margin() -> None:
    assert [row["prompt"] for row in step_rows("value", [puzzle_tree()], [PUZZLE], margin=0.6)] == [
        "Make 38 from 10 2 4\n10 * 4 = 40 ( 2 40 -> 38 )\n"
    ]
    assert len(step_rows("value", [puzzle_tree()], [PUZZLE], margin=0.5)) == 2
    without = replace(puzzle_tree(), nodes=tuple(replace(node, value=None) for node in puzzle_tree().nodes))
    assert len(step_rows("value", [without], [PUZZLE], margin=0.5)) == 2  # the shares of right ends below


def test_what_nobody_could_say_and_a_right_answer_over_a_wrong_step_are_on_neither_side() -> None:
    nodes = (
        step(-1, "10 * 4 = 40 ( 2 40 -> 38 )"),
        Node(-1, "10 - 2 = 8 ( 4 8 -> 38 )"),
        step(0, "40 - 2 = 38 ( 38 -> 38 )", "found otherwise", True),
        step(0, "40 + 2 = 42 ( 42 -> 38 )", None, False),
        Node(1, "8 * 4 = 32 ( 32 -> 38 )"),
    )
    for kind in ("first-error", "recovery", "value"):
        assert step_rows(kind, [Tree("tree", PUZZLE.id, nodes[:3])], [PUZZLE]) == []
    assert step_rows("first-error", [Tree("tree", PUZZLE.id, nodes)], [PUZZLE]) == []


def test_pairs_are_drawn_evenly_from_the_trees_whatever_their_order() -> None:
    trees = [replace(puzzle_tree(), id=str(n)) for n in range(6)]
    rows = step_rows("recovery", trees, [PUZZLE], count=6, seed=1)
    assert len(rows) == 6 and rows == step_rows("recovery", trees[::-1], [PUZZLE], count=6, seed=1)
    assert len(step_rows("recovery", trees, [PUZZLE], pairs=1)) == 6


def test_as_messages_the_steps_before_are_a_turn_to_be_continued() -> None:
    row = step_rows("first-error", [puzzle_tree()], [PUZZLE], messages=True)[-1]
    other = step_rows("first-error", [puzzle_tree()], [PUZZLE])[-1]
    assert [turn["role"] for turn in row["prompt"]] == ["user", *(["assistant"] if "prefix" in other else [])]
    assert "".join(turn["content"] for turn in row["prompt"]) == other["prompt"]


def test_kinds_of_pairs_are_read_with_their_numbers_and_mistakes_are_named() -> None:
    assert read_kinds(["first-error,recovery=200", "outcome"]) == {
        "first-error": None,
        "recovery": 200,
        "outcome": None,
    }
    for words, sentence in {
        "recover": "did you mean recovery", "recovery=0": "0 pairs of the kind recovery are none",
        "value=x": "value=x names no number of pairs",
    }.items():  # fmt: skip
        with pytest.raises(UsageError, match=sentence):
            read_kinds([words])


def joined_bytes() -> PreTrainedTokenizerFast:
    """A byte-level BPE whose tokens reach over the ends of lines and steps."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(False, use_regex=False), decoders.ByteLevel()
    corpus = [")\n40 - 2", ")\n12 * 4", ".\n\nThen", ".\n\n12 less", "\nBack", "\nWait"] * 9
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<end>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    made.train_from_iterator(corpus, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>")


def tokenizer_of(name: str, chat_model: Path) -> Any:
    match name:
        case "joined bytes":
            return joined_bytes()
        case "bytes of a chat model":
            return AutoTokenizer.from_pretrained(chat_model)
        case "tiny":
            return AutoTokenizer.from_pretrained(model_path("tiny"))
    return AutoTokenizer.from_pretrained(real_model())


@pytest.mark.parametrize(
    "name", ["tiny", "bytes of a chat model", "joined bytes", pytest.param("smollm2", marks=pytest.mark.real)]
)
def test_prefix_and_step_have_the_tokens_that_they_have_in_the_whole_answer(name: str, chat_model: Path) -> None:
    tokenizer = tokenizer_of(name, chat_model)
    eos = tokenizer.eos_token_id
    made = [(puzzle_tree(), PUZZLE)] if name == "tiny" else [(puzzle_tree(), PUZZLE), (words_tree(), WORDS)]
    rows = [row for kind in ("first-error", "recovery") for tree, of in made for row in step_rows(kind, [tree], [of])]
    data = Preference(DpoSettings()).columns(tokenizer, rows, {eos}).data
    assert len(rows) == len(data["prompt_ids"]) >= 4
    for i, row in enumerate(rows):
        begun = row.get("prefix", "")
        for side in ("chosen", "rejected"):
            goes_on = row[f"{side}_goes_on"]
            question = row["prompt"].removesuffix(begun)
            whole = {"prompt": question, "completion": begun + row[side] + row[side] * goes_on}
            [as_whole] = encode(tokenizer, [whole], "completion", {eos})
            ids = data["prompt_ids"][i] + data[f"{side}_ids"][i]
            assert ids == (as_whole.prompt + as_whole.answer)[: len(ids)]
            assert ids.count(eos) == as_whole.prompt.count(eos) + (not goes_on)  # a template ends its turns, too
            left = (as_whole.prompt + as_whole.answer)[len(ids) :]
            rest = tokenizer.decode(left[:-1])
            # At most one token stands on both sides of a piece's end, and it belongs to neither.
            assert not goes_on or "".join(rest.split()).endswith("".join(row[side].split()))
            assert goes_on or not left
            if name != "joined bytes" and goes_on:
                assert "".join(rest.split()) == "".join(row[side].split())


def test_a_token_over_the_border_belongs_to_the_step() -> None:
    tokenizer: Any = joined_bytes()
    row = {"prompt": "Q: 40 ( 2 40 -> 38 )\n", "prefix": "40 ( 2 40 -> 38 )\n", "chosen": "40 - 2", "rejected": "7"}
    data = Preference(DpoSettings()).columns(tokenizer, [row], {tokenizer.eos_token_id}).data
    prompt, chosen, rejected = (
        tokenizer.decode(data[name][0]) for name in ("prompt_ids", "chosen_ids", "rejected_ids")
    )
    assert (prompt + chosen, prompt + rejected) == (row["prompt"] + "40 - 2<end>", row["prompt"] + "7<end>")
    assert len(prompt) < len(row["prompt"])  # this vocabulary joins the end of the line with what follows


def test_an_answers_beginning_has_the_same_tokens_as_a_turn_to_be_continued(chat_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(chat_model)
    made = (step_rows("recovery", [words_tree()], [WORDS], seed=1, messages=messages) for messages in (False, True))
    texts, turns = (Preference(DpoSettings()).columns(tokenizer, rows, {tokenizer.eos_token_id}).data for rows in made)
    assert texts == turns and len(texts["prompt_ids"]) > 2


def test_rows_with_words_that_a_vocabulary_lacks_are_left_out() -> None:
    rows = [{"prompt": "p", "chosen": text, "rejected": "r"} for text in ("a", "120", "b")]
    assert readable(rows, lambda text: "120" if text == "120" else None) == [rows[0], rows[2]]


def test_a_thought_that_goes_wrong_first_is_chosen_over_one_of_the_same_problem_that_does_not() -> None:
    def thought(problem: str, text: str, *kinds: str) -> Thought:
        segments = tuple(Segment(kind, "", None, 0, 0) for kind in kinds)  # type: ignore[arg-type]
        return Thought(text, problem, None, "m", segments, text, text, "1")

    problems = [make_problem(question, "1", task="math") for question in ("a", "b")]
    a, b = (problem.id for problem in problems)
    long = [thought(a, "long", "mistake", "step"), thought(a, "long", "mistake"), thought(b, "short", "step")]
    straight = [thought(a, "short", "step"), thought(a, "brief", "step"), thought(b, "short", "step")]
    rows = exploration_rows(long, straight, problems, ask, seed=1)
    assert sorted((row["chosen"], row["rejected"]) for row in rows) == [("long", "brief"), ("long", "short")]
    assert len(exploration_rows(long, straight, problems, ask, pairs=1)) == 1
