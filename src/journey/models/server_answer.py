"""What an OpenAI-compatible server answers, read strictly: what is not surely an answer is refused."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.estimate import IMAGE_TOKENS
from journey.models.server_message import BadAnswer, Choice, choice
from journey.models.server_request import Request

OVERLOADED = re.compile(r"rate.?limit|too many requests|overloaded|capacity", re.I)
BYTES_PER_TOKEN = 4
LONGEST_TOKEN = 6  # bytes: no text has longer tokens than this on average
MOST = 1 << 40


@dataclass(frozen=True, slots=True)
class Answer:
    """The choices of one request, in order, and what it used.

    `estimated`: the server did not say what it used, or said it of one choice only. `model`: who it says has answered,
    null where it does not. `is_llama`: it is llama.cpp's server; `is_plain`: it said no more than "stop" of an ending
    that may be a stop string or the model's own.
    """

    completions: list[Completion]
    used: Usage
    estimated: bool
    model: str | None = None
    is_llama: bool = False
    is_plain: bool = False


def decode(body: bytes) -> Any:
    """The JSON of a body; NaN and infinities are none. Raises BadAnswer."""

    def refuse(name: str) -> NoReturn:
        raise BadAnswer(f"JSON with {name}, which is no number", strange=True)

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError):
        start = body[:200].lstrip()
        what = "a web page" if start[:1] == b"<" else "an empty body" if not start else "no JSON, or half of one"
        raise BadAnswer(what, strange=True) from None


def estimate_tokens(text: str) -> int:
    """The tokens of a text by its length alone: four bytes each, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def upstream_error(data: Any) -> tuple[int, Any] | None:
    """The error in a body of status 200, as the status that it names and its words; null where there is none.

    It stands in place of the choices, or in one of them where a gateway's upstream failed half way.
    """
    if not isinstance(data, dict):
        return None
    rows = data.get("choices")
    errors = (
        [row["error"] for row in rows if isinstance(row, dict) and row.get("error")] if rows else [data.get("error")]
    )
    if not errors or not errors[0]:
        return None
    error = errors[0]
    code = error.get("code") if isinstance(error, dict) else None
    if str(code).isdecimal() and 400 <= int(str(code)) < 600:
        return int(str(code)), error
    return 429 if OVERLOADED.search(json.dumps(error)[:2000]) else 500, error


def read(data: Any, request: Request, prompt: Prompt, sampling: Sampling) -> Answer:
    """The answer that a decoded body holds. Raises BadAnswer.

    Tokens come from the server's usage. It gives one sum for all choices: where log-probabilities are given, they
    count each choice's tokens; else the sum is split in proportion to the lengths of the texts (with reasoning), to
    the last token. Without usage, with one of nothing, or with one too small to be that of all choices, tokens are
    estimated as a quarter of the bytes, plus the closing one.

    A finish of "stop" is told apart from "end" by what the server says (vLLM's `stop_reason`, SGLang's
    `matched_stop`, llama.cpp's `stop_type`, a stop string left in the text). A server that does not say has "stop"
    reported wherever stop strings were sent and something was written: whoever asks on then finds out that there is no
    more.
    """
    rows = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadAnswer("JSON without choices", strange=not isinstance(data, dict) or "choices" not in data)
    if not all(isinstance(row, dict) for row in rows):
        raise BadAnswer("JSON whose choices are no objects", strange=True)
    places = [row.get("index") for row in rows]
    if sorted(p for p in places if isinstance(p, int)) == list(range(len(rows))):
        rows = sorted(rows, key=lambda row: row["index"])
    is_llama = isinstance(data.get("timings"), dict) and "predicted_n" in data["timings"]
    if is_llama and isinstance(stated := data.get("__verbose"), dict):
        rows = [row | {"stop_type": stated.get("stop_type")} for row in rows[:1]]
    counts = usage(data.get("usage"))
    is_full = counts is not None and counts.tokens >= request.n * sampling.max_tokens
    choices = [choice(row, request, prompt, sampling, is_llama, is_full) for row in rows[: request.n]]
    least = sum(len(one.text.encode()) for one in choices) // LONGEST_TOKEN if len(choices) > 1 else 1
    is_counted = all(one.logprobs is not None for one in choices)
    if counts is not None and counts.tokens < least and not is_counted and any(one.text for one in choices):
        counts = None
    tokens = split(counts.tokens, choices) if counts is not None else [guess(one) for one in choices]
    for one, count in zip(choices, tokens, strict=True):
        if one.blank and (counts is None or not may_be_blank(one, count, sampling)):
            full = "; its context is full" if one.finish == "length" and count < sampling.max_tokens else ""
            raise BadAnswer(f"an empty text{full}")
    completions = [
        Completion(one.text, count, one.finish, None if one.logprobs is None else sum(one.logprobs), one.reasoning)
        for one, count in zip(choices, tokens, strict=True)
    ]
    read_tokens = estimate_tokens(prompt.text + prompt.prefix + (prompt.system or ""))
    read_tokens += len(prompt.images) * IMAGE_TOKENS
    who = data.get("model")
    return Answer(
        completions,
        counts or Usage(1, read_tokens, sum(tokens)),
        counts is None,
        who if isinstance(who, str) else None,
        is_llama,
        any(one.finish == "stop" and "stop_type" not in row for one, row in zip(choices, rows, strict=False)),
    )


def may_be_blank(one: Choice, tokens: int, sampling: Sampling) -> bool:
    """Whether the server's finish and tokens say that an empty text is really what the model wrote."""
    if one.reasoning:
        return True
    if one.finish == "length":
        return tokens >= sampling.max_tokens
    return 1 <= tokens <= 1 + max((len(s.encode("utf-8", "replace")) for s in sampling.stop), default=0)


def usage(given: Any) -> Usage | None:
    """The tokens that the server says it read and generated; null where it does not say."""
    if not isinstance(given, dict):
        return None
    prompt, tokens = given.get("prompt_tokens"), given.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(tokens, int) or not (0 <= prompt < MOST and 0 <= tokens < MOST):
        return None
    return Usage(1, prompt, tokens)


def split(tokens: int, choices: Sequence[Choice]) -> list[int]:
    """The tokens of each choice, which sum up to what the server says of all of them."""
    if len(choices) == 1:
        return [tokens]
    counted = [len(one.logprobs) for one in choices if one.logprobs is not None]
    if len(counted) == len(choices) and sum(counted) == tokens:
        return counted
    weights = [guess(one) for one in choices]
    exact = [tokens * weight / sum(weights) for weight in weights]
    shares = [math.floor(share) for share in exact]
    order = sorted(range(len(choices)), key=lambda i: shares[i] - exact[i])
    for i in order[: tokens - sum(shares)]:
        shares[i] += 1
    return shares


def guess(one: Choice) -> int:
    """The tokens of a choice by its length, with the closing one."""
    return estimate_tokens(one.text) + estimate_tokens(one.reasoning or "") + 1
