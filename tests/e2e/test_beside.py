"""What a command beside a running gateway does counts there, and nothing that it does not know is written down."""

import json

from gateway.compose import build, system_entropy
from gateway.domain.directory import Operator
from gateway.domain.ids import OperatorId
from keys import base64url
from tests.gateways import House

NEW = OperatorId("DE*DUP")


async def test_an_operator_added_beside_is_listed_where_the_gateway_listens(house: House) -> None:
    guest = await build(house.settings(), house.clock.clock(), system_entropy, guest=True)
    try:
        await guest.add_operator(Operator(NEW, "Doppelt"), {})
    finally:
        await guest.close()
    house.clock.advance(1)
    await house.gateway.publish_heads()

    assert house.gateway.status_list(NEW) is not None
    listed = json.loads(base64url.decode(house.gateway.trust_list().split(".")[1]))
    assert listed["operators"][NEW]["status"] == f"{house.gateway.http_url}/v1/status/{NEW}"
