"""The running gateway of `tests.gateways`, for every test here."""

from tests.entrypoints.everything import scene
from tests.gateways import furnished, house, module_house, shared_house
from tests.hooked import hooked

__all__ = ["furnished", "hooked", "house", "module_house", "scene", "shared_house"]
