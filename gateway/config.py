"""Typed settings: from the command line first, then `PASSERELLE_…` in the environment. An unknown key is an error."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.adapters.webhooks.guard import read_allowed
from gateway.application.errors import ConfigurationError

PREFIX = "PASSERELLE_"
ELSEWHERE = frozenset(
    {
        "PASSERELLE_KEY_PASSPHRASE",
        "PASSERELLE_KEY_PASSPHRASE_FILE",
        "PASSERELLE_REQUIRE_SERVICES",
        "PASSERELLE_SCHEMATHESIS_EXAMPLES",
    }
)
"""Names with the prefix that are read by `keys.files` and by the tests, not here."""
BROKER_FORMS = "write embedded, mqtt://host:port or mqtts://host:port"
REMEDIES = {
    "data": "name a directory",
    "http_host": "write a host name or an address of this machine, such as 127.0.0.1",
    "http_port": "write a whole number from 0 to 65535; 0 takes any free port",
    "public_url": "write the address that doors and partners use, such as https://pass.example",
    "broker": BROKER_FORMS,
    "broker_password": "write the password of the account gateway on your own broker",
    "broker_ca": "name the PEM file of the authority that signed your broker's certificate",
    "broker_accounts": "write dynamic-security, or none when you make doors' accounts by hand",
    "broker_keep_alive_s": "write a whole number of seconds from 1 to 600",
    "broker_host": "write 127.0.0.1, ::1 or localhost",
    "broker_port": "write a whole number from 0 to 65535; 0 takes any free port",
    "federation": "write 1 to 8 small letters or digits, such as pw",
    "head_every_s": "write a number of seconds greater than 0",
    "jobs_every_s": "write a number of seconds greater than 0",
    "root_every_s": "write a number of seconds greater than 0",
    "webhook_allow": "write networks (10.1.0.0/16), addresses or host names, separated by commas",
    "log_level": "write debug, info, warning or error",
}
"""What to write, for each setting."""


class Settings(BaseSettings):
    """What a gateway can be told; each name is also an environment variable, e.g. `PASSERELLE_HTTP_PORT`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Path("passerelle-data")
    """Directory of the database and the keys."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    """0 takes any free port."""
    public_url: str = ""
    """How doors and partners reach this gateway; empty: the address it listens on."""
    broker: str = Field(default="embedded", pattern=r"^(embedded|mqtts?://\S+)$")
    """`embedded`, or `mqtt://host:port` of a broker of your own; its password stands in `broker_password` alone."""
    broker_password: SecretStr = SecretStr("")
    """Password of the account `gateway` on a broker of your own."""
    broker_ca: Path | None = None
    """Who vouches for the certificate of a broker of your own (mqtts), a PEM file; none: the system's authorities."""
    broker_accounts: Literal["dynamic-security", "none"] = "dynamic-security"
    """Who makes doors' accounts on a broker of your own: the gateway through Mosquitto's plugin, or you by hand."""
    broker_keep_alive_s: int = Field(default=10, ge=1, le=600)
    """A broker of your own that says nothing for twice as long is dialled again."""
    broker_host: str = "127.0.0.1"
    """Where the embedded broker listens: on loopback alone, as it speaks no TLS."""
    broker_port: int = Field(default=0, ge=0, le=65535)
    """Port of the embedded broker; 0 takes any free one."""
    federation: str = Field(default="pw", pattern=r"^[a-z0-9]{1,8}$")
    """The federation's short id, the audience of a pass valid at any member venue; counts when keys are first made."""
    head_every_s: float = Field(default=5, gt=0)
    jobs_every_s: float = Field(default=30, gt=0)
    root_every_s: float = Field(default=300, gt=0)
    webhook_allow: str = ""
    """What webhooks may reach beyond public addresses by https: networks, addresses and host names, by commas."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @field_validator("data")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        try:
            return path.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError(f"{error}; name a directory") from None

    @field_validator("broker", mode="before")
    @classmethod
    def _without_account(cls, broker: object) -> object:
        if isinstance(broker, str) and "@" in broker:
            raise ValueError(
                "leave user and password out of the address: the account is gateway, and its password is "
                f"the setting broker_password ({PREFIX}BROKER_PASSWORD)"
            )
        return broker

    @field_validator("broker")
    @classmethod
    def _whole(cls, broker: str) -> str:
        if broker == "embedded":
            return broker
        try:
            parts = urlsplit(broker)
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        if not named or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"{BROKER_FORMS}, not {broker!r}")
        return broker

    @field_validator("webhook_allow")
    @classmethod
    def _allowing(cls, allowed: str) -> str:
        read_allowed(allowed)
        return allowed

    @field_validator("broker_host")
    @classmethod
    def _near(cls, host: str, info: ValidationInfo) -> str:
        if info.data.get("broker") == "embedded" and not _is_loopback(host):
            raise ValueError(
                f"the embedded broker speaks no TLS and listens on 127.0.0.1, ::1 or localhost, not on {host!r}; for "
                "doors on other machines run a broker with TLS and name it by --broker mqtts://host:port"
            )
        return host


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(given: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from what was given and the environment; ConfigurationError names the setting and the fix."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.startswith(PREFIX) and name not in known | ELSEWHERE:
            names = ", ".join(sorted(known))
            raise ConfigurationError(f"{name} is no setting of Passerelle; unset it, or use one of {names}")
    try:
        return Settings(**dict(given))  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(_told(error.errors(include_url=False)[0])) from None


def _told(fault: Any) -> str:
    """What is wrong with a setting, and what to write; no secret."""
    name = ".".join(map(str, fault["loc"]))
    if name not in REMEDIES:
        return f"{name} is no setting of Passerelle; leave it out, or use one of {', '.join(REMEDIES)}"
    where = f"setting {name} ({PREFIX}{name.upper()})"
    if fault["type"] == "value_error":
        return f"{where}: {fault['ctx']['error']}"
    was = "" if "password" in name else f", not {fault['input']!r}"
    return f"{where}: {REMEDIES[name]}{was}"
