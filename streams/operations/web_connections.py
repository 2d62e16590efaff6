"""The connections of a worker's web server: few at a time, none for long, and files left for Kafka.

Failure prevented: a thousand idle connections to the metrics port took every file descriptor of a worker, which then
could reach no broker any more and ended. aiohttp itself closes a silent connection after an hour and counts none.
"""

import asyncio
import ipaddress
import resource
from collections import Counter
from functools import partial
from typing import Any, cast

from aiohttp.web import RequestHandler, SockSite

# Prometheus, the orchestrator's probes and a few people; each is one connection for some milliseconds a scrape.
MOST_CONNECTIONS = 64
# Time to say the request, or until the next one; a scrape every 15 s keeps its connection.
IDLE_SECONDS = 20.0
# A page is made in milliseconds: whoever did not take it by then reads slowly on purpose, or is gone.
ANSWER_SECONDS = 10.0
# Files that a worker should be able to have: connections to brokers (two a client and broker) and pages, with room.
WANTED_FILES = 16_384


def holder(address: str) -> str:
    """Who holds a connection from there: the address, or the network of 64 bits that one machine has of IPv6.

    Failure prevented: 64 connections from as many addresses of one machine's network, each with one place of its own.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


class Gate:
    """Counts connections and, when there are too many, lets one go of the address that holds most.

    Failure prevented: who opened eight connections a second, each with requests whose answers it never took, held all
    places for as long as it went on; `/healthz` answered nobody, and an orchestrator ends a worker for that.
    """

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        # oldest first: connection -> loop time of its beginning
        self._open: dict[PageConnection, float] = {}
        self.refused = 0

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: "PageConnection", now: float) -> bool:
        """Whether the connection may stay. An older one may have to go for it."""
        if len(self._open) >= self._most:
            self.refused += 1
            gone = self._least_wanted(connection.peer, now)
            if gone is None:
                return False
            gone.abort()
        self._open[connection] = now
        return True

    def leave(self, connection: "PageConnection") -> None:
        """The connection has ended."""
        self._open.pop(connection, None)

    def _least_wanted(self, peer: str, now: float) -> "PageConnection | None":
        """Of the address that holds most the oldest one: that asks nothing, else whose answer nobody takes, else any.

        The last only where `peer`, who wants the place, holds fewer. Who opens many takes places from itself alone.
        """
        held = Counter(connection.peer for connection in self._open)
        most = max(held.values())
        of_most = [connection for connection in self._open if held[connection.peer] == most]
        idle = (connection for connection in of_most if not connection.busy)
        slow = (connection for connection in of_most if now - self._open[connection] > ANSWER_SECONDS)
        return next(idle, None) or next(slow, None) or (of_most[0] if held[peer] + 1 < most else None)


class PageConnection(RequestHandler):
    """One connection to the pages, which the gate may end."""

    __slots__ = ("_gate", "_timer", "_watched", "peer")

    def __init__(self, gate: Gate, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, keepalive_timeout=IDLE_SECONDS, lingering_time=1.0, **kwargs)
        self._gate = gate
        self.peer = ""
        self._watched: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a whole request was said and its answer is not taken yet."""
        if self._request_in_progress:
            return True
        # aiohttp is done with a page when it is handed to the transport; what nobody takes stays there
        return self._watched is not None and self._watched.get_write_buffer_size() > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter, or be ended at once."""
        # uvloop's transports are none of asyncio's classes, and have their methods
        self._watched = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self.peer = holder(str(name[0])) if name else ""  # gone again already
        if not self._gate.enter(self, self._loop.time()):
            self.abort()
            return
        super().connection_made(transport)
        self._timer = self._loop.call_later(ANSWER_SECONDS, self._look, self._request_count)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Leave."""
        self._gate.leave(self)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def abort(self) -> None:
        """End it now, whatever was not sent yet."""
        self._gate.leave(self)
        if self._watched is not None:
            self._watched.abort()

    def _look(self, answered: int) -> None:
        """Every ten seconds: an answer that was under way at the last look too is taken by nobody."""
        if self.busy and answered == self._request_count:
            self.abort()
            return
        # a request that is under way only now is counted, so that the next look knows it
        self._timer = self._loop.call_later(ANSWER_SECONDS, self._look, self._request_count if self.busy else -1)


class GuardedSite(SockSite):
    """A site on a listening socket whose connections pass the gate."""

    __slots__ = ("gate",)

    def __init__(self, *args: Any, most: int = MOST_CONNECTIONS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gate = Gate(most)

    async def start(self) -> None:
        """Serve."""
        self._runner._reg_site(self)  # noqa: SLF001  (what SockSite's own start begins with)
        loop = asyncio.get_running_loop()
        made = partial(PageConnection, self.gate, self._runner.server, loop=loop, access_log=None)
        self._server = await loop.create_server(made, sock=self._sock, backlog=self._backlog)


def raise_file_limit() -> int:
    """Raise this process's limit of open files to what a worker may need; returns what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        soft = ceiling
    return soft
