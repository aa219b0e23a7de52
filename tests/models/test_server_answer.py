"""Reading what a server answers: finishes, tokens, thinking, echoes, and everything that is no answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.server_answer import decode, read, upstream_error
from journey.models.server_message import BadAnswer
from journey.models.server_request import Dialect, Request, build
from journey.models.server_settings import ServerSettings

CHAT = Prompt("Q")
LINE = Sampling(stop=("\n",), max_tokens=8)


def request(sampling: Sampling = LINE, prompt: Prompt = CHAT, **settings: Any) -> Request:
    asked = ServerSettings(**settings)
    dialect = Dialect.of(asked)
    dialect.begin_with("vllm")
    return build("m", prompt, sampling, sampling.n, 0, dialect, asked)


def body(text: str | None, tokens: int | None = 3, finish: Any = "stop", message: Any = None, **more: Any) -> Any:
    usage = None if tokens is None else {"prompt_tokens": 5, "completion_tokens": tokens}
    message = {"content": text} if message is None else message
    return {"choices": [{"index": 0, "finish_reason": finish, "message": message, **more}], "usage": usage}


def one(data: Any, sampling: Sampling = LINE, prompt: Prompt = CHAT, **settings: Any) -> Completion:
    return read(data, request(sampling, prompt, **settings), prompt, sampling).completions[0]


@pytest.mark.parametrize(
    ("text", "more", "finish"),
    [
        ("a", {"stop_reason": "\n"}, "stop"),
        ("a", {"stop_reason": None}, "end"),
        ("a", {"stop_reason": 151645}, "end"),
        ("a", {"matched_stop": "\n"}, "stop"),
        ("a", {"matched_stop": 151645}, "end"),
        ("a\nb", {"stop_reason": None}, "stop"),
        ("a\nb", {"finish": "length"}, "stop"),
        ("a", {"finish": "length"}, "length"),
        ("a", {"finish": "eos_token"}, "end"),
        ("a", {"finish": "stop_sequence"}, "stop"),
        ("a", {"finish": "STOP"}, "stop"),
        ("a", {"finish": "MAX_TOKENS"}, "length"),
        ("a", {"finish": "model_context_window_exceeded"}, "length"),
        ("a", {"finish": "sensitive"}, "error"),
        ("a", {"finish": None}, "stop"),
        ("a", {"finish": "null"}, "stop"),
        ("a", {"finish": "", "tokens": 8}, "length"),
        ("a", {"finish": "content_filter"}, "error"),
        ("a", {"finish": "tool_calls"}, "error"),
        ("a", {}, "stop"),
    ],
)
def test_a_stop_string_is_told_apart_from_the_models_end_where_the_server_says_so(text, more, finish):
    got = one(body(text, **more))
    assert (got.text, got.finish) == ("a", finish)


def test_without_stop_strings_a_stop_is_the_models_end():
    assert one(body("a"), Sampling()).finish == "end"
    assert one(body("a"), stop="client").finish == "end"


def test_nothing_written_before_an_unexplained_stop_is_an_end():
    assert one(body("", 1)) == Completion("", 1, "end")


def test_a_text_that_begins_with_the_stop_string_is_empty_and_stopped():
    assert one(body("\nmore", 4)) == Completion("", 4, "stop")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thinking_is_kept_apart(name):
    got = one(body(None, 9, message={"content": "4", name: "2+2"}))
    assert (got.text, got.reasoning, got.tokens) == ("4", "2+2", 9)


def test_thinking_that_used_up_all_tokens_leaves_an_empty_text():
    got = one(body(None, 8, "length", message={"content": None, "reasoning": "hm"}))
    assert got == Completion("", 8, "length", None, "hm")


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": [{"type": "text", "text": "4"}]}, "4", None),
        ({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "2+2"}]}, {"text": "4"}]}, "4", "2+2"),
        ({"content": ["4", " apples"]}, "4 apples", None),
        ({"content": "4", "reasoning_details": [{"type": "reasoning.text", "text": "2+2"}]}, "4", "2+2"),
        ({"content": None, "thinking": "2+2 is 4"}, "", "2+2 is 4"),
    ],
)
def test_content_and_thinking_may_come_in_parts(message, text, reasoning):
    got = one(body(None, message=message))
    assert (got.text, got.reasoning) == (text, reasoning)


def test_parts_without_end_are_no_text():
    deep: Any = "x"
    for _ in range(500):
        deep = {"content": [deep]}
    with pytest.raises(BadAnswer, match="empty"):
        one(body(None, message={"content": [deep]}))


def test_a_refusal_is_what_the_model_said():
    assert one(body(None, 3, message={"content": None, "refusal": "No."})).text == "No."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (body("", None), "empty"), (body("", 0), "empty"), (body("", 50), "empty"), (body("", 3, "length"), "empty"),
        (body(None), "without text"), (body("", finish=None), "finish"), (body("x", finish=3), "finish"),
        (body("x", finish="odd"), "finish reason 'odd'"), (body("x", finish="error"), "finish reason 'error'"),
        (body("", 1, "length"), "its context is full"), (body(None, 1, "length"), "its context is full"),
        (body("x", message=[]), "without message"), ({"choices": None}, "without choices"), (None, "without choices"),
        ("text", "without choices"), (body(7), "without text"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_not_surely_an_answer_is_refused(data, said):
    with pytest.raises(BadAnswer, match=said):
        one(data)


def test_an_empty_text_cut_off_at_its_limit_is_what_it_is():
    assert one(body("", 8, "length")) == Completion("", 8, "length")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a": [NaN]}'])
def test_json_holds_no_nan(text):
    with pytest.raises(BadAnswer, match="no number"):
        decode(text.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(raw):
    try:
        decode(raw)
    except BadAnswer as bad:
        assert str(bad)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["choices", "message", "content", "finish_reason", "usage", "index", "logprobs", "reasoning", "text",
             "prompt_tokens", "completion_tokens", "token_logprobs", "stop_reason"]
        ),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JUNK)
def test_any_json_is_an_answer_or_refused_and_never_a_silent_blank(data):
    try:
        answer = read(data, request(), CHAT, LINE)
    except BadAnswer:
        return
    for got in answer.completions:
        assert got.text or got.finish == "error" or got.tokens > 0 or got.reasoning


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6), st.integers(160, 500))
def test_shared_tokens_are_split_to_the_last_one(texts, tokens):
    sampling = Sampling(n=len(texts))
    rows = [{"index": i, "finish_reason": "stop", "message": {"content": t}} for i, t in enumerate(texts)]
    data = {"choices": rows, "usage": {"prompt_tokens": 1, "completion_tokens": tokens}}
    answer = read(data, request(sampling), CHAT, sampling)
    assert sum(got.tokens for got in answer.completions) == tokens == answer.used.tokens
    assert [len(got.text) for got in answer.completions] == [len(t) for t in texts]


def test_log_probabilities_count_each_choices_tokens_and_are_summed():
    sampling = Sampling(n=2)
    given_rows = [[-0.5, -1.5], [-0.25]]
    rows = [
        {
            "finish_reason": "stop",
            "message": {"content": "x"},
            "logprobs": {"content": [{"logprob": v} for v in values]},
        }
        for values in given_rows
    ]
    data = {"choices": rows, "usage": {"prompt_tokens": 1, "completion_tokens": 3}}
    first, second = read(data, request(sampling), CHAT, sampling).completions
    assert (first.tokens, first.logprob, second.tokens, second.logprob) == (2, -2.0, 1, -0.25)


def test_log_probabilities_of_the_text_api_are_summed_and_a_missing_one_makes_null():
    for values, total in (([-1.0, -2.0], -3.0), ([None, -2.0], None), ([], None), ([True], None)):
        row = {"finish_reason": "stop", "text": "x", "logprobs": {"token_logprobs": values}}
        data = {"choices": [row], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
        assert one(data, api="text").logprob == total


def test_a_prefix_that_comes_back_is_taken_off_but_a_short_one_only_where_servers_repeat_it():
    short, long = Prompt("Q", "1"), Prompt("Q", "first line of an answer, long enough\n")
    for way in ("prefix", "instruction"):
        assert one(body("10"), prompt=short, continuation=way).text == "0"
    assert one(body("10"), prompt=short).text == "10"
    assert one(body(long.prefix + "next"), prompt=long).text == "next"


def test_an_echo_alone_is_no_answer():
    with pytest.raises(BadAnswer, match="empty"):
        one(body("the half", 20), prompt=Prompt("Q", "the half"), continuation="prefix")


def test_half_a_surrogate_becomes_something_that_a_file_can_hold():
    got = one(decode(json.dumps(body("a\ud83db")).encode()))
    assert got.text == "a\ufffdb"
    assert one(body("é😀")).text == "é😀"


def test_usage_that_is_no_count_is_estimated():
    for tokens in (-1, 2.5, "3", 1 << 60):
        answer = read(body("x" * 7, tokens), request(), CHAT, LINE)  # type: ignore[arg-type]
        assert (answer.completions[0].tokens, answer.estimated) == (3, True)
        assert answer.used == Usage(1, 1, 3)


def test_usage_of_nothing_or_of_one_choice_of_many_is_estimated():
    assert read(body("x" * 7, 0), request(), CHAT, LINE).completions[0].tokens == 3
    sampling = Sampling(n=3)
    rows = [{"index": i, "finish_reason": "stop", "message": {"content": "word " * 20}} for i in range(3)]
    data = {"choices": rows, "usage": {"prompt_tokens": 1, "completion_tokens": 20}}
    answer = read(data, request(sampling), CHAT, sampling)
    assert ([got.tokens for got in answer.completions], answer.used.tokens, answer.estimated) == ([26] * 3, 78, True)


def test_llama_cpp_says_who_ended_and_repeats_the_prefix():
    for said, finish in (("eos", "end"), ("word", "stop")):
        data = body("1 + 1", 4) | {"timings": {"predicted_n": 4}, "__verbose": {"stop_type": said}}
        answer = read(data, request(prompt=Prompt("Q", "1 +")), Prompt("Q", "1 +"), LINE)
        assert answer.completions == [Completion(" 1", 4, finish)]
        assert (answer.is_llama, answer.is_plain) == (True, False)
    assert read(body("a") | {"timings": {"predicted_n": 4}}, request(), CHAT, LINE).is_plain


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"error": {"code": 502, "message": "x"}}, 502),
        ({"error": {"code": "503"}}, 503),
        ({"error": "Rate limit reached"}, 429),
        ({"choices": [{"finish_reason": "error", "error": {"code": 502}}]}, 502),
        ({"choices": None, "error": {"code": 7, "message": "x"}}, 500),
    ],
)
def test_an_error_under_status_200_is_one_whether_it_stands_for_the_choices_or_in_one(data, status):
    found = upstream_error(data)
    assert found is not None and found[0] == status
    assert upstream_error(body("a")) is None and upstream_error(body("a", error=None)) is None
