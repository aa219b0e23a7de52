"""Only this machine's names are answered, and every answer says that nothing comes from outside."""

import asyncio
from typing import Any

import pytest

from journey.studio.guard import Guard, is_ours

OURS = ["127.0.0.1:8501", "127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:8501", "[::1]"]
FOREIGN = [
    "", "evil.example", "127.0.0.1.evil.example:8501", "localhost.evil.example", "evil.example:127.0.0.1",
    "127.0.0.1@evil", "0.0.0.0:8501", "10.0.0.1", "127.0.0.1:80:80", "localhost:abc", "evil.example#127.0.0.1",
    " 127.0.0.1", "::1:80",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_names_of_this_machine_are_ours(host: str):
    assert is_ours(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_other_names_are_not(host: str):
    assert not is_ours(host)


def answer(kind: str, headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Security-Policy", b"none")]})

    async def send(message: Any) -> None:
        said.append(message)

    async def receive() -> dict[str, Any]:
        return {}

    asyncio.run(Guard(app)({"type": kind, "headers": headers}, receive, send))
    return said


@pytest.mark.parametrize(
    "headers", [[], [(b"host", b"evil.example")], [(b"host", b"localhost"), (b"host", b"evil.example")]]
)
def test_a_foreign_missing_or_doubled_host_is_refused(headers: list[tuple[bytes, bytes]]):
    assert answer("http", headers)[0]["status"] == 403
    assert answer("websocket", headers) == [{"type": "websocket.close", "code": 1008}]


def test_an_answer_carries_our_policy_once():
    headers = answer("http", [(b"host", b"localhost:1")])[0]["headers"]
    policies = [value for name, value in headers if name.lower() == b"content-security-policy"]
    assert len(policies) == 1
    assert policies[0].startswith(b"default-src 'none'")
