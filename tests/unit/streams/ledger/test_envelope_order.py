"""The envelope in any order: a mirror that keeps no order of headers changes nothing of what is read."""

import random
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from detectors.contracts.events import ConfigurationChange, Source
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.errors import LedgerError
from streams.ledger import envelope
from tests.support.pipeline import GOOD, Pipeline
from tests.support.shuffled import shuffled

SOURCE = Source("fx.rates.v1", 3, 2**40)
COMMITMENT = b"k1:" + b"ab" * 32
SENT = [("traceparent", b"00-ab"), ("ce_type", b"t"), ("ce_id", b"1"), ("ce_time", b"2026"), ("ce_source", b"/s")]
PASSED_ON = (("ce_id", b"1"), ("ce_source", b"/s"), ("ce_type", b"t"), ("ce_time", b"2026"), ("traceparent", b"00-ab"))


def written(value: bytes = b"v", **more: Any) -> list[tuple[str, bytes]]:
    """A record's headers as ingest writes them."""
    return envelope.checked(envelope.envelope(SOURCE, COMMITMENT, b"rate", topic_id=b"id", **more), value)


def ledger() -> Iterator[Any]:
    """A ledger record of each kind, the first configuration among them."""
    pipeline = Pipeline()
    pipeline.door.topic_ids = {TRANSACTIONS: b"an-id"}
    for history in (False, True):
        for topic in (PROFILES, RATES, TRANSACTIONS, DECLARATIONS, DISPOSITIONS):
            pipeline.send(topic, GOOD[topic], history=history)
    yield from pipeline.log


@pytest.mark.parametrize("record", list(ledger()), ids=lambda record: f"offset {record.offset}")
def test_every_kind_of_record_reads_the_same_in_any_order(record):
    """Event and origin of a few hundred orders, all those of the first configuration among them."""
    expected = envelope.decode_record(record.value, record.headers, 9, 1234)
    for headers in shuffled(record.headers):
        assert envelope.decode_record(record.value, headers, 9, 1234) == expected
        assert envelope.told_source(headers) == envelope.told_source(record.headers)


def test_the_senders_headers_are_read_in_any_order_that_they_were_written_in():
    """The check covers them in the order in which their sender wrote them, and no reader knows that one."""
    value = Pipeline().log[0].value
    for number, passed_on in enumerate(permutations(SENT)):
        headers = envelope.checked(
            envelope.envelope(SOURCE, COMMITMENT, b"configuration", history=True, passed_on=passed_on), value
        )
        random.Random(number).shuffle(headers)
        origin = envelope.decode_record(value, headers, 9, 1234)[1]
        assert (origin.source, origin.history, origin.headers) == (SOURCE, True, PASSED_ON)


@pytest.mark.parametrize("place", range(13), ids=str)
def test_a_change_is_found_in_any_order(place):
    """Of each header's content, and of the value: the check is as good as in the order of writing."""
    value = Pipeline().log[0].value
    good = envelope.checked(
        envelope.envelope(SOURCE, COMMITMENT, b"configuration", topic_id=b"id", history=True, passed_on=SENT), value
    )
    assert len(good) == 14
    changed = [(name, content + b"1" if at == place else content) for at, (name, content) in enumerate(good)]
    for headers in shuffled(changed, 3):
        with pytest.raises(LedgerError, match=r"header __fx\.check is not the checksum of value and headers"):
            envelope.decode_record(value, headers, 9, 1234)
    with pytest.raises(LedgerError, match=r"header __fx\.check is not the checksum of value and headers"):
        envelope.decode_record(value + b" ", good[::-1], 9, 1234)


def test_a_record_as_it_was_written_costs_one_check(monkeypatch):
    """The orders are only asked for where the headers came in another one: nearly every record is as it was written."""
    record = Pipeline().log[0]
    headers = envelope.checked(envelope.envelope(SOURCE, COMMITMENT, b"configuration", passed_on=SENT), record.value)
    looks: list[Any] = []
    check = envelope._check
    monkeypatch.setattr(envelope, "_check", lambda *given: looks.append(given) or check(*given))
    envelope.decode_record(record.value, headers, 9, 1234)
    assert len(looks) == 1


def test_senders_headers_without_number_cost_no_more_than_a_look(monkeypatch):
    """No door writes a name twice: thirty such headers, whose orders have no end, are looked at in one order."""
    looks: list[Any] = []
    check = envelope._check
    monkeypatch.setattr(envelope, "_check", lambda *given: looks.append(given) or check(*given))
    headers = written(passed_on=[("ce_id", b"%d" % number) for number in range(30)])
    looks.clear()
    with pytest.raises(LedgerError, match=r"header __fx\.check is not the checksum"):
        envelope.decode_record(b"w", headers, 9, 1234)
    assert len(looks) == 2


