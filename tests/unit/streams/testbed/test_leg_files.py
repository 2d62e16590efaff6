"""The legs of a replay are those that ingest writes: the same records in the same order, in each partition."""

from datetime import timedelta
from pathlib import Path

import msgspec

from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS
from streams.ingest.door import Admitted, Door
from streams.keys.pseudonyms import testbed_keys as keys_of_testbed
from streams.ledger import envelope
from streams.settings import overlay_configuration
from streams.testbed import door_pass, ledger_files, leg_files, stream_files
from streams.testbed.door_pass import _ALL_HISTORY
from streams.testbed.ledger_files import LedgerRecord, LedgerWriter
from streams.testbed.prepared import Silent
from streams.testbed.result_files import SourceRead, partition_file
from tests.support.pipeline import DECLARATION, DISPOSITION
from tests.support.small_stream import START, days, payment, record, write

PARTITIONS = 3
HUB = "testbed.ddf.ddf29b40c4e11e687a84b3d40e60b3cd"
# on an alert about a shared thing
VERDICT = DISPOSITION | {"shared_kind": "counterparty", "shared_token": HUB}
CONFIGURATION = overlay_configuration({"engine": {"partitions": PARTITIONS}})


def stream(directory: Path) -> Path:
    """Payments with accounts, devices and contacts, some history, declarations, and a refused record."""
    at = START + timedelta(hours=5)
    more = {"counterparty_account": "DE1", "device_id": "DEV", "contact_id": "+8210"}
    records = [
        *days(3),
        payment(900, at, "P-1", **more),
        payment(901, at, "P-2", history=True, **more),
        *[record(DECLARATIONS, DECLARATION | {"event_id": f"D-{number}", "line": number}, at) for number in (1, 2, 3)],
        record(DISPOSITIONS, VERDICT, at),
    ]
    return write(records, directory)


def by_the_door(directory: Path) -> list[list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]]:
    """Key, value and headers of what ingest writes to each partition of the legs, behind the first configuration."""
    admission = msgspec.structs.replace(CONFIGURATION.admitted, history=(_ALL_HISTORY,))
    door = Door(keys_of_testbed(), PARTITIONS, dict(CONFIGURATION.legend.words), admission)
    written: list[list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]] = [[] for _ in range(PARTITIONS)]
    read: dict[str, int] = {}
    for one in stream_files.read_stream(directory):
        offset = read.get(one.topic, 0)
        read[one.topic] = offset + 1
        answer = door.admit(one.at(offset))
        for leg in answer.legs if isinstance(answer, Admitted) else ():
            written[leg.partition].append((leg.key, leg.value, leg.headers))
    return written


def prepared(directory: Path, source: Path) -> Path:
    """The stream's ledger files."""
    directory.mkdir()
    about = SourceRead(kind="stream", files={})
    door_pass.prepare(stream_files.read_stream(source), directory, CONFIGURATION, about, Silent())
    return directory


def ledger_of(directory: Path) -> list[list[LedgerRecord]]:
    """The records of each partition of the ledger."""
    return [
        [one for batch in ledger_files.read_ledger(partition_file(directory, "ledger", number)) for one in batch]
        for number in range(PARTITIONS)
    ]


def legs_of(directory: Path) -> list[list[LedgerRecord]]:
    """The legs of each partition."""
    found: list[list[LedgerRecord]] = [[] for _ in range(PARTITIONS)]
    for partition, leg in leg_files.read_legs(directory, PARTITIONS, Silent()):
        found[partition].append(leg)
    return found


def test_legs_are_as_ingest_writes_them(tmp_path: Path) -> None:
    """Each partition begins with the configuration; behind it stands what the door gave, in its order."""
    source = stream(tmp_path / "stream")
    found, expected = legs_of(prepared(tmp_path / "result", source)), by_the_door(source)
    for mine, theirs in zip(found, expected, strict=True):
        assert ledger_files.is_configuration(mine[0])
        assert [(one.key, one.value, list(one.headers)) for one in mine[1:]] == theirs
    kinds = {
        type(envelope.decode_shared(one.value, one.headers, 0, one.timestamp)[0]).__name__
        for each in found
        for one in each
    }
    assert kinds == {"ConfigurationChange", "Rate", "Leg", "Disposition"}
    # rates; payments with a resend and a conflict; payments with four things each; goods; the verdict
    assert sum(map(len, expected)) == 3 * PARTITIONS + 26 + 2 * 4 + 3 + 1


def test_records_of_an_earlier_release_get_legs_too(tmp_path: Path) -> None:
    """Without the header that says the layout of its legs, a record has the same ones."""
    ledger = prepared(tmp_path / "result", stream(tmp_path / "stream"))
    (tmp_path / "old").mkdir()
    with LedgerWriter(tmp_path / "old", PARTITIONS) as writer:
        for number, records in enumerate(ledger_of(ledger)):
            for one in records:
                kept = [header for header in one.headers if header[0] not in {envelope.LEGS, envelope.CHECK}]
                broadcast = (envelope.TYPE, b"rate") in one.headers
                writer.write(number, one if broadcast else one._replace(headers=kept))
    assert legs_of(tmp_path / "old") == legs_of(tmp_path / "result")
