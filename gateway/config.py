"""Typed settings: from the command line first, then `PASSERELLE_…` in the environment. An unknown key is an error."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.application.errors import ConfigurationError

PREFIX = "PASSERELLE_"
ELSEWHERE = frozenset({"PASSERELLE_KEY_PASSPHRASE", "PASSERELLE_KEY_PASSPHRASE_FILE", "PASSERELLE_REQUIRE_SERVICES"})
"""Names with the prefix that are read by `keys.files` and by the tests, not here."""


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
    """`embedded`, or `mqtt://host:port` of a broker of your own."""
    broker_password: SecretStr = SecretStr("")
    """Password of the account `gateway` on a broker of your own."""
    broker_host: str = "127.0.0.1"
    """Where the embedded broker listens; anything but loopback needs a broker with TLS."""
    broker_port: int = Field(default=0, ge=0, le=65535)
    """Port of the embedded broker; 0 takes any free one."""
    federation: str = Field(default="pw", pattern=r"^[a-z0-9]{1,8}$")
    """The federation's short id, the audience of a pass valid at any member venue."""
    head_every_s: float = Field(default=5, gt=0)
    jobs_every_s: float = Field(default=30, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @field_validator("data")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()


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
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        was = "" if "password" in name else f", not {first['input']!r}"
        raise ConfigurationError(f"setting {name} ({PREFIX}{name.upper()}): {first['msg']}{was}") from None
