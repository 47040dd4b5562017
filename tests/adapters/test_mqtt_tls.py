"""TLS to a real Mosquitto: the gateway believes the authority it was told of, for the name it dialled, and no other."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.adapters.mqtt.address import Address
from gateway.adapters.mqtt.dynamic_security import DynamicSecurity
from gateway.adapters.mqtt.link import MqttLink
from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.adapters.mqtt.mosquitto_config import Listener
from gateway.application.errors import BrokerUnavailableError, ConfigurationError
from tests.adapters.broker_contract import FRONT, GATEWAY, PASSWORDS
from tests.adapters.certificates import Authority
from tests.adapters.mqtt_hands import Hand, Place
from tests.adapters.mqtt_places import HOST, set_up

pytestmark = pytest.mark.mosquitto
SCAN = "pw/v1/montreuil/front/scan"


@dataclass(frozen=True)
class Secured:
    """A Mosquitto with a certificate for localhost."""

    authority: Authority
    stranger: Authority
    port: int
    with_client_certificates: int
    local: int


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other", "stranger")
    served = ours.issue("broker", "localhost")
    ports = [free_port(HOST) for _ in range(3)]
    listeners = (
        Listener(HOST, ports[0], served.cert, served.key),
        Listener(HOST, ports[1], served.cert, served.key, client_ca=ours.ca),
        Listener(HOST, ports[2]),
    )
    mosquitto = Mosquitto(set_up(tmp_path / "mosquitto", PASSWORDS, *listeners), HOST, ports[2])
    await mosquitto.start()
    yield Secured(ours, other, *ports)
    await mosquitto.stop()


def link_to(url: str, ca: Path | None) -> MqttLink:
    return MqttLink(
        url,
        GATEWAY,
        lambda *_: None,
        subscriptions={"pw/v1/+/+/scan": 1},
        username=GATEWAY,
        password=PASSWORDS[GATEWAY],
        ca=ca,
    )


async def test_the_gateway_speaks_tls_and_makes_accounts_by_it(secured: Secured) -> None:
    url, ca = f"mqtts://localhost:{secured.port}", secured.authority.ca
    link = link_to(url, ca)
    assert await link.start()
    await link.stop()
    accounts = DynamicSecurity(Address.parse(url, GATEWAY, PASSWORDS[GATEWAY], ca), os.urandom)
    assert FRONT in await accounts.names()


DISBELIEVED = {
    "an authority nobody told of": ("localhost", None),
    "another authority": ("localhost", "stranger"),
    "a name that is not the certificate's": (HOST, "authority"),
}


@pytest.mark.parametrize("case", DISBELIEVED)
async def test_a_broker_is_not_believed(secured: Secured, case: str) -> None:
    host, authority = DISBELIEVED[case]
    ca = None if authority is None else getattr(secured, authority).ca
    link = link_to(f"mqtts://{host}:{secured.port}", ca)
    assert not await link.start(wait_s=0.3)
    assert "CERTIFICATE_VERIFY_FAILED" in link.fault
    await link.stop()
    address = Address.parse(f"mqtts://{host}:{secured.port}", GATEWAY, PASSWORDS[GATEWAY], ca)
    with pytest.raises(BrokerUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        await DynamicSecurity(address, os.urandom).names()


async def test_a_password_is_never_sent_in_the_clear_to_a_listener_with_tls(secured: Secured) -> None:
    link = link_to(f"mqtt://localhost:{secured.port}", None)
    assert not await link.start(wait_s=0.3)
    await link.stop()


@contextlib.contextmanager
def door(secured: Secured, certificate_of: Authority | None) -> Iterator[Hand]:
    """The front door at the listener that asks for certificates."""
    hand = Hand(Place("localhost", secured.with_client_certificates, PASSWORDS), FRONT)
    if certificate_of is None:
        hand.client.tls_set(str(secured.authority.ca))
    else:
        own = certificate_of.issue("front")
        hand.client.tls_set(str(secured.authority.ca), str(own.cert), str(own.key))
    try:
        yield hand.connect()
    finally:
        hand.leave()


CERTIFIED = {"of the authority": ("authority", True), "of another": ("stranger", False), "none": (None, False)}


@pytest.mark.parametrize("case", CERTIFIED)
async def test_a_door_needs_a_certificate_beside_its_password_where_one_is_asked_for(
    secured: Secured, case: str
) -> None:
    name, let_in = CERTIFIED[case]
    authority = None if name is None else getattr(secured, name)

    def comes() -> bool:
        with door(secured, authority) as hand:
            return hand.connected

    assert await asyncio.to_thread(comes) is let_in
    local = link_to(f"mqtt://{HOST}:{secured.local}", None)
    assert await local.start(), "the gateway's own listener asks for none"
    await local.stop()


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for name, told in (("missing.pem", "No such file"), ("empty.pem", "holds no certificate")):
        with pytest.raises(ConfigurationError, match=f"broker_ca: .*{name}.*{told}"):
            Address.parse("mqtts://host", GATEWAY, "x", tmp_path / name)
