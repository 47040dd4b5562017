"""A door agent put together from its settings; clocks and chance come from the caller."""

from devices.clock import DoorClock
from devices.config import DoorConfig
from devices.event_key import load_event_key
from devices.ids import Entropy
from devices.link import PahoLink
from devices.locks import make_lock
from devices.runner import DoorRunner, MakeLink, Observe


def build_door(
    config: DoorConfig,
    clock: DoorClock,
    entropy: Entropy,
    on_event: Observe = lambda _: None,
    make_link: MakeLink = PahoLink,
    passphrase: bytes | None = None,
) -> DoorRunner:
    """A runner that is ready to start. ConfigFault, JournalFault."""
    key = load_event_key(config.event_key, passphrase)
    return DoorRunner(config, key, make_lock(config.lock), clock, entropy, on_event, make_link)
