"""One connection before the clients start, so that a refusal is told at once, in one message.

The client libraries answer a wrong password, a certificate that expired or a port that speaks another protocol with
attempts until a time-out, and then say that no broker answers.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from streams.errors import BrokerUnavailableError, FxwatchError
from streams.kafka.connection_faults import Attempt, EndedError, explain
from streams.kafka.security import OAUTH, aiokafka_connection, uses_tls
from streams.settings import Settings

ENDED_ATTEMPTS, ENDED_WAIT_SECONDS = 3, 0.4
"""A connection that ends without a word may be a broker that is stopping: so often, so far apart, then it is told."""


def check_connection(settings: Settings, seconds: float) -> None:
    """Return when a broker takes this client, or when none can be reached (the client may wait for one).

    Raises `EncryptionError`, `AuthenticationError` or another `FxwatchError` that says what is refused, and
    `BrokerUnavailableError` when the brokers take connections and are silent for `seconds`. Costs one connection: 3 ms
    of CPU without TLS. Blocks, as the admin client does that is made after it, also where an event loop runs.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _run_check(settings, seconds)
    else:
        # a loop cannot run another inside itself: `state digest` asks for the ledger's topic id from within its own
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(_run_check, settings, seconds).result()


def _run_check(settings: Settings, seconds: float) -> None:
    # a loop of its own that is never the thread's: without a factory the runner would take the worker's away
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(_check(settings, seconds))


async def check_connection_here(settings: Settings, seconds: float) -> None:
    """As `check_connection`, on the running event loop."""
    await _check(settings, seconds)


async def _check(settings: Settings, seconds: float) -> None:
    refused: FxwatchError | None = None
    silent = False
    servers = settings.bootstrap_servers
    for address in servers:
        try:
            brokers = await _asked(settings, address, seconds / len(servers))
        except TimeoutError:
            silent = True
        except (OSError, KafkaError):
            continue  # not there at the moment
        except FxwatchError as fault:
            refused = refused or fault
        else:
            # the clients go on to the addresses that the cluster tells, which may have other names and certificates
            if brokers and address not in brokers:
                with suppress(OSError, KafkaError):
                    await _asked(settings, brokers[0], seconds)
            return
    if refused is not None:
        raise refused
    if silent:
        raise BrokerUnavailableError(
            "no Kafka broker answers",
            got=f"{settings.bootstrap}: connections and no answers",
            expected="an answer",
            todo="see the broker's log, or correct FXWATCH_BOOTSTRAP",
        )


async def _asked(settings: Settings, address: str, seconds: float) -> list[str]:
    """The brokers' addresses as this one tells them. Raises what it says no by, `OSError`, `KafkaError`."""
    user = None if settings.sasl_mechanism == OAUTH else settings.sasl_username
    attempt = Attempt(address, settings.security_protocol, settings.sasl_mechanism, user)
    for left in reversed(range(ENDED_ATTEMPTS)):
        try:
            return await asyncio.wait_for(_answer(settings, address, seconds), seconds)
        except (OSError, KafkaError, FxwatchError) as fault:
            told = explain(fault, attempt)
            if told is None:
                raise
            if not isinstance(told, EndedError) or not left:
                raise told from fault
        await asyncio.sleep(ENDED_WAIT_SECONDS)
    raise AssertionError("unreachable")


async def _answer(settings: Settings, address: str, seconds: float) -> list[str]:
    host, _, port = address.rpartition(":")
    connection: Any = await conn.create_conn(
        host.strip("[]"),
        int(port),
        client_id=f"{settings.application}-check",
        request_timeout_ms=max(1, int(seconds * 1000)),
        **aiokafka_connection(settings),
    )
    try:
        metadata = await connection.send(MetadataRequest([]))
    except KafkaError as fault:
        raise _unanswered(settings, address) from fault
    finally:
        connection.close()
    return [f"{broker[1]}:{broker[2]}" for broker in metadata.brokers]


def _unanswered(settings: Settings, address: str) -> EndedError:
    """The connection stood, and ended with the first request: how SASL meets who does not log in."""
    other = "SASL_SSL" if uses_tls(settings) else "SASL_PLAINTEXT"
    return EndedError(
        "the broker ended the connection at the first request, and FXWATCH_SECURITY_PROTOCOL is "
        f"{settings.security_protocol}",
        got=f"{address}: a connection that ended without an answer",
        expected="a listener of that protocol",
        todo=f"set FXWATCH_SECURITY_PROTOCOL={other} where the listener wants a log-in; see the broker's log",
    )
