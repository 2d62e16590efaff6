"""Ledger records in words, a party's history and an officer's decision, without a broker."""

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.events import (
    ConfigurationChange,
    Declaration,
    Disposition,
    Origin,
    Profile,
    Rate,
    Source,
    Transaction,
)
from streams import ledger
from streams.alert_text import party_text
from streams.alert_text.dispose_text import done_json, done_lines, dry_line
from streams.alert_text.event_text import event_lines, payment_lines
from streams.alert_text.history_text import history_lines
from streams.alert_text.record_text import plain_field, record_json, record_lines
from streams.alert_text.record_words import VALUES
from streams.desk import party_history
from streams.desk.alert_heads import read_head
from streams.desk.disposing import Decision, Done, already, check
from streams.desk.party_history import OTHERS, History, Period, largest, slot_of
from streams.desk.positions import At, Span, _told
from streams.desk.reasons import _reason
from streams.desk.verdicts import Given, Verdicts, given_of
from streams.desk.worth import Worth
from streams.errors import UsageError
from streams.record_sets import Unreadable
from streams.render import text_of
from streams.settings import load_settings
from streams.signed_records import SIGNATURE
from tests.support.korean import foreign_words

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 4, 28, 3, tzinfo=UTC)
PARTY, OTHER = "k1.0a3." + "5d" * 16, "k1.111." + "7d" * 16
PURPOSES = load_settings().effective.legend.purposes
HOUR_US = 3_600_000_000
FINGERPRINTS = {"identity": "0" * 32, "body": "1" * 32}


class Record(NamedTuple):
    """What a consumer hands over."""

    key: bytes
    value: bytes
    headers: tuple
    offset: int
    timestamp: int


def payment(number=1, **changed):
    fields = {"event_id": f"e{number}", "identity": f"{number:032x}", "body": "1" * 32, "event_time": NOON,
              "direction": "out",
              "party": PARTY, "party_type": "person", "counterparty": OTHER, "counterparty_country": "VN",
              "institution": "BKGGKRSE", "channel": "app", "amount": "4858.80", "currency": "USD",
              "purpose": "40101"}  # fmt: skip
    return Transaction(**fields | changed)


def record(event, offset=7, key=None, **more):
    """A ledger record as ingest writes it."""
    value, kind = ledger.encode(event), str(event.__struct_config__.tag)
    source = Source("fx.dispositions.v1" if kind == "disposition" else "fx.transactions.v1", 4, 106)
    headers = ledger.checked(ledger.envelope(source, b"k1:" + b"a" * 64, kind.encode(), **more), value)
    return Record(
        (key or getattr(event, "party", "USD/KRW")).encode(), value, tuple(headers), offset, 1_777_000_000_000
    )


def rate(at=NOON, mid="0.5", base="EUR"):
    return Rate(event_id="r", base=base, quote="USD", mid=mid, rate_time=at, **FINGERPRINTS)


def disposition(**changed):
    fields = {"event_id": "desk-1", "alert_id": "1" * 32, "party": PARTY, "verdict": "refuted", "reason_hash": "2" * 32,
              "investigator": "I-17", "decided_at": NOON} | FINGERPRINTS  # fmt: skip
    return Disposition(**fields | changed)


EVENTS = [
    payment(settled_amount="7292968", settled_currency="KRW", deal_rate="1489.948", evidence="shown", status="returned",
            original_event_id="e0", goods_due=date(2026, 5, 1), remittance_classes=("crypto",), report_type="offset",
            exchange_linked_inflow_24h="5000", previous={PARTY: "k0.0a3." + "9" * 32},
            notes=("respelled institution",)),
    Declaration(event_id="d", declaration_no="123", declared_time=NOON, kind="import", party=PARTY, counterparty=OTHER,
                counterparty_country="CN", hs_code="851712", quantity="3", quantity_unit="EA", value="99.5",
                currency="USD", line=2, identity="d" * 32, body="1" * 32),
    rate(),
    Profile(event_id="p", party=PARTY, party_type="company", registered_on=date(2020, 1, 2), capital_krw="100000000",
            employees=12, size="small", as_of=NOON, identity="e" * 32, body="1" * 32),
    disposition(amount_krw="1000", sanction="warning"),
    ConfigurationChange(configuration=load_settings().effective),
]  # fmt: skip


