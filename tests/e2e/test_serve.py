"""`passerelle serve` as a process: ready soon, alone on its data, stopped cleanly, and cut off without harm."""

import asyncio
import signal

from gateway.adapters.db.lock import FILE as LOCK
from gateway.compose import build, system_entropy
from gateway.config import read_settings
from tests.e2e.served import CLOCK, PATIENCE_S, READY_CPU_S, Installed, at_door, cpu_s, run, serving


async def test_beside_a_gateway_a_second_one_refuses_and_a_revocation_of_a_key_is_heeded(installed: Installed) -> None:
    async with serving(installed.data) as served:
        assert cpu_s(served.process.pid) < READY_CPU_S
        code, told = await run("serve", "--data", str(installed.data), "--http-port", "0")
        assert code == 1
        assert f"in use by another gateway (pid {served.process.pid}" in told
        assert "stop it first" in told
        assert "Traceback" not in told

        async with at_door(installed, served) as door:
            assert (await door.scans(installed.text)).told == ("granted", "OK")
            code, told = await run("keys", "revoke", "--yes", "--data", str(installed.data), installed.kid)
            assert code == 0, told
            async with asyncio.timeout(PATIENCE_S):
                while (answer := await door.scans(installed.text)).claims.outcome == "granted":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # until the next publication
            assert answer.told == ("denied", "REVOKED")

        assert await served.ends_with(signal.SIGTERM) == 0
        assert served.log.read_text() == "", "nothing to complain of on the way out"
    assert (installed.data / LOCK).exists()
    again = await build(read_settings({"data": installed.data}), CLOCK, system_entropy)
    assert (await again.verify_chain()).fault is None
    await again.close()


async def test_a_gateway_that_was_cut_off_has_kept_what_it_answered_and_logged_no_pass(installed: Installed) -> None:
    async with serving(installed.data, "--log-level", "debug") as served:
        async with at_door(installed, served) as door:
            answer = await door.scans(installed.text)
            await door.reports("opened", answer)
            await door.scans("PW1:\x1b[2J\n'; DROP TABLE events; --")
            await door.says("scan", installed.text.encode())
            await door.says("event", installed.text.encode())
            assert (await door.scans("PW1:SERVED")).claims.reason == "BAD_FORM"
        assert await served.ends_with(signal.SIGKILL) == -signal.SIGKILL
        log = served.log.read_text()

    assert answer.claims.scan in log, "every line of one scan carries its id"
    assert installed.text[4:44] not in log
    assert "PW1:" not in log
    assert "DROP TABLE" not in log
    assert "\x1b" not in log
    again = await build(read_settings({"data": installed.data}), CLOCK, system_entropy)
    try:
        assert (await again.verify_chain()).fault is None
        assert [visit.id async for visit in again.read_visits(0, 2**62)] == [answer.claims.scan]
    finally:
        await again.close()
