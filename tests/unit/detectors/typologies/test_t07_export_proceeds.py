"""T07: exports whose money does not come by its date."""

from datetime import date

import msgspec
import pytest

from detectors.books.party import token_number
from detectors.books.trade_book import TradeBook
from detectors.contracts.limits import Rulebook
from detectors.typologies.due import OpenDate, PartyDates, Wake
from detectors.typologies.t07_export_proceeds import LOOK_AGAIN_US, ExportProceeds
from detectors.typologies.trade_overdue import Looked
from detectors.values.legal_calendar import DAY_US
from tests.support.ledger import configuration, later
from tests.support.trade import SEOUL, START, TraderLedger, book_of, received, shipped

RULE = ExportProceeds()
RULEBOOK = Rulebook(configuration())
DUE = (date(2026, 3, 31) - date(1970, 1, 1)).days
# the end of 31 March and the grace
AT_US = START + round((29 + 15 / 24 + 14) * DAY_US)


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


def wake(past: Past, party_type: str = "company", **more) -> Wake:
    given = {"customs_us": AT_US, "banks_us": AT_US} | more
    due = (OpenDate(AT_US, "T07 receipt", 0),)
    return Wake(past, due, AT_US, date(2026, 4, 15), PartyDates({}), party_type, **given)


def exported(*items) -> Past:
    return Past(book_of(*items, clock_us=AT_US))


def values(finding) -> dict:
    return {one.name: one.value for one in finding.measured}


@pytest.mark.parametrize(("dollars", "fires"), [(50_000, False), (50_000.01, True)])
def test_it_fires_above_the_least_amount(dollars, fires):
    """50 000 dollars of a party are not yet enough."""
    assert (RULE.woken(wake(exported(shipped(1, dollars, due=DUE)))) is not None) == fires


@pytest.mark.parametrize(("paid", "fires"), [(900_000, False), (899_999, True)])
def test_only_exports_short_by_more_than_a_tenth_count(paid, fires):
    """A tenth of a million is not yet a shortfall; the tolerance closes what is short by a twentieth."""
    past = exported(shipped(1, 1_000_000, due=DUE), received(2, paid, 5))
    assert (RULE.woken(wake(past)) is not None) == fires


def test_a_receipt_that_another_bank_makes_up_takes_no_finding_away():
    """It is told at half the strength, with what would cover it, by whom, and that it cannot be told."""
    bank = received(8, 1_000, -1, counterparty=9, institution=token_number("BANKA"))
    made_up = received(9, 80_000, 20, counterparty=9, institution=token_number("EVIL"))
    alone = RULE.woken(wake(exported(shipped(1, 80_000, due=DUE), bank)))
    past = exported(shipped(1, 80_000, due=DUE), bank, made_up)
    past.names = ["BANKA", "EVIL"]
    found = RULE.woken(wake(past))
    assert values(alone) | {"receipts_of_strangers": "80000.00"} == values(found)
    assert (found.strength, found.size, found.institutions) == (0.3424, 8_000_000, ("EVIL",))
    assert alone.strength == 0.6847
    assert (
        "Receipts of 80,000.00 USD told by EVIL would cover it. They match no declaration, and who told them had no "
        "part in this exporter's trade before, so whether they are the money cannot be told. " in found.text_en
    )
    assert (
        "EVIL 보고분 수령액 미화 80,000.00달러로 충당될 수 있으나, 일치하는 수출신고가 없고 해당 금융기관은"
        in found.text_ko
    )
    assert {test.id: test.outcome for test in found.tests} == {test.id: test.outcome for test in alone.tests} | {
        "paid_elsewhere": "cannot_tell"
    }
    assert RULE.stands(past, "receipt", AT_US)
    past.names = []
    assert "told by another institution would cover" in RULE.woken(wake(past)).text_en
    assert "다른 금융기관 보고분 수령액" in RULE.woken(wake(past)).text_ko


def test_a_receipt_of_the_firms_own_bank_covers_whoever_paid():
    """Receipts from third parties are free; what is left above the least amount is told as ever."""
    bank = received(8, 1_000, -1, counterparty=9, institution=5)
    own = received(9, 80_000, 20, counterparty=9, institution=5)
    made_up = received(10, 20_000, 20, counterparty=9, institution=66)
    assert RULE.woken(wake(exported(shipped(1, 80_000, due=DUE), bank, own, made_up))) is None
    # at the least amount exactly it is told as doubtful, above it as ever
    exactly = exported(shipped(1, 70_000, due=DUE), bank, made_up)
    assert values(RULE.woken(wake(exactly)))["receipts_of_strangers"] == "20000.00"
    large = RULE.woken(wake(exported(shipped(1, 90_000, due=DUE), bank, made_up)))
    assert (large.size, values(large).get("receipts_of_strangers")) == (7_000_000, None)
    # a small one is covered by both: 20 000 of 60 000 is too little to tell
    small = exported(shipped(1, 60_000, due=DUE), bank, received(9, 40_000, 20, counterparty=9, institution=5), made_up)
    assert RULE.woken(wake(small)) is None


