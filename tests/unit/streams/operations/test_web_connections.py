"""The pages answer however many connections are held open, and the worker keeps its files."""

import asyncio
import contextlib
import http.client
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.operations import web_connections
from streams.operations.web_connections import Gate, PageConnection, raise_file_limit

# who answers at all does within this on a busy machine; who does not within the other is taken to be silent
ANSWER_SECONDS, SILENT_SECONDS = 30.0, 3.0

# A worker's web server as web_pages.py makes it, in a process that may open few files. `plain`: as aiohttp makes it.
SERVER = """
import asyncio, json, resource, sys
from types import SimpleNamespace
import uvloop
from aiohttp import web
from streams.operations import web_connections, web_pages
kind, loop_kind = sys.argv[1:3]
web_connections.IDLE_SECONDS, web_connections.ANSWER_SECONDS = float(sys.argv[3]), float(sys.argv[4])
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
async def healthz(_request):
    return web.Response(text='{"alive": true}')
async def large(_request):
    return web.Response(body=b'x' * 50_000_000)
async def metrics(_request):
    return web.Response(body=b'x' * 100_000)
async def main():
    listener = web_pages.listen('127.0.0.1', 0)
    site = web.Application()
    site.router.add_get('/healthz', healthz)
    site.router.add_get('/large', large)
    site.router.add_get('/metrics', metrics)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    app = SimpleNamespace(web=SimpleNamespace(_runner=runner))
    if kind == 'guarded':
        web_pages.serve_on(app, listener)
        await app.web._create_site().start()
    else:
        await web.SockSite(runner, listener).start()
    print(listener.getsockname()[1], flush=True)
    await asyncio.Event().wait()
(uvloop.run if loop_kind == 'uvloop' else asyncio.run)(main())
"""


@contextlib.contextmanager
def serving(kind: str = "guarded", loop: str = "uvloop", idle: float = 20, answer: float = 10) -> Iterator[Any]:
    """A server process: its port, and how many files it has open."""
    command = [sys.executable, "-c", SERVER, kind, loop, str(idle), str(answer)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())

            def files() -> int:
                return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))

            yield SimpleNamespace(port=port, files=files, alive=lambda: process.poll() is None)
        finally:
            process.kill()


@pytest.fixture
def sockets() -> Iterator[Callable[[int, int, bytes], list[socket.socket]]]:
    """Opens connections that say something, or nothing, and are held open."""
    raise_file_limit()
    held: list[socket.socket] = []

    def opened(port: int, count: int, said: bytes) -> list[socket.socket]:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
            held.append(one)
            with contextlib.suppress(OSError):
                one.sendall(said)
        return held

    yield opened
    for one in held:
        one.close()