def test_of_several_headers_the_last_one_counts():
    """Whoever wrote a name twice: the rule of all headers (streams/contracts/record_headers.py)."""
    headers = [(envelope.SOURCE_OFFSET, b"7"), *written(passed_on=SENT), (envelope.SOURCE_OFFSET, b"8")]
    told = envelope.told_source(headers)
    assert told == envelope.Told(b"fx.rates.v1", b"3", b"id", b"rate", 8, b"1")
    assert envelope.is_kind([*headers, (envelope.TYPE, b"leg")], b"leg")
    assert not envelope.is_kind([*headers, (envelope.TYPE, b"leg")], b"rate")
    assert not envelope.is_kind([], b"rate")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (envelope.SOURCE_TOPIC, b""),
        (envelope.SOURCE_TOPIC, None),
        (envelope.SOURCE_PARTITION, b"x"),
        (envelope.SOURCE_PARTITION, b"1" * 11),
        (envelope.SOURCE_OFFSET, b"1" * 19),
        (envelope.SOURCE_OFFSET, None),
    ],
    ids=str,
)
def test_a_source_that_is_none_is_not_told(name, content):
    """Whoever may write to the ledger may write anything."""
    headers = [(each, content if each == name else held) for each, held in written()]
    assert envelope.told_source(headers) is None
    assert envelope.told_source([header for header in headers if header[0] != name]) is None


def test_a_source_without_id_and_type_is_told():
    """Earlier releases wrote no id."""
    headers = written()[:3]
    assert envelope.told_source(headers) == envelope.Told(b"fx.rates.v1", b"3", b"", b"", 2**40)


def test_the_layout_is_the_order_of_writing():
    """As every ledger has them; `__fx.sha256` stands where earlier releases wrote it."""
    headers = written(history=True, passed_on=PASSED_ON)
    names = [name for name, _ in headers]
    assert names == [name for name in envelope.LAYOUT if name not in ("__fx.sha256", "__fx.leg")]
    assert names == [
        "__fx.source.topic",
        "__fx.source.partition",
        "__fx.source.offset",
        "__fx.commitment",
        "__fx.type",
        "__fx.legs",
        "__fx.source.topic_id",
        "fx.history",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "traceparent",
        "__fx.check",
    ]


@pytest.mark.parametrize("kind", [b"transaction", b"declaration"])
def test_a_leg_has_its_records_headers_but_for_type_and_number(kind):
    """In the same places: its number stands where the record says which layout its legs have."""
    headers = envelope.envelope(SOURCE, COMMITMENT, kind, topic_id=b"id", history=True)
    assert headers[4:6] == [("__fx.type", kind), ("__fx.legs", b"1")]
    expected = [*headers[:4], ("__fx.type", b"leg"), ("__fx.leg", b"3"), *headers[6:]]
    assert envelope.of_leg(headers, 3) == expected


def test_an_officers_record_is_its_own_leg_and_keeps_its_type():
    """A leg's number is all that it has instead of what a ledger record says of the legs."""
    headers = envelope.envelope(SOURCE, COMMITMENT, b"disposition", topic_id=b"id")
    expected = [*headers[:5], ("__fx.leg", b"0"), *headers[6:]]
    assert headers[4:6] == [("__fx.type", b"disposition"), ("__fx.legs", b"1")]
    assert envelope.of_officers_leg(headers, 0) == expected


@pytest.mark.parametrize("kind", [b"rate", b"configuration"])
def test_what_is_broadcast_says_that_the_legs_have_it_too(kind):
    """Records of earlier releases do not, and stand in the ledger alone."""
    assert envelope.envelope(SOURCE, COMMITMENT, kind)[4:] == [("__fx.type", kind), ("__fx.legs", b"1")]


@pytest.mark.parametrize("kind", [b"profile"])
def test_records_of_other_types_say_nothing_of_legs(kind):
    """Nothing of them is on the legs topic."""
    assert envelope.LEGS not in dict(envelope.envelope(SOURCE, COMMITMENT, kind))


def test_another_value_gets_a_check_only_where_there_was_one():
    """The first configuration has none, and so has that of every copy of it."""
    key, _, headers = envelope.first_configuration(ConfigurationChange(configuration=Pipeline().configuration))
    assert (key, envelope.checked_again(headers, b"w")) == (b"configuration", headers)
    assert envelope.checked_again(written(b"v"), b"w") == written(b"w")
    assert envelope.checked_again([("a", None), *written(b"v")], b"w")[0] == ("a", b"")
