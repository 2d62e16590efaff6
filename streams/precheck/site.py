"""The pre-check over HTTP, in a process of its own: whatever is asked of it costs no worker anything.

`POST /precheck` takes one planned payment as JSON and answers as `fxwatch precheck --json` does. `GET /healthz` says
that it runs. It holds no personal data and writes nothing; who may ask is for the network in front of it to decide.
Every answer is JSON, a refusal too. Connections are few and none is idle for long (web_connections.py).
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from streams.errors import UsageError
from streams.operations.web_connections import GuardedSite
from streams.precheck.answers import MOST_BYTES, Answers, find_legal_day

_LARGEST_PORT = 65535
# Banks' systems behind a gateway ask; each is answered in a millisecond. Failure prevented: a thousand connections that
# say nothing take every file of the process, and nobody is answered any more.
MOST_CONNECTIONS = 256


def make_site(answers: Answers) -> web.Application:
    """The pages; a body beyond `MOST_BYTES`, unpacked, is refused unread (413)."""

    async def precheck(request: web.Request) -> web.Response:
        today = find_legal_day(answers.configuration, datetime.now(UTC))
        try:
            planned, duties = answers.check(await request.read(), today)
        except UsageError as fault:
            return _json(fault.fields, status=400)
        return _json(answers.tell(planned, duties))

    async def healthz(_: web.Request) -> web.Response:
        return _json({"alive": True})

    site = web.Application(client_max_size=MOST_BYTES, middlewares=[_refuse_in_json])
    site.router.add_post("/precheck", precheck)
    site.router.add_get("/healthz", healthz)
    return site


@web.middleware
async def _refuse_in_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What cannot be answered is told as JSON. A body that is not packed as its header says is no fault of ours."""
    try:
        return await handler(request)
    except web.HTTPException as fault:
        answer = _json({"code": "http", "what": fault.reason.lower()}, status=fault.status)
        if "Allow" in fault.headers:
            answer.headers["Allow"] = fault.headers["Allow"]
        return answer
    except web.RequestPayloadError:
        refused = UsageError(
            "the body cannot be unpacked", got="another packing than Content-Encoding says", expected="JSON, not packed"
        )
        return _json(refused.fields, status=400)


def serve(answers: Answers, listen: str, tell: Callable[[str], None]) -> None:
    """Answer until the process is told to stop; `tell` gets one line when it listens.

    Raises `UsageError` where the address cannot be listened on.
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > _LARGEST_PORT:
        raise UsageError("this is no address to listen on", got=listen, expected="HOST:PORT, as 127.0.0.1:6080")
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as fault:
        raise UsageError("the address cannot be listened on", got=f"{listen}: {fault.strerror}") from fault
    tell(f"answering POST http://{host}:{listener.getsockname()[1]}/precheck; Ctrl-C ends it")
    try:
        asyncio.run(_answer(make_site(answers), listener))
    except (web.GracefulExit, KeyboardInterrupt):
        return


async def _answer(site: web.Application, listener: socket.socket) -> None:
    runner = web.AppRunner(site, access_log=None, handle_signals=True)
    await runner.setup()
    try:
        await GuardedSite(runner, listener, most=MOST_CONNECTIONS).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda told: json.dumps(told, ensure_ascii=False))
