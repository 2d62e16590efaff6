"""The pure core: what profiles, declarations and verdicts leave with their party."""

from typing import Any

import msgspec
import pytest

from detectors.books.party import Facts, token_number, unpack
from detectors.contracts.events import Declaration, Disposition, Profile
from detectors.core import Notice
from detectors.memory.officers import officer_number
from detectors.values.legal_calendar import to_us
from detectors.values.shares import OFFICES
from tests.support.ledger import START, Ledger, configuration, digest16, later, stamp
from tests.unit.detectors.test_core_records import counted

PARTY = "k1.0a3.remitter"


def profile(name: str, at: Any, sent: Any = None, **fields: Any) -> tuple[Profile, Any]:
    """A profile of the party, and its Kafka timestamp."""
    event = Profile(
        event_id=name,
        identity=digest16(name),
        body=digest16(name),
        as_of=at,
        **({"party": PARTY, "party_type": "company"} | fields),
    )
    return event, at if sent is None else sent


def put(ledger: Ledger, event: Any, sent: Any) -> Any:
    """Apply an event whose Kafka timestamp is `sent`."""
    return ledger.put(event, msgspec.structs.replace(ledger.origin("fx.profiles.v1"), timestamp_ms=stamp(sent)))


def test_a_profile_is_kept_whole_and_keeps_its_party_alive():
    """Every fact; related counterparties by the names they are known under."""
    ledger = Ledger()
    ledger.pay("a", START, counterparty="k1.111.old")
    ledger.pay("b", later(hours=1), counterparty="k2.111.new", previous={"k2.111.new": "k1.111.old"})
    given = {
        "registered_on": later(days=-90).date(),
        "capital_krw": "5",
        "turnover_krw": "6",
        "industry_code": "G46",
        "size": "small",
        "employees": 7,
        "region": "KR-11",
        "related_counterparties": ("k2.111.new", "k3.111.newer", "k1.222.x"),
        "previous": {"k3.111.newer": "k1.222.y"},
    }
    assert put(ledger, *profile("p", later(days=3), **given)).outcome == "applied"
    party = unpack(ledger.state.parties[PARTY])
    related = tuple(token_number(token) for token in ("k1.111.old", "k1.222.y", "k1.222.x"))
    assert party.facts == Facts(
        to_us(later(days=3)), later(days=-90).date(), "5", "6", "G46", "small", 7, "KR-11", related, "company"
    )
    assert party.last_us == to_us(later(days=3))
    assert counted(ledger.state) == {"applied": 4, "broadcast": 1, "scored": 2}


@pytest.mark.parametrize("told", [256, 257, 4096])
def test_of_many_related_counterparties_the_first_256_are_kept(told):
    """The state holds made-up parties for 435 days: each at most 3 KB, however long its list."""
    ledger = Ledger()
    names = tuple(f"k1.222.{number}" for number in range(told))
    assert put(ledger, *profile("p", later(days=3), related_counterparties=names)).outcome == "applied"
    record = ledger.state.parties[PARTY]
    assert unpack(record).facts.related == tuple(token_number(name) for name in names[:256])
    assert len(record) < 3_000


def test_of_two_profiles_the_later_one_stands_and_of_equal_times_the_one_that_came_last():
    """An older one is not learned, and takes nothing back from when the party was last seen."""
    ledger = Ledger()
    for name, day, region in (("p", 2, "first"), ("q", 2, "second"), ("r", 1, "older")):
        put(ledger, *profile(name, later(days=day), region=region))
    party = unpack(ledger.state.parties[PARTY])
    assert (party.facts.region, party.last_us) == ("second", to_us(later(days=2)))


def test_a_profile_counts_up_to_its_kafka_timestamp():
    """24 h ahead of it counts as of it."""
    ledger = Ledger()
    put(ledger, *profile("p", later(hours=24), START))
    party = unpack(ledger.state.parties[PARTY])
    assert (party.facts.as_of_us, party.last_us) == (to_us(START), to_us(START))


