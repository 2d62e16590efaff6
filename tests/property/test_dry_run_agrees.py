"""`publish --dry-run` and ingest say the same of every message and line: valid ones and such with bytes changed."""

import random
import time
from pathlib import Path

import orjson
import pytest

from streams.contracts.input_record import ArrivedRecord
from streams.ingest.door import Door, Rejected
from streams.ingest.formats.parameters import parameters
from streams.keys.pseudonyms import development_keys
from streams.publication.inputs import Choices, Source, convert_message_items, read_as_is_item, read_line_items
from streams.publication.offline_door import OfflineDoor
from streams.settings import load_settings
from tests.support.payment_files import fin, xml
from tests.support.pipeline import GOOD

TEXTS = {
    "resident_country": "KR",
    "party_type": "company",
    "channel": "interbank",
    "institution_numbers": "true",
    "utc_offset": "+09:00",
    "time_of_day": "10:00",
}
INSERTED = (
    b"\n",
    b"}",
    b"<",
    b"/",
    b" ",
    b"\0",
    b"KR",
    b"NOTPROVIDED",
    b"-}",
    b"&",
    b"\n:57A:DEUTDEFF",
    b'"',
    b"null",
    b'{"a":1},',
    b"\xff",
    b"1e999",
)
TRIES = 150


def changed(content: bytes, draw: random.Random) -> bytes:
    """One to three pieces put in, taken out, written twice or overwritten."""
    held = bytearray(content)
    for _ in range(draw.randint(1, 3)):
        place, length = draw.randrange(len(held)), draw.randint(1, 20)
        held[place : place + draw.choice((0, length))] = draw.choice(
            (b"", held[place : place + length] * 2, draw.choice(INSERTED), bytes([draw.randrange(256)]))
        )
    return bytes(held)


@pytest.fixture(scope="module")
def doors() -> tuple[OfflineDoor, Door]:
    """That of publish, and ingest's with keys and partitions of its own."""
    effective = load_settings().effective
    return OfflineDoor(load_settings()), Door(development_keys(), 4, dict(effective.legend.words), effective.admitted)


def ingest_says(door: Door, record) -> set[str]:
    """Codes for which the record would be a dead letter; none when it is admitted."""
    answer = door.admit(
        ArrivedRecord(record.topic, 0, 0, time.time_ns() // 1_000_000, record.key, record.value, record.headers)
    )
    return set(answer.codes) if isinstance(answer, Rejected) else set()


@pytest.mark.parametrize(("syntax", "content"), [("xml", xml()), ("fin", fin())])
def test_of_messages(tmp_path: Path, doors: tuple[OfflineDoor, Door], syntax: str, content: str) -> None:
    """Converted here and asked about, against the same file sent as one record for ingest to convert."""
    offline, door = doors
    draw, path, verdicts = random.Random(11), tmp_path / f"message.{syntax}", []
    for number in range(TRIES):
        path.write_bytes(changed(content.encode(), draw) if number else content.encode())
        source = Source(str(path), "", syntax, str(path))
        _, items = convert_message_items(source, syntax, parameters(TEXTS), Choices(), offline, places=False)
        here = {fault.code for item in items for fault in item.faults}
        there = ingest_says(door, read_as_is_item(source, syntax, Choices(texts=TEXTS), None).record)
        if there == {"message.several"}:
            continue  # a file may hold several payments, a record holds one
        assert here == there, (number, path.read_bytes())
        verdicts.append(bool(here))
    assert {True, False} == set(verdicts)


@pytest.mark.parametrize("topic", GOOD)
def test_of_json_lines(tmp_path: Path, doors: tuple[OfflineDoor, Door], topic: str) -> None:
    """A line looked at, against what --as-is would send of it. Without a body to make a key from there is none."""
    offline, door = doors
    draw, path, good = random.Random(12), tmp_path / "lines.jsonl", orjson.dumps(GOOD[topic])
    lines = [good, *(changed(good, draw).replace(b"\n", b" ") for _ in range(TRIES))]
    path.write_bytes(b"\n".join(lines))
    source = Source(str(path), topic, None, str(path))
    looked_at = list(read_line_items(source, Choices(), offline))
    as_is = list(read_line_items(source, Choices(as_is=True), None))
    assert [one.place for one in looked_at] == [one.place for one in as_is]
    verdicts = set()
    for item, sent in zip(looked_at, as_is, strict=True):
        here, there = {fault.code for fault in item.faults} - {"publish.line"}, ingest_says(door, sent.record)
        assert bool(item.faults) == bool(there), (item, there)
        assert here == there - {"key.missing"} or here == there, (item, there)
        verdicts.add(bool(there))
    assert verdicts == {True, False}
