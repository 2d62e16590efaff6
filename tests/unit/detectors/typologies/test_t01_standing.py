"""T01's alerts stand as long as some group of pieces near them satisfies the rule."""

import msgspec
import pytest

from detectors.books.folded_payments import Folded
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Past
from detectors.typologies.t01_standing import MOST_INSTITUTIONS, MOST_LOOKED_AT, stands
from detectors.values.legal_calendar import DAY_US, local, midnight_us, to_us
from tests.support.deals import kept, row
from tests.support.golden_scenario import SEOUL
from tests.support.ledger import START, Ledger, configuration, later

AT = to_us(START)
RULES = Rulebook(configuration())
FLAGS = OUT | NO_DOCUMENT | SETTLED
NAMES = ["", "BANKA", "BANKB", "BANKC", "BANKD", "BANKE", "40101", "40201"]


def piece(days: float = 0.0, usd: int = 490_000, payee: int = 1, bank: int = 1, purpose: str = "40101", flags=FLAGS):
    """A piece just under the line of 5 000 USD, so many days from the alert."""
    made = row(1, usd, AT + round(days * DAY_US), bank, flags)
    made.beneficiary, made.purpose = payee, NAMES.index(purpose)
    return made


def still(*pieces, folded: Folded | None = None, rules: Rulebook = RULES, series: str = "40101") -> bool:
    past = Past(kept(*pieces), NAMES, SEOUL, rules, {}, folded, lambda *_: None)
    return stands(past, series, AT)


def test_three_pieces_stand_and_two_do_not():
    """Three are the least, and twice the line."""
    assert still(piece(), piece(1), piece(-1))
    assert not still(piece(), piece(1))
    assert not still()
    assert not still(piece(), piece(1), piece(-1), series="none of the party's")


@pytest.mark.parametrize(
    "third",
    [
        piece(usd=399_999),
        piece(usd=500_001),
        piece(purpose="40201"),
        piece(flags=OUT | SETTLED),
        piece(flags=NO_DOCUMENT | SETTLED),
        piece(days=90),
        piece(days=-90),
    ],
    ids=["below the band", "above the line", "other purpose", "documents", "incoming", "90 days later", "and before"],
)
def test_what_is_no_piece_keeps_nothing_standing(third):
    """Two pieces and one that the rule does not look at."""
    assert not still(piece(), piece(1), third)


@pytest.mark.parametrize("third", [piece(usd=400_000), piece(usd=500_000), piece(days=89.9), piece(days=-88.9)])
def test_the_ends_of_the_band_and_of_the_longest_window_are_in(third):
    """From four fifths of the line up to the line."""
    assert still(piece(), piece(1), third)


def test_pieces_lie_within_one_window():
    """Two before and one after, 90 days apart: no window of 90 days holds all three."""
    assert not still(piece(-45), piece(-44), piece(45))
    assert still(piece(-45), piece(-44), piece(44.9))


def ruled(**values: str) -> Rulebook:
    """The rules with other values of T01's limits."""
    given = configuration()
    limits = tuple(
        msgspec.structs.replace(one, value=values.get(one.name, one.value)) for one in given.rules["T01"].limits
    )
    rules = given.rules | {"T01": msgspec.structs.replace(given.rules["T01"], limits=limits)}
    return Rulebook(msgspec.structs.replace(given, rules=rules))


@pytest.mark.parametrize(("multiple", "left"), [("2.4", True), ("2.40001", False)])
def test_the_sum_counts_too(multiple, left):
    """Three of 4 000 are 2.4 times the line."""
    assert still(*(piece(usd=400_000) for _ in range(3)), rules=ruled(sum_multiple=multiple)) is left


def test_of_many_pieces_a_window_must_hold_enough_of_both():
    """65 pieces of 4 900: 33 of them lie within 90 days, and all of them are 318 500 USD."""
    spread = [piece(2.7 * (number - 32), payee=number) for number in range(65)]
    assert not still(*spread, rules=ruled(pieces_min="50"))
    assert still(*spread, rules=ruled(pieces_min="30"))
    at_once = [piece(payee=number) for number in range(65)]
    assert not still(*at_once, rules=ruled(sum_multiple="100"))
    assert still(*at_once, rules=ruled(sum_multiple="60"))


def test_pieces_a_whole_window_away_are_not_near():
    """90 days after the alert, and a day less."""
    assert not still(*(piece(90) for _ in range(3)))
    assert still(*(piece(89) for _ in range(3)))


def test_the_limits_are_those_of_the_alerts_local_day():
    """In Seoul it is the day from which the limits are in force; before them nothing is known, and it stands."""
    given, day = configuration(), local(AT, SEOUL).date()
    limits = tuple(msgspec.structs.replace(one, effective_from=day) for one in given.rules["T01"].limits)
    rules = given.rules | {"T01": msgspec.structs.replace(given.rules["T01"], limits=limits)}
    rulebook = Rulebook(msgspec.structs.replace(given, rules=rules))
    past = Past(kept(), NAMES, SEOUL, rulebook, {}, None, lambda *_: None)
    midnight = midnight_us(day.toordinal(), SEOUL)
    assert not stands(past, "40101", midnight)
    assert stands(past, "40101", midnight - 1)


