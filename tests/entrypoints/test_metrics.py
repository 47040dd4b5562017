"""`/metrics`: the figures that an operator reads, each on the documented list, and none that tells who is who."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import FRONT, HOME, HOST
from tests.e2e.raw_door import BOOT
from tests.entrypoints.http import ask
from tests.gateways import House

LIST = Path(__file__).parents[2] / "gateway" / "deploy" / "metrics.md"
_ROW = re.compile(r"\| `(passerelle_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|")
_TYPE = re.compile(r"# TYPE (passerelle_\w+) (\w+)")


class Listed(NamedTuple):
    """One line of the documented list, or what stands for it on the page."""

    name: str
    kind: str
    labels: frozenset[str]


def documented() -> set[Listed]:
    """What the list says."""
    rows = _ROW.findall(LIST.read_text())
    return {Listed(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(page: str) -> set[Listed]:
    """What the page shows; labels of counters without a sample yet are read off their declaration."""
    declared = {
        name: frozenset(collector._labelnames)
        for name, collector in REGISTRY._names_to_collectors.items()
        if hasattr(collector, "_labelnames")
    }
    sampled: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            sampled[sample.name] = frozenset(sample.labels)
    found = set()
    for name, kind in _TYPE.findall(page):
        found.add(Listed(name, kind, declared.get(name, sampled.get(name, frozenset()))))
    return found


def value(page: str, name: str, **labels: str) -> float:
    """One sample; 0 when it is not there."""
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return 0


async def scrape(house: House) -> str:
    """The page."""
    reply = await ask(house, "GET", "/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=")
    return reply.text


async def test_the_page_and_the_documented_list_are_the_same(house: House) -> None:
    page = await scrape(house)
    listed, shown = documented(), exposed(page)
    assert len(listed) > 15
    assert {each.name for each in shown} - {each.name for each in listed} == set(), "shown and not documented"
    assert {each.name for each in listed} - {each.name for each in shown} == set(), "documented and not shown"
    assert shown == listed


async def test_a_visit_shows_in_the_figures_and_nobody_is_named(house: House) -> None:
    before = await scrape(house)
    door, person = await house.door(), await house.person()
    await house.walks_in(door, person)
    await door.says(
        "status", b'{"v":1,"online":true,"boot":"%s","at_ms":%d}' % (BOOT.encode(), house.clock.now_us // 1000)
    )
    await ask(house, "GET", f"/v1/status/{HOST}")
    await ask(house, "GET", "/who/knows?token=pwt_secret")
    page = await scrape(house)

    def grew(name: str, **labels: str) -> float:
        return value(page, name, **labels) - value(before, name, **labels)

    assert grew("passerelle_decisions_total", outcome="granted", reason="OK") == 1
    assert grew("passerelle_decision_seconds_count") == 1
    assert grew("passerelle_reports_total", result="taken") == 1
    assert grew("passerelle_http_requests_total", route="/v1/status/{operator}", method="GET", status="200") == 1
    assert grew("passerelle_http_requests_total", route="unmatched", method="GET", status="404") == 1
    assert grew("passerelle_http_request_seconds_count", route="unmatched", method="GET") == 1
    assert value(page, "passerelle_chain_events") == house.count("events")
    assert value(page, "passerelle_doors") == len(house.passwords)
    assert value(page, "passerelle_broker_connected") == value(page, "passerelle_ready") == 1
    assert value(page, "passerelle_trust_expires_timestamp_seconds") > house.clock.now_s
    assert value(page, "passerelle_waiting_scans") == value(page, "passerelle_waiting_reports") == 0
    for secret in (str(person.holder), person.number, FRONT.door, FRONT.venue, HOME, HOST, "pwt_secret", "who/knows"):
        assert f'"{secret}"' not in page
        assert f"/{secret}" not in page


@pytest.mark.parametrize("online", [True, False], ids=["online", "gone"])
async def test_doors_that_say_they_are_online_are_counted(house: House, online: bool) -> None:
    door = await house.door()
    said = b'{"v":1,"online":%s,"boot":"%s","at_ms":%d}'
    at_ms = house.clock.now_us // 1000
    for word in (b"true", b"true" if online else b"false"):
        await door.says("status", said % (word, BOOT.encode(), at_ms))
    await door.scans("PW1:NO PASS")  # on the same connection: what went before has been taken
    assert value(await scrape(house), "passerelle_doors_online") == online


async def test_paths_of_strangers_make_no_new_series(house: House) -> None:
    for number in range(20):
        await ask(house, "GET", f"/made/up/{number}")
        await ask(house, "BREW", f"/v1/status/{number}")
    page = await scrape(house)
    assert "made" not in page
    assert "BREW" not in page
