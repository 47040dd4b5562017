"""What use cases ask of the books: configuration, people, visits, money, the chain's head."""

from collections.abc import AsyncIterator
from functools import partial

from gateway.adapters.db import reads
from gateway.adapters.db.reading import Reading
from gateway.application.ports import ChainHead
from gateway.domain.charges import ChargeRecord
from gateway.domain.ids import OperatorId, PassRef, VenueId
from gateway.domain.people import IssuedPass, Member
from gateway.domain.presence import Presence, Standing
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit

PAGE = 200
"""Visits read at once while streaming."""


class Questions(Reading):
    """One method a question; `reads` has their SQL."""

    async def door_credential(self, username: str) -> str | None:
        """The stored hash of the door's broker password."""
        return await self._read(partial(reads.door_credential, username=username))

    async def issued(self, ref: PassRef) -> IssuedPass | None:
        """The pass as its issuer keeps it."""
        return await self._read(partial(reads.issued, ref=ref))

    async def statuses(self, issuer: OperatorId, now_us: int) -> dict[int, Standing]:
        """Status index → standing of every pass of the issuer that has not expired and is not valid."""
        return await self._read(partial(reads.statuses, issuer=issuer, now_us=now_us))

    async def member(self, operator: OperatorId, external_id: str) -> Member | None:
        """The operator's member of that number."""
        return await self._read(partial(reads.member, operator=operator, external_id=external_id))

    async def visits_open_since_before(self, before_us: int) -> list[Visit]:
        """PENDING and ACTIVE visits that began at that instant or earlier, oldest first."""
        return await self._read_long(partial(reads.visits_open_since_before, before_us=before_us))

    async def visits_to_seal(self, host: OperatorId, ended_before_us: int, limit: int) -> list[Visit]:
        """The host's visits COMPLETED, unsealed, confirmed by the door, ended before that instant; oldest first."""
        return await self._read_long(
            partial(reads.visits_to_seal, host=host, ended_before_us=ended_before_us, limit=limit)
        )

    async def unbilled_charges(
        self, home: OperatorId, host: OperatorId, before_us: int
    ) -> list[tuple[ChargeRecord, str]]:
        """Records, with their seals, whose visit ended before that instant and that stand on no statement."""
        return await self._read_long(partial(reads.unbilled_charges, home=home, host=host, before_us=before_us))

    async def inside(self, venue: VenueId) -> list[Presence]:
        """Everyone who has a presence at the venue, the longest there first."""
        return await self._read(partial(reads.inside, venue=venue))

    async def read_visits(self, from_us: int, before_us: int) -> AsyncIterator[Visit]:
        """Visits that began in [from_us, before_us), by start; a page at a time, so that memory stays flat."""
        after = ""
        while True:
            page = await self._read_long(
                partial(reads.visits_page, from_us=from_us, after=after, before_us=before_us, most=PAGE)
            )
            for visit in page:
                yield visit
            if len(page) < PAGE:
                return
            from_us, after = page[-1].started_us, page[-1].id

    async def statements(self) -> list[tuple[Statement, str]]:
        """Every statement with its seal, in the order of their issue."""
        return await self._read_long(reads.all_statements)

    async def chain_head(self) -> ChainHead:
        """The chain's last link, for an operator to sign."""
        return await self._read(reads.chain_head)
