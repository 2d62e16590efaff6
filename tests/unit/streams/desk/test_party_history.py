"""A party's history: its sums, its entries page by page, and its former names, without a broker."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from detectors.contracts.events import Profile
from streams.alert_text.alert_text import text_of
from streams.desk import party_history
from streams.desk.party_history import OTHERS, History, Period, largest, require_token
from streams.desk_text import party_text
from streams.desk_text.record_text import plain_field
from streams.errors import UsageError
from tests.support.desk_records import (
    EVENTS,
    HOUR_US,
    NOON,
    OTHER,
    PARTY,
    PURPOSES,
    SEOUL,
    disposition,
    payment,
    rate,
    record,
)
from tests.support.korean import foreign_words


def history(*records, most=100, names=(), **times):
    made = History(PARTY, frozenset(names), SEOUL, 26 * HOUR_US, most, **times)
    for one in records:
        made.take(one, 3)
    return made


def test_sums_are_of_settled_payments_by_month_and_direction():
    """In USD at the ledger's rates; what was returned or ordered is only counted; a month is the law's month."""
    late = datetime(2026, 4, 30, 15, 30, tzinfo=UTC)  # 00:30 of May in Seoul
    made = history(
        record(rate(mid="2"), 1),
        record(payment(1), 2),
        record(payment(2, currency="EUR", amount="10"), 3),
        record(payment(3, currency="JPY"), 4),
        record(payment(4, event_time=late, direction="in", amount="7"), 5),
        record(payment(5, status="returned", original_event_id="e1"), 6),
        record(payment(6, status="ordered"), 7),
        record(payment(7, party=OTHER, counterparty=PARTY), 8),
    )
    sums = {period: (one.count, one.usd, one.without_usd) for period, one in made.months.items()}
    assert sums == {Period("2026-04", "out"): (3, Decimal("4878.80"), 1), Period("2026-05", "in"): (1, Decimal(7), 0)}
    assert made.statuses == {"settled": 4, "returned": 1, "ordered": 1}
    assert (made.total, made.kinds) == (6, {"transaction": 6})
    assert {name: one.count for name, one in made.counterparties.items()} == {OTHER: 4}


def test_what_the_monitor_drops_is_counted_once():
    """A redelivered record has the identity of one before it."""
    made = history(record(payment(1), 1), record(payment(1), 2), record(payment(2), 3))
    assert (made.total, made.repeated, made.months[Period("2026-04", "out")].count) == (2, 1, 2)


def test_the_newest_are_kept_and_all_are_summed():
    """Whatever order they came in; the times given choose what is summed."""
    records = [record(payment(n, event_time=NOON - timedelta(hours=n)), n) for n in (3, 1, 2, 0)]
    made = history(*records, most=2)
    assert [entry.event.event_id for entry in made.entries()] == ["e1", "e0"]
    assert (made.total, made.months[Period("2026-04", "out")].count) == (4, 4)
    some = history(*records, since=NOON - timedelta(hours=2), until=NOON)
    assert [entry.event.event_id for entry in some.entries()] == ["e2", "e1"]


def test_no_event_is_lost_between_two_pages():
    """Of events of one time some may come twice; page by page every one is seen."""
    times = [0, 1, 1, 1, 2, 3]
    records = [record(payment(n, event_time=NOON + timedelta(minutes=at)), n) for n, at in enumerate(times)]
    seen, until = set(), None
    for _ in range(10):
        made = history(*records, most=4, until=until)
        seen |= {entry.event.event_id for entry in made.entries()}
        until = made.earlier_before
        if until is None:
            break
    assert seen == {f"e{n}" for n in range(6)}
    assert history(*records, most=6).earlier_before is None


def test_a_rotated_party_is_found_under_all_its_names():
    """From any of its tokens, along the records that carry two of them; another party of the slot is not mixed in."""
    k1, k2, k3 = (f"{key}.0a3.{digit * 32}" for key, digit in (("k1", "a"), ("k2", "b"), ("k3", "c")))
    stranger = "k3.0a3." + "d" * 32
    records = [
        record(payment(1, party=k1), 1),
        record(payment(2, party=k2, previous={k2: k1, OTHER: "k1.111." + "e" * 32}), 2),
        record(payment(3, party=k3, previous={k3: k2}), 3),
        record(payment(4, party=k3), 4),
        record(payment(5, party=stranger, previous={stranger: "k2.0a3." + "f" * 32}), 5),
    ]
    for token in (k1, k2, k3):
        names = frozenset({token})
        while (made := rotated(token, names, records)).all_names() != made.names:
            names = made.all_names()
        assert made.names == {k1, k2, k3}
        assert [entry.event.event_id for entry in made.entries()] == ["e1", "e2", "e3", "e4"]


def rotated(token, names, records):
    made = History(token, names, SEOUL, HOUR_US, 100)
    for one in records:
        made.take(one, 3)
    return made


def test_a_party_with_very_many_payments_costs_bounded_memory(monkeypatch):
    """Entries, counterparties and identities have their bounds, and the sums are whole."""
    monkeypatch.setattr(party_history, "REMEMBERED", 300)
    monkeypatch.setattr(party_history, "MOST_COUNTERPARTIES", 100)
    made, many = history(most=5), [f"k1.111.{number:032x}" for number in range(150)]
    for number in range(1_000):
        made.take(record(payment(number, amount="1", counterparty=many[number % len(many)]), number), 3)
    assert (made.total, len(made.entries()), len(made._identities)) == (1_000, 5, 300)
    assert len(made.counterparties) == 100 + 1
    assert sum(one.usd for one in made.counterparties.values()) == made.months[Period("2026-04", "out")].usd == 1_000
    assert list(largest(made.counterparties, 20_000))[-1][0] == OTHERS


def test_the_newest_profile_is_shown_as_the_monitor_keeps_it():
    """By its own date, not by its place; a date ahead of its arrival stands no longer than that."""

    def profile(day, region):
        return Profile(
            event_id=region,
            party=PARTY,
            party_type="company",
            region=region,
            identity=region * 8,
            as_of=datetime(2026, 4, day, tzinfo=UTC),
            body="1" * 32,
        )

    made = history(record(profile(20, "new"), 1), record(profile(10, "old"), 2))
    assert made.profile.region == "new"
    ahead = record(profile(29, "far"), 1)._replace(timestamp=1_776_000_000_000)
    assert history(ahead, record(profile(20, "now"), 2)).profile.region == "now"


def test_verdicts_of_the_partys_slot_are_kept_whatever_time_is_asked_for():
    """As the list of its alerts reads them: under a later key too; another slot's and a repeated one are not there."""
    later, other = "k2.0a3." + "b" * 32, "k1.111." + "c" * 32
    records = [
        record(disposition(**changed), number)
        for number, changed in enumerate(
            [
                {},
                {},
                {"event_id": "desk-2", "party": later, "investigator": "I-2"},
                {"event_id": "desk-3", "party": other},
            ]
        )
    ]
    made = history(*records, since=NOON + timedelta(days=1))
    assert [(given.party, given.partition) for given in made.verdicts.list_standing("1" * 32, PARTY)] == [
        (PARTY, 3),
        (later, 3),
    ]
    assert made.verdicts.on("1" * 32, other) == []
    assert made.total == 0


