"""`passerelle serve`: settings that are refused before anything starts, and what of them is repeated."""

import pytest

from gateway.__main__ import SUMMARIES
from tests.commands.installation import Installation

REFUSED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a broker with a password": (
        ("--broker", "mqtt://gateway:hunter2@broker.example:1883"),
        ("broker_password", "PASSERELLE_BROKER_PASSWORD"),
    ),
    "a broker over HTTP": (
        ("--broker", "http://broker"),
        ("PASSERELLE_BROKER", "mqtts://host:port", "'http://broker'"),
    ),
    "a port past the last": (("--http-port", "70000"), ("PASSERELLE_HTTP_PORT", "from 0 to 65535", "70000")),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_a_setting_that_is_refused_is_told_in_words(
    installation: Installation, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    refused = installation("serve", *words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    for word in said:
        assert word in refused.stderr
    for word in ("hunter2", "pattern", "Traceback", "^("):
        assert word not in refused.stderr


def test_the_summary_of_venues_promises_what_there_is() -> None:
    assert "door" not in SUMMARIES["venues"]
