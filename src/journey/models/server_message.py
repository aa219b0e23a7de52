"""One choice of an OpenAI-compatible server's answer: what was said, what was thought, and how it ended."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from journey.models.base import Prompt, Sampling
from journey.models.end_marks import without_end_marks
from journey.models.server_request import Request, Way
from journey.types import Finish

FINISHES: dict[str, Finish] = {
    "stop": "stop", "stop_sequence": "stop", "length": "length", "max_tokens": "length", "max_output_tokens": "length",
    "model_length": "length", "model_context_window_exceeded": "length", "end": "end", "eos": "end", "eos_token": "end",
    "end_turn": "end", "complete": "end", "completed": "end", "done": "end", "content_filter": "error",
    "safety": "error", "sensitive": "error", "recitation": "error", "refusal": "error", "prohibited_content": "error",
    "blocklist": "error", "tool_calls": "error", "function_call": "error",
}  # fmt: skip
"""What the servers' words for an ending mean, in small letters."""

UNSAID = {"", "null", "none", "unknown"}
"""Endings that say nothing, as some servers give beside a whole text."""

PASSING = {
    "error", "network_error", "abort", "aborted", "cancelled", "load", "unload", "timeout", "failed",
    "insufficient_system_resource", "engine_overloaded", "server_error",
}  # fmt: skip
"""Endings that say nothing of the prompt: what was asked then is asked again."""

LONG_ECHO = 32


class BadAnswer(Exception):
    """A body that is no answer; the message says in a few words what it is instead.

    `strange`: it does not look like an OpenAI-compatible server's at all. `passing`: it says nothing of the prompt.
    """

    def __init__(self, message: str, *, strange: bool = False, passing: bool = False) -> None:
        super().__init__(message)
        self.strange = strange
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice before its tokens are known. `logprobs` are those of its tokens, null where not given."""

    text: str
    finish: Finish
    reasoning: str | None
    logprobs: list[float] | None
    blank: bool


def choice(
    row: Mapping[str, Any], request: Request, prompt: Prompt, sampling: Sampling, is_llama: bool, is_full: bool
) -> Choice:
    """One choice of an answer; `is_full`: all tokens that were allowed are used up. Raises BadAnswer."""
    chat = "messages" in request.body
    message = row.get("message") if chat else row
    if not isinstance(message, dict):
        raise BadAnswer("JSON with a choice without message", strange=True)
    text, reasoning = content_of(message, "content" if chat else "text")
    reason = row.get("finish_reason")
    word = "" if reason is None else str(reason).lower()
    finish = FINISHES.get(word)
    if word in UNSAID and (text or "").strip():
        finish = "length" if is_full else "stop"  # some servers never say how a text ended
    if finish is None:
        raise BadAnswer(f"JSON with the finish reason {str(reason)[:30]!r}", passing=word in PASSING)
    if text is None and isinstance(message.get("refusal"), str):
        text = clean(message["refusal"])
    if text is None and (reasoning is not None or finish in ("error", "length")):
        text = ""  # all tokens went into thinking, or the server says why there is no text
    if text is None:
        raise BadAnswer("JSON with a choice without text")
    text = without_echo(text, prompt.prefix, request.way, is_llama)
    blank = not text and finish != "error"
    text, finish = stopped(text, finish, row, request, sampling)
    text, marks = without_end_marks(text)
    finish = "end" if marks and finish == "stop" else finish
    return Choice(text, finish, reasoning, logprobs(row.get("logprobs")), blank)


def content_of(message: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
    """What a message says and what was thought before it, each null where there is none.

    The content is a string, or a list of parts as of Mistral's and others' models that think.
    """
    content = message.get(name)
    thought = next((message[key] for key in ("reasoning_content", "reasoning", "thinking") if message.get(key)), None)
    if thought is None and isinstance(message.get("reasoning_details"), list):
        thought = message["reasoning_details"]
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict | str)]
        is_thought = [
            isinstance(part, dict) and str(part.get("type")).startswith(("thinking", "reason")) for part in parts
        ]
        thought = [part for part, is_one in zip(parts, is_thought, strict=True) if is_one] or thought
        content = joined([part for part, is_one in zip(parts, is_thought, strict=True) if not is_one])
    thought = joined(thought)
    return clean(content) if isinstance(content, str) else None, clean(thought) if thought else None


def joined(parts: Any, depth: int = 8) -> str:
    """The text of a content in parts, at most so deep; "" where there is none."""
    if isinstance(parts, str) or not depth:
        return parts if isinstance(parts, str) else ""
    if isinstance(parts, list):
        return "".join(joined(part, depth - 1) for part in parts)
    names = ("text", "thinking", "summary", "content") if isinstance(parts, dict) else ()
    return joined(next((parts[name] for name in names if parts.get(name)), ""), depth - 1)


def stopped(
    text: str, finish: Finish, row: Mapping[str, Any], request: Request, sampling: Sampling
) -> tuple[str, Finish]:
    """The text before the first stop string, and how it ended."""
    hits = [at for s in sampling.stop if s and (at := text.find(s)) >= 0]
    if hits:
        return text[: min(hits)], "stop"
    if finish != "stop" or row.get("finish_reason") == "stop_sequence":
        return text, finish
    if "stop_type" in row:
        return text, "end" if row["stop_type"] == "eos" else "stop"
    for name in ("stop_reason", "matched_stop"):
        if name in row:
            # A stop token of the model's own is given as its number: the model ended.
            return text, "stop" if isinstance(row[name], str) and row[name] in sampling.stop else "end"
    return text, "stop" if text and "stop" in request.body else "end"


def without_echo(text: str, prefix: str, way: Way | None, is_llama: bool = False) -> str:
    """The text without the prefix, which some servers repeat.

    llama.cpp always does. Others that continue by `continue_final_message` do so by an option of theirs only; a short
    prefix is then left.
    """
    if way is None or not text.startswith(prefix):
        return text
    is_own = way == "continue_final_message" and len(prefix) < LONG_ECHO and not is_llama
    return text if is_own else text[len(prefix) :]


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


def clean(text: str) -> str:
    """The text with half surrogates, which no file can hold, replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
