"""How the tests here read lists, and the books they read: what a roaming member of HOME did at HOST's venue."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from gateway.domain.ids import OperatorId
from tests import builders
from tests.builders import EXIT
from tests.entrypoints.http import Reply, ask
from tests.gateways import House

THIRD = OperatorId("FR*TRI")
"""An operator that is party to nothing."""


async def read(house: House, path: str, headers: dict[str, str], **query: object) -> Reply:
    """GET with a query."""
    return await ask(house, "GET", f"{path}?{urlencode(query)}" if query else path, **headers)


def items(reply: Reply) -> list[dict[str, Any]]:
    """The objects of a list."""
    assert reply.status == 200, reply.text
    found: list[dict[str, Any]] = json.loads(reply.text)
    return found


def table(reply: Reply) -> list[dict[str, str]]:
    """The rows of a CSV answer, by the names in its first line."""
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (200, "text/csv"), reply.text
    return list(csv.DictReader(io.StringIO(reply.text, newline="")))


async def add_third(house: House) -> OperatorId:
    """Admit the operator that is party to nothing."""
    if THIRD not in (await house.gateway.store.directory()).operators:
        await house.gateway.add_operator(builders.operator(THIRD), {})
    return THIRD


@dataclass(frozen=True, slots=True)
class Stays:
    """What happened: one whole stay, billed, and one that goes on."""

    ended: str
    goes_on: str
    holder: str
    shown: str
    """The text that was read at the door; nobody is to see it again."""


async def two_stays(house: House) -> Stays:
    """One person comes, leaves after 50 minutes and is billed; another comes later and stays."""
    front, exit_ = await house.door(), await house.door(EXIT)
    person, other = await house.person(), await house.person()
    shown = person.show(house.clock.now_s)
    answer = await front.scans(shown)
    await front.reports("opened", answer)
    ended = answer.claims.scan
    house.clock.advance(50 * 60)
    await house.shows(exit_, person)
    assert await house.bill() == 1
    goes_on = await house.walks_in(front, other)
    return Stays(ended, goes_on, person.holder, shown)
