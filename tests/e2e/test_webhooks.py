"""What happens at doors and in the books arrives at operators' own programs, signed, once, and nobody else's."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from gateway.adapters.db.connect import FILE
from gateway.application.configure.people import MemberWanted
from gateway.application.errors import StoreUnavailableError
from gateway.application.ports import Ledger, Store
from gateway.application.queue_deliveries import PART, DeliveryQueue
from gateway.application.reading import Window
from gateway.application.reported import VisitRow
from gateway.domain.ids import OperatorId, PlanId
from gateway.domain.presence import Standing
from gateway.domain.webhooks import DeliveryState, EventType
from gateway.wire.signed import EVENT, read_event
from keys import jws
from keys.ids import kid_of
from tests.builders import EXIT, FRONT, HOME, HOST, NOMAD, plan
from tests.e2e.scene import LYON_FRONT, event_key
from tests.e2e.served import Installed, at_door, serving
from tests.gateways import House
from tests.hooked import Hooked
from tests.receivers import Heard, Receiver, ids, listening


def told(heard: list[Heard], kind: EventType) -> list[dict[str, Any]]:
    """The data of events of one type."""
    return [each.json["data"] for each in heard if each.type == kind]


# --- visits ----------------------------------------------------------------------------------------------


async def test_a_visit_is_told_when_its_door_says_opened_and_when_it_ends(hooked: Hooked, receiver: Receiver) -> None:
    home = await hooked.listens(receiver, HOME)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    entry = await hooked.shows(front, person)
    await hooked.tell()
    assert receiver.heard == [], "granted, and nobody came in yet"

    await front.reports("opened", entry)
    await hooked.tell()
    (started,) = receiver.heard
    assert started.signed_by(home.secret)
    assert (started.type, started.json["timestamp"]) == ("visit.started", "2027-01-15T08:00:00Z")
    assert started.json.keys() == {"type", "timestamp", "data"}
    assert (started.json["data"]["id"], started.json["data"]["state"]) == (entry.claims.scan, "ACTIVE")

    hooked.clock.advance(100 * 60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    (ended,) = receiver.of("visit.ended")
    data = ended.json["data"]
    assert (data["id"], data["state"], data["ending"]) == (entry.claims.scan, "COMPLETED", "proven")
    assert data["ended"] == ended.json["timestamp"] == "2027-01-15T09:40:00Z"
    assert len(receiver.heard) == 2
    await hooked.tell()
    assert len(receiver.heard) == 2, "told once"
    assert hooked.rows("SELECT c.seq = h.seq FROM webhook_cursor c, chain_head h") == [(1,)], "and not read again"


async def test_each_party_is_told_what_it_may_know(hooked: Hooked, receiver: Receiver) -> None:
    for operator in (HOME, HOST):
        await hooked.listens(receiver, operator, EventType.VISIT_STARTED, path=f"/{operator[3:]}")
    person, front = await hooked.person(), await hooked.door(FRONT)
    await hooked.walks_in(front, person)
    await hooked.tell()
    by_path = {heard.path: heard for heard in receiver.heard}
    home, host = by_path["/hook/LPO"], by_path["/hook/ATL"]
    assert home.json["data"]["holder"] == person.holder
    assert host.json["data"]["holder"] is None
    assert person.holder not in host.body.decode()
    assert home.id == host.id
    for heard in receiver.heard:
        assert person.issued.text not in heard.body.decode()


async def test_a_visit_at_home_is_told_once_to_its_only_party(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOME)
    person, front = await hooked.person(), await hooked.door(LYON_FRONT)
    await hooked.walks_in(front, person)
    await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["visit.started"]


async def test_a_visit_that_came_and_went_between_two_looks_is_told_in_both_ways(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.listens(receiver, HOST)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    visit = await hooked.walks_in(front, person)
    hooked.clock.advance(60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    assert sorted(heard.type for heard in receiver.heard) == ["visit.ended", "visit.started"]
    assert {heard.json["data"]["id"] for heard in receiver.heard} == {visit}
    (ended,) = receiver.of("visit.ended")
    assert ended.json["timestamp"] == ended.json["data"]["ended"] == "2027-01-15T08:01:00Z"


async def test_a_reentry_takes_the_end_back_and_has_an_end_of_its_own(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    visit = await hooked.walks_in(front, person)
    for _ in range(2):
        hooked.clock.advance(60)
        await hooked.shows(way_out, person)
        await hooked.tell()
        hooked.clock.advance(60)
        again = await hooked.shows(front, person)
        await front.reports("opened", again)
        await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["visit.started", "visit.ended", "visit.ended"]
    ends = told(receiver.heard, EventType.VISIT_ENDED)
    assert {end["id"] for end in ends} == {visit}
    assert [end["ended"] for end in ends] == ["2027-01-15T08:01:00Z", "2027-01-15T08:03:00Z"]
    assert len(set(ids(receiver.heard))) == 3


async def test_a_reentry_that_came_to_nothing_leaves_the_end_that_was_told(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    await hooked.walks_in(front, person)
    hooked.clock.advance(60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    hooked.clock.advance(60)
    again = await hooked.shows(front, person)
    await front.reports("not_opened", again)
    await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["visit.started", "visit.ended"]


async def test_a_grant_that_nobody_used_is_no_visit_to_tell(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST)
    front = await hooked.door(FRONT)
    for _ in range(2):
        entry = await hooked.shows(front, await hooked.person())
        await front.reports("not_opened", entry)
    hooked.clock.advance(86400)
    await hooked.gateway.close_visits()
    await hooked.tell()
    assert receiver.heard == []


async def test_a_door_that_reports_after_the_check_out_begins_and_ends_the_visit(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.listens(receiver, HOST)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    entry = await hooked.shows(front, person)
    hooked.clock.advance(60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    assert receiver.heard == []
    await front.reports("opened", entry)
    await hooked.tell()
    assert sorted(heard.type for heard in receiver.heard) == ["visit.ended", "visit.started"]


async def test_a_check_in_elsewhere_ends_the_visit_before(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOME)
    person, front, lyon = await hooked.person(), await hooked.door(FRONT), await hooked.door(LYON_FRONT)
    first = await hooked.walks_in(front, person)
    await hooked.tell()
    hooked.clock.advance(7200)
    second = await hooked.walks_in(lyon, person)
    await hooked.tell()
    (ended,) = told(receiver.heard, EventType.VISIT_ENDED)
    assert (ended["id"], ended["ending"]) == (first, "assumed")
    assert [each["id"] for each in told(receiver.heard, EventType.VISIT_STARTED)] == [first, second]


async def test_one_that_was_ended_elsewhere_and_sealed_at_once_is_told_all_the_same(
    hooked: Hooked, receiver: Receiver
) -> None:
    """Its end lies hours back, so that the job seals it before anybody looks."""
    await hooked.listens(receiver, HOST)
    person, front, lyon = await hooked.person(), await hooked.door(FRONT), await hooked.door(LYON_FRONT)
    visit = await hooked.walks_in(front, person)
    hooked.clock.advance(14 * 3600)
    await hooked.shows(lyon, person)
    await hooked.gateway.close_visits()
    assert hooked.count("charge_records") == 1
    await hooked.tell()
    assert [each["id"] for each in told(receiver.heard, EventType.VISIT_ENDED)] == [visit]
    assert [each["visit"] for each in told(receiver.heard, EventType.CHARGE_SEALED)] == [visit]


async def test_a_forgotten_visit_is_told_when_it_is_closed_and_its_charge_when_it_is_sealed(
    hooked: Hooked, receiver: Receiver
) -> None:
    for operator in (HOME, HOST):
        await hooked.listens(receiver, operator, path=f"/{operator[3:]}")
    front = await hooked.door(FRONT)
    visit = await hooked.walks_in(front, await hooked.person())
    await hooked.tell()
    receiver.heard.clear()
    hooked.clock.advance(3 * 86400)
    await hooked.gateway.close_visits()
    await hooked.tell()
    kinds = sorted((heard.path, heard.type) for heard in receiver.heard)
    assert kinds == [(path, kind) for path in ("/hook/ATL", "/hook/LPO") for kind in ("charge.sealed", "visit.ended")]
    for charge in told(receiver.heard, EventType.CHARGE_SEALED):
        assert (charge["visit"], charge["host"], charge["home"]) == (visit, HOST, HOME)
        assert charge["total_cents"] > 0
    receiver.heard.clear()
    # sealing and billing change the visit's row, and end nothing
    await hooked.bill()
    await hooked.tell()
    assert receiver.heard == []


async def test_a_webhook_made_between_a_visits_end_and_its_sealing_hears_of_the_charge_alone(
    hooked: Hooked, receiver: Receiver
) -> None:
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    await hooked.walks_in(front, person)
    hooked.clock.advance(600)
    await hooked.shows(way_out, person)
    await hooked.listens(receiver, HOST)
    hooked.clock.advance(3600)
    await hooked.gateway.close_visits()
    # the same holder's next visit is about another one
    await hooked.walks_in(front, person)
    await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["charge.sealed", "visit.started"]


async def test_a_webhook_hears_nothing_from_before_it_was_made(hooked: Hooked, receiver: Receiver) -> None:
    front = await hooked.door(FRONT)
    await hooked.listens(receiver, HOME, path="/first")
    await hooked.walks_in(front, await hooked.person())
    await hooked.listens(receiver, HOME, path="/second")
    await hooked.tell()
    assert [heard.path for heard in receiver.heard] == ["/hook/first"]
    await hooked.walks_in(front, await hooked.person())
    await hooked.tell()
    assert sorted(heard.path for heard in receiver.heard[1:]) == ["/hook/first", "/hook/second"]


async def test_a_webhook_hears_only_what_it_listens_to(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST, EventType.VISIT_ENDED)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    await hooked.walks_in(front, person)
    hooked.clock.advance(60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["visit.ended"]


# --- passes and doors ------------------------------------------------------------------------------------


async def test_a_revoked_pass_is_told_to_its_issuer_alone(hooked: Hooked, receiver: Receiver) -> None:
    for operator in (HOME, HOST):
        await hooked.listens(receiver, operator, path=f"/{operator[3:]}")
    person = await hooked.person()
    await hooked.gateway.set_pass_standing(person.ref, Standing.SUSPENDED, "test")
    await hooked.tell()
    assert receiver.heard == []
    await hooked.gateway.set_pass_standing(person.ref, Standing.REVOKED, "test")
    await hooked.tell()
    (heard,) = receiver.heard
    data = heard.json["data"]
    assert (heard.path, heard.type, data["cause"]) == ("/hook/LPO", "pass.revoked", "pass")
    assert (data["issuer"], data["id"], data["holder"]) == (HOME, person.ref.id, person.holder)
    assert person.issued.text not in heard.body.decode()


async def test_of_a_revoked_member_every_pass_that_still_counted_is_told(hooked: Hooked, receiver: Receiver) -> None:
    person = await hooked.person()
    second = await hooked.issue(person.holder, plan=NOMAD)
    revoked_before = await hooked.issue(person.holder, plan=NOMAD)
    now_s = hooked.clock.now_s
    ended = await hooked.issue(person.holder, plan=NOMAD, not_before_s=now_s - 3600, expires_s=now_s + 60)
    other = await hooked.person()
    await hooked.gateway.set_pass_standing(revoked_before.ref, Standing.REVOKED, "test")
    await hooked.listens(receiver, HOME)
    hooked.clock.advance(120)
    await hooked.gateway.set_member_standing(HOME, person.number, Standing.REVOKED)
    await hooked.tell()
    data = told(receiver.heard, EventType.PASS_REVOKED)
    assert sorted(each["id"] for each in data) == sorted([person.ref.id, second.ref.id])
    assert {each["cause"] for each in data} == {"member"}
    assert {ended.ref.id, other.ref.id}.isdisjoint(each["id"] for each in data)


async def test_a_revoked_member_who_is_put_again_is_no_news_until_they_are_revoked_again(
    hooked: Hooked, receiver: Receiver
) -> None:
    person = await hooked.person()
    await hooked.listens(receiver, HOME)
    revoked = MemberWanted(HOME, person.number, NOMAD, Standing.REVOKED)
    await hooked.gateway.put_plan(plan(id=PlanId("day")))
    for wanted in (revoked, replace(revoked, alias="the blue fox"), replace(revoked, plan=PlanId("day"))):
        await hooked.gateway.put_member(wanted)
        await hooked.tell()
    assert len(receiver.heard) == 1
    for wanted in (replace(revoked, standing=Standing.VALID), revoked):
        await hooked.gateway.put_member(wanted)
    await hooked.tell()
    assert [each["id"] for each in told(receiver.heard, EventType.PASS_REVOKED)] == [person.ref.id] * 2
    assert len(set(ids(receiver.heard))) == 2


@pytest.mark.parametrize("kind", ["forced", "held_open", "tamper"])
async def test_a_doors_alarm_is_told_to_its_venues_operator_with_the_doors_own_word(
    hooked: Hooked, receiver: Receiver, kind: str
) -> None:
    for operator in (HOME, HOST):
        await hooked.listens(receiver, operator, path=f"/{operator[3:]}")
    front = await hooked.door(FRONT)
    await front.reports(kind, detail={"since_s": 30})
    await hooked.tell()
    (heard,) = receiver.heard
    data = heard.json["data"]
    assert (heard.path, heard.type) == ("/hook/ATL", "door.alarm")
    assert (data["venue"], data["door"], data["kind"], data["journal_line"]) == ("montreuil", "front", kind, 1)
    key = event_key(FRONT).public
    claims = read_event(jws.verify(data["report"], EVENT, lambda kid: key if kid == kid_of(key) else None))
    assert (claims.kind, claims.detail, claims.at_ms) == (kind, {"since_s": 30}, data["door_ms"])


async def test_a_door_that_lies_about_the_time_holds_up_nobody(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST)
    front = await hooked.door(FRONT)
    await front.reports("tamper", at_ms=2**48 - 1)
    await hooked.walks_in(front, await hooked.person())
    await hooked.tell()
    assert [heard.type for heard in receiver.heard] == ["door.alarm", "visit.started"]


async def test_what_cannot_be_told_for_a_fault_of_ours_holds_up_nothing_else(
    hooked: Hooked, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hooked.listens(receiver, HOST)
    front = await hooked.door(FRONT)
    broken, sound = [await hooked.walks_in(front, await hooked.person()) for _ in range(2)]
    shapes, view = hooked.gateway._queue._shapes, hooked.gateway._queue._shapes.visit

    def shown(row: VisitRow, reader: OperatorId) -> Mapping[str, Any]:
        if row.id == broken:
            raise KeyError(broken)
        return view(row, reader)

    monkeypatch.setattr(shapes, "visit", shown)
    await hooked.tell()
    assert [each["id"] for each in told(receiver.heard, EventType.VISIT_STARTED)] == [sound]


# --- nothing lost, nothing doubled -----------------------------------------------------------------------


async def test_what_was_committed_before_a_restart_is_told_after_it_once(hooked: Hooked, receiver: Receiver) -> None:
    await hooked.listens(receiver, HOST)
    front = await hooked.door(FRONT)
    first = await hooked.walks_in(front, await hooked.person())
    await hooked.gateway.queue_deliveries()
    n, prev = front.n, front.prev
    await hooked.restart()
    await hooked.tell()
    await receiver.until(1)
    front = await hooked.door(FRONT)
    front.n, front.prev = n, prev
    second = await hooked.walks_in(front, await hooked.person())
    await hooked.restart()
    await hooked.tell()
    await receiver.until(2)
    await hooked.tell()
    assert [each["id"] for each in told(receiver.heard, EventType.VISIT_STARTED)] == [first, second]


async def test_a_chain_that_is_read_again_queues_nothing_twice(hooked: Hooked, receiver: Receiver) -> None:
    """As after a crash that lost the cursor but not the deliveries."""
    await hooked.listens(receiver, HOST)
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    await hooked.walks_in(front, person)
    await hooked.tell()
    hooked.clock.advance(60)
    await hooked.shows(way_out, person)
    await hooked.tell()
    async with hooked.gateway.store.writing() as ledger:
        await ledger.queue_deliveries([], 0)
    await hooked.restart()
    await hooked.tell()
    assert len(receiver.heard) == hooked.count("deliveries") == 2


async def test_without_a_webhook_nothing_is_queued_and_nothing_is_read_twice(hooked: Hooked) -> None:
    await hooked.walks_in(await hooked.door(FRONT), await hooked.person())
    before = hooked.rows("SELECT seq FROM webhook_cursor")
    await hooked.tell()
    assert (hooked.count("deliveries"), hooked.rows("SELECT seq FROM webhook_cursor")) == (0, before)


async def test_many_events_at_once_arrive_all(hooked: Hooked, receiver: Receiver) -> None:
    """More lines than are read in one step."""
    await hooked.listens(receiver, HOME)
    async with hooked.gateway.store.writing() as ledger:
        for _ in range(2500):
            await ledger.note("filler", {})
    front = await hooked.door(FRONT)
    visits = [await hooked.walks_in(front, await hooked.person()) for _ in range(30)]
    await hooked.tell()
    assert sorted(each["id"] for each in told(receiver.heard, EventType.VISIT_STARTED)) == sorted(visits)


class Parts:
    """A house's books, which count what each transaction queues and go away after so many."""

    def __init__(self, house: House, most: int) -> None:
        self._house = house
        self._most = most
        self.queued: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._house.gateway.store, name)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Ledger]:
        """One transaction of the real books."""
        if len(self.queued) == self._most:
            raise StoreUnavailableError("the disk is gone")
        before = self._house.count("deliveries")
        async with self._house.gateway.store.writing() as ledger:
            yield ledger
        self.queued.append(self._house.count("deliveries") - before)


