"""T06: imports paid whose declaration does not come by its date, through the core."""

from datetime import date

import msgspec
import pytest

from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import TERMS
from detectors.contracts.limits import Rulebook
from detectors.typologies.due import OpenDate, PartyDates, Wake
from detectors.typologies.t06_import_without_declaration import LOOK_AGAIN_US, ImportWithoutDeclaration
from detectors.typologies.trade_overdue import Looked
from detectors.values.legal_calendar import DAY_US
from tests.support.ledger import Ledger, configuration, later
from tests.support.trade import SEOUL, START, TraderLedger, book_of, goods, paid

RULE = ImportWithoutDeclaration()
RULEBOOK = Rulebook(configuration())
SIGHT = TERMS.index("sight")


class Past(msgspec.Struct):
    """What the rule sees of a party."""

    ledger: TradeBook
    slots: dict[str, bytes] = {}
    rulebook: Rulebook = RULEBOOK
    zone: object = SEOUL
    names: list[str] = []

    @property
    def trade(self) -> bytes:
        return self.ledger.packed()


def wake(past: Past, at_days: float, *names: str, **more) -> Wake:
    at_us = START + round(at_days * DAY_US)
    due = tuple(OpenDate(at_us, f"T06 {name}", 0) for name in names or ("declaration",))
    given = {"customs_us": at_us, "banks_us": at_us} | more
    return Wake(past, due, at_us, date(2026, 4, 2), PartyDates({}), given.pop("party_type", "company"), **given)


def sight(*items) -> Past:
    return Past(book_of(*items))


def found(past: Past, at_days: float, *names: str, **more):
    return RULE.woken(wake(past, at_days, *names, **more))


@pytest.mark.parametrize(("dollars", "fires"), [(9_999.99, False), (10_000, True)])
def test_it_fires_from_the_least_amount_on(dollars, fires):
    """10 000 dollars of a party."""
    assert (found(sight(paid(1, dollars, terms=SIGHT)), 30) is not None) == fires


def test_payments_of_several_suppliers_are_one_sum():
    """6 000 each."""
    finding = found(sight(paid(1, 6000, terms=SIGHT), paid(2, 6000, terms=SIGHT, counterparty=8)), 30)
    values = {one.name: one.value for one in finding.measured}
    assert (values["uncovered_total"], values["suppliers"], values["uncovered_payments"]) == ("12000.00", 2, 2)
    assert finding.offsets == (0, 0)
    assert (finding.size, finding.at_risk, finding.single) == (1_200_000, 1_200_000, 600_000)


def test_it_waits_while_customs_is_silent_and_looks_again_after_a_week():
    """Customs must have told of a time within the grace before the date."""
    past = sight(paid(1, 50_000, terms=SIGHT))
    for customs_us in (None, START + 16 * DAY_US - 1):
        asked = wake(past, 30, customs_us=customs_us)
        assert RULE.woken(asked) is None
        (again,) = asked.dates.of(RULE).waiting("declaration")
        assert again.at_us == START + 30 * DAY_US + LOOK_AGAIN_US
        assert past.slots == {}
    assert found(past, 30, customs_us=START + 16 * DAY_US) is not None


def test_banks_are_not_told_on():
    """Interbank trade finance is the customers'."""
    assert found(sight(paid(1, 50_000, terms=SIGHT)), 30, party_type="bank") is None


def test_it_is_woken_again_for_what_is_due_later():
    """The first date is looked at, the second one is set."""
    past = sight(paid(1, 50_000, terms=SIGHT), paid(2, 20_000, 5, terms=SIGHT))
    asked = wake(past, 30)
    assert RULE.woken(asked).size == 5_000_000
    (again,) = asked.dates.of(RULE).waiting("declaration")
    assert again.at_us == START + 35 * DAY_US
    looked = msgspec.msgpack.decode(past.slots["T06"], type=dict[str, Looked])
    assert looked == {"declaration": Looked(START + 30 * DAY_US, 5_000_000)}


def test_a_year_and_a_date_that_pass_at_once_are_two_findings():
    """The year first; the date with the next record."""
    past = sight(paid(1, 150_000, terms=TERMS.index("advance")))
    asked = wake(past, 366, "declaration", "period")
    finding = RULE.woken(asked)
    assert finding.series == "period"
    (again,) = asked.dates.of(RULE).waiting("declaration")
    assert again.at_us == START + 366 * DAY_US
    assert asked.dates.of(RULE).waiting("period") == []
    assert found(past, 366, "declaration").series == "declaration"


def test_the_tests_of_the_year_are_met_with_it():
    """More than 100 000 dollars, more than a year, no report; the strength grows with what is missing."""
    past = sight(paid(1, 150_000, terms=TERMS.index("advance"), goods=850440))
    finding = found(past, 366, "period")
    assert {one.id for one in finding.tests if one.outcome == "met"} == {
        "no_declaration",
        "above_advance_amount",
        "beyond_advance_period",
        "no_advance_report",
    }
    assert finding.strength > found(past, 366, "declaration").strength
    small = found(sight(paid(1, 20_000, terms=SIGHT)), 30)
    assert small.strength < found(sight(paid(1, 90_000, terms=SIGHT)), 30).strength


