"""Payments beyond those kept one by one: which go first, what stays exact, and what is said of the rest."""

from datetime import date

import pytest

from detectors import payment_score
from detectors.books import folded_payments
from detectors.books.folded_payments import Day, Folded, folded_of
from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.few_rows import few_rows
from tests.support.ledger import START, Ledger, configuration, later
from tests.support.wanted import needs_of

PARTY = "k1.0a3.remitter"


def party(ledger, token=PARTY):
    """The party's record."""
    return unpack(ledger.state.parties[token])


def kept(ledger):
    """USD cents of the payments that are kept one by one, in ledger order."""
    return rows(party(ledger))["usd"].tolist()


def year(ledger, number=2025):
    """USD cents of a year without documents: kept and folded ones together; all payments of these tests count."""
    return exact_sum(rows(party(ledger))["usd"]) + folded_of(party(ledger)).annual_total(number)


def measured(alert, typology):
    """A typology's values by name."""
    return {each.name: each.value for hit in alert.typologies for each in hit.measured if hit.id == typology}


def test_nothing_is_folded_up_to_the_bound_and_much_at_once_beyond_it():
    """2 048 payments are rows; one more leaves 1 536, and the totals hold all 2 049 to the cent."""
    assert (folded_payments.MOST_ROWS, folded_payments.KEPT_ROWS) == (2048, 1536)
    ledger = Ledger()
    with few_rows(8, 6):
        outputs = [ledger.pay(f"e{number}", later(hours=number), "10.01") for number in range(9)]
    assert [each.folded for each in outputs] == [0] * 8 + [3]
    assert (len(kept(ledger)), folded_of(party(ledger)).count) == (6, 3)
    assert year(ledger) == 9 * 1001
    assert ledger.state.counters["folded"] == 3


def test_a_flood_of_tiny_payments_pushes_out_neither_pieces_nor_large_ones():
    """Two pieces and a large payment, then 200 cents: the third piece still completes the split, with all three."""
    # by rules alone: to the models a flood is unusual indeed
    ledger = Ledger(configuration(detectors={"daily_budget": 0.0}))
    with few_rows(8, 6):
        for number, amount in enumerate(("4900", "4800", "30000")):
            ledger.pay(f"p{number}", later(hours=number), amount)
        for number in range(200):
            assert not ledger.pay(f"tiny{number}", later(hours=10, minutes=number), "0.01").alerts
        (alert,) = ledger.pay("p3", later(hours=20), "4700").alerts
    assert [item.event_id for item in alert.evidence] == ["p0", "p1", "p3"]
    assert measured(alert, "T01")["pieces"] == 3
    assert measured(alert, "T01")["folded_payments"] > 190
    assert {3_000_000, 490_000, 480_000, 470_000} <= set(kept(ledger))
    assert {proof.offset for proof in party(ledger).proofs} <= set(rows(party(ledger))["offset"].tolist())
    assert year(ledger) == 200 + 4_440_000


@pytest.mark.parametrize("tiny", [0, 60, 3_000])
def test_an_alert_names_all_pieces_whatever_was_paid_between_them(tiny):
    """Three pieces with 60 or 3 000 payments of a cent between them, folded or not: all three are evidence."""
    ledger = Ledger()
    ledger.pay("p0", later(hours=0))
    ledger.pay("p1", later(hours=1))
    for number in range(tiny):
        ledger.pay(f"tiny{number}", later(hours=2, seconds=number), "0.01")
    (alert,) = ledger.pay("p2", later(hours=20)).alerts
    assert [item.event_id for item in alert.evidence] == ["p0", "p1", "p2"]
    assert alert.evidence_total == 3


