"""Conditional requests: what If-Match and If-None-Match let through, and that a write that is refused wrote nothing."""

import pytest

from gateway.application.errors import BadRequestError, PreconditionFailedError
from gateway.entrypoints.api import conditional
from tests.builders import HOST
from tests.entrypoints.http import ask, bearer, post
from tests.gateways import ON_SHARED_LOOP, House

NEITHER = None
WRITES: dict[str, tuple[str | None, str | None, int | None, bool]] = {
    "nothing asked, nothing there": (None, None, None, True),
    "nothing asked, something there": (None, None, 42, True),
    "the tag that it has": ('"42"', None, 42, True),
    "one of several tags": ('"41", "42"', None, 42, True),
    "another tag": ('"41"', None, 42, False),
    "a tag, and nothing there": ('"42"', None, None, False),
    "whatever it is": ("*", None, 42, True),
    "whatever it is, and nothing there": ("*", None, None, False),
    "a weak tag is never strong enough": ('W/"42"', None, 42, False),
    "the star as a tag": ('"*"', None, 42, False),
    "only if there is nothing, and there is nothing": (None, "*", None, True),
    "only if there is nothing, and there is something": (None, "*", 42, False),
    "only if it is not this": (None, '"42"', 42, False),
    "only if it is not this, weakly": (None, 'W/"42"', 42, False),
    "only if it is not that": (None, '"41"', 42, True),
    "both, and both hold": ('"42"', '"41"', 42, True),
    "both, and one does not": ('"42"', "*", 42, False),
}


@pytest.mark.parametrize(("match", "none_match", "current", "goes"), WRITES.values(), ids=list(WRITES))
def test_a_write_goes_through_if_the_object_is_as_its_caller_takes_it_to_be(
    match: str | None, none_match: str | None, current: int | None, goes: bool
) -> None:
    precondition = conditional.read(match, none_match)
    if goes:
        conditional.check(precondition, current)
    else:
        with pytest.raises(PreconditionFailedError):
            conditional.check(precondition, current)


MALFORMED = ["", "42", '"42', '42"', '"4"2"', '"42";', '"42" "43"', ",", '"42",', "w/*", '"é"', '"a\x00"', "*, *"]


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_is_refused_and_never_ignored(header: str) -> None:
    for sent in ((header, None), (None, header)):
        with pytest.raises(BadRequestError, match="entity tags"):
            conditional.read(*sent)


READS: dict[str, tuple[str | None, bool]] = {
    "nothing asked": (None, False),
    "the tag": ('"42"', True),
    "the tag, made weak by a proxy": ('W/"42"', True),
    "among others": ('"1", W/"42"', True),
    "whatever it is": ("*", True),
    "another": ('"41"', False),
    "malformed": ("42", False),
}


@pytest.mark.parametrize(("header", "holds"), READS.values(), ids=list(READS))
def test_a_reader_who_has_it_is_not_sent_it_again(header: str | None, holds: bool) -> None:
    assert conditional.held(header, '"42"') is holds


@ON_SHARED_LOOP
async def test_an_etag_guards_an_object_over_http(shared_house: House) -> None:
    house, headers = shared_house, bearer(shared_house)
    made = await post(house, "/v1/tokens", {"operator": HOST, "name": "guarded", "role": "reader"})
    path = made.headers["Location"]
    shown = await ask(house, "GET", path, **headers)
    etag = shown.headers["ETag"]
    again = await ask(house, "GET", path, If_None_Match=etag, **headers)
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)

    before = house.count("events")
    for wrong in ('"1"', f"W/{etag}"):
        assert (await ask(house, "DELETE", path, If_Match=wrong, **headers)).problem == (412, "precondition_failed")
    assert (await ask(house, "DELETE", path, If_None_Match="*", **headers)).problem == (412, "precondition_failed")
    assert (await ask(house, "DELETE", path, If_Match="1", **headers)).problem == (400, "bad_request")
    assert house.count("events") == before
    assert (await ask(house, "GET", path, **headers)).headers["ETag"] == etag

    assert (await ask(house, "DELETE", path, If_Match=etag, **headers)).status == 204
    changed = await ask(house, "GET", path, If_None_Match=etag, **headers)
    assert (changed.status, changed.headers["ETag"] != etag) == (200, True)
