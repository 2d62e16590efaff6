"""No record that fxwatch writes can be larger than its topic takes, however large what came in."""

import json
from datetime import datetime

import msgspec
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.contracts import inputs
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, RELATED_LIMIT, RulesRecord
from streams.ingest.door import HEADER_LIMIT, Admitted, Door
from streams.kafka import clients, topics
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.support.pipeline import DECLARATION, DISPOSITION, PROFILE, RATE, TRANSACTION, Pipeline

# ids at their longest, in letters that take three bytes each
LONG, SHORTER, SHORT = "가" * 128, "가" * 64, "가" * 32
HEADERS = [(name, b"x" * HEADER_LIMIT) for name in envelope.PASSED_ON]
LARGEST = {
    inputs.TRANSACTIONS: TRANSACTION
    | {
        **dict.fromkeys(
            ("event_id", "payment_id", "party_id", "party_account", "counterparty_account", "device_id", "contact_id"),
            SHORTER,
        ),
        "counterparty_id": LONG,
        "contract_counterparty_id": LONG,
        "branch": SHORT,
        "declaration_no": SHORT,
        "remittance_info": "\U0001f600" * 140,
    },
    inputs.DECLARATIONS: DECLARATION
    | {"event_id": SHORTER, "declaration_no": SHORT, "party_id": SHORTER, "counterparty_id": LONG},
    inputs.RATES: RATE | {"event_id": SHORTER},
    inputs.PROFILES: PROFILE
    | {
        "event_id": SHORTER,
        "party_id": SHORTER,
        "related_counterparties": [f"C-{number}" for number in range(RELATED_LIMIT)],
    },
    inputs.DISPOSITIONS: DISPOSITION | {"event_id": SHORTER, "reason": "가" * 2000, "investigator": SHORTER},
}


def encoded(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> int:
    """Bytes of the record batch that holds it alone, as Kafka counts them against max.message.bytes."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=1
    )
    builder.append(0, timestamp=0, key=key, value=value, headers=headers)
    return len(builder.build())


def admitted(topic: str, key: str, value: bytes) -> Admitted:
    """What the door makes of a record with the longest headers that go further."""
    answer = Door(development_keys(), 2, {}).admit(
        ArrivedRecord(topic, 0, 2**62, 1_767_580_000_000, key.encode(), value, HEADERS)
    )
    assert isinstance(answer, Admitted), answer
    return answer


@pytest.mark.parametrize("topic", LARGEST)
def test_what_the_door_writes_fits_in_a_batch(topic: str) -> None:
    """Ledger records and legs of the largest records that it admits, with five headers of 4096 bytes."""
    body = LARGEST[topic]
    key = {inputs.RATES: "USD/KRW", inputs.DISPOSITIONS: body.get("party")}.get(topic) or body["party_id"]
    value = json.dumps(body, ensure_ascii=False).encode()
    # as long as the contract allows: a field of the sender's own fills the rest
    value = value[:-1] + b',"x_rest":"' + b"r" * (INPUTS[topic].size_limit - len(value) - 12) + b'"}'
    answer = admitted(topic, key, value)
    sizes = [encoded(*record[1:]) for record in (*answer.records, *answer.legs)]
    assert 20_000 < max(sizes) < clients.BATCH_BYTES / 4


def test_the_largest_configuration_fits_in_a_batch() -> None:
    """The contract allows 512 KiB of it; the ledger holds no more than came."""
    configuration = overlay_configuration({})
    words = {**configuration.legend.words, "many": tuple(f"word{number}" for number in range(40_000))}
    legend = msgspec.structs.replace(configuration.legend, words=words)
    record = RulesRecord(event_id="R", configuration=msgspec.structs.replace(configuration, legend=legend))
    value = msgspec.json.encode(record)
    assert 470_000 < len(value) < INPUTS[topics.RULES].size_limit
    assert all(
        encoded(*one[1:]) < clients.BATCH_BYTES for one in admitted(topics.RULES, "configuration", value).records
    )


def test_an_alert_with_fifty_records_of_evidence_fits_in_a_batch() -> None:
    """Every id at its longest; the headers of the event that go further are bounded too."""
    world = Pipeline()
    world.send(inputs.RATES, RATE)
    sizes = []
    for number in range(70):
        identity = f"{number:03}" + SHORTER[3:]
        ids = {"event_id": identity, "payment_id": identity, "counterparty_id": LONG, "party_account": SHORTER}
        time = f"2026-01-05T{number // 4:02}:{number % 4 * 15:02}:00Z"
        found = world.send(
            inputs.TRANSACTIONS,
            LARGEST[inputs.TRANSACTIONS] | ids | {"event_time": time},
            at=datetime.fromisoformat(time),
        )
        assert isinstance(found, list), found
        sizes += [
            (len(msgspec.json.decode(one.value)["evidence"]), encoded(one.key, one.value, list(one.headers)))
            for one in found
            if one.topic == topics.ALERTS
        ]
    assert max(count for count, _ in sizes) == 50, sizes
    assert max(size for _, size in sizes) + HEADER_LIMIT < clients.BATCH_BYTES / 4
