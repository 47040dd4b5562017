"""`build`: open the books and the keys of a data directory, and make a `Gateway` of them."""

import os
from collections.abc import Callable

from gateway.adapters.db import open_store
from gateway.application.errors import ConfigurationError
from gateway.compose.clock import Clock
from gateway.compose.gateway import Gateway
from gateway.config import Settings
from gateway.logs import configure as configure_logs
from keys import base64url, files
from keys.faults import NoPassphrase
from keys.ring import Rings


async def build(settings: Settings, clock: Clock, entropy: Callable[[int], bytes], guest: bool = False) -> Gateway:
    """Open the books and the keys of `settings.data`, making both on a first start.

    A `guest` works beside a gateway that runs on the same data, in short transactions, and makes nothing.
    DataInUseError, DataTooNewError, and the closed faults of `keys`.
    """
    configure_logs(settings.log_level)
    _make_data(settings)
    store = await open_store(settings.data, entropy, clock.now_us, guest=guest)
    try:
        rings = _rings(settings, entropy, clock.now_us() // 1_000_000)
        gateway = Gateway(settings, clock, entropy, store, rings)
        gateway.trust.adopt()
    except BaseException:
        await store.close()
        raise
    return gateway


def _make_data(settings: Settings) -> None:
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"setting data (PASSERELLE_DATA): cannot make {settings.data} ({error.strerror}); name a directory that "
            "this account may write"
        ) from error


def _rings(settings: Settings, entropy: Callable[[int], bytes], now_s: int) -> Rings:
    directory = settings.data / "keys"
    if files.has_book(directory):
        return Rings.load(directory, files.read_passphrase(directory, os.environ), entropy)
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        passphrase = files.read_passphrase(directory, os.environ)
    except NoPassphrase:
        passphrase = base64url.encode(entropy(32)).encode()
        files.keep_passphrase(directory, passphrase)
    return Rings.create(directory, passphrase, settings.federation, now_s=now_s, entropy=entropy)
