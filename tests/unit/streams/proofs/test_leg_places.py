"""Legs beside the ledger records that name them: each there once, at its place, and counted by an agent's gate."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition

from streams.cli.reconcile import _take_positions
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, INPUTS, RATES, TRANSACTIONS
from streams.ingest.door import Admitted, Door
from streams.kafka import topics
from streams.keys.pseudonyms import Key, Keys, development_keys
from streams.ledger import envelope
from streams.proofs.leg_places import LegPlaces
from streams.proofs.reconcile import Reconciliation, Tokens
from tests.support.pipeline import DECLARATION, DISPOSITION, TIMESTAMP_MS, TRANSACTION

PARTITIONS = 12
BODIES = {TRANSACTIONS: TRANSACTION, DECLARATIONS: DECLARATION}
FULL = TRANSACTION | {"counterparty_account": "A", "device_id": "D", "contact_id": "C"}


class Written:
    """What ingest wrote of payments and declarations, by partition of ledger and legs; offsets count from 0."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.door = Door(keys or development_keys(), PARTITIONS, {})
        self.door.topic_ids = dict.fromkeys(INPUTS, b"id")
        self.ledger: list[tuple[int, Any]] = []
        self.legs: list[tuple[int, Any]] = []
        self.ends: dict[str, int] = {}

    def write(self, topic: str, offset: int, body: dict[str, Any]) -> None:
        key = INPUTS[topic].key
        assert key is not None
        came = ArrivedRecord(topic, 0, offset, TIMESTAMP_MS, key(body).encode(), msgspec.json.encode(body))
        answer = self.door.admit(came)
        assert isinstance(answer, Admitted), answer
        self.ends[topic] = max(self.ends.get(topic, 0), offset + 1)
        for one in answer.records:
            self.ledger.append((one.partition, one))
        for one in answer.legs:
            self.legs.append((one.partition, one))

    def problems(self) -> list[str]:
        """What the command finds, by kind and source offset."""
        found = self.reconciled()
        return [f"{one.kind} {one.first}-{one.last}" for one in found.find_problems()]

    def reconciled(self) -> Reconciliation:
        found = Reconciliation({(topic, 0): (0, end) for topic, end in self.ends.items()}, [], PARTITIONS, self.ends)
        for topic, end in self.ends.items():
            found.read(topic, 0, range(end))
        tokens = Tokens({}, settled=True)
        for topic, written in ((topics.LEGS, self.legs), (topics.LEDGER, self.ledger)):
            for offset, (partition, one) in enumerate(written):
                record = SimpleNamespace(
                    key=one.key, value=one.value, headers=one.headers, offset=offset, timestamp=TIMESTAMP_MS
                )
                _take_positions(
                    (TopicPartition(topic, partition), [record]), found, tokens, dict.fromkeys(INPUTS, b"id")
                )
        return found


@pytest.fixture
def written() -> Written:
    """Three payments with four legs each, a payment with one, two declarations."""
    found = Written()
    for offset in range(3):
        found.write(TRANSACTIONS, offset, FULL | {"event_id": f"E{offset}"})
    plain = {name: it for name, it in FULL.items() if name not in ("counterparty_account", "device_id", "contact_id")}
    found.write(TRANSACTIONS, 3, plain | {"event_id": "E3"})
    for offset in range(2):
        found.write(DECLARATIONS, offset, DECLARATION | {"event_id": f"D{offset}"})
    return found


def again(one: tuple[int, Any], **changes: Any) -> tuple[int, Any]:
    """A leg with another value or headers, and a check that fits."""
    partition, leg = one
    body = msgspec.json.decode(leg.value) | changes
    value = msgspec.json.encode(body)
    headers = [(name, b"%d" % body.get("number", 0) if name == "__fx.leg" else it) for name, it in leg.headers[:-1]]
    return partition, leg._replace(value=value, headers=envelope.checked(headers, value))


def test_what_ingest_writes_reconciles(written):
    """Fifteen legs of six records."""
    assert written.problems() == []
    assert {one.topic: one.legs for one in written.reconciled().count_topics()} == {TRANSACTIONS: 13, DECLARATIONS: 2}


@pytest.mark.parametrize("place", range(15))
def test_a_leg_less_is_missing(written, place):
    """Whichever: the ledger record says that it must be there."""
    gone = written.legs.pop(place)[1]
    offset = int(dict(gone.headers)["__fx.source.offset"])
    assert written.problems() == [f"leg_missing {offset}-{offset}"]