def test_payments_with_documents_go_before_those_without_and_old_pieces_before_new():
    """What the law adds up is kept longest, and of pieces the newest."""
    ledger = Ledger()
    with few_rows(6, 4):
        for number in range(4):
            ledger.pay(f"p{number}", later(hours=number), f"490{number}")
        for number in range(3):
            ledger.pay(f"d{number}", later(days=1, hours=number), "90000", evidence="shown")
        assert kept(ledger) == [490_000, 490_100, 490_200, 490_300]
        for number in range(4, 7):
            ledger.pay(f"p{number}", later(days=2, hours=number), f"490{number}")
    assert kept(ledger) == [490_300, 490_400, 490_500, 490_600]


def test_an_order_that_may_still_be_settled_goes_after_settled_ones():
    """Small orders of this week are kept while small settled payments are not; their settlement replaces the amount."""
    ledger = Ledger()
    with few_rows(6, 4):
        for number in range(3):
            ledger.pay(f"o{number}", later(hours=number), "1", status="ordered", payment_id=f"P{number}")
        for number in range(30):
            ledger.pay(f"s{number}", later(hours=3, minutes=number), "2")
        ledger.pay("settled", later(hours=5), "1.50", status="settled", payment_id="P1")
    assert year(ledger) == 2 * 100 + 150 + 30 * 200


def test_a_return_of_a_folded_payment_is_pending_and_the_alert_says_how_much():
    """Not taken off, because it may be of a payment that never was; the most it can be is named."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(11):
            ledger.pay(f"e{number}", later(hours=number), "9000")
        ledger.pay("r0", later(hours=20), "9000", status="returned", original_event_id="e0")
        assert year(ledger) == 11 * 900_000
        alerts = ledger.pay("last", later(hours=30), "9000").alerts
    values = measured(alerts[0], "T02")
    assert (values["annual_total"], values["returns_not_matched"]) == ("108000.00", "9000.00")
    (text,) = [each for each in alerts[0].reasons if each.feature == "T02"]
    assert "Returns and cancellations of 9,000.00 USD found no payment; at most that much" in text.text_en
    assert "대상 거래를 찾지 못한 반환·취소는 미화 9,000.00달러" in text.text_ko


def test_a_return_of_a_kept_payment_is_taken_off_though_others_are_folded():
    """The honest case: matched as ever, and nothing is said to be open."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(11):
            ledger.pay(f"e{number}", later(hours=number), "9000")
        ledger.pay("r10", later(hours=20), "9000", status="returned", original_event_id="e10")
    assert year(ledger) == 10 * 900_000
    assert not any(day.returns for day in folded_of(party(ledger)).days.values())


def test_the_settlement_of_a_folded_order_counts_again_and_the_alert_says_that_it_may():
    """Too high, never too low: 11 orders of 9 000 folded or kept, one settled after it was folded."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(11):
            ledger.pay(f"e{number}", later(hours=number), "9000", status="ordered", payment_id=f"P{number}")
        (alert,) = ledger.pay("s0", later(hours=20), "9000", status="settled", payment_id="P0").alerts
    values = measured(alert, "T02")
    assert (values["annual_total"], values["folded_orders_not_settled"]) == ("108000.00", "81000.00")
    (text,) = [each for each in alert.reasons if each.feature == "T02"]
    assert "81,000.00 USD was ordered and not yet settled; settled since, it is counted twice" in text.text_en


def test_small_remitters_lower_cap_counts_what_went_through_them_folded_or_not():
    """2025: 50 001 USD through small remitters cross their own cap; other channels' payments of the year do not."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(10):
            ledger.pay(f"e{number}", later(hours=number), "3900", channel="small_remitter", institution="REMIT")
            ledger.pay(f"o{number}", later(hours=number, minutes=1), "3000", institution="BANKB")
        below = ledger.pay("x", later(days=1), "11000", channel="small_remitter")
        assert "T02" not in dict(below.assessed.fired)
        (alert,) = ledger.pay("y", later(days=2), "1.01", channel="small_remitter").alerts
    values = measured(alert, "T02")
    assert (values["annual_total"], values["payments"], values["cap_crossed_on"]) == ("50001.01", 12, "2025-03-05")
    assert (values["total at REMIT"], values["total at BANKA"]) == ("39000.00", "11001.01")
    assert "total at BANKB" not in values


