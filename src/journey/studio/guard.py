"""The studio's door: requests made for another host are refused, and the browser is told to load nothing from outside.

Streamlit checks `server.allowedHosts` for its WebSocket only; a page of another site that was pointed at this machine
(DNS rebinding) could still read the other addresses. So every request passes here first.
"""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from hashlib import sha256
from typing import Any

HOSTS = ("127.0.0.1", "localhost", "[::1]")
# Streamlit's page starts a component's script from a blob; styles are set by its widgets as they are drawn.
POLICY = (
    "default-src 'none'; script-src 'self' blob:{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine; the port does not matter (a tunnel may have another)."""
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isdigit():
        return name in HOSTS
    return host.lower() in HOSTS


class Guard:
    """An ASGI application around another one; `scripts` are those that stand in its page itself and may run."""

    def __init__(self, app: Application, scripts: Sequence[str] = ()) -> None:
        self._app = app
        hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
        policy = POLICY.format(scripts="".join(f" 'sha256-{one}'" for one in hashes))
        self._headers = {"content-security-policy": policy, **HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, or refuses it with 403 (a WebSocket: by closing it)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not is_ours(_host(scope)):
            await _refuse(scope, send)
        else:
            await self._app(scope, receive, _with_headers(send, self._headers))


def _host(scope: Scope) -> str:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return values[0] if len(values) == 1 else ""


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    added = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message.get("headers", []) if pair[0].decode("latin-1").lower() not in headers]
            message["headers"] = [*others, *added]
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"The studio answers on 127.0.0.1 and localhost only."
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
