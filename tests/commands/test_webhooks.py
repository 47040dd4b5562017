"""`passerelle webhooks`: what is registered is listed without its secret, tried, sent again, removed."""

import pytest

from tests.builders import HOST
from tests.commands.installation import Installation

URL = "https://billing.example/passerelle"


@pytest.fixture(autouse=True)
def names_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up when a webhook is registered: what it resolves to is judged at each delivery."""
    monkeypatch.setattr("socket.getaddrinfo", None)


def test_its_secret_is_told_once(installation: Installation) -> None:
    made = installation.json("webhooks", "add", HOST, URL, "--event", "visit.ended", "--description", "accounts")
    assert made["secret"].startswith("whsec_")
    (row,) = installation.json("webhooks", "list", "--operator", HOST)
    assert (row["webhook"], row["url"], row["events"], row["state"]) == (
        made["webhook"],
        URL,
        ["visit.ended"],
        "active",
    )
    assert made["secret"] not in installation("webhooks", "show", made["webhook"]).stdout
    assert made["secret"].removeprefix("whsec_").encode() not in (installation.data / "passerelle.db").read_bytes()


def test_a_trial_waits_for_the_gateway_and_goes_with_the_webhook(installation: Installation) -> None:
    webhook = installation.json("webhooks", "add", HOST, URL)["webhook"]
    assert installation("webhooks", "test", webhook).exit_code == 0
    (waiting,) = installation.json("webhooks", "deliveries", webhook)
    assert (waiting["type"], waiting["state"], waiting["tries"]) == ("webhook.test", "waiting", 0)
    assert installation.json("webhooks", "deliveries", webhook, "--state", "dead") == []
    assert "0 queued again" in installation("webhooks", "replay", webhook).stdout
    assert installation("webhooks", "remove", webhook, answer="n\n").exit_code == 1
    assert installation("webhooks", "remove", webhook, "--yes").exit_code == 0
    assert installation.json("webhooks", "list") == []
    assert installation.count("deliveries") == 0


MISTAKES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no TLS": (("add", HOST, "http://billing.example/"), 1, "https"),
    "an address inside": (("add", HOST, "https://127.0.0.1/"), 1, "public addresses alone"),
    "no URL at all": (("add", HOST, "billing"), 1, "invalid"),
    "an operator nobody knows": (("add", "FR*ZZZ", URL), 1, "FR*ZZZ"),
    "an event nobody tells": (("add", HOST, URL, "--event", "visit.dreamt"), 2, "visit.dreamt"),
    "a webhook nobody has": (("deliveries", "wh_aaaaaaaaaaaa"), 1, "wh_aaaaaaaaaaaa"),
    "a trial of nobody": (("test", "wh_aaaaaaaaaaaa"), 1, "wh_aaaaaaaaaaaa"),
    "a replay of nobody": (("replay", "wh_aaaaaaaaaaaa"), 1, "wh_aaaaaaaaaaaa"),
}


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_told_in_a_line(installation: Installation, words: tuple[str, ...], code: int, said: str) -> None:
    refused = installation("webhooks", *words)
    assert (refused.exit_code, said in refused.stderr) == (code, True), refused.output
