"""A door agent put together from its settings; clocks, chance and environment come from the caller."""

import ipaddress
import logging
from collections.abc import Mapping
from types import MappingProxyType

from devices.clock import DoorClock
from devices.config import DoorConfig
from devices.event_key import load_event_key
from devices.ids import Entropy
from devices.link import PahoLink
from devices.locks import make_lock
from devices.runner import DoorRunner, MakeLink, Observe

LOG = logging.getLogger("passerelle.door")


def build_door(
    config: DoorConfig,
    clock: DoorClock,
    entropy: Entropy,
    on_event: Observe = lambda _: None,
    make_link: MakeLink = PahoLink,
    *,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> DoorRunner:
    """A runner, ready to start; `environ` may hold the event key's passphrase. ConfigFault, JournalFault."""
    if not config.broker.tls and not _on_this_machine(config.broker.host):
        LOG.warning("the line to %s is in the clear; use mqtts:// where it leaves the machine", config.broker.host)
    key = load_event_key(config.event_key, environ)
    return DoorRunner(
        config,
        key,
        lock=make_lock(config.lock),
        clock=clock,
        entropy=entropy,
        on_event=on_event,
        make_link=make_link,
    )


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
