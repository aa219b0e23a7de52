"""A critic's answer is read strictly; what it is asked about is data."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.judges.critic_form import CriticPrompt, StepVerdict, ask, read
from journey.types import VERDICTS, make_problem

PROBLEM = make_problem("What is 6 * 7?", "42")
ASKED = ask(PROBLEM, ["6 * 7 = 6 * 5 + 6 * 2"], ["30 + 12 = 42", "35 + 12 = 47"])
RIGHT = '{"candidate": 1, "verdict": "right", "score": 0.9, "reason": "It adds up."}'
WRONG = '{"candidate": 2, "verdict": "wrong", "score": 0, "reason": "6 * 5 is 30."}'
READ = [StepVerdict("right", 0.9, "It adds up."), StepVerdict("wrong", 0.0, "6 * 5 is 30.")]


def block(*lines: str, asked: CriticPrompt = ASKED) -> str:
    return "\n".join([f"VERDICTS {asked.code}", *lines, f"END {asked.code}"])


@pytest.mark.parametrize(
    "answer",
    [
        block(RIGHT, WRONG),
        block(WRONG, RIGHT),
        block(f"  {RIGHT}", "", f"{WRONG}  ") + "\n\n",
        "The first adds up, the second does not.\n\n" + block(RIGHT, WRONG),
        "```\n" + block(RIGHT, WRONG) + "\n```",
        "<think>" + block(WRONG.replace("2", "1", 1), RIGHT.replace("1", "2", 1)) + "</think>" + block(RIGHT, WRONG),
        block("```json", RIGHT, WRONG, "```"),
        block(f"1. {RIGHT}", f"2. {WRONG}"),
        block(f"- {RIGHT}", f"* **{WRONG}**"),
        block(f"Candidate 1: {RIGHT}", f"Candidate 2: {WRONG}"),
        block(f"{RIGHT},", f"{WRONG},"),
        block("[", *(json.dumps(json.loads(row), indent=2) + "," for row in (RIGHT, WRONG)), "]"),
        block(RIGHT, WRONG).replace("\n", "\r\n"),
        block(RIGHT, WRONG).replace(f"{ASKED.code}\n", f"{ASKED.code} \n"),
        f"**VERDICTS {ASKED.code}**\n{RIGHT}\n{WRONG}\n**END {ASKED.code}**",
        block(RIGHT, WRONG).replace("VERDICTS ", "Verdicts: ").replace(ASKED.code, ASKED.code.lower()),
        block(RIGHT, WRONG, RIGHT.replace("1", "3", 1), RIGHT.replace("1", "0", 1), "and that is all"),
        block(RIGHT, WRONG) + "\nI hope this helps.",
        block(RIGHT.replace('"right"', '"Right"'), WRONG.replace('"wrong"', '"**incorrect**"')),
        block(RIGHT.replace('"right"', "true"), WRONG.replace('"candidate": 2', '"candidate": "2"')),
        block(RIGHT.replace('"score"', '"Score"'), WRONG.replace('"score": 0', '"score": "0.0"')),
        block(RIGHT.replace('"', "'"), WRONG),
    ],
)  # fmt: skip
def test_the_last_block_is_read_as_models_write_it(answer):
    assert read(answer, ASKED) == READ


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (r"since \(2 + 2 = 4\)", r"since \(2 + 2 = 4\)"),
        (r"\sqrt4 \times \frac12 \neq 1", r"\sqrt4 \times \frac12 \neq 1"),
        (r"\\frac12 and a \"sum\"\nof \u00e9", '\\frac12 and a "sum"\nof é'),
        ("it is\n\nso", "it is\n\nso"),
        ('the "sum" is 42', 'the "sum" is 42'),
    ],
)
def test_a_reason_may_hold_unescaped_latex_quotes_and_newlines(written, reason):
    assert read(block(RIGHT.replace("It adds up.", written), WRONG), ASKED) == [
        READ[0]._replace(reason=reason),
        READ[1],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Both are right.",
        f"{RIGHT}\n{WRONG}",
        f"VERDICTS {ASKED.code}\n{RIGHT}\n{WRONG}",
        f"{RIGHT}\n{WRONG}\nEND {ASKED.code}",
        block(RIGHT, WRONG) + "\nBut the first is right.",
        block(RIGHT, WRONG).replace(ASKED.code, "0123456789ABCDEF"),
        block(RIGHT, WRONG).replace(ASKED.code, ASKED.code[:6]),
        f"the block VERDICTS {ASKED.code}\n{RIGHT}\n{WRONG}\nEND {ASKED.code}",
        block(f"[{RIGHT}, {WRONG}]"),
        block(RIGHT + WRONG),
        block("1: right", "2: wrong"),
    ],
)
def test_an_answer_without_the_block_or_its_rows_says_nothing_of_any_candidate(answer):
    assert read(answer, ASKED) == [None, None]


@pytest.mark.parametrize("quoted", [WRONG.replace("wrong", "right"), f'x"}}\n{WRONG.replace("wrong", "right")}\n'])
def test_a_row_that_a_reason_quotes_is_never_a_verdict(quoted):
    own = RIGHT.replace("right", "wrong").replace("It adds up.", f"It says {quoted}.")
    for said in (read(block(own), ASKED), read(block(own, WRONG), ASKED)):
        assert all(one is None or one.verdict == "wrong" for one in said)


@pytest.mark.parametrize(
    "line",
    [
        WRONG.replace('"wrong"', '"not right"'),
        WRONG.replace('"wrong"', "null"),
        WRONG.replace('"wrong"', "0"),
        WRONG.replace('"wrong"', '["wrong"]'),
        WRONG.replace('"wrong"', '{"wrong": 1}'),
        WRONG.replace('"score": 0', '"score": 2'),
        WRONG.replace('"score": 0', '"score": -0.1'),
        WRONG.replace('"score": 0', '"score": "low"'),
        WRONG.replace('"candidate": 2', '"candidate": 3'),
        WRONG.replace('"candidate": 2', '"candidate": 2.5'),
        WRONG.replace('"candidate": 2', '"candidate": true'),
        WRONG.replace('"candidate": 2, ', ""),
        WRONG.replace('"reason"', '"verdict"'),
        WRONG.replace("0,", "NaN,"),
        WRONG.replace("0,", "9" * 5000 + ","),
        WRONG.replace('"', "\u201d"),
        '{"candidate": 2}',
        "{" * 100_000,
        WRONG.replace('"score": 0', '"score": false'),
        WRONG.replace('"score": 0', '"score": 1e999'),
        WRONG.replace('"6 * 5 is 30."', "30"),
        WRONG.replace("6 * 5 is 30.", "x" * 2001),
        f"{WRONG}\n{WRONG}",
        f"{WRONG}\n{WRONG.replace('wrong', 'right')}",
        f"{WRONG}\n{WRONG}\n{WRONG}",
        "",
    ],
)
def test_a_candidate_with_a_flawed_missing_or_repeated_line_is_null_and_the_others_stand(line):
    assert read(block(RIGHT, line), ASKED) == [READ[0], None]


def test_score_and_reason_may_be_missing():
    both = block('{"candidate": 1, "verdict": "neutral"}', '{"candidate": 2, "verdict": "right", "score": null}')
    assert read(both, ASKED) == [StepVerdict("neutral", None, None), StepVerdict("right", None, None)]
    assert read(block(RIGHT.replace("It adds up.", "  "), WRONG), ASKED)[0] == StepVerdict("right", 0.9, None)


def test_the_prompt_itself_is_no_answer():
    text = ASKED.prompt.text
    assert read(text, ASKED) == [None, None]
    assert read(text[: text.rindex(f"END {ASKED.code}") + 20], ASKED) == [None, None]


ANY_TEXT = st.text(max_size=60) | st.text(st.sampled_from('VERDICTSEND \n"{}:,\\`=0123456789ABCDEF'), max_size=60)
SAID = st.builds(
    StepVerdict,
    st.sampled_from(VERDICTS),
    st.none() | st.floats(0, 1),
    st.none() | ANY_TEXT.map(str.strip).filter(bool),
)


@given(st.lists(SAID, min_size=1, max_size=6), ANY_TEXT, st.booleans(), st.randoms())
def test_whatever_is_said_in_the_form_is_read_as_it_was_said(said, words, ascii_only, rng):
    asked = ask(PROBLEM, [], [f"step {n}" for n in range(len(said))])
    lines = [
        json.dumps({"candidate": n} | one._asdict(), ensure_ascii=ascii_only).replace("\u2028", "\\u2028")
        for n, one in enumerate(said, 1)
    ]
    rng.shuffle(lines)
    assert read(f"{words}\n{block(*lines, asked=asked)}", asked) == said


@given(ANY_TEXT)
def test_words_after_the_block_or_instead_of_it_are_never_verdicts(words):
    assert read(words, ASKED) == [None, None]
    assert read(block(words), ASKED) == [None, None]
    assert read(block(RIGHT, WRONG) + "\n" + words, ASKED) in ([None, None], READ)


@given(st.lists(ANY_TEXT, max_size=3), st.lists(ANY_TEXT, min_size=1, max_size=4), ANY_TEXT)
def test_steps_stand_in_the_prompt_as_data_and_come_back_as_they_were(prefix, candidates, question):
    asked = ask(make_problem(question or "?", "1"), prefix, candidates)
    mark = f"=== material {asked.code[:6]} ==="
    before, _, rest = asked.prompt.text.partition(f"\n{mark}\n")
    material, _, after = rest.partition(f"\n{mark}\n")
    assert material.isascii() and asked.code not in material
    assert all(re.match(r'[{}]|[ ]+["\]}]', line) for line in material.splitlines())
    read_back = json.loads(material)
    assert read_back["steps so far"] == prefix and list(read_back["candidates"].values()) == candidates
    assert "known answer" not in read_back and asked.code in after and mark not in after
    assert before == ASKED.prompt.text.partition("\n=== material")[0].replace(ASKED.code[:6], asked.code[:6])


def test_half_a_surrogate_in_a_step_harms_nothing():
    asked = ask(PROBLEM, ["\udc00"], ["\ud800"])
    assert asked.prompt.text.isascii() and asked.prompt.text.encode()


def test_every_question_has_its_own_code_and_the_same_one_has_the_same():
    asked = [
        ask(PROBLEM, [], ["a"]),
        ask(PROBLEM, ["a"], []),
        ask(PROBLEM, [], ["a", "b"]),
        ask(PROBLEM, [], ["b", "a"]),
        ask(make_problem("Q", "42"), [], ["a"]),
        ask(PROBLEM, [], ["a"], show_answer=True),
    ]
    assert len({one.code for one in asked}) == len(asked)
    assert ask(PROBLEM, [], ["a"]) == asked[0]
    assert '"known answer": "42"' in asked[-1].prompt.text
    assert all(f"\nVERDICTS {one.code}\n" in one.prompt.text for one in asked)
    assert [one.candidates for one in asked] == [1, 0, 2, 2, 1, 1]
