"""Ingest's door and the monitor's core joined by ledger bytes, without Kafka: what input records come to."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from detectors.books.party import Party, unpack
from detectors.contracts.configuration import Admission, Configuration
from detectors.contracts.events import ConfigurationChange, Transaction
from detectors.memory.state import PartitionState
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, INPUTS, PROFILES, RATES, TRANSACTIONS
from streams.contracts.record_headers import HISTORY_HEADER
from streams.ingest.door import Admitted, Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from streams.partition.outputs import Output
from streams.settings import overlay_configuration
from tests.support import history

TIMESTAMP_MS = 1_767_580_000_000
"""2026-01-05T02:26:40Z, the Kafka timestamp of records that are given none."""

TRANSACTION = {
    "event_id": "E-1",
    "event_time": "2026-01-05T10:11:12+09:00",
    "direction": "out",
    "party_id": "P-1",
    "party_type": "person",
    "counterparty_id": "C-1",
    "counterparty_country": "DE",
    "institution": "SHBKKRSE",
    "channel": "app",
    "amount": "4950.00",
    "currency": "USD",
}
DECLARATION = {
    "event_id": "D-1",
    "declaration_no": "N-1",
    "declared_time": "2026-01-05T09:00:00+09:00",
    "kind": "import",
    "party_id": "P-1",
    "counterparty_id": "C-1",
    "counterparty_country": "CN",
    "hs_code": "847130",
    "quantity": "100",
    "quantity_unit": "EA",
    "value": "50000",
    "currency": "USD",
}
RATE = {"base": "USD", "quote": "KRW", "mid": "1387.50", "rate_time": "2026-01-05T00:00:00Z"}
PROFILE = {"event_id": "F-1", "party_id": "P-1", "party_type": "person", "as_of": "2026-01-05T00:00:00Z"}
DISPOSITION = {
    "event_id": "V-1",
    "alert_id": "a" * 32,
    "party": "dev.4c1.4c16172de87e10e6308ade14e3da55d6",
    "verdict": "refuted",
    "reason": "r",
    "investigator": "I-1",
    "decided_at": "2026-01-05T00:00:00Z",
}
GOOD = {TRANSACTIONS: TRANSACTION, DECLARATIONS: DECLARATION, RATES: RATE, PROFILES: PROFILE, DISPOSITIONS: DISPOSITION}


class LedgerRecord(NamedTuple):
    """A ledger record as the monitor's consumer would hand it over."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Pipeline:
    """One ledger partition, fed with input records. `state` is what the monitor learned, `log` what ingest wrote.

    Unless `admission` says otherwise, whoever sends a record may mark it as history.
    """

    def __init__(self, configuration: Configuration | None = None, admission: Admission = history.ADMISSION) -> None:
        self.configuration = configuration or overlay_configuration({})
        self.door = Door(development_keys(), 1, self.configuration.legend.words, admission)
        self.core = MonitorCore("test")
        self.state: PartitionState = self.core.new(0)
        self.log: list[LedgerRecord] = []
        self.offsets: dict[str, int] = {}
        self._append(0, *envelope.first_configuration(ConfigurationChange(configuration=self.configuration)))

    def _append(self, timestamp: int, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> list[Output]:
        record = LedgerRecord(len(self.log), timestamp, key, value, headers)
        self.log.append(record)
        return self.core.apply(self.state, 0, record, muted=False)

    def send(
        self,
        topic: str,
        body: dict[str, Any],
        *,
        at: datetime | None = None,
        key: bytes | None = None,
        history: bool = False,
    ) -> Rejected | list[Output]:
        """What became of a record: why it was refused, or what the monitor published. `at` is its Kafka timestamp."""
        demanded = INPUTS[topic].key
        key = key if key is not None or demanded is None else demanded(body).encode()
        timestamp = TIMESTAMP_MS if at is None else int(at.timestamp() * 1000)
        offset = self.offsets[topic] = self.offsets.get(topic, -1) + 1
        headers = [HISTORY_HEADER] if history else []
        answer = self.door.admit(ArrivedRecord(topic, 0, offset, timestamp, key, json.dumps(body).encode(), headers))
        return answer if isinstance(answer, Rejected) else self.take(answer, timestamp)

    def take(self, admitted: Admitted, timestamp: int) -> list[Output]:
        """Append what the door admitted to the ledger and apply it."""
        outputs = []
        for _, key, value, headers in admitted.records:
            outputs += self._append(timestamp, key, value, headers)
        for _, _, value, headers in admitted.legs:
            envelope.decode_shared(value, headers, 0, timestamp)
        return outputs

    def party(self) -> Party:
        """The only party of the partition."""
        (record,) = self.state.parties.values()
        return unpack(record)

    def events(self) -> list[Transaction]:
        """The transactions in the ledger, as the monitor reads them."""
        found = [envelope.decode_record(r.value, r.headers, r.offset, r.timestamp)[0] for r in self.log]
        return [event for event in found if isinstance(event, Transaction)]
