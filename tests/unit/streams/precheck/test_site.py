"""The pre-check over HTTP: a real server on a port of its own, asked as a bank's system would."""

import asyncio
import json

import pytest
from aiohttp.test_utils import TestClient, TestServer

from streams.errors import UsageError
from streams.precheck.answers import MOST_BYTES, Answers
from streams.precheck.site import make_site, serve
from tests.support.ledger import configuration

PLAIN = {"direction": "out", "party_type": "person", "residency": "resident", "amount": "3000", "currency": "USD"}


def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, dict]:
    async def asking() -> tuple[int, dict]:
        async with TestClient(TestServer(make_site(Answers(configuration())))) as client:
            answer = await client.request(method, path, data=body)
            return answer.status, await answer.json() if "json" in answer.headers["Content-Type"] else {}

    return asyncio.run(asking())


def test_a_planned_payment_is_answered():
    status, told = ask("POST", "/precheck", json.dumps(PLAIN).encode())
    assert status == 200
    assert told["duties"][0] | {"limits": ()} == told["duties"][0] | {"outcome": "not_asked", "limits": ()}


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[" * 50_000], ids=["empty", "no field", "no text", "deep"])
def test_what_cannot_be_read_is_refused_with_its_reason(body):
    status, told = ask("POST", "/precheck", body)
    assert (status, told["code"], told["what"]) == (400, "usage", "this is no planned payment")


def test_a_body_that_is_too_long_is_refused_unread():
    assert ask("POST", "/precheck", b" " * (MOST_BYTES + 1))[0] == 413


def test_it_says_that_it_runs_and_nothing_else():
    assert ask("GET", "/healthz") == (200, {"alive": True})
    assert ask("GET", "/precheck")[0] == 405
    assert ask("GET", "/")[0] == 404


@pytest.mark.parametrize("listen", ["6080", ":6080", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http"])
def test_an_address_that_is_none_is_told(listen):
    with pytest.raises(UsageError, match="this is no address to listen on"):
        serve(Answers(configuration()), listen)
