"""Signed records on a real cluster: what a sender proved is alerted on, what was forged is a dead letter."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer
from nacl.signing import SigningKey

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.keys.signed_records import SIGNATURE
from tests.support.bank import ledgered, payment, reconciled
from tests.support.certificates import secret_file
from tests.support.cluster import Cluster
from tests.support.signing import BANK, EXAMPLE, OFFICE, OTHER
from tests.support.worker_process import Worker

pytestmark = pytest.mark.broker

MARK = ("fx.history", b"1")


def encoded(event: dict[str, Any]) -> bytes:
    """The value that is sent."""
    return json.dumps(event).encode()


def keys_of_senders(directory: Path, *keys: SigningKey) -> Path:
    """A file that knows keys of one bank."""
    path = directory / "senders.toml"
    public = [bytes(key.verify_key).hex() for key in keys]
    path.write_text("".join(f'[[key]]\ninstitutions = ["BANKKRSE"]\npublic_key = "{key}"\n' for key in public))
    path.chmod(0o644)
    return path


Letter = tuple[bytes, list[tuple[str, bytes]], tuple[str, ...]]


class Sent(NamedTuple):
    """What is believed at once, and what is refused by which codes: of the forger, and by the bank's own mistake."""

    good: tuple[dict[str, Any], ...]
    forged: list[Letter]
    early: dict[str, Any]
    mistake: Letter


def send_all(bootstrap: str) -> Sent:
    """In this order: forged records, a signed one, one of a bank without a key, and one signed with an unknown key."""
    names: dict[str, Any] = {}
    exec(EXAMPLE, names)
    own = payment(institution="BANKKRSEXXX", amount="150000.00", party_id="person-1")
    signature = names["signature"](BANK, topics.TRANSACTIONS, b"person-1", encoded(own))
    cancelled = payment(
        institution="BANKKRSE",
        status="cancelled",
        original_event_id=own["event_id"],
        amount="150000.00",
        party_id="person-1",
    )
    restated = {**own, "institution": "bankkrse", "amount": "0.01"}
    by_other = names["signature"](OFFICE, topics.TRANSACTIONS, b"person-1", encoded(restated))
    forged: list[Letter] = [
        (encoded(own), [signature, MARK], ("history.not_allowed", "signature.wrong")),
        (encoded(cancelled), [], ("signature.missing",)),
        (encoded(restated), [("traceparent", b"00-ab"), by_other], ("signature.wrong",)),
        (encoded(restated), [signature], ("signature.wrong",)),
    ]
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value, headers, _ in forged:
        producer.send(topics.TRANSACTIONS, value, b"person-1", headers=headers).get(30)
    names["send"](bootstrap, bytes(BANK), topics.TRANSACTIONS, b"person-1", encoded(own))
    unsigned = payment(party_id="person-2", amount="250000.00")
    producer.send(topics.TRANSACTIONS, encoded(unsigned), b"person-2").get(30)
    early = {**own, "event_id": "early", "amount": "7.00"}
    by_next = names["signature"](OTHER, topics.TRANSACTIONS, b"person-1", encoded(early))
    producer.send(topics.TRANSACTIONS, encoded(early), b"person-1", headers=[by_next]).get(30)
    producer.close()
    return Sent((own, unsigned), forged, early, (encoded(early), [by_next], ("signature.wrong",)))


def assert_counted(worker: Worker) -> None:
    """By outcome on the metrics page, and told at the start."""
    counted = {
        outcome: worker.metric_now("fxwatch_sender_proofs_total", outcome=outcome, institution="BANKKRSE")
        for outcome in ("proven", "signature.missing", "signature.wrong", "signature.expired")
    }
    assert counted == {"proven": 2, "signature.missing": 1, "signature.wrong": 4, "signature.expired": 0}
    assert worker.metric_now("fxwatch_sender_keys") == 1
    assert "keys: 1; signed records of: BANKKRSE" in worker.log.read_text()


def test_a_bank_with_a_key_is_believed_and_nobody_else_in_its_name(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """150 000 dollars signed by the documents' example, and by `publish`: alerted. Forged records: none is taken.

    The forger cancels the payment, restates it, and marks a copy with its right signature as history, before the bank
    has sent it. A bank without a key goes on as before. Letters keep key, bytes and headers. The bank's own mistake, a
    new key that it did not tell, is mended in the file and by `deadletter replay`, which mends nothing for the forger.
    """
    with Cluster(empty_broker.bootstrap, tmp_path, sender_keys_file=keys_of_senders(tmp_path, BANK)) as cluster:
        [worker] = cluster.start("all")
        sent = send_all(empty_broker.bootstrap)
        published = payment(institution="BANKKRSE", amount="350000.00", party_id="person-3")
        lines = tmp_path / f"{topics.TRANSACTIONS}.jsonl"
        lines.write_bytes(encoded(published) + b"\n")
        key = secret_file(tmp_path / "bank.key", bytes(BANK).hex())
        cluster.fxwatch("publish", "--sign-key", key, lines)
        cluster.wait_drained()

        good = (*sent.good, published)
        assert ledgered(cluster) == {event["event_id"]: event["amount"] for event in good}
        alerted = {alert.trigger_event_id for alert in cluster.alerts()}
        assert alerted == {event["event_id"] for event in good}
        letters = [
            (letter.key, letter.value, letter.headers, letter.codes, letter.complete)
            for letter in sorted(cluster.dead_letters(), key=lambda one: one.offset)
        ]
        wanted = [*sent.forged, sent.mistake]
        assert letters == [(b"person-1", value, tuple(headers), codes, True) for value, headers, codes in wanted]
        assert reconciled(cluster)["reconciled"]
        assert_counted(worker)
        assert SIGNATURE not in repr([record for _, record in cluster.read(topics.LEDGER, topics.LEGS, topics.ALERTS)])

        cluster.stop_all()
        keys_of_senders(tmp_path, BANK, OTHER)
        cluster.start("all")
        cluster.fxwatch("deadletter", "replay", "--yes")
        cluster.wait_drained()
        assert ledgered(cluster) == {event["event_id"]: event["amount"] for event in (*good, sent.early)}
        assert len(cluster.dead_letters()) == len(wanted) + len(sent.forged)
