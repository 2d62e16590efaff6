"""TCP ports of the loopback interface: which are free, and whether one is."""

import errno
import random
import socket
from pathlib import Path

from streams.errors import BrokerStartError

# Ports from here up to the first that the system gives to outgoing connections. Failure prevented: while a broker is
# away, a client that tries to reach it again and again is given the broker's own port as its source port now and then,
# and the broker cannot come back.
LOWEST = 10_000
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
# where the system does not say: Linux begins here, macOS and Windows at 49152
FIRST_OUTGOING = 32_768
TRIES = 1_000


def find_free_ports(count: int) -> list[int]:
    """`count` different ports that were free a moment ago, below those of outgoing connections where there is room.

    Another process may take one before it is used.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            sockets.append(_bound(range(LOWEST, first_outgoing())))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def first_outgoing() -> int:
    """The lowest port that the system gives to outgoing connections by itself."""
    try:
        return int(OUTGOING.read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return FIRST_OUTGOING


def _bound(ports: range) -> socket.socket:
    """A socket bound to one of `ports`, drawn at random; to any port at all when none of them seems to be free."""
    # not the shared generator: two processes that were given the same seed would draw the same ports
    draw = random.SystemRandom()
    found = socket.socket()
    for _ in range(TRIES if ports else 0):
        try:
            found.bind(("127.0.0.1", draw.choice(ports)))
        except OSError as fault:
            if fault.errno not in {errno.EADDRINUSE, errno.EACCES}:
                found.close()
                raise
        else:
            return found
    found.bind(("127.0.0.1", 0))
    return found


def check_free(port: int) -> None:
    """Raise `BrokerStartError` when `port` cannot be listened on."""
    with socket.socket() as probe:
        # as Java does: connections of a broker that just ended, in TIME_WAIT, do not hold the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as fault:
            raise BrokerStartError(
                f"port {port} cannot be used: {getattr(fault, 'strerror', None) or fault}",
                expected="a free port on 127.0.0.1",
                todo="choose another with --port, or leave --port out",
            ) from fault
