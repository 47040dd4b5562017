"""Use cases of people and their passes."""

from collections.abc import Sequence

from gateway.application import configure
from gateway.application.configure.people import MemberWanted
from gateway.application.errors import UnknownError
from gateway.application.issue_pass import Issued, PassOrder, issue_passes
from gateway.application.ports import ITSELF
from gateway.application.rehearse import rehearse
from gateway.compose.wired import Wired
from gateway.domain.decision import Verdict
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId
from gateway.domain.passes import Credential
from gateway.domain.people import Member
from gateway.domain.presence import Standing


class PeopleUses(Wired):
    """Members, visitors, and what they carry."""

    async def add_member(self, operator: OperatorId, external_id: str, plan: PlanId, by: str = ITSELF) -> Member:
        """Put a member on the operator's books."""
        return await configure.add_member(self.store, operator, external_id, plan, self._entropy, by)

    async def put_member(self, wanted: MemberWanted, by: str = ITSELF) -> None:
        """Put a member on the operator's books, or replace plan, standing and alias."""
        await configure.put_member(self.store, wanted, self._entropy, by)

    async def member(self, operator: OperatorId, external_id: str) -> Member:
        """A member by the operator's own number; UnknownError."""
        found = await self.store.member(operator, external_id)
        if found is None:
            raise UnknownError(f"operator {operator} has no member {external_id}")
        return found

    async def set_member_standing(
        self, operator: OperatorId, external_id: str, standing: Standing, by: str = ITSELF
    ) -> None:
        """Suspend, revoke or restore a member with all their passes."""
        await configure.set_member_standing(self.store, operator, external_id, standing, by)

    async def add_visitor(self, host: OperatorId, by: str = ITSELF) -> HolderId:
        """Make a holder for a visitor."""
        return await configure.add_visitor(self.store, host, self._entropy, by)

    async def issue_passes(self, orders: Sequence[PassOrder], by: str = ITSELF) -> list[Issued]:
        """Sign and keep passes of one issuer, all or none."""
        return await issue_passes(
            self.store, self.rings, orders, self.rings.federation, self._now_s(), self._entropy, by
        )

    async def issue_pass(self, order: PassOrder, by: str = ITSELF) -> Issued:
        """Sign and keep one pass."""
        return (await self.issue_passes([order], by))[0]

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str, reason: str = "") -> None:
        """Suspend, revoke or restore a pass; what is revoked stays so. UnknownError, ConflictError."""
        await configure.set_pass_standing(self.store, ref, standing, reason, by)

    async def rehearse(self, door: DoorRef, text: str, credential: Credential, now_us: int) -> Verdict:
        """What the door would be told right now; nothing is kept."""
        return await rehearse(self.store, door, text, credential, now_us)
