"""`passerelle broker config`: what it writes, for whom, and what it refuses to write."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.adapters.mqtt.mosquitto import Mosquitto, free_port
from gateway.adapters.mqtt.passwords import verify_password
from gateway.commands.broker import broker
from tests.adapters.certificates import Authority, Issued
from tests.adapters.mqtt_hands import Place, hands_at
from tests.adapters.mqtt_places import HOST, LoopThread, need_mosquitto
from tests.builders import FRONT
from tests.commands.installation import Installation

PLUGIN = "/usr/lib/mosquitto_dynamic_security.so"


class Typed:
    """The command as it is typed, on one installation and into one directory."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.data = installation.data
        self.out = folder / "mosquitto"

    def __call__(self, *words: str, password: str | None = None, plugin: bool = True) -> Result:
        environment = {"PASSERELLE_DATA": str(self.data), "PASSERELLE_BROKER_PASSWORD": password}
        named = ["--plugin", PLUGIN] if plugin else []
        return CliRunner(env=environment).invoke(broker, ["config", "--out", str(self.out), *named, *words])

    @property
    def lines(self) -> list[str]:
        """The configuration without its comments."""
        text = (self.out / "mosquitto.conf").read_text()
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    @property
    def accounts(self) -> dict[str, Any]:
        """What the broker's plugin starts from."""
        found: dict[str, Any] = json.loads((self.out / "dynamic-security.json").read_text())
        return found

    @property
    def environment(self) -> dict[str, str]:
        """What the gateway is told."""
        text = (self.data / "broker.env").read_text()
        return dict(line.split("=", 1) for line in text.splitlines())

    def knows(self, username: str, password: str) -> bool:
        """Whether the broker would let that account in by that password."""
        client = next(each for each in self.accounts["clients"] if each["username"] == username)
        return verify_password(password, f"$7${client['iterations']}${client['salt']}${client['password']}")


