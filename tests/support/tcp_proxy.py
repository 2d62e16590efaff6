"""A TCP proxy in front of a broker that makes the network as bad as a test wants it: slow, resetting, or dead.

A broker tells clients its address, so it must tell those that come through the proxy the proxy's: `ProxiedBroker` has
a second listener for them, and the test's own clients need not suffer.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.demo.broker import EmbeddedBroker
from streams.demo.broker.ports import find_free_ports

# as much as a socket hands over at once; latency is per piece, as it is per packet burst on a real line
PIECE_BYTES = 64 * 1024
READY_SECONDS = 10.0
# RST instead of FIN on close: what a client sees when a firewall or a crashed host ends a connection
# What an idle worker's busiest connection sends to the broker in 2 s: four fetches of 84 partitions, 8 kB, and a
# heartbeat. One that has sent more carries records.
IDLE_BYTES = 32 * 1024
LINGER_ZERO = struct.pack("ii", 1, 0)


class TcpProxy:
    """Listens on `port` of the loopback interface and passes everything to `target`; a context manager.

    Runs an event loop in a thread of its own. `latency`, `blackhole` and `reset_every` may be set at any time; the
    delays are drawn from `seed`. `resets`: connections reset so far, `resets_under_load`: those that had sent the
    broker records; `passed`: bytes, in both directions.
    """

    def __init__(self, port: int, target: int, seed: int = 0) -> None:
        self._port, self._target, self._draw = port, target, random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)
        self._ready = threading.Event()
        self._latency = self._jitter = 0.0
        self._open: asyncio.Event | None = None  # set while something passes
        self._writers: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []
        self._resetting: asyncio.Task[None] | None = None
        self._sent: dict[asyncio.StreamWriter, int] = {}  # to the broker, by connection
        self.resets = self.resets_under_load = self.passed = 0

    # -- from the test's thread -----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(READY_SECONDS), f"the proxy does not listen on port {self._port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(READY_SECONDS)

    def latency(self, seconds: float, jitter: float = 0.0) -> None:
        """Delay every piece by `seconds` +- `jitter`, each direction; order is kept."""
        self._latency, self._jitter = seconds, jitter

    def blackhole(self, on: bool) -> None:
        """Accept connections and pass nothing; what was sent meanwhile arrives when it is switched off."""
        assert self._open is not None, "the proxy does not run"
        self._call(self._open.clear if on else self._open.set)

    def reset_every(self, seconds: float | None) -> None:
        """Reset all connections every so many seconds; None stops that."""
        self._call(lambda: self._repeat(seconds))

    def reset(self) -> None:
        """Reset all connections now."""
        self._call(self._reset)

    def _call(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def act() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(act)
        assert done.wait(READY_SECONDS), "the proxy's loop does not turn"

    # -- in the proxy's thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._open = asyncio.Event()
        self._open.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", self._port))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._reset()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._open is not None
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._abort(writer)  # the broker is away: the client sees what it would see without a proxy
            return
        pair = (writer, target_writer)
        self._writers.append(pair)
        self._sent[target_writer] = 0
        try:
            await asyncio.gather(self._pass(reader, target_writer), self._pass(target_reader, writer))
        except OSError:
            pass  # a reset, ours or the other side's; both ends are closed below
        finally:
            if pair in self._writers:
                self._writers.remove(pair)
            self._sent.pop(target_writer, None)
            for end in pair:
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass pieces on, each when its delay is over and never before an earlier one."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivery = asyncio.ensure_future(self._deliver(line, writer))
        try:
            while piece := await reader.read(PIECE_BYTES):
                delay = max(0.0, self._latency + self._draw.uniform(-self._jitter, self._jitter))
                line.put_nowait((self._loop.time() + delay, piece))
            line.put_nowait((0.0, b""))
            await delivery
        finally:
            delivery.cancel()

    async def _deliver(self, line: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter) -> None:
        assert self._open is not None
        while True:
            due, piece = await line.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            await self._open.wait()
            if not piece:
                writer.close()
                return
            writer.write(piece)
            await writer.drain()
            self.passed += len(piece)
            if writer in self._sent:
                self._sent[writer] += len(piece)

    def _repeat(self, seconds: float | None) -> None:
        if self._resetting is not None:
            self._resetting.cancel()
        self._resetting = None if seconds is None else asyncio.ensure_future(self._reset_repeatedly(seconds))

    async def _reset_repeatedly(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self._reset()

    def _reset(self) -> None:
        pairs, self._writers = self._writers, []
        for pair in pairs:
            self.resets += 1
            self.resets_under_load += self._sent.get(pair[1], 0) > IDLE_BYTES
            for end in pair:
                self._abort(end)

    @staticmethod
    def _abort(writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        writer.transport.abort()


class ProxiedBroker:
    """An embedded broker with two addresses: `bootstrap`, and `proxied` that leads through `proxy`."""

    def __init__(self, directory: Path, seed: int = 0) -> None:
        port, controller, inside, outside = find_free_ports(4)
        listeners = {"PLAINTEXT": port, "PROXIED": inside, "CONTROLLER": controller}
        advertised = {"PLAINTEXT": port, "PROXIED": outside}
        self.proxy = TcpProxy(outside, inside, seed)
        self.proxied = f"127.0.0.1:{outside}"
        self._broker = EmbeddedBroker(
            directory,
            port=port,
            controller_port=controller,
            voters={1: controller},
            properties={
                "listeners": ",".join(f"{name}://127.0.0.1:{at}" for name, at in listeners.items()),
                "advertised.listeners": ",".join(f"{name}://127.0.0.1:{at}" for name, at in advertised.items()),
                "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
            },
        )

    @property
    def bootstrap(self) -> str:
        """The broker's own address, for clients that are not under test."""
        return self._broker.bootstrap

    def __enter__(self) -> Self:
        self._broker.start()
        self.proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.__exit__(kind, fault, trace)
        self._broker.kill()
