"""What a status other than 200 means, and how a person is told."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from journey.errors import UsageError
from journey.models.base import ModelError
from journey.models.server_http import Reply
from journey.models.server_retry import Failed

BUSY = {429, 502, 503, 520, 521, 522, 523, 529}  # a gateway says with most of them that nobody is behind it now
LONGEST = 240
KEY_PIECE = 6
TOO_LONG = re.compile(
    r"context[_ ](length|window|size)|maximum context|max(imum)?[_ ]model[_ ]len|prompt is too long|too many tokens"
    r"|(input|prompt)\b.{0,40}\b(longer|exceeds?|too large)\b",
    re.I | re.S,
)
NO_MODEL = re.compile(r"model_not_found|\b(unknown|no such|invalid) model\b", re.I)
NOT_THERE = r".{0,40}\b(not exist|not found|unknown|not available)\b"  # behind the model's name
NO_ACCESS = r"(\bno|\bnot have|n't have) access to (the )?model\b"
NO_MONEY = re.compile(r"insufficient_quota|insufficient[ _]balance|credit balance is too low", re.I)
LIMIT_SPENT = re.compile(r"(key|credit|spend\w*|usage) limit (exceeded|reached)|insufficient credits|billing", re.I)
BAD_KEY = re.compile(
    r"(invalid|incorrect|expired|missing|wrong|no|valid)[ _](api[ _-]?key|access token|credential)|unauthori[sz]ed"
    r"|api[ _-]?key\b.{0,20}\b(not valid|invalid|expired|incorrect|missing|required)|authentication[ _](error|fail)",
    re.I,
)
OTHER_KIND = re.compile(
    r"not (a|an) (chat|text|completion)\b|is a chat model|not support (the )?chat|only supported in v1/"
    r"|no chat template|must provide a chat template|does not support (generat|complet)\w*",
    re.I,
)
"""The model is of another kind than the path that it was asked at."""

WAIT_IN_WORDS = re.compile(r"(?:try again in|retryDelay\W+) ?(?:(\d+)m)?(\d+(?:\.\d+)?)(ms|s)\b", re.I)


class Complaint(Exception):
    """The server takes offence at how the request is put (400 or 422); the message holds its words."""


class Forbidden(ModelError):
    """The server refuses one request (403): that may be its prompt, or the key that all share."""


class NoModel(Exception):
    """The server says, in these words, that it has no such model."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks whom, for what is told to a person; the key itself is only here to be kept out of it."""

    url: str
    model: str
    key_variable: str
    key: str | None

    def __repr__(self) -> str:
        return f"Caller({self.url!r}, {self.model!r})"


def refusal(reply: Reply, caller: Caller, met: bool) -> Exception:
    """What a reply with another status than 200 comes to: Failed, UsageError, ModelError, Complaint or NoModel.

    `met`: this server has answered like an OpenAI-compatible one before.
    """
    message, status = words(reply.body, caller), reply.status
    says = f"{caller.url} says {status}" + (f": {message}" if message else "")
    everything = reply.body[:20_000].decode("utf-8", "replace")
    if 300 <= status < 400:
        return _moved(reply, caller, met)
    own = message[:LONGEST]
    is_key = status == 401 or (BAD_KEY.search(own) and (status == 403 or (status == 400 and not met)))
    if is_key or (status == 403 and not met and not is_json(reply.body)):
        return UsageError(wrong_key(caller, status, message))
    is_spent = NO_MONEY.search(everything) if status == 429 else status == 403 and LIMIT_SPENT.search(own)
    if status == 402 or is_spent:
        return UsageError(
            f"{says} (the account has no money or quota left; top it up, then run the same command again)"
        )
    if not met and 400 <= status <= 501 and status != 429 and OTHER_KIND.search(own):
        api = "is it a base model, or of another kind? then --set servers.NAME.api=text, or api=chat, or another model"
        return UsageError(f"{says} ({caller.model} cannot be asked in this way: {api})")
    if status in (400, 403, 404) and is_json(reply.body) and _names_no_model(reply.body, caller.model):
        return NoModel(says)
    if status >= 400 and status != 429 and TOO_LONG.search(everything if status in (400, 413, 422) else own):
        return ModelError(f"The prompt and its answer do not fit into the context of {caller.model}: {message}")
    failed = f"status {status}" + (f" ({message})" if message else "")
    if status in BUSY:
        wait = reply.wait if reply.wait is not None else _wait_in_words(everything)
        return Failed("busy", failed, wait, server=status != 429)
    if status in (408, 409, 425) or status >= 500 or status < 300:
        return Failed("broken", failed, reply.wait, server=status >= 500, slow=status in (408, 504, 524))
    if status in (404, 405) or (not met and not is_json(reply.body)):
        if met:
            return Failed("broken", f"status {status}")
        return UsageError(f"{no_server(caller)} (it says {status} to this path)")
    if status in (400, 422):
        return Complaint(everything)
    return (Forbidden if status == 403 else ModelError)(f"{says}.")


