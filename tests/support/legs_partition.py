"""The legs of one partition, as ingest writes them of a stream of inputs, and the shared agent's core over them."""

from collections import Counter
from typing import Any

import msgspec

from detectors.contracts.events import ConfigurationChange
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, INPUTS, RATES, TRANSACTIONS
from streams.ingest.door import Admitted, Door
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from streams.shared.core import SharedCore
from tests.support.pipeline import DECLARATION, RATE, TIMESTAMP_MS, TRANSACTION, LedgerRecord

SHARING = TRANSACTION | {"counterparty_account": "A-1", "device_id": "D-1", "contact_id": "M-1"}
CHANGE = ConfigurationChange(configuration=overlay_configuration({}))


class LegsLog:
    """The one partition of `fx.legs.v1`; `groups` are the records that ingest wrote of each input, in order."""

    def __init__(self) -> None:
        self.door = Door(development_keys(), 1, {})
        self.door.topic_ids = dict.fromkeys(INPUTS, b"id")
        self.records: list[LedgerRecord] = []
        self.groups: list[list[LedgerRecord]] = []
        self._offsets: Counter[str] = Counter()
        self.append(0, *envelope.first_configuration(CHANGE))

    def append(self, timestamp: int, key: bytes, value: bytes, headers: Any) -> LedgerRecord:
        """A record at the end."""
        self.records.append(LedgerRecord(len(self.records), timestamp, key, value, list(headers)))
        return self.records[-1]

    def send(self, topic: str, body: dict[str, Any], at_ms: int = TIMESTAMP_MS) -> list[LedgerRecord]:
        """What ingest writes to the legs of an input record."""
        demanded = INPUTS[topic].key
        key = None if demanded is None else demanded(body).encode()
        offset = self._offsets[topic]
        self._offsets[topic] += 1
        answer = self.door.admit(ArrivedRecord(topic, 0, offset, at_ms, key, msgspec.json.encode(body)))
        assert isinstance(answer, Admitted), answer
        self.groups.append([self.append(at_ms, one.key, one.value, one.headers) for one in answer.legs])
        return self.groups[-1]

    def resend(self, first: int, end: int | None = None) -> None:
        """Ingest begins anew at the input number `first`, as after a crash."""
        for group in self.groups[first:end]:
            for one in group:
                self.append(one.timestamp, one.key, one.value, one.headers)


def shared_stream(payments: int = 12) -> LegsLog:
    """Payments of three residents that share a foreign party, its account, a device and a contact; goods and rates."""
    log = LegsLog()
    log.send(RATES, RATE)
    for number in range(payments):
        at = f"2026-01-05T10:{number:02}:00+09:00"
        log.send(
            TRANSACTIONS,
            SHARING | {"event_id": f"E{number}", "party_id": f"P-{number % 3}", "event_time": at},
        )
        if number % 4 == 0:
            log.send(DECLARATIONS, DECLARATION | {"event_id": f"D{number}", "declaration_no": f"N{number}"})
            log.send(RATES, RATE | {"mid": f"13{number:02}.5", "rate_time": f"2026-01-05T01:{number:02}:00Z"})
    return log


def applied(log: LegsLog, *, reload_at: frozenset[int] = frozenset()) -> tuple[Any, list[Output]]:
    """State and outputs after the whole log; saved and loaded before each offset of `reload_at`."""
    core = SharedCore("test")
    state, outputs = core.new(0), []
    for record in log.records:
        if record.offset in reload_at:
            state = core.thaw(0, list(state.freeze().sections()))
        outputs += core.apply(state, 0, record, muted=False)
    return state, outputs
