"""Bootstrap addresses: every form in which operators write them, read by one parser into `host:port`.

Kafka's Java clients, librdkafka and the Python clients take different forms (`PLAINTEXT://host:port`, a host alone,
trailing commas). An address that works elsewhere must work here, and in every client of fxwatch alike.
"""

import re
from ipaddress import AddressValueError, IPv6Address

import msgspec

from streams.errors import ConfigurationError

DEFAULT_PORT = 9092
"""Kafka's own default, taken where an address names no port."""

LAST_PORT = 65535

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
"""Kafka's security protocols, as they stand before `://`."""

LONGEST_HOST = 253
"""Characters of the longest name that the domain name system can hold (RFC 1035, 2.3.4)."""

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](.*)", re.DOTALL)
# more colons than one part no port from a host
_ONE_COLON = 1
_SHOWN = 100
_NO_PROTOCOL = f"no such protocol; expected one of {', '.join(PROTOCOLS)}"


class Bootstrap(msgspec.Struct, frozen=True):
    """`servers`: each address once, as `host:port`, in the order given. `protocol`: the one they name, or None."""

    servers: tuple[str, ...]
    protocol: str | None


def read(text: str) -> tuple[Bootstrap, list[str]]:
    """The addresses in `text`, comma separated, and everything that is wrong with them. Never raises.

    Taken: `host:port`, `host` (port 9092), `[IPv6]:port`, each with or without `PROTOCOL://`; blanks around addresses
    and empty places between commas are passed over. A user and password in an address are never repeated.
    """
    servers: dict[str, None] = {}
    protocols: dict[str, None] = {}
    problems: list[str] = []
    for item in (part.strip() for part in text.split(",")):
        if not item:
            continue
        scheme, mark, rest = item.rpartition("://")
        known = not mark or scheme.upper() in PROTOCOLS
        server, fault = _server(rest) if known else (None, _NO_PROTOCOL)
        if fault is not None or server is None:
            problems.append(f"{_shown(item)} is not an address of a Kafka broker: {fault}")
            continue
        servers[server] = None
        protocols[scheme.upper() if mark else ""] = None
    named = [name for name in protocols if name]
    if not servers and not problems:
        problems.append("no address of a Kafka broker: expected host:port, comma separated")
    if len(named) > 1:
        problems.append(f"addresses of one cluster have one protocol; got {' and '.join(named)}")
    return Bootstrap(tuple(servers), named[0] if named else None), problems


def find_mismatch(found: Bootstrap, configured: str) -> str | None:
    """What is wrong when addresses name another protocol than `configured`; None when they agree or name none."""
    if found.protocol is None or found.protocol == configured:
        return None
    return (
        f"the addresses say {found.protocol}://, the security protocol is {configured}; "
        "make them the same, or write the addresses without a protocol"
    )


def parse_servers(text: str) -> list[str]:
    """The addresses in `text` as every client takes them. Raises `ConfigurationError` naming all that are wrong."""
    found, problems = read(text)
    if problems:
        raise ConfigurationError(
            "the bootstrap addresses are not valid",
            problems,
            expected="host:port, ...",
            todo="correct FXWATCH_BOOTSTRAP",
        )
    return list(found.servers)


def _server(text: str) -> tuple[str | None, str | None]:
    """(`host:port`, None), or (None, what is wrong)."""
    if "@" in text:
        return None, "a user and password do not belong there"
    bracketed = _IN_BRACKETS.fullmatch(text)
    if bracketed is not None:
        host, rest = bracketed.group(1), bracketed.group(2)
        try:
            IPv6Address(host)
        except (AddressValueError, ValueError):
            return None, "what stands in the brackets is no IPv6 address"
        port, fault = _port(rest)
        return (f"[{host}]:{port}", None) if fault is None else (None, fault)
    if text.count(":") > _ONE_COLON:
        return None, "an IPv6 address stands in brackets, as in [::1]:9092"
    host, colon, _ = text.partition(":")
    if len(host) > LONGEST_HOST or not _HOST.fullmatch(host):
        return None, "expected a host name or address before the port"
    port, fault = _port(text[len(host) :] if colon else "")
    return (f"{host}:{port}", None) if fault is None else (None, fault)


def _port(text: str) -> tuple[int, str | None]:
    """The port behind a host, `:9092` or nothing at all, and what is wrong with it."""
    if not text:
        return DEFAULT_PORT, None
    digits = text.removeprefix(":")
    # five digits at most: int() of a thousand digits costs, and of other scripts' digits would pass
    if len(digits) == len(text) or not re.fullmatch("[0-9]{1,5}", digits) or not 0 < int(digits) <= LAST_PORT:
        return 0, f"expected a port from 1 to {LAST_PORT} after the host"
    return int(digits), None


def _shown(item: str) -> str:
    """An address as messages show it: without user and password, bounded."""
    before, at, after = item.rpartition("@")
    scheme = before.rpartition("://")[0]
    shown = f"{scheme + '://' if scheme else ''}***@{after}" if at else item
    return repr(shown[:_SHOWN])
