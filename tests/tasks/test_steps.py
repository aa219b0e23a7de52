import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.tasks.steps import FORMATS

clean_step = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(str.strip).filter(bool)


@pytest.mark.parametrize("name", FORMATS)
@given(steps=st.lists(clean_step, max_size=12))
def test_splitting_undoes_joining(name, steps):
    assert FORMATS[name].split(FORMATS[name].join(steps)) == steps


@pytest.mark.parametrize("name", FORMATS)
@given(steps=st.lists(clean_step, min_size=1, max_size=12))
def test_the_next_step_written_after_the_prefix_gives_the_joined_text(name, steps):
    assert FORMATS[name].prefix(steps[:-1]) + steps[-1] == FORMATS[name].join(steps)


def test_a_prefix_without_steps_is_only_the_first_number():
    assert {name: steps.prefix([]) for name, steps in FORMATS.items()} == {
        "lines": "",
        "numbered": "1. ",
        "paragraphs": "",
        "written": "",
    }


@pytest.mark.parametrize("name", FORMATS)
def test_no_steps_are_no_text(name):
    assert FORMATS[name].join([]) == ""
    assert FORMATS[name].split(" \n\n ") == []


def test_a_paragraph_may_have_several_lines():
    assert FORMATS["paragraphs"].split("a\nb\n\n\n\nc\r\n\r\nd") == ["a\nb", "c", "d"]


def test_abels_numbered_lines_are_cut_at_the_number_that_is_due():
    text = "1. We list:\n- 7 apples\n3. pears\n\n2. So 10 * 2. \n3. [Final solution] 20 #### 20"
    assert FORMATS["numbered"].split(text) == [
        "We list: - 7 apples 3. pears",
        "So 10 * 2.",
        "[Final solution] 20 #### 20",
    ]


def test_steps_as_chat_models_write_them_begin_at_empty_lines_and_at_their_numbers():
    written = FORMATS["written"]
    text = "I add.\n\nStep 1: 3 + 4 = 7\nso 7 it is.\nStep 2: 7 * 2 = 14\n1. One is 1.5\n2.5 is no number of a step"
    assert written.split(text) == [
        "I add.", "Step 1: 3 + 4 = 7\nso 7 it is.", "Step 2: 7 * 2 = 14", "1. One is 1.5\n2.5 is no number of a step",
    ]  # fmt: skip
    assert written.stop_after([]) == ("\n\n", "\nStep ", "\n2.")
    assert written.stop_after(["I add.", "4. four", "so"])[-1] == "\n6."
    assert FORMATS["lines"].stop_after(["4. four"]) == ("\n",)
