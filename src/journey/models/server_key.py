"""The key kept out of what a server says: some servers repeat the request's headers in their errors or answers."""

import base64
from collections.abc import Iterator
from urllib.parse import quote

SHORTEST = 16  # characters; a shorter key ("EMPTY", "token-abc123") is a local server's and may be any word
HALF = 12  # characters of its beginning or end that servers show of a key; as much counts as the key
SHOWN = b"[key]"


def key_forms(key: str | None) -> tuple[bytes, ...]:
    """What is taken out of a server's words: the key, its first and last 12 characters, the key as Base64,
    hexadecimal, for addresses, in JSON's escapes and backwards. None for a key of less than 16 characters.
    """
    if key is None or len(key) < SHORTEST:
        return ()
    # The whole before its parts, so that no rest of it stays.
    return tuple(dict.fromkeys(form.encode() for form in sorted(_forms(key), key=len, reverse=True)))


def without_key(body: bytes, forms: tuple[bytes, ...]) -> bytes:
    """The body with [key] wherever one of the forms stood."""
    for form in forms:
        if form in body:
            body = body.replace(form, SHOWN)
    return body


def _forms(key: str) -> Iterator[str]:
    yield from (key, key[::-1], key.replace("/", r"\/"), key.encode().hex(), key.encode().hex().upper())
    for part in (key, key[:HALF], key[-HALF:]):
        quoted = quote(part, safe="")
        yield from (part, quoted, quoted.lower() if quoted != part else part)
        yield from ("".join(c if c.isalnum() else f"\\u{ord(c):04{case}}" for c in part) for case in "xX")
    for start in range(3):  # by where the key begins in the text that was encoded
        coded = base64.b64encode(b"\0" * start + key.encode()).decode()
        # The characters at both ends also hold what stands before and after the key.
        inner = coded[4 if start else 0 : -4]
        yield from (inner, inner.translate(str.maketrans("+/", "-_")), inner.replace("/", r"\/"))