async def test_much_at_once_is_queued_in_parts_and_each_is_kept_with_its_cursor(
    hooked: Hooked, receiver: Receiver
) -> None:
    """Of one member's passes, so that a single line takes more than one part, and of alarms."""
    person = await hooked.person()
    for _ in range(12):
        await hooked.issue(person.holder, plan=NOMAD)
    for operator in (HOME, HOST):
        for _ in range(20):
            await hooked.listens(receiver, operator)
    await hooked.gateway.set_member_standing(HOME, person.number, Standing.REVOKED)
    (line,) = hooked.rows("SELECT max(seq) FROM events WHERE kind = 'member_put'")[0]
    front = await hooked.door(FRONT)
    for _ in range(12):
        await front.reports("tamper")

    def queue(most: int) -> tuple[DeliveryQueue, Parts]:
        parts = Parts(hooked, most)
        return DeliveryQueue(cast("Store", parts), hooked.gateway._queue._shapes, lambda: hooked.clock.now_us), parts

    for most in (1, 2, 3):
        interrupted, parts = queue(most)
        with contextlib.suppress(StoreUnavailableError):
            await interrupted.queue()
        assert max(parts.queued) <= PART
        (cursor,) = hooked.rows("SELECT seq FROM webhook_cursor")[0]
        told = dict(hooked.rows("SELECT type, count(*) FROM deliveries GROUP BY type"))
        alarms = hooked.rows("SELECT count(*) FROM events WHERE kind = 'report' AND seq <= ?", cursor)[0][0]
        assert told.get("pass.revoked", 0) >= (13 * 20 if cursor >= line else 0)
        assert told.get("door.alarm", 0) >= 20 * alarms
    assert told == {"pass.revoked": 13 * 20, "door.alarm": 12 * 20}


