"""The running gateway of `tests.gateways`, and a data directory to be served by a process, for every test here."""

from tests.e2e.served import installed
from tests.gateways import furnished, house, module_house, shared_house
from tests.hooked import hooked, receiver

__all__ = ["furnished", "hooked", "house", "installed", "module_house", "receiver", "shared_house"]
