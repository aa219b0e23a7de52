"""A server that takes no pictures, told from what it says of a request that holds one."""

import re

from journey.models.server_http import Reply
from journey.models.server_refusal import Caller, words

_PICTURE = r"(?:images?(?:_url| input)?|pictures?|vision|multi-?modal|mmproj)"
_NOT = r"(?:n't|not?|only|unsupported|unknown|unexpected|invalid)"
_REFUSES = re.compile(
    rf"\b{_NOT}\b.{{0,80}}\b{_PICTURE}\b|\b{_PICTURE}\b.{{0,80}}(?:\b|(?<=n)){_NOT}\b|at most 0 image", re.I | re.S
)
_WANTS_TEXT = re.compile(r"(?:content|input)\b.{0,60}\b(?:must|should) be (?:a )?(?:valid )?string", re.I | re.S)
_ABOUT_THIS = re.compile(
    r"too (?:large|big|many|small)|at most [1-9]|exceed|decod|corrupt|truncat|download|fetch", re.I
)


def takes_no_pictures(reply: Reply, caller: Caller) -> bool:
    """Whether a refusal means that the model reads text only; one that is about this very picture does not."""
    if not 400 <= reply.status <= 501 or reply.status in (401, 403, 408, 429):
        return False
    text = words(reply.body, caller)
    return bool(_REFUSES.search(text) or _WANTS_TEXT.search(text)) and not _ABOUT_THIS.search(text)


def no_pictures(caller: Caller, reply: Reply) -> str:
    """That the server takes no pictures, with its words and the mend."""
    says = f"{caller.url} says {reply.status}: {words(reply.body, caller)}"
    mend = "serve a vision-language model, or take problems without pictures"
    return f"{says} ({caller.model} takes no pictures there: {mend})"
