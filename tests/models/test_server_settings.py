"""A server's settings: what is refused, and what its identity holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import UsageError
from journey.models.base import Prompt, Sampling
from journey.models.server_request import Dialect, build, messages, sample_seed
from journey.models.server_settings import ServerSettings
from journey.pipeline.plain_settings import typed

URL = "http://localhost:8000/v1"


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://x/v1", "http://", "http:///v1", "", "http://x:port/v1", "http://x/v1?key=1", "http://[::1",
     "http://x/v1#a", "http://x/v1/chat/completions"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UsageError, match="url"):
        ServerSettings(url=url)


@pytest.mark.parametrize("url", ["https://me:hunter2@x/v1", "https://hunter2@x/v1", "https://me:hunter2@"])
def test_a_password_in_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(UsageError, match="environment variable") as error:
        ServerSettings(url=url)
    assert "hunter2" not in str(error.value)


def test_the_address_comes_from_the_settings_then_the_environment_then_the_vendor():
    assert ServerSettings(url=URL + "/").base_url({"OPENAI_BASE_URL": "http://other"}) == URL
    assert ServerSettings().base_url({"OPENAI_BASE_URL": "http://other/v1/"}) == "http://other/v1"
    assert ServerSettings().base_url({}) == "https://api.openai.com/v1"
    with pytest.raises(UsageError, match="OPENAI_BASE_URL"):
        ServerSettings().base_url({"OPENAI_BASE_URL": "other"})


def test_the_key_comes_from_its_variable_without_the_line_end_of_a_file():
    assert ServerSettings(key_variable="K").key({"K": "abc\n"}) == "abc"
    assert ServerSettings(key_variable="K").key({"OPENAI_API_KEY": "abc"}) is None
    with pytest.raises(UsageError, match="K holds characters") as error:
        ServerSettings(key_variable="K").key({"K": "abc\r\nX-Evil: secret"})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": 0}, {"retries": -1}, {"max_in_flight": 0}, {"requests_per_minute": 0}, {"extra": {"model": "x"}},
     {"extra": {"n": 2}}, {"extra": {"x": float("nan")}}, {"extra": {"x": object()}}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError):
        ServerSettings(**wrong)


def test_settings_are_read_from_a_recipe():
    read = typed(ServerSettings, {"url": URL, "extra": {"top_k": 3}, "max_in_flight": 4}, "a recipe")
    assert read == ServerSettings(url=URL, extra={"top_k": 3}, max_in_flight=4)


def test_the_identity_holds_what_changes_results_and_nothing_else():
    plain = ServerSettings().identity("m")
    same = ServerSettings(url=URL, key_variable="K", timeout=1, retries=1, max_in_flight=2)
    assert same.identity("m") == plain
    others = [ServerSettings(api="text"), ServerSettings(continuation="prefix"), ServerSettings(extra={"top_k": 1})]
    assert len({plain, ServerSettings().identity("n"), *(other.identity("m") for other in others)}) == 5


@given(st.integers(0, 2**63 - 1), st.integers(0, 100))
def test_seeds_fit_into_what_servers_take_and_differ_from_sample_to_sample(seed, sample):
    first, second = sample_seed(seed, sample), sample_seed(seed, sample + 1)
    assert 0 <= first < 2**31
    assert first != second


@given(st.text(max_size=30))
def test_a_prefix_stays_inside_its_own_turn(prefix):
    for way in ("continue_final_message", "prefix", "instruction"):
        chat = messages(Prompt("Q", prefix), way)
        assert chat[1]["content"] == prefix and chat[1]["role"] == "assistant"
        assert next(m["content"] for m in chat if m["role"] == "user") == "Q"
        assert prefix == "" or way != "instruction" or chat[2]["content"].startswith("Your answer above")


@given(st.text(max_size=30))
def test_any_text_can_be_sent(text):
    request = build("m", Prompt(text), Sampling(), 1, 0, Dialect.of(ServerSettings()), ServerSettings())
    assert request.encoded().isascii()
