"""Services by their names, as bodies and answers write them."""

from collections.abc import Iterable
from typing import Literal

from gateway.domain.passes import Service

ServiceName = Literal["desk", "meeting_room", "printing", "night"]
_NAMES: dict[Service, ServiceName] = {
    Service.DESK: "desk",
    Service.MEETING_ROOM: "meeting_room",
    Service.PRINTING: "printing",
    Service.NIGHT: "night",
}
_SERVICES: dict[str, Service] = {name: service for service, name in _NAMES.items()}


def services_of(names: Iterable[str]) -> Service:
    """The services of these names together; KeyError for what is none."""
    services = Service(0)
    for name in names:
        services |= _SERVICES[name]
    return services


def names_of(services: Service) -> tuple[ServiceName, ...]:
    """The names of all services that are in it."""
    return tuple(name for service, name in _NAMES.items() if service in services)
