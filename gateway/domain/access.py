"""Who may do what over the API: scopes, the roles that bundle them, and the caller that a token speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gateway.domain.ids import OperatorId


class Scope(StrEnum):
    """One thing that a token may do. Venues and trust are for all, so that reading them needs a token alone."""

    OPERATORS_WRITE = "operators:write"
    VENUES_WRITE = "venues:write"
    DOORS_READ = "doors:read"
    DOORS_WRITE = "doors:write"
    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    PASSES_READ = "passes:read"
    PASSES_WRITE = "passes:write"
    VISITS_READ = "visits:read"
    CHARGES_READ = "charges:read"
    STATEMENTS_READ = "statements:read"
    STATEMENTS_WRITE = "statements:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    AUDIT_READ = "audit:read"


COOPERATIVE_ONLY = frozenset({Scope.OPERATORS_WRITE, Scope.STATEMENTS_WRITE, Scope.AUDIT_READ})
"""Scopes that concern every operator at once; an operator's own token never carries one."""


class Role(StrEnum):
    """A named set of scopes, chosen when a token is made."""

    ADMIN = "admin"
    DESK = "desk"
    BILLING = "billing"
    INSTALLER = "installer"
    READER = "reader"


_READS = frozenset(scope for scope in Scope if scope.endswith(":read")) - {Scope.AUDIT_READ, Scope.TOKENS_READ}

ROLES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.ADMIN: frozenset(Scope) - COOPERATIVE_ONLY,
        Role.DESK: frozenset(
            {
                Scope.DOORS_READ,
                Scope.PLANS_READ,
                Scope.MEMBERS_READ,
                Scope.PASSES_READ,
                Scope.PASSES_WRITE,
                Scope.VISITS_READ,
            }
        ),
        Role.BILLING: frozenset({Scope.PLANS_READ, Scope.VISITS_READ, Scope.CHARGES_READ, Scope.STATEMENTS_READ}),
        Role.INSTALLER: frozenset({Scope.DOORS_READ, Scope.DOORS_WRITE}),
        Role.READER: _READS,
    }
)
"""What each role may do for one operator."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of the API, without its secret. Times are UTC microseconds."""

    id: str
    operator: OperatorId | None
    """None: the cooperative's."""
    name: str
    """What it is for, in its maker's words."""
    scopes: frozenset[Scope]
    created_us: int
    expires_us: int | None = None
    """It counts up to, not including, this instant."""
    revoked_us: int | None = None

    def counts(self, now_us: int) -> bool:
        """Whether it may be used now."""
        return self.revoked_us is None and (self.expires_us is None or now_us < self.expires_us)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request speaks for; `operator` is None for the cooperative, which may act for any operator."""

    token_id: str
    operator: OperatorId | None
    scopes: frozenset[Scope]
    expires_us: int | None = None
    """Up to when its token counts; None: until it is revoked."""

    def may(self, scope: Scope) -> bool:
        """Whether the token carries the scope."""
        return scope in self.scopes

    def acts_for(self, operator: OperatorId) -> bool:
        """Whether the caller is that operator, or the cooperative."""
        return self.operator is None or self.operator == operator

    @property
    def by(self) -> str:
        """Who acts, for the audit chain."""
        return f"token:{self.token_id}"
