"""Zones and services on a command line: `desks=desk`, `salle=meeting_room`."""

from typing import get_args

import click

from gateway.domain.directory import AntiPassback, Zone
from gateway.domain.ids import ZoneId, slug
from gateway.domain.passes import Service
from gateway.entrypoints.api.service_names import ServiceName, names_of, services_of

__all__ = ["SERVICES", "given_zone", "service_names", "services_of", "zone_of", "zone_text"]

SERVICES: list[str] = [*get_args(ServiceName)]


def given_zone(text: str) -> Zone:
    """An option's value, for `click.option(type=…)`; what is wrong is told as click tells it."""
    try:
        return zone_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def zone_of(text: str) -> Zone:
    """Read `zone=service`, or `zone=service,hard` with its anti-passback; ValueError says how it is written.

    >>> zone_text(zone_of("desks=desk"))
    'desks=desk'
    >>> zone_text(zone_of("hall=printing+desk,hard"))
    'hall=desk+printing,hard'
    """
    name, equals, rest = text.partition("=")
    offered, _, passback = rest.partition(",")
    services = offered.split("+")
    if not equals or not set(services) <= set(SERVICES):
        message = f"{text!r}: write zone=service, where service is one of {', '.join(SERVICES)}, or several: desk+night"
        raise ValueError(message)
    return Zone(ZoneId(slug(name)), services_of(services), AntiPassback(passback or AntiPassback.SOFT))


def zone_text(zone: Zone) -> str:
    """The zone as `zone_of` reads it; soft anti-passback, the usual, is not said."""
    passback = "" if zone.anti_passback is AntiPassback.SOFT else f",{zone.anti_passback.value}"
    return f"{zone.id}={'+'.join(service_names(zone.service))}{passback}"


def service_names(services: Service) -> list[str]:
    """The names of the services, in the order of their bits."""
    return [*names_of(services)]
