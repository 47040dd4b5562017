"""No way inside: every spelling of an address that is not public is refused, and nothing else is."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.webhooks.guard import (
    Allowed,
    ForbiddenAddressError,
    check_addresses,
    is_global,
    read_allowed,
    read_target,
)

NOTHING = Allowed()

ACCEPTED: dict[str, tuple[str, str]] = {
    "a name": ("https://hooks.example.org/in", "https://hooks.example.org/in"),
    "no path": ("https://hooks.example.org", "https://hooks.example.org/"),
    "a query": ("https://hooks.example.org/in?a=b&c=%20", "https://hooks.example.org/in?a=b&c=%20"),
    "capitals in scheme and host": ("HTTPS://Hooks.Example.ORG/In", "https://hooks.example.org/In"),
    "its own port": ("https://hooks.example.org:443/", "https://hooks.example.org/"),
    "a high port": ("https://hooks.example.org:8443/", "https://hooks.example.org:8443/"),
    "a public address": ("https://9.9.9.9/in", "https://9.9.9.9/in"),
    "a public IPv6 address": ("https://[2620:FE::0:fe]/in", "https://[2620:fe::fe]/in"),
    "an international name": ("https://xn--caf-dma.example/", "https://xn--caf-dma.example/"),
    "a name that begins with digits": ("https://127.0.0.1.example.org/", "https://127.0.0.1.example.org/"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_public_https_url_is_taken_in_its_one_form(case: str) -> None:
    given_, wanted = ACCEPTED[case]
    target = read_target(given_, NOTHING)
    assert target.url == wanted
    assert read_target(target.url, NOTHING) == target


REFUSED = {
    "http": "http://hooks.example.org/",
    "another scheme": "ftp://hooks.example.org/",
    "a file": "file:///etc/passwd",
    "no scheme": "hooks.example.org",
    "no host": "https:///in",
    "a user": "https://user@hooks.example.org/",
    "a user that looks like a host": "https://hooks.example.org@10.0.0.1/",
    "a password": "https://user:secret@hooks.example.org/",
    "a fragment": "https://hooks.example.org/#in",
    "a backslash": "https://hooks.example.org\\@10.0.0.1/",
    "a tab": "https://hooks.exam\tple.org/",
    "a line break": "https://hooks.example.org/\r\nX-Injected: 1",
    "a space": "https://hooks.example.org/a b",
    "a space before": " https://hooks.example.org/",
    "half an escape": "https://hooks.example.org/%2",
    "port 0": "https://hooks.example.org:0/",
    "port 25": "https://hooks.example.org:25/",
    "port 80": "https://hooks.example.org:80/",
    "port 65536": "https://hooks.example.org:65536/",
    "an empty port": "https://hooks.example.org:/",
    "too long": "https://hooks.example.org/" + "a" * 1024,
    "a dot after the name": "https://hooks.example.org./",
    "two dots": "https://hooks..example.org/",
    "a hyphen first": "https://-hooks.example.org/",
    "a label of 64": f"https://{'a' * 64}.example.org/",
    "an underscore": "https://my_hooks.example.org/",
    "a name without a dot": "https://intranet/",
    "localhost": "https://localhost/",
    "LOCALHOST": "https://LOCALHOST/",
    "localhost with a dot": "https://localhost./",
    "under localhost": "https://a.localhost/",
    "letters beyond ASCII": "https://café.example/",
    "a full-width address": "https://１２７.0.0.1/",
    "a sign that folds to k": "https://hoo\u212as.example.org/",
    "an ideographic full stop": "https://127。0。0。1/",
    "an escaped host": "https://%31%32%37.0.0.1/",
    "loopback": "https://127.0.0.1/",
    "loopback, later": "https://127.8.9.1/",
    "loopback with a dot": "https://127.0.0.1./",
    "unspecified": "https://0.0.0.0/",
    "one number": "https://2130706433/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.0.0.1/",
    "hexadecimal last part": "https://127.0.0.0x1/",
    "octal": "https://0177.0.0.1/",
    "leading zeros of a public one": "https://009.9.9.9/",
    "two parts": "https://127.1/",
    "three parts": "https://10.0.1/",
    "private 10": "https://10.1.2.3/",
    "private 172": "https://172.31.255.255/",
    "private 192": "https://192.168.1.1/",
    "metadata of clouds": "https://169.254.169.254/latest/meta-data/",
    "carrier-grade NAT": "https://100.64.0.1/",
    "benchmarks": "https://198.19.0.1/",
    "documentation": "https://203.0.113.9/",
    "6to4 relay": "https://192.88.99.1/",
    "multicast": "https://224.0.0.251/",
    "reserved": "https://240.0.0.1/",
    "broadcast": "https://255.255.255.255/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 loopback, long": "https://[0:0:0:0:0:0:0:1]/",
    "IPv6 unspecified": "https://[::]/",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/",
    "IPv4-mapped in hex": "https://[::ffff:7f00:1]/",
    "IPv4-mapped, public": "https://[::ffff:9.9.9.9]/",
    "IPv4-compatible": "https://[::127.0.0.1]/",
    "IPv4-translated": "https://[::ffff:0:127.0.0.1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "NAT64, local": "https://[64:ff9b:1::7f00:1]/",
    "6to4": "https://[2002:7f00:1::]/",
    "Teredo": "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "ORCHID": "https://[2001:20::1]/",
    "IPv6 documentation": "https://[2001:db8::1]/",
    "IPv6 documentation, later": "https://[3fff::1]/",
    "unique local": "https://[fd00::1]/",
    "IPv6 link-local": "https://[fe80::1]/",
    "IPv6 link-local with a zone": "https://[fe80::1%25eth0]/",
    "a public one with a zone": "https://[2620:fe::fe%25eth0]/",
    "site-local": "https://[fec0::1]/",
    "IPv6 multicast": "https://[ff02::1]/",
    "discard": "https://[100::1]/",
    "segment routing": "https://[5f00::1]/",
    "no IPv6 address": "https://[1::2::3]/",
    "IPv6 without brackets": "https://2620:fe::fe/",
}


@pytest.mark.parametrize("case", REFUSED)
def test_whatever_is_not_a_public_https_url_is_refused(case: str) -> None:
    with pytest.raises(ForbiddenAddressError) as refused:
        read_target(REFUSED[case], NOTHING)
    assert refused.value.code == "invalid"


INSIDE = [
    "127.0.0.1",
    "10.0.0.8",
    "169.254.169.254",
    "100.100.100.200",
    "0.0.0.0",  # noqa: S104 - refused, not listened at
    "::1",
    "::",
    "::ffff:10.0.0.8",
    "64:ff9b::a00:8",
    "2002:a00:8::1",
    "2001::1",
    "fd12:3456::1",
    "fe80::1%2",
    "2620:fe::fe%3",
    "fec0::1",
    "ff05::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_with_any_address_inside_is_refused_whole(address: str) -> None:
    target = read_target("https://hooks.example.org/", NOTHING)
    check_addresses(target, ["9.9.9.9", "2620:fe::fe"], NOTHING)
    for found in ([address], ["9.9.9.9", address], [address, "9.9.9.9"]):
        with pytest.raises(ForbiddenAddressError):
            check_addresses(target, found, NOTHING)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_public_here_that_is_not_elsewhere(address: IPv4Address) -> None:
    if is_global(address):
        assert address.is_global
        assert (address.is_private, address.is_multicast, address.is_reserved) == (False, False, False)


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_is_public_here_that_hides_another(address: IPv6Address) -> None:
    if is_global(address):
        assert address.is_global
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.ip_addresses(v=4).filter(lambda each: not is_global(each)), st.sampled_from(["::ffff:", "::", "64:ff9b::"]))
def test_an_inner_ipv4_address_gets_through_in_no_ipv6_clothes(address: IPv4Address, prefix: str) -> None:
    assert not is_global(ip_address(f"{prefix}{address}"))


# --- what the installation opens -------------------------------------------------------------------------

OPENED: dict[str, tuple[str, str, list[str]]] = {
    "an address in a network, by http": ("10.1.0.0/16", "http://10.1.2.3:8080/", ["10.1.2.3"]),
    "an address, by https at port 25": ("127.0.0.1", "https://127.0.0.1:25/", ["127.0.0.1"]),
    "an IPv6 network": ("fd00::/8", "http://[fd00::1]/", ["fd00::1"]),
    "a host, whatever its address": ("board.intern", "http://board.intern/", ["10.9.9.9"]),
    "a host without a dot": ("board", "http://board:81/", ["192.168.0.9"]),
    "localhost, where loopback is open": ("127.0.0.0/8", "http://localhost:8000/", ["127.0.0.1"]),
    "a name that turns out to be in a network": ("10.1.0.0/16", "http://hooks.example.org:8080/", ["10.1.2.3"]),
}


@pytest.mark.parametrize("case", OPENED)
def test_what_the_installation_opens_is_reached(case: str) -> None:
    allow, url, found = OPENED[case]
    allowed = read_allowed(allow)
    check_addresses(read_target(url, allowed), found, allowed)
    with pytest.raises(ForbiddenAddressError):
        read_target(url, NOTHING)


STILL_REFUSED: dict[str, tuple[str, str, list[str]]] = {
    "an address beside the network": ("10.1.0.0/16", "https://10.2.0.1/", ["10.2.0.1"]),
    "an opened IPv4 address in IPv6 clothes": ("127.0.0.0/8", "https://[::ffff:127.0.0.1]/", ["::ffff:127.0.0.1"]),
    "http to a public address": ("10.1.0.0/16", "http://hooks.example.org:8080/", ["9.9.9.9"]),
    "one address in the network, one beside": ("10.1.0.0/16", "https://a.example.org/", ["10.1.0.1", "10.2.0.1"]),
    "localhost, whose IPv6 address is not open": ("127.0.0.0/8", "http://localhost:8000/", ["127.0.0.1", "::1"]),
    "a host under one that is open": ("board.intern", "https://a.board.intern/", ["10.9.9.9"]),
    "a user, even there": ("10.1.0.0/16", "http://user@10.1.2.3/", ["10.1.2.3"]),
}


@pytest.mark.parametrize("case", STILL_REFUSED)
def test_nothing_beside_it_is(case: str) -> None:
    allow, url, found = STILL_REFUSED[case]
    allowed = read_allowed(allow)
    with pytest.raises(ForbiddenAddressError):
        check_addresses(read_target(url, allowed), found, allowed)


def test_what_is_allowed_is_read_from_one_line() -> None:
    assert read_allowed(" 10.0.0.0/8, Board.Intern ,,127.0.0.1 ") == Allowed(
        ("10.0.0.0/8", "127.0.0.1/32"), frozenset({"board.intern"})
    )
    assert read_allowed("") == NOTHING


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.300", "a_b", "0x7f", "*", "https://a.example", "a..b"])
def test_what_is_no_network_and_no_host_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="neither a network"):
        read_allowed(text)
