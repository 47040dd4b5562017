"""Use cases of visits and money."""

from collections.abc import AsyncIterator

from gateway.application.bill_period import bill_period
from gateway.application.close_visits import close_visits
from gateway.compose.wired import Wired
from gateway.domain.statements import Statement
from gateway.domain.visits import Visit


class MoneyUses(Wired):
    """From a visit to a statement."""

    async def close_visits(self) -> None:
        """End forgotten visits; price and seal those that can no longer continue."""
        async with self._billing:
            await close_visits(self.store, self.rings, self._clock.now_us)

    async def bill_period(self, from_us: int, before_us: int) -> list[Statement]:
        """Issue the statements of a period; repeating it issues nothing twice."""
        async with self._billing:
            return await bill_period(self.store, self.rings, from_us, before_us, self._clock.now_us())

    def read_visits(self, from_us: int, before_us: int) -> AsyncIterator[Visit]:
        """Visits by their start, oldest first."""
        return self.store.read_visits(from_us, before_us)

    async def statements(self) -> list[Statement]:
        """Every statement issued."""
        return [statement for statement, _ in await self.store.statements()]
