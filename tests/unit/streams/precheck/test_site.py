"""The pre-check over HTTP: a real server on a port of its own, asked as a bank's system would."""

import asyncio
import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys

import pytest
from aiohttp.test_utils import TestClient, TestServer

from streams.errors import UsageError
from streams.precheck.answers import MOST_BYTES, Answers
from streams.precheck.site import make_site, serve
from tests.support.ledger import configuration

PLAIN = {"direction": "out", "party_type": "person", "residency": "resident", "amount": "3000", "currency": "USD"}


def ask(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict]:
    async def asking() -> tuple[int, dict]:
        async with TestClient(TestServer(make_site(Answers(configuration())))) as client:
            answer = await client.request(method, path, data=body, headers=headers)
            return answer.status, await answer.json()

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


def test_a_body_that_is_not_packed_as_it_says_is_refused():
    status, told = ask("POST", "/precheck", b"xxxx", **{"Content-Encoding": "gzip"})
    assert (status, told["what"]) == (400, "the body cannot be unpacked")


def test_a_bomb_is_refused_unread():
    """A hundred kilobytes that unpack to a hundred megabytes."""
    bomb = gzip.compress(b" " * 100_000_000, 1)
    assert ask("POST", "/precheck", bomb, **{"Content-Encoding": "gzip"})[0] == 413


def test_it_says_that_it_runs_and_refuses_everything_else_in_json():
    assert ask("GET", "/healthz") == (200, {"alive": True})
    assert ask("GET", "/precheck") == (405, {"code": "http", "what": "method not allowed"})
    assert ask("GET", "/") == (404, {"code": "http", "what": "not found"})


def test_it_answers_however_many_connections_say_nothing_and_ends_when_told():
    """Six hundred silent connections, and a process that may have 512 files."""
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))"
    program = f"{limited}; from streams.cli import main; sys.argv[1:] = ['precheck', '--listen', '127.0.0.1:0']; main()"
    held: list[socket.socket] = []
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
            held += [socket.create_connection(("127.0.0.1", port), timeout=90) for _ in range(600)]
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
            asked.request("POST", "/precheck", json.dumps(PLAIN))
            assert asked.getresponse().status == 200
            asked.close()
        finally:
            for one in held:
                one.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("listen", ["6080", ":6080", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http"])
def test_an_address_that_is_none_is_told(listen):
    with pytest.raises(UsageError, match="this is no address to listen on"):
        serve(Answers(configuration()), listen, print)
