"""What every broker that doors connect to must hold to, told only by what a client receives.

Return codes prove nothing: brokers acknowledge what they then drop. So each test of something forbidden ends
with a message that is allowed and comes after it; when that one has arrived, the forbidden one would have.
"""

import time

import pytest

from tests.adapters.mqtt_hands import Hand, Hands, Will

FRONT = "montreuil.front"
BACK = "montreuil.back"
FAR = "brest.quay"
GATEWAY = "gateway"
USERNAMES = (GATEWAY, FRONT, BACK, FAR)
PASSWORDS = {username: f"secret of {username}" for username in USERNAMES}


def topic(username: str, leaf: str) -> str:
    return f"pw/v1/{username.replace('.', '/')}/{leaf}"


DECISION = topic(FRONT, "decision")
OWN = {
    "its decision": (DECISION, DECISION),
    "its ack": (topic(FRONT, "ack"), topic(FRONT, "ack")),
    "its command": (topic(FRONT, "command"), topic(FRONT, "command")),
    "its venue's mode": ("pw/v1/montreuil/mode", "pw/v1/montreuil/mode"),
    "its venue's policy": ("pw/v1/montreuil/policy", "pw/v1/montreuil/policy"),
    "the trust list": ("pw/v1/trust", "pw/v1/trust"),
    "every status head": ("pw/v1/status/+/head", "pw/v1/status/FR*ATL/head"),
    "every status delta": ("pw/v1/status/+/delta", "pw/v1/status/FR*ATL/delta"),
    "one operator's status head": ("pw/v1/status/FR*ATL/head", "pw/v1/status/FR*ATL/head"),
}
EAVESDROPPING = {
    "another's decision": DECISION,
    "another's ack": topic(FRONT, "ack"),
    "another's command": topic(FRONT, "command"),
    "another's scan": topic(FRONT, "scan"),
    "another's event": topic(FRONT, "event"),
    "another's status": topic(FRONT, "status"),
    "everything": "#",
    "everything of ours": "pw/v1/#",
    "any venue": "pw/v1/+/front/decision",
    "any door": "pw/v1/montreuil/+/decision",
    "any leaf": "pw/v1/montreuil/front/+",
    "five plus signs": "+/+/+/+/+",
    "a shared subscription": f"$share/x/{DECISION}",
    "everything, shared": "$share/x/#",
    "the gateway's group": "$share/gateway/pw/v1/+/+/scan",
    "the broker itself": "$SYS/#",
}
FORGERY = {
    "another's decision": DECISION,
    "another's ack": topic(FRONT, "ack"),
    "another's command": topic(FRONT, "command"),
    "its venue's mode": "pw/v1/montreuil/mode",
    "its venue's policy": "pw/v1/montreuil/policy",
    "the trust list": "pw/v1/trust",
    "a status head": "pw/v1/status/FR*ATL/head",
    "a status delta": "pw/v1/status/FR*ATL/delta",
}
SPEAKING_FOR_ANOTHER = ("scan", "event", "status")
STRANGERS = {
    "a wrong password": (BACK, "guess"),
    "an empty password": (BACK, ""),
    "no user": ("", None),
    "an unknown door": ("montreuil.cellar", "secret of montreuil.cellar"),
    "the gateway's name": (GATEWAY, "guess"),
    "a plus for a venue": ("+.front", "guess"),
    "a plus for a door": ("montreuil.+", "guess"),
    "pluses": ("+.+", "guess"),
    "a hash": ("#", "guess"),
    "a hash for a door": ("montreuil.#", "guess"),
    "a slash": ("montreuil/front", "guess"),
}