def test_shortfalls_of_several_buyers_are_one_sum_less_what_came_for_nothing():
    """30 000 each of three, 20 000 of somebody."""
    items = [shipped(number, 30_000, number / 10, due=DUE, counterparty=number) for number in (1, 2, 3)]
    finding = RULE.woken(wake(exported(*items, received(9, 20_000, 7, counterparty=9))))
    told = values(finding)
    assert (told["shortfall_total"], told["receipts_without_declaration"]) == ("70000.00", "20000.00")
    assert (told["exports_short"], told["exports_unpaid"], told["buyers"]) == (3, 3, 3)
    assert (finding.size, finding.at_risk, finding.single, finding.series) == (
        7_000_000,
        7_000_000,
        3_000_000,
        "receipt",
    )
    assert "20,000.00 USD that came for no known declaration is taken off" in finding.text_en


def test_open_exports_are_told_by_age():
    """Of the date they were to be settled by."""
    past = exported(shipped(1, 80_000, due=DUE), shipped(2, 60_000, due=DUE - 50))
    told = values(RULE.woken(wake(past)))
    assert told["open exports, age in days 1-30"] == "80000.00"
    assert told["open exports, age in days 31-90"] == "60000.00"


def test_it_waits_while_the_banks_are_silent():
    """A bank must have told of a time within the grace before the date."""
    past = exported(shipped(1, 80_000, due=DUE))
    for banks_us in (None, AT_US - 14 * DAY_US - 1):
        asked = wake(past, banks_us=banks_us)
        assert RULE.woken(asked) is None
        assert [one.at_us for one in asked.dates.of(RULE).waiting("receipt")] == [AT_US + LOOK_AGAIN_US]
        assert past.slots == {}
    assert RULE.woken(wake(past, banks_us=AT_US - 14 * DAY_US, customs_us=None)) is not None


def test_it_is_woken_again_for_what_is_due_later_and_banks_are_not_told_on():
    """The next date is set, and what was looked at is remembered."""
    past = exported(shipped(1, 80_000, due=DUE), shipped(2, 60_000, due=DUE + 9))
    asked = wake(past)
    assert RULE.woken(asked).size == 8_000_000
    assert [one.at_us for one in asked.dates.of(RULE).waiting("receipt")] == [AT_US + 9 * DAY_US]
    assert msgspec.msgpack.decode(past.slots["T07"], type=Looked) == Looked(AT_US, 8_000_000)
    assert RULE.woken(wake(exported(shipped(1, 80_000, due=DUE)), "bank")) is None


def test_what_was_alerted_stands_as_long_as_enough_is_short_of_it():
    """Of what was due by then."""
    assert RULE.stands(exported(shipped(1, 80_000, due=DUE)), "receipt", AT_US)
    assert not RULE.stands(exported(shipped(1, 80_000, due=DUE), received(2, 60_000, 9)), "receipt", AT_US)
    assert RULE.standing(exported(shipped(1, 80_000, due=DUE), received(2, 60_000, 9)), "receipt", AT_US) == 2_000_000
    others = exported(shipped(1, 80_000, due=DUE), received(2, 90_000, 9, counterparty=9))
    assert RULE.standing(others, "receipt", AT_US) == 0


def test_a_receipt_closes_the_date():
    """Through the core; an import sets none of its own."""
    ledger = TraderLedger()
    ledger.declare("sold", later(days=1), "80000", kind="export")
    assert [row.split()[0] for row in ledger_due(ledger)] == ["T07", "T08"]
    ledger.pay("came", later(days=5), "80000", direction="in", purpose="10201", party_type="company", evidence="shown")
    assert ledger_due(ledger) == []


def ledger_due(ledger: TraderLedger) -> list[str]:
    from detectors.books.party import unpack

    return sorted(unpack(ledger.state.parties["k1.0a3.remitter"]).due)


def test_the_tests_say_what_is_known():
    """Without a date none is said to have passed; nothing came, or a part."""

    def outcomes(*items) -> dict:
        return {one.id: (one.outcome, one.missing) for one in RULE.woken(wake(exported(*items))).tests}

    told = outcomes(shipped(1, 80_000, due=DUE))
    assert told["date_passed"] == ("met", None)
    assert told["nothing_came"] == ("met", None)
    assert told["goods_were_sold"] == told["settled_unreported"] == ("cannot_tell", None)
    part = outcomes(shipped(1, 180_000, due=DUE), received(2, 60_000, 9))
    assert part["nothing_came"] == ("not_met", None)
    undated = outcomes(shipped(1, 80_000, -60))
    assert undated["date_passed"] == ("cannot_tell", "declarations.settlement_due")


def test_the_trial_is_an_export_without_money_and_a_receipt():
    """Of two firms, each of twice the least amount."""

    class Day:
        def limit(self, name: str) -> float:
            return {"short_min": 50_000.0}[name]

        def paid(self, minutes, party, amount, **fields):
            return minutes, party, amount, fields["direction"]

        def declares(self, minutes, party, value, kind):
            return minutes, party, value, kind

    assert [each for _, each in RULE.trial(Day())] == [
        (0, "unpaid", 100_000.0, "export"),
        (0, "exporter", 100_000.0, "in"),
    ]
    assert RULE.evaluate(None) is None
    assert RULE.changes(None, None) == ()
