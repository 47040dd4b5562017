"""What operators read of their people: members, holders, bans, passes, by their last change or one by one."""

import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import bindparam

from gateway.adapters.db.pages import Pages
from gateway.adapters.db.prepared import Prepared, by_key
from gateway.adapters.db.reading import Reading
from gateway.adapters.db.reads import PASS_COLUMNS, pass_of
from gateway.adapters.db.schema import bans, holders, members, passes
from gateway.application.on_file import BanOnFile, HolderOnFile, MemberOnFile, PassFilter
from gateway.application.reading import Changed, Page, Window
from gateway.domain.ids import HolderId, OperatorId, PassRef, PlanId
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Standing

Row = tuple[Any, ...]

MEMBERS = Pages(
    members,
    [*(members.c[name] for name in ("operator", "external_id", "holder", "plan", "standing")), holders.c.alias],
    members.join(holders, holders.c.id == members.c.holder),
    parties=("operator",),
)
HOLDERS = Pages(
    holders,
    [*(holders.c[name] for name in ("id", "home", "alias")), members.c.external_id],
    holders.outerjoin(members, members.c.holder == holders.c.id),
    parties=("home",),
)
BANS = Pages(
    bans,
    [*(bans.c[name] for name in ("host", "holder", "reason", "set_by", "at_us")), holders.c.home],
    bans.join(holders, holders.c.id == bans.c.holder),
    parties=("host",),
)
PASSES = Pages(
    passes,
    [passes.c[name] for name in ("issuer", "id", *PASS_COLUMNS)],
    parties=("issuer",),
    holder=passes.c.holder == bindparam("holder"),
    standing=passes.c.standing == bindparam("standing"),
)

_MEMBER = Prepared(
    MEMBERS.rows.where(members.c.operator == bindparam("operator"), members.c.external_id == bindparam("external_id"))
)
_HOLDER = Prepared(HOLDERS.rows.where(by_key(holders)))
_BAN = Prepared(BANS.rows.where(by_key(bans)))
_PASS = Prepared(PASSES.rows.where(by_key(passes)))


class PeoplePages(Reading):
    """Lists and objects of an operator's people."""

    async def members_page(self, window: Window, operator: OperatorId) -> Page[Changed[MemberOnFile]]:
        """The window's members of one operator."""
        return await self._read_long(partial(MEMBERS.ask, window=window, of=_member, party=operator))

    async def member_on_file(self, operator: OperatorId, external_id: str) -> Changed[MemberOnFile] | None:
        """The operator's member of that number."""

        def read(connection: sqlite3.Connection) -> Changed[MemberOnFile] | None:
            row = _MEMBER.run(connection, operator=operator, external_id=external_id).fetchone()
            return None if row is None else _member(row)

        return await self._read(read)

    async def holders_page(self, window: Window, home: OperatorId | None = None) -> Page[Changed[HolderOnFile]]:
        """The window's holders, of one home or of all."""
        return await self._read_long(partial(HOLDERS.ask, window=window, of=_holder, party=home))

    async def holder_on_file(self, holder: HolderId) -> Changed[HolderOnFile] | None:
        """One holder."""

        def read(connection: sqlite3.Connection) -> Changed[HolderOnFile] | None:
            row = _HOLDER.run(connection, pk_id=holder).fetchone()
            return None if row is None else _holder(row)

        return await self._read(read)

    async def bans_page(self, window: Window, host: OperatorId) -> Page[Changed[BanOnFile]]:
        """The window's bans that a host has set."""
        return await self._read_long(partial(BANS.ask, window=window, of=_ban, party=host))

    async def ban_on_file(self, host: OperatorId, holder: HolderId) -> Changed[BanOnFile] | None:
        """The host's ban of a holder."""

        def read(connection: sqlite3.Connection) -> Changed[BanOnFile] | None:
            row = _BAN.run(connection, pk_host=host, pk_holder=holder).fetchone()
            return None if row is None else _ban(row)

        return await self._read(read)

    async def passes_page(self, window: Window, which: PassFilter) -> Page[Changed[IssuedPass]]:
        """The window's passes that are asked for."""
        standing = which.standing and which.standing.value
        asked = partial(PASSES.ask, window=window, of=_pass, party=which.issuer, holder=which.holder, standing=standing)
        return await self._read_long(asked)

    async def pass_on_file(self, ref: PassRef) -> Changed[IssuedPass] | None:
        """One pass."""

        def read(connection: sqlite3.Connection) -> Changed[IssuedPass] | None:
            row = _PASS.run(connection, pk_issuer=ref.issuer, pk_id=ref.id).fetchone()
            return None if row is None else _pass(row)

        return await self._read(read)


def _member(row: Row) -> Changed[MemberOnFile]:
    seq, at_us, operator, external_id, holder, plan, standing, alias = row
    member = Member(OperatorId(operator), external_id, HolderId(holder), PlanId(plan), Standing(standing))
    return Changed(MemberOnFile(member, alias), seq, at_us)


def _holder(row: Row) -> Changed[HolderOnFile]:
    seq, at_us, id_, home, alias, external_id = row
    return Changed(HolderOnFile(HolderId(id_), OperatorId(home), alias, external_id), seq, at_us)


def _ban(row: Row) -> Changed[BanOnFile]:
    seq, changed_us, host, holder, reason, set_by, at_us, home = row
    ban = BanOnFile(OperatorId(host), HolderId(holder), reason, set_by, at_us, OperatorId(home))
    return Changed(ban, seq, changed_us)


def _pass(row: Row) -> Changed[IssuedPass]:
    seq, at_us, issuer, id_, *columns = row
    return Changed(pass_of(PassRef(OperatorId(issuer), id_), columns), seq, at_us)