async def test_the_database_alone_yields_no_secret(hooked: Hooked, receiver: Receiver) -> None:
    made = await hooked.listens(receiver, HOST)
    rotated = await hooked.gateway.rotate_webhook_secret(made.webhook.id)
    await hooked.close()
    books = (hooked.data / FILE).read_bytes()
    for secret in (made.secret, rotated.secret):
        raw = Webhook(secret)._whsecret
        assert raw not in books
        assert raw.hex().encode() not in books
        assert secret.removeprefix("whsec_").encode() not in books
    await hooked.open()
    assert await hooked.chain_holds()
    assert "whsec" not in hooked.audit_text()


# --- processes -------------------------------------------------------------------------------------------

ALLOW = {"PASSERELLE_WEBHOOK_ALLOW": "127.0.0.0/8"}


async def registered(installed: Installed, http: str, url: str, *events: str) -> dict[str, Any]:
    """A webhook of the host, made over HTTP."""
    token = (installed.data / "api.token").read_text().strip()
    body = {"operator": HOST, "url": url, "events": events}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as client,
        client.post(f"{http}/v1/webhooks", json=body) as answer,
    ):
        assert answer.status == 201, await answer.text()
        made: dict[str, Any] = await answer.json()
        return made


async def test_a_door_opens_and_a_foreign_library_verifies_what_arrives(installed: Installed) -> None:
    async with listening(204) as receiver, serving(installed.data, given=ALLOW) as served:
        made = await registered(installed, served.http, receiver.url, "visit.started")
        async with at_door(installed, served) as door:
            entry = await door.scans(installed.text)
            await door.reports("opened", entry)
        await receiver.until(1)
    (heard,) = receiver.heard
    event = Webhook(made["secret"]).verify(heard.body, dict(heard.headers))
    assert (event["type"], event["data"]["id"], event["data"]["host"]) == ("visit.started", entry.claims.scan, HOST)