class BrokerContract:
    """The suite; a subclass provides the fixture `hands`."""

    def front(self, hands: Hands) -> Hand:
        """The door that is attacked, listening to all that is its own."""
        return hands(FRONT).subscribe(*(topic_filter for topic_filter, _ in OWN.values()))

    def gateway(self, hands: Hands) -> Hand:
        return hands(GATEWAY).subscribe("pw/v1/+/+/scan", "pw/v1/+/+/event", "pw/v1/+/+/status")

    @pytest.mark.parametrize("case", OWN)
    @pytest.mark.parametrize("qos", [0, 1])
    def test_a_door_hears_what_is_meant_for_it(self, hands: Hands, case: str, qos: int) -> None:
        topic_filter, sent_to = OWN[case]
        door = hands(FRONT).subscribe(topic_filter)
        hands(GATEWAY).publish(sent_to, b"yours", qos=qos)
        assert door.hears(sent_to, b"yours")

    @pytest.mark.parametrize("leaf", ["scan", "event", "status"])
    def test_the_gateway_hears_a_door(self, hands: Hands, leaf: str) -> None:
        gateway = self.gateway(hands)
        hands(FRONT).publish(topic(FRONT, leaf), b"hello")
        assert gateway.hears(topic(FRONT, leaf), b"hello")

    @pytest.mark.parametrize("case", EAVESDROPPING)
    def test_an_eavesdropper_hears_nothing(self, hands: Hands, case: str) -> None:
        door, gateway = self.front(hands), self.gateway(hands)
        thief = hands(BACK).subscribe(EAVESDROPPING[case], topic(BACK, "decision"))
        door.publish(topic(FRONT, "scan"), b"my scan")
        assert gateway.hears(topic(FRONT, "scan"), b"my scan")
        for leaf in ("decision", "ack", "command"):
            gateway.publish(topic(FRONT, leaf), b"not for you")
        gateway.publish(topic(BACK, "decision"), b"for you")
        assert door.hears(topic(FRONT, "command"), b"not for you")
        assert not thief.connected or thief.hears(topic(BACK, "decision"), b"for you")
        assert set(thief.payloads()) <= {b"for you"}

    def test_another_venues_mode_is_not_heard(self, hands: Hands) -> None:
        far = hands(FAR).subscribe("pw/v1/montreuil/mode", "pw/v1/brest/mode")
        gateway = hands(GATEWAY)
        gateway.publish("pw/v1/montreuil/mode", b"theirs").publish("pw/v1/brest/mode", b"ours")
        assert far.hears("pw/v1/brest/mode", b"ours")
        assert far.payloads() == [b"ours"]

    @pytest.mark.parametrize("case", FORGERY)
    @pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
    def test_a_forger_is_not_heard(self, hands: Hands, case: str, retain: bool) -> None:
        door, gateway = self.front(hands), self.gateway(hands)
        hands(BACK).publish(FORGERY[case], b"forged", retain=retain)
        assert self.after(hands, gateway, door) == [b"true"]
        assert self.newcomer_hears(hands, gateway) == [b"true"]

    @pytest.mark.parametrize("leaf", SPEAKING_FOR_ANOTHER)
    def test_a_door_cannot_speak_for_another(self, hands: Hands, leaf: str) -> None:
        gateway = self.gateway(hands)
        hands(BACK).publish(topic(FRONT, leaf), b"forged")
        hands(BACK).publish(topic(BACK, "scan"), b"own")
        assert gateway.hears(topic(BACK, "scan"), b"own")
        assert b"forged" not in gateway.payloads()

    @pytest.mark.parametrize("case", FORGERY)
    @pytest.mark.parametrize("retain", [False, True], ids=["live", "retained"])
    def test_a_will_on_anothers_topic_is_not_heard(self, hands: Hands, case: str, retain: bool) -> None:
        door, gateway = self.front(hands), self.gateway(hands)
        hands(BACK, will=Will(FORGERY[case], b"forged", retain)).cut()
        hands(FAR, will=Will(topic(FAR, "status"), b"gone")).cut()
        assert gateway.hears(topic(FAR, "status"), b"gone")
        assert self.after(hands, gateway, door) == [b"true"]
        assert self.newcomer_hears(hands, gateway) == [b"true"]

    def test_a_will_cannot_speak_for_another(self, hands: Hands) -> None:
        gateway = self.gateway(hands)
        hands(BACK, will=Will(topic(FRONT, "status"), b"forged", True)).cut()
        hands(FAR, will=Will(topic(FAR, "status"), b"gone")).cut()
        assert gateway.hears(topic(FAR, "status"), b"gone")
        assert b"forged" not in gateway.payloads()

    def test_a_doors_own_will_is_heard_and_kept(self, hands: Hands) -> None:
        gateway = self.gateway(hands)
        hands(FRONT, will=Will(topic(FRONT, "status"), b"gone", True)).cut()
        assert gateway.hears(topic(FRONT, "status"), b"gone")
        later = hands(GATEWAY, client_id="gateway.later").subscribe("pw/v1/+/+/status")
        assert later.hears(topic(FRONT, "status"), b"gone")

    def test_a_door_that_leaves_properly_leaves_no_will(self, hands: Hands) -> None:
        gateway = self.gateway(hands)
        hands(FRONT, will=Will(topic(FRONT, "status"), b"gone")).leave()
        hands(BACK).publish(topic(BACK, "scan"), b"after")
        assert gateway.hears(topic(BACK, "scan"), b"after")
        assert b"gone" not in gateway.payloads()

    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_a_taken_client_id_brings_no_queued_command(self, hands: Hands, clean: bool) -> None:
        owner = hands(FRONT, clean=False).subscribe(topic(FRONT, "command"))
        owner.cut()
        hands(GATEWAY).publish(topic(FRONT, "command"), b"unlock")
        thief = hands(BACK, client_id=FRONT, clean=clean)
        self.hears_only_its_own(hands, thief)

    @pytest.mark.parametrize("clean", [True, False], ids=["clean", "kept"])
    def test_a_taken_client_id_brings_no_live_decision(self, hands: Hands, clean: bool) -> None:
        hands(FRONT, clean=False).subscribe(DECISION)
        thief = hands(BACK, client_id=FRONT, clean=clean)
        hands(GATEWAY).publish(DECISION, b"not for you")
        self.hears_only_its_own(hands, thief)

    def test_a_squatted_client_id_does_not_keep_its_owner_out(self, hands: Hands) -> None:
        hands(BACK, client_id=FRONT)
        owner = hands(FRONT).subscribe(DECISION)
        hands(GATEWAY).publish(DECISION, b"welcome")
        assert owner.hears(DECISION, b"welcome")

    def test_a_stranger_with_a_taken_client_id_disturbs_nobody(self, hands: Hands) -> None:
        door = self.front(hands)
        hands(FRONT, password="guess")
        hands("", client_id=FRONT)
        hands(GATEWAY).publish(DECISION, b"still there")
        assert door.hears(DECISION, b"still there")

    @pytest.mark.parametrize("case", STRANGERS)
    def test_a_stranger_hears_and_says_nothing(self, hands: Hands, case: str) -> None:
        username, password = STRANGERS[case]
        door, gateway = self.front(hands), self.gateway(hands)
        stranger = hands(username, password=password, client_id=username or "nobody")
        stranger.subscribe(DECISION, "#", topic(BACK, "decision"))
        stranger.publish(DECISION, b"forged")
        assert self.after(hands, gateway, door) == [b"true"]
        assert stranger.heard == []

    def test_a_publisher_and_a_subscriber_act_as_one_door(self, hands: Hands) -> None:
        gateway = self.gateway(hands)
        listening = hands(FRONT, client_id=f"{FRONT}.in").subscribe(DECISION)
        speaking = hands(FRONT, client_id=f"{FRONT}.out").publish(topic(FRONT, "scan"), b"hello")
        assert gateway.hears(topic(FRONT, "scan"), b"hello")
        gateway.publish(DECISION, b"welcome")
        assert listening.hears(DECISION, b"welcome")
        assert speaking.connected
        assert listening.connected

    def test_the_newer_of_one_doors_connections_wins(self, hands: Hands) -> None:
        older = hands(FRONT).subscribe(DECISION)
        newer = hands(FRONT).subscribe(DECISION)
        hands(GATEWAY).publish(DECISION, b"welcome")
        assert newer.hears(DECISION, b"welcome")
        assert older.heard == []

    def test_too_large_a_message_is_dropped_and_the_next_is_served(self, hands: Hands) -> None:
        gateway = self.gateway(hands)
        door = hands(FRONT)
        door.publish(topic(FRONT, "scan"), b"x" * 8193).publish(topic(FRONT, "scan"), b"y" * 8192)
        assert gateway.hears(topic(FRONT, "scan"), b"y" * 8192)
        assert [payload[:1] for payload in gateway.payloads()] == [b"y"]

    def test_a_retained_mode_reaches_a_door_that_comes_later(self, hands: Hands) -> None:
        gateway = hands(GATEWAY).publish("pw/v1/montreuil/mode", b"lockdown", retain=True)
        door = hands(FRONT).subscribe("pw/v1/montreuil/mode")
        assert door.hears("pw/v1/montreuil/mode", b"lockdown")
        gateway.publish("pw/v1/montreuil/mode", b"", retain=True)
        assert hands(BACK).subscribe("pw/v1/montreuil/mode").heard == []

    def test_a_newcomer_hears_nothing_it_did_not_ask_for(self, hands: Hands) -> None:
        self.gateway(hands)
        hands(FRONT).publish(topic(FRONT, "status"), b"my status", retain=True)
        newcomer = hands(BACK)
        self.hears_only_its_own(hands, newcomer)

    def test_a_thousand_scans_arrive_in_order(self, hands: Hands) -> None:
        gateway, door = self.gateway(hands), hands(FRONT)
        for number in range(1000):
            door.client.publish(topic(FRONT, "scan"), b"%d" % number, 1)
        assert gateway.hears(topic(FRONT, "scan"), b"999")
        assert gateway.payloads() == [b"%d" % number for number in range(1000)]

    def after(self, hands: Hands, gateway: Hand, door: Hand) -> list[bytes]:
        """What the attacked door has heard by the time that a true message, sent last, has reached it."""
        hands(FAR).publish(topic(FAR, "scan"), b"pass on")
        assert gateway.hears(topic(FAR, "scan"), b"pass on")
        gateway.publish(DECISION, b"true")
        assert door.hears(DECISION, b"true")
        return door.payloads()

    def newcomer_hears(self, hands: Hands, gateway: Hand) -> list[bytes]:
        """What a door hears that comes only now: what was retained, and then a true message."""
        newcomer = hands(FRONT, client_id=f"{FRONT}.new")
        newcomer.subscribe(*(topic_filter for topic_filter, _ in OWN.values()))
        gateway.publish(DECISION, b"true")
        assert newcomer.hears(DECISION, b"true")
        return newcomer.payloads()

    def hears_only_its_own(self, hands: Hands, thief: Hand) -> None:
        """The client has heard nothing so far, nor does it until its own message."""
        thief.subscribe(topic(BACK, "decision"))
        hands(GATEWAY, client_id="gateway.last").publish(topic(BACK, "decision"), b"for you")
        if thief.connected:
            assert thief.hears(topic(BACK, "decision"), b"for you")
        else:
            time.sleep(0.05)
        assert set(thief.payloads()) <= {b"for you"}