def page(event, lang):
    made = record(event)
    read, origin = ledger.decode_record(made.value, made.headers, made.offset, made.timestamp)
    return text_of(record_lines("3:7", made.key.decode(), read, origin, purposes=PURPOSES, zone=SEOUL, lang=lang))


@pytest.mark.parametrize("event", EVENTS, ids=[type(each).__name__ for each in EVENTS])
def test_a_record_in_words_is_whole_in_both_languages(event):
    """Every value of the event stands on the page; the Korean page has no English word."""
    english, korean = page(event, "en"), page(event, "ko")
    codes = {"kind", *VALUES["en"], "base", "quote"}
    for name in event.__struct_fields__:
        content = getattr(event, name)
        if isinstance(content, str) and name not in codes and not re.fullmatch(r"[0-9.]+", content):
            assert content in english, name
    names = {
        "VN",
        "CN",
        "crypto",
        "EA",
        "rules",
        "legend",
        "desks",
        "detectors",
        "engine",
        "admission",
        "rates",
        "desk",
        "notes",
    }
    assert [word for word in foreign_words(korean) if word not in names] == []
    assert "2026-04-28 12:00:00 KST" in english or isinstance(event, ConfigurationChange)


def test_a_payment_in_words():
    """Word for word: what an investigator reads of it."""
    text = page(EVENTS[0], "en")
    for line in ("LEDGER RECORD 3:7  Payment across the border", "  Amount                    4,858.80 USD",
                 "  Settled as                7,292,968 KRW",
                 "  Purpose                   gift to a person abroad (40101)",
                 "  Documents                 documents shown", "  Status                    returned",
                 "  Came from                 partition 4, offset 106 of fx.transactions.v1",
                 "  Mended at the door        Reported by: spelled anew",
                 f"  Former tokens             {PARTY} <- k0.0a3.{'9' * 32}"):  # fmt: skip
        assert line in text, line
    assert "  금액                      미화 4,858.80달러" in page(EVENTS[0], "ko")


def test_a_record_for_machines():
    """The event as the ledger has it, and where it came from."""
    made = record(EVENTS[4])
    event, origin = ledger.decode_record(made.value, made.headers, made.offset, made.timestamp)
    told = record_json("3:7", "record", event, origin, "")
    assert told["source"] == {"topic": "fx.dispositions.v1", "partition": 4, "offset": 106}
    assert (told["event"]["type"], told["event"]["verdict"], told["position"]) == ("disposition", "refuted", "3:7")
    assert record_json("3:7", "marker", None, None, "") == {"position": "3:7", "state": "marker"}


def test_a_senders_escape_sequence_does_not_reach_the_terminal():
    """In no field that a sender chooses."""
    text = page(payment(institution="A\x1b[2J", branch="\u202eB"), "en")
    assert "\x1b" not in text
    assert "\u202e" not in text


UNREADABLE = Unreadable("fx.ledger.v1", 3, 14, 14, 0, 9, "0" * 64, "set.damaged", "the CRC differs")


@pytest.mark.parametrize(
    ("offset", "state"),
    [(9, "deleted"), (10, "record"), (11, "marker"), (12, "aborted"), (14, "damaged"), (20, "open"), (24, "open"),
     (25, "beyond"), (10**18, "beyond")],
)  # fmt: skip
def test_what_stands_at_a_position(offset, state):
    """Each kind of absence is another one."""
    found, hidden = {10: "a record", 14: UNREADABLE}, {12: "rolled back"}
    told = _told(offset, Span(first=10, committed=20, written=25), found, hidden)
    assert (told.offset, told.state) == (offset, state)
    assert ("the CRC differs" in told.cause) == (state == "damaged")


# -- worth ------------------------------------------------------------------------------------------------------------


def test_the_worth_of_an_amount_is_that_of_the_newest_rate_at_its_time():
    """Later rates do not count, stale ones neither, and nothing is guessed."""
    worth = Worth(26 * HOUR_US)
    for offset, (hours, mid) in enumerate([(-30, "0.9"), (-2, "1.25"), (1, "2")]):
        assert worth.take(record(rate(NOON + timedelta(hours=hours), mid), offset))
    assert worth.usd(payment(currency="EUR", amount="100")) == "125.00"
    assert worth.usd(payment(amount="100.005")) == "100.00"
    assert worth.usd(payment(currency="JPY")) is None
    assert worth.usd(payment(currency="EUR", event_time=NOON + timedelta(hours=28))) is None
    assert worth.usd(payment(currency="EUR", amount="nonsense")) is None
    assert not worth.take(record(payment()))


