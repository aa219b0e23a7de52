"""What an OpenAI-compatible server answers, read strictly: what is not surely an answer is refused."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from journey.models.base import Completion, Prompt, Sampling
from journey.models.budget import Usage
from journey.models.server_request import Request, Way
from journey.types import Finish

FINISHES: dict[str, Finish] = {
    "stop": "stop", "stop_sequence": "stop", "length": "length", "max_tokens": "length", "end": "end", "eos": "end",
    "eos_token": "end", "end_turn": "end", "content_filter": "error", "tool_calls": "error", "function_call": "error",
    "error": "error",
}  # fmt: skip
LONG_ECHO = 32
BYTES_PER_TOKEN = 4
MOST = 1 << 40


class BadAnswer(Exception):
    """A body that is no answer; the message says in a few words what it is instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The choices of one request, in order, and what it used. `estimated`: the server did not say what it used."""

    completions: list[Completion]
    used: Usage
    estimated: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice before its tokens are known. `logprobs` are those of its tokens, null where not given."""

    text: str
    finish: Finish
    reasoning: str | None
    logprobs: list[float] | None
    blank: bool


def decode(body: bytes) -> Any:
    """The JSON of a body; NaN and infinities are none. Raises BadAnswer."""

    def refuse(name: str) -> NoReturn:
        raise BadAnswer(f"JSON with {name}, which is no number")

    try:
        return json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError):
        start = body[:200].lstrip()
        what = "a web page" if start[:1] == b"<" else "an empty body" if not start else "no JSON, or half of one"
        raise BadAnswer(what) from None


def estimate_tokens(text: str) -> int:
    """The tokens of a text by its length alone: four bytes each, rounded up."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def read(data: Any, request: Request, prompt: Prompt, sampling: Sampling) -> Answer:
    """The answer that a decoded body holds. Raises BadAnswer.

    Tokens come from the server's usage. It gives one sum for all choices: where log-probabilities are given, they
    count each choice's tokens; else the sum is split in proportion to the lengths of the texts (with reasoning), to
    the last token. Without usage, tokens are estimated as a quarter of the bytes, plus the closing one.

    A finish of "stop" is told apart from "end" by what the server says (vLLM's `stop_reason`, SGLang's
    `matched_stop`, a stop string left in the text). A server that does not say has "stop" reported wherever stop
    strings were sent and something was written: whoever asks on then finds out that there is no more.
    """
    rows = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadAnswer("JSON without choices")
    if not all(isinstance(row, dict) for row in rows):
        raise BadAnswer("JSON whose choices are no objects")
    places = [row.get("index") for row in rows]
    if sorted(p for p in places if isinstance(p, int)) == list(range(len(rows))):
        rows = sorted(rows, key=lambda row: row["index"])
    choices = [choice(row, request, prompt, sampling) for row in rows[: request.n]]
    counts = usage(data.get("usage"))
    tokens = split(counts.tokens, choices) if counts is not None else [guess(one) for one in choices]
    for one, count in zip(choices, tokens, strict=True):
        if one.blank and (counts is None or not may_be_blank(one, count, sampling)):
            raise BadAnswer("an empty text")
    completions = [
        Completion(one.text, count, one.finish, None if one.logprobs is None else sum(one.logprobs), one.reasoning)
        for one, count in zip(choices, tokens, strict=True)
    ]
    read_tokens = estimate_tokens(prompt.text + prompt.prefix + (prompt.system or ""))
    return Answer(completions, counts or Usage(1, read_tokens, sum(tokens)), counts is None)


def choice(row: Mapping[str, Any], request: Request, prompt: Prompt, sampling: Sampling) -> Choice:
    """One choice of an answer. Raises BadAnswer."""
    reason = row.get("finish_reason")
    finish = FINISHES.get(reason) if isinstance(reason, str) else None
    if finish is None:
        raise BadAnswer(f"JSON with the finish reason {str(reason)[:20]!r}")
    chat = "messages" in request.body
    message = row.get("message") if chat else row
    if not isinstance(message, dict):
        raise BadAnswer("JSON with a choice without message")
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    reasoning = clean(reasoning) if isinstance(reasoning, str) else None
    text = message.get("content" if chat else "text")
    if text is None and isinstance(message.get("refusal"), str):
        text = message["refusal"]
    if text is None and (reasoning is not None or finish == "error"):
        text = ""  # all tokens went into thinking, or the server says why there is no text
    if not isinstance(text, str):
        raise BadAnswer("JSON with a choice without text")
    text = without_echo(clean(text), prompt.prefix, request.way)
    blank = not text and finish != "error"
    text, finish = stopped(text, finish, row, request, sampling)
    return Choice(text, finish, reasoning, logprobs(row.get("logprobs")), blank)


def stopped(
    text: str, finish: Finish, row: Mapping[str, Any], request: Request, sampling: Sampling
) -> tuple[str, Finish]:
    """The text before the first stop string, and how it ended."""
    hits = [at for s in sampling.stop if s and (at := text.find(s)) >= 0]
    if hits:
        return text[: min(hits)], "stop"
    if finish != "stop" or row.get("finish_reason") == "stop_sequence":
        return text, finish
    for name in ("stop_reason", "matched_stop"):
        if name in row:
            # A stop token of the model's own is given as its number: the model ended.
            return text, "stop" if isinstance(row[name], str) and row[name] in sampling.stop else "end"
    return text, "stop" if text and "stop" in request.body else "end"


def without_echo(text: str, prefix: str, way: Way | None) -> str:
    """The text without the prefix, which some servers repeat.

    Those that continue by `continue_final_message` do so by an option of theirs only; a short prefix is then left.
    """
    if way is None or not text.startswith(prefix):
        return text
    return text if way == "continue_final_message" and len(prefix) < LONG_ECHO else text[len(prefix) :]


def may_be_blank(one: Choice, tokens: int, sampling: Sampling) -> bool:
    """Whether the server's finish and tokens say that an empty text is really what the model wrote."""
    if one.reasoning:
        return True
    if one.finish == "length":
        return tokens >= sampling.max_tokens
    return 1 <= tokens <= 1 + max((len(s.encode("utf-8", "replace")) for s in sampling.stop), default=0)


def logprobs(given: Any) -> list[float] | None:
    """The log-probability of each generated token, of either API; null where one is missing."""
    if not isinstance(given, dict):
        return None
    rows = given.get("content")
    values = [row.get("logprob") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else None
    values = given.get("token_logprobs") if values is None else values
    if not isinstance(values, list) or not values:
        return None
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
    return numbers if len(numbers) == len(values) else None


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


def clean(text: str) -> str:
    """The text with half surrogates, which no file can hold, replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
