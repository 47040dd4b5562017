"""The network: the gateway that runs on these books, and the broker."""

import asyncio
import errno
import shlex
import socket

import httpx
from gmqtt.mqtt.handler import MQTTError

from gateway.adapters.db.lock import is_held
from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.dynamic_security import DynamicSecurity
from gateway.adapters.mqtt.gmqtt_client import MQTT_5, OneConnection
from gateway.application.errors import PasserelleError
from gateway.commands.books import ENVIRONMENT
from gateway.commands.checks.finding import Finding, Patient, fault, fine, warning
from gateway.compose import system_entropy
from keys import book as books
from keys import files
from keys.faults import Expired, KeyFault
from keys.trust_view import TrustView

PATIENCE_S = 5.0


def http(patient: Patient) -> Finding | None:
    """Whether a gateway runs on these books and answers, or could start."""
    if patient.settings is None or not patient.has_books:
        return None
    host, port = patient.settings.http_host, patient.settings.http_port
    if not is_held(patient.data):
        return _could_start(host, port)
    try:
        answer = httpx.get(f"http://{host}:{port}/readyz", timeout=PATIENCE_S, trust_env=False)
        checks = answer.json()["checks"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return warning(
            f"a gateway runs on these books, and does not answer at {host}:{port} ({type(error).__name__})",
            "If it was started with another address, say the same here: PASSERELLE_HTTP_HOST, PASSERELLE_HTTP_PORT.",
        )
    if not _is_ours(patient, f"http://{host}:{port}"):
        return warning(
            f"a gateway runs on these books, and another one answers at {host}:{port}",
            "Name the address it was started with: PASSERELLE_HTTP_HOST, PASSERELLE_HTTP_PORT.",
        )
    ailing = [f"{name}: {said}" for name, said in checks.items() if said != "ok"]
    if ailing:
        return fault(f"the gateway at {host}:{port} is not ready: {'; '.join(ailing)}", "See the gateway's own log.")
    return fine(f"runs and is ready at {host}:{port}")


def _is_ours(patient: Patient, url: str) -> bool:
    """Whether a gateway there publishes the trust list of these books' roots."""
    try:
        book = books.decode(files.read_book(patient.data / "keys")[0])
        answer = httpx.get(f"{url}/v1/trust", timeout=PATIENCE_S, trust_env=False)
        TrustView.pinned([root.public for root in book.pinned_roots()]).with_trust_list(answer.text, patient.now_s)
    except Expired:
        return True
    except (KeyFault, httpx.HTTPError):
        return False
    return True


def _could_start(host: str, port: int) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return warning(
                    f"no gateway runs on these books, and port {port} is taken by another program",
                    "The gateway would take the next free port; give it one of its own: passerelle serve --http-port",
                )
            return fault(
                f"this machine has no address {host!r} to listen on ({error.strerror})",
                "Set PASSERELLE_HTTP_HOST to an address of this machine, such as 127.0.0.1.",
            )
    return fine(f"none runs on these books; {host}:{port} is free for one")


async def broker(patient: Patient) -> Finding | None:
    """Whether a broker of one's own is there, and takes doors' accounts from us."""
    told = patient.settings
    if told is None:
        return None
    if told.broker == "embedded":
        return _embedded(patient)
    try:
        address = Address.parse(told.broker, GATEWAY, told.broker_password.get_secret_value(), told.broker_ca)
        if told.broker_accounts == "none":
            await _let_in(address)
            return fine(f"{told.broker} lets the gateway in; doors' accounts are made by hand")
        names = await DynamicSecurity(address, system_entropy, PATIENCE_S).names()
    except (PasserelleError, MQTTError, OSError, TimeoutError) as error:
        return fault(
            f"{told.broker}: {str(error) or 'no answer'}",
            "See that the broker runs, that PASSERELLE_BROKER is its address and PASSERELLE_BROKER_PASSWORD the "
            "password of its account gateway ('passerelle broker config' writes both).",
        )
    lacking = _doors(patient) - names
    if lacking:
        door = min(lacking).replace(".", "/", 1)
        many = "1 door, and refuses it" if len(lacking) == 1 else f"{len(lacking)} doors, and refuses them"
        return fault(
            f"{told.broker} has no account of {many}: {', '.join(sorted(lacking)[:3])}",
            f"Give each a password, which makes its account: passerelle doors password {door} --data {patient.quoted}",
        )
    return fine(f"{told.broker} lets the gateway in, and has accounts of {len(names)} doors")


def _embedded(patient: Patient) -> Finding:
    """Fine, unless a broker of one's own was set up and nothing here says so."""
    beside = patient.data / ENVIRONMENT
    if not beside.exists():
        return fine("embedded in the gateway")
    return warning(
        f"embedded in the gateway, although {beside} names a broker of your own",
        f"Read it before every command: set -a; . {shlex.quote(str(beside))}; set +a. Or remove it.",
    )


def _doors(patient: Patient) -> frozenset[str]:
    if not patient.has_books:
        return frozenset()
    with patient.books() as known:
        return frozenset(name for (name,) in known.execute("SELECT venue || '.' || id FROM doors"))


async def _let_in(address: Address) -> None:
    client = OneConnection(f"doctor.{system_entropy(8).hex()}", lambda *_: None, lambda _: None)
    client.set_auth_credentials(address.username, address.password)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await client.connect(address.host, address.port, ssl=address.tls or False, version=MQTT_5)
    finally:
        await client.leave(0.5)
