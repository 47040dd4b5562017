"""A configuration mistake names the setting as the operator wrote it, the value, and what would be right."""

import re
from pathlib import Path

import pytest

from gateway.application.errors import ConfigurationError
from gateway.config import ELSEWHERE, REMEDIES, Settings, read_settings

MISTAKES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "a port past the last": ({"http_port": 70_000}, ("http_port", "PASSERELLE_HTTP_PORT", "65535", "70000")),
    "a port below zero": ({"broker_port": -1}, ("broker_port", "PASSERELLE_BROKER_PORT", "0", "-1")),
    "a port in words": ({"http_port": "eighty"}, ("PASSERELLE_HTTP_PORT", "whole number", "'eighty'")),
    "a broker over HTTP": ({"broker": "http://broker:1883"}, ("PASSERELLE_BROKER", "mqtts://", "http://broker:1883")),
    "a broker misspelt": ({"broker": "embeded"}, ("PASSERELLE_BROKER", "embedded", "'embeded'")),
    "a federation in capitals": ({"federation": "PW"}, ("PASSERELLE_FEDERATION", "small letters", "'PW'")),
    "a federation too long": ({"federation": "p" * 9}, ("PASSERELLE_FEDERATION", "1 to 8")),
    "heads never": ({"head_every_s": 0}, ("PASSERELLE_HEAD_EVERY_S", "greater than 0", "not 0")),
    "jobs backwards": ({"jobs_every_s": -5}, ("PASSERELLE_JOBS_EVERY_S", "greater than 0", "-5")),
    "a log level of no library": ({"log_level": "loud"}, ("PASSERELLE_LOG_LEVEL", "debug", "or error", "'loud'")),
    "a setting nobody reads": ({"colour": "blue"}, ("colour is no setting", "log_level")),
    "a broker without a host": (
        {"broker": "mqtt://:1883"},
        ("PASSERELLE_BROKER", "mqtt://host:port", "'mqtt://:1883'"),
    ),
    "a broker's port past the last": ({"broker": "mqtt://broker:70000"}, ("PASSERELLE_BROKER", "mqtt://host:port")),
    "a broker with a path": ({"broker": "mqtts://broker/passes"}, ("PASSERELLE_BROKER", "mqtts://host:port")),
    "an embedded broker for all the world": (
        {"broker_host": "0.0.0.0"},  # noqa: S104 - what is refused
        ("PASSERELLE_BROKER_HOST", "no TLS", "--broker mqtts://", "'0.0.0.0'"),
    ),
    "an embedded broker by name": ({"broker_host": "gateway.lan"}, ("PASSERELLE_BROKER_HOST", "no TLS")),
    "data of nobody": ({"data": "~nobody-at-all/data"}, ("PASSERELLE_DATA", "name a directory")),
}


@pytest.mark.parametrize(("given", "words"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_names_the_setting_and_the_fix(given: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(given)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PASSERELLE_HTTP_PORT", "70000"), ("PASSERELLE_LOG_LEVEL", "loud"), ("PASSERELLE_BROKER_PORT", "")],
)
def test_the_same_mistake_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        read_settings({})


def test_a_variable_misspelt_is_an_error_that_lists_the_right_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_HTTPPORT", "8080")
    with pytest.raises(ConfigurationError) as caught:
        read_settings({})
    assert "PASSERELLE_HTTPPORT is no setting" in str(caught.value)
    assert "PASSERELLE_HTTP_PORT" in str(caught.value)


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_variables_that_others_read_are_left_alone(name: str) -> None:
    assert read_settings({}, {name: "whatever"}).http_port == 8080


def test_a_broker_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERELLE_BROKER_PASSWORD", "hunter2")
    settings = read_settings({"broker": "mqtt://broker:1883"})
    assert settings.broker_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()


@pytest.mark.parametrize(
    "broker", ["mqtt://gateway:hunter2@broker:1883", "mqtts://x@y:hunter2@b", "http://a:hunter2@b"]
)
def test_a_broker_address_with_a_password_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, broker: str
) -> None:
    monkeypatch.setenv("PASSERELLE_BROKER", broker)
    for given in ({"broker": broker}, {}):
        with pytest.raises(ConfigurationError, match=r"PASSERELLE_BROKER_PASSWORD") as caught:
            read_settings(given)
        assert "hunter2" not in str(caught.value)
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_the_embedded_broker_listens_on_loopback(host: str) -> None:
    assert read_settings({"broker_host": host}, {}).broker_host == host


def test_every_setting_has_its_remedy() -> None:
    assert REMEDIES.keys() == Settings.model_fields.keys()


def test_the_command_line_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PASSERELLE_HTTP_PORT", "9000")
    monkeypatch.setenv("PASSERELLE_FEDERATION", "coop")
    monkeypatch.chdir(tmp_path)
    settings = read_settings({"http_port": 9001})
    assert (settings.http_port, settings.federation) == (9001, "coop")
    assert settings.data == tmp_path / "passerelle-data", "the data directory does not move with a later chdir"


LISTED = re.compile(r"^\| `(PASSERELLE_[A-Z_]+)` \| (?:`([^`]*)`|) *\|", re.MULTILINE)


def test_every_setting_is_documented_with_its_default() -> None:
    """gateway/deploy/settings.md, which people read, and the model, which counts, say the same."""
    page = (Path(__file__).parents[2] / "gateway" / "deploy" / "settings.md").read_text("utf-8")
    first, _, second = page.partition("Not of the gateway alone")
    plain = read_settings({}, {}).model_dump(mode="json")
    defaults = {
        "PASSERELLE_" + name.upper(): "" if value is None else str(value).removesuffix(".0")
        for name, value in plain.items()
    }
    defaults["PASSERELLE_DATA"] = "passerelle-data"  # made absolute when it is read
    assert dict(LISTED.findall(first)) == defaults
    assert set(re.findall(r"`(PASSERELLE_[A-Z_]+)` \|", second)) == ELSEWHERE
