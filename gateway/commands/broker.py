"""`passerelle broker`: a configuration for a Mosquitto of one's own."""

import asyncio
import getpass
import ipaddress
import json
import os
import shlex
import shutil
from pathlib import Path

import click
from cryptography.x509 import (
    DNSName,
    ExtensionNotFound,
    IPAddress,
    SubjectAlternativeName,
    load_pem_x509_certificate,
)

from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.mosquitto_config import ACCOUNTS, CONFIG, Listener, Setup, find_plugin, write
from gateway.adapters.mqtt.passwords import hash_password, new_password
from gateway.application.errors import ConfigurationError
from gateway.commands.books import ENVIRONMENT, data_option, json_option, opened, told
from gateway.compose import system_entropy
from keys.files import read_secret, write_atomic

PASSWORD = "PASSERELLE_BROKER_PASSWORD"  # noqa: S105 - a variable's name
LOOPBACK = "127.0.0.1"

_file = click.Path(path_type=Path, dir_okay=False, exists=True, resolve_path=True)


@click.group("broker")
def broker() -> None:
    """Set up a broker of your own.

    \b
    Example:
      passerelle broker config --out /etc/passerelle/mosquitto
    """


@broker.command()
@data_option
@json_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    help="The broker's own directory, made if it is missing.",
)
@click.option(
    "--listen",
    default=f"{LOOPBACK}:1883",
    show_default=True,
    metavar="HOST:PORT",
    help="Where doors find it. Anything but this machine itself needs --cert and --key.",
)
@click.option("--cert", type=_file, help="TLS: the broker's certificate and its chain, PEM.")
@click.option("--key", type=_file, help="TLS: the certificate's private key, PEM.")
@click.option("--client-ca", type=_file, help="TLS: doors also need a certificate of this authority; needs --local.")
@click.option(
    "--local",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Listen in the clear on this port of 127.0.0.1 as well, for a gateway on the same machine.",
)
@click.option("--ca", type=_file, help="Who signed --cert, for the gateway; only when the system does not know it.")
@click.option(
    "--plugin",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where mosquitto_dynamic_security.so is. [default: where packages put it]",
)
@click.option("--user", help="The account that Mosquitto runs as, e.g. mosquitto. [default: the one you are]")
@click.option("--force", is_flag=True, help="Write over a configuration that is there; stop the broker first.")
@told
def config(data: Path, as_json: bool, out: Path, user: str | None, force: bool, **given: object) -> None:
    """Write a commented configuration for Mosquitto into --out, with an account for the gateway and for each door.

    Doors keep their passwords. The gateway's own is taken from PASSERELLE_BROKER_PASSWORD or drawn, and kept with the
    broker's address in broker.env beside the books, which only you can read. From then on the gateway keeps the
    accounts up to date while the broker runs.

    \b
    Examples:
      passerelle broker config --out mosquitto
      passerelle broker config --out /etc/passerelle/mosquitto --user mosquitto \\
        --listen pass.example:8883 --cert fullchain.pem --key privkey.pem --local 1883
    """
    listeners = _listeners(**given)  # type: ignore[arg-type]
    url = _gateway_url(listeners)
    if (out / CONFIG).exists() and not force:
        raise ConfigurationError(f"{out / CONFIG} is there already; choose another --out, or write over it by --force")
    plugin = given["plugin"]
    setup = Setup(out, listeners, Path(str(plugin)) if plugin else find_plugin(), user or getpass.getuser())
    hashes = asyncio.run(_door_hashes(data))
    environment = data / ENVIRONMENT
    password = _password(environment)
    path = write(setup, hashes | {GATEWAY: hash_password(password, system_entropy)})
    write_atomic(environment, _environment(url, password, given["ca"]).encode())
    handed_over = _hand_over(out, setup.user)
    if as_json:
        files = {"config": str(path), "accounts": str(out / ACCOUNTS), "environment": str(environment.absolute())}
        click.echo(json.dumps(files | {"broker": url, "user": setup.user, "doors": len(hashes)}))
    else:
        _say_what_is_next(path, environment, setup.user, len(hashes), handed_over)


