"""Bootstrap addresses: the forms that other Kafka clients take are taken by every client here; the rest is told."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.conn import collect_hosts
from click.testing import CliRunner
from faust.transport.drivers.aiokafka import server_list
from hypothesis import given
from hypothesis import strategies as st

from streams.cli import broker
from streams.errors import ConfigurationError
from streams.faust_runtime import app
from streams.kafka.check_connection import check_connection
from streams.kafka_access import bootstrap_addresses
from streams.settings import load_settings

FORMS = [
    ("kafka1:9093", ["kafka1:9093"]),
    ("kafka1", ["kafka1:9092"]),
    ("PLAINTEXT://kafka1:9093", ["kafka1:9093"]),
    ("plaintext://kafka1", ["kafka1:9092"]),
    (" kafka1:9093 , kafka2 ,", ["kafka1:9093", "kafka2:9092"]),
    (",,PLAINTEXT://kafka1:1,kafka2:65535", ["kafka1:1", "kafka2:65535"]),
    ("[::1]:9093", ["[::1]:9093"]),
    ("PLAINTEXT://[fe80::1]", ["[fe80::1]:9092"]),
    ("10.0.0.1,10.0.0.1:9092", ["10.0.0.1:9092"]),
    ("broker_1.kafka-net.local.:9092", ["broker_1.kafka-net.local.:9092"]),
    ("kafka1:9093\n", ["kafka1:9093"]),
]

WRONG = [
    ("", "no address"),
    (" , ,", "no address"),
    ("::1", "brackets"),
    ("::1:9092", "brackets"),
    ("[::1", "brackets"),
    ("[kafka1]:9092", "no IPv6 address"),
    (":9092", "host name"),
    ("kafka1:", "port from 1 to 65535"),
    ("kafka1:0", "port from 1 to 65535"),
    ("kafka1:65536", "port from 1 to 65535"),
    ("kafka1:" + "9" * 5000, "port from 1 to 65535"),
    ("kafka1:\uff19\uff10\uff19\uff12", "port from 1 to 65535"),
    ("kafka1:port", "port from 1 to 65535"),
    ("[::1]9092", "port from 1 to 65535"),
    ("http://kafka1:9092", "no such protocol"),
    ("kafka://kafka1:9092", "no such protocol"),
    ("kafka1:9092/", "port from 1 to 65535"),
    ("kafka1 kafka2", "host name"),
    ("kafka1;kafka2", "host name"),
    ("a" * 254, "host name"),
    ("PLAINTEXT://a,SSL://b", "one protocol"),
]


@pytest.mark.parametrize(("text", "servers"), FORMS)
def test_every_form_becomes_host_and_port(text: str, servers: list[str]) -> None:
    """And Faust, whose addresses are URLs, hands its consumer the same ones."""
    assert bootstrap_addresses.parse_servers(text) == servers
    settings = load_settings(bootstrap=text)
    assert settings.bootstrap_servers == servers
    assert server_list(app.build(settings, "ingest", web=False).conf.broker_consumer, 9092) == servers
    assert all(len(collect_hosts([each])) == 1 for each in servers)


@pytest.mark.parametrize(("text", "why"), WRONG)
def test_what_is_no_address_is_told(text: str, why: str) -> None:
    """One error that says what was expected; a message stays short however long the address is."""
    with pytest.raises(ConfigurationError, match=why) as caught:
        bootstrap_addresses.parse_servers(text)
    assert len(caught.value.message) < 500


def test_every_wrong_address_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other wrong settings, each with its place."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "good:9092,::1,bad:port")
    monkeypatch.setenv("FXWATCH_WEB_PORT", "abc")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    told = "\n".join(caught.value.problems)
    for expected in ("environment FXWATCH_BOOTSTRAP", "'::1'", "'bad:port'", "environment FXWATCH_WEB_PORT"):
        assert expected in told
    assert "'good:9092'" not in told


@pytest.mark.parametrize("text", ["", "kafka1:port"])
def test_the_embedded_broker_does_not_mind_another_clusters_address(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`export FXWATCH_BOOTSTRAP=$(fxwatch broker start)` leaves it empty where the start failed; the next must not."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", text)
    monkeypatch.setenv("FXWATCH_DATA_DIR", str(tmp_path))
    told = CliRunner().invoke(broker.command, ["status"])
    assert (told.exit_code, told.output) == (1, f"no broker runs in {tmp_path / 'broker'}\n")


@pytest.mark.parametrize("text", ["SASL_SSL://svc:hunter2@kafka1:9092", "svc:hunter2@kafka1", "x://hunter2@a"])
def test_a_password_in_an_address_is_never_repeated(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where settings load nor where a command's own option is checked."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "hunter2" not in caught.value.message
    with pytest.raises(ConfigurationError) as caught:
        bootstrap_addresses.parse_servers(text)
    assert "hunter2" not in caught.value.message


def test_a_protocol_that_is_not_the_configured_one_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client would talk plaintext to a port that expects TLS, or the reverse, and hang."""
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "SSL://kafka1:9093,kafka2")
    with pytest.raises(ConfigurationError, match="SSL://, the security protocol is PLAINTEXT"):
        load_settings()
    found, problems = bootstrap_addresses.read("ssl://kafka1:9093,kafka2")
    assert (found.protocol, problems) == ("SSL", [])
    assert bootstrap_addresses.find_mismatch(found, "SSL") is None
    assert bootstrap_addresses.find_mismatch(bootstrap_addresses.read("kafka1")[0], "SASL_SSL") is None


@given(st.text(max_size=60) | st.from_regex(r"([A-Z_]{3,9}://)?[a-z\[\]:.0-9 ,]{0,40}", fullmatch=True))
def test_the_parser_never_raises_and_reads_its_own_result(text: str) -> None:
    """What comes out is taken by every client, and is itself a form that is taken."""
    found, problems = bootstrap_addresses.read(text)
    assert problems or found.servers
    for server in found.servers:
        assert bootstrap_addresses.read(server) == (bootstrap_addresses.Bootstrap((server,), None), [])


def test_asking_a_broker_leaves_the_event_loop_of_the_thread(free_port: int) -> None:
    """A worker makes its loop, then asks for the ledger's topic id; its apps would start on another loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        check_connection(load_settings(bootstrap=f"127.0.0.1:{free_port}"), 1.0)
        assert asyncio.get_event_loop() is loop

        async def ask_within() -> None:
            check_connection(load_settings(bootstrap=f"127.0.0.1:{free_port}"), 1.0)

        loop.run_until_complete(ask_within())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