def test_a_profile_of_the_overlap_renames_its_party():
    """The party is known under its newer token from then on."""
    ledger = Ledger()
    ledger.pay("a", START)
    put(ledger, *profile("p", later(days=1), party="k2.0a3.new", previous={"k2.0a3.new": PARTY}))
    assert list(ledger.state.parties) == ["k2.0a3.new"]
    assert len(unpack(ledger.state.parties["k2.0a3.new"]).payments) > 0


def declaration(name: str, at: Any, value: str = "100", **fields: Any) -> Declaration:
    """A trader's declaration."""
    given = {
        "party": PARTY,
        "counterparty": "k1.111.payee",
        "counterparty_country": "VN",
        "declaration_no": name,
        "kind": "import",
        "hs_code": "8542",
        "quantity": "1",
        "quantity_unit": "EA",
        "currency": "USD",
    }
    return Declaration(
        event_id=name, identity=digest16(name), body=digest16(name), declared_time=at, value=value, **(given | fields)
    )


def test_a_party_that_only_offices_told_of_is_the_offices_until_a_bank_pays_for_it():
    """By a profile or a declaration; they take none from a bank. An unknown name's payment takes it from nobody."""
    book = Ledger(configuration(admission={"institutions": ["BANKB"]}))
    put(book, *profile("p", START, party="k1.0a3.p"))
    put(book, declaration("d", START, party="k1.0a3.d"), START)
    book.pay("a", START, party="k1.0a3.d", institution="UNLISTED")
    owners = {token: unpack(record).owner for token, record in book.state.parties.items()}
    assert owners == {"k1.0a3.p": OFFICES, "k1.0a3.d": OFFICES}
    book.pay("b", START, party="k1.0a3.d", institution="BANKB")
    put(book, declaration("e", START, party="k1.0a3.d"), START)
    assert unpack(book.state.parties["k1.0a3.d"]).owner == "BANKB"


def test_declarations_are_counted_and_keep_their_party_alive():
    """A value of nothing is one; an older one takes nothing back; one of the overlap renames the party."""
    ledger = Ledger()
    for name, day, value in (("d", 1, "100"), ("e", 3, "0"), ("f", 2, "1e3")):
        assert put(ledger, declaration(name, later(days=day), value), later(days=3)).outcome == "applied"
    party = unpack(ledger.state.parties[PARTY])
    assert (party.declarations, party.last_us) == (3, to_us(later(days=3)))
    put(ledger, declaration("g", later(days=2), party="k2.0a3.new", previous={"k2.0a3.new": PARTY}), later(days=3))
    assert list(ledger.state.parties) == ["k2.0a3.new"]
    assert unpack(ledger.state.parties["k2.0a3.new"]).declarations == 4


def test_a_declaration_whose_value_is_no_number_changes_nothing():
    """It is found before the party is looked for."""
    ledger = Ledger()
    with pytest.raises(ValueError, match="not a decimal number; got: 'much'"):
        put(ledger, declaration("d", START, "much"), START)
    assert not ledger.state.parties


# -- verdicts --------------------------------------------------------------------------------------------------------


def verdict(name: str, alert: str, at: Any, officer: str = "I-1", **fields: Any) -> Disposition:
    """An officer's verdict on an alert of the party."""
    given = {"party": PARTY, "verdict": "refuted", "reason_hash": "0", "investigator": officer}
    return Disposition(
        event_id=name, identity=digest16(name), body=digest16(name), alert_id=alert, decided_at=at, **(given | fields)
    )


def alerted() -> tuple[Ledger, str]:
    """A ledger with an alert, and its id."""
    ledger = Ledger()
    (alert,) = ledger.pay("a", START, "150000").alerts
    return ledger, alert.alert_id