@pytest.fixture
def typed(installation: Installation, tmp_path: Path) -> Typed:
    return Typed(installation, tmp_path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return Authority(tmp_path_factory.mktemp("authority")).issue("broker", "pass.example", "10.0.0.7")


NEEDED = [
    "set_tcp_nodelay true",
    "max_inflight_messages 1000",
    "message_size_limit 8192",
    "persistence true",
    "autosave_on_changes false",
    "autosave_interval 1",
    "sys_interval 0",
    "allow_anonymous false",
    "allow_zero_length_clientid false",
    f"plugin {PLUGIN}",
    "listener 1883 127.0.0.1",
]


def test_it_writes_what_a_broker_for_doors_needs_and_says_why(typed: Typed) -> None:
    result = typed()
    assert result.exit_code == 0, result.output
    assert [line for line in NEEDED if line not in typed.lines] == []
    text = (typed.out / "mosquitto.conf").read_text()
    for name in (
        "set_tcp_nodelay",
        "max_inflight_messages",
        "autosave_on_changes",
        "plugin",
        "sys_interval",
        "listener",
    ):
        before = text[: text.index(f"\n{name} ")].splitlines()[-1]
        assert before.startswith("# "), f"{name} stands there without a reason"


def test_each_door_of_the_books_has_an_account_of_its_own_and_nothing_more(typed: Typed) -> None:
    typed()
    assert [client["username"] for client in typed.accounts["clients"]] == ["gateway", "montreuil.front"]
    assert typed.accounts["defaultACLAccess"] == {
        "publishClientSend": False,
        "publishClientReceive": False,
        "subscribe": False,
        "unsubscribe": True,
    }
    roles = {role["rolename"]: role["acls"] for role in typed.accounts["roles"]}
    sent = {rule["topic"] for rule in roles[FRONT.username] if rule["acltype"] == "publishClientSend"}
    assert sent == {f"pw/v1/montreuil/front/{leaf}" for leaf in ("scan", "event", "status")}
    heard = {rule["topic"] for rule in roles[FRONT.username] if rule["acltype"] == "subscribeLiteral"}
    own = {f"pw/v1/montreuil/front/{leaf}" for leaf in ("decision", "ack", "command")}
    assert heard == own | {"pw/v1/montreuil/mode", "pw/v1/montreuil/policy"}
    assert {rule["acltype"] for rule in roles[FRONT.username]} == {
        "publishClientSend",
        "publishClientReceive",
        "subscribeLiteral",
    }
    assert not any("#" in rule["topic"] for name in (FRONT.username, "every-door") for rule in roles[name])


def test_files_are_for_their_owner_and_no_password_is_told_or_lies_with_the_broker(typed: Typed) -> None:
    result = typed()
    password = typed.environment["PASSERELLE_BROKER_PASSWORD"]
    assert typed.knows("gateway", password)
    assert password not in result.output
    assert all(password not in path.read_text() for path in typed.out.iterdir())
    written = [*typed.out.iterdir(), typed.data / "broker.env"]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    assert typed.out.stat().st_mode & 0o777 == 0o700


def test_it_says_what_is_next(typed: Typed) -> None:
    told = typed().output
    assert f"mosquitto -c {typed.out / 'mosquitto.conf'}" in told
    assert f". {typed.data / 'broker.env'}" in told
    assert "passerelle serve" in told
    assert "1 door." in told
    assert typed.environment["PASSERELLE_BROKER"] == "mqtt://127.0.0.1:1883"


def test_a_password_of_ones_own_is_taken_and_not_written(typed: Typed) -> None:
    typed(password="chosen by the operator")
    assert typed.knows("gateway", "chosen by the operator")
    assert typed.environment == {"PASSERELLE_BROKER": "mqtt://127.0.0.1:1883"}


def test_nothing_is_written_over_unless_told_and_the_password_then_stays(typed: Typed) -> None:
    typed()
    first = typed.environment["PASSERELLE_BROKER_PASSWORD"]
    again = typed("--listen", "127.0.0.1:2883")
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert "--force" in again.output
    assert "listener 1883 127.0.0.1" in typed.lines
    assert typed("--listen", "127.0.0.1:2883", "--force").exit_code == 0
    assert "listener 2883 127.0.0.1" in typed.lines
    assert typed.environment["PASSERELLE_BROKER_PASSWORD"] == first
    assert typed.knows("gateway", first)


REFUSED = {
    "reached from outside in the clear": (["--listen", "0.0.0.0:1883"], "give --cert and --key"),
    "reached by a name in the clear": (["--listen", "pass.example:1883"], "in the clear"),
    "a certificate without its key": (["--cert", "CERT"], "give both"),
    "client certificates and no way for the gateway": (
        ["--listen", "0.0.0.0:8883", "--cert", "CERT", "--key", "KEY", "--client-ca", "CERT"],
        "--local",
    ),
    "client certificates without TLS": (["--client-ca", "CERT", "--local", "1883"], "--cert and --key"),
    "no port": (["--listen", "127.0.0.1"], "write HOST:PORT"),
    "a port past the last": (["--listen", "127.0.0.1:65536"], "write HOST:PORT"),
    "a line break in a name": (["--user", "mosquitto\nallow_anonymous true"], "line break"),
    "everywhere, by a certificate without a name": (
        ["--listen", "0.0.0.0:8883", "--cert", "NAMELESS", "--key", "KEY"],
        "subjectAltName",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_and_says_what_to_write(typed: Typed, served: Issued, tmp_path: Path, case: str) -> None:
    words, remedy = REFUSED[case]
    files = {"CERT": served.cert, "KEY": served.key}
    if "NAMELESS" in words:
        files["NAMELESS"] = Authority(tmp_path / "other").issue("nameless").cert
    result = typed(*(str(files.get(word, word)) for word in words))
    assert result.exit_code == 1, result.output
    assert remedy in " ".join(result.output.split())
    assert not typed.out.exists()


REACHED = {
    "by its name": (["--listen", "pass.example:8883"], "mqtts://pass.example:8883"),
    "everywhere: by the certificate's name": (["--listen", "0.0.0.0:8883"], "mqtts://pass.example:8883"),
    "on this machine: in the clear": (["--listen", "0.0.0.0:8883", "--local", "1883"], "mqtt://127.0.0.1:1883"),
}


@pytest.mark.parametrize("case", REACHED)
def test_outside_it_listens_with_tls_and_the_gateway_knows_where(typed: Typed, served: Issued, case: str) -> None:
    words, url = REACHED[case]
    result = typed(*words, "--cert", str(served.cert), "--key", str(served.key))
    assert result.exit_code == 0, result.output
    assert f"certfile {served.cert}" in typed.lines
    assert f"keyfile {served.key}" in typed.lines
    assert typed.environment["PASSERELLE_BROKER"] == url


def test_client_certificates_are_asked_for_where_doors_come_in(typed: Typed, served: Issued) -> None:
    words = ["--listen", "0.0.0.0:8883", "--local", "1883", "--client-ca", str(served.cert)]
    assert typed(*words, "--cert", str(served.cert), "--key", str(served.key)).exit_code == 0
    inside = typed.lines.index("listener 1883 127.0.0.1")
    assert "require_certificate true" in typed.lines[:inside]
    assert "require_certificate true" not in typed.lines[inside:]


def test_a_missing_plugin_is_named_with_the_remedy(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.adapters.mqtt.mosquitto_config._PLUGIN_PLACES", ("/nowhere/*.so",))
    result = typed(plugin=False)
    assert result.exit_code == 1
    assert "--plugin" in result.output
    assert "install Mosquitto 2" in result.output


def test_json_names_the_files(typed: Typed) -> None:
    told = json.loads(typed("--json").stdout)
    assert (told["doors"], told["broker"]) == (1, "mqtt://127.0.0.1:1883")
    for name in ("config", "accounts", "environment"):
        assert Path(told[name]).is_file()


@pytest.mark.mosquitto
def test_mosquitto_runs_with_it_and_knows_the_gateway(typed: Typed) -> None:
    need_mosquitto()
    port = free_port(HOST)
    assert typed("--listen", f"{HOST}:{port}", plugin=False).exit_code == 0
    password = typed.environment["PASSERELLE_BROKER_PASSWORD"]
    thread, mosquitto = LoopThread(), Mosquitto(typed.out / "mosquitto.conf", HOST, port)
    try:
        thread.run(mosquitto.start())
        with hands_at(Place(HOST, port, {"gateway": password})) as hands:
            assert hands("gateway").connected
            assert not hands("gateway", password="guess", client_id="gateway.other").connected
            assert not hands(FRONT.username).connected
        thread.run(mosquitto.stop())
    finally:
        thread.close()


def test_the_doctor_names_a_door_that_the_broker_does_not_know(
    typed: Typed, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_mosquitto()
    port = free_port(HOST)
    assert typed("--listen", f"{HOST}:{port}", plugin=False).exit_code == 0
    environment = typed.environment
    (typed.data / "broker.env").unlink()
    assert installation("doors", "add", "montreuil/side", "--zone", "desks").exit_code == 0
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    thread, mosquitto = LoopThread(), Mosquitto(typed.out / "mosquitto.conf", HOST, port)
    try:
        thread.run(mosquitto.start())
        lacking = _broker_row(installation)
        assert (lacking["level"], "no account of 1 door, and refuses" in lacking["said"]) == ("fault", True), lacking
        assert "passerelle doors password montreuil/side" in lacking["remedy"]
        assert installation("doors", "password", "montreuil/side", "--yes").exit_code == 0
        assert _broker_row(installation)["level"] == "ok"
        thread.run(mosquitto.stop())
    finally:
        thread.close()


def _broker_row(installation: Installation) -> dict[str, str]:
    rows: list[dict[str, str]] = installation.json("doctor")["checks"]
    return next(row for row in rows if row["check"] == "broker")
