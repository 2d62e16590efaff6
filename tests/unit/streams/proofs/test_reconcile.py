"""Reconciliation from positions alone."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from detectors.contracts.events import Source
from streams.cli.reconcile import _passed, _take_letter, _take_positions
from streams.contracts import dead_letters
from streams.contracts.input_record import ArrivedRecord
from streams.ledger import envelope
from streams.ledger.input_positions import Kept
from streams.ledger.progress import Acknowledged, InputPosition, Passed
from streams.proofs.reconcile import Reconciliation, Tokens
from tests.support.letters import dead_letter

T, R = "fx.transactions.v1", "fx.rates.v1"


def reconciliation(begin: int = 0, end: int = 10) -> Reconciliation:
    found = Reconciliation({(T, 0): (begin, end), (R, 0): (0, 2)}, [R], 3)
    for partition in range(3):
        found.take_ledger_records(R, 0, partition, [0, 1])
    found.read(R, 0, [0, 1])
    return found


def told(found: Reconciliation) -> list[str]:
    return [str(problem) for problem in found.find_problems()]


def test_every_input_once_reconciles():
    """Ledger records and dead letters that together are the input leave no problem, and the figures add up."""
    found = reconciliation()
    found.read(T, 0, range(10))
    found.take_ledger_records(T, 0, 1, [0, 1, 2, 4, 5, 6, 7, 8])
    found.take_dead_letter(T, 0, 3, conflict=False)
    found.take_dead_letter(T, 0, 9, conflict=False)
    assert told(found) == []
    count = found.count_topics()[0]
    assert (count.read, count.ledger, count.dead_letters, count.missing) == (10, 8, 2, 0)


def test_missing_inputs_are_listed_as_ranges():
    """Inputs that are nowhere are missing, by offset."""
    found = reconciliation(100, 110)
    found.read(T, 0, range(100, 110))
    found.take_ledger_records(T, 0, 0, [100, 104, 105, 106])
    assert told(found) == [f"{T}[0]: 101-103 missing", f"{T}[0]: 107-109 missing"]
    assert found.count_topics()[0].missing == 6


def test_gaps_in_the_input_are_not_missing():
    """Offsets that the input does not hold (transaction markers, compaction) are not asked for."""
    found = reconciliation()
    found.read(T, 0, [0, 2, 9])
    found.take_ledger_records(T, 0, 0, [0, 2, 9])
    assert told(found) == []
    assert found.count_topics()[0].read == 3


def test_redelivered_records_are_counted_only():
    """A source position twice in the same ledger partition is a redelivery, in one batch or in two."""
    found = reconciliation()
    found.read(T, 0, range(3))
    found.take_ledger_records(T, 0, 0, [0, 1, 1, 2])
    found.take_ledger_records(T, 0, 0, [2])
    assert told(found) == []
    assert found.count_topics()[0].redelivered == 2


def test_one_event_in_two_ledger_partitions_is_a_problem():
    """The high-water mark is per ledger partition, so a position in two of them would be learned from twice."""
    found = reconciliation()
    found.read(T, 0, range(2))
    found.take_ledger_records(T, 0, 0, [0, 1])
    found.take_ledger_records(T, 0, 2, [1])
    assert told(found) == [f"{T}[0]: 1 split"]


def test_both_ledger_and_dead_letter_only_for_conflicts():
    """A conflict is in the ledger and dead-lettered; any other record in both is a problem."""
    found = reconciliation()
    found.read(T, 0, range(3))
    found.take_ledger_records(T, 0, 0, [0, 1, 2])
    found.take_dead_letter(T, 0, 1, conflict=True)
    found.take_dead_letter(T, 0, 2, conflict=False)
    assert told(found) == [f"{T}[0]: 2 both"]
    assert found.count_topics()[0].conflicts == 1


def test_a_conflict_letter_needs_its_ledger_record():
    """A conflict is found in the ledger; its letter alone means that the ledger lost the record."""
    found = reconciliation()
    found.read(T, 0, [0])
    found.take_dead_letter(T, 0, 0, conflict=True)
    assert told(found) == [f"{T}[0]: 0 conflict without record"]


def test_broadcast_records_belong_in_every_ledger_partition():
    """A rate that one ledger partition lacks is a problem."""
    found = Reconciliation({(R, 0): (0, 3)}, [R], 3)
    found.read(R, 0, [0, 1, 2])
    for partition, offsets in enumerate([[0, 1, 2], [0, 2, 2], [0, 1, 2]]):
        found.take_ledger_records(R, 0, partition, offsets)
    assert told(found) == [f"{R}[0]: 1 partial"]
    assert found.count_topics()[0].redelivered == 1


def test_sources_that_retention_removed_are_older_not_wrong():
    """Ledger records of inputs that are gone count as older, those past the compared end as newer."""
    found = reconciliation(5, 7)
    found.read(T, 0, range(5, 9))
    found.take_ledger_records(T, 0, 0, list(range(9)))
    assert told(found) == []
    count = found.count_topics()[0]
    assert (count.read, count.ledger, count.older, count.newer) == (2, 2, 5, 2)


def test_a_dead_letter_written_twice_counts_once():
    """After a crash a dead letter may stand twice; its source position is its identity."""
    found = reconciliation()
    found.read(T, 0, [0])
    found.take_dead_letter(T, 0, 0, conflict=False)
    found.take_dead_letter(T, 0, 0, conflict=False)
    assert told(found) == []
    count = found.count_topics()[0]
    assert (count.dead_letters, count.redelivered) == (1, 1)


@pytest.mark.parametrize("topic", ["fx.unknown.v1", T])
def test_foreign_sources_are_named(topic):
    """A ledger record whose source is no known input partition is told apart."""
    found = reconciliation()
    found.take_ledger_records(topic, 77, 0, [1, 2])
    assert found.foreign == {f"{topic}[77]": 2}


def test_outputs_of_a_topic_that_was_created_again_prove_nothing_of_the_new_one():
    """By the topic's id in ledger records and dead letters; those of earlier releases tell none and still count."""
    found = reconciliation(0, 4)
    found.read(T, 0, range(4))
    old, new = b"old", b"new"
    records = [
        SimpleNamespace(
            key=b"k",
            value=b"",
            headers=envelope.envelope(Source(T, 0, offset), b"0" * 64, b"transaction", topic_id=one),
        )
        for offset, one in ((0, old), (1, new), (2, b""), (3, old))
    ]
    tokens = Tokens({}, settled=True)
    assert _take_positions((TopicPartition("fx.ledger.v1", 1), records), found, tokens, {T: new}) == 0
    assert told(found) == [f"{T}[0]: 0 missing", f"{T}[0]: 3 missing"]
    assert found.count_topics()[0].older == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (envelope.SOURCE_OFFSET, b"seven"),
        (envelope.SOURCE_OFFSET, b"9" * 30),
        (envelope.SOURCE_OFFSET, b"-1"),
        (envelope.SOURCE_OFFSET, None),
        (envelope.SOURCE_PARTITION, b""),
        (envelope.SOURCE_PARTITION, b"9" * 30),
        (envelope.SOURCE_TOPIC, None),
        (envelope.SOURCE_TOPIC, b"\xff"),
    ],
)
def test_a_record_whose_source_is_none_is_counted(name, content):
    """Whoever may write to the ledger may write anything: a proof that ends with a fault proves nothing more."""
    honest = envelope.envelope(Source(T, 0, 1), b"0" * 64, b"transaction", topic_id=b"id")
    forged = [(each, content if each == name else value) for each, value in honest]
    for headers in (forged, forged[::-1]):
        found = reconciliation(0, 4)
        records = [SimpleNamespace(key=b"k", value=b"", headers=each) for each in (honest, headers)]
        unknown = _take_positions(
            (TopicPartition("fx.ledger.v1", 1), records), found, Tokens({}, settled=True), {T: b"id"}
        )
        assert unknown + sum(found.foreign.values()) == 1
        assert found.count_topics()[0].newer == 0
    letter = [(dead_letters.TOPIC, T.encode()), (dead_letters.PARTITION, b"0"), (dead_letters.OFFSET, b"9" * 20)]
    assert not _take_letter(SimpleNamespace(key=None, value=None, headers=letter), found, {T: b"id"})


