"""Zones and services on a command line: `desks=desk`, `salle=meeting_room`."""

from collections.abc import Iterable

import click

from gateway.domain.directory import AntiPassback, Zone
from gateway.domain.ids import ZoneId, slug
from gateway.domain.passes import Service

SERVICES = [service.name.lower() for service in Service if service.name]


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
    """
    name, equals, rest = text.partition("=")
    service, _, passback = rest.partition(",")
    if not equals or service not in SERVICES:
        message = f"{text!r}: write zone=service, where service is one of {', '.join(SERVICES)}"
        raise ValueError(message)
    return Zone(ZoneId(slug(name)), Service[service.upper()], AntiPassback(passback or AntiPassback.SOFT))


def zone_text(zone: Zone) -> str:
    """The zone as `zone_of` reads it; soft anti-passback, the usual, is not said."""
    passback = "" if zone.anti_passback is AntiPassback.SOFT else f",{zone.anti_passback.value}"
    return f"{zone.id}={'+'.join(service_names(zone.service))}{passback}"


def service_names(services: Service) -> list[str]:
    """The names of the services, in the order of their bits."""
    return [service.name.lower() for service in Service if service in services and service.name]


def services_of(names: Iterable[str]) -> Service:
    """The services of these names."""
    services = Service(0)
    for name in names:
        services |= Service[name.upper()]
    return services