def test_beyond_sixty_four_institutions_the_rest_stands_together():
    """A sender's invented names grow neither the record nor lose a cent."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(120):
            ledger.pay(f"e{number}", later(minutes=number), "1000", institution=f"BANK{number}")
        (alert,) = ledger.pay("last", later(days=1), "50000").alerts
    shares = folded_of(party(ledger)).institutions[2025]
    assert len(shares) == folded_payments.MOST_INSTITUTIONS + 1
    assert sum(cents for cents, _ in shares.values()) + sum(kept(ledger)) == 17_000_000
    values = measured(alert, "T02")
    assert values["annual_total"] == "170000.00"
    assert float(values["total at other institutions"]) > 50_000
    assert "" not in alert.institutions


@pytest.mark.parametrize("made_up", [0, 200])
def test_made_up_institutions_take_no_real_one_s_name(made_up):
    """200 institutions with a dollar each come first; the one through which the money went is named in the alert."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(made_up):
            ledger.pay(f"x{number}", later(minutes=number), "1", institution=f"F{number}KR")
        for number in range(20):
            ledger.pay(f"a{number}", later(hours=12, minutes=number), "4000", institution="REALKRSE")
        (alert,) = ledger.pay("last", later(days=1), "50000").alerts
    shares = folded_of(party(ledger)).institutions[2025]
    assert len(shares) == (folded_payments.MOST_INSTITUTIONS + 1 if made_up else 1)
    assert "REALKRSE" in alert.institutions
    assert measured(alert, "T02")["total at REALKRSE"] == "80000.00"
    assert sum(cents for cents, _ in shares.values()) + sum(kept(ledger)) == 130_000_00 + made_up * 100


def test_totals_beyond_64_bits_are_cut_and_stop_nothing():
    """The largest amounts of the contract in gold: the year's total stays the largest that is kept, and alerts."""
    ledger = Ledger()
    ledger.rate(START, "4000", "XAU", "USD")
    with few_rows(4, 2):
        for number in range(12):
            outputs = ledger.pay(f"x{number}", later(hours=1, minutes=number), "1000000000000000", currency="XAU")
    assert folded_of(party(ledger)).annual_total(2025) == folded_payments.LARGEST_TOTAL
    assert ("T02", 0.99) in outputs.assessed.fired


def test_days_are_bounded_and_no_cent_is_lost():
    """Days beyond the bound become one with the next: totals stay, the oldest days are no longer told apart."""
    needs = needs_of(to_us(START), 35 * DAY_US, (400_000, 500_000), Ledger().state.effective.zone)
    first = date(2025, 1, 1).toordinal()
    found = Folded(days={first + number: Day(100, 1) for number in range(folded_payments.MOST_DAYS + 50)})
    folded_payments._forget(found, needs)
    assert len(found.days) == folded_payments.MOST_DAYS
    assert sum(day.total for day in found.days.values()) == 100 * (folded_payments.MOST_DAYS + 50)


def test_years_that_no_event_can_belong_to_any_more_are_let_go():
    """Fourteen months on, the year before last is gone from the folded totals, last year's is there."""
    ledger = Ledger()
    with few_rows(4, 2):
        for day in (0, 1, 400, 401):
            for number in range(10):
                ledger.pay(f"e{day}-{number}", later(days=day, minutes=number), "10")
    found = folded_of(party(ledger))
    assert {date.fromordinal(day).year for day in found.days} == {2026} == set(found.institutions)
    assert year(ledger, 2026) == 20 * 1000


