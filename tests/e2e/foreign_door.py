"""A door by a stranger who has read `/asyncapi.json` and nothing else: mosquitto_sub, mosquitto_pub, one key.

A program of its own: settings come as JSON on standard input, what happened goes as JSON to standard output. It uses
the standard library and `cryptography`. Topics, QoS, retain, message types and the forms of fields are read from
the document; what its words ask of a door is what the methods below do.
"""

import base64
import hashlib
import json
import queue
import re
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Json = dict[str, Any]
PATIENCE_S = 8.0


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sha256(text: str) -> str:
    """base64url of SHA-256 over the text's UTF-8."""
    return b64(hashlib.sha256(text.encode()).digest())


def fetch(url: str) -> Json:
    """A JSON document over HTTP."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - the address it was given
        value: Json = json.load(answer)
    return value


class Paper:
    """The AsyncAPI document, as far as a door needs it."""

    def __init__(self, document: Json, places: dict[str, str]) -> None:
        self._document = document
        self._places = places
        self._operations = {
            each["channel"]["$ref"].rpartition("/")[2]: each for each in document["operations"].values()
        }

    @property
    def broker(self) -> tuple[str, str]:
        """Host and port."""
        server = self._document["servers"]["broker"]
        host, _, port = server["host"].rpartition(":")
        assert server["protocol"] == "mqtt"
        return host.strip("[]"), port

    def topic(self, channel: str) -> str:
        """The channel's topic for this door."""
        address: str = self._document["channels"][channel]["address"]
        return address.format_map(self._places)

    def delivery(self, channel: str) -> tuple[int, bool]:
        """QoS and retain."""
        mqtt = self._operations[channel]["bindings"]["mqtt"]
        return int(mqtt["qos"]), bool(mqtt["retain"])

    def seal(self, channel: str) -> Json:
        """How the channel's message is signed."""
        seal: Json = self._message(channel)["x-jws"]
        return seal

    def check(self, channel: str, value: Json) -> None:
        """Fail unless the payload, or the claims of a sealed one, have the promised form."""
        payload = self._message(channel)["payload"]
        self._check(payload.get("contentSchema", payload), value, channel)

    def _message(self, channel: str) -> Json:
        (reference,) = self._operations[channel]["messages"]
        return self._follow(reference)

    def _follow(self, node: Json) -> Json:
        while "$ref" in node:
            place: Any = self._document
            for step in node["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            node = place
        return node

    def _check(self, schema: Json, value: Any, where: str) -> None:
        schema = self._follow(schema)
        assert value == schema.get("const", value), f"{where}: {value!r}"
        assert value in schema.get("enum", [value]), f"{where}: {value!r}"
        if isinstance(value, str):
            assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}"
        if isinstance(value, dict):
            assert set(schema.get("required", ())) <= value.keys(), f"{where}: {sorted(value)}"
            for name, inner in schema.get("properties", {}).items():
                if name in value and "anyOf" not in inner:
                    self._check(inner, value[name], f"{where}.{name}")


class Line:
    """The broker, by mosquitto_sub as `{venue}.{door}` and mosquitto_pub as the same with a suffix."""

    def __init__(self, paper: Paper, username: str, password: str, will: Json) -> None:
        self._paper = paper
        self._heard: queue.Queue[tuple[str, str]] = queue.Queue()
        host, port = paper.broker
        self._where = ["-V", "311", "-h", host, "-p", port, "-u", username, "-P", password]
        self._username = username
        qos, retain = paper.delivery("status")
        words = ["mosquitto_sub", *self._where, "-i", username, "-q", "1", "-F", "%t %p"]
        words += ["--will-topic", paper.topic("status"), "--will-payload", json.dumps(will), "--will-qos", str(qos)]
        words += ["--will-retain"] if retain else []
        for channel in ("decision", "ack", "trustHead"):
            words += ["-t", paper.topic(channel)]
        self._sub = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def publish(self, channel: str, payload: str) -> None:
        """Publish as the document says. Its exit code tells nothing of rights; what comes back does."""
        qos, retain = self._paper.delivery(channel)
        words = ["mosquitto_pub", *self._where, "-i", f"{self._username}.pub", "-q", str(qos), "-s"]
        words += ["-t", self._paper.topic(channel), *(["-r"] if retain else [])]
        subprocess.run(words, input=payload, text=True, timeout=PATIENCE_S, check=False)

    def next(self, channel: str, until_s: float) -> str:
        """The next message of a channel; queue.Empty when none comes. Those of others are passed over."""
        while True:
            topic, payload = self._heard.get(timeout=max(0.001, until_s - time.monotonic()))
            if topic == self._paper.topic(channel):
                return payload

    def close(self) -> None:
        """Leave."""
        self._sub.terminate()
        self._sub.wait(PATIENCE_S)

    def _listen(self) -> None:
        assert self._sub.stdout is not None
        for line in self._sub.stdout:
            topic, _, payload = line.rstrip("\n").partition(" ")
            self._heard.put((topic, payload))


