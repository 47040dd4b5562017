"""One try: a signed POST to an address that was checked, bounded in time and size; nothing it answers is kept.

No proxy, no cookie, no redirect, no second resolution: the connection goes to the very addresses that were judged.
"""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway.adapters.webhooks import signing
from gateway.adapters.webhooks.guard import Allowed, ForbiddenAddressError, Target, check_addresses, read_target
from gateway.adapters.webhooks.resolver import Resolve
from gateway.application.webhook_ports import Dispatch
from gateway.domain.webhooks import Failure, Tried

CONNECT_S = 5.0
WHOLE_S = 15.0
MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read, and thrown away, so that its sender can finish."""
LINGER_S = 2.0
"""How long for: the status has been heard by then."""
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_GONE = 410
_LATER = frozenset({429, 503})
_USER_AGENT = "Passerelle-Webhooks/1.0"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a receiver is waited for, in seconds: to connect, in all, and for the rest of its answer."""

    connect_s: float = CONNECT_S
    whole_s: float = WHOLE_S
    linger_s: float = LINGER_S


class WebhookClient:
    """Implements `webhook_ports.Post`."""

    def __init__(
        self,
        allowed: Allowed,
        resolve: Resolve,
        *,
        trust: ssl.SSLContext | None = None,
        patience: Patience = Patience(),
    ) -> None:
        """`trust`: whose certificates count; None: those the machine trusts."""
        self._allowed = allowed
        self._resolve = resolve
        self._trust = trust or ssl.create_default_context()
        self._patience = patience

    def check(self, url: str) -> str:
        """The URL in its one form; InvalidError when no webhook may have it."""
        return read_target(url, self._allowed).url

    async def send(self, dispatch: Dispatch) -> Tried:
        """Try once; whatever a receiver does comes out as a `Tried`, within `whole_s`."""
        heard: list[Tried] = []
        try:
            async with asyncio.timeout(self._patience.whole_s):
                await self._send(dispatch, heard)
        except TimeoutError:
            # a status that was heard stands, however long the rest of the answer takes
            heard.append(Tried(None, Failure.TIMEOUT))
        except ForbiddenAddressError:
            heard.append(Tried(None, Failure.FORBIDDEN_ADDRESS))
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
            heard.append(Tried(None, Failure.TLS))
        except aiohttp.ClientConnectorError:
            heard.append(Tried(None, Failure.UNREACHABLE))
        except (aiohttp.ClientError, OSError, ValueError):
            # what is no HTTP at all comes as a ValueError now and then
            heard.append(Tried(None, Failure.BROKEN))
        return heard[0]

    async def _send(self, dispatch: Dispatch, heard: list[Tried]) -> None:
        # again at each try: what was registered may have been allowed once
        target = read_target(dispatch.url, self._allowed)
        found = [str(target.literal)] if target.literal else await self._addresses(target.host)
        if found:
            check_addresses(target, found, self._allowed)
            await self._post(target, found, dispatch, heard)
        else:
            heard.append(Tried(None, Failure.UNRESOLVED))

    async def _addresses(self, host: str) -> list[str]:
        """What the host resolves to now; TimeoutError."""
        try:
            async with asyncio.timeout(self._patience.connect_s):
                return await self._resolve(host)
        except TimeoutError:
            raise
        except OSError:
            return []

    async def _post(self, target: Target, addresses: list[str], dispatch: Dispatch, heard: list[Tried]) -> None:
        url = URL(target.url, encoded=True)
        if (url.scheme, url.raw_host, url.port) != (target.scheme, target.host, target.port):
            # two readers of one URL: neither is to be trusted
            raise ForbiddenAddressError("a webhook's URL that can be read in two ways")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            **signing.headers(dispatch.event, dispatch.timestamp_s, dispatch.body, dispatch.secrets),
        }
        connector = aiohttp.TCPConnector(
            resolver=Pinned(target.host, addresses), ssl=self._trust, force_close=True, use_dns_cache=False, limit=1
        )
        timeout = aiohttp.ClientTimeout(total=None, connect=self._patience.connect_s)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
                trust_env=False,
                auto_decompress=False,
                headers=headers,
            ) as session,
            session.post(url, data=dispatch.body, allow_redirects=False) as answer,
        ):
            heard.append(judged(answer.status, answer.headers.get("Retry-After"), dispatch.timestamp_s))
            await self._hear_out(answer)

    async def _hear_out(self, answer: aiohttp.ClientResponse) -> None:
        """Read what the answer still says, up to a bound: the status stands, however the rest goes."""
        left = MAX_ANSWER
        with contextlib.suppress(aiohttp.ClientError, OSError, ValueError):
            async with asyncio.timeout(self._patience.linger_s):
                while left > 0 and (part := await answer.content.read(left)):
                    left -= len(part)
        answer.close()


class Pinned(AbstractResolver):
    """Says of one host what was found and judged, and nothing of any other."""

    def __init__(self, host: str, addresses: list[str]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses that were judged."""
        del family
        if host != self._host:
            raise OSError(None, f"{host} was not judged")
        return [
            {
                "hostname": host,
                "host": each,
                "port": port,
                "family": socket.AF_INET6 if ":" in each else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for each in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


def judged(status: int, retry_after: str | None, now_s: int) -> Tried:
    """What a status means."""
    if status in _OK:
        return Tried(status)
    if status in _REDIRECTS:
        return Tried(status, Failure.REDIRECT)
    if status == _GONE:
        return Tried(status, Failure.GONE)
    return Tried(status, Failure.STATUS, retry_after_s(retry_after, now_s) if status in _LATER else None)


def retry_after_s(text: str | None, now_s: int) -> int | None:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3): a number, or a date; None when it says neither."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return int(text[:10])
    try:
        return max(0, int(parsedate_to_datetime(text).timestamp()) - now_s)
    except (ValueError, TypeError, OverflowError):
        return None