def test_a_record_that_is_written_again_has_the_same_legs(written):
    """All of it, or only what a crash left, in any partition; the same record under the next key too."""
    legs, ledger = list(written.legs), list(written.ledger)
    for begun in range(len(legs)):
        written.legs = legs[: begun + 1] + legs
        assert written.problems() == []
    written.legs, written.ledger = legs + legs, ledger + ledger
    assert written.problems() == []


def test_a_rotation_between_a_record_and_its_repetition_changes_no_leg():
    """The ledger has the record under the new key alone, the first leg stands there under the old one."""
    old = Key("k1", b"1" * 32)
    before, after = Written(Keys(old, old)), Written(Keys(Key("k2", b"2" * 32), old, old))
    for one in (before, after):
        one.write(TRANSACTIONS, 0, FULL)
    after.legs = before.legs[:1] + after.legs
    assert after.problems() == []


def test_a_leg_of_another_thing_or_payment_differs(written):
    """Its amount, its event, or whose it is."""
    legs = list(written.legs)
    for changes in ({"amount": "1"}, {"event_id": "E9"}, {"direction": "in"}, {"status": "returned"}):
        written.legs = [again(legs[0], **changes), *legs[1:]]
        assert written.problems() == ["leg_differs 0-0"], changes
    # the account's leg under the device's number
    written.legs = [legs[0], again(legs[1], kind="device"), *legs[2:]]
    assert written.problems() == ["leg_differs 0-0", "leg_misplaced 0-0"]


def test_a_leg_in_another_partition_than_its_things_is_found(written):
    """Written once more there, an agent would count it twice."""
    partition, leg = written.legs[0]
    written.legs.append(((partition + 1) % PARTITIONS, leg))
    assert written.problems() == ["leg_misplaced 0-0"]


def test_a_leg_under_another_key_is_misplaced(written):
    """By its key an agent would find another node."""
    partition, leg = written.legs[5]
    written.legs[5] = partition, leg._replace(key=b"k1.000." + b"0" * 32)
    assert written.problems() == ["leg_misplaced 1-1"]


@pytest.mark.parametrize("number", [3, 4, 99])
def test_a_leg_too_many_is_found(written, number):
    """A number that the record does not have: the fourth payment has one leg."""
    written.legs.append(again(written.legs[12], number=number))
    kinds = {problem.split()[0] for problem in written.problems()}
    assert "leg_extra" in kinds
    assert kinds <= {"leg_extra", "leg_differs"}


def test_a_leg_that_an_agents_gate_would_pass_over_is_found():
    """It came behind a later one of its partition, for the first time."""
    found = LegPlaces(10, 20)
    for offset in (10, 12):
        found.expect(offset, [0])
        found.take(3, offset, 0)
    found.expect(11, [0, 0])
    found.take(3, 11, 0)
    found.take(4, 11, 1)
    reads = found.there > 0
    assert [kind for kind, wrong in found.faults(reads, reads).items() if wrong.any()] == ["leg_behind"]
    assert found.faults(reads, reads)["leg_behind"].nonzero()[0].tolist() == [1]
    # once more it is a repetition, and the fault stays
    found.take(3, 11, 0)
    assert found.count() == 4


SHARED = {"shared_kind": "device", "shared_token": "k1.777." + "d" * 32}


@pytest.fixture
def judged() -> Written:
    """An officer's record on an alert about a device, one about goods, and one on an alert of the monitor's."""
    found = Written()
    goods = {"shared_kind": "goods", "shared_token": "847130/CN/EA"}
    for offset, more in enumerate((SHARED, goods, {})):
        found.write(DISPOSITIONS, offset, DISPOSITION | more | {"event_id": f"V{offset}"})
    return found


def test_an_officers_record_on_an_alert_about_a_shared_thing_is_its_own_leg(judged):
    """Keyed by the thing, in its partition; one on another alert has none. Written again it is the same."""
    assert judged.problems() == []
    assert [leg.key.decode() for _, leg in judged.legs] == [SHARED["shared_token"], "847130/CN/EA"]
    assert judged.legs[0][0] == 0x777 % PARTITIONS
    assert [count.legs for count in judged.reconciled().count_topics()] == [2]
    assert envelope.decode_shared(judged.legs[0][1].value, judged.legs[0][1].headers, 0, 1)[0].alert_id == "a" * 32
    judged.legs += judged.legs
    assert judged.problems() == []


