"""Certificates that change while fxwatch runs: the next connection uses them, and what is not accepted says why."""

import asyncio
import ssl

import pytest

from streams.errors import EncryptionError
from streams.kafka.connection_faults import Attempt, explain
from streams.kafka_access.tls_context import RenewedContext, TlsFiles
from tests.support.certificates import Authority

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
        found = await asyncio.wait_for(seen, 60)
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
