"""Rows as token ids."""

from pathlib import Path

import pytest
from tiny_models import word_tokenizer
from transformers import AutoTokenizer

from journey.errors import UsageError
from journey.training.encode import encode
from journey.training.rows import CUT_OFF


def test_without_a_template_texts_are_joined_and_ended(words_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    [row] = encode(tokenizer, [{"prompt": "1 2 -> 3\n", "completion": "1 + 2 = 3 yes"}], "completion", set())
    assert tokenizer.decode(row.prompt) == "1 2 -> 3 \n"
    assert tokenizer.decode(row.answer) == "1 + 2 = 3 yes <eos>"


def test_a_rejected_answer_that_was_cut_off_has_no_end(words_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    [row] = encode(tokenizer, [{"prompt": "1 2 -> 3\n", "rejected": "1 + 2", CUT_OFF: True}], "rejected", set())
    assert tokenizer.decode(row.answer) == "1 + 2"


def test_strings_become_turns_where_there_is_a_template(chat_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(chat_model)
    messages = {
        "prompt": [{"role": "user", "content": "2+2?"}],
        "completion": [{"role": "assistant", "content": "4, I think"}],
    }
    for row in encode(
        tokenizer, [messages, {"prompt": "2+2?", "completion": "4, I think"}], "completion", {tokenizer.eos_token_id}
    ):
        assert tokenizer.decode(row.prompt) == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
        assert tokenizer.decode(row.answer) == "4, I think<|im_end|>"


def test_the_prompt_is_read_as_when_the_model_is_asked(words_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    [row] = encode(tokenizer, [{"prompt": "1", "completion": "2 yes"}], "completion", set())  # joined: the word "12"
    assert tokenizer.decode(row.prompt) == "1"
    assert tokenizer.decode(row.answer) == "2 yes <eos>"


def test_spaces_at_the_prompts_end_belong_to_the_answer(chat_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(chat_model)
    tokenizer.chat_template = None
    [row] = encode(tokenizer, [{"prompt": "2+2= ", "completion": "4"}], "completion", set())
    assert tokenizer.decode(row.prompt) == "2+2="
    assert tokenizer.decode(row.answer) == " 4<|im_end|>"


@pytest.mark.parametrize("kind", ["marks", "raises"])
def test_words_that_the_vocabulary_lacks_are_named(words_model: Path, kind: str) -> None:
    known = AutoTokenizer.from_pretrained(words_model)
    tokenizer = {"marks": known, "raises": word_tokenizer(None)}[kind]
    with pytest.raises(UsageError, match="1 of 2 rows hold text that the model's vocabulary lacks, such as 'perhaps'"):
        encode(
            tokenizer,
            [{"prompt": "1\n", "completion": "yes"}, {"prompt": "1\n", "completion": "yes perhaps"}],
            "completion",
            set(),
        )


def test_a_tokenizer_without_an_end_is_refused(words_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(words_model)
    tokenizer.eos_token = None
    with pytest.raises(UsageError, match="eos_token"):
        encode(tokenizer, [{"prompt": "1", "completion": "yes"}], "completion", set())
