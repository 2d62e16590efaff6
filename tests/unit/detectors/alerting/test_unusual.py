"""Statistical alerts of one party and kind are one, which is brought up to date until something of substance comes."""

from typing import Any

import pytest

from detectors.alerting import unusual
from detectors.alerting.counted_against import Counted
from detectors.alerting.unusual import (
    KINDS,
    MOST_PAYMENTS,
    SLOT,
    UNEXPLAINED,
    Noticed,
    Told,
    beyond_money,
    kind_of,
)
from detectors.books.party import Party, pack, unpack
from detectors.books.payments import rows
from detectors.features import NAMES, Feature
from detectors.values.legal_calendar import DAY_US
from tests.support.ledger import Ledger, later

DAY = 100 * DAY_US


def party_of(*amounts: str, cancelled: str = "") -> Party:
    """A party that paid so much on as many days at BANKA, BANKB, ...; `cancelled` names a payment taken back."""
    ledger = Ledger()
    ledger.rate(later())
    for number, amount in enumerate(amounts):
        ledger.pay(f"e{number}", later(hours=number + 1), amount, institution=f"BANK{'ABCDEFGHIJ'[number]}")
    if cancelled:
        bank = f"BANK{'ABCDEFGHIJ'[int(cancelled[1:])]}"
        ledger.pay("back", later(hours=20), "1", status="cancelled", original_event_id=cancelled, institution=bank)
    return unpack(ledger.state.parties["k1.0a3.remitter"])


def event_of(party: Party, place: int) -> int:
    return int(rows(party)["event"][place])


def told(party: Party, *places: int, kind: str = "money", time_us: int = DAY, levels: Any = None) -> Told:
    """An alert on the payments at these places."""
    noticed = [
        Noticed(event_of(party, place), 0.4, level)
        for place, level in zip(places, levels or ["medium"] * len(places), strict=True)
    ]
    return Told(kind, f"{kind}{time_us}", "case-1", time_us, ("compliance",), tuple(noticed))


def ask(party: Party, kind: str = "money", at_us: int = DAY, days: int = 30, level: Any = "low", usd: int = 0) -> Any:
    return unusual.brought_up_to_date(party, kind, at_us, days, level, usd)


def counted(*shares: tuple[str, float], unit: str = "") -> tuple[Counted, ...]:
    return tuple(Counted(Feature(name, 1.0, unit, 1.0, None, 0, None), share) for name, share in shares)


@pytest.mark.parametrize(
    ("contributions", "kind"),
    [
        ((("week_sum", 0.6), ("hour", 0.4)), "money"),
        ((("hour", 0.6), ("week_sum", 0.4)), "time"),
        ((("deal_rate", 0.4), ("week_sum", 0.3), ("amount_own", 0.3)), "rate"),
        ((), UNEXPLAINED),
        ((("own", 1.0),), "own"),  # a feature that has no kind is one of its own
    ],
)
def test_the_kind_is_that_of_the_first_reason(contributions, kind):
    """The largest share of what speaks against the payment; none where nothing does."""
    assert kind_of(counted(*contributions)) == kind


@pytest.mark.parametrize(
    ("shares", "unit", "beyond"),
    [
        ((("week_sum", 0.7), ("hour", 0.3)), "", True),
        ((("week_sum", 0.71), ("hour", 0.29)), "", False),
        ((("week_sum", 0.5), ("slow_boiling", 0.5)), "", False),  # a ratio of amounts is money too
        ((("week_sum", 0.5), ("of a later release", 0.5)), "USD", False),  # so is what is counted in money
        ((("week_sum", 0.5), ("of a later release", 0.5)), "count", True),
        ((), "", False),
    ],
)
def test_what_is_no_amount_counts_from_three_tenths(shares, unit, beyond):
    assert beyond_money(counted(*shares, unit=unit)) == beyond


def test_every_feature_has_a_kind():
    """A new one must be thought of: it would raise alerts of its own."""
    assert set(KINDS) == set(NAMES)


def test_a_party_without_such_an_alert_brings_nothing_up_to_date():
    party = party_of("1000")
    assert ask(party) is None
    unusual.remember(party, told(party, 0, kind="time"), None)
    assert ask(party) is None
    assert ask(party, "time").told.alert_id == f"time{DAY}"


@pytest.mark.parametrize(("apart_us", "known"), [(30 * DAY_US, True), (30 * DAY_US + 1, False)])
def test_it_is_known_within_the_case_window(apart_us, known):
    """Before and after, both ends included."""
    party = party_of("1000")
    unusual.remember(party, told(party, 0), None)
    assert (ask(party, at_us=DAY + apart_us) is not None) == known
    assert (ask(party, at_us=DAY - apart_us) is not None) == known


def test_what_stands_is_told_with_its_amounts_banks_and_severity():
    """1 000 and 25 000 USD: the larger one alone is high, and the most severe of them counts."""
    party = party_of("1000", "25000", "7")
    unusual.remember(party, told(party, 0, 1, levels=("medium", "high")), None)
    known = ask(party)
    assert (known.total, known.largest, known.severity) == (2_600_000, 2_500_000, "high")
    assert known.institutions == ("BANKA", "BANKB")
    assert known.offsets == tuple(rows(party)["offset"].tolist()[:2])
    assert known.payments == known.told.payments