def test_a_dead_letter_tells_the_id_of_its_topic():
    """Where it is known; the sender's own header of that name stays the sender's."""
    given = (T, 0, 7, 1, b"k", b"v", [(dead_letters.TOPIC_ID, b"forged")], "decode", ("utf8.invalid",), "m", "0")
    for topic_id in (b"", b"id"):
        key, value, headers = dead_letter(*given, topic_id)
        letter = dead_letters.read_original(SimpleNamespace(key=key, value=value, headers=headers))
        assert letter is not None
        assert (letter.topic_id.encode(), letter.headers) == (topic_id, ((dead_letters.TOPIC_ID, b"forged"),))


def test_a_record_of_a_payment_that_was_rolled_back_is_named():
    """In the ledger, in a letter, or beyond the input's end: no committed record is there. A gap alone is none."""
    found = reconciliation()
    found.read(T, 0, [0, 3, 9])
    found.take_ledger_records(T, 0, 1, [0, 1, 2, 3])
    found.take_dead_letter(T, 0, 5, conflict=False)
    found.take_dead_letter(T, 0, 9, conflict=False)
    found.take_ledger_records(T, 0, 1, [10, 11, 12, 15])
    found.note_end(T, 0, 12)
    assert told(found) == [
        f"{T}[0]: 1-2 without source",
        f"{T}[0]: 5 without source",
        f"{T}[0]: 12 without source",
        f"{T}[0]: 15 without source",
    ]
    assert (found.count_topics()[0].read, found.count_topics()[0].ledger, found.count_topics()[0].newer) == (3, 2, 4)


