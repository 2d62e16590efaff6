"""A connection that ended a moment ago, on a real uvloop and a real socket; no broker."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer import consumer
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from streams.kafka.check_connection import check_connection
from streams.kafka.connection import BrokerConnection, use_for_all_clients
from streams.kafka.ending_fetcher import EndingFetcher
from streams.settings import Settings
from tests.support.certificates import Authority


async def _silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """A peer that never answers."""


async def ended(kind: type[AIOKafkaConnection]) -> AIOKafkaConnection:
    """A connection whose transport is closed, and whose reader was not told yet: there is no reading task."""
    server = await asyncio.start_server(_silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    found = kind(host, port)
    found._closed_fut = asyncio.get_running_loop().create_future()
    found._reader, found._writer = await asyncio.open_connection(host, port)
    found._read_task = asyncio.ensure_future(asyncio.sleep(60))
    found._versions = {MetadataRequest.API_KEY: (0, 1)}
    found._writer.transport.abort()
    while True:
        try:
            found._writer.write(b"")
        except RuntimeError:
            break
        await asyncio.sleep(0)
    server.close()
    return found


def on_uvloop(work: Callable[[], Awaitable[Any]]) -> Any:
    """Run to its end on a uvloop of its own."""

    async def bounded() -> Any:
        return await asyncio.wait_for(work(), 20)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(bounded())


def test_a_request_into_a_closed_transport_is_a_broken_connection():
    """It raises what aiokafka retries, the connection is closed, and who waits for answers on it is told."""

    async def work() -> None:
        found, told = await ended(BrokerConnection), []
        found._on_close_cb = lambda *_: told.append("closed")
        waiting = asyncio.get_running_loop().create_future()
        found._requests.append((1, None, waiting))
        with pytest.raises(KafkaConnectionError, match="broken"):
            found.send(MetadataRequest([]))
        assert not found.connected()
        assert told == ["closed"]
        with pytest.raises(KafkaConnectionError):
            await waiting

    on_uvloop(work)


def test_aiokafkas_own_connection_raises_what_nobody_expects():
    """Why there is one of ours; when this fails, aiokafka has mended it, and ours can go."""

    async def work() -> None:
        found = await ended(AIOKafkaConnection)
        with pytest.raises(RuntimeError) as raised:
            found.send(MetadataRequest([]))
        assert not isinstance(raised.value, KafkaConnectionError)
        found.close()

    on_uvloop(work)


def test_other_faults_are_not_taken_for_a_broken_connection():
    """A fault of an open connection passes as it is."""

    async def work() -> None:
        found = await ended(BrokerConnection)

        class Open:
            transport = type("Transport", (), {"is_closing": staticmethod(lambda: False)})

            def write(self, _content: bytes) -> None:
                raise RuntimeError("another fault")

            def close(self) -> None:
                """Nothing to close."""

        found._writer = Open()
        with pytest.raises(RuntimeError, match="another fault"):
            found.send(MetadataRequest([]))
        found.close()

    on_uvloop(work)


@contextmanager
def deaf_to_the_end(authority: Authority) -> Iterator[int]:
    """The port of a TLS server that never answers a client's end of TLS, as a broker may not that is answering."""
    pair = authority.issue("broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    held: list[Any] = []

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                held.append(context.wrap_socket(listener.accept()[0], server_side=True))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    for one in held:
        one.close()


async def over_tls(kind: type[AIOKafkaConnection], port: int, authority: Authority) -> AIOKafkaConnection:
    """A connection as `connect` leaves it, without what is asked of a broker."""
    loop, context = asyncio.get_running_loop(), ssl.create_default_context(cafile=str(authority.certificate))
    found = kind("127.0.0.1", port, security_protocol="SSL", ssl_context=context)
    found._closed_fut = loop.create_future()
    reader = asyncio.StreamReader()
    protocol = conn.AIOKafkaProtocol(found._closed_fut, reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, "127.0.0.1", port, ssl=context)
    found._reader, found._writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)
    found.of_test = transport
    found._read_task = asyncio.ensure_future(asyncio.sleep(600))
    return found


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize(
    ("kind", "ends"), [(BrokerConnection, True), (AIOKafkaConnection, False)], ids=["ours", "theirs"]
)
def test_the_end_of_a_tls_connection_waits_for_nobody(
    tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop], kind: type[AIOKafkaConnection], ends: bool
) -> None:
    """A client's `stop` waits for the end of its connections. aiokafka's own would wait for 30 s."""
    authority = Authority(tmp_path)

    async def work(port: int) -> None:
        found = await over_tls(kind, port, authority)
        closed = found.close()
        done, _ = await asyncio.wait([closed], timeout=60 if ends else 0.5)
        assert bool(done) == ends
        if not ends:
            found.of_test.abort()

    with deaf_to_the_end(authority) as port, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work(port))


def test_every_client_connects_so(monkeypatch):
    """From then on aiokafka makes its connections of our class, and its consumers' fetchers."""
    monkeypatch.setattr(conn, "AIOKafkaConnection", AIOKafkaConnection)
    monkeypatch.setattr(consumer, "Fetcher", Fetcher)
    use_for_all_clients()
    assert conn.AIOKafkaConnection is BrokerConnection
    assert consumer.Fetcher is EndingFetcher


def test_a_check_leaves_the_event_loop_of_the_thread_alone() -> None:
    """A worker sets its loop before its last checks; a runner that took it away ended every monitor at its start."""
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        check_connection(Settings.model_construct(bootstrap="127.0.0.1:1"), 1.0)
        assert asyncio.get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


def test_a_session_that_is_about_to_end_is_renewed_between_two_requests() -> None:
    """Aiokafka does not log in again: the broker would cut the connection in the middle of a request."""

    async def states() -> list[bool]:
        server = await asyncio.start_server(_silent, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        found = BrokerConnection(host, port)
        found._closed_fut = asyncio.get_running_loop().create_future()
        found._reader, found._writer = await asyncio.open_connection(host, port)
        found._read_task = asyncio.ensure_future(asyncio.sleep(60))
        seen = [found.connected()]
        found._renew_at = time.monotonic() + 60
        seen.append(found.connected())
        found._renew_at = time.monotonic() - 1
        found._requests.append((1, None, asyncio.get_running_loop().create_future()))
        seen.append(found.connected())  # a request is under way
        found._requests.clear()
        seen += [found.connected(), found._writer is not None]
        server.close()
        return seen

    assert on_uvloop(states) == [True, True, True, False, False]