def test_a_rate_that_is_no_number_is_passed_over():
    """The monitor has no use for it either."""
    worth = Worth(HOUR_US)
    assert worth.take(record(rate(mid="dear")))
    assert worth.usd(payment(currency="EUR")) is None


# -- a party ----------------------------------------------------------------------------------------------------------


def history(*records, most=100, names=(), **times):
    made = History(PARTY, frozenset(names), SEOUL, 26 * HOUR_US, most, **times)
    for one in records:
        made.take(one, 3)
    return made


def test_sums_are_of_settled_payments_by_month_and_direction():
    """In USD at the ledger's rates; what was returned or ordered is only counted; a month is the law's month."""
    late = datetime(2026, 4, 30, 15, 30, tzinfo=UTC)  # 00:30 of May in Seoul
    made = history(
        record(rate(mid="2"), 1), record(payment(1), 2), record(payment(2, currency="EUR", amount="10"), 3),
        record(payment(3, currency="JPY"), 4), record(payment(4, event_time=late, direction="in", amount="7"), 5),
        record(payment(5, status="returned", original_event_id="e1"), 6), record(payment(6, status="ordered"), 7),
        record(payment(7, party=OTHER, counterparty=PARTY), 8),
    )  # fmt: skip
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
        record(payment(3, party=k3, previous={k3: k2}), 3), record(payment(4, party=k3), 4),
        record(payment(5, party=stranger, previous={stranger: "k2.0a3." + "f" * 32}), 5),
    ]  # fmt: skip
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
        return Profile(event_id=region, party=PARTY, party_type="company", region=region, identity=region * 8,
                       as_of=datetime(2026, 4, day, tzinfo=UTC), body="1" * 32)  # fmt: skip

    made = history(record(profile(20, "new"), 1), record(profile(10, "old"), 2))
    assert made.profile.region == "new"
    ahead = record(profile(29, "far"), 1)._replace(timestamp=1_776_000_000_000)
    assert history(ahead, record(profile(20, "now"), 2)).profile.region == "now"


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
        slot_of(token)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def decision(**changed):
    fields = {"alert_id": "1" * 32, "party": PARTY, "verdict": "refuted", "reason": "서류 확인", "investigator": "I-17",
              "decided_at": NOON}  # fmt: skip
    return Decision(**fields | changed)


def test_a_decision_has_one_id_whoever_sends_it_again():
    """So that ingest tells it for a duplicate; any change of what it says is another one."""
    one = decision().body()
    assert one == decision(decided_at=NOON.astimezone(SEOUL)).body()
    assert one["decided_at"] == "2026-04-28T03:00:00Z"
    changes = ({"verdict": "confirmed"}, {"reason": "x"}, {"investigator": "I-2"}, {"alert_id": "2" * 32},
               {"decided_at": NOON + timedelta(seconds=1)}, {"sanction": "none"}, {"party": OTHER})  # fmt: skip
    assert len({one["event_id"], *(decision(**each).body()["event_id"] for each in changes)}) == 1 + len(changes)


def test_a_decision_is_what_the_contract_wants():
    """Key, fields, no more; signed where there is a key."""
    from nacl.signing import SigningKey

    made = decision(amount_krw="1000").record()
    assert (made.topic, made.key, made.headers) == ("fx.dispositions.v1", PARTY.encode(), ())
    assert json.loads(made.value).keys() == {"event_id", "alert_id", "party", "verdict", "reason", "investigator",
                                             "decided_at", "amount_krw"}  # fmt: skip
    assert [name for name, _ in decision().record(SigningKey(b"1" * 32)).headers] == [SIGNATURE]
    check(load_settings(), decision(sanction="fine", office="서울", legal_basis="제15조"))


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"reason": ""}, "reason"), ({"reason": "x" * 2001}, "reason"), ({"amount_krw": "-1"}, "amount_krw"),
     ({"amount_krw": "1e3"}, "amount_krw"), ({"party": "KR-1"}, "party"), ({"investigator": "a\nb"}, "investigator"),
     ({"decided_at": NOON + timedelta(days=40_000)}, "decided_at")],
    ids=["no reason", "long reason", "negative", "no decimal", "no token", "control character", "in the future"],
)  # fmt: skip
def test_what_ingest_would_refuse_is_not_sent(changed, word):
    """By the door's own rules, with the field."""
    with pytest.raises(UsageError, match=word):
        check(load_settings(), decision(**changed))


