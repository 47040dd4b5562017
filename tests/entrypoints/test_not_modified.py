"""Whoever holds a sealed object, or a visit, as it stands is told so, and is not sent it again."""

import pytest

from tests.builders import HOST
from tests.entrypoints.http import ask, bearer
from tests.entrypoints.reading import two_stays
from tests.gateways import House


async def test_what_a_partner_holds_already_is_not_sent_again(house: House) -> None:
    stays, token = await two_stays(house), bearer(house)
    for path in (f"/v1/visits/{stays.ended}", f"/v1/charge-records/{HOST}/1", "/v1/statements/1"):
        first = await ask(house, "GET", path, **token)
        tag = first.headers["ETag"]
        held = await ask(house, "GET", path, **token, If_None_Match=tag)
        assert (first.status, held.status, held.headers["ETag"], held.text) == (200, 304, tag, ""), path
        assert (await ask(house, "GET", path, **token, If_None_Match='"0"')).text == first.text


@pytest.mark.parametrize(
    "path", ["/v1/visits/{visit}", "/v1/charge-records/{host}/{number}", "/v1/statements/{statement}"]
)
async def test_the_document_says_so(house: House, path: str) -> None:
    document = (await ask(house, "GET", "/openapi.json")).json
    assert "304" in document["paths"][path]["get"]["responses"]


async def test_the_document_says_what_a_repetition_and_a_list_do_not_tell(house: House) -> None:
    document = (await ask(house, "GET", "/openapi.json")).json
    assert "a ban that was lifted" in document["info"]["description"]
    add_door = document["paths"]["/v1/doors"]["post"]["description"]
    assert "409" in add_door
    assert "/password" in add_door
