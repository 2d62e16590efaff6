"""Payment messages on a real broker: as files, converted by `publish` or by ingest, scored, or dead-lettered."""

import json
from pathlib import Path

import pytest

from streams.demo.broker import EmbeddedBroker
from streams.kafka import topics
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.support.cluster import Cluster

pytestmark = pytest.mark.broker

SAMPLES = Path(__file__).parents[1] / "formats"
OUTGOING, INCOMING = SAMPLES / "outgoing.pacs.008.001.10.xml", SAMPLES / "incoming.mt103"
TOLD = ("--resident-country", "KR", "--party-type", "company", "--channel", "interbank", "--utc-offset", "+09:00")


def test_messages_are_scored_and_a_broken_one_is_a_dead_letter_with_its_bytes(
    empty_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    """A converted file and a raw message become ledger events that the monitor scores; a torn one keeps every byte."""
    torn = tmp_path / "torn.xml"
    torn.write_bytes(OUTGOING.read_bytes()[:-30] + b"\xff\x00")
    with Cluster(empty_broker.bootstrap, tmp_path) as cluster:
        cluster.start("all")
        published = json.loads(cluster.fxwatch("publish", *TOLD, "--json", OUTGOING).stdout)
        assert (published["records"], published["messages"][0]["converted"]) == (1, 1)
        assert json.loads(cluster.fxwatch("publish", *TOLD, "--as-is", "--json", INCOMING, torn).stdout)["records"] == 2
        cluster.wait_drained()
        payments = [
            record for _, record in cluster.read(topics.LEDGER) if dict(record.headers)[envelope.TYPE] == b"transaction"
        ]
        (letter,) = cluster.dead_letters()
        (member,) = overlay_configuration({}).detectors.members
        scored = sum(worker.metric_now("fxwatch_detector_score_count", detector=member) for worker in cluster.workers)
    parties = {cluster.keys.party(party).token.encode() for party in ("529900SAMPLE00000194", "SAMPLE-8801")}
    assert {record.key for record in payments} == parties
    assert len(payments) == 2
    assert scored == 2
    assert (letter.value, letter.key, letter.codes) == (torn.read_bytes(), None, ("xml.malformed",))
    assert letter.stage == "decode"
