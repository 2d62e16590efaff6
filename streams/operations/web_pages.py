"""The pages of a worker on Faust's web server: /metrics, /healthz, /readyz, /startup."""

import json
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from streams.errors import UsageError
from streams.operations.health import BrokerWatch, Watchdog
from streams.operations.metrics import Metrics
from streams.operations.startup_page import StartupFacts, page
from streams.operations.web_connections import GuardedSite
from streams.plain_text.languages import LANGUAGES, Language

OK, UNAVAILABLE = 200, 503

# Of the event loop's time, what making pages of metrics may take. A page takes 4-8 ms, and connections that asked for
# one after the other, 64 at a time, left nothing: no record was taken for as long as they went on.
SHARE = 0.05
# Failure prevented: a process that was stopped for a minute while it made a page showed that page for 19 minutes more.
MOST_KEPT_SECONDS = 2.0


class KeptPage:
    """A page that is shown again until its making is less than `SHARE` of the time since: 0.1 s or so, 2 s at most.

    `now` gives seconds, monotonic.
    """

    def __init__(self, make: Callable[[], bytes], now: Callable[[], float] = time.monotonic) -> None:
        self._make, self._now = make, now
        self._page, self._until = b"", float("-inf")

    def __call__(self) -> bytes:
        """The page."""
        began = self._now()
        if began >= self._until:
            self._page = self._make()
            took = self._now() - began
            self._until = self._now() + min(took * (1 / SHARE - 1), MOST_KEPT_SECONDS)
        return self._page


def add_pages(
    app: Any,
    metrics: Metrics,
    asked: list[Any],
    watchdog: Watchdog,
    broker: BrokerWatch,
    startup: Callable[[], StartupFacts],
) -> None:
    """Add the pages to `app`. `asked` are all that may say why the worker is not ready (`unready()`).

    `/healthz` (liveness): the loop turns, each group coordinator lives, work is being taken; 503 with the fault
    otherwise. `/readyz` (readiness): the broker answers, partitions are assigned, none is replaying or stopped; 503
    with the reasons. `notes`, where there are any, tell what is no fault of this worker and yet keeps records waiting.
    `/startup` (`?lang=ko`) shows people what is learned of what is needed, and when scores become useful; `startup`
    tells it.
    """
    kept = KeptPage(metrics.page)

    def unready() -> list[str]:
        return [reason for one in asked for reason in one.unready()]

    metrics.broker_away_seconds.set_function(broker.away_seconds)
    metrics.unready_reasons.set_function(lambda: len(unready()))

    async def page_metrics(web: Any, _request: Any) -> Any:
        return web.bytes(kept(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def page_healthz(web: Any, _request: Any) -> Any:
        fault = watchdog.fault()
        body = {"alive": fault is None, "fault": fault}
        return _json(web, body, OK if fault is None else UNAVAILABLE)

    async def page_readyz(web: Any, _request: Any) -> Any:
        reasons = unready()
        body: dict[str, Any] = {"ready": not reasons, "reasons": reasons}
        notes = [note for one in asked if hasattr(one, "notes") for note in one.notes()]
        if notes:
            body["notes"] = notes
        return _json(web, body, UNAVAILABLE if reasons else OK)

    shown = {lang: KeptPage(partial(_make_startup, startup, lang)) for lang in LANGUAGES}

    async def page_startup(web: Any, request: Any) -> Any:
        lang: Language = "ko" if request.query.get("lang") == "ko" else "en"
        return web.bytes(shown[lang](), headers={"Content-Type": "text/html; charset=utf-8"})

    app.page("/startup", name="startup")(page_startup)
    app.page("/metrics", name="metrics")(page_metrics)
    app.page("/healthz", name="healthz")(page_healthz)
    app.page("/readyz", name="readyz")(page_readyz)


def _make_startup(startup: Callable[[], StartupFacts], lang: Language) -> bytes:
    return page(startup(), lang)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 means any free one. Raises `UsageError` when it cannot be had.

    It is taken before anything starts and kept: between a mere look and Faust's own bind, seconds later, another
    process could take the port, and Faust would end with a traceback.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except OSError as fault:
        raise UsageError(
            "the port of the metrics page cannot be used",
            got=f"{host}:{port}: {fault.strerror}",
            expected="an address of this machine and a free port",
            todo="choose another: --web-port N, or FXWATCH_WEB_HOST",
        ) from fault
    return listener


def serve_on(app: Any, listener: socket.socket) -> None:
    """Serve the app's pages on a socket that listens already, through the gate of web_connections.py.

    Faust itself only takes a host and a port.
    """
    web = app.web
    web._create_site = lambda: GuardedSite(web._runner, listener)  # noqa: SLF001


def _json(web: Any, body: dict[str, Any], status: int) -> Any:
    return web.text(json.dumps(body), content_type="application/json", status=status)
