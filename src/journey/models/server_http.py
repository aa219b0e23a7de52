"""The connection to a model server: one POST or GET, its body within a limit, every way to fail told apart."""

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from journey import __version__
from journey.models.server_key import key_forms, without_key
from journey.models.server_retry import Failed, requested_wait
from journey.models.server_settings import ServerSettings

KEPT = 4.0  # seconds: uvicorn, which most servers run on, drops an idle connection after five
LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, the seconds it asks to wait, where it redirects to, the body."""

    status: int
    wait: float | None
    location: str | None
    body: bytes


class Http:
    """Connections to one server, opened in the event loop that first asks, kept and shared by its requests.

    Redirects are not followed, so the key goes to no other host; cookies are not kept, netrc is not read. A proxy that
    the environment names is used, except for a server on this machine. What the server repeats of the key is taken out
    of its replies.
    """

    def __init__(self, url: str, key: str | None, settings: ServerSettings) -> None:
        self._url = url
        self._key = key
        self._key_forms = key_forms(key)
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: bytes, most: int) -> Reply:
        """The reply to a JSON body. Raises Failed; a body of more than `most` bytes is one way to fail."""
        return await self._send("POST", path, body, most)

    async def get(self, path: str, most: int) -> Reply:
        """The reply to a GET. Raises Failed."""
        return await self._send("GET", path, None, most)

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _send(self, method: str, path: str, body: bytes | None, most: int) -> Reply:
        session = self._session or self._open()
        try:
            async with session.request(method, self._url + path, data=body, allow_redirects=False) as response:
                headers = response.headers
                names = ("Retry-After", "retry-after-ms", "Date")
                wait = requested_wait(*(headers.get(name) for name in names)) if response.status >= 400 else None
                location = headers.get("Location") if 300 <= response.status < 400 else None
                if location is not None:
                    location = without_key(location.encode("utf-8", "replace"), self._key_forms).decode()
                body = without_key(await self._body(response, most), self._key_forms)
                return Reply(response.status, wait, location, body)
        except aiohttp.ClientConnectorCertificateError as error:
            raise Failed("away", f"its certificate is not trusted ({_words(error.certificate_error)})") from None
        except aiohttp.ClientConnectorDNSError:
            raise Failed("away", "no such host is known") from None
        except aiohttp.ClientConnectorError as error:
            raise Failed("away", f"no connection ({_words(error.os_error)})") from None
        except aiohttp.ConnectionTimeoutError:
            raise Failed("away", f"no connection within {self._settings.connect_timeout:g} s") from None
        except TimeoutError:
            raise Failed("broken", f"no answer within {self._settings.timeout:g} s", slow=True) from None
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            raise Failed("broken", "the connection was dropped", server=True) from None
        except aiohttp.ClientPayloadError:
            raise Failed("broken", "the answer was cut off") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Failed("broken", f"no HTTP answer ({type(error).__name__})", strange=True) from None

    async def _body(self, response: aiohttp.ClientResponse, most: int) -> bytes:
        stream, length = response.content, response.content_length
        if length is not None and length > most:
            response.close()
            raise Failed("broken", f"an answer of {length} bytes")
        pieces: list[bytes] = []
        size = 0
        while not stream.at_eof():
            try:
                # What has come is taken at once; only a wait for more is timed.
                piece = stream.read_nowait() or await asyncio.wait_for(stream.readany(), self._settings.stall)
            except TimeoutError:
                response.close()
                raise Failed("broken", f"the answer stood still for {self._settings.stall:g} s") from None
            size += len(piece)
            if size > most:
                response.close()
                raise Failed("broken", f"an answer of more than {most} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    def _open(self) -> aiohttp.ClientSession:
        settings = self._settings
        parts = urlsplit(self._url)
        host = parts.hostname or ""
        proxy = None if host in LOCAL or proxy_bypass(host) else getproxies().get(parts.scheme)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"journey-learning/{__version__}",
        }
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            # The gate counts the requests, so the connections need no limit of their own.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT),
            headers=headers,
            proxy=proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=settings.timeout, sock_connect=settings.connect_timeout),
        )
        return self._session


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