@pytest.mark.parametrize("cancelled", ["e0", "e1"])
def test_what_was_taken_back_is_not_known_any_more(cancelled):
    """Its amount, its bank and its severity go with it."""
    party = party_of("1000", "25000", cancelled=cancelled)
    unusual.remember(party, told(party, 0, 1, levels=("medium", "high")), None)
    known = ask(party)
    left = 1 if cancelled == "e0" else 0
    assert (known.total, known.largest) == ((2_500_000, 2_500_000) if left else (100_000, 100_000))
    assert known.severity == ("high" if left else "medium")
    assert (known.institutions, len(known.offsets)) == (("BANKB",) if left else ("BANKA",), 1)
    assert known.payments == (Noticed(event_of(party, left), 0.4, "high" if left else "medium"),)


def test_payments_are_told_apart_by_every_digit_of_their_numbers():
    """Two events of nearly the same number; as floating point they would be one."""
    party = party_of("1000", "25000")
    row = rows(party).copy()
    row["event"] = [2**63 + 1, 2**63 + 2]
    party.payments = row.tobytes()
    unusual.remember(party, told(party, 0), None)
    assert (ask(party).total, len(ask(party).offsets)) == (100_000, 1)


def test_where_nothing_stands_the_next_alert_is_raised_anew():
    """The payment was cancelled, or its row is kept no more."""
    party = party_of("25000", cancelled="e0")
    unusual.remember(party, told(party, 0), None)
    assert ask(party) is None
    party = party_of("25000")
    unusual.remember(party, told(party, 0), None)
    party.payments = b""
    assert ask(party) is None


@pytest.mark.parametrize(
    ("level", "usd", "update"),
    [
        ("low", 0, True),
        ("medium", 199_999, True),
        ("medium", 200_000, False),  # twice the largest
        ("high", 1, False),  # a higher severity
        ("critical", 1, False),
    ],
)
def test_a_higher_severity_or_twice_the_largest_is_of_substance(level, usd, update):
    """Against the most severe and the largest payment that stand: 1 000 USD at low, 500 at medium."""
    party = party_of("1000", "500")
    unusual.remember(party, told(party, 0, 1, levels=("low", "medium")), None)
    assert (ask(party, level=level, usd=usd) is not None) == update


def test_an_amount_grows_from_what_is_known_only():
    """A payment without a rate is worth nothing known: nothing is twice as large."""
    party = party_of("1000")
    row = rows(party).copy()
    row["usd"] = 0
    party.payments = row.tobytes()
    unusual.remember(party, told(party, 0), None)
    assert ask(party, level="medium", usd=0) is not None
    assert ask(party, level="medium", usd=10**9) is not None


def test_an_update_keeps_the_payments_and_the_newest_time():
    """An older payment that is told late does not move the alert back in time; other kinds stay as they are."""
    party = party_of("1000", "900", "800")
    unusual.remember(party, told(party, 2, kind="time"), None)
    unusual.remember(party, told(party, 0), None)
    known = ask(party)
    unusual.remember(party, told(party, 1, time_us=DAY - 5), known)
    kept = ask(party).told
    assert (kept.alert_id, kept.time_us) == (f"money{DAY - 5}", DAY)
    assert [one.event for one in kept.payments] == [event_of(party, 0), event_of(party, 1)]
    unusual.remember(party, told(party, 1, time_us=DAY + 5), known)
    assert ask(party).told.time_us == DAY + 5
    assert ask(party, "time").told.payments == (Noticed(event_of(party, 2), 0.4, "medium"),)


def test_one_raised_anew_begins_anew():
    """What it does not bring up to date is not among its payments, nor its time."""
    party = party_of("1000", "900")
    unusual.remember(party, told(party, 0), None)
    unusual.remember(party, told(party, 1, time_us=DAY - 5), None)
    kept = ask(party).told
    assert ([one.event for one in kept.payments], kept.time_us) == ([event_of(party, 1)], DAY - 5)


def test_the_newest_payments_are_kept_and_the_record_is_small():
    """Eight of nine; one kind takes under 0.3 KB."""
    party = party_of(*["1000"] * 9)
    unusual.remember(party, told(party, 0), None)
    for place in range(1, 9):
        unusual.remember(party, told(party, place), ask(party))
    assert [one.event for one in ask(party).payments] == [event_of(party, place) for place in range(1, 9)]
    assert len(ask(party).payments) == MOST_PAYMENTS
    assert len(party.slots[SLOT]) < 300
    assert unpack(pack(party)).slots == party.slots


def test_the_partys_own_table_of_slots_is_written():
    """Typologies that learn of the payment afterwards hold the same table: a new one would lose what they write."""
    party = party_of("1000")
    slots = party.slots
    unusual.remember(party, told(party, 0), None)
    assert party.slots is slots