class Door:
    """What the document asks of a door."""

    def __init__(self, settings: Json) -> None:
        places = {"venue": settings["venue"], "door": settings["door"]}
        self.paper = Paper(fetch(settings["document"]), places)
        self._jwks = urljoin(settings["document"], "/v1/jwks")
        self._settings = settings
        self._name = "{venue}/{door}".format_map(places)
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(settings["seed"]))
        self._boot = self._uuid(4, 0)
        self._n, self._prev = 0, "A" * 43
        will = {"v": 1, "online": False, "boot": self._boot}
        self._line = Line(self.paper, "{venue}.{door}".format_map(places), settings["password"], will)
        self._told_s, self._told_at = self._wait("trustHead", lambda _: True)["iat"], time.monotonic()
        self._status(online=True)

    def scan(self, read: str, scan: Json | None = None) -> tuple[Json, str, Json]:
        """Publish a scan, or one again; its decision, the decision's token, and the scan as it was sent."""
        at_ms = self._now_ms()
        new = {"v": 1, "scan": self._uuid(7, at_ms), "boot": self._boot, "at_ms": at_ms, "deadline_ms": at_ms + 5000}
        sent = scan or {**new, "read": read}
        self.paper.check("scan", sent)
        self._line.publish("scan", json.dumps(sent, ensure_ascii=False))
        claims = self._wait("decision", lambda found: self._answers(found, sent))
        return claims, self._token, sent

    def report(self, kind: str, scan: Json, token: str) -> Json:
        """Write the journal's next line and keep it until it is acknowledged by number and hash."""
        claims = {
            "iss": self._name,
            "iat": self._now_ms() // 1000,
            "n": self._n + 1,
            "prev": self._prev,
            "boot": self._boot,
            "at_ms": self._now_ms(),
            "kind": kind,
            "scan": scan["scan"],
            "decision_sha256": sha256(token),
        }
        self.paper.check("event", claims)
        line = self._sign(self.paper.seal("event"), claims)
        self._n, self._prev = claims["n"], sha256(line)
        self._line.publish("event", line)
        return self._wait("ack", lambda ack: self._mine(ack) and (ack["n"], ack["hash"]) == (self._n, self._prev))

    def close(self) -> None:
        """Say goodbye."""
        self._status(online=False)
        self._line.close()

    def _answers(self, claims: Json, scan: Json) -> bool:
        """All that a decision has to be before a door acts on it."""
        return (
            self._mine(claims)
            and (claims["scan"], claims["boot"]) == (scan["scan"], scan["boot"])
            and claims["read_sha256"] == sha256(scan["read"])
            and claims["direction"] == self._settings["direction"]
            and claims["exp"] * 1000 > self._now_ms()
            and (claims["outcome"] == "granted") == (claims["reason"] == "OK")
        )

    def _mine(self, claims: Json) -> bool:
        return (claims["iss"], claims["sub"]) == (self._settings["operator"], self._name)

    def _wait(self, channel: str, holds: Callable[[Json], bool]) -> Json:
        """The claims of the channel's next message that is signed as it must be and of which `holds` is true."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            token = self._line.next(channel, until_s)
            claims = self._verified(channel, token)
            if claims is not None and holds(claims):
                self._token = token
                return claims

    def _verified(self, channel: str, token: str) -> Json | None:
        """The claims of a token that a listed key of the right use signed; None for any other."""
        seal = self.paper.seal(channel)
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(unb64(part)) for part in signed.split("."))
        if header.keys() != {"alg", "typ", "kid"} or (header["alg"], header["typ"]) != (seal["alg"], seal["typ"]):
            return None
        for key in fetch(self._jwks)["keys"]:
            if (key["kid"], key["passerelle_use"]) == (header["kid"], seal["x-key-use"]):
                try:
                    Ed25519PublicKey.from_public_bytes(unb64(key["x"])).verify(unb64(signature), signed.encode())
                except InvalidSignature:
                    return None
                if key["passerelle_operator"] != claims["iss"]:
                    return None
                self.paper.check(channel, claims)
                return dict(claims)
        return None

    def _sign(self, seal: Json, claims: Json) -> str:
        public = self._key.public_key().public_bytes_raw()
        kid = b64(hashlib.sha256(public).digest()[:4])
        header = {"alg": seal["alg"], "typ": seal["typ"], "kid": kid}
        signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{signed}.{b64(self._key.sign(signed.encode()))}"

    def _status(self, *, online: bool) -> None:
        status = {"v": 1, "online": online, "boot": self._boot}
        status |= {"at_ms": self._now_ms(), "agent": "mosquitto_pub", "health": "ok"} if online else {}
        self.paper.check("status", status)
        self._line.publish("status", json.dumps(status))

    def _now_ms(self) -> int:
        """The gateway's time: what its signed head said, and what a clock that nobody sets has counted since."""
        return int(self._told_s) * 1000 + int((time.monotonic() - self._told_at) * 1000)

    @staticmethod
    def _uuid(version: int, at_ms: int) -> str:
        random = secrets.randbits(128)
        number = (at_ms << 80 | random & (1 << 80) - 1) if version == 7 else random
        number = number & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | 0x2 << 62
        text = f"{number:032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def main() -> None:
    """Show each of `reads`, the first one twice; report an opening for what is granted."""
    settings = json.load(sys.stdin)
    door = Door(settings)
    told: list[Json] = []
    try:
        for read in settings["reads"]:
            decision, token, scan = door.scan(read)
            again, _, _ = door.scan(read, scan)
            ack = door.report("opened", scan, token) if decision["outcome"] == "granted" else None
            told.append({"scan": scan, "decision": decision, "again": again, "ack": ack})
    finally:
        door.close()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
