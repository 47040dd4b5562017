"""Who may do what: the table of rights, and passwords."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.mqtt.acl import GATEWAY, Rights, door_of, rights_of
from gateway.adapters.mqtt.passwords import hash_password, new_password, verify_password

DOOR = "montreuil.front"
NO_ACCOUNT = ["", ".", "montreuil", "montreuil.", ".front", "montreuil.front.x", "Montreuil.front", "montreuil.+"]
NO_ACCOUNT += ["+.front", "#", "montreuil.#", "montreuil/front", "montreuil./front", "status.front", "trust.front"]
NO_ACCOUNT += ["montreuil.status", "montreuil.front\n", "montreuil.fr\0nt", "gateway.", "a" * 33 + ".b", "ü.front"]
PUBLISHED = {"pw/v1/montreuil/front/scan", "pw/v1/montreuil/front/event", "pw/v1/montreuil/front/status"}
HEARD = {
    "pw/v1/montreuil/front/decision",
    "pw/v1/montreuil/front/ack",
    "pw/v1/montreuil/front/command",
    "pw/v1/montreuil/mode",
    "pw/v1/montreuil/policy",
    "pw/v1/trust",
    "pw/v1/status/+",
    "pw/v1/status/+/head",
    "pw/v1/status/+/delta",
    "pw/v1/status/FR*ATL",
    "pw/v1/status/FR*ATL/head",
    "pw/v1/status/FR*ATL/delta",
}
UNHEARD = [
    "#", "+", "pw/#", "pw/v1/#", "pw/v1/montreuil/#", "pw/v1/montreuil/front/#", "pw/v1/montreuil/front/+",
    "pw/v1/montreuil/+/decision", "pw/v1/+/front/decision", "pw/v1/montreuil/back/decision", "pw/v1/+/mode",
    "pw/v1/brest/mode", "pw/v1/montreuil/front/scan", "pw/v1/montreuil/front/event", "pw/v1/status/#",
    "pw/v1/status/+/+", "pw/v1/status/FR*ATL/scan", "pw/v1/status/fr*atl/head", "pw/v1/status/FR*ATL/head/x",
    "pw/v1/status", "pw/v1/status/", "pw/v1/trust/#", "$SYS/#", "$SYS/broker/version", "",
    "$share/g/pw/v1/montreuil/front/decision", "$share/g/#", " pw/v1/trust", "pw/v1/trust ", "PW/v1/trust",
]  # fmt: skip
OWN_IDS = [DOOR, f"{DOOR}.", f"{DOOR}.agent", f"{DOOR}.a.b"]
OTHERS_IDS = ["", "montreuil.back", "montreuil.frontier", "montreuil", "x" + DOOR, f"{DOOR}.{'x' * 128}", f"{DOOR}.\n"]


def rights(username: str = DOOR) -> Rights:
    found = rights_of(username)
    assert found is not None
    return found


def test_a_door_publishes_its_own_three_topics() -> None:
    assert rights().publishes == PUBLISHED
    assert all(rights().may_publish(topic) for topic in PUBLISHED)


@pytest.mark.parametrize("topic", [*sorted(HEARD), "pw/v1/montreuil/back/scan", "#"])
def test_a_door_publishes_nothing_else(topic: str) -> None:
    assert not rights().may_publish(topic)


@pytest.mark.parametrize("topic_filter", sorted(HEARD))
def test_a_door_subscribes_to_its_own(topic_filter: str) -> None:
    assert rights().may_subscribe(topic_filter)


@pytest.mark.parametrize("topic_filter", UNHEARD)
def test_a_door_subscribes_to_nothing_else(topic_filter: str) -> None:
    assert not rights().may_subscribe(topic_filter)


@given(st.text(alphabet="pwv1/montreuilfrontdecisionbackstatus+#$FR*ATL", max_size=60))
def test_no_other_text_is_a_filter_that_a_door_may_have(topic_filter: str) -> None:
    fixed = topic_filter in HEARD or topic_filter.startswith("pw/v1/status/")
    assert fixed or not rights().may_subscribe(topic_filter)


def test_only_the_status_is_kept_and_may_be_a_will() -> None:
    assert {topic for topic in PUBLISHED | HEARD if rights().may_retain(topic)} == {"pw/v1/montreuil/front/status"}


def test_the_gateway_may_all() -> None:
    gateway = rights(GATEWAY)
    assert gateway.may_publish("pw/v1/trust")
    assert gateway.may_retain("pw/v1/trust")
    assert gateway.may_subscribe("pw/v1/+/+/scan")
    assert gateway.may_connect_as("gateway")
    assert not gateway.may_connect_as(DOOR)


@pytest.mark.parametrize("client_id", OWN_IDS)
def test_a_client_id_that_begins_with_the_account(client_id: str) -> None:
    assert rights().may_connect_as(client_id)


@pytest.mark.parametrize("client_id", OTHERS_IDS)
def test_a_client_id_that_does_not(client_id: str) -> None:
    assert not rights().may_connect_as(client_id)


@pytest.mark.parametrize("username", NO_ACCOUNT)
def test_a_name_that_is_no_account(username: str) -> None:
    assert rights_of(username) is None
    assert door_of(username) is None


def test_a_password_is_the_stored_one_or_not() -> None:
    password = new_password(os.urandom)
    stored = hash_password(password, os.urandom)
    assert len(password) == 43
    assert password not in stored
    assert verify_password(password, stored)
    assert not verify_password(password[:-1], stored)
    assert not verify_password("", stored)
    assert hash_password(password, os.urandom) != stored


MALFORMED = ["", "plain", "$7$", "$7$101$c2FsdA==$", "$7$x$c2FsdA==$aGFzaA==", "$7$-1$c2FsdA==$aGFzaA=="]
MALFORMED += ["$6$101$c2FsdA==$aGFzaA==", "$7$101$!$!", "$7$99999999999$c2FsdA==$" + "A" * 86 + "==", "$7$1$$$"]


@pytest.mark.parametrize("stored", MALFORMED)
def test_a_malformed_hash_lets_nobody_in(stored: str) -> None:
    assert not verify_password("", stored)
    assert not verify_password("plain", stored)


def test_a_password_of_any_text_is_compared() -> None:
    assert not verify_password("\udcff", hash_password("x", os.urandom))
