"""The broker contract, held by the embedded broker and by Mosquitto with our configuration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.broker_contract import DECISION, FRONT, GATEWAY, PASSWORDS, BrokerContract
from tests.adapters.mqtt_hands import Hands, hands_at
from tests.adapters.mqtt_places import LoopThread, embedded_place, mosquitto_place


@pytest.fixture(scope="module")
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


class TestEmbedded(BrokerContract):
    """Held by the broker inside the gateway."""

    @pytest.fixture
    def hands(self, thread: LoopThread) -> Iterator[Hands]:
        with embedded_place(thread, PASSWORDS) as (place, _), hands_at(place) as hands:
            yield hands

    def test_a_door_with_a_taken_client_id_does_not_disturb_its_owner(self, hands: Hands) -> None:
        owner = hands(FRONT).subscribe(DECISION)
        hands("montreuil.back", client_id=FRONT)
        hands(GATEWAY).publish(DECISION, b"still there")
        assert owner.hears(DECISION, b"still there")


@pytest.mark.mosquitto
class TestMosquitto(BrokerContract):
    """Held by Mosquitto."""

    @pytest.fixture
    def hands(self, thread: LoopThread, tmp_path: Path) -> Iterator[Hands]:
        with mosquitto_place(thread, tmp_path, PASSWORDS) as place, hands_at(place) as hands:
            yield hands
