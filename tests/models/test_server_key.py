"""The key is taken out of whatever a server says, and nothing else is."""

import base64
import json
from urllib.parse import quote

import pytest
from fault_server import FaultServer, Reply
from hypothesis import given
from hypothesis import strategies as st
from leaks import CANARY, leaks_in

from journey.errors import UsageError
from journey.models.base import Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.server import Server
from journey.models.server_key import HALF, SHORTEST, key_forms, without_key
from journey.models.server_settings import ServerSettings

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=SHORTEST, max_size=60)
AROUND = st.binary(max_size=20)


@given(KEYS, AROUND, AROUND)
def test_the_key_goes_in_every_form_and_what_stands_around_it_stays(key, before, after):
    shown = [key, key[::-1], key[:HALF], key[-HALF:], quote(key, safe=""), key.encode().hex(), key.replace("/", r"\/")]
    shown.append("".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in key))
    for form in shown:
        said = without_key(b"<" + before + b"|" + form.encode() + b"|" + after + b">", key_forms(key))
        assert form.encode() not in said or form.encode() in b"[key]" or form.encode() in before + after
        assert said.startswith(b"<") and said.endswith(b">") and b"[key]" in said


@given(KEYS, st.binary(max_size=4), AROUND)
def test_the_key_goes_out_of_base64_of_any_text_that_holds_it(key, before, after):
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        coded = encode(before + key.encode() + after)
        said = without_key(coded, key_forms(key))
        assert b"[key]" in said
        # At most three characters of the key stay at either end of what was taken out.
        assert len(said) - len(b"[key]") <= len(coded) - 4 * ((len(key) - 6) // 3)


@given(st.text(max_size=200))
def test_other_words_stay_as_they_are(text):
    assert without_key(text.encode(), key_forms(CANARY)) == text.encode()


@pytest.mark.parametrize("key", [None, "", "x", "EMPTY", "token-abc123"])
def test_a_short_key_may_be_any_word_and_stays(key):
    assert key_forms(key) == () and without_key(b"EMPTY x token-abc123", key_forms(key)) == b"EMPTY x token-abc123"


def test_json_stays_json():
    body = json.dumps({"error": {"message": f"Bearer {CANARY}", "masked": f"{CANARY[:12]}...{CANARY[-12:]}"}})
    said = without_key(body.encode(), key_forms(CANARY))
    assert json.loads(said) == {"error": {"message": "Bearer [key]", "masked": "[key]...[key]"}}


async def test_a_list_of_models_that_holds_the_key_is_shown_without_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    missing = Reply(404, {"error": {"message": "The model m does not exist", "code": "model_not_found"}})
    models = [{"id": f"for-{CANARY}"}, {"id": "other"}]
    async with FaultServer(lambda asked: missing, models=models) as server:
        client = Server("m", "openai/m", ServerSettings(url=server.url), BudgetTracker())
        with pytest.raises(UsageError) as error:
            await client.complete(Prompt("?"), Sampling())
        await client.close()
    assert "it has for-[key], other" in str(error.value) and leaks_in(str(error.value).encode()) == []


@pytest.mark.parametrize("name", [CANARY, "", "OPENAI-KEY", "1KEY", "KEY=x", "a b"])
def test_a_key_where_the_name_of_its_variable_belongs_is_refused_and_not_repeated(name):
    with pytest.raises(UsageError) as error:
        ServerSettings(key_variable=name)
    assert leaks_in(str(error.value).encode()) == []
