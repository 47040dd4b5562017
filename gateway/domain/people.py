"""People on an operator's books and the passes issued to them; who each is stands in the home's own books."""

from dataclasses import dataclass

from gateway.domain.ids import HolderId, OperatorId, PlanId
from gateway.domain.passes import PassClaims
from gateway.domain.presence import Standing


@dataclass(frozen=True, slots=True)
class Member:
    """A person on an operator's books, known here by the operator's own number for them."""

    operator: OperatorId
    external_id: str
    holder: HolderId
    plan: PlanId
    standing: Standing = Standing.VALID


@dataclass(frozen=True, slots=True)
class IssuedPass:
    """A pass as its issuer keeps it: claims, holder, and how many entries it has left."""

    claims: PassClaims
    holder: HolderId
    form: str
    """``cwt`` or ``jwt``."""
    plan: PlanId | None
    standing: Standing = Standing.VALID
    uses_left: int | None = None
