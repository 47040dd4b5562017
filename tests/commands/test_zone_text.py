"""Zones as a command line writes them: what is shown can be typed again."""

from itertools import combinations

import pytest

from gateway.commands.zone_text import SERVICES, service_names, zone_of, zone_text
from gateway.domain.directory import AntiPassback
from gateway.domain.passes import Service
from gateway.entrypoints.api.service_names import names_of


@pytest.mark.parametrize("passback", AntiPassback)
@pytest.mark.parametrize("count", range(1, len(SERVICES) + 1))
def test_what_is_shown_is_read_back(count: int, passback: AntiPassback) -> None:
    for names in combinations(SERVICES, count):
        zone = zone_of(f"hall={'+'.join(reversed(names))},{passback.value}")
        assert service_names(zone.service) == [*names] == [*names_of(zone.service)]
        assert zone_of(zone_text(zone)) == zone


def test_every_service_has_a_name() -> None:
    assert zone_of(f"hall={'+'.join(SERVICES)}").service == ~Service(0)


@pytest.mark.parametrize(
    "text", ["hall", "hall=", "hall=desk+", "hall=sauna", "hall=desk+sauna", "Hall=desk", "hall=desk,x"]
)
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write zone=service|is not a slug|AntiPassback"):
        zone_of(text)