def test_an_officer_who_is_not_listed_is_told_so():
    """The monitor would refuse the verdict where nobody at the desk sees it."""
    settings = load_settings(effective_tables={"admission": {"officers": ["I-2"]}})
    with pytest.raises(UsageError, match="verdicts of this officer do not count"):
        check(settings, decision())
    check(settings, decision(investigator=" i-2"))


def given(verdict="refuted", minutes=0, officer="I-17"):
    return Given(event_id=f"{verdict} {minutes}",
                 alert_id="1" * 32, party=PARTY, verdict=verdict, investigator=officer, partition=3,
                 decided_at=NOON + timedelta(minutes=minutes), offset=minutes, source=None)  # fmt: skip


def test_what_stands_already_is_not_sent_again():
    """The same verdict of the same officer; another's does not count for it."""
    made = Verdicts()
    assert already(made, decision()) is None
    made.add(given())
    assert already(made, decision(decided_at=NOON + timedelta(hours=1))) == given()
    assert already(made, decision(investigator="I-2")) is None
    assert already(made, decision(verdict="confirmed", decided_at=NOON + timedelta(hours=1))) is None


def test_a_verdict_with_other_details_is_not_taken_for_the_one_that_stands():
    """Failure prevented: an officer who added the confirmed amount was told that the verdict stands, without it."""
    made = Verdicts()
    made.add(msgspec.structs.replace(given("confirmed"), amount_krw="1000"))
    again = {"verdict": "confirmed", "decided_at": NOON + timedelta(hours=1)}
    assert already(made, decision(**again, amount_krw="1000")) is not None
    assert already(made, decision(**again)) is not None
    for more in ({"amount_krw": "2000"}, {"sanction": "fine"}):
        with pytest.raises(UsageError, match=f"without these details; got: {next(iter(more))}"):
            already(made, decision(**again, **more))


def test_an_outdated_verdict_and_one_that_withdraws_nothing_are_refused():
    """The monitor would refuse the first; the second would leave a withdrawal of nothing."""
    made = Verdicts()
    with pytest.raises(UsageError, match="no verdict to withdraw"):
        already(made, decision(verdict="withdrawn"))
    made.add(given(minutes=5))
    with pytest.raises(UsageError, match="decided otherwise at a later time"):
        already(made, decision(verdict="confirmed"))


def test_a_verdict_is_read_from_its_ledger_record():
    """And nothing else is taken for one."""
    made = given_of(record(disposition(amount_krw="5")), 3)
    assert (made.verdict, made.amount_krw, made.source, made.partition) == (
        "refuted", "5", Source("fx.dispositions.v1", 4, 106), 3)  # fmt: skip
    assert given_of(record(payment()), 3) is None
    assert given_of(record(disposition())._replace(value=b"{"), 3) is None


def test_a_reason_is_shown_only_where_it_is_the_verdicts_own():
    """A topic that was made anew has other records at the same offsets."""
    made = given_of(record(disposition()), 3)

    def at(**body):
        value = json.dumps({"event_id": "desk-1", "alert_id": "1" * 32, "reason": "papers seen"} | body).encode()
        return At(106, "record", Record(b"", value, (), 106, 0))

    assert _reason(made, at()) == "papers seen"
    assert _reason(made, at(event_id="other")) is None
    assert _reason(made, at(alert_id="other")) is None
    assert _reason(made, At(106, "record", Record(b"", b"\xff", (), 106, 0))) is None
    assert _reason(made, At(106, "record", Record(b"", b"[]", (), 106, 0))) is None
    assert _reason(made, At(106, "deleted")) is None


