"""The door's trust list: fetched from its gateway, believed only if a pinned root signed it, kept on disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import TypeAdapter, ValidationError

from devices.faults import TrustFault
from keys import base64url
from keys.faults import Expired, KeyFault
from keys.files import write_atomic
from keys.trust_list import MAX_TOKEN
from keys.trust_view import TrustView

_TIMEOUT_S = 5.0
_NOT_MODIFIED = 304
_OK = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is on disk: the last good list, the roots it was judged by, and those it names for the next."""

    pinned: tuple[str, ...]
    judged_by: tuple[str, ...]
    next_roots: tuple[str, ...]
    token: str


_KEPT: TypeAdapter[_Kept] = TypeAdapter(_Kept)


class TrustKeeper:
    """Owns `trust.json` in the door's data directory. One thread at a time calls it."""

    def __init__(self, gateway: str, path: Path, roots: Sequence[bytes], now_ms: Callable[[], int]) -> None:
        self._url = f"{gateway.rstrip('/')}/v1/trust"
        self._path, self._now_ms = path, now_ms
        self._pinned = tuple(map(base64url.encode, roots))
        self._etag: str | None = None
        self._view = TrustView.pinned(roots)

    def load(self) -> TrustView:
        """The last good list from disk, or only the roots when there is none that still holds."""
        try:
            kept = _KEPT.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return self._view  # none yet, or damaged: the next fetch replaces it
        if kept.pinned != self._pinned:
            return self._view  # set up anew, for another federation perhaps
        try:
            held = TrustView.pinned([base64url.decode(root) for root in kept.judged_by])
            self._view = held.with_trust_list(kept.token, self._now_ms() // 1000)
        except Expired:
            self._view = TrustView.pinned([base64url.decode(root) for root in kept.next_roots])
        except KeyFault:
            return self._view
        return self._view

    def fetch(self) -> TrustView:
        """Ask the gateway; returns the view to believe from now on. TrustFault, its text a code, without one.

        An older version or epoch than held, another root, an expired list: refused, and the held one stays.
        """
        token, etag = self._get()
        if token is None:
            return self._view
        try:
            view = self._view.with_trust_list(token, self._now_ms() // 1000)
        except KeyFault as fault:
            raise TrustFault(fault.code) from fault
        if view is not self._view:
            write_atomic(self._path, _KEPT.dump_json(self._kept(view, token)))
        self._view, self._etag = view, etag
        return view

    def _kept(self, view: TrustView, token: str) -> _Kept:
        judged_by, next_roots = (tuple(map(base64url.encode, some.roots)) for some in (self._view, view))
        return _Kept(self._pinned, judged_by, next_roots, token)

    def _get(self) -> tuple[str | None, str | None]:
        """The list and its ETag; None when the held one is still the newest."""
        headers = {} if self._etag is None else {"If-None-Match": self._etag}
        try:
            # A door talks to its own gateway: no proxy from the environment, no redirect to elsewhere.
            with (
                httpx.Client(timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream("GET", self._url, headers=headers) as response,
            ):
                if response.status_code == _NOT_MODIFIED:
                    return None, self._etag
                if response.status_code != _OK:
                    raise TrustFault(f"http_{response.status_code}")
                return _bounded_text(response), response.headers.get("etag")
        except httpx.HTTPError as error:
            raise TrustFault("unreachable") from error


def _bounded_text(response: httpx.Response) -> str:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_TOKEN:
            raise TrustFault("too_large")
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TrustFault("bad_form") from None
