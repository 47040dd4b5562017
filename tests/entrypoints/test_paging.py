"""Lists: oldest change first, page by page from a cursor; a broken question is told which parameter is broken."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.access import Scope
from gateway.entrypoints.api.fields import instant, microseconds
from tests.builders import HOME, NOW_US, SECOND
from tests.entrypoints.http import Reply, ask, bearer, token_of
from tests.gateways import ON_SHARED_LOOP, House

PATH = "/v1/tokens"


async def page(house: House, query: str = "") -> Reply:
    """A page of HOME's tokens."""
    return await ask(house, "GET", f"{PATH}?operator={HOME}{query}", **bearer(house))


def ids(reply: Reply) -> list[str]:
    """Whose tokens a page holds."""
    return [each["id"] for each in reply.json]


@ON_SHARED_LOOP
async def test_pages_hold_everything_once_in_the_order_of_change(shared_house: House) -> None:
    house = shared_house
    for _ in range(7):
        await token_of(house, HOME, Scope.VISITS_READ)
    whole = await page(house)
    assert int(whole.headers["X-Total-Count"]) == len(whole.json) >= 7
    assert whole.headers["X-Limit"] == "100"
    assert "Link" not in whole.headers

    read, query = [], "&limit=3"
    while True:
        part = await page(house, query)
        assert part.headers["X-Total-Count"] == whole.headers["X-Total-Count"]
        assert part.headers["X-Limit"] == "3"
        read += ids(part)
        if "Link" not in part.headers:
            break
        address, relation = re.fullmatch(r"<(.+)>; rel=\"next\"", part.headers["Link"]), "next"
        assert address is not None
        assert address[1].startswith(house.gateway.http_url + PATH)
        asked = parse_qs(urlsplit(address[1]).query)
        assert asked == {"operator": [HOME], "limit": ["3"], "cursor": [part.headers["X-Next-Cursor"]]}, relation
        query = f"&limit=3&cursor={part.headers['X-Next-Cursor']}"
    assert read == ids(whole)
    assert part.headers["X-Next-Cursor"] == whole.headers["X-Next-Cursor"]


@ON_SHARED_LOOP
async def test_a_reader_that_keeps_its_cursor_reads_what_changed_and_nothing_else(shared_house: House) -> None:
    house = shared_house
    await token_of(house, HOME, Scope.VISITS_READ)
    first = await page(house)
    cursor = first.headers["X-Next-Cursor"]
    nothing = await page(house, f"&cursor={cursor}")
    assert (nothing.json, nothing.headers["X-Next-Cursor"]) == ([], cursor)
    assert nothing.headers["X-Total-Count"] == first.headers["X-Total-Count"]

    oldest = ids(first)[0]
    await house.gateway.revoke_token(oldest)
    changed = await page(house, f"&cursor={cursor}")
    assert ids(changed) == [oldest], "what changes again comes again"
    assert int(changed.headers["X-Next-Cursor"]) > int(cursor)
    assert ids(await page(house))[-1] == oldest


@ON_SHARED_LOOP
async def test_a_list_without_rows_has_a_cursor_too(shared_house: House) -> None:
    empty = await page(shared_house, "&date_to=2020-01-01T00:00:00Z")
    assert (empty.status, empty.json, empty.headers["X-Total-Count"]) == (200, [], "0")
    assert (empty.headers["X-Next-Cursor"], empty.headers.get("Link")) == ("0", None)


async def test_date_from_is_inclusive_and_date_to_is_not(house: House) -> None:
    made = []
    for _ in range(3):
        house.clock.advance(10)
        made.append((house.clock.now_us, await token_of(house, HOME, Scope.VISITS_READ)))
    (first, _), (second, _), (third, _) = made
    every = ids(await page(house))
    for query, expected in (
        (f"&date_from={instant(second)}", every[1:]),
        (f"&date_from={instant(second + 1)}", every[2:]),
        (f"&date_to={instant(second)}", every[:1]),
        (f"&date_to={instant(second + 1)}", every[:2]),
        (f"&date_from={instant(first)}&date_to={instant(third)}", every[:2]),
        (f"&date_from={instant(third)}&date_to={instant(first)}", []),
        ("&date_from=2026-01-01T01:00:00%2B01:00", every),
    ):
        reply = await page(house, query)
        assert (ids(reply), reply.headers["X-Total-Count"]) == (expected, str(len(expected))), query


