"""Proofs of originals: what each state of alert, ledger, input topic and key file comes to."""

import asyncio
import hashlib
import hmac
import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from click.testing import CliRunner

from detectors.contracts.alert import Alert
from detectors.contracts.events import Leg, Source
from streams import cli
from streams.alert_text.alert_text import read_alert
from streams.cli import evidence as command
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import TRANSACTIONS
from streams.desk.evidence_records import read_evidence_records
from streams.errors import KeyFileError, NotReproducedError, OutOfReachError
from streams.ingest.door import Admitted, Door
from streams.kafka import clients, topics
from streams.kafka.unreadable_sets import Unreadable
from streams.keys.commitments import EvidenceKeys, evidence_key, parse_evidence_keys
from streams.keys.pseudonyms import parse_keys
from streams.ledger import envelope
from streams.proofs.evidence import prove
from streams.settings import Settings
from tests.support.pipeline import TIMESTAMP_MS, TRANSACTION
from tests.support.repository import ROOT

SECRET = "1f" * 32
KEYS = parse_keys(f"k1 = {SECRET}", "f")
ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_text("utf-8"))
ORIGINAL = json.dumps(TRANSACTION).encode()


class Topics:
    """A consumer over records by (topic, partition): offset -> (value, headers)."""

    def __init__(self, held: dict[tuple[str, int], dict[int, tuple[bytes, Any]]], ends: int = 1000) -> None:
        self.held, self.ends, self.at = held, ends, (TopicPartition("", 0), 0)

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def assign(self, _places: list[TopicPartition]) -> None:
        """Nothing to do."""

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first record kept."""
        return {tp: min(self.held.get((tp.topic, tp.partition), {self.ends: 0})) for tp in places}

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The same end everywhere."""
        return dict.fromkeys(places, self.ends)

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = place, offset

    async def getmany(self, place: TopicPartition, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """Every record from there on."""
        del timeout_ms
        held = sorted(self.held.get((place.topic, place.partition), {}).items())
        found = [
            content
            if isinstance(content, Unreadable)
            else SimpleNamespace(value=content[0], headers=content[1], offset=offset, timestamp=TIMESTAMP_MS)
            for offset, content in held
            if offset >= self.at[1]
        ]
        self.at = place, self.ends
        return {place: found}

    async def position(self, _place: TopicPartition) -> int:
        """Where the next record is looked for."""
        return self.at[1]


def world(original: bytes = ORIGINAL, keys: Any = KEYS) -> tuple[dict, dict]:
    """An alert (as JSON) over one record, and the topics that hold it."""
    answer = Door(keys, 12, {}).admit(ArrivedRecord(TRANSACTIONS, 3, 77, TIMESTAMP_MS, b"P-1", original, []))
    assert isinstance(answer, Admitted), answer
    _, _, value, headers = answer.records[0]
    commitment = dict(headers)[envelope.COMMITMENT].decode()
    alert = json.loads(json.dumps(ALERT))
    item = {key: content for key, content in alert["evidence"][0].items() if key != "sha256"}
    alert["evidence"] = [item | {"offset": 5, "commitment": commitment}]
    place = alert["position"]
    return alert, {(place["topic"], place["partition"]): {5: (value, headers)}, (TRANSACTIONS, 3): {77: (original, [])}}


def proved(
    monkeypatch: pytest.MonkeyPatch, alert: dict, held: dict, keys: EvidenceKeys | None = None, **more: Any
) -> Any:
    """What came of the alert's only record."""
    monkeypatch.setattr(clients, "make_reader", lambda *_, **__: Topics(held))
    keys = EvidenceKeys.of(KEYS) if keys is None else keys
    (one,) = asyncio.run(prove(Settings(), read_alert(json.dumps(alert).encode()), keys, **more))
    return one


def test_what_was_sent_is_proven_and_its_record_key_lets_others_check(monkeypatch):
    """The key of one record, the original and HMAC are all that a court needs."""
    alert, held = world()
    assert proved(monkeypatch, alert, held).verdict == "proven"
    one = proved(monkeypatch, alert, held, show_keys=True)
    assert one.source == Source(TRANSACTIONS, 3, 77)
    again = hmac.new(bytes.fromhex(one.record_key), ORIGINAL, hashlib.sha256).hexdigest()
    assert one.commitment == f"k1:{again}"


def test_evidence_of_the_shared_agent_is_proven_by_its_legs(monkeypatch):
    """The alert's position is of the legs; a leg has the commitment of its payment, and its desk's page shows it."""
    alert, _ = world()
    answer = Door(KEYS, 12, {}).admit(ArrivedRecord(TRANSACTIONS, 3, 77, TIMESTAMP_MS, b"P-1", ORIGINAL, []))
    assert isinstance(answer, Admitted)
    leg = answer.legs[0]
    place = alert["position"] | {"topic": topics.LEGS}
    alert["position"] = place
    alert["evidence"][0]["event_id"] = TRANSACTION["event_id"]
    held = {(topics.LEGS, place["partition"]): {5: (leg.value, leg.headers)}, (TRANSACTIONS, 3): {77: (ORIGINAL, [])}}
    one = proved(monkeypatch, alert, held)
    assert (one.verdict, one.source) == ("proven", Source(TRANSACTIONS, 3, 77))
    (detail,) = asyncio.run(read_evidence_records(Settings(), msgspec.convert(alert, Alert, strict=False)))
    assert (detail.state, type(detail.event)) == ("record", Leg)
    alert["position"] = place | {"topic": topics.LEDGER}
    held[topics.LEDGER, place["partition"]] = held[topics.LEGS, place["partition"]]
    assert proved(monkeypatch, alert, held).verdict == "differs"


def test_evidence_of_an_earlier_release_is_proven_without_a_key(monkeypatch):
    """Alert and ledger carry the plain SHA-256; no record key is shown, there is none."""
    alert, held = world()
    digest = hashlib.sha256(ORIGINAL).hexdigest()
    alert["evidence"][0]["sha256"] = digest
    del alert["evidence"][0]["commitment"]
    (place,) = [each for each in held if each[0] == topics.LEDGER]
    value, headers = held[place][5]
    old = [
        (envelope.SHA256, digest.encode()) if name == envelope.COMMITMENT else (name, content)
        for name, content in headers[:-1]
    ]
    held[place][5] = value, envelope.checked(old, value)
    one = proved(monkeypatch, alert, held, EvidenceKeys([]), show_keys=True)
    assert (one.verdict, one.record_key, one.commitment) == ("proven", None, digest)


def test_changed_bytes_ledger_or_alert_differ(monkeypatch):
    """Whichever of the three was changed."""
    alert, held = world()
    held[TRANSACTIONS, 3][77] = ORIGINAL.replace(b"5", b"6", 1), []
    assert proved(monkeypatch, alert, held).why == "these are not the bytes that were committed to"
    alert, held = world()
    other, _ = world(ORIGINAL + b" ")
    assert alert["evidence"] != other["evidence"]
    assert proved(monkeypatch, other, held).why == "the ledger record has another commitment"
    alert, held = world()
    (place,) = [each for each in held if each[0] == topics.LEDGER]
    held[place][5] = held[place][5][0] + b" ", held[place][5][1]
    one = proved(monkeypatch, alert, held)
    assert one.verdict == "differs"
    assert "cannot be read" in one.why


def test_what_is_not_there_is_neither_proven_nor_disproven(monkeypatch):
    """Original past retention (a copy proves it still), ledger record gone, key missing."""
    alert, held = world()
    held[TRANSACTIONS, 3] = {80: (b"later", [])}
    one = proved(monkeypatch, alert, held)
    assert (one.verdict, "retention" in one.why) == ("out_of_reach", True)
    assert proved(monkeypatch, alert, held, original=ORIGINAL).verdict == "proven"
    assert proved(monkeypatch, alert, held, original=b"else").verdict == "differs"
    alert, held = world()
    assert proved(monkeypatch, alert, held, EvidenceKeys([])).why == "the key k1 is not in the key file"
    alert["evidence"][0]["offset"] = None
    assert proved(monkeypatch, alert, held).why == "its record is not in the ledger any more"
    alert["evidence"][0]["offset"] = 2
    assert proved(monkeypatch, alert, held).verdict == "out_of_reach"


def test_what_cannot_be_read_any_more_is_said_of_its_record_alone(monkeypatch):
    """Failure prevented: one damaged record set ended the proof of all with "the broker stopped answering"."""
    for topic, offset, why in (
        (topics.LEDGER, 5, "its ledger record cannot be read any more"),
        (TRANSACTIONS, 77, "the original cannot be read any more; prove a copy kept elsewhere"),
    ):
        alert, held = world()
        (place,) = [each for each in held if each[0] == topic]
        held[place][offset] = Unreadable(*place, offset, offset, 0, 9, "0" * 64, "set.damaged", "the CRC differs")
        one = proved(monkeypatch, alert, held)
        assert (one.verdict, one.why) == ("out_of_reach", why)


def test_evidence_keys_in_a_file_of_their_own(tmp_path):
    """They prove like the pseudonym keys that they came of, hold none of them, and make no tokens."""
    keys, out = tmp_path / "pseudonym.keys", tmp_path / "evidence.keys"
    keys.write_text(f"k2 = {'2e' * 32}\nk1 = {SECRET} routing\n")
    keys.chmod(0o600)
    done = CliRunner().invoke(cli.command, ["evidence", "keys", "--key-file", str(keys), "--out", str(out)])
    assert done.exit_code == 0, done.output
    text = out.read_text()
    assert out.stat().st_mode & 0o777 == 0o600
    assert SECRET not in text
    assert parse_evidence_keys(text, "f") == parse_evidence_keys(keys.read_text(), "f")
    assert parse_evidence_keys(text, "f")[1] == evidence_key(KEYS.current)
    with pytest.raises(KeyFileError):
        parse_keys(text, "f")
    again = CliRunner().invoke(cli.command, ["evidence", "keys", "--key-file", str(keys), "--out", str(out)])
    assert again.exit_code != 0


@pytest.mark.parametrize("text", ["", "k1 = 1f", f"K1 = {SECRET}", f"k1 = {SECRET} other", SECRET])
def test_a_bad_file_of_evidence_keys_says_its_lines(text):
    """Never the key."""
    with pytest.raises(KeyFileError) as caught:
        parse_evidence_keys(text, "f")
    assert "1f1f" not in caught.value.message


@pytest.mark.parametrize(
    ("verdicts", "copied", "fault"),
    [
        (["proven"] * 3, False, None),
        (["proven", "differs"], True, None),
        (["proven", "differs", "out_of_reach"], False, NotReproducedError),
        (["differs"], True, NotReproducedError),
        (["proven", "out_of_reach"], False, OutOfReachError),
        ([], False, None),
    ],
)
def test_the_exit_code_says_the_worst(verdicts, copied, fault):
    """A copy proves one record, an alert is proven by all."""
    found = [SimpleNamespace(verdict=verdict) for verdict in verdicts]
    if fault is None and verdicts:
        command._require(found, copied=copied)
    else:
        with pytest.raises(fault or OutOfReachError):
            command._require(found, copied=copied)


def test_a_records_place_is_shown_as_ledger_show_takes_it(monkeypatch, capsys):
    """Partition and offset: an offset alone is a place in any of twelve."""
    alert, held = world()
    one = proved(monkeypatch, alert, held)
    command._show([one], as_json=False)
    row = capsys.readouterr().out.splitlines()[1].split("\t")
    assert row[:3] == [one.event_id, f"{alert['position']['partition']}:5", f"{TRANSACTIONS}[3]@77"]


def test_json_shows_one_object_a_record(monkeypatch, capsys):
    """With source, verdict and commitment."""
    alert, held = world()
    command._show([proved(monkeypatch, alert, held)], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["source"] == [TRANSACTIONS, 3, 77]
    assert told["verdict"] == "proven"
    assert msgspec.json.decode(json.dumps(told))["commitment"].startswith("k1:")
