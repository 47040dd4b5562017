"""Where a broker is, and how its certificate is checked."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.application.errors import ConfigurationError

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORMS = "broker: write mqtt://host:port or mqtts://host:port"


@dataclass(frozen=True, slots=True)
class Address:
    """A broker and who we are there. `tls` is None in the clear."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, url: str, username: str, password: str, ca: Path | None = None) -> "Address":
        """Read ``mqtt://host:port`` or ``mqtts://host:port``; an account in it is refused: passwords stand apart.

        `ca` is the PEM file of who vouches for the broker's certificate; None trusts the system's authorities.
        ConfigurationError says what is wrong, and never a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise ConfigurationError(_FORMS) from None
        if not parts.hostname:
            raise ConfigurationError(_FORMS)
        if "@" in parts.netloc:
            raise ConfigurationError(f"{_FORMS}, without an account: its password is a setting of its own")
        return cls(parts.hostname, port, username, password, _context(ca) if parts.scheme == "mqtts" else None)


def _context(ca: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, the broker's name checked against its certificate."""
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except ssl.SSLError:
        raise ConfigurationError(f"broker_ca: {ca} holds no certificate; name a PEM file of the authority") from None
    except OSError as error:
        raise ConfigurationError(f"broker_ca: {ca}: {error.strerror}; name a PEM file that can be read") from None
