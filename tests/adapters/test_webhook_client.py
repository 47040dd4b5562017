"""One try against real receivers: whatever they do comes out as a value, soon, and leads nowhere else."""

import asyncio
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.adapters.webhooks.client import MAX_ANSWER, Patience, WebhookClient, retry_after_s
from gateway.adapters.webhooks.guard import Allowed, read_allowed
from gateway.application.webhook_ports import Dispatch
from gateway.application.webhook_secrets import shown
from gateway.domain.webhooks import Failure, Tried
from tests.receivers import Receiver, Talk, hangs, listening, resets, says, says_for_ever, talking

SECRET = bytes(range(32))
NOW_S = 1_800_000_000
LOOPBACK = read_allowed("127.0.0.0/8")
SHORT = Patience(connect_s=0.3, whole_s=0.6, linger_s=0.2)
BODY = b'{"type":"webhook.test"}'


async def nothing(host: str) -> list[str]:
    raise OSError(None, f"{host} is nowhere")


def client(allowed: Allowed = LOOPBACK, resolve: Callable[[str], object] = nothing, **more: object) -> WebhookClient:
    return WebhookClient(allowed, resolve, patience=SHORT, **more)  # type: ignore[arg-type]


def dispatch(url: str) -> Dispatch:
    return Dispatch(url, "msg_1", BODY, NOW_S, (SECRET,))


async def test_a_request_is_a_signed_post_of_json_without_anything_else() -> None:
    async with listening(204) as receiver:
        assert await client().send(dispatch(receiver.url + "?a=%20b")) == Tried(204)
    (heard,) = receiver.heard
    assert heard.path == "/hook?a=%20b"
    assert heard.body == BODY
    assert heard.signed_by(shown(SECRET))
    assert heard.headers["Content-Type"] == "application/json"
    assert int(heard.headers["Content-Length"]) == len(BODY)
    assert heard.headers["User-Agent"].startswith("Passerelle")
    assert "Cookie" not in heard.headers
    assert "Authorization" not in heard.headers


JUDGED: dict[str, tuple[int, dict[str, str], Tried]] = {
    "200": (200, {}, Tried(200)),
    "201": (201, {}, Tried(201)),
    "299": (299, {}, Tried(299)),
    "a redirect inward": (302, {"Location": "http://127.0.0.1:1/"}, Tried(302, Failure.REDIRECT)),
    "a redirect to a public address": (307, {"Location": "https://9.9.9.9/"}, Tried(307, Failure.REDIRECT)),
    "304": (304, {}, Tried(304, Failure.REDIRECT)),
    "400": (400, {}, Tried(400, Failure.STATUS)),
    "404": (404, {}, Tried(404, Failure.STATUS)),
    "410": (410, {}, Tried(410, Failure.GONE)),
    "429, later": (429, {"Retry-After": "120"}, Tried(429, Failure.STATUS, 120)),
    "503, later": (503, {"Retry-After": "7"}, Tried(503, Failure.STATUS, 7)),
    "500 with a Retry-After, which it has no say in": (500, {"Retry-After": "7"}, Tried(500, Failure.STATUS)),
    "a Retry-After of words": (429, {"Retry-After": "soon"}, Tried(429, Failure.STATUS)),
}


@pytest.mark.parametrize("case", JUDGED)
async def test_a_status_means(case: str) -> None:
    status, headers, wanted = JUDGED[case]
    async with listening(status, headers=headers) as receiver:
        assert await client().send(dispatch(receiver.url)) == wanted
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed_wherever_it_points(status: int) -> None:
    async with listening(204) as inside, listening(status, headers={"Location": inside.url}) as receiver:
        tried = await client().send(dispatch(receiver.url))
    assert tried == Tried(status, Failure.REDIRECT)
    assert inside.heard == []


async def test_a_cookie_is_not_kept() -> None:
    async with listening(204, headers={"Set-Cookie": "a=b"}) as receiver:
        sender = client()
        for _ in range(2):
            await sender.send(dispatch(receiver.url))
    assert [heard.headers.get("Cookie") for heard in receiver.heard] == [None, None]