def test_legs_are_compared_with_inputs_and_ledger():
    """A leg of nothing, one whose payment is not in the ledger, and a payment without one; a repeated leg is none."""
    found = Reconciliation({(T, 0): (0, 6)}, [], 3, [T])
    found.read(T, 0, [0, 1, 2, 4])
    found.take_ledger_records(T, 0, 1, [0, 1, 2])
    found.take_dead_letter(T, 0, 4, conflict=False)
    legs = found.on_legs(T, 0)
    for offset in (0, 1, 2):
        legs.expect(offset, [0])
    for offset in (0, 0, 1, 4, 5, 6, 9):
        legs.take(2, offset, 0)
    found.note_end(T, 0, 8)
    assert told(found) == [
        f"{T}[0]: 5 leg without source",
        f"{T}[0]: 4 leg without record",
        f"{T}[0]: 2 leg missing",
        f"{T}[0]: 9 leg without source",
    ]
    assert found.on_legs(R, 0) is None
    assert found.on_legs(T, 7) is None


def test_the_letter_of_a_record_set_stands_for_all_its_offsets():
    """Of a set that cannot be read; one offset more than the letter says is missing."""
    found = reconciliation()
    found.read(T, 0, [0, 9])
    found.unreadable(T, 0, 1, 8)
    found.take_ledger_records(T, 0, 1, [0, 9])
    letter = dead_letters.Letter(
        ArrivedRecord(T, 0, 1, 5, None, None, ()),
        "decode",
        ("set.too_large",),
        "m",
        "0",
        b"id",
        dead_letters.RecordSetOf(7, 1000, "ab"),
    )
    key, value, headers = letter.written()
    assert not _take_letter(SimpleNamespace(key=key, value=value, headers=headers), found, {T: b"id"})
    assert told(found) == [f"{T}[0]: 8 missing"]
    assert found.count_topics()[0].dead_letters == 7


def test_parties_without_identity_and_identities_of_nobody_are_counted():
    """A party of a payment, and of its leg, must have one; one that is only mentioned may; nobody's is named."""

    def one(topic, kind, party, value=b""):
        headers = envelope.envelope(Source(T, 0, 3), b"0" * 64, kind, topic_id=b"id")
        batch = TopicPartition(topic, 1), [SimpleNamespace(key=token(party), value=value, headers=headers)]
        assert _take_positions(batch, reconciliation(), tokens, {T: b"id"}) == 0

    def token(number):
        return b"k1.0ab.%032x" % number

    def sealed(*numbers):
        tokens.note_sealed([SimpleNamespace(key=token(number)) for number in numbers])

    tokens = Tokens({(T, 0): (0, 10)}, settled=True)
    one("fx.ledger.v1", b"transaction", 1, b'{"contract_counterparty":"%s"}' % token(3))
    one("fx.legs.v1", b"leg", 2)
    one("fx.ledger.v1", b"disposition", 4)
    assert (tokens.count_missing(), tokens.count_without_record()) == (0, 0), "identities are not kept at all"
    sealed(1, 3, 9)
    assert (tokens.count_missing(), tokens.count_without_record()) == (1, 1)
    sealed(2)
    assert (tokens.count_missing(), tokens.count_without_record()) == (0, 1)


