"""Issue a pass: draw its identity and status index, sign it, keep it, hand it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.application.errors import InvalidError, UnknownError
from gateway.application.ports import ITSELF, Signer, Store
from gateway.domain.directory import Directory
from gateway.domain.ids import HolderId, OperatorId, PassRef, PlanId
from gateway.domain.passes import PassClaims, PassKind, Service
from gateway.domain.people import IssuedPass
from keys import cwt, framing, token
from keys.faults import KeyFault
from keys.pass_fields import PassFields

STATUS_LIST_SIZE = 2**20
"""Indices of one operator's status list, drawn at random and never used twice within a pass's life."""
CTI_BYTES = 8
DAY_S = 24 * 3600
MAX_AHEAD_S = 400 * DAY_S
"""How far from now a pass may end, whatever its life."""


@dataclass(frozen=True, slots=True)
class PassOrder:
    """What an operator asks to have signed. Times are UTC seconds; the pass counts up to, not including, its last."""

    issuer: OperatorId
    holder: HolderId
    kind: PassKind
    services: Service
    not_before_s: int
    expires_s: int
    audience: tuple[str, ...] = ()
    """Empty: any member venue; else one or two venue slugs."""
    plan: PlanId | None = None
    """None for a visitor, whose pass alone says what it opens."""
    holder_key: bytes | None = None
    """The holder's compressed P-256 point, 33 bytes; None makes a static pass."""
    uses: int | None = None
    form: Literal["cwt", "jwt"] = "cwt"


@dataclass(frozen=True, slots=True)
class Issued:
    """A pass as it is handed out, once."""

    ref: PassRef
    expires_s: int
    text: str
    """What a QR shows of a static pass (`PW1:…`) or the token; a bound pass adds its proof to `pass_bytes`."""
    pass_bytes: bytes
    """The COSE_Sign1 that a holder proof covers; empty for a token."""


async def issue_passes(
    store: Store,
    signer: Signer,
    orders: Sequence[PassOrder],
    federation: str,
    now_s: int,
    entropy: Callable[[int], bytes],
    by: str = ITSELF,
) -> list[Issued]:
    """Sign and keep passes of one issuer, all or none; they are handed out once they are durable.

    UnknownError: issuer, plan or venue. InvalidError: what the pass profile refuses.
    """
    issued: list[Issued] = []
    kept: list[IssuedPass] = []
    async with store.writing() as ledger:
        directory = await store.directory()
        indices = await ledger.free_status_indices(orders[0].issuer, len(orders), STATUS_LIST_SIZE)
        for order, index in zip(orders, indices, strict=True):
            _check(order, directory, now_s)
            if await ledger.home_of(order.holder) != order.issuer:
                # a pass bills its holder's home: nobody signs for another operator's people
                raise UnknownError(f"operator {order.issuer} has no holder {order.holder}")
            fields = _fields(order, federation, index, entropy(CTI_BYTES).hex())
            text, pass_bytes = _sign(signer, order, fields, now_s)
            ref = PassRef(order.issuer, fields.id)
            kept.append(IssuedPass(_claims(ref, fields), order.holder, order.form, order.plan, uses_left=order.uses))
            issued.append(Issued(ref, fields.expires_s, text, pass_bytes))
        await ledger.add_passes(kept, by)
    return issued


def _fields(order: PassOrder, federation: str, index: int, pass_id: str) -> PassFields:
    return PassFields(
        id=pass_id,
        kind=order.kind,
        services=order.services,
        not_before_s=order.not_before_s,
        expires_s=order.expires_s,
        audience=order.audience or (federation,),
        status_index=index,
        holder_key=order.holder_key,
    )


def _check(order: PassOrder, directory: Directory, now_s: int) -> None:
    if order.expires_s > now_s + MAX_AHEAD_S:
        # its key must stay listed until then, and nobody could take the pass key out of use
        raise InvalidError(
            f"the pass would end {(order.expires_s - now_s) // DAY_S} days from now, at most {MAX_AHEAD_S // DAY_S} "
            "are allowed; let it begin earlier or last shorter"
        )
    if order.issuer not in directory.operators:
        raise UnknownError(f"operator {order.issuer} is unknown")
    if order.plan is not None and (order.issuer, order.plan) not in directory.plans:
        raise UnknownError(f"operator {order.issuer} has no plan {order.plan}")
    for venue in order.audience:
        if venue not in directory.venues:
            raise UnknownError(f"venue {venue} is unknown")
    if order.kind is not PassKind.VISITOR and order.plan is None:
        raise InvalidError(f"a {order.kind.name.lower()} pass needs a plan")


def _sign(signer: Signer, order: PassOrder, fields: PassFields, now_s: int) -> tuple[str, bytes]:
    try:
        if order.form == "jwt":
            payload = token.encode_token(fields, order.issuer, now_s)
            return signer.jws(order.issuer, "pass", token.TYP, payload), b""
        signed = signer.cwt(order.issuer, cwt.encode_pass(fields))
    except KeyFault as fault:
        raise InvalidError(f"the pass is refused: {fault}") from None
    return framing.static_text(signed), signed


def _claims(ref: PassRef, fields: PassFields) -> PassClaims:
    return PassClaims(
        ref=ref,
        kind=PassKind(fields.kind),
        services=Service(fields.services),
        not_before_s=fields.not_before_s,
        expires_s=fields.expires_s,
        audience=fields.audience,
        status_index=fields.status_index,
        holder_key=fields.holder_key,
    )