def test_a_partys_page_in_both_languages():
    """Everything it holds has words; the Korean page is Korean; a record that cannot be read is counted."""
    torn = record(payment(9), 9)._replace(value=b"{")
    made = history(*(record(event, number) for number, event in enumerate(EVENTS[:5])), torn)
    assert made.unreadable == 1
    korean = text_of(party_text.party_lines(PARTY, made, 3, [], PURPOSES, SEOUL, "ko"))
    assert [word for word in foreign_words(korean) if word != "HS"] == []
    assert "거래 및 기록 (지급·수령 1건, " in korean
    assert foreign_words(" ".join(party_text.CSV_KOREAN)) == []
    assert len(party_text.CSV_KOREAN) == len(set(party_text.CSV_KOREAN)) == len(party_text.CSV_COLUMNS)
    english = text_of(party_text.party_lines(PARTY, made, 3, [], PURPOSES, SEOUL, "en"))
    assert "1 records of this party cannot be read: 3:9" in english
    assert "EVENTS (" in english
    assert "refuted, by I-17" in english
    rows = [party_text.csv_cells(entry, 3, PURPOSES, SEOUL, "en") for entry in made.entries()]
    assert {len(each) for each in rows} == {len(party_text.CSV_COLUMNS)}
    told = party_text.party_json(PARTY, made, 3, [])
    assert (told["unreadable"], told["unreadable_at"]) == (1, ["3:9"])
    assert json.loads(json.dumps(told))["counts"] == {
        "transaction": 1,
        "declaration": 1,
        "profile": 1,
        "disposition": 1,
    }


@pytest.mark.parametrize("token", ["", "xyz", "k1.0a3.5d", PARTY + "\n", PARTY.upper()])
def test_what_is_no_token_is_refused(token):
    """With its form."""
    with pytest.raises(UsageError, match=r"KEY\.SLOT\.DIGEST"):
        require_token(token)


def test_sums_counts_and_dates_of_a_party_are_said_as_korean_says_them():
    """건 behind payments, 명 behind people, months and days as dates; the English page keeps its own order."""
    made = history(*(record(payment(number), number) for number in range(2)))
    korean = text_of(party_text.party_lines(PARTY, made, 3, [], PURPOSES, SEOUL, "ko"))
    assert re.search(r"2026년 4월 {2}해외로 지급 +미화 [\d,.]+달러 {2}2건", korean)
    assert re.search(r"보고 기관: \w+ 2건", korean)
    assert "상대방별 합계 (토큰 1개)" in korean
    english = text_of(party_text.party_lines(PARTY, made, 3, [], PURPOSES, SEOUL, "en"))
    assert re.search(r"2026-04 {2}out: paid abroad +[\d,.]+ USD {2}payments 2", english)
    told = [plain_field("registered_on", date(2018, 6, 6), lang) for lang in ("en", "ko")]
    assert told == ["2018-06-06", "2018년 6월 6일"]
    assert [plain_field("employees", 3, lang) for lang in ("en", "ko")] == ["3", "3명"]
    assert plain_field("capital_krw", "77000000", "ko") == "77,000,000원(7,700만 원)"
    assert plain_field("size", "small", "ko") == "소규모"
