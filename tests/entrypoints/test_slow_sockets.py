"""The bench's slow sockets against the server: held as long as they may be, cut then, and honest clients served."""

import asyncio
from dataclasses import replace

from gateway.entrypoints.connections import Limits
from simulators.bench.slow_sockets import SlowSockets
from tests.entrypoints.sockets import PATIENCE_S, serving

HEAD_S = 0.3
LIMITS = replace(Limits(), head_s=HEAD_S, sweep_s=0.02)


async def test_a_slow_socket_lives_no_longer_than_a_head_may_take() -> None:
    async with serving(LIMITS) as served:
        slow = SlowSockets(f"http://127.0.0.1:{served.server.port}", 50, byte_every_s=0.02, again=False)
        async with slow:
            assert slow.held == 50
            assert await served.is_well()
            async with asyncio.timeout(PATIENCE_S):
                while slow.held:  # noqa: ASYNC110 - the server's timer decides
                    await asyncio.sleep(0.01)
        assert len(slow.cut_after_s) == 50
        assert min(slow.cut_after_s) > HEAD_S * 0.9, "and is held so long: the bench measures what it says"


async def test_sockets_that_are_cut_come_again_until_the_block_ends() -> None:
    async with serving(LIMITS) as served:
        slow = SlowSockets(f"http://127.0.0.1:{served.server.port}", 20, byte_every_s=0.02)
        async with slow, asyncio.timeout(PATIENCE_S):
            while len(slow.cut_after_s) < 40:  # noqa: ASYNC110 - the server's timer decides
                await asyncio.sleep(0.01)
            assert await served.is_well()
        async with asyncio.timeout(PATIENCE_S):
            while slow.held:  # noqa: ASYNC110 - transports close in their own time
                await asyncio.sleep(0.01)
        assert slow.refused == 0