@pytest.mark.parametrize(
    ("items", "test", "outcome", "missing"),
    [
        ((paid(1, 60_000, terms=SIGHT),), "named_declaration_unknown", "cannot_tell", "transactions.declaration_no"),
        ((paid(1, 60_000, terms=SIGHT, number=5),), "named_declaration_unknown", "met", None),
        (
            (paid(1, 60_000, terms=SIGHT, number=5), goods(2, 30_000, number=5)),
            "named_declaration_unknown",
            "not_met",
            None,
        ),
        ((paid(1, 60_000, terms=SIGHT),), "above_advance_amount", "not_met", None),
        ((paid(1, 60_000, terms=SIGHT), paid(2, 60_000, terms=SIGHT)), "above_advance_amount", "cannot_tell", None),
        ((paid(1, 160_000, terms=SIGHT),), "above_advance_amount", "met", None),
        ((paid(1, 60_000, terms=SIGHT),), "goods_not_exempt", "cannot_tell", "transactions.hs_code"),
        ((paid(1, 60_000, terms=SIGHT, goods=850440),), "goods_not_exempt", "cannot_tell", None),
        ((paid(1, 60_000, terms=SIGHT, goods=890120),), "goods_not_exempt", "not_met", None),
        ((paid(1, 60_000, terms=SIGHT),), "no_advance_report", "met", None),
        ((paid(1, 60_000, terms=SIGHT, flags=8 | 128),), "no_advance_report", "not_met", None),
        ((paid(1, 60_000, terms=SIGHT, flags=8 | 512),), "no_advance_report", "cannot_tell", None),
        ((paid(1, 60_000, terms=SIGHT),), "customs_term_passed", "cannot_tell", None),
    ],
    ids=[
        "no number",
        "number unknown",
        "number known",
        "below the amount",
        "above it in all",
        "above it",
        "goods not told",
        "goods told",
        "a ship",
        "no report",
        "a report of an advance payment",
        "another report",
        "the warehouse",
    ],
)
def test_each_test_of_the_law_says_what_is_known(items, test, outcome, missing):
    """A field that is missing never counts against the importer."""
    finding = found(sight(*items), 30)
    (told,) = [one for one in finding.tests if one.id == test]
    assert (told.outcome, told.missing) == (outcome, missing)


def test_what_was_alerted_stands_as_long_as_enough_is_missing_of_it():
    """Of what was due by then; what is due later is another matter."""
    at_us = START + 30 * DAY_US
    assert RULE.stands(sight(paid(1, 50_000, terms=SIGHT)), "declaration", at_us)
    covered = sight(paid(1, 50_000, terms=SIGHT), goods(2, 45_000, 35), paid(3, 50_000, 5, terms=SIGHT))
    assert not RULE.stands(covered, "declaration", at_us)
    assert RULE.standing(covered, "declaration", at_us) == 500_000
    assert RULE.standing(sight(paid(1, 50_000, terms=SIGHT)), "declaration", at_us) == 5_000_000


def company(ledger: Ledger, name: str, days: float, amount: str = "50000", **fields):
    """An import payment at sight."""
    return ledger.trade(name, later(days=days), amount, **{"trade_terms": "sight"} | fields)


def test_a_party_without_trade_sets_no_date():
    """Nor does a payment for services of a trader set another one."""
    ledger = TraderLedger()
    ledger.pay("gift", later(hours=1), "50000")
    assert len(ledger.state.wakes) == 0
    company(ledger, "goods", 1)
    first = ledger.state.wakes.first()
    ledger.pay("fee", later(days=2), "5000", purpose="20101", party_type="company")
    assert ledger.state.wakes.first() == first


def test_a_declaration_closes_the_date():
    """Nothing waits any more."""
    ledger = TraderLedger()
    company(ledger, "goods", 1)
    assert len(ledger.state.wakes) == 1
    ledger.declare("came", later(days=5))
    assert len(ledger.state.wakes) == 0


def test_the_alert_shows_the_payment_when_its_row_is_gone():
    """Sixty days later the row is dropped; the trade ledger still knows amount, currency and bank."""
    ledger = TraderLedger()
    company(ledger, "goods", 1, "70000", trade_terms="advance", goods_due=date(2025, 6, 1))
    raised = []
    for days in range(5, 130, 5):
        company(ledger, f"p{days}", days, "300", party="k1.0a3.other", counterparty="k1.111.b", trade_terms="transit")
        raised += ledger.declare(f"d{days}", later(days=days, hours=1), party="k1.0a3.third").alerts
        company(ledger, f"q{days}", days + 0.1, "40", trade_terms="transit")
    alerts = [one for one in raised if any(hit.id == "T06" for hit in one.typologies)]
    assert alerts
    (item,) = alerts[0].evidence
    assert (item.event_id, item.amount, item.currency, item.amount_usd) == ("goods", "70000.00", "USD", "70000.00")
    assert (item.direction, item.institution) == ("out", "BANKA")


def test_the_trial_pays_in_advance_at_sight_and_in_transit():
    """Each above the law's amount."""

    class Day:
        def limit(self, name: str) -> float:
            return {"advance_amount": 100_000.0}[name]

        def paid(self, minutes, party, amount, **fields):
            return minutes, party, amount, fields["trade_terms"]

    assert [each for _, each in RULE.trial(Day())] == [
        (0, "importer", 200_000.0, "advance"),
        (1, "importer", 200_000.0, "sight"),
        (2, "importer", 200_000.0, "transit"),
    ]


def test_nothing_is_completed_by_a_payment():
    """A date completes it; so there is no payment that could have been another."""
    assert RULE.evaluate(None) is None
    assert RULE.changes(None, None) == ()