def test_many_payees_are_no_group():
    """Four of a piece each at once are none; three of one of them are, and so are those of one bank, or without one."""
    four = [piece(payee=payee) for payee in range(1, 5)]
    assert not still(*four)
    assert still(*four[:3])
    assert still(*four, piece(payee=4), piece(payee=4))
    assert not still(*four, piece(payee=5), piece(payee=4))
    two = [piece(payee=payee, bank=2) for payee in (6, 7)]
    assert not still(*four, *two)
    assert still(*four[:3], *two)
    assert still(*four, *two, piece(payee=8, bank=2))


def test_pieces_of_one_payee_count_however_they_lie_between_others():
    """Six at once to four payees, three of them to one; of other amounts each."""
    others = [piece(payee=payee, usd=470_000 + payee) for payee in (1, 2, 9)]
    assert still(*others, *(piece(payee=5, usd=cents) for cents in (460_000, 470_005, 480_000)))
    assert not still(*others, *(piece(payee=5, usd=cents) for cents in (460_000, 470_005)))


def test_pieces_of_one_bank_or_without_one_are_a_group():
    """Five payees of three banks: of the first bank three, or of the first and the third together."""
    alone = [piece(payee=payee, bank=1) for payee in (1, 2, 3)]
    assert still(*alone, piece(payee=4, bank=2), piece(payee=5, bank=3))
    without = [piece(payee=1, bank=1), piece(payee=2, bank=1), piece(payee=3, bank=3)]
    assert still(*without, piece(payee=4, bank=2), piece(payee=5, bank=2))
    assert not still(*without, *(piece(payee=4, bank=2), piece(payee=5, bank=2), piece(payee=6, bank=3)))


def bank_of(one, bank: int):
    """The same piece through another bank."""
    return msgspec.structs.replace(one, institution=bank)


def test_in_doubt_it_stands():
    """More pieces or banks than are looked at, pieces in totals alone, no limits: all pieces together are asked."""
    many = [piece(payee=number) for number in range(MOST_LOOKED_AT + 1)]
    assert still(*many)
    assert not still(*many[:MOST_LOOKED_AT])
    banks = [piece(payee=number, bank=1 + number % (MOST_INSTITUTIONS + 1)) for number in range(10)]
    assert still(*banks)
    assert not still(*(bank_of(one, min(one.institution, MOST_INSTITUTIONS)) for one in banks))
    assert still(folded=Folded(pieces={"40101": {1: (3, 3)}}))
    assert not still(folded=Folded(pieces={"40201": {1: (3, 3)}}))
    lawless = configuration()
    rules = {"T01": msgspec.structs.replace(lawless.rules["T01"], limits=lawless.rules["T01"].limits[:1])}
    assert still(rules=Rulebook(msgspec.structs.replace(lawless, rules=lawless.rules | rules)))


def test_four_pieces_are_one_more_than_are_needed():
    """Half of the fourth comes back, and then the rest: three stand."""
    ledger = Ledger()
    raised = [one for day in range(4) for one in ledger.pay(f"e{day}", later(days=day)).raised]
    assert [one.alert.status for one in raised] == ["raised"]
    for name in ("r", "s"):
        assert ledger.pay(name, later(days=5), "2450", status="returned", original_event_id="e3").raised == ()
    (gone,) = ledger.pay("t", later(days=6), "1500", status="returned", original_event_id="e2").raised
    assert (gone.alert.status, gone.alert.supersedes) == ("retracted", raised[0].alert.alert_id)


@pytest.mark.parametrize(
    ("name", "amount", "fields"),
    [
        ("returned", "4900", {"status": "returned", "original_event_id": "e1"}),
        ("in part", "2000", {"status": "returned", "original_event_id": "e1"}),
        ("cancelled", "4900", {"status": "cancelled", "original_event_id": "e1"}),
        ("settled with documents", "4900", {"payment_id": "P1", "evidence": "shown"}),
        ("settled for less", "3000", {"payment_id": "P1"}),
    ],
)
def test_what_takes_the_third_piece_away_retracts_the_alert(name, amount, fields):
    """The desks that got it get the retraction."""
    ledger = Ledger()
    for day in range(3):
        outputs = ledger.pay(f"e{day}", later(days=day), status="ordered", payment_id=f"P{day}")
    (raised,) = outputs.raised
    (gone,) = ledger.pay(name, later(days=4), amount, **fields).raised
    assert (gone.alert.status, gone.alert.supersedes, gone.desks) == ("retracted", raised.alert.alert_id, raised.desks)
    assert [hit.id for hit in gone.alert.typologies] == ["T01"]


def test_a_further_payment_retracts_nothing():
    """Nor does its return, while three others are left."""
    ledger = Ledger()
    (raised,) = [one for day in range(3) for one in ledger.pay(f"e{day}", later(days=day)).raised]
    assert raised.alert.status == "raised"
    assert ledger.pay("other", later(days=4), "4900", counterparty="k1.111.other").raised == ()
    assert ledger.pay("r", later(days=5), "4900", status="returned", original_event_id="other").raised == ()
