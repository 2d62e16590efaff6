"""The pre-check over HTTP, in a process of its own: whatever is asked of it costs no worker anything.

`POST /precheck` takes one planned payment as JSON and answers as `fxwatch precheck --json` does. `GET /healthz` says
that it runs. It holds no personal data and writes nothing; who may ask is for the network in front of it to decide.
"""

import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from streams.errors import UsageError
from streams.precheck.answers import MOST_BYTES, Answers, find_legal_day

_LARGEST_PORT = 65535


def make_site(answers: Answers) -> web.Application:
    """The pages; a body beyond `MOST_BYTES` is refused unread (413)."""

    async def precheck(request: web.Request) -> web.Response:
        today = find_legal_day(answers.configuration, datetime.now(UTC))
        try:
            planned, duties = answers.check(await request.read(), today)
        except UsageError as fault:
            return _json(fault.fields, status=400)
        return _json(answers.tell(planned, duties))

    async def healthz(_: web.Request) -> web.Response:
        return _json({"alive": True})

    site = web.Application(client_max_size=MOST_BYTES)
    site.router.add_post("/precheck", precheck)
    site.router.add_get("/healthz", healthz)
    return site


def serve(answers: Answers, listen: str) -> None:
    """Answer until the process is told to stop. Raises `UsageError` where the address cannot be listened on."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > _LARGEST_PORT:
        raise UsageError("this is no address to listen on", got=listen, expected="HOST:PORT, as 127.0.0.1:6080")
    try:
        web.run_app(make_site(answers), host=host.strip("[]"), port=int(port), print=None, access_log=None)
    except OSError as fault:
        raise UsageError("the address cannot be listened on", got=f"{listen}: {fault.strerror}") from fault


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda told: json.dumps(told, ensure_ascii=False))
