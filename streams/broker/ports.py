"""TCP ports of the loopback interface: which are free, and whether one is."""

import socket

from streams.errors import BrokerStartError


def free_ports(count: int) -> list[int]:
    """`count` different ports that were free a moment ago. Another process may take one before it is used."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def check_free(port: int) -> None:
    """Raise `BrokerStartError` when `port` cannot be listened on."""
    with socket.socket() as probe:
        # as Java does: connections of a broker that just ended, in TIME_WAIT, do not hold the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as fault:
            raise BrokerStartError(f"port {port} cannot be used: {getattr(fault, 'strerror', None) or fault}",
                                   expected="a free port on 127.0.0.1",
                                   todo="choose another with --port, or leave --port out") from fault  # fmt: skip
