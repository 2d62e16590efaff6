"""The door: one input record in, ledger records or a refusal out. Behind it there are no identifiers.

A pure function but for two bounded memories (tokens, and whose identity was sealed already). It never raises,
whatever the bytes: a fault of fxwatch itself becomes a refusal with the code `door.failed`, so that the record is
dead-lettered, not lost.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from detectors.contracts.configuration import Admission
from detectors.contracts.events import ConfigurationChange, Declaration, Disposition, Source, Transaction
from detectors.core import RULES_PARTITION
from streams.contracts.identifiers import Identifiers
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, INPUTS, PROFILES, RATES, RULES, TRANSACTIONS
from streams.contracts.learning_record import LEARNING, read_learning
from streams.contracts.record_headers import Header, RawHeaders, by_name, is_history
from streams.contracts.refusal_codes import CODES, Fault, list_codes, name_stage, write_message
from streams.ingest import canonical
from streams.ingest.decode import Decoded, decode, find_faults
from streams.ingest.formats.record import convert_record
from streams.ingest.history_claims import AllowedHistory
from streams.ingest.sender_headers import leave_out_identifiers
from streams.keys.commitments import Committer, EvidenceKeys
from streams.keys.pseudonyms import Keys, slot_of
from streams.keys.sender_keys import Proof, SenderKeys
from streams.ledger import envelope
from streams.ledger.envelope import PASSED_ON
from streams.ledger.progress import Routing

# Five such headers beside a record of 64 KiB stay far below Kafka's 1 MiB, copies to the ledger included.
HEADER_LIMIT = 4096
# Readers of CloudEvents and traces add a dozen. Headers are looked at one by one: 698 900 of them, which a record of
# 2 MiB can hold, took 80 ms each.
HEADERS_LIMIT = 1_000
# What is written may be longer than what came: of a configuration's tables only names were sent, the rest is defaults.
# Failure prevented: 30 000 desks in 356 KB became 2.3 MB, no batch takes them, and ingest ended at every start.
# A batch holds 1 000 000 bytes, headers included.
LARGEST_WRITTEN = 900_000
# Tokens whose identifier was handed out for sealing; about 200 bytes each. Forgetting one seals it once more, no harm.
SEALED_REMEMBERED = 200_000

_PASSED_ON = frozenset(PASSED_ON)


class LedgerWrite(NamedTuple):
    """A record to write to the ledger or the legs; its Kafka timestamp is the input's."""

    partition: int
    key: bytes
    value: bytes
    headers: list[Header]