def test_a_history_says_who_said_what_and_why():
    """In both languages; a reason that is not kept is said to be so, one that may not be read too."""
    alert = json.loads((Path(__file__).parent.parent / "golden" / "alert.json").read_bytes())
    head = read_head(json.dumps(alert | {"alert_id": "1" * 32, "party": PARTY}).encode())
    made = Verdicts(["I-17"])
    made.add(given(minutes=1))
    made.add(given("confirmed", 2, officer="nobody"))
    reasons = {(3, 1): "papers\nseen"}
    text = text_of(history_lines([head], "1" * 32, made, reasons, SEOUL, "en"))
    assert "Reason: papers\ufffdseen" in text
    assert "Its reason is not kept any more" in text
    assert "does not count" in text
    korean = text_of(history_lines([head], "1" * 32, made, {}, SEOUL, "ko"))
    assert [word for word in foreign_words(korean) if word != "nobody"] == []
    assert "열람할 권한이 없습니다" in text_of(history_lines([head], "1" * 32, made, None, SEOUL, "ko"))
    assert "verdicts are not known" in text_of(history_lines([head], "1" * 32, None, None, SEOUL, "en"))
    assert "no verdict yet" in text_of(history_lines([head], "1" * 32, Verdicts(), {}, SEOUL, "en"))


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("outcome", ["sent", "taken_in", "refused"])
def test_what_became_of_a_verdict(outcome, lang):
    """Sent is not taken in, and who was not seen in the ledger is told what to do."""
    done = Done(decision=decision(), outcome=outcome, partition=2, offset=5, ledger_partition=3, ledger_offset=99,
                codes=("signature.missing",), why="")  # fmt: skip
    text = "\n".join(done_lines(done, 30, lang))
    assert ("3:99" in text) == (outcome == "taken_in")
    assert ("deadletter list --topic fx.dispositions.v1 --offset 2:5" in text) == (outcome == "sent")
    assert ("--decided-at 2026-04-28T03:00:00Z" in text) == (outcome == "sent")
    assert ("signature.missing" in text) == (outcome == "refused")
    if lang == "ko":
        assert [word for word in foreign_words(text) if word not in {"signature", "missing"}] == []
    assert done_json(done)["outcome"] == outcome


def test_who_does_not_wait_is_not_told_that_nothing_came():
    """With --wait 0 it is said that it was sent, and no search for a fault is advised; --dry-run says so too."""
    done = Done(decision=decision(), outcome="sent", partition=2, offset=5)
    assert list(done_lines(done, 0, "ko")) == ["  의심 해소, 담당관 I-17: 전송됨, 아직 접수 전"]
    assert dry_line(decision(), "ko") == "  의심 해소, 담당관 I-17: 확인만 하고 전송하지 않음(--dry-run)"
    assert dry_line(decision(), "en") == "  refuted, by I-17: checked and not sent (--dry-run)"


def test_events_in_a_line():
    """A payment abroad in another currency says what it was worth; a declaration its number."""
    what, how = event_lines(payment(currency="EUR", direction="in", purpose=None), "5000.00", PURPOSES, "en")
    assert what == "4,858.80 EUR (about 5,000.00 USD); in: received from abroad; no purpose given"
    assert how == f"from {OTHER} (VN); settled; no documents seen; app; BKGGKRSE"
    assert event_lines(EVENTS[1], None, PURPOSES, "en") == (f"import; 99.5 USD; 123; HS 851712; {OTHER} (CN)",)
    unknown = event_lines(payment(purpose="99999"), None, PURPOSES, "ko")[0]
    assert unknown == "미화 4,858.80달러; 해외로 지급; 99999"


def test_origin_without_a_source():
    """The ledger's first record is nobody's input."""
    origin = Origin(offset=0, source=None, commitment="", timestamp_ms=-1)
    text = text_of(record_lines("0:0", "configuration", EVENTS[5], origin, purposes=PURPOSES, zone=SEOUL, lang="en"))
    assert "topics apply" in text
    assert io.StringIO(text).readline().startswith("LEDGER RECORD 0:0  Configuration")


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


def test_a_payments_rate_is_told_where_it_is_asked_for():
    """Where an alert is about rates, each payment of its evidence has its own."""
    event = payment(1, currency="CNY", deal_rate="235.1851", settled_currency="KRW", settled_amount="235185")
    assert "적용 환율 235.1851(CNY/KRW); 해외로 지급" in payment_lines(event, None, PURPOSES, "ko", rates=True)[0]
    assert "at 235.1851 CNY/KRW; out" in payment_lines(event, None, PURPOSES, "en", rates=True)[0]
    assert "235.1851" not in payment_lines(event, None, PURPOSES, "ko")[0]
    assert "적용 환율" not in payment_lines(payment(1, deal_rate=None), None, PURPOSES, "ko", rates=True)[0]
