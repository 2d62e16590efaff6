"""What a fault of a connection is told as."""

import asyncio

from aiokafka import errors

from streams.errors import AuthenticationError
from streams.kafka.connection_faults import Attempt, EndedError, explain

ATTEMPT = Attempt("b:9093", "SASL_SSL", "SCRAM-SHA-512", "ingest")


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
