"""What doors and partners fetch: trust list, status lists, key set; with ETag, and nothing behind a token."""

import pytest

from gateway.domain.presence import Standing
from keys import jws
from keys.status_list import TYP
from keys.trust_view import TrustView
from keys.uses import Use
from tests.builders import HOME, HOST
from tests.entrypoints.http import ask
from tests.gateways import ON_SHARED_LOOP, House

LISTS = {
    "the trust list": ("/v1/trust", "application/jwt"),
    "HOST's status list": (f"/v1/status/{HOST}", "application/statuslist+jwt"),
    "HOME's status list, written as a careful client does": ("/v1/status/FR%2ALPO", "application/statuslist+jwt"),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("path", "kind"), LISTS.values(), ids=list(LISTS))
async def test_a_list_is_served_once_and_then_by_its_etag(shared_house: House, path: str, kind: str) -> None:
    first = await ask(shared_house, "GET", path)
    assert (first.status, first.headers["Content-Type"].split(";")[0]) == (200, kind)
    etag = first.headers["ETag"]

    for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await ask(shared_house, "GET", path, If_None_Match=held)
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag), held
    for other in ('"other"', etag.strip('"'), "not an etag"):
        assert (await ask(shared_house, "GET", path, If_None_Match=other)).status == 200, other


@ON_SHARED_LOOP
async def test_a_door_builds_its_whole_view_from_what_is_served(shared_house: House) -> None:
    house = shared_house
    trust = (await ask(house, "GET", "/v1/trust")).text
    view = TrustView.pinned(house.gateway.rings.roots).with_trust_list(trust, house.clock.now_s)
    for operator in (HOST, HOME):
        uri = view.status_uris[operator]
        assert uri == f"{house.gateway.http_url}/v1/status/{operator}"
        status = (await ask(house, "GET", uri.removeprefix(house.gateway.http_url))).text
        assert jws.verify(status, TYP, view.find(Use.STATUS, operator))["sub"] == uri
        view = view.with_status_list(status, house.clock.now_s)
    assert view.version == house.gateway.view.version


async def test_a_revocation_changes_one_etag_and_leaves_the_others(house: House) -> None:
    paths = ("/v1/trust", f"/v1/status/{HOST}", f"/v1/status/{HOME}")
    person = await house.person()
    before = {path: (await ask(house, "GET", path)).headers["ETag"] for path in paths}
    await house.gateway.set_pass_standing(person.ref, Standing.REVOKED, "test")
    await house.gateway.publish_heads()
    after = {path: (await ask(house, "GET", path)).headers["ETag"] for path in paths}
    assert [before[path] == after[path] for path in paths] == [True, True, False]


@ON_SHARED_LOOP
async def test_the_key_set_holds_public_halves_alone(shared_house: House) -> None:
    keys = (await ask(shared_house, "GET", "/v1/jwks")).json["keys"]
    assert len(keys) == 2 * 4 * 2, "two operators, four uses, an active key and the next"
    assert {key["passerelle_use"] for key in keys} == {"pass", "status", "gateway", "partner"}
    assert all("d" not in key for key in keys)
    assert len({key["kid"] for key in keys}) == len(keys)


NOT_THERE = {
    "an operator of another gateway": ("GET", "/v1/status/FR*XXX", 404),
    "an operator that is none": ("GET", "/v1/status/..%2f..%2fetc%2fpasswd", 404),
    "an operator with a zero in it": ("GET", "/v1/status/FR*A%00T", 404),
    "no such page": ("GET", "/v2/trust", 404),
    "a way out of the static folder": ("GET", "/static/..%2f..%2fcompose.py", 404),
    "a list put instead of fetched": ("PUT", "/v1/trust", 405),
    "a key set deleted": ("DELETE", "/v1/jwks", 405),
    "the page deleted": ("DELETE", "/", 405),
}


@ON_SHARED_LOOP
@pytest.mark.parametrize(("method", "path", "status"), NOT_THERE.values(), ids=list(NOT_THERE))
async def test_what_is_not_there_is_a_problem_document(
    shared_house: House, method: str, path: str, status: int
) -> None:
    reply = await ask(shared_house, method, path)
    assert reply.problem == (status, {404: "unknown", 405: "method_not_allowed"}[status])


@ON_SHARED_LOOP
async def test_health_and_metrics_tell_a_monitor_and_no_secret(shared_house: House) -> None:
    house = shared_house
    await house.shows(await house.door(), await house.person())
    assert (await ask(house, "GET", "/healthz")).json == {"status": "ok"}
    assert (await ask(house, "HEAD", "/healthz")).status == 200
    metrics = (await ask(house, "GET", "/metrics")).text
    assert 'passerelle_decisions_total{outcome="granted",reason="OK"}' in metrics
    assert "PW1:" not in metrics
