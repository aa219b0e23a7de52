"""The studio's door: requests made for another host are refused, and the browser is told to load nothing from outside.

Streamlit checks `server.allowedHosts` for its WebSocket only; a page of another site that was pointed at this machine
(DNS rebinding) could still read the other addresses. So every request passes here first.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def is_ours(host: str) -> bool:
    """Whether a Host header names this machine; the port does not matter (a tunnel may have another)."""
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isdigit():
        return name in HOSTS
    return host.lower() in HOSTS


class Guard:
    """An ASGI application around another one; `scripts` are those that stand in its page itself and may run."""

    def __init__(self, app: ASGIApp, scripts: Sequence[str] = ()) -> None:
        self._app = app
        hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
        policy = POLICY.format(scripts="".join(f" 'sha256-{one}'" for one in hashes))
        headers = {"content-security-policy": policy, **HEADERS}
        self._headers = {name.encode(): value.encode() for name, value in headers.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, or refuses it with 403 (a WebSocket: by closing it)."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) == 1 and is_ours(hosts[0]):
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refused = PlainTextResponse("The studio answers on 127.0.0.1 and localhost only.", 403)
            await refused(scope, receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [pair for pair in message.get("headers", []) if pair[0].lower() not in self._headers]
                message["headers"] = [*others, *self._headers.items()]
            await send(message)

        return sending