class Admitted(msgspec.Struct, frozen=True):
    """What a good record becomes.

    `records`: one for a party's event, one a partition for rates and rules.
    `legs`: the same for `fx.legs.v1`, one for each shared thing that it names, by number; of rates and rules the very
    records of the ledger, because the agent that reads legs converts amounts and tests limits as the monitor does.
    `identities`: (token, identifier) not handed out before.
    `when` is the event's own time, UTC (None for rules). `notes` say what was done to its fields
    (`identifiers.NOTES`). `proof` says whose signature it has, where one was asked for.
    """

    records: tuple[LedgerWrite, ...]
    legs: tuple[LedgerWrite, ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    when: datetime | None = None
    notes: tuple[str, ...] = ()
    proof: Proof | None = None


class Rejected(msgspec.Struct, frozen=True):
    """Why a record was refused: stable codes, a message of at most 512 characters without values, and the stage.

    `proof` as in `Admitted`, where the record could be read. `faults` are all that were found, one by one.
    """

    codes: tuple[str, ...]
    message: str
    stage: str
    proof: Proof | None = None
    faults: tuple[Fault, ...] = ()


class Door:
    """Admits or refuses input records.

    `partitions` is the number of ledger (and legs) partitions; `words` the legend's word list (class -> words);
    `admission` what is taken from whom (None: the default, by which nobody may load history); `senders` who must prove
    its records (None: nobody).
    Cost: about 25 us for a transaction of known parties, some 70 us more where its signature is verified.
    """

    def __init__(
        self,
        keys: Keys,
        partitions: int,
        words: Mapping[str, tuple[str, ...]],
        admission: Admission | None = None,
        senders: SenderKeys | None = None,
    ) -> None:
        if partitions < 1:
            raise ValueError(f"partitions: got {partitions}, expected at least 1")
        self._keys, self._partitions = keys, partitions
        self._words = canonical.WordList(words)
        admission = admission or Admission()
        self.identifiers = Identifiers(admission.placeholders, admission.report_numbers)
        self._history = AllowedHistory(admission.history, self.identifiers)
        self._senders = senders
        self._committer = Committer(keys)
        self.evidence_keys = EvidenceKeys.of(keys)
        self.routing = Routing(key=keys.routing.id, check=keys.routing_check())
        # ids of the input topics that the records come from; ledger records say them where they are known
        self.topic_ids: Mapping[str, bytes] = {}
        self._sealed: OrderedDict[str, None] = OrderedDict()
        # the type of the ledger's records, and what makes them
        self._admit: dict[str, tuple[bytes, Callable[[Decoded, list[Header]], Admitted]]] = {
            TRANSACTIONS: (b"transaction", self._transaction),
            DECLARATIONS: (b"declaration", self._declaration),
            RATES: (b"rate", self._rate),
            PROFILES: (b"profile", self._profile),
            DISPOSITIONS: (b"disposition", self._disposition),
            RULES: (envelope.CONFIGURATION, self._rules),
        }

    def admit(self, record: ArrivedRecord) -> Admitted | Rejected:
        """The record's ledger records, or why it is refused. Never raises."""
        try:
            return self._learning(record) if record.topic == LEARNING else self._admit_or_reject(record)
        except Exception as fault:  # noqa: BLE001 - one record must not stop the others
            failed = Fault("door.failed", type(fault).__name__)
            told = f"{failed.code} {failed.field}: {CODES[failed.code]}"
            return Rejected((failed.code,), told, "pseudonymise", faults=(failed,))

    def _admit_or_reject(self, record: ArrivedRecord) -> Admitted | Rejected:
        topic, headers = INPUTS.get(record.topic), record.headers
        outside = _outside(record)
        if topic is None or outside is not None:
            return _rejected([outside or Fault("topic.unknown")])
        history, passed_on, too_long = _read_headers(headers)
        key, value = record.key, record.value
        if headers and value is not None and record.topic == TRANSACTIONS:
            converted = convert_record(value, headers, self.identifiers, record.timestamp_ms)
            if isinstance(converted, list):
                return _rejected(converted + too_long)
            key, value = converted or (key, value)
        decoded = decode(topic, record.timestamp_ms, key, value, self.identifiers)
        if decoded is None or record.value is None:
            return _rejected(find_faults(topic, record.timestamp_ms, key, value, self.identifiers) + too_long)
        wrong = self._history.fault(decoded.body, decoded.when) if history else None
        proof = None
        if self._senders is not None:
            proof = self._senders.judge(record, decoded.body)
        if too_long or wrong is not None or (proof is not None and proof.fault is not None):
            found = [wrong, None if proof is None else proof.fault]
            return _rejected([*too_long, *(fault for fault in found if fault is not None)], proof)
        if passed_on:
            passed_on, withheld = leave_out_identifiers(passed_on, decoded.body)
            decoded = msgspec.structs.replace(decoded, notes=decoded.notes + withheld)
        source = Source(record.topic, record.partition, record.offset)
        kind, admit = self._admit[record.topic]
        written = envelope.envelope(
            source,
            self._committer.commitment(source, record.value),
            kind,
            topic_id=self.topic_ids.get(record.topic, b""),
            history=history,
            passed_on=passed_on,
        )
        admitted = admit(decoded, written)
        if any(len(one.value) > LARGEST_WRITTEN for one in (admitted.records[0], *admitted.legs)):
            return _rejected(
                [Fault("size.exceeded", "", f"at most {LARGEST_WRITTEN} bytes in the ledger's form")], proof
            )
        return admitted if proof is None else msgspec.structs.replace(admitted, proof=proof)

    def _transaction(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        parts = canonical.transaction(decoded, self._keys, self._words)
        party, counterparty, contract = parts.party, parts.counterparty, parts.contract_counterparty
        record = self._record(party.slot, party.token, envelope.encode(parts.event), headers)
        legs = self._legs(parts.event, headers)
        body = decoded.body
        named = [(party.token, body["party_id"]), (counterparty.token, body["counterparty_id"])]
        if contract is not None:
            named.append((contract.token, body["contract_counterparty_id"]))
        return Admitted((record,), legs, self._not_sealed(named), decoded.when, decoded.notes)

    def _declaration(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        event, party, counterparty = canonical.declaration(decoded, self._keys)
        record = self._record(party.slot, party.token, envelope.encode(event), headers)
        body = decoded.body
        named = [(party.token, body["party_id"]), (counterparty.token, body["counterparty_id"])]
        return Admitted((record,), self._legs(event, headers), self._not_sealed(named), decoded.when, decoded.notes)

    def _profile(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        event, party = canonical.profile(decoded, self._keys)
        record = self._record(party.slot, party.token, envelope.encode(event), headers)
        # related counterparties are sealed when they take part in something: thousands of boxes would stall the loop
        named = [(party.token, decoded.body["party_id"])]
        return Admitted((record,), (), self._not_sealed(named), decoded.when, decoded.notes)

    def _disposition(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        event = canonical.disposition(decoded, self._keys)
        record = self._record(slot_of(event.party), event.party, envelope.encode(event), headers)
        return Admitted((record,), self._legs(event, headers), when=decoded.when, notes=decoded.notes)

    def _rate(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        event = canonical.rate(decoded, self._keys)
        records = self._broadcast(f"{event.base}/{event.quote}".encode(), envelope.encode(event), headers)
        return Admitted(records, records, when=decoded.when, notes=decoded.notes)

    def _rules(self, decoded: Decoded, headers: list[Header]) -> Admitted:
        value = envelope.encode(
            ConfigurationChange(configuration=decoded.record.configuration, approvals=decoded.record.approvals)
        )
        records = self._broadcast(envelope.CONFIGURATION_KEY, value, headers)
        return Admitted(records, records, when=decoded.when, notes=decoded.notes)

    def _learning(self, record: ArrivedRecord) -> Admitted | Rejected:
        """What a partition told, for every partition of the ledger; no agent that reads legs learns from it."""
        told = read_learning(record, self._partitions)
        if isinstance(told, Fault):
            return _rejected([told])
        source = Source(record.topic, record.partition, record.offset)
        commitment = self._committer.commitment(source, record.value or b"")
        topic_id = self.topic_ids.get(record.topic, b"")
        headers = envelope.envelope(source, commitment, envelope.LEARNING_KEY, topic_id=topic_id)
        return Admitted(self._broadcast(envelope.LEARNING_KEY, envelope.encode(told), headers))

    def _record(self, slot: int, token: str, value: bytes, headers: list[Header]) -> LedgerWrite:
        return LedgerWrite(slot % self._partitions, token.encode(), value, envelope.checked(headers, value))

    def _legs(self, event: Transaction | Declaration | Disposition, headers: list[Header]) -> tuple[LedgerWrite, ...]:
        of_leg = envelope.of_officers_leg if isinstance(event, Disposition) else envelope.of_leg
        return tuple(
            [
                self._record(thing.slot, thing.name, value, of_leg(headers, number))
                for number, (thing, value) in enumerate(envelope.encode_legs(event))
            ]
        )

    def _broadcast(self, key: bytes, value: bytes, headers: list[Header]) -> tuple[LedgerWrite, ...]:
        headers = envelope.checked(headers, value)
        return tuple(LedgerWrite(partition, key, value, headers) for partition in range(self._partitions))

    def _not_sealed(self, named: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Those whose identifier was not handed out before, as far as memory goes."""
        sealed = self._sealed
        new = []
        for token, identifier in named:
            if token in sealed:
                sealed.move_to_end(token)
                continue
            sealed[token] = None
            new.append((token, identifier))
            if len(sealed) > SEALED_REMEMBERED:
                sealed.popitem(last=False)
        return tuple(new)


def _read_headers(headers: RawHeaders) -> tuple[bool, list[Header], list[Fault]]:
    """The history mark, the headers that go further, and faults of all that bear their names, one by one."""
    if not headers:
        return False, [], []
    found = by_name(headers)
    passed_on = [(name, content) for name, content in found.items() if name in _PASSED_ON and content is not None]
    if not passed_on:
        return is_history(found), [], []
    too_long = [
        Fault("header.length", name, f"at most {HEADER_LIMIT} bytes")
        for name, content in headers
        if content is not None and len(content) > HEADER_LIMIT and name in _PASSED_ON
    ]
    return is_history(found), passed_on, too_long


def _outside(record: ArrivedRecord) -> Fault | None:
    """What is wrong with a record that nobody has to look into."""
    if record.topic == RULES and record.partition != RULES_PARTITION:
        # two partitions have no order, and in the ledger's partitions their records may stand in different ones
        return Fault("configuration.partition", "", f"partition {RULES_PARTITION}")
    if len(record.headers) > HEADERS_LIMIT:
        return Fault("header.count", "", f"at most {HEADERS_LIMIT} headers")
    return None


def _rejected(faults: list[Fault], proof: Proof | None = None) -> Rejected:
    return Rejected(list_codes(faults), write_message(faults), name_stage(faults), proof, tuple(faults))
