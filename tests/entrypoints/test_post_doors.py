"""`POST /v1/doors`: the door that was registered connects with its password, scans, and is believed by its key."""

from typing import Any

import pytest

from gateway.domain.ids import DoorRef
from keys import base64url
from tests.builders import MONTREUIL
from tests.e2e.scene import event_key
from tests.entrypoints.http import post
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/doors"
GARDEN = DoorRef(MONTREUIL, "garden")


def wanted(**changes: Any) -> dict[str, Any]:
    """A request for a new door of Montreuil's desks."""
    body = {"venue": "montreuil", "door": "garden", "zone": "desks", "direction": "in"}
    return {name: value for name, value in (body | changes).items() if value is not None}


async def test_the_door_that_was_registered_opens_and_reports(house: House) -> None:
    key = base64url.encode(event_key(GARDEN).public)
    reply = await post(house, PATH, wanted(open_s=12, event_key=key))
    assert reply.status == 201
    made = reply.json
    assert (made["door"], made["username"]) == ("montreuil/garden", "montreuil.garden")

    house.passwords[made["username"]] = made["password"]
    door = await house.door(GARDEN)
    answer = await house.shows(door, await house.person())
    assert (answer.told, answer.claims.open_s) == (("granted", "OK"), 12)
    await door.reports("opened", answer)


async def test_the_password_is_told_this_once_and_kept_as_a_hash(house: House) -> None:
    password = (await post(house, PATH, wanted())).json["password"]
    assert len(password) == 43
    ((stored,),) = house.rows("SELECT credential_hash FROM doors WHERE id = 'garden'")
    assert stored.startswith("$7$")
    assert password not in stored
    assert password not in house.audit_text()
    assert (await post(house, PATH, wanted(door="cellar"))).json["password"] != password


MISTAKES: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "a venue nobody knows": ({"venue": "atlantis"}, 404, "unknown", "venue atlantis is unknown"),
    "a venue that is no slug": ({"venue": "Montreuil+#"}, 422, "invalid", "is not a slug"),
    "a reserved name": ({"venue": "trust"}, 422, "invalid", "is not a slug"),
    "a door that reaches into another": ({"door": "a/b"}, 422, "invalid", "is not a slug"),
    "a door that is a wildcard": ({"door": "+"}, 422, "invalid", "is not a slug"),
    "a door of 33 characters": ({"door": "x" * 33}, 422, "invalid", "is not a slug"),
    "a door that exists": ({"door": "front"}, 409, "conflict", "door montreuil/front exists already"),
    "a zone nobody knows": ({"zone": "roof"}, 404, "unknown", "zone roof is none of montreuil: desks, meeting"),
    "no direction": ({"direction": None}, 422, "invalid", "direction: "),
    "a direction nobody goes": ({"direction": "up"}, 422, "invalid", "direction: "),
    "open for no time": ({"open_s": 0}, 422, "invalid", "open_s: "),
    "open for an hour": ({"open_s": 3600}, 422, "invalid", "open_s: "),
    "open for ever": ({"open_s": 10**40}, 422, "invalid", "open_s: "),
    "a key cut short": ({"event_key": "AAAA"}, 422, "invalid", "32 bytes in base64url is wanted, not 3"),
    "a key of small order": ({"event_key": base64url.encode(bytes(32))}, 422, "invalid", "the door's key is refused"),
    "a key that is no text": ({"event_key": ["AAAA"]}, 422, "invalid", "event_key: "),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("changes", "status", "code", "words"), MISTAKES.values(), ids=list(MISTAKES))
async def test_a_mistake_is_told_and_no_door_is_made(
    shared_house: House, changes: dict[str, Any], status: int, code: str, words: str
) -> None:
    before = shared_house.count("doors"), shared_house.count("events")
    reply = await post(shared_house, PATH, wanted(**changes))
    assert reply.problem == (status, code)
    assert words in reply.json["detail"]
    assert (shared_house.count("doors"), shared_house.count("events")) == before