def test_returns_that_find_no_payment_grow_no_days_of_old_years():
    """One a day for 900 days, all of payments that never were: two calendar years of days at most are kept."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(9):
            ledger.pay(f"e{number}", later(hours=number), "10")
        for day in range(900):
            ledger.pay(f"r{day}", later(days=day), "1", status="returned", original_event_id=f"never{day}")
    found = folded_of(party(ledger))
    assert {date.fromordinal(day).year for day in found.days} == {2026 + 1}
    assert sum(day.returns for day in found.days.values()) == len(found.days)


def test_the_day_on_which_the_cap_was_crossed_is_found_among_folded_and_kept_payments():
    """Pieces of the first day stay rows, 3 000 a day are folded: 39 200 and 21 of them cross 100 000 on the 24th."""
    ledger = Ledger()
    with few_rows(12, 10):
        for number in range(8):
            ledger.pay(f"p{number}", later(minutes=number))
        for day in range(1, 31):
            ledger.pay(f"s{day}", later(days=day), "3000")
        (alert,) = ledger.pay("last", later(days=60), "900000").alerts
    values = measured(alert, "T02")
    assert (values["cap_crossed_on"], values["payments"]) == ("2025-03-24", 39)
    assert values["payments_after_crossing"] == 30 - 21 + 1
    assert values["folded_payments"] > 20


def test_the_models_see_the_week_of_all_payments(monkeypatch):
    """Seven days of 10 USD an hour: the sum that is scored holds folded payments too, to a day."""
    seen, observe = [], payment_score.Observation

    def kept_view(view, *rest):
        seen.append(view.sum_7d_usd)
        return observe(view, *rest)

    monkeypatch.setattr(payment_score, "Observation", kept_view)
    ledger = Ledger()
    with few_rows(4, 2):
        for hour in range(24 * 9):
            ledger.pay(f"e{hour}", later(hours=hour), "10")
    assert 6 * 240 <= seen[-1] <= 7 * 240


def test_the_sum_of_seven_days_holds_folded_payments():
    """To a day: 21 payments of the last seven days, of which most are folded, and none of the week before."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(42):
            ledger.pay(f"e{number}", later(days=-14 + number // 3), "100")
    found, end = folded_of(party(ledger)), to_us(later(days=-1))
    assert (
        found.flow(first_us=end - 7 * DAY_US + 1, last_us=end, outbound=True)
        + sum(int(row["usd"]) for row in rows(party(ledger)) if row["time"] > end - 7 * DAY_US)
        == 21 * 10_000
    )
    assert found.flow(first_us=end - 7 * DAY_US + 1, last_us=end, outbound=False) == 0


@pytest.mark.parametrize("both", [True, False])
def test_two_tokens_of_one_party_become_one_with_all_that_was_folded(both):
    """A key rotation joins the totals of both, also when only the earlier one had been folded."""
    ledger, old, new = Ledger(), "k1.0a3.remitter", "k2.0a3.remitter"
    with few_rows(4, 2):
        for number in range(9):
            ledger.pay(f"a{number}", later(hours=number), "10", party=old, institution="BANKA")
        for number in range(9 if both else 2):
            ledger.pay(f"b{number}", later(hours=number), "7", party=new, institution="BANKB")
        ledger.pay("c", later(hours=20), "1", party=new, previous={new: old})
    found = folded_of(party(ledger, new))
    expected = 9000 + (6300 if both else 1400) + 100
    assert found.annual_total(2025) + exact_sum(rows(party(ledger, new))["usd"]) == expected
    assert len(rows(party(ledger, new))) <= 4
    assert sum(cents for cents, _ in found.institutions[2025].values()) == found.annual_total(2025)
    assert found.count + len(rows(party(ledger, new))) == (19 if both else 12)
    assert sum(out for _, out in found.flows.values()) == found.annual_total(2025)
    assert old not in ledger.state.parties


def test_a_late_payment_counts_in_the_total_though_it_is_folded_at_once():
    """34 days late and the smallest of all: gone from the rows, and in the year's total."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(4):
            ledger.pay(f"e{number}", later(days=34, seconds=number), "10")
        assert ledger.pay("late", later(days=0), "0.05").folded == 3
    assert 5 not in kept(ledger)
    assert year(ledger) == 4005
