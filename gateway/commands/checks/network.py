"""The network: the gateway that runs on these books, and the broker."""

import asyncio
import errno
import socket

import httpx

from gateway.adapters.db.lock import is_held
from gateway.adapters.mqtt.acl import GATEWAY
from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.dynamic_security import DynamicSecurity
from gateway.application.errors import PasserelleError
from gateway.commands.checks.finding import Finding, Patient, fault, fine, warning
from gateway.compose import system_entropy

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
    ailing = [f"{name}: {said}" for name, said in checks.items() if said != "ok"]
    if ailing:
        return fault(f"the gateway at {host}:{port} is not ready: {'; '.join(ailing)}", "See the gateway's own log.")
    return fine(f"runs and is ready at {host}:{port}")


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
        return fine("embedded in the gateway")
    try:
        address = Address.parse(told.broker, GATEWAY, told.broker_password.get_secret_value(), told.broker_ca)
        if told.broker_accounts == "none":
            await _reached(address)
            return fine(f"{told.broker} is there; doors' accounts are made by hand")
        names = await DynamicSecurity(address, system_entropy, PATIENCE_S).names()
    except (PasserelleError, OSError, TimeoutError) as error:
        return fault(
            f"{told.broker}: {str(error) or 'no answer'}",
            "See that the broker runs, that PASSERELLE_BROKER is its address and PASSERELLE_BROKER_PASSWORD the "
            "password of its account gateway ('passerelle broker config' writes both).",
        )
    return fine(f"{told.broker} lets the gateway in, and has accounts of {len(names)} doors")


async def _reached(address: Address) -> None:
    async with asyncio.timeout(PATIENCE_S):
        _, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls)
    writer.close()
