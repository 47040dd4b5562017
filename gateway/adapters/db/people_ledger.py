"""The ledger's part for people: holders, members, passes, standings, bans. Audit lines name none of them."""

import json
from collections.abc import Sequence

from sqlalchemy import bindparam, select

from gateway.adapters.db.books import Books
from gateway.adapters.db.codec import to_json
from gateway.adapters.db.prepared import CHANGED, Prepared, Saving, by_key, inserting, updating
from gateway.adapters.db.schema import bans, holders, members, passes
from gateway.application.errors import ConflictError, UnknownError
from gateway.application.ports import ITSELF
from gateway.domain.ids import HolderId, OperatorId, PassRef
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Standing
from gateway.domain.visits import MICROSECONDS

_ADD_HOLDER = inserting(holders)
_SET_ALIAS = updating(holders, "alias", *CHANGED)
_HOME_OF = Prepared(select(holders.c.home).where(holders.c.id == bindparam("id")))
_MEMBER = Saving(members)
_STANDING = Prepared(select(members.c.standing).where(members.c.holder == bindparam("holder")))
_ADD_PASS = inserting(passes)
_SET_STANDING = updating(passes, "standing", *CHANGED)
_GIVE_BACK = Prepared(
    passes.update()
    .where(
        passes.c.issuer == bindparam("pk_issuer"), passes.c.id == bindparam("pk_id"), passes.c.uses_left.is_not(None)
    )
    .values(uses_left=passes.c.uses_left + 1, **{name: bindparam(name) for name in CHANGED})
)
_BAN = Saving(bans)
_LIFT = Prepared(bans.delete().where(by_key(bans)))
_INDEX_USED = Prepared(
    select(passes.c.id).where(
        passes.c.issuer == bindparam("issuer"),
        passes.c.status_index == bindparam("status_index"),
        passes.c.expires_s > bindparam("now_s"),
    )
)
_INDICES_USED = Prepared(
    select(passes.c.status_index).where(passes.c.issuer == bindparam("issuer"), passes.c.expires_s > bindparam("now_s"))
)

_TRIES = 4
"""Random draws for one index before the free ones are counted out."""


class PeopleLedger(Books):
    """A holder is a random id here; who it is stands in the home operator's own books."""

    async def add_holder(self, holder: HolderId, home: OperatorId, alias: str, by: str = ITSELF) -> None:
        """Insert a holder; ConflictError when it exists, UnknownError for an unknown home."""
        self._run(_ADD_HOLDER, id=holder, home=home, alias=alias, **self._changed())
        self._line("holder_added", {"holder": holder, "home": home, "by": by})

    async def set_alias(self, holder: HolderId, alias: str, by: str = ITSELF) -> None:
        """Replace what a host may be shown of the holder; UnknownError when there is no such holder."""
        self._change(f"holder {holder}", _SET_ALIAS, pk_id=holder, alias=alias, **self._changed())
        self._line("alias_set", {"holder": holder, "by": by})

    async def home_of(self, holder: HolderId) -> OperatorId | None:
        """The holder's home operator, None for an unknown holder."""
        row = self._run(_HOME_OF, id=holder).fetchone()
        return None if row is None else OperatorId(row[0])

    async def put_member(self, member: Member, by: str = ITSELF) -> None:
        """Insert or replace a holder's membership; UnknownError for an unknown holder or plan.

        ConflictError when the number is another holder's.
        """
        row = {"holder": member.holder, "plan": member.plan, "standing": member.standing.value}
        before = self._run(_STANDING, holder=member.holder).fetchone()
        self._save(_MEMBER, operator=member.operator, external_id=member.external_id, **row, **self._changed())
        was = before and before[0]
        self._line("member_put", {"operator": member.operator, **row, "was": was, "by": by})

    async def free_status_indices(self, issuer: OperatorId, count: int, size: int) -> list[int]:
        """Draw `count` random indices below `size` of the issuer's status list that no pass holds which still counts.

        Random, so that an index tells nothing of its neighbours. ConflictError when too few are free.
        """
        drawn: dict[int, None] = {}
        for _ in range(_TRIES * count):
            if len(drawn) == count:
                return list(drawn)
            index = self._random(size)
            if index not in drawn and self._is_free(issuer, index):
                drawn[index] = None
        return self._among_free(issuer, count, size)

    def _among_free(self, issuer: OperatorId, count: int, size: int) -> list[int]:
        used = {index for (index,) in self._run(_INDICES_USED, issuer=issuer, now_s=self._now_us() // MICROSECONDS)}
        free = [index for index in range(size) if index not in used]
        if len(free) < count:
            raise ConflictError(
                f"the status list of {issuer} has {len(free)} of {size} indices free, and {count} are asked for"
            )
        return [free.pop(self._random(len(free))) for _ in range(count)]

    def _is_free(self, issuer: OperatorId, index: int) -> bool:
        now_s = self._now_us() // MICROSECONDS
        return self._run(_INDEX_USED, issuer=issuer, status_index=index, now_s=now_s).fetchone() is None

    def _random(self, below: int) -> int:
        # 64 bits over at most 2^20: the bias is below one in 2^44
        return int.from_bytes(self._entropy(8), "big") % below

    async def add_passes(self, issued: Sequence[IssuedPass], by: str = ITSELF) -> None:
        """Insert passes; ConflictError for one that exists, UnknownError for an unknown holder or plan."""
        for each in issued:
            claims = each.claims
            home = await self.home_of(each.holder)
            if home is None:
                raise UnknownError(f"there is no holder {each.holder}")
            told = {
                "issuer": claims.ref.issuer,
                "holder": each.holder,
                "kind": int(claims.kind),
                "services": int(claims.services),
                "not_before_s": claims.not_before_s,
                "expires_s": claims.expires_s,
                "status_index": claims.status_index,
                "form": each.form,
                "plan": each.plan,
                "standing": each.standing.value,
                "uses_left": each.uses_left,
            }
            audience = to_json(claims.audience)
            key = {"id": claims.ref.id, "holder_key": claims.holder_key}
            self._run(_ADD_PASS, **told, **key, home=home, audience=audience, **self._changed())
            self._line("pass_issued", {"pass": claims.ref.id, **told, "audience": json.loads(audience), "by": by})

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str, reason: str = "") -> bool:
        """Set what the home says of a pass, and why; returns whether such a pass exists."""
        row = {"standing": standing.value, **self._changed()}
        done = self._run(_SET_STANDING, pk_issuer=ref.issuer, pk_id=ref.id, **row)
        if done.rowcount:
            self._line(
                "pass_standing",
                {"issuer": ref.issuer, "pass": ref.id, "standing": standing.value, "reason": reason, "by": by},
            )
        return done.rowcount > 0

    async def give_back_use(self, ref: PassRef) -> None:
        """Give an entry back to a pass that counts them."""
        if self._run(_GIVE_BACK, pk_issuer=ref.issuer, pk_id=ref.id, **self._changed()).rowcount:
            self._line("use_given_back", {"issuer": ref.issuer, "pass": ref.id})

    async def set_ban(self, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
        """Ban a holder from the host's venues, or lift the ban."""
        if banned:
            row = {"reason": reason, "set_by": by, "at_us": self._now_us()}
            self._save(_BAN, holder=holder, host=host, **row, **self._changed())
        else:
            self._run(_LIFT, pk_holder=holder, pk_host=host)
        self._line("ban_set", {"host": host, "holder": holder, "banned": banned, "reason": reason, "by": by})
