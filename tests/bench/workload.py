"""The stream that benchmarks run on, and its ledger as ingest would write it; without Kafka."""

from typing import NamedTuple

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange
from streams.contracts.input_record import InputRecord, arrived
from streams.generator import Simulation
from streams.ingest.door import Door, Rejected
from streams.kafka import topics
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope as ledger
from streams.settings import overlay_configuration
from tests.support.letters import dead_letter

CONFIGURATION = overlay_configuration({})
PARTITIONS = CONFIGURATION.engine.partitions


class Stored(NamedTuple):
    """A record as a consumer hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def records(events: int, seed: int = 1, bad_share: float = 0.0) -> list[InputRecord]:
    """The built-in stream; `bad_share` brings resends and conflicts too."""
    return list(Simulation(seed=seed, events=events, bad_share=bad_share))


def door() -> Door:
    """A door with the fixed keys of tests, the default configuration, and ids of the input topics."""
    made = Door(development_keys(), PARTITIONS, dict(CONFIGURATION.legend.words))
    made.topic_ids = {name: f"{number:022}".encode() for number, name in enumerate(topics.INPUTS)}
    return made


def stored(stream: list[InputRecord]) -> list[Stored]:
    """The stream as it stands in the input topics, each with one partition, in the order of its making."""
    offsets: dict[str, int] = {}
    found = []
    for record in stream:
        offset = offsets[record.topic] = offsets.get(record.topic, -1) + 1
        found.append(Stored(record.topic, 0, offset, record.timestamp_ms, record.key, record.value, record.headers))
    return found


class Written(NamedTuple):
    """What ingest makes of a stream: the ledger by partition, the legs, the dead letters."""

    ledger: list[list[Stored]]
    legs: list[bytes]
    dead: list[bytes]


def ingested(inputs: list[Stored], configuration: Configuration = CONFIGURATION) -> Written:
    """The ledger of these inputs, beginning with the first configuration, as the ingest agent writes it."""
    admit = door().admit
    key, value, headers = ledger.first_configuration(ConfigurationChange(configuration=configuration))
    written: list[list[Stored]] = [
        [Stored("fx.ledger.v1", number, 0, 0, key, value, tuple(headers))] for number in range(PARTITIONS)
    ]
    legs, dead = [], []
    for one in inputs:
        result = admit(arrived(one))
        if isinstance(result, Rejected):
            place = (one.topic, one.partition, one.offset, one.timestamp)
            why = (result.stage, result.codes, result.message)
            letter = dead_letter(*place, one.key, one.value, list(one.headers), *why, "bench")
            dead.append(repr(letter).encode())
            continue
        for number, key, value, headers in result.records:
            offset = len(written[number])
            written[number].append(Stored("fx.ledger.v1", number, offset, one.timestamp, key, value, tuple(headers)))
        legs += [repr((tuple(leg), result.identities, result.when)).encode() for leg in result.legs]
    return Written(written, legs, dead)