OK = b"HTTP/1.1 200 OK\r\n"
MISBEHAVING: dict[str, tuple[Talk, Tried]] = {
    "hangs": (hangs, Tried(None, Failure.TIMEOUT)),
    "trickles headers for ever": (says_for_ever(OK, b"X-A: b\r\n", 0.02), Tried(None, Failure.TIMEOUT)),
    "trickles its first line for ever": (says_for_ever(b"HTTP/1.1 200 ", b"O", 0.02), Tried(None, Failure.TIMEOUT)),
    "floods headers for ever": (says_for_ever(OK, b"X-A: " + b"b" * 4000 + b"\r\n"), Tried(None, Failure.BROKEN)),
    "says 100 for ever": (says_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.005), Tried(None, Failure.TIMEOUT)),
    "resets": (resets, Tried(None, Failure.BROKEN)),
    "ends without a word": (says(), Tried(None, Failure.BROKEN)),
    "garbage": (says(b"\x00\xff" * 500), Tried(None, Failure.BROKEN)),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.6\r\n"), Tried(None, Failure.BROKEN)),
    "a line that never ends": (says_for_ever(b"", b"H" * 4096), Tried(None, Failure.BROKEN)),
    "a status of four digits": (says(b"HTTP/1.1 2000 OK\r\n\r\n"), Tried(None, Failure.BROKEN)),
    "two lengths": (says(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), Tried(None, Failure.BROKEN)),
    # from here on its status was heard, and stands
    "less than its length": (says(OK + b"Content-Length: 100\r\n\r\nab"), Tried(200)),
    "a broken chunk": (says(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"ZZ\r\n", pause_s=0.05), Tried(200)),
    "a body that is no gzip": (says(OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab"), Tried(200)),
    "trickles a body for ever": (
        says_for_ever(OK + b"Content-Length: 1000000\r\n\r\n", b"a", 0.02),
        Tried(200),
    ),
    "an endless body": (says_for_ever(OK + b"\r\n", b"a" * 65536), Tried(200)),
    "a refusal with an endless body": (
        says_for_ever(b"HTTP/1.1 500 Oh\r\n\r\n", b"a" * 65536),
        Tried(500, Failure.STATUS),
    ),
}


@pytest.mark.parametrize("case", MISBEHAVING)
async def test_a_receiver_that_misbehaves_costs_bounded_time(case: str) -> None:
    talk, wanted = MISBEHAVING[case]
    began = time.monotonic()
    async with talking(talk) as url:
        assert await client().send(dispatch(url)) == wanted
    assert time.monotonic() - began < SHORT.whole_s + 1


async def test_of_an_endless_answer_a_bounded_part_is_taken() -> None:
    taken = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"a" * 4096)
            await writer.drain()
            taken += 4096

    async with talking(flood) as url:
        patient = WebhookClient(LOOPBACK, nothing, patience=Patience(linger_s=3))
        assert await patient.send(dispatch(url)) == Tried(200)
    # what the kernel's buffers hold was never read; in three seconds hundreds of megabytes could have been
    assert taken < MAX_ANSWER + 16 * 1024 * 1024


async def test_a_body_that_trickles_is_not_waited_for_once_its_status_was_heard() -> None:
    patient = WebhookClient(LOOPBACK, nothing, patience=Patience(linger_s=0.1))
    began = time.monotonic()
    async with talking(says_for_ever(OK + b"Content-Length: 1000000\r\n\r\n", b"a", 0.02)) as url:
        assert await patient.send(dispatch(url)) == Tried(200)
    assert time.monotonic() - began < 4


async def test_nobody_there_is_unreachable() -> None:
    async with listening() as receiver:
        url = receiver.url
    assert await client().send(dispatch(url)) == Tried(None, Failure.UNREACHABLE)


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(204) as receiver, listening(204) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert await client().send(dispatch(receiver.url)) == Tried(204)
    assert proxy.heard == []


# --- names -----------------------------------------------------------------------------------------------


class Names:
    """A resolver in the test's hand: each look-up gives the next answer, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def named(receiver: Receiver, host: str) -> str:
    """The receiver's URL with a name in place of its address."""
    return receiver.url.replace("127.0.0.1", host)


async def test_the_connection_goes_to_the_address_that_was_judged_and_nothing_is_looked_up_again() -> None:
    names = Names(["127.0.0.1"], ["10.255.255.1"])
    async with listening(204) as receiver:
        assert await client(resolve=names).send(dispatch(named(receiver, "hooks.example.org"))) == Tried(204)
    assert names.asked == ["hooks.example.org"]
    assert receiver.heard[0].headers["Host"].startswith("hooks.example.org:")


async def test_a_name_that_turns_inward_between_two_tries_is_refused_at_the_second() -> None:
    """DNS rebinding: a public answer first, then one inside."""
    public = Names(["127.0.0.1"], ["127.0.0.2"])
    async with listening(204) as receiver:
        sender = client(read_allowed("127.0.0.1"), public)
        url = named(receiver, "hooks.example.org")
        assert await sender.send(dispatch(url)) == Tried(204)
        assert await sender.send(dispatch(url)) == Tried(None, Failure.FORBIDDEN_ADDRESS)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["9.9.9.9", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%1"]], ids=str
)
async def test_a_public_name_with_an_address_inside_reaches_nobody(found: list[str]) -> None:
    async with listening(204) as receiver:
        url = named(receiver, "hooks.example.org").replace("http:", "https:")
        tried = await client(Allowed(), Names(found)).send(dispatch(url))
    assert tried == Tried(None, Failure.FORBIDDEN_ADDRESS)
    assert receiver.heard == []


