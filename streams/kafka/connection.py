"""A connection to a broker that says why it is refused, and ends cleanly under uvloop.

A password is read when it is used. What is refused (TLS, SASL) is noted and not tried again at once
(streams/kafka/refusals.py).

Between the end of a connection and the moment its reader is told, asyncio lets a request be written into the void and
uvloop raises `RuntimeError`, which aiokafka expects nowhere (aiokafka issue 1038). Failure prevented: the producer's
sender ended with it, every batch failed for good, and one reset connection ended the worker.
"""

import time
from typing import Any

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason, OAuthAuthenticator
from aiokafka.consumer import consumer
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.admin import SaslAuthenticateRequest

from streams.errors import AuthenticationError
from streams.kafka.connection_faults import Attempt, EndedError, explain
from streams.kafka.ending_fetcher import EndingFetcher
from streams.kafka.refusals import REFUSALS
from streams.kafka_access.secrets import PasswordFile
from streams.kafka_access.tls_context import RenewedContext

SHARE_OF_SESSION = 0.8
"""When a session that the broker limits is renewed; Kafka's Java clients do it at 0.85 to 0.95."""


class OAuthConversation(OAuthAuthenticator):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own, which takes the broker's refusal of a token for its consent (RFC 7628, section 3.2.3)."""

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """The next message: the token, then what makes a broker that refused it say so as an error."""
        if self._token_sent and payload:
            return b"\x01", True
        return await super().step(payload)  # type: ignore[no-any-return]


class BrokerConnection(AIOKafkaConnection):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own, whose `connect` says what is refused, and whose `send` says that the connection is broken."""

    _sasl_plain_password: Any
    # when to be replaced by a new one, monotonic seconds; None: never
    _renew_at: float | None = None

    def connected(self) -> bool:
        """Whether requests can be sent. A session that is about to end is ended here, between two requests.

        aiokafka does not authenticate again (KIP-368). Failure prevented: a broker that limits sessions
        (`connections.max.reauth.ms`) cuts every connection in the middle of a request, all of them at once.
        """
        due = self._renew_at is not None and time.monotonic() >= self._renew_at
        if due and self._reader is not None and not self._requests:
            self.close(reason=CloseReason.IDLE_DROP)
        return bool(super().connected())

    def close(self, reason: Any = None, exc: BaseException | None = None) -> Any:
        """Close; returns a future of the end. A TLS connection is cut once everything is handed to it.

        asyncio and uvloop wait 30 s for the other side to end TLS too, and a broker that is about to answer may not.
        Whatever matters was answered before. Failure prevented: each client's end, and with it a worker's start or a
        partition's opening, took 30 s now and then.
        """
        writer = self._writer
        ended = super().close(reason, exc)
        if writer is not None and self._security_protocol.endswith("SSL"):
            writer.transport.abort()
        return ended

    async def connect(self) -> Any:
        """Connect and authenticate. Raises `KafkaConnectionError` (its cause says more), `KafkaError`, `OSError`."""
        user = None if self._sasl_mechanism == "OAUTHBEARER" else self._sasl_plain_username
        attempt = Attempt(f"{self._host}:{self._port}", self._security_protocol, self._sasl_mechanism, user)
        files = tuple(
            one.stamp()
            for one in (self._ssl_context, self._sasl_plain_password)
            if isinstance(one, RenewedContext | PasswordFile)
        )
        refused = REFUSALS.find_reason_to_wait(attempt, files)
        if refused is not None:
            raise KafkaConnectionError(f"{attempt.address} refused this client a moment ago") from refused
        try:
            found = await super().connect()
        except Exception as fault:
            told = explain(fault, attempt)
            if told is None:
                raise
            if not isinstance(told, EndedError):  # which may be a broker that is stopping
                REFUSALS.note(attempt, files, told)
            raise KafkaConnectionError(f"{attempt.address}: {told.what}") from told
        REFUSALS.clear(attempt)
        return found

    async def _do_sasl_handshake(self) -> None:
        password: Any = self._sasl_plain_password
        if isinstance(password, PasswordFile):
            self._sasl_plain_password = password.read()
        try:
            await super()._do_sasl_handshake()
        except (ValueError, KeyError, AssertionError) as fault:  # by which aiokafka says it; it expects them nowhere
            raise AuthenticationError(
                "the broker's answer to the log-in is not what one that knows the password gives",
                got=f"{self._host}:{self._port}, {self._sasl_mechanism}",
                expected="a broker of this cluster",
                todo="see whether FXWATCH_BOOTSTRAP names the right one",
            ) from fault
        finally:
            self._sasl_plain_password = password

    async def _with_lifetime(self, answer: Any) -> Any:
        """The answer to a log-in, and note how long the session may last."""
        found = await answer
        lifetime_ms = getattr(found, "session_lifetime_ms", 0)
        if lifetime_ms > 0:
            self._renew_at = time.monotonic() + SHARE_OF_SESSION * lifetime_ms / 1000
        return found

    def authenticator_oauth(self) -> OAuthConversation:
        """What speaks for us with a token."""
        return OAuthConversation(sasl_oauth_token_provider=self._sasl_oauth_token_provider)

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Write a request; returns what awaits the answer. Raises `KafkaConnectionError`, which is retried."""
        writer = self._writer
        try:
            answer = super().send(request, expect_response)
            return self._with_lifetime(answer) if isinstance(request, SaslAuthenticateRequest) else answer
        except KafkaError:  # a RuntimeError, too
            raise
        except RuntimeError as fault:
            if writer is None or not writer.transport.is_closing():
                raise
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self._host}:{self._port} broken: {fault}") from fault


def use_for_all_clients() -> None:
    """Let every client of this process connect, and end its fetches, so: aiokafka has no setting for these classes."""
    conn.AIOKafkaConnection = BrokerConnection
    consumer.Fetcher = EndingFetcher
