"""Configure the people on an operator's books: members, visitors, bans, and what the home says of a pass.

An operator's own number for a person never reaches the audit chain.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from gateway.application.configure.checks import Entropy, check_line, check_number, check_reason, known_operator
from gateway.application.errors import ConflictError, UnknownError
from gateway.application.on_file import MemberOnFile
from gateway.application.ports import ITSELF, Store
from gateway.domain.directory import Directory
from gateway.domain.ids import HolderId, OperatorId, PassRef, PlanId
from gateway.domain.people import Member
from gateway.domain.presence import Standing


async def add_member(
    store: Store, operator: OperatorId, external_id: str, plan: PlanId, entropy: Entropy, by: str = ITSELF
) -> Member:
    """Put a person on the operator's books under its own number for them; a holder is drawn at random."""
    check_number(external_id)
    async with store.writing() as ledger:
        _known_plan(await store.directory(), operator, plan)
        if await store.member(operator, external_id):
            raise ConflictError(f"member {external_id} of {operator} exists already")
        member = Member(operator, external_id, _new_holder(entropy), plan)
        await ledger.add_holder(member.holder, operator, "", by)
        await ledger.put_member(member, by)
    return member


@dataclass(frozen=True, slots=True)
class MemberWanted:
    """A member as an operator wants them on its books, under its own number for them."""

    operator: OperatorId
    external_id: str
    plan: PlanId
    standing: Standing = Standing.VALID
    alias: str = ""
    """What a host may be shown of them."""


async def put_member(store: Store, wanted: MemberWanted, entropy: Entropy, by: str = ITSELF) -> None:
    """Put a person on the operator's books with a new holder, or replace their plan, standing and alias.

    UnknownError: the plan. InvalidError: the number, the alias.
    """
    check_number(wanted.external_id)
    check_line("an alias", wanted.alias, empty=True)
    async with store.writing() as ledger:
        _known_plan(await store.directory(), wanted.operator, wanted.plan)
        known = await store.member_on_file(wanted.operator, wanted.external_id)
        if known is None:
            holder = _new_holder(entropy)
            await ledger.add_holder(holder, wanted.operator, wanted.alias, by)
        else:
            holder = known.value.member.holder
        member = Member(wanted.operator, wanted.external_id, holder, wanted.plan, wanted.standing)
        if known is not None and known.value == MemberOnFile(member, wanted.alias):
            return
        if known is not None and known.value.alias != wanted.alias:
            await ledger.set_alias(holder, wanted.alias, by)
        # last: the member's change number is that of the whole
        await ledger.put_member(member, by)


async def set_member_standing(
    store: Store, operator: OperatorId, external_id: str, standing: Standing, by: str = ITSELF
) -> None:
    """Suspend, revoke or restore a member with every pass they hold, at once."""
    async with store.writing() as ledger:
        member = await store.member(operator, external_id)
        if member is None:
            raise UnknownError(f"operator {operator} has no member {external_id}")
        if member.standing is not standing:
            await ledger.put_member(replace(member, standing=standing), by)


async def add_visitor(store: Store, host: OperatorId, entropy: Entropy, by: str = ITSELF) -> HolderId:
    """Make a holder for a visitor; the host is the issuer of a visitor's pass."""
    holder = _new_holder(entropy)
    async with store.writing() as ledger:
        known_operator(await store.directory(), host)
        await ledger.add_holder(holder, host, "", by)
    return holder


async def set_ban(store: Store, host: OperatorId, holder: HolderId, banned: bool, reason: str, by: str) -> None:
    """Ban a holder from the host's venues with a reason, or lift the ban. UnknownError: the host or the holder."""
    check_reason(reason, "a ban is set or lifted")
    async with store.writing() as ledger:
        known_operator(await store.directory(), host)
        if await ledger.home_of(holder) is None:
            raise UnknownError(f"holder {holder!r} is unknown")
        known = await store.ban_on_file(host, holder)
        if banned != (known is not None) or (known is not None and banned and known.value.reason != reason):
            await ledger.set_ban(host, holder, banned, reason, by)


async def set_pass_standing(store: Store, ref: PassRef, standing: Standing, reason: str, by: str) -> None:
    """Suspend, revoke or restore a pass. UnknownError; ConflictError for a pass that is revoked, which is for ever."""
    check_line("a reason", reason, empty=True)
    async with store.writing() as ledger:
        known = await store.issued(ref)
        if known is None:
            raise UnknownError(f"operator {ref.issuer} has issued no pass {ref.id}")
        if known.standing is standing:
            return
        if known.standing is Standing.REVOKED:
            raise ConflictError(f"pass {ref.id} is revoked, and stays so: issue another")
        await ledger.set_pass_standing(ref, standing, by, reason)


def _known_plan(directory: Directory, operator: OperatorId, plan: PlanId) -> None:
    if (operator, plan) not in directory.plans:
        raise UnknownError(f"operator {operator} has no plan {plan}")


def _new_holder(entropy: Entropy) -> HolderId:
    return HolderId(str(UUID(bytes=entropy(16), version=4)))