async def test_a_literal_address_is_judged_too_though_no_resolver_is_asked() -> None:
    names = Names(["9.9.9.9"])
    async with listening(204) as receiver:
        tried = await client(Allowed(), names).send(dispatch(receiver.url.replace("http:", "https:")))
    assert tried == Tried(None, Failure.FORBIDDEN_ADDRESS)
    assert (receiver.heard, names.asked) == ([], [])


async def test_what_was_allowed_when_it_was_registered_may_be_so_no_more() -> None:
    async with listening(204) as receiver:
        url = client().check(receiver.url)
        assert await client(Allowed()).send(dispatch(url)) == Tried(None, Failure.FORBIDDEN_ADDRESS)
    assert receiver.heard == []


async def test_a_name_without_an_address_is_unresolved() -> None:
    assert await client().send(dispatch("https://hooks.example.org/")) == Tried(None, Failure.UNRESOLVED)
    assert await client(resolve=Names([])).send(dispatch("https://hooks.example.org/")) == Tried(
        None, Failure.UNRESOLVED
    )


async def test_a_resolver_that_hangs_is_a_timeout() -> None:
    async def hang(_host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    began = time.monotonic()
    assert await client(resolve=hang).send(dispatch("https://hooks.example.org/")) == Tried(None, Failure.TIMEOUT)
    assert time.monotonic() - began < SHORT.whole_s + 1


# --- TLS -------------------------------------------------------------------------------------------------


class Authority:
    """Signs certificates for a test's receivers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's authority")])
        self._own = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0), [])

    def _sign(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        basic: x509.BasicConstraints,
        names: list[x509.GeneralName],
        ended: bool = False,
    ) -> x509.Certificate:
        now = datetime(2020, 1, 1, tzinfo=UTC)
        end = now + timedelta(days=1 if ended else 36500)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(end)
            .add_extension(basic, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256())

    def trusted(self) -> ssl.SSLContext:
        """What trusts it alone."""
        return ssl.create_default_context(cadata=self._own.public_bytes(serialization.Encoding.PEM).decode())

    def serves(self, *names: x509.GeneralName, ended: bool = False) -> ssl.SSLContext:
        """What a server of these names presents."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
        basic = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self._sign(subject, key.public_key(), basic, list(names), ended)
        file = self._directory / "receiver.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


HOST = x509.DNSName("hooks.example.org")


async def test_a_certificate_of_the_urls_own_host_is_accepted_from_a_trusted_authority(authority: Authority) -> None:
    async with listening(204, tls=authority.serves(HOST)) as receiver:
        sender = client(resolve=Names(["127.0.0.1"]), trust=authority.trusted())
        assert await sender.send(dispatch(named(receiver, "hooks.example.org"))) == Tried(204)
        assert receiver.heard[0].signed_by(shown(SECRET))


async def test_a_certificate_of_an_address_is_accepted_for_that_address(authority: Authority) -> None:
    own = x509.IPAddress(IPv4Address("127.0.0.1"))
    async with listening(204, tls=authority.serves(own)) as receiver:
        assert await client(trust=authority.trusted()).send(dispatch(receiver.url)) == Tried(204)


Serves = Callable[[Authority], ssl.SSLContext]
WRONG: dict[str, tuple[Serves, bool]] = {
    "an authority nobody trusts": (lambda authority: authority.serves(HOST), False),
    "another host's": (lambda authority: authority.serves(x509.DNSName("other.example.org")), True),
    "no host's": (lambda authority: authority.serves(), True),
    "one that has expired": (lambda authority: authority.serves(HOST, ended=True), True),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_certificate_hears_nothing(authority: Authority, case: str) -> None:
    serves, trusted = WRONG[case]
    trust = authority.trusted() if trusted else None
    async with listening(204, tls=serves(authority)) as receiver:
        sender = client(resolve=Names(["127.0.0.1"]), trust=trust)
        tried = await sender.send(dispatch(named(receiver, "hooks.example.org")))
    assert tried == Tried(None, Failure.TLS)
    assert receiver.heard == []


async def test_a_receiver_that_speaks_no_tls_hears_nothing() -> None:
    async with listening(204) as receiver:
        tried = await client().send(dispatch(receiver.url.replace("http:", "https:")))
    assert tried == Tried(None, Failure.TLS)
    assert receiver.heard == []


RETRY_AFTER: dict[str, tuple[str | None, int | None]] = {
    "seconds": ("30", 30),
    "a date": ("Fri, 15 Jan 2027 08:01:00 GMT", 60),
    "a date in the past": ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
    "nothing": (None, None),
    "an empty one": ("", None),
    "less than nothing": ("-5", None),
    "a fraction": ("1.5", None),
    "words": ("in a while", None),
    "digits of another script": ("٣٠", None),
    "more digits than any number": ("9" * 400, 9_999_999_999),
    "a date beyond dates": ("Fri, 31 Dec 99999 23:59:59 GMT", None),
}


@pytest.mark.parametrize("case", RETRY_AFTER)
def test_retry_after_is_read(case: str) -> None:
    text, wanted = RETRY_AFTER[case]
    assert retry_after_s(text, NOW_S) == wanted