def test_an_officers_leg_that_is_missing_changed_misplaced_or_none_is_found(judged):
    legs = list(judged.legs)
    judged.legs = legs[1:]
    assert judged.problems() == ["leg_missing 0-0"]
    judged.legs = [again(legs[0], verdict="confirmed"), legs[1]]
    assert judged.problems() == ["leg_differs 0-0"]
    judged.legs = [(1, legs[0][1]), legs[1]]
    assert judged.problems() == ["leg_misplaced 0-0"]
    body = {name: it for name, it in msgspec.json.decode(legs[0][1].value).items() if name not in SHARED}
    value = msgspec.json.encode(body)
    plain = legs[0][1]._replace(value=value, headers=envelope.checked(legs[0][1].headers[:-1], value))
    judged.legs = [(legs[0][0], plain), legs[1]]
    assert judged.problems() == ["leg_missing 0-0", "leg_unreadable 0-0"]


def test_a_leg_of_a_record_that_names_none_of_its_kind_is_foreign(written):
    """Of an input without legs."""
    partition, leg = written.legs[0]
    headers = [(name, RATES.encode() if name == "__fx.source.topic" else it) for name, it in leg.headers]
    written.legs.append((partition, leg._replace(headers=headers)))
    assert written.reconciled().foreign == {f"{RATES}[0]": 1}


def test_what_cannot_be_read_is_told_and_nothing_is_guessed(written):
    """A damaged leg, and a damaged ledger record: of that nobody knows which legs it has."""
    partition, leg = written.legs[13]
    written.legs[13] = partition, leg._replace(value=leg.value.replace(b"8471", b"9471"))
    home, record = written.ledger[3]
    written.ledger[3] = home, record._replace(value=b"{}")
    assert written.problems() == ["legs_untold 3-3", "leg_missing 0-0", "leg_unreadable 0-0"]


def test_a_ledger_record_of_a_later_release_is_not_guessed_at(written):
    """It may have legs that this release knows nothing of."""
    home, record = written.ledger[0]
    headers = [(name, b"2" if name == "__fx.legs" else it) for name, it in record.headers[:-1]]
    written.ledger[0] = home, record._replace(headers=envelope.checked(headers, record.value))
    assert written.problems() == ["legs_untold 0-0"]


def of_an_earlier_release(one: tuple[int, Any]) -> tuple[int, Any]:
    """A ledger record or leg as it was written before there were several legs of one record."""
    partition, record = one
    headers = [header for header in record.headers[:-1] if header[0] not in ("__fx.legs", "__fx.leg")]
    body = msgspec.json.decode(record.value)
    value = msgspec.json.encode({name: it for name, it in body.items() if name not in ("kind", "number")})
    return partition, record._replace(value=value, headers=envelope.checked(headers, value))


def test_a_ledger_of_an_earlier_release_reconciles(written):
    """One leg a payment, none of declarations: that it says nothing of legs tells the release."""
    written.ledger = [of_an_earlier_release(one) for one in written.ledger]
    firsts = [one for one in written.legs if dict(one[1].headers)["__fx.leg"] == b"0"]
    written.legs = [of_an_earlier_release(one) for one in firsts[:4]]
    for _, leg in written.legs:
        envelope.decode_leg(leg.value, leg.headers, 0, 0)
    assert written.problems() == []
    del written.legs[2]
    assert written.problems() == ["leg_missing 2-2"]


def test_an_upgrade_in_the_middle_of_a_redelivery_reconciles(written):
    """The earlier release wrote the first two payments; this one wrote them again, and all the others.

    Of its legs of the first payment an agent passes over those behind the second one's: that record has one leg.
    """
    old_records = [of_an_earlier_release(one) for one in written.ledger[:2]]
    old_legs = [of_an_earlier_release(written.legs[place]) for place in (0, 4)]
    ledger, legs = written.ledger, written.legs
    written.ledger, written.legs = old_records + ledger, old_legs + legs
    assert written.problems() == []
    # the second payment was not written again: its one leg is all that it has
    written.ledger, written.legs = old_records + ledger[:1] + ledger[2:], old_legs + legs[:4] + legs[8:]
    assert written.problems() == []


def test_legs_of_offsets_beyond_the_end_are_found():
    """Of a transaction that was rolled back, say: the input never had such an offset."""
    found = LegPlaces(0, 2)
    for offset in (1, 2, 5, 5):
        found.take(0, offset, 0)
    assert found.beyond(2).tolist() == [2, 5]
    assert found.beyond(3).tolist() == [5]
    assert found.count() == 1
