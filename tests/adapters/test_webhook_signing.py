"""Our signatures, judged by the library that Standard Webhooks gives to receivers."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from gateway.adapters.webhooks.signing import headers
from gateway.application.webhook_secrets import Secrets, fresh, seal, shown, unseal
from gateway.domain.webhooks import ROTATION_S, SECOND_US, WebhookId
from keys.sealed import Sealer
from tests.keys.scene import bytes_of

NEWEST, BEFORE = bytes(range(32)), bytes(range(32, 64))
BODY = '{"type":"visit.started","data":{"née":"\\u00e9"}}'.encode()
EVENT = "msg_0123456789abcdef0123456789abcdef"


def now_s() -> int:
    # the library compares with the machine's clock, which nobody gives it
    return int(time.clock_gettime(time.CLOCK_REALTIME))


def test_a_receiver_verifies_a_request() -> None:
    sent = headers(EVENT, now_s(), BODY, [NEWEST])
    told = Webhook(shown(NEWEST)).verify(BODY, sent)
    assert told["type"] == "visit.started"


@pytest.mark.parametrize("secret", [NEWEST, BEFORE])
def test_during_a_rotation_either_secret_verifies(secret: bytes) -> None:
    sent = headers(EVENT, now_s(), BODY, [NEWEST, BEFORE])
    assert Webhook(shown(secret)).verify(BODY, sent)


CHANGED: dict[str, dict[str, str]] = {
    "another id": {"webhook-id": EVENT[:-1] + "0"},
    "another time": {"webhook-timestamp": str(now_s() - 7)},
    "an old time": {"webhook-timestamp": str(now_s() - 3600)},
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_was_changed_on_the_way_does_not_verify(case: str) -> None:
    sent = headers(EVENT, now_s(), BODY, [NEWEST]) | CHANGED[case]
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(NEWEST)).verify(BODY, sent)


def test_another_body_or_secret_does_not_verify() -> None:
    sent = headers(EVENT, now_s(), BODY, [NEWEST])
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(NEWEST)).verify(BODY + b" ", sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(BEFORE)).verify(BODY, sent)


def test_the_secret_before_signs_for_a_day_and_no_longer() -> None:
    first = fresh(bytes_of("secrets"))
    second = first.rotated(bytes_of("more"), 1000)
    end = 1000 + ROTATION_S * SECOND_US
    assert first.signing(1000) == (first.newest,)
    assert second.signing(1000) == second.signing(end - 1) == (second.newest, first.newest)
    assert second.signing(end) == (second.newest,)
    assert second.newest != first.newest


def test_a_second_rotation_within_the_day_drops_the_oldest() -> None:
    first = fresh(bytes_of("secrets"))
    second = first.rotated(bytes_of("more"), 1000)
    third = second.rotated(bytes_of("most"), 2000)
    assert third.signing(3000) == (third.newest, second.newest)


@pytest.mark.parametrize("secrets", [Secrets(NEWEST), Secrets(NEWEST, BEFORE, 2**60)])
def test_secrets_come_back_from_the_books_as_they_were(secrets: Secrets) -> None:
    by = Sealer(bytes(32), bytes_of("nonces"))
    sealed = seal(secrets, WebhookId("wh_a"), by)
    assert NEWEST not in sealed
    assert NEWEST.hex().encode() not in sealed
    assert unseal(sealed, WebhookId("wh_a"), by) == secrets