BROKEN: dict[str, tuple[str, str]] = {
    "a negative limit": ("limit=-1", "limit"),
    "a limit of none": ("limit=0", "limit"),
    "a limit in words": ("limit=ten", "limit"),
    "a limit with a fraction": ("limit=1.5", "limit"),
    "a limit with a sign": ("limit=%2B5", "limit"),
    "a limit with a space": ("limit=%205", "limit"),
    "a limit in other digits": ("limit=%D9%A3", "limit"),
    "a limit of 5,000 digits": ("limit=" + "9" * 5000, "limit"),
    "no limit after all": ("limit=", "limit"),
    "a limit twice": ("limit=1&limit=2", "limit"),
    "a cursor that is negative": ("cursor=-1", "cursor"),
    "a cursor that is SQL": ("cursor=1%20OR%201=1", "cursor"),
    "a cursor beyond any number": ("cursor=" + "9" * 40, "cursor"),
    "a cursor twice": ("cursor=1&cursor=1", "cursor"),
    "a day without its time": ("date_from=2026-11-23", "date_from"),
    "an instant without its zone": ("date_from=2026-11-23T08:00:00", "date_from"),
    "an instant whose plus was not encoded": ("date_to=2026-11-23T08:00:00+01:00", "date_to"),
    "a thirteenth month": ("date_to=2026-13-01T00:00:00Z", "date_to"),
    "an hour that no day has": ("date_from=2026-11-23T24:00:01Z", "date_from"),
    "the year 0": ("date_from=0000-01-01T00:00:00Z", "date_from"),
    "a date in other digits": ("date_from=%D9%A2026-11-23T08:00:00Z", "date_from"),
    "a broken filter of its own": ("operator=atlas", "operator"),
    "bytes that are no text": ("operator=%FF", "operator"),
    "a zero in it": ("operator=FR*A%00T", "operator"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("query", "parameter"), BROKEN.values(), ids=list(BROKEN))
async def test_a_broken_question_is_told_what_is_broken(shared_house: House, query: str, parameter: str) -> None:
    reply = await ask(shared_house, "GET", f"{PATH}?{query}", **bearer(shared_house))
    assert reply.problem == (400, "bad_request")
    assert reply.json["detail"].startswith(f"query parameter {parameter}: ")
    assert len(reply.json["detail"]) < 200


UNBROKEN = {
    "the largest page": ("limit=1000", "1000"),
    "more than the largest page": ("limit=1001", "1000"),
    "far more": ("limit=999999999999999", "1000"),
    "parameters that nobody knows": ("colour=blue&colour=red&offset=-1", "100"),
    "a cursor of the future": ("cursor=900719925474099", "100"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("query", "limit"), UNBROKEN.values(), ids=list(UNBROKEN))
async def test_what_is_odd_but_means_something_is_answered(shared_house: House, query: str, limit: str) -> None:
    reply = await ask(shared_house, "GET", f"{PATH}?{query}", **bearer(shared_house))
    assert (reply.status, reply.headers["X-Limit"]) == (200, limit)


@ON_SHARED_LOOP
async def test_links_lead_where_partners_reach_the_gateway(shared_house: House) -> None:
    reply = await ask(shared_house, "HEAD", f"{PATH}?limit=1&colour=blue", **bearer(shared_house))
    assert (reply.status, reply.text) == (200, "")
    assert reply.headers["Link"].startswith(f"<{shared_house.gateway.address}{PATH}?limit=1&cursor=")


INSTANTS = {
    "2026-11-23T08:00:00Z": "2026-11-23T08:00:00Z",
    "2026-11-23t08:00:00z": "2026-11-23T08:00:00Z",
    "2026-11-23T09:00:00+01:00": "2026-11-23T08:00:00Z",
    "2026-11-23T08:00:00-00:00": "2026-11-23T08:00:00Z",
    "2026-11-23T08:00:00.5Z": "2026-11-23T08:00:00.500000Z",
    "2026-11-23T08:00:00.123456789Z": "2026-11-23T08:00:00.123456Z",
    "1969-12-31T23:59:59.999999Z": "1969-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
}


@pytest.mark.parametrize(("text", "shown"), INSTANTS.items())
def test_an_instant_is_read_and_shown(text: str, shown: str) -> None:
    assert instant(microseconds(text)) == shown


BEYOND = ("9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01")


@pytest.mark.parametrize("text", BEYOND)
def test_an_instant_that_its_offset_puts_into_no_year_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no such instant"):
        microseconds(text)


@given(st.integers(-(10**15), 10**17))
def test_every_instant_is_read_as_it_was_shown(us: int) -> None:
    assert microseconds(instant(us)) == us


def test_now_is_shown_to_the_second() -> None:
    assert instant(NOW_US // SECOND * SECOND).endswith("Z")
    assert "." not in instant(NOW_US // SECOND * SECOND)
