"""Follow trust: make fresh lists when they are due, verify them like anybody else, swap the view, announce.

The view that scans are judged by is only ever replaced as a whole.
"""

import hashlib
from collections.abc import Callable
from typing import Literal

import structlog

from gateway.application.ports import Link, Store
from gateway.domain.ids import OperatorId
from gateway.domain.presence import Standing
from gateway.wire.signed import HEAD, HeadClaims, encode
from gateway.wire.topics import TRUST_HEAD, status_head_topic
from keys import base64url, status_list
from keys.faults import Expired, KeyFault
from keys.ring import Rings
from keys.status_list import Status
from keys.trust_view import TrustView

log = structlog.get_logger("passerelle.trust")

STATUS_LIFE_S = 24 * 3600
STATUS_TTL_S = 300
STATUS_OF = {Standing.SUSPENDED: Status.SUSPENDED, Standing.REVOKED: Status.INVALID}


class TrustDesk:
    """Holds the current view, and the lists as they are served over HTTP."""

    def __init__(self, store: Store, rings: Rings, now_us: Callable[[], int], url: str) -> None:
        """`url` is where the lists will be fetched, as far as that is known before the gateway listens."""
        self._store = store
        self._rings = rings
        self._now_us = now_us
        self._url = url
        self._statuses: dict[OperatorId, str] = {}
        self._said: dict[OperatorId, dict[int, Standing]] = {}
        self.view = TrustView.pinned(rings.roots)
        """What every scan is judged by."""
        self.trust_list = rings.latest_trust_list() or ""
        """The trust list's token."""

    def status_list(self, operator: OperatorId) -> str | None:
        """The operator's status list token, None when it is not hosted here."""
        return self._statuses.get(operator)

    def listen_at(self, url: str) -> None:
        """Tell where the lists are fetched; the trust list then gives that address."""
        self._url = url
        self._tell_addresses()

    def _tell_addresses(self) -> None:
        for operator in self._rings.book.operators:
            self._rings.set_status_uri(operator, self.status_uri(OperatorId(operator)))

    def status_uri(self, operator: OperatorId) -> str:
        """Where an operator's status list is fetched."""
        return f"{self._url}/v1/status/{operator}"

    def adopt(self) -> None:
        """Take in the last published trust list and nothing more, as a command beside the gateway does."""
        if not self.trust_list:
            return
        try:
            self.view = self.view.with_trust_list(self.trust_list, self._now_us() // 1_000_000)
        except Expired:
            # nobody published for a day: version and epoch still count, its keys no longer
            self.view = self.view.with_archived_list(self.trust_list)

    async def refresh(self) -> None:
        """Publish what is due: the trust list after a change or at half-life, a status list after a change."""
        now_s = self._now_us() // 1_000_000
        if self._rings.reload_if_changed():
            # a command beside us knows less well where we listen
            self._tell_addresses()
        self.trust_list = self._due_trust_list(now_s)
        view = self.view.with_trust_list(self.trust_list, now_s)
        for name in self._rings.book.operators:
            operator = OperatorId(name)
            try:
                view = view.with_status_list(await self._status_list(view, operator, now_s), now_s)
            except KeyFault as fault:
                # one operator without a key to sign with must not keep the others' revocations back
                log.error("status_list_unsigned", operator=operator, code=fault.code, error=str(fault))  # noqa: TRY400 - the fault says all
        self.view = view

    def _due_trust_list(self, now_s: int) -> str:
        """A fresh list when one is due and the root can sign; else the last one, as long as it holds."""
        held = self._rings.latest_trust_list() or self.trust_list
        if not self._rings.due(now_s):
            return held
        try:
            return self._rings.publish(now_s)
        except KeyFault as fault:
            if not held:
                raise
            # the root may be away: revocations by status lists must go out all the same
            log.warning("trust_list_unsigned", code=fault.code, error=str(fault))
            return held

    async def _status_list(self, view: TrustView, operator: OperatorId, now_s: int) -> str:
        """The operator's list as it stands, or a fresh one when something changed or it grew old."""
        standings = await self._store.statuses(operator, now_s * 1_000_000)
        held = view.status_list(operator)
        if held and now_s < held.issued_s + STATUS_LIFE_S // 2 and standings == self._said.get(operator):
            return self._statuses[operator]
        claims = status_list.build(
            {index: STATUS_OF[standing] for index, standing in standings.items()},
            issuer=operator,
            uri=self.status_uri(operator),
            # seconds keep growing over restarts, where a count in memory would start again
            version=max(now_s, held.version + 1 if held else 0),
            epoch=view.epoch,
            iat_s=now_s,
            exp_s=now_s + STATUS_LIFE_S,
            ttl_s=STATUS_TTL_S,
        )
        self._statuses[operator] = self._rings.jws(operator, "status", status_list.TYP, claims)
        self._said[operator] = standings
        return self._statuses[operator]

    def announce(self, link: Link) -> None:
        """Publish the signed heads of the trust list and of every status list, retained."""
        now_s = self._now_us() // 1_000_000
        trust_announced = False
        for operator in map(OperatorId, self._rings.book.operators):
            try:
                if not trust_announced:
                    # any listed gateway key announces the trust list: the root alone signs the list itself
                    uri = f"{self._url}/v1/trust"
                    trust = self._head(operator, "trust", self.trust_list, uri, self.view.version, now_s)
                    link.publish(TRUST_HEAD, trust, qos=1, retain=True)
                    trust_announced = True
                self._announce_status(link, operator, now_s)
            except KeyFault as fault:
                log.error("head_unsigned", operator=operator, code=fault.code, error=str(fault))  # noqa: TRY400 - the fault says all

    def _announce_status(self, link: Link, operator: OperatorId, now_s: int) -> None:
        held = self.view.status_list(operator)
        if held is not None:
            token = self._statuses[operator]
            status = self._head(operator, "status", token, self.status_uri(operator), held.version, now_s)
            link.publish(status_head_topic(operator), status, qos=1, retain=True)

    def _head(
        self, operator: OperatorId, sub: Literal["trust", "status"], token: str, uri: str, version: int, now_s: int
    ) -> bytes:
        digest = base64url.encode(hashlib.sha256(token.encode()).digest())
        claims = HeadClaims(operator, sub, now_s, version, self.view.epoch, digest, uri)
        return self._rings.jws(operator, "gateway", HEAD, encode(claims)).encode()
