"""What a status other than 200 means: words of other matters are not those of a missing model or money."""

import json

import pytest

from journey.models.server_http import Reply
from journey.models.server_refusal import Caller, Complaint, NoModel, refusal
from journey.models.server_retry import Failed


@pytest.mark.parametrize(
    "message",
    [
        "Rate limit reached, try again in 20s; see your plan at https://vendor.example/account/billing",
        "You exceeded your current quota, please check your plan and billing details; per_minute; retry in 20s",
    ],
)
def test_a_limit_a_minute_that_speaks_of_billing_is_waited_for(message):
    caller = Caller("http://x/v1", "m", "KEY", None)
    found = refusal(answered(429, {"error": {"message": message, "code": "rate_limit_exceeded"}}), caller, met=True)
    assert isinstance(found, Failed) and found.kind == "busy"


@pytest.mark.parametrize(
    "message",
    [
        "Validation error for model m: extra field top_k unknown",
        "1 validation error: input 'We model the growth of a plant by an unknown rate'",
    ],
)
def test_a_complaint_that_speaks_of_models_does_not_say_that_there_is_none(message):
    caller = Caller("http://x/v1", "openai/tiny", "KEY", None)
    assert isinstance(refusal(answered(400, {"error": {"message": message}}), caller, met=True), Complaint)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "The model `openai/tiny` does not exist.", "type": "NotFoundError"},
        {"message": "model 'openai/tiny' not found, try pulling it first"},
        {"message": "not here", "code": "model_not_found"},
        {"message": "Unknown model: openai/tiny"},
    ],
)
def test_a_server_that_lacks_the_model_is_understood(error):
    caller = Caller("http://x/v1", "openai/tiny", "KEY", None)
    assert isinstance(refusal(answered(404, {"error": error}), caller, met=True), NoModel)


def answered(status: int, body: dict) -> Reply:
    return Reply(status, None, None, json.dumps(body).encode())