def answered(port: int, seconds: float = ANSWER_SECONDS, of: str = "127.0.0.1") -> bool:
    """Whether /healthz answers whoever asks from the address `of`."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds, source_address=(of, 0))
    try:
        asking.request("GET", "/healthz")
        return bool(json.load(asking.getresponse())["alive"])
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def settled(condition: Callable[[], bool], seconds: float = ANSWER_SECONDS) -> bool:
    """Whether it comes true in time, be it for a moment: a flood loses its places after ten seconds, and fills them."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("loop", "said", "count"),
    [("uvloop", b"", 2000), ("uvloop", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", 600), ("asyncio", b"", 600)],
    ids=["silent", "slow header", "without uvloop"],
)
def test_held_connections_leave_the_page_and_the_files(sockets, loop, said, count):
    """With room for 256 files, 2 000 connections leave /healthz answering and most files free."""
    with serving(loop=loop) as server:
        assert answered(server.port)
        for _ in range(4):
            sockets(server.port, count // 4, said)
            assert answered(server.port)
        assert settled(lambda: server.files() < 100)
        assert server.alive()


def test_without_the_gate_they_take_everything(sockets):
    """What this is held against: the plain server has no file left and answers nobody."""
    with serving("plain") as server:
        assert answered(server.port)
        sockets(server.port, 300, b"")
        assert settled(lambda: server.files() > 200)
        assert not answered(server.port, SILENT_SECONDS)


def test_idle_and_half_said_connections_are_ended(sockets):
    """Also when there are few: each has its time to say a request."""
    with serving(idle=0.3) as server:
        quiet = server.files()

        def there() -> bool:
            # again where all of them were ended before the look, which comes late on a busy machine
            for said in (b"", b"GET /healthz HTTP/1.1\r\nHost:", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"):
                sockets(server.port, 5, said)
            return server.files() > quiet

        assert settled(there)
        assert settled(lambda: server.files() <= quiet)


def test_who_never_takes_the_answer_is_ended_and_who_takes_it_slowly_gets_it(sockets):
    """50 MB that nobody reads do not hold a connection for ever; a small page over a kept connection is unaffected."""
    with serving(idle=30, answer=0.4) as server:
        quiet = server.files()
        kept = sockets(server.port, 1, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")[0]

        def there() -> bool:
            sockets(server.port, 5, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            return server.files() > quiet + 1

        assert settled(there)
        assert settled(lambda: server.files() <= quiet + 1)
        for _ in range(3):
            assert b"alive" in kept.recv(4096)
            time.sleep(0.5)
            kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")


def test_who_opens_many_and_takes_no_answer_keeps_the_page_from_nobody_else():
    """Forty connections a second, each with 200 requests whose answers are never taken: all 64 places are busy.

    With places given by time alone, no probe of 20 was answered. The prober's own kept connection stays as well.
    """
    ended = threading.Event()

    def flood(port: int) -> None:
        with contextlib.ExitStack() as held:
            while not ended.wait(1 / 40):
                one = held.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                one.settimeout(0.2)
                with contextlib.suppress(OSError):
                    one.connect(("127.0.0.1", port))
                    one.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 200)

    with serving() as server:
        kept = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=ANSWER_SECONDS, source_address=("127.0.0.2", 0)
        )
        flooding = threading.Thread(target=flood, args=(server.port,))
        flooding.start()
        try:
            assert settled(lambda: not answered(server.port, SILENT_SECONDS)), "the flood does not fill the places"
            for _ in range(10):
                assert answered(server.port, of="127.0.0.2")  # who finds no place is told at once
                kept.request("GET", "/healthz")
                assert kept.getresponse().read() == b'{"alive": true}'
                time.sleep(0.1)
        finally:
            ended.set()
            flooding.join()
            kept.close()


class Held:
    """Stands for a connection of an address; `gate` and `ended` are set by whoever makes it."""

    gate: Gate
    ended: list[str]

    def __init__(self, name: str, *, busy: bool, peer: str = "a") -> None:
        self.name, self.busy, self.peer = name, busy, peer

    def abort(self) -> None:
        """End it."""
        Held.ended.append(self.name)
        Held.gate.leave(self)


def held_by(most: int) -> tuple[Gate, list[str]]:
    """A new gate, and the names of the connections that it ended."""
    Held.gate, Held.ended = Gate(most), []
    return Held.gate, Held.ended


def test_the_gate_lets_go_of_the_oldest_idle_one_first():
    """A busy one stays, unless nobody takes its answer; when all are busy the new one must go."""
    gate, ended = held_by(2)
    first, second, third = (
        Held("first", busy=True),
        Held("second", busy=False),
        Held("third", busy=True),
    )
    assert gate.enter(first, 0)
    assert gate.enter(second, 1)
    assert gate.enter(third, 2)
    assert ended == ["second"]
    assert not gate.enter(Held("fourth", busy=False), 3)
    assert gate.enter(Held("fifth", busy=False), web_connections.ANSWER_SECONDS + 1)
    assert (ended, len(gate), gate.refused) == (["second", "first"], 2, 3)


def test_the_gate_takes_a_place_from_the_address_that_holds_most():
    """Its idle one, else its oldest; who holds as many as the most gets none of the others'."""
    gate, ended = held_by(4)
    assert gate.enter(Held("quiet", busy=False, peer="b"), 0)
    for name, busy in (("first", True), ("second", False), ("third", True)):
        assert gate.enter(Held(name, busy=busy), 1)
    assert gate.enter(Held("fourth", busy=True), 2)
    assert ended == ["second"], "not b's, which is older and idle"
    assert not gate.enter(Held("fifth", busy=True), 3)
    assert gate.enter(Held("probe", busy=True, peer="b"), 4)
    assert ended == ["second", "first"]
    assert gate.enter(Held("third address", busy=True, peer="c"), 5)
    assert (ended, len(gate)) == (["second", "first", "quiet"], 4)


def test_a_worker_may_open_what_the_system_allows():
    """The soft limit is raised towards the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        raised = raise_file_limit()
        assert raised == min(web_connections.WANTED_FILES, hard if hard != resource.RLIM_INFINITY else 1 << 62)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == raised
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_connection_is_aiohttps_own_but_for_the_gate():
    """What is overridden exists there: a release of aiohttp that renames it must not silently disable the gate."""
    for name in ("connection_made", "connection_lost"):
        assert getattr(PageConnection.__mro__[1], name) is not getattr(PageConnection, name)
    assert {"_request_in_progress", "_request_count"} <= set(PageConnection.__mro__[1].__slots__)
    assert asyncio.iscoroutinefunction(web_connections.GuardedSite.start)


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:0:7:1:2:3:4", "2001:db8:0:7::/64"),
        ("2001:db8:0:7::9", "2001:db8:0:7::/64"),
        ("2001:db8:0:8::9", "2001:db8:0:8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_who_holds_a_connection(address: str, one: str) -> None:
    """A machine has a whole network of IPv6 addresses, which would be as many holders of one place each."""
    assert web_connections.holder(address) == one