def test_offsets_that_were_gone_before_ingest_read_them_are_named():
    """Neither read nor missing: the log begins beyond them. What came into the ledger after all is not named."""
    found = Reconciliation({(T, 0): (60, 70), (T, 1): (60, 70)}, (), 2)
    found.note_passed(T, 0, 40, 60)
    found.note_passed(T, 1, 58, 65)
    found.read(T, 0, [60])
    found.take_ledger_records(T, 0, 1, [30, 39, 45, 60])
    found.take_dead_letter(T, 0, 50, conflict=False)
    assert told(found) == [
        f"{T}[0]: 40-44 unread",
        f"{T}[0]: 46-49 unread",
        f"{T}[0]: 51-59 unread",
        f"{T}[1]: 58-59 unread",
    ]
    [count] = found.count_topics()
    assert (count.unread, count.missing, count.older) == (20, 0, 4)


def test_a_log_that_begins_beyond_what_is_compared_is_no_fault():
    """Up to what ingest has committed, on a partition of which retention took more than that."""
    found = Reconciliation({(T, 0): (60, 0)}, (), 2)
    found.take_ledger_records(T, 0, 1, [3])
    assert told(found) == []


def test_what_ingest_keeps_says_what_passed_it_by():
    """What it told, and what went since it last said where it stands; of a deleted topic of the name nothing."""
    found = Reconciliation({(T, number): (60, 70) for number in range(5)}, (), 2)
    kept = Kept(
        positions={
            (T, 0): InputPosition(next=20, topic_id="id"),
            (T, 1): InputPosition(next=20, topic_id="old"),
            (T, 2): InputPosition(next=60, topic_id="id"),
        },
        passed={
            ((T, 2), 5): Passed(first=5, next=8, cause="deleted", topic_id="id"),
            ((T, 3), 5): Passed(first=5, next=8, cause="deleted", topic_id="old"),
        },
    )
    _passed(found, dict.fromkeys([(T, number) for number in range(5)], 60), kept, {T: b"id"}, {(T, 0): 30, (T, 4): 59})
    assert told(found) == [f"{T}[0]: 30-59 unread", f"{T}[2]: 5-7 unread", f"{T}[4]: 59 unread"]


def test_what_an_operator_acknowledged_is_no_fault_and_a_new_loss_is():
    """Counted apart; offsets that were not acknowledged, or of a topic of before, stay unread."""
    found = Reconciliation({(T, number): (80, 90) for number in range(3)}, (), 2)
    decision = {"reason": "sent again", "who": "kim", "at": "2026-03-01T00:00:00Z"}
    kept = Kept(
        passed={
            ((T, 0), 5): Passed(first=5, next=60, cause="deleted", topic_id="id"),
            ((T, 0), 70): Passed(first=70, next=80, cause="deleted", topic_id="id"),
            ((T, 1), 5): Passed(first=5, next=8, cause="deleted", topic_id="id"),
        },
        acknowledged={
            ((T, 0), "5-59"): Acknowledged(first=5, next=60, topic_id="id", **decision),
            ((T, 1), "5-7"): Acknowledged(first=5, next=8, topic_id="old", **decision),
        },
    )
    places = dict.fromkeys([(T, number) for number in range(3)], 80)
    settled = _passed(found, places, kept, {T: b"id"}, {})
    assert settled == [((T, 0), kept.acknowledged[(T, 0), "5-59"])]
    found.take_ledger_records(T, 0, 1, [7])
    assert told(found) == [f"{T}[0]: 70-79 unread", f"{T}[1]: 5-7 unread"]
    [count] = found.count_topics()
    assert (count.unread, count.acknowledged) == (13, 54)