async def test_a_gateway_killed_while_it_sends_sends_the_same_event_again(installed: Installed) -> None:
    """After kill -9 with the request gone out and its answer not in the books: at least once, under one id."""
    heard: list[Heard] = []
    arrived = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        heard.append(Heard(first.split()[1], headers, body))
        arrived.set()
        if len(heard) > 1:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        async with serving(installed.data, given=ALLOW) as served:
            made = await registered(installed, served.http, url, "visit.started")
            async with at_door(installed, served) as door:
                await door.reports("opened", await door.scans(installed.text))
            await asyncio.wait_for(arrived.wait(), 10)
            assert await served.ends_with(signal.SIGKILL) == -signal.SIGKILL
        arrived.clear()
        async with serving(installed.data, given=ALLOW):
            await asyncio.wait_for(arrived.wait(), 20)
    finally:
        server.close()
    first, second = heard
    assert (first.id, first.body) == (second.id, second.body)
    assert second.signed_by(made["secret"])


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from gateway.compose import build, system_clock, system_entropy
from gateway.config import read_settings
from gateway.application.register_webhook import WebhookOrder
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import EventType

async def main():
    settings = read_settings({"data": Path(sys.argv[1]), "webhook_allow": "127.0.0.0/8"})
    gateway = await build(settings, system_clock(), system_entropy)
    made = await gateway.make_webhook(WebhookOrder(OperatorId("FR*ATL"), sys.argv[2], (EventType.VISIT_STARTED,)))
    queued = await gateway.test_webhook(made.webhook.id)
    print(made.secret, queued.event, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_a_gateway_killed_between_queueing_and_sending_sends_after_its_next_start(installed: Installed) -> None:
    async with listening(204) as receiver:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, str(installed.data), receiver.url,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL
        secret, event = out.decode().split()
        assert receiver.heard == []
        async with serving(installed.data, given=ALLOW):
            await receiver.until(1, within_s=20)
    (heard,) = receiver.heard
    assert (heard.id, heard.type) == (event, "webhook.test")
    Webhook(secret).verify(heard.body, dict(heard.headers))
    assert heard.json["data"]["operator"] == HOST


async def test_the_pages_of_deliveries_go_through_them_all_in_order(hooked: Hooked, receiver: Receiver) -> None:
    made = await hooked.listens(receiver, HOST)
    wanted = [(await hooked.gateway.test_webhook(made.webhook.id)).event for _ in range(7)]
    seen, after = [], 0
    while True:
        page = await hooked.gateway.deliveries(made.webhook.id, None, Window(after=after, limit=3))
        assert page.total == 7
        seen += [each.event for each in page.items]
        after = page.last_seq
        if not page.more:
            break
    assert seen == wanted
    assert (await hooked.gateway.deliveries(made.webhook.id, DeliveryState.DEAD, Window())).total == 0
