"""Who may ask what: the bearer token of a request, a route's declared access, and the line between operators.

Three functions keep operators apart; every handler of a route that `Needs` a scope uses one of them:

- `named`: the path or the body names an operator. Another one's: 403.
- `found`: an object was looked up by an id of its own. Another operator's: 404, as if it were not there.
- `whose`: a list. An operator sees its own; the cooperative everybody's, or the one that it names.
"""

from gateway.application.errors import ForbiddenError, InvalidError, UnauthorizedError, UnknownError
from gateway.domain.access import Caller
from gateway.domain.ids import OperatorId
from gateway.entrypoints.api.route import Access, AnyToken, Needs, Public

MAX_TOKEN = 256
"""Characters of a bearer token that is looked at at all."""


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header (RFC 6750, 2.1); UnauthorizedError."""
    scheme, _, given = (authorization or "").strip().partition(" ")
    token = given.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii() or len(token) > MAX_TOKEN:
        raise UnauthorizedError("a bearer token is needed: Authorization: Bearer pwt_…")
    return token


def admit(access: Access, caller: Caller | None) -> None:
    """ForbiddenError unless the route is open to the caller; UnauthorizedError when it wants one and there is none."""
    match access:
        case Public():
            return
        case AnyToken():
            _known(caller)
        case Needs(scope):
            if not _known(caller).may(scope):
                raise ForbiddenError(f"this token lacks the scope {scope}")


def _known(caller: Caller | None) -> Caller:
    if caller is None:
        raise UnauthorizedError("a bearer token is needed: Authorization: Bearer pwt_…")
    return caller


def named(caller: Caller, operator: str) -> OperatorId:
    """The operator that the path or the body names; ForbiddenError when the caller does not act for it."""
    wanted = OperatorId(operator)
    if not caller.acts_for(wanted):
        raise ForbiddenError(f"this token acts for {caller.operator} alone")
    return wanted


def own(caller: Caller, operator: str | None) -> OperatorId:
    """The operator that a body may name: the caller's own when it names none. The cooperative must name one."""
    if operator is not None:
        return named(caller, operator)
    if caller.operator is None:
        raise InvalidError("operator: the cooperative's token acts for every operator; name one")
    return caller.operator


def found(caller: Caller, *parties: str, what: str) -> None:
    """UnknownError unless the caller acts for one of the operators that may know of the object."""
    if caller.operator is not None and caller.operator not in parties:
        raise UnknownError(f"there is no {what}")


def whose(caller: Caller, operator: str | None = None) -> OperatorId | None:
    """Whose objects a list shows; None: everybody's, which only the cooperative sees."""
    return caller.operator if operator is None else named(caller, operator)
