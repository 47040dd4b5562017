"""Use cases of people and their passes."""

from collections.abc import Sequence

from gateway.application import configure
from gateway.application.errors import UnknownError
from gateway.application.issue_pass import Issued, PassOrder, issue_passes
from gateway.application.ports import Member
from gateway.application.rehearse import rehearse
from gateway.compose.wired import Wired
from gateway.domain.decision import Verdict
from gateway.domain.ids import DoorRef, HolderId, OperatorId, PassRef, PlanId
from gateway.domain.passes import Credential
from gateway.domain.presence import Standing


class PeopleUses(Wired):
    """Members, visitors, and what they carry."""

    async def add_member(self, operator: OperatorId, external_id: str, plan: PlanId) -> Member:
        """Put a member on the operator's books."""
        return await configure.add_member(self.store, operator, external_id, plan, self._entropy)

    async def member(self, operator: OperatorId, external_id: str) -> Member:
        """A member by the operator's own number; UnknownError."""
        found = await self.store.member(operator, external_id)
        if found is None:
            raise UnknownError(f"operator {operator} has no member {external_id}")
        return found

    async def set_member_standing(self, operator: OperatorId, external_id: str, standing: Standing) -> None:
        """Suspend, revoke or restore a member with all their passes."""
        await configure.set_member_standing(self.store, operator, external_id, standing)

    async def add_visitor(self, host: OperatorId) -> HolderId:
        """Make a holder for a visitor."""
        return await configure.add_visitor(self.store, host, self._entropy)

    async def issue_passes(self, orders: Sequence[PassOrder]) -> list[Issued]:
        """Sign and keep passes of one issuer, all or none."""
        return await issue_passes(
            self.store, self.rings, orders, self.settings.federation, self._now_s(), self._entropy
        )

    async def issue_pass(self, order: PassOrder) -> Issued:
        """Sign and keep one pass."""
        return (await self.issue_passes([order]))[0]

    async def set_pass_standing(self, ref: PassRef, standing: Standing, by: str) -> bool:
        """Revoke, suspend or restore a pass; False when the books hold no such pass."""
        async with self.store.writing() as ledger:
            return await ledger.set_pass_standing(ref, standing, by)

    async def rehearse(self, door: DoorRef, text: str, credential: Credential, now_us: int) -> Verdict:
        """What the door would be told right now; nothing is kept."""
        return await rehearse(self.store, door, text, credential, now_us)
