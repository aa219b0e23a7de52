"""Rewards by outcome, as trainers call them: from any thread, with strings or messages, null where nobody can say."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from journey.errors import UsageError
from journey.rewards import compute_score, outcome, reward_func, value
from journey.types import make_problem

ASKED = "What is 1/2 + 1/3?"
PUZZLE = "Make 17 from 3 4 5"
WORDS = ["\\boxed{5/6}", "\\boxed{1/6}", "It is about", "", "It is about", "\\boxed{\\{\\{}"]
IDS = [[1, 9], [1, 9], [1, 2], [9], [1, 9], [1, 9]]
STATED = partial(outcome, right=2.0, wrong=-1.0, cut_off=-0.5, empty=-3.0, end_ids=[9])


def test_right_wrong_cut_off_and_empty_have_their_stated_rewards_and_unknown_is_null() -> None:
    columns = {"answer": ["5/6"] * 6, "task": ["math"] * 6}
    found = asyncio.run(STATED([ASKED] * 6, WORDS, IDS, **columns, trainer_state=None))
    assert found == [2.0, -1.0, -0.5, -3.0, -1.0, None]
    unfinished = ["\\boxed{1/6}. Or", "\\boxed{5/6}. Or"]
    found = asyncio.run(STATED([ASKED] * 2, unfinished, [[1, 2]] * 2, answer=["5/6"] * 2, task=["math"] * 2))
    assert found == [-0.5, 2.0]
    by_length = asyncio.run(outcome([ASKED], ["It is"], [[1, 2]], max_tokens=2, cut_off=-0.5, answer=["5/6"]))
    assert by_length == [-0.5]


def test_chat_messages_are_graded_by_what_the_assistant_wrote_last() -> None:
    prompt = [{"role": "system", "content": "Think."}, {"role": "user", "content": ASKED}]
    written = [
        [{"role": "assistant", "content": "\\boxed{5/6}"}],
        [{"role": "assistant", "content": [{"type": "text", "text": "\\boxed{1/6}"}]}],
        [{"role": "assistant", "content": "", "reasoning_content": "so it is \\boxed{5/6}"}],
        [{"role": "assistant", "content": None}],
    ]
    found = asyncio.run(outcome([prompt] * 4, written, answer=["5/6"] * 4, empty=-1.0))
    assert found == [1.0, 0.0, 1.0, -1.0]


def test_a_problem_is_found_by_its_id_by_its_columns_or_by_the_prompt() -> None:
    puzzle = make_problem(PUZZLE, "17", task="countdown")
    text = "3 * 4 = 12 ( 5 12 -> 17 )\n12 + 5 = 17 ( 17 -> 17 )"
    by_id = outcome(["?"], [text], problem=[puzzle.id], problems={puzzle.id: puzzle})
    by_columns = outcome(["?"], [text], question=[PUZZLE], answer=["17"], task=["countdown"])
    by_prompt = outcome([PUZZLE], [text], answer=["17"])
    assert [asyncio.run(one) for one in (by_id, by_columns, by_prompt)] == [[1.0]] * 3
    assert asyncio.run(outcome([ASKED], ["\\boxed{1}"], answer=[None])) == [None]


def test_a_text_that_was_cut_off_has_the_value_of_where_it_stands() -> None:
    texts = [
        "3 * 4 = 12 ( 5 12 -> 17 )\n",
        "4 - 3 = 1 ( 1 5 -> 17 )\n",
        "3 * 4 = 12 ( 5 12 -> 17 )\n12 + 5 = 17 ( 17 -> 17 )",
    ]
    found = asyncio.run(value([PUZZLE] * 3, texts, [[1], [1], [9]], end_ids=[9], answer=["17"] * 3))
    assert found == [0.5, 0.0, 1.0]
    assert asyncio.run(value([ASKED], ["It is"], [[1]], end_ids=[9], answer=["5/6"])) == [None]


def test_rewards_are_the_same_from_many_threads_with_loops_of_their_own() -> None:
    hard = ["\\boxed{x \\in (-\\sqrt{2}, \\sqrt{2})}", "\\boxed{2\\sin x\\cos x}", "\\boxed{\\frac{10}{12}}"]
    answers = ["(-\\sqrt2,\\sqrt2)", "\\sin(2x)", "5/6"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: asyncio.run(outcome(["?"] * 3, hard, answer=answers)), range(8)))
    assert found == [[1.0, 1.0, 1.0]] * 8


def test_rows_that_cannot_be_graded_are_refused_with_the_mend() -> None:
    with pytest.raises(UsageError, match="no column answer"):
        asyncio.run(outcome([ASKED], ["5/6"]))
    with pytest.raises(UsageError, match="no task 'chess'"):
        asyncio.run(outcome([ASKED], ["5/6"], answer=["5/6"], task=["chess"]))
    with pytest.raises(UsageError, match="Rename the column"):
        asyncio.run(outcome([ASKED], ["5/6"], answer=["5/6"], wrong=["1/6"]))


def test_verl_and_openrlhf_call_the_same_grader() -> None:
    info = {"question": ASKED, "task": "math", "index": 0}
    good, unsure = (asyncio.run(compute_score("journey/math", WORDS[i], "5/6", info, unknown=0.25)) for i in (0, 5))
    assert good == {"score": 1.0, "acc": 1.0, "ending": "right"}
    assert unsure == {"score": 0.25, "acc": 0.0, "ending": "unknown"}
    label = json.dumps({"question": ASKED, "answer": "5/6", "task": "math"})
    one = reward_func([f"<|im_start|>{ASKED}\\boxed{{5/6}}<|im_end|>"], [ASKED], [label])
    assert one == {"rewards": 1.0, "scores": 1.0, "extra_logs": {"could_not_say": 0.0}}
    with pytest.raises(UsageError, match="label_key reference"):
        reward_func([ASKED], [ASKED], ["5/6"])
    two = reward_func([ASKED + WORDS[5] + "</s>", ASKED], [ASKED] * 2, [label] * 2)
    assert two == {"rewards": [0.0, 0.0], "scores": [0.0, 0.0], "extra_logs": {"could_not_say": [1.0, 0.0]}}
