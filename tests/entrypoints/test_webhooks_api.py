"""`/v1/webhooks`: registered, replaced, rotated, tried and replayed, each operator's apart."""

import json
from typing import Any

import pytest

from gateway.domain.access import Role, Scope
from gateway.domain.ids import OperatorId
from gateway.domain.webhooks import RETRIES_S
from tests.builders import HOME, HOST
from tests.entrypoints.http import Reply, ask, bearer, post, token_of
from tests.gateways import House
from tests.hooked import Hooked
from tests.receivers import listening

PATH = "/v1/webhooks"
URL = "https://hooks.example.org/passerelle"


async def make(house: House, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    """Register one of HOST."""
    wanted = {"operator": HOST, "url": URL, "events": ["visit.started"]} | body
    sent = {name: value for name, value in wanted.items() if value is not None}
    return await post(house, PATH, sent, **(headers or {}))


async def put(house: House, webhook: str, headers: dict[str, str] | None = None, **body: Any) -> Reply:
    """Replace one."""
    raw = json.dumps({"url": URL, "events": ["visit.started"]} | body).encode()
    return await ask(
        house,
        "PUT",
        f"{PATH}/{webhook}",
        raw,
        **({"Content_Type": "application/json"} | bearer(house) | (headers or {})),
    )


async def get(house: House, path: str = "", headers: dict[str, str] | None = None) -> Reply:
    """Read."""
    return await ask(house, "GET", PATH + path, **(headers or bearer(house)))


async def test_a_webhook_is_registered_shown_replaced_and_removed_and_its_secret_told_once(hooked: Hooked) -> None:
    house = hooked
    made = await make(house, description="board", events=["visit.ended", "visit.started", "visit.ended"])
    webhook = made.json
    assert made.status == 201
    assert webhook["secret"].startswith("whsec_")
    assert made.headers["Location"] == f"{PATH}/{webhook['id']}"
    assert (webhook["events"], webhook["state"]) == (["visit.started", "visit.ended"], "active")

    shown = await get(house, f"/{webhook['id']}")
    assert shown.json == {name: value for name, value in webhook.items() if name != "secret"}
    assert webhook["secret"] not in (await get(house)).text

    same = await put(house, webhook["id"], description="board", events=["visit.started", "visit.ended"])
    assert (same.status, same.headers["ETag"]) == (200, shown.headers["ETag"])
    changed = await put(house, webhook["id"], events=["door.alarm"], state="paused")
    assert (changed.json["events"], changed.json["state"], changed.json["description"]) == (
        ["door.alarm"],
        "paused",
        "",
    )
    assert changed.headers["ETag"] != shown.headers["ETag"]
    stale = await put(house, webhook["id"], {"If_Match": shown.headers["ETag"]})
    assert stale.problem == (412, "precondition_failed")

    removed = await ask(house, "DELETE", f"{PATH}/{webhook['id']}", **bearer(house))
    assert (removed.status, removed.text) == (204, "")
    assert (await get(house, f"/{webhook['id']}")).problem == (404, "unknown")
    lines = house.rows("SELECT kind, content FROM events WHERE kind LIKE 'webhook%' ORDER BY seq")
    assert [kind for kind, _ in lines] == ["webhook_added", "webhook_set", "webhook_removed"]
    for _, content in lines:
        assert json.loads(content)["by"].startswith("token:")
        assert "hooks.example.org" not in content, "a URL may hold a secret"


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "http": ({"url": "http://hooks.example.org/"}, (422, "invalid")),
    "a private address": ({"url": "https://10.0.0.1/"}, (422, "invalid")),
    "metadata of clouds": ({"url": "https://169.254.169.254/latest/"}, (422, "invalid")),
    "hexadecimal": ({"url": "https://0x7f000001/"}, (422, "invalid")),
    "a user": ({"url": "https://a:b@hooks.example.org/"}, (422, "invalid")),
    "no URL": ({"url": "hooks"}, (422, "invalid")),
    "an empty URL": ({"url": ""}, (422, "invalid")),
    "a long URL": ({"url": URL + "a" * 1024}, (422, "invalid")),
    "no event": ({"events": []}, (422, "invalid")),
    "an unknown event": ({"events": ["visit.pondered"]}, (422, "invalid")),
    "the test event, which comes by itself": ({"events": ["webhook.test"]}, (422, "invalid")),
    "two lines of description": ({"description": "a\nb"}, (422, "invalid")),
    "disabled from the start": ({"state": "disabled"}, (422, "invalid")),
    "an unknown operator": ({"operator": "FR*ZZZ"}, (404, "unknown")),
    "no operator, by the cooperative": ({"operator": None}, (422, "invalid")),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_refused_says_why_and_leaves_nothing(hooked: Hooked, case: str) -> None:
    body, expected = REFUSED[case]
    reply = await make(hooked, **body)
    assert reply.problem == expected
    assert hooked.count("webhooks") == 0


async def test_a_put_is_checked_as_a_post_is(hooked: Hooked) -> None:
    webhook = (await make(hooked)).json["id"]
    assert (await put(hooked, webhook, url="https://127.1/")).problem == (422, "invalid")
    assert (await put(hooked, webhook, operator=HOME)).problem == (409, "conflict")
    assert (await put(hooked, "wh_aaaaaaaaaaaa")).problem == (404, "unknown")
    assert (await get(hooked, f"/{webhook}")).json["url"] == URL


async def test_operators_are_apart(hooked: Hooked) -> None:
    house = hooked
    own = await token_of(house, HOST, Role.ADMIN)
    other = await token_of(house, HOME, Role.ADMIN)
    webhook = (await make(house, own, operator=None)).json
    assert webhook["operator"] == HOST
    event = (await ask(house, "POST", f"{PATH}/{webhook['id']}/test", b"", **own)).json["id"]
    path = f"/{webhook['id']}"

    assert (await make(house, other, operator=HOST)).problem == (403, "forbidden")
    assert (await put(house, webhook["id"], other)).problem == (404, "unknown")
    for method, each in (
        ("GET", path),
        ("DELETE", path),
        ("POST", f"{path}/secret"),
        ("POST", f"{path}/test"),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{path}/deliveries/{event}/replay"),
        ("POST", f"{path}/replay"),
    ):
        body = b"" if method == "POST" else None
        assert (await ask(house, method, PATH + each, body, **other)).problem == (404, "unknown"), each
    assert (await get(house, "", other)).json == []
    assert (await get(house, f"?operator={HOST}", other)).problem == (403, "forbidden")
    assert [each["id"] for each in (await get(house, "", own)).json] == [webhook["id"]]
    assert [each["id"] for each in (await get(house, f"?operator={HOST}")).json] == [webhook["id"]]
    assert (await get(house, path, own)).status == 200


async def test_who_may_read_may_not_write(hooked: Hooked) -> None:
    webhook = (await make(hooked)).json["id"]
    reader = await token_of(hooked, HOST, Scope.WEBHOOKS_READ)
    assert (await get(hooked, f"/{webhook}", reader)).status == 200
    assert (await make(hooked, reader)).problem == (403, "forbidden")
    for each in ("secret", "test", "replay"):
        answer = await ask(hooked, "POST", f"{PATH}/{webhook}/{each}", b"", **reader)
        assert answer.problem == (403, "forbidden")


async def test_a_repeated_post_is_answered_with_the_same_secret_and_makes_one(hooked: Hooked) -> None:
    first, second = [await make(hooked, {"Idempotency_Key": "once"}) for _ in range(2)]
    assert (first.status, first.json) == (second.status, second.json)
    assert hooked.count("webhooks") == 1
    books = b"".join(path.read_bytes() for path in hooked.data.glob("passerelle.db*"))
    assert first.json["secret"].removeprefix("whsec_").encode() not in books


async def test_a_trial_its_delivery_and_a_rotation(hooked: Hooked) -> None:
    async with listening(204) as receiver:
        webhook = (await make(hooked, url=receiver.url)).json
        path = f"{PATH}/{webhook['id']}"
        queued = await ask(hooked, "POST", f"{path}/test", b"", **bearer(hooked))
        assert (queued.status, queued.json["state"], queued.json["attempts"]) == (202, "waiting", 0)
        await hooked.tell()
        assert [heard.id for heard in receiver.heard] == [queued.json["id"]]

        rotated = await ask(hooked, "POST", f"{path}/secret", b"", **bearer(hooked))
        assert rotated.status == 200
        assert rotated.json["secret"] != webhook["secret"]
        again = await ask(hooked, "POST", f"{path}/deliveries/{queued.json['id']}/replay", b"", **bearer(hooked))
        assert (again.status, again.json["state"]) == (202, "waiting")
        await hooked.tell()
    first, second = receiver.heard
    assert (second.id, second.body) == (first.id, first.body)
    assert second.signed_by(webhook["secret"])
    assert second.signed_by(rotated.json["secret"])
    assert first.type == "webhook.test"
    assert first.json["data"] == {"webhook": webhook["id"], "operator": HOST}
    (delivery,) = (await get(hooked, f"/{webhook['id']}/deliveries?state=delivered")).json
    assert (delivery["last_status"], delivery["last_error"], delivery["next_attempt"]) == (204, None, None)


async def test_dead_letters_are_listed_and_replayed(hooked: Hooked) -> None:
    house = hooked
    async with listening(500) as receiver:
        webhook = (await make(house, url=receiver.url)).json["id"]
        events = [
            (await ask(house, "POST", f"{PATH}/{webhook}/test", b"", **bearer(house))).json["id"] for _ in range(3)
        ]
        for pause_s in (*RETRIES_S, 0):
            await house.tell()
            house.clock.advance(pause_s * 1.2)
        failing = (await get(house, f"/{webhook}")).json
        assert failing["failing_since"] == "2027-01-15T08:00:00Z"
        dead = await get(house, f"/{webhook}/deliveries?state=dead&limit=2")
        assert (dead.headers["X-Total-Count"], [each["id"] for each in dead.json]) == ("3", events[:2])
        rest = await get(house, f"/{webhook}/deliveries?state=dead&cursor={dead.headers['X-Next-Cursor']}")
        assert [each["id"] for each in rest.json] == events[2:]
        assert (rest.json[0]["last_status"], rest.json[0]["last_error"], rest.json[0]["attempts"]) == (
            500,
            "status",
            10,
        )
    async with listening(204) as receiver:
        assert (await put(house, webhook, url=receiver.url)).status == 200
        replayed = await ask(house, "POST", f"{PATH}/{webhook}/replay", b"", **bearer(house))
        assert (replayed.status, replayed.json) == (202, {"replayed": 3})
        await house.tell()
        assert sorted(heard.id for heard in receiver.heard) == sorted(events)
    assert (await get(house, f"/{webhook}/deliveries?state=dead")).json == []
    assert (await get(house, f"/{webhook}")).json["failing_since"] is None
    unknown = await ask(house, "POST", f"{PATH}/{webhook}/deliveries/msg_0/replay", b"", **bearer(house))
    assert unknown.problem == (404, "unknown")


async def test_a_paused_webhook_is_neither_tried_nor_replayed(hooked: Hooked) -> None:
    webhook = (await make(hooked)).json["id"]
    await put(hooked, webhook, state="paused")
    for each in ("test", "replay"):
        answer = await ask(hooked, "POST", f"{PATH}/{webhook}/{each}", b"", **bearer(hooked))
        assert answer.problem == (409, "conflict")


async def test_more_webhooks_than_an_operator_may_have_are_a_conflict(hooked: Hooked) -> None:
    operator = OperatorId(HOST)
    token = await token_of(hooked, operator, Role.ADMIN)
    assert {(await make(hooked, token)).status for _ in range(50)} == {201}
    assert (await make(hooked, token)).problem == (409, "conflict")


async def test_what_became_of_deliveries_is_counted(hooked: Hooked) -> None:
    async with listening(500) as receiver:
        webhook = (await make(hooked, url=receiver.url)).json["id"]
        await ask(hooked, "POST", f"{PATH}/{webhook}/test", b"", **bearer(hooked))
        before = (await ask(hooked, "GET", "/metrics")).text
        await hooked.tell()
        await hooked.gateway.count_deliveries()
        after = (await ask(hooked, "GET", "/metrics")).text
    name = 'passerelle_webhook_deliveries_total{result="status"}'
    assert value(after, name) == value(before, name) + 1
    assert value(after, 'passerelle_webhook_deliveries_left{state="waiting"}') == 1
    assert value(after, 'passerelle_webhook_deliveries_left{state="dead"}') == 0


def value(metrics: str, name: str) -> float:
    """A sample's value; 0 for one that is not there yet."""
    lines = [line for line in metrics.splitlines() if line.startswith(name + " ")]
    return float(lines[0].split()[-1]) if lines else 0.0
