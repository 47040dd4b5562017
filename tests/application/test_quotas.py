"""What one operator may put on the books: all that is allowed is taken, one more is refused, and nobody else is."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.application.configure.quotas import MOST_PLANS, MOST_TOKENS, MOST_VENUES, MOST_ZONES
from gateway.application.errors import ConflictError
from gateway.application.mint_token import Minted, TokenOrder
from gateway.domain.access import Scope
from gateway.domain.ids import OperatorId, PlanId, VenueId, ZoneId
from tests import builders
from tests.builders import HOME, HOST, MONTREUIL
from tests.entrypoints.http import ask, bearer
from tests.gateways import House

FILLER = "filler-{}"


async def fill_venues(house: House) -> None:
    held = (await house.gateway.store.directory()).venues.values()
    async with house.gateway.store.writing() as ledger:
        for number in range(MOST_VENUES - sum(venue.operator == HOST for venue in held)):
            await ledger.put_venue(builders.venue(id=VenueId(FILLER.format(number)), operator=HOST))


async def fill_plans(house: House) -> None:
    held = (await house.gateway.store.directory()).plans.values()
    async with house.gateway.store.writing() as ledger:
        for number in range(MOST_PLANS - sum(plan.operator == HOST for plan in held)):
            await ledger.put_plan(builders.plan(operator=HOST, id=PlanId(FILLER.format(number))))


async def fill_zones(house: House) -> None:
    venue = (await house.gateway.store.directory()).venues[MONTREUIL]
    more = [builders.zone(ZoneId(FILLER.format(number))) for number in range(MOST_ZONES - len(venue.zones))]
    await house.gateway.put_venue(replace(venue, zones={**venue.zones, **{zone.id: zone for zone in more}}))


def put_venue(operator: OperatorId, name: str) -> Callable[[House], Awaitable[Any]]:
    return lambda house: house.gateway.put_venue(builders.venue(id=VenueId(name), operator=operator, name="Put"))


def put_plan(operator: OperatorId, name: str) -> Callable[[House], Awaitable[Any]]:
    return lambda house: house.gateway.put_plan(builders.plan(operator=operator, id=PlanId(name), any_hour=True))


def put_zone(venue: VenueId, name: str) -> Callable[[House], Awaitable[Any]]:
    return lambda house: house.gateway.put_zone(venue, builders.zone(ZoneId(name), capacity=3))


QUOTAS = {
    "venues": (
        fill_venues,
        put_venue(HOST, "one-more"),
        f"{MOST_VENUES} venues already",
        [put_venue(HOST, FILLER.format(1)), put_venue(HOME, "another-s")],
    ),
    "plans": (
        fill_plans,
        put_plan(HOST, "one-more"),
        f"{MOST_PLANS} plans already",
        [put_plan(HOST, FILLER.format(1)), put_plan(HOME, "another-s")],
    ),
    "zones": (
        fill_zones,
        put_zone(MONTREUIL, "one-more"),
        f"at most {MOST_ZONES} zones",
        [put_zone(MONTREUIL, FILLER.format(1)), put_zone(builders.LYON, "another-s")],
    ),
}


@pytest.mark.parametrize("kind", QUOTAS)
async def test_what_an_operator_has_is_bounded(house: House, kind: str) -> None:
    fill, one_more, said, allowed = QUOTAS[kind]
    await fill(house)
    before = house.count("events")
    with pytest.raises(ConflictError, match=said):
        await one_more(house)
    assert house.count("events") == before
    for act in allowed:
        await act(house)
    assert house.count("events") == before + len(allowed)


async def test_partners_are_told_of_a_conflict(house: House) -> None:
    await fill_plans(house)
    path, body = f"/v1/operators/{HOST}/plans/one-more", b'{"services": ["desk"]}'
    reply = await ask(house, "PUT", path, body, Content_Type="application/json", **bearer(house))
    assert reply.problem == (409, "conflict")
    assert "200 plans already" in reply.json["detail"]


async def test_tokens_that_count_are_bounded(house: House) -> None:
    gateway = house.gateway

    async def mint(operator: OperatorId | None, expires_us: int | None = None) -> Minted:
        return await gateway.mint_token(TokenOrder(operator, "one", frozenset({Scope.VISITS_READ}), expires_us), "test")

    soon = house.clock.now_us + 60_000_000
    await mint(HOST, soon)
    first = await mint(HOST)
    for _ in range(MOST_TOKENS - 2):
        await mint(HOST)
    with pytest.raises(ConflictError, match=f"{MOST_TOKENS} tokens that count"):
        await mint(HOST)
    # others may: another operator, and the cooperative
    await mint(HOME)
    await mint(None)
    house.clock.advance(60)
    await mint(HOST)
    with pytest.raises(ConflictError):
        await mint(HOST)
    await gateway.revoke_token(first.token.id, "test")
    await mint(HOST)