def test_a_verdict_is_kept_with_its_party_by_its_own_time():
    """As far as the Kafka timestamp bears it out; the party is kept alive for no longer than the clock says."""
    ledger, alert = alerted()
    ledger.pay("b", later(days=5), "1", party="k1.0a3.other")
    for name, decided, sent, counts in (("v", 1, 2, 1), ("w", 9, 3, 3), ("x", 9, 9, 9)):
        event = verdict(name, alert, later(days=decided), officer=name)
        found = put(ledger, event, later(days=sent))
        assert (found.outcome, found.notice, found.displaced) == ("applied", None, False)
        party = unpack(ledger.state.parties[PARTY])
        assert (party.verdicts[-1].decided_us, party.verdicts[-1].officer) == (
            to_us(later(days=counts)),
            token_number(name),
        )
        assert party.last_us == to_us(later(days=min(counts, 5)))
    assert counted(ledger.state) == {"applied": 6, "broadcast": 1, "scored": 2, "alerts": 1, "quarantine_held": 1}


def test_a_verdict_never_takes_back_when_its_party_was_last_seen():
    """Given before the party's newest payment."""
    ledger, alert = alerted()
    ledger.pay("b", later(days=5), "1")
    put(ledger, verdict("v", alert, later(days=1)), later(days=1))
    assert unpack(ledger.state.parties[PARTY]).last_us == to_us(later(days=5))


def test_an_officer_is_known_from_a_verdict_that_counts_by_the_partitions_clock():
    """Not from one that is refused, and not by the time that it says."""
    ledger, alert = alerted()
    put(ledger, verdict("v", "0" * 32, later(days=1), officer="I-2"), later(days=1))
    put(ledger, verdict("w", alert, later(days=2), officer="I-3"), later(days=2))
    _, known = msgspec.msgpack.decode(ledger.state.officers.to_state())
    assert known == [[officer_number("I-3"), to_us(START)]]


def test_before_the_first_payment_an_officers_clock_is_at_0():
    """A state that was thawed with an alert and no clock; nothing of the verdict's own date counts."""
    ledger, alert = alerted()
    ledger.state.watermark_us = None
    put(ledger, verdict("w", alert, later(days=2), officer="I-3"), later(days=2))
    _, known = msgspec.msgpack.decode(ledger.state.officers.to_state())
    assert known == [[officer_number("I-3"), 0]]
    assert unpack(ledger.state.parties[PARTY]).last_us == to_us(START)


def test_a_verdict_that_is_refused_says_why_and_is_judged_again():
    """Its notice names the record; it is in no window, so that the same record may count later."""
    ledger, alert = alerted()
    event = verdict("v", "0" * 32, later(days=1))
    for _ in range(2):
        found = put(ledger, event, later(days=1))
        at = ledger.log[-1][1]
        assert found.notice == Notice(
            code="verdict.unknown_alert",
            source=at.source,
            identity=event.identity,
            first=None,
            commitment=at.commitment,
            timestamp_ms=at.timestamp_ms,
        )
    assert counted(ledger.state) == {
        "applied": 2,
        "broadcast": 1,
        "scored": 1,
        "alerts": 1,
        "quarantine_held": 1,
        "refused": 2,
    }
    event = verdict("w", alert, later(days=1))
    assert put(ledger, event, later(days=1)).outcome == "applied"
    assert put(ledger, event, later(days=1)).outcome == "duplicate"


def test_a_verdict_that_pushes_another_out_says_so():
    """Nine officers on one alert, of whom eight are kept."""
    ledger, alert = alerted()
    found = [put(ledger, verdict(f"v{number}", alert, START, officer=f"I-{number}"), START) for number in range(9)]
    assert [one.displaced for one in found] == [False] * 8 + [True]
    assert ledger.state.counters["verdicts_displaced"] == 1


def test_a_verdict_of_the_overlap_finds_and_renames_its_party():
    """The alert was raised under the earlier token."""
    ledger, alert = alerted()
    event = verdict("v", alert, later(days=1), party="k2.0a3.new", previous={"k2.0a3.new": PARTY})
    assert put(ledger, event, later(days=1)).outcome == "applied"
    assert list(ledger.state.parties) == ["k2.0a3.new"]