def _listeners(
    listen: str, cert: Path | None, key: Path | None, client_ca: Path | None, local: int | None, **_: object
) -> tuple[Listener, ...]:
    """Where Mosquitto is to listen. ConfigurationError for what would cross a network in the clear."""
    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) <= 65535:  # noqa: PLR2004 - a port
        raise ConfigurationError(f"--listen {listen}: write HOST:PORT, such as 0.0.0.0:8883")
    if bool(cert) != bool(key):
        raise ConfigurationError("--cert and --key belong together; give both")
    if not cert and not _is_loopback(host):
        raise ConfigurationError(
            f"--listen {listen} can be reached from other machines, and without TLS a door's password crosses the "
            "network in the clear; give --cert and --key, or listen on 127.0.0.1"
        )
    if client_ca and not (cert and local):
        raise ConfigurationError("--client-ca: give --cert and --key, and --local for the gateway, which has none")
    outward = Listener(host, int(port), cert, key, client_ca)
    return (outward, Listener(LOOPBACK, local)) if local else (outward,)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _door_hashes(data: Path) -> dict[str, str]:
    """Each door's stored hash by its account's name."""
    async with opened(data) as gateway:
        names = [door.username for door in (await gateway.store.directory()).doors]
        found = {name: await gateway.store.door_credential(name) for name in names}
    return {name: stored for name, stored in found.items() if stored}


def _password(environment: Path) -> str:
    """The gateway's own: as the environment gives it, as it was drawn before, or drawn now."""
    if given := os.environ.get(PASSWORD):
        return given
    if environment.exists():
        lines = dict(line.split("=", 1) for line in read_secret(environment).decode().splitlines() if "=" in line)
        if kept := lines.get(PASSWORD):
            return kept
    return new_password(system_entropy)


def _gateway_url(listeners: tuple[Listener, ...]) -> str:
    """How the gateway reaches it: by the listener on its own machine if there is one."""
    nearest = listeners[-1]
    host = nearest.host
    if nearest.cert and _is_everywhere(host):
        host = _certified_name(nearest.cert)
    host = f"[{host}]" if ":" in host else host
    return f"{'mqtts' if nearest.cert else 'mqtt'}://{host}:{nearest.port}"


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _certified_name(cert: Path) -> str:
    """A name that the certificate holds: by another one the gateway would not believe it."""
    try:
        names = load_pem_x509_certificate(cert.read_bytes()).extensions.get_extension_for_class(SubjectAlternativeName)
    except (ValueError, ExtensionNotFound) as error:
        raise ConfigurationError(f"--cert {cert}: no certificate with a name (subjectAltName) in it") from error
    found = [str(name.value) for name in names.value if isinstance(name, DNSName | IPAddress)]
    usable = [name for name in found if not name.startswith("*")]
    if not usable:
        raise ConfigurationError(f"--cert {cert} names no host; write the host's name in --listen, not an address")
    return usable[0]


def _environment(url: str, password: str, ca: object) -> str:
    lines = {"PASSERELLE_BROKER": url} | ({"PASSERELLE_BROKER_CA": str(ca)} if ca else {})
    if not os.environ.get(PASSWORD):
        lines[PASSWORD] = password
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in lines.items())


def _hand_over(out: Path, user: str) -> bool:
    """Give the broker's files to its account; whether they are its own now."""
    if user == getpass.getuser():
        return True
    try:
        for path in (out, out / CONFIG, out / ACCOUNTS):
            shutil.chown(path, user)
    except (PermissionError, LookupError):
        return False
    return True


def _say_what_is_next(path: Path, environment: Path, user: str, doors: int, handed_over: bool) -> None:
    out, sourced, data = (shlex.quote(str(each)) for each in (path.parent, environment.absolute(), environment.parent))
    steps = [] if handed_over else [f"sudo chown -R {user} {out}    # it must own its files"]
    steps += [
        f"mosquitto -c {shlex.quote(str(path))}    # as {user}, or as root, who becomes {user}",
        f"set -a; . {sourced}; set +a    # where the broker is, and the password: for every command",
        f"passerelle serve --data {data}",
    ]
    click.echo(f"{path}: Mosquitto for the gateway and {doors} door{'' if doors == 1 else 's'}. Now:\n")
    for step in steps:
        click.echo(f"  {step}")
