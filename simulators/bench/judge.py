"""Judges what came back as a door would: signature, scan, boot, bytes read."""

from collections.abc import Iterable
from dataclasses import dataclass

from devices.beliefs import Awaited, Decided, Post, believe_decision
from gateway.domain.directory import Direction
from gateway.domain.ids import OperatorId
from gateway.wire.scan import Scan
from keys.trust_view import TrustView
from simulators.bench.doors_at_work import Reply


@dataclass(frozen=True, slots=True)
class Believed:
    """A reply that its door believes, and the hash by which its event names it."""

    reply: Reply
    outcome: str
    reason: str
    sha256: bytes


def believe(replies: Iterable[Reply], view: TrustView, host: OperatorId) -> list[Believed]:
    """Those replies that are the gateway's word on the scan they answer."""
    found: list[Believed] = []
    for reply in replies:
        sent = reply.sent
        scan = Scan(1, sent.scan, sent.boot, sent.at_ms, sent.at_ms, sent.read)
        post = Post(reply.account.door, host, Direction.IN)
        verdict = believe_decision(reply.payload, post, Awaited(scan, reply.seconds, sent.at_ms), view)
        if isinstance(verdict, Decided):
            found.append(Believed(reply, verdict.claims.outcome, verdict.claims.reason, verdict.sha256))
    return found
