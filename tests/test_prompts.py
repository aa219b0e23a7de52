import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey import prompts
from journey.errors import UsageError


def test_the_countdown_prompt_is_the_question_on_a_line():
    assert prompts.load("countdown") == "{{question}}\n"
    assert prompts.fill("countdown", question="1 2 3 -> 6") == "1 2 3 -> 6\n"


def test_the_math_prompt_asks_for_steps_and_a_box():
    text = prompts.fill("math", question="What is 1+1?")
    assert "one step a paragraph" in text
    assert r"\boxed{}" in text
    assert "What is 1+1?" in text
    assert text.endswith("\n")


@given(st.text())
def test_a_value_is_never_read_as_a_template(value):
    assert prompts.fill("countdown", question=value + "{{question}}\\1") == value + "{{question}}\\1\n"


def test_missing_and_unknown_fields_are_named():
    with pytest.raises(ValueError, match="needs the field question"):
        prompts.fill("countdown")
    with pytest.raises(ValueError, match="has no field level"):
        prompts.fill("countdown", question="x", level="1")


@pytest.mark.parametrize("name", ["nothing", "../errors", ""])
def test_an_unknown_prompt_is_told_with_the_known_ones(name):
    with pytest.raises(UsageError, match="countdown, "):
        prompts.load(name)


def test_prompts_of_different_texts_have_different_hashes():
    by_text = {prompts.load(name): prompts.hash(name) for name in prompts.names()}
    assert {prompts.hash(name) for name in prompts.names()} == set(by_text.values())
    assert len(set(by_text.values())) == len(by_text)
    assert all(len(hash) == 16 for hash in by_text.values())
