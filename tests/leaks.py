"""A key to look for, every form it may leak in, and servers that hand it back in all the ways they can."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from fault_server import Act, Asked, Plan, Reply
from player import answer

CANARY = "sk-canary-7Qm2/x+Vt9Lw4pZ8rK1nB6yD3_h=Cj5"
HALF = 12  # characters of its beginning or its end that count as the key


def forms(key: str) -> dict[str, bytes]:
    """The key in every form that is looked for."""
    found = {
        "plain": key, "quoted": quote(key, safe=""), "escaped": key.replace("/", r"\/"), "reversed": key[::-1],
        "hexadecimal": key.encode().hex(), "first half": key[:HALF], "last half": key[-HALF:],
    }  # fmt: skip
    # Base64 of a longer text that holds the key has one of three forms, by where the key begins in it.
    for start in range(3):
        coded = base64.b64encode(b"\0" * start + key.encode()).decode()
        found[f"base64 at {start}"] = coded[4 * (start > 0) + 4 : -8]
        found[f"base64 for addresses at {start}"] = found[f"base64 at {start}"].translate(str.maketrans("+/", "-_"))
    return {name: text.encode() for name, text in found.items()}


def leaks_in(data: bytes, key: str = CANARY) -> list[str]:
    """The forms of the key that stand in the bytes."""
    return [name for name, form in forms(key).items() if form in data]


def leaks_under(folder: Path, key: str = CANARY) -> list[str]:
    """What holds the key of all files under a folder (SQLite's and its log's bytes, too), and of their names."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        inside = [] if path.is_dir() else leaks_in(path.read_bytes(), key)
        found += [f"{path}: {form}" for form in (*inside, *leaks_in(str(path.relative_to(folder)).encode(), key))]
    return found


class Leaky(NamedTuple):
    """A server that says the key. `now and then`: only to every fourth request, so that units fail and are listed."""

    name: str
    plan: Plan


def _echo(asked: Asked) -> str:
    """What a careless server shows of a request: its headers."""
    return f"request headers: {json.dumps(asked.headers)}"


def _key(asked: Asked) -> str:
    return asked.headers["authorization"].removeprefix("Bearer ")


def _error(status: int, said: Callable[[Asked], str]) -> Plan:
    return lambda asked: Reply(status, {"error": {"message": said(asked), "type": "error"}})


def _good(asked: Asked, **more: str) -> Reply:
    body = answer(asked)
    for choice in body["choices"]:
        choice.update({key: value for key, value in more.items() if key != "content"})
        choice["message"]["content"] = more.get("content", choice["message"]["content"])
    return Reply(200, body)


def _coded(asked: Asked) -> str:
    return base64.b64encode(f"Basic user:{_key(asked)}".encode()).decode()


def _masked(asked: Asked) -> str:
    return f"Incorrect API key provided: {_key(asked)[:HALF]}*****{_key(asked)[-HALF:]}."


def _redirect(asked: Asked) -> Act:
    return Reply(302, b"", {"Location": f"/login/{quote(_key(asked), safe='')}"})


def _other_host(asked: Asked) -> Act:
    return Reply(307, b"", {"Location": f"http://{_key(asked)[:HALF]}.example.com/{_key(asked)}"})


PLANS: dict[str, Plan] = {
    "wrong key": _error(401, lambda asked: "Incorrect API key provided."),
    "wrong key, said": _error(401, lambda asked: f"Incorrect API key provided: {_key(asked)}."),
    "wrong key, masked": _error(401, _masked),
    "forbidden": _error(403, _echo),
    "no money": _error(402, _echo),
    "bad request": _error(400, _echo),
    "bad request, coded": _error(400, _coded),
    "bad request, quoted": _error(400, lambda asked: quote(_key(asked), safe="")),
    "bad request, reversed": _error(400, lambda asked: _key(asked)[::-1]),
    "bad request, hexadecimal": _error(400, lambda asked: _key(asked).encode().hex()),
    "bad request, masked": _error(400, _masked),
    "bad request, bare": lambda asked: Reply(422, _echo(asked).encode()),
    "too long": _error(400, lambda asked: f"This model's maximum context length is 8; {_echo(asked)}"),
    "no model": _error(404, lambda asked: f"The model m does not exist. {_echo(asked)}"),
    "server error": _error(500, lambda asked: "internal error"),
    "server error, said": _error(500, _echo),
    "busy, said": lambda asked: Reply(429, {"detail": _echo(asked)}, {"Retry-After": "0.01"}),
    "gateway": lambda asked: Reply(502, f"<html>{_echo(asked)}</html>".encode()),
    "redirect": _redirect,
    "redirect to a host": _other_host,
    "error in a good status": lambda asked: Reply(200, {"error": {"message": _echo(asked), "code": 400}}),
    "finish reason": lambda asked: _good(asked, finish_reason=_key(asked)),
    "answer": lambda asked: _good(asked, content=f"We begin: {_echo(asked)}"),
    "answer, masked": lambda asked: _good(asked, content=f"We begin: {_masked(asked)}"),
    "answer, coded": lambda asked: _good(asked, content=f"We begin: {_coded(asked)}"),
    "no JSON": lambda asked: Reply(200, _echo(asked).encode()),
}


def now_and_then(plan: Plan) -> Plan:
    """Well at first and mostly, so that a run has begun and its failed units are listed."""
    return lambda asked: plan(asked) if asked.number % 4 == 3 else None


def servers() -> Iterator[Leaky]:
    """All of them, each leaking always and now and then."""
    for name, plan in PLANS.items():
        yield Leaky(name, plan)
        yield Leaky(f"{name}, now and then", now_and_then(plan))


QUICK = ("retries=0", "timeout=600", "patience=0.3", "first_patience=0.3")


def settings(url: str, problems: Path) -> list[str]:
    """The arguments that turn recipes/math_server.yaml to a server and a file of problems."""
    given = [f"servers.openai.{one}" for one in (f"url={url}", *QUICK)]
    given += ["model=openai/m", f"problems.file={problems}", "problems.split=null", "critic.retries=0"]
    return [part for one in given for part in ("--set", one)]
