"""Certificates, tokens and refusals over time, on real TLS sockets and without a broker."""

import asyncio
import base64
import json
import shlex
import ssl
import sys

import pytest
from aiokafka import errors

from streams.errors import AuthenticationError, EncryptionError
from streams.kafka.connection_faults import Attempt, EndedError, explain
from streams.kafka.refusals import LONGEST_SECONDS, Refusals
from streams.kafka_access.oauth_tokens import SHARE_LEFT, AsyncTokens, BlockingTokens, TokenSource, read_token
from streams.kafka_access.tls_context import RenewedContext, TlsFiles
from tests.support.certificates import Authority, secret_file

SECRET = "opaque-and-secret-token"
ATTEMPT = Attempt("b:9093", "SASL_SSL", "SCRAM-SHA-512", "ingest")


async def peer_of(pair, context, authority=None):
    """The common name of the client's certificate as the server sees it ('' without), over one connection."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(pair.certificate, pair.key)
    if authority is not None:
        server_side.load_verify_locations(authority.certificate)
        server_side.verify_mode = ssl.CERT_REQUIRED
    seen = asyncio.get_running_loop().create_future()

    async def serve(_reader, writer):
        shown = writer.get_extra_info("peercert") or {}
        seen.set_result(dict(one for part in shown.get("subject", ()) for one in part).get("commonName", ""))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_side)
    try:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", server.sockets[0].getsockname()[1], ssl=context, server_hostname="127.0.0.1"
        )
        found = await asyncio.wait_for(seen, 10)
        writer.close()
    finally:
        server.close()
    return found


def replaced(target, source):
    """As a renewal does it: in one step, by another file."""
    scratch = target.with_suffix(".new")
    scratch.write_bytes(source.read_bytes())
    scratch.chmod(0o600)
    scratch.replace(target)


def test_a_renewed_certificate_is_used_by_the_next_connection(tmp_path, caplog):
    """Of a context that was made before: workers run longer than certificates do."""
    ours = Authority(tmp_path / "ours")
    broker, first, second = ours.issue("broker"), ours.issue("first"), ours.issue("second")
    context = RenewedContext(TlsFiles(ours.certificate, first.certificate, first.key, None))
    assert asyncio.run(peer_of(broker, context, ours)) == "first"
    # half a renewal: the key does not belong to the certificate, so the earlier pair stays
    replaced(first.certificate, second.certificate)
    assert asyncio.run(peer_of(broker, context, ours)) == "first"
    assert "cannot be used, the earlier ones still are" in caplog.text
    replaced(first.key, second.key)
    assert asyncio.run(peer_of(broker, context, ours)) == "second"


def test_an_authority_that_was_taken_away_is_trusted_no_more(tmp_path):
    """Loading into the same context would only ever add authorities."""
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    broker = ours.issue("broker")
    context = RenewedContext(TlsFiles(ours.certificate, None, None, None))
    assert asyncio.run(peer_of(broker, context)) == ""
    replaced(ours.certificate, theirs.certificate)
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(peer_of(broker, context))


@pytest.mark.parametrize(
    ("name", "hosts", "days", "words"),
    [
        ("expired", ("127.0.0.1",), (-3, -1), "has expired"),
        ("early", ("127.0.0.1",), (1, 3), "is not valid yet"),
        ("elsewhere", ("kafka.example",), (-1, 3), "is for another name"),
    ],
)
def test_a_certificate_that_is_not_accepted_says_why(tmp_path, name, hosts, days, words):
    """By the library's real fault; the honest case is the test above."""
    ours = Authority(tmp_path / "ours")
    context = RenewedContext(TlsFiles(ours.certificate, None, None, None))
    with pytest.raises(ssl.SSLCertVerificationError) as fault:
        asyncio.run(peer_of(ours.issue(name, hosts=hosts, days=days), context))
    told = explain(fault.value, ATTEMPT)
    assert isinstance(told, EncryptionError)
    assert words in told.message


