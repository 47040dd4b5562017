"""No way inside: which addresses a webhook may reach (handbook: safety, Web).

A URL is read strictly: what two parsers could read in two ways is refused. Every address that its host has must be
global unicast, or lie in what the installation allows (setting `webhook_allow`).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.application.errors import InvalidError

MAX_URL = 1024
"""Characters."""
HTTPS_PORT, HTTP_PORT = 443, 80
UNPRIVILEGED = 1024
"""Below it, 443 alone: no webhook speaks to a mail server."""

Address = IPv4Address | IPv6Address

_NOT_GLOBAL_4 = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: metadata of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_6 = IPv6Network("2000::/3")
"""All global unicast that was ever given out. IPv4-mapped, NAT64, unique local, link-local, site-local, multicast
lie outside."""
_NOT_GLOBAL_6 = tuple(
    ip_network(each)
    for each in (
        "2001::/23",  # protocols: Teredo, ORCHID and others
        "2001:db8::/32",
        "2002::/16",  # 6to4: any IPv4 address in other clothes
        "3fff::/20",  # documentation
    )
)
"""RFC 6890 and the registries of special-purpose addresses, written out: what a library thinks of them has changed."""

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
)
"""RFC 3986 without user info and fragment; host and scheme in small letters by then."""
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label like this makes resolvers read the host as an IPv4 address, in octal, hex or one number."""
_ITEM = re.compile(r"[a-z0-9.-]+")


class ForbiddenAddressError(InvalidError):
    """A URL that no webhook may have, or an address that none may reach; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the installation opens beyond the public internet."""

    networks: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    def has(self, address: Address) -> bool:
        """Whether the address lies in an allowed network."""
        return any(address in ip_network(each) for each in self.networks)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, read."""

    url: str
    """In the one form that is sent."""
    scheme: str
    host: str
    """A name, or an address without brackets, in its shortest form."""
    port: int
    literal: Address | None
    """The address that the URL itself names."""


def read_allowed(text: str) -> Allowed:
    """Read networks (CIDR), addresses and host names, separated by commas; ValueError names the one that is none."""
    networks: list[str] = []
    hosts: set[str] = set()
    for each in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(str(ip_network(each)))
        except ValueError:
            if not _ITEM.fullmatch(each) or _NUMBER.fullmatch(each.rpartition(".")[2]) or not _is_name(each):
                message = f"{each!r} is neither a network (10.1.0.0/16), an address nor a host name"
                raise ValueError(message) from None
            hosts.add(each)
    return Allowed(tuple(networks), frozenset(hosts))


def read_target(url: str, allowed: Allowed) -> Target:
    """Read a webhook's URL, and judge what it says by itself; ForbiddenAddressError."""
    if len(url) > MAX_URL or not url.isascii():
        raise ForbiddenAddressError(f"a webhook's URL has at most {MAX_URL} characters, of ASCII alone")
    scheme, colon, rest = url.partition("://")
    host_end = next((at for at, character in enumerate(rest) if character in "/?#"), len(rest))
    found = _URL.fullmatch(scheme.lower() + colon + rest[:host_end].lower() + rest[host_end:])
    if found is None or _ESCAPE.search(rest):
        raise ForbiddenAddressError(
            "a webhook's URL is https://host[:port]/path?query in ASCII: no user, no fragment, an international name "
            "as xn--, other characters as %XX"
        )
    scheme, host = found["scheme"], found["host"]
    literal = _literal(host)
    if literal is None:
        _check_name(host, allowed)
    else:
        check_address(literal, allowed)
        host = str(literal)
    _check_scheme(scheme, host, literal, allowed)
    port = _port(scheme, found["port"], opened=_is_opened(host, literal, allowed))
    shown = f"[{host}]" if isinstance(literal, IPv6Address) else host
    default = port == (HTTPS_PORT if scheme == "https" else HTTP_PORT)
    canonical = f"{scheme}://{shown}{'' if default else f':{port}'}{found['path'] or '/'}{found['query'] or ''}"
    return Target(canonical, scheme, host, port, literal)


def check_address(address: Address, allowed: Allowed) -> None:
    """ForbiddenAddressError unless the address is global unicast or allowed."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ForbiddenAddressError("a webhook's address has no zone")
    if not is_global(address) and not allowed.has(address):
        raise ForbiddenAddressError(
            "a webhook reaches public addresses alone, unless the setting webhook_allow opens more"
        )


def check_addresses(target: Target, found: list[str], allowed: Allowed) -> None:
    """Judge every address that the target's host has now: one that points inside is enough to refuse them all."""
    for each in found:
        address = ip_address(each)
        if target.host not in allowed.hosts:
            check_address(address, allowed)
        if target.scheme == "http" and not _is_opened(target.host, address, allowed):
            raise ForbiddenAddressError("a webhook speaks http to allowed addresses alone; write https")


def is_global(address: Address) -> bool:
    """Whether the address is one of the public internet, for one host."""
    if isinstance(address, IPv4Address):
        return not any(address in each for each in _NOT_GLOBAL_4)
    return address in _GLOBAL_6 and not any(address in each for each in _NOT_GLOBAL_6)


def _literal(host: str) -> Address | None:
    if host.startswith("["):
        try:
            return IPv6Address(host[1:-1])
        except ValueError:
            raise ForbiddenAddressError(f"{host} is no IPv6 address") from None
    if not _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return None
    try:
        return IPv4Address(host)
    except ValueError:
        raise ForbiddenAddressError(
            "an IPv4 address is written as four decimal numbers, such as 198.51.100.7"
        ) from None


def _check_name(host: str, allowed: Allowed) -> None:
    if host in allowed.hosts:
        return
    if not _is_name(host):
        raise ForbiddenAddressError(
            "a webhook's host is a name such as hooks.example.org, without a full stop after it"
        )
    inside = "." not in host or host.endswith(".localhost")
    # `localhost` may be what an allowed network is for; its addresses are judged at each attempt
    if inside and not (host == "localhost" and allowed.networks):
        raise ForbiddenAddressError(
            "a webhook's host has a full public name, unless the setting webhook_allow opens it"
        )


def _is_name(host: str) -> bool:
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))  # noqa: PLR2004 - RFC 1035


def _check_scheme(scheme: str, host: str, literal: Address | None, allowed: Allowed) -> None:
    """By http only what is allowed is reached; a name may yet turn out to lie in an allowed network."""
    if scheme == "https" or _is_opened(host, literal, allowed) or (literal is None and allowed.networks):
        return
    raise ForbiddenAddressError("a webhook's URL begins with https://; http is for addresses that webhook_allow opens")


def _is_opened(host: str, address: Address | None, allowed: Allowed) -> bool:
    return host in allowed.hosts or (address is not None and allowed.has(address))


def _port(scheme: str, text: str | None, *, opened: bool) -> int:
    port = int(text) if text else HTTPS_PORT if scheme == "https" else HTTP_PORT
    if port == HTTPS_PORT or UNPRIVILEGED <= port <= 65535 or (opened and port > 0):  # noqa: PLR2004 - 16 bits
        return port
    raise ForbiddenAddressError(f"a webhook's port is {HTTPS_PORT}, or {UNPRIVILEGED} to 65535")
