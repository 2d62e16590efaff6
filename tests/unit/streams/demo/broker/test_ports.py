"""Which ports are drawn, and that a port in use is told."""

import socket

import pytest

from streams.demo.broker import ports
from streams.demo.broker.ports import check_free, find_free_ports, first_outgoing
from streams.errors import BrokerStartError


def test_ports_are_different_and_below_those_of_outgoing_connections():
    """A client's source port can never be one of them."""
    found = find_free_ports(50)
    assert len(set(found)) == 50
    assert all(ports.LOWEST <= port < first_outgoing() for port in found)


def test_a_port_in_use_is_not_drawn(monkeypatch):
    """Where the only port of the range is in use, any free one comes in its place."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", port)
        monkeypatch.setattr(ports, "first_outgoing", lambda: port + 1)
        (found,) = find_free_ports(1)
        assert found != port
    assert find_free_ports(1) == [port], "it is free again, and the only one of the range"


@pytest.mark.parametrize(("text", "first"), [("40000\t60999\n", 40_000), ("", 32_768), ("words", 32_768)])
def test_the_system_says_where_outgoing_ports_begin(tmp_path, monkeypatch, text, first):
    """As Linux writes it; anything else is Linux's default."""
    said = tmp_path / "range"
    said.write_text(text)
    monkeypatch.setattr(ports, "OUTGOING", said)
    assert first_outgoing() == first


def test_a_port_that_is_listened_on_is_told():
    """With the number and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerStartError, match=f"port {port} cannot be used"):
            check_free(port)