def test_what_a_fault_is_told_as():
    """The rest of the table; what time may heal is none of these."""
    alert = asyncio.IncompleteReadError(b"\x02\x46", 0x15030300)
    closed = errors.KafkaConnectionError("closed")
    closed.__cause__ = alert
    assert "speaks TLS" in explain(closed, ATTEMPT).message
    ended = errors.KafkaConnectionError("closed")
    ended.__cause__ = asyncio.IncompleteReadError(b"", 4)
    assert isinstance(explain(ended, ATTEMPT), EndedError)
    refused = explain(errors.SaslAuthenticationFailed("invalid credentials"), ATTEMPT)
    assert isinstance(refused, AuthenticationError)
    assert "the user ingest with this password" in refused.message
    assert explain(ConnectionRefusedError(), ATTEMPT) is None
    assert explain(TimeoutError(), ATTEMPT) is None
    assert explain(errors.LeaderNotAvailableError(), ATTEMPT) is None


def test_a_refusal_is_not_repeated_at_once():
    """1, 2, 4 ... 30 s apart; another password is tried at once; a connection forgets it."""
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    fault = AuthenticationError("refused")
    assert refusals.held_back(ATTEMPT, (1,)) is None
    waits = []
    for _ in range(8):
        refusals.note(ATTEMPT, (1,), fault)
        began = now[0]
        while refusals.held_back(ATTEMPT, (1,)) is not None:
            now[0] += 0.5
        waits.append(now[0] - began)
    assert waits == [1, 2, 4, 8, 16, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]
    refusals.note(ATTEMPT, (1,), fault)
    assert refusals.held_back(ATTEMPT, (1,)) is fault
    assert refusals.newest() is fault
    assert refusals.held_back(ATTEMPT, (2,)) is None
    assert refusals.held_back(ATTEMPT._replace(address="c:9093"), (1,)) is None
    refusals.clear(ATTEMPT)
    assert refusals.held_back(ATTEMPT, (1,)) is None
    assert refusals.newest() is None


def jwt(ends):
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "ingest", "exp": ends}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2ln"


def test_a_token_is_renewed_before_it_ends(tmp_path):
    """The command runs once, and again when a fifth of the token's life is left."""
    now, counter = [1_000_000.0], tmp_path / "runs"
    code = (
        f"import pathlib; p = pathlib.Path({str(counter)!r}); n = int(p.read_text() or 0) + 1 if p.exists() else 1; "
        f'p.write_text(str(n)); print(\'{{"access_token": "token-\' + str(n) + \'", "expires_in": 1000}}\')'
    )
    source = TokenSource(None, f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}", lambda: now[0])
    tokens = BlockingTokens(source)
    assert [tokens.token(), tokens.token()] == ["token-1", "token-1"]
    now[0] += 1000 * (1 - SHARE_LEFT) - 1
    assert asyncio.run(AsyncTokens(source).token()) == "token-1"
    now[0] += 2
    assert asyncio.run(AsyncTokens(source).token()) == "token-2"
    assert type(tokens.token()) is str
    assert "token" not in repr(source.token())


def test_a_token_file_is_read_for_each_connection(tmp_path):
    """Something else renews it."""
    path = secret_file(tmp_path / "token", jwt(2_000) + "\n")
    source = TokenSource(path, None, lambda: 1_000.0)
    assert str.__str__(source.token()) == jwt(2_000)
    path.write_text(jwt(3_000))
    assert str.__str__(source.token()) == jwt(3_000)


@pytest.mark.parametrize(
    "said", ["", "\n", f"{SECRET} and more", '{"error": "no", "x": "' + SECRET + '"}', "{" + SECRET, jwt(999), "토큰"]
)
def test_what_is_no_token_is_told_without_showing_it(said):
    """An ended one, too."""
    with pytest.raises(AuthenticationError) as fault:
        read_token(said, "the command", 1_000.0)
    assert SECRET not in fault.value.message
    assert fault.value.__cause__ is None


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"{sys.executable} -c 'import sys; print(\"{SECRET}\", file=sys.stderr); sys.exit(3)'", "exit code 3"),
        (f"/no/such/program {SECRET}", "cannot be run"),
        (f"unbalanced 'quote {SECRET}", "cannot be run"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(command, words):
    """Its errors and its words may hold a secret."""
    with pytest.raises(AuthenticationError, match=words) as fault:
        TokenSource(None, command).token()
    assert SECRET not in fault.value.message
