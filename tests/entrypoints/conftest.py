"""The running gateway of `tests.gateways`, for every test here."""

from tests.gateways import furnished, house

__all__ = ["furnished", "house"]