def no_server(caller: Caller) -> str:
    """That there is no OpenAI-compatible server at the address, with the mend."""
    end = "" if urlsplit(caller.url).path else "; most addresses end with /v1"
    return f"{caller.url} does not answer like an OpenAI-compatible server{end}; check its url"


def words(body: bytes, caller: Caller) -> str:
    """The server's own words on one line, at most 240 characters; without them where they hold a piece of the key."""
    if body[:200].lstrip()[:1] == b"<":
        return "(a web page)"
    text = body[:20_000].decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        text = _message(json.loads(body)) or text
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if caller.key is not None and holds_piece(text, caller.key):
        return "(its words are left out, because they repeat a part of the key)"
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def holds_piece(text: str, key: str) -> bool:
    """Whether the text holds six characters in a row of the key, or all of a shorter one."""
    size = min(KEY_PIECE, len(key))
    return any(key[at : at + size] in text for at in range(len(key) - size + 1))


def is_json(body: bytes) -> bool:
    """Whether the body is a JSON object, or a list of them as Gemini's errors are."""
    try:
        return isinstance(json.loads(body), dict | list)
    except (ValueError, RecursionError):
        return False


def _message(data: Any) -> str:
    """The sentence in an error body of any vendor: error.message, message or detail, and a list of them."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, (_message(one) for one in data[:5])))
    if not isinstance(data, dict):
        return ""
    for name in ("error", "message", "detail", "msg"):
        if message := _message(data.get(name)):
            place = data.get("loc")
            return f"{'.'.join(map(str, place))}: {message}" if isinstance(place, list) else message
    return ""


def _names_no_model(body: bytes, model: str) -> bool:
    """Whether the server's own words, not those of a prompt that it repeats, say that it lacks this model."""
    data: Any = json.loads(body)
    if isinstance(data, list):
        data = data[0] if data and isinstance(data[0], dict) else {}
    error = data.get("error") if isinstance(data.get("error"), dict) else data
    message = _message(data)[:LONGEST]
    codes = (str(error.get(name)) for name in ("code", "type"))
    return bool(
        any(NO_MODEL.search(code) for code in codes)
        or NO_MODEL.search(message)
        or re.search(NO_ACCESS, message, re.I)
        or re.search(re.escape(model) + NOT_THERE, message, re.I | re.S)
    )


def _moved(reply: Reply, caller: Caller, met: bool) -> Exception:
    try:
        parts = urlsplit(reply.location or "")
        where = f"{parts.scheme}://{parts.hostname}" if parts.hostname else parts.path
    except ValueError:
        where = ""
    if met:
        return Failed("broken", f"a redirect to {where or 'nowhere'}", strange=True)
    return UsageError(f"{caller.url} redirects to {where or 'nowhere'}, which is not followed; give the final address")


def wrong_key(caller: Caller, status: int, message: str) -> str:
    """That the server refuses the key or wants one, with its words and the mend."""
    # With 401 there is nothing more to know, and many repeat a piece of the key.
    variable, says = caller.key_variable, f", {message}" if message and status != 401 else ""
    if caller.key is None:
        return f"{caller.url} wants a key ({status}{says}); set {variable}"
    return f"{caller.url} refuses the key in {variable} ({status}{says}); set {variable} to one that is valid there"


def _wait_in_words(words: str) -> float | None:
    """The seconds that an error's own words ask to wait, where no header does (OpenAI, Groq, Gemini)."""
    found = WAIT_IN_WORDS.search(words)
    if found is None:
        return None
    return 60 * int(found[1] or 0) + float(found[2]) / (1000 if found[3].lower() == "ms" else 1)
