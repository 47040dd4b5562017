"""Every event that is delivered is what the OpenAPI document's `webhooks` promise."""

import json

import aiohttp
import jsonschema

from gateway.domain.presence import Standing
from gateway.domain.webhooks import EventType
from tests.builders import EXIT, FRONT, HOME, HOST
from tests.hooked import Hooked
from tests.receivers import Receiver


async def document(house: Hooked) -> dict[str, object]:
    """As a stranger fetches it."""
    async with aiohttp.ClientSession() as http, http.get(f"{house.gateway.http_url}/openapi.json") as answer:
        found: dict[str, object] = json.loads(await answer.text())
    return found


async def test_every_kind_of_event_is_as_the_document_says(hooked: Hooked, receiver: Receiver) -> None:
    webhook = await hooked.listens(receiver, HOME)
    await hooked.listens(receiver, HOST, path="/host")
    person, front, way_out = await hooked.person(), await hooked.door(FRONT), await hooked.door(EXIT)
    await hooked.walks_in(front, person)
    await front.reports("forced")
    hooked.clock.advance(3600)
    await hooked.shows(way_out, person)
    await hooked.bill()
    await hooked.gateway.set_pass_standing(person.ref, Standing.REVOKED, "test")
    await hooked.gateway.test_webhook(webhook.webhook.id)
    await hooked.tell()

    told = await document(hooked)
    promised = told["webhooks"]
    assert isinstance(promised, dict)
    assert {heard.type for heard in receiver.heard} == {kind.value for kind in EventType} == promised.keys()
    for heard in receiver.heard:
        body = promised[heard.type]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**body, "components": told["components"]}).validate(heard.json)
