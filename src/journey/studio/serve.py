"""Starts Streamlit for the studio: on 127.0.0.1 only, saying nothing to anybody, in our colours."""

import asyncio
import json
import os
import re
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from journey.errors import UsageError
from journey.studio.guard import HOSTS, Guard
from journey.studio.records import ENVIRONMENT, LOG_ENVIRONMENT
from journey.studio.routes import routes

ADDRESS = "127.0.0.1"
FIRST_PORT, PORTS = 8501, 50

LIGHT = {
    "primaryColor": "#2456c9", "backgroundColor": "#fcfcfb", "secondaryBackgroundColor": "#f3f4f5",
    "textColor": "#1d2126", "borderColor": "#e4e6e9", "linkColor": "#2456c9",
}  # fmt: skip
DARK = {
    "primaryColor": "#85a9ff", "backgroundColor": "#14171b", "secondaryBackgroundColor": "#1d2227",
    "textColor": "#e3e6ea", "borderColor": "#2c3138", "linkColor": "#85a9ff",
}  # fmt: skip


def serve(runs: Sequence[Path], port: int, ready: Callable[[], None], log: Path | None = None) -> None:
    """Serves the studio of these runs until it is interrupted; `port` must be free (see `free_port`).

    `ready` is called once, when the studio answers. `log` is that of the page Map, null: one that is found.
    """
    os.environ[ENVIRONMENT] = json.dumps([str(run.resolve()) for run in runs])
    if log is not None:
        os.environ[LOG_ENVIRONMENT] = str(log.resolve())

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncGenerator[None]:
        waiting = asyncio.create_task(_when_it_answers(port, ready))
        yield
        waiting.cancel()

    guard = Middleware(Guard, scripts=_inline_scripts())
    app = st.App(Path(__file__).with_name("app.py"), routes=routes(), middleware=[guard], lifespan=lifespan)
    app.run(config=settings(port))


async def _when_it_answers(port: int, ready: Callable[[], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(ADDRESS, port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        ready()
        return


def _inline_scripts() -> list[str]:
    """The scripts that stand in Streamlit's own page."""
    page = Path(st.__file__).parent / "static" / "index.html"
    return re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL) if page.exists() else []


def settings(port: int) -> dict[str, Any]:
    """Streamlit's settings; they beat its files and environment variables."""
    theme = {f"theme.light.{name}": value for name, value in LIGHT.items()}
    theme |= {f"theme.dark.{name}": value for name, value in DARK.items()}
    return theme | {
        "theme.baseRadius": "6px",
        "theme.baseFontSize": 15,
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": True,
        "server.allowedHosts": [host.strip("[]") for host in HOSTS],
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableStaticServing": False,
        "server.showEmailPrompt": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showSidebarNavigation": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.level": "error",
        "logger.hideWelcomeMessage": True,
    }


def free_port(wanted: int | None) -> int:
    """A port that nobody listens on: the one asked for (0: any), else the first free one from 8501.

    Raises UsageError where the one asked for is taken.
    """
    if wanted is not None:
        found = _bindable(wanted)
        if found is None:
            raise UsageError(f"Port {wanted} is taken or not allowed: give another --port, or none.")
        return found
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        if _bindable(port) is not None:
            return port
    raise UsageError(f"Ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken: give another one with --port.")


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is no port taken
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return None
        return int(probe.getsockname()[1])
