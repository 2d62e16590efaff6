"""Reference rates that were believed and then corrected: what they touched is restated, and mutes nobody."""

from datetime import timedelta

import pytest

from detectors.books import restatement
from detectors.books.party import unpack
from detectors.contracts.events import Profile
from detectors.memory.state import PartitionState
from tests.support.ledger import START, Ledger, configuration, later
from tests.support.own_cpu import own_cpu
from tests.support.won_payments import alerts, minutes, paid, total

# -- the door of muting: what was taken back is no growth to be made up for --------------------------------------------

BLIND = {"jump": 10.0, "most": 1e6, "magnitude": 1e6, "typical": {}}


@pytest.mark.parametrize("wrong", [None, "0.014"])
def test_a_wrong_rate_that_was_believed_mutes_nobody(wrong):
    """Believed as the first, it makes 1 000 USD a hundred million; corrected, T02 fires where it would have anyway."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, wrong or "1400")
    found = [paid(ledger, "a", later(minutes=1), "1400000")]
    if wrong is not None:
        (alert,) = found[0].alerts
        assert alert.severity == "critical"
        assert ledger.rate(START, "1400").rate == "rate.corrected"
    minutes(ledger, 1, 3)
    assert total(ledger) == 100_000
    # 9 x 11 000 = 99 000 more are just the cap; the tenth crosses it
    found = [paid(ledger, f"b{each}", later(minutes=5 + each), "15400000") for each in range(10)]
    assert [len(one.alerts) for one in found] == [0] * 9 + [1]
    (alert,) = found[-1].alerts
    measured = {each.name: each.value for hit in alert.typologies for each in hit.measured}
    assert measured["annual_total"] == "111000.00"
    assert alert.status == ("raised" if wrong is None else "updated")


@pytest.mark.parametrize("back", ["0", "60000"])
def test_a_return_mutes_nobody(back):
    """120 000 alerted, 60 000 came back: the next crossing is news. Without the return 12 000 more are none."""
    ledger = Ledger()
    first = [ledger.pay(name, later(hours=hour), "60000") for hour, name in enumerate("ab")]
    assert len(alerts(first)) == 1
    if back != "0":
        ledger.pay("r", later(hours=3), back, status="cancelled", original_event_id="b")
    assert len(ledger.pay("c", later(hours=4), "45000" if back != "0" else "12000").alerts) == (back != "0")


@pytest.mark.parametrize(("more", "news"), [("32499", False), ("32500", True)])
def test_what_came_back_in_part_lowers_the_size_by_just_that(more, news):
    """160 000 alerted, 30 000 returned: 130 000 is what must grow by a quarter, to 162 500."""
    ledger = Ledger()
    first = [ledger.pay(name, later(hours=hour), "80000") for hour, name in enumerate("ab")]
    assert len(alerts(first)) == 1
    ledger.pay("r", later(hours=3), "30000", status="returned", original_event_id="b")
    (alerted,) = unpack(ledger.state.parties["k1.0a3.remitter"]).alerted
    assert alerted.size == 13_000_000
    assert bool(ledger.pay("c", later(hours=4), more).alerts) is news


@pytest.mark.parametrize(("beyond", "cents"), [(timedelta(0), 1_000_000), (timedelta(microseconds=1), 0)])
def test_a_correction_reaches_as_far_as_the_rate_did(beyond, cents):
    """26 hours to the microsecond, in which the market's direction keeps the other one out too."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "7000")
    paid(ledger, "a", later(hours=26) + beyond)
    assert ledger.rate(later(hours=26) + beyond, "0.00014", "KRW", "USD").rate == (None if beyond else "rate.direction")
    ledger.rate(START, "1400")
    assert total(ledger) == cents


# -- corrections ----------------------------------------------------------------------------------------------------


def corrected(*, right_from_the_start):
    """Two people pay by a wrong won rate, one in yen by way of the won, one has a return; then it is corrected."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "9.25", "JPY", "KRW")
    ledger.rate(START, "1400" if right_from_the_start else "7000")
    paid(ledger, "won", later(minutes=1), party="k1.001.won")
    paid(ledger, "yen", later(minutes=1), "123456", currency="JPY", party="k1.002.yen")
    paid(ledger, "back", later(minutes=2), party="k1.003.back")
    paid(ledger, "r", later(minutes=3), "3333333", party="k1.003.back", status="returned", original_event_id="back")
    paid(ledger, "usd", later(minutes=2), "70", currency="USD", party="k1.004.usd")
    paid(ledger, "other", later(hours=20), party="k1.005.other")
    paid(ledger, "stale", later(hours=27), party="k1.006.stale")
    ledger.rate(later(minutes=2), "1350")
    paid(ledger, "next", later(minutes=3), party="k1.007.next")
    ledger.rate(START, "1400")
    return ledger


def packed(ledger):
    return {token: unpack(record).payments for token, record in ledger.state.parties.items()}


def test_a_correction_restates_exactly_what_the_wrong_rate_touched():
    """Afterwards each payment counts as if the rate had been right; those of other rates are as before."""
    wrong, right = corrected(right_from_the_start=False), corrected(right_from_the_start=True)
    assert packed(wrong) == packed(right)
    assert wrong.state.counters["restated"] == 4  # won, yen, back, other
    assert right.state.counters["restated"] == right.state.counters["rates_corrected"] == 0
    assert (total(wrong, "k1.001.won"), total(wrong, "k1.007.next")) == (1_000_000, 1_037_037)
    assert wrong.state.restatement.waiting == {}
    assert wrong.state.restatement.corrections == []


@pytest.mark.parametrize(
    ("after", "cents"), [(1, 1_000_000), (63, 1_000_000), (64, 1_000_000), (4095, 1_000_000), (4096, 200_000)]
)
def test_rates_that_came_later_for_earlier_times_do_not_hide_the_one_used(after, cents):
    """An outage of the feed: the payment used a wrong rate, the feed caught up, then corrected it."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "7000")
    paid(ledger, "a", later(hours=25))
    for each in range(after):
        ledger.rate(START + timedelta(seconds=each + 1), "1400")
    ledger.rate(START, "1400")
    assert total(ledger) == cents


def test_a_party_is_restated_before_its_next_event_is_judged():
    """Whatever stands in front of it: 400 other parties wait, and its own payment finds the right total."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "140000")
    for number in range(400):
        paid(ledger, f"o{number}", later(minutes=1), party=f"k1.100.{number}")
    paid(ledger, "a", later(minutes=1), "126000000")
    ledger.rate(START, "1400")
    assert len(ledger.state.restatement.waiting) > 300
    (alert,) = paid(ledger, "b", later(minutes=2), "15400000").alerts
    assert {each.name: each.value for each in alert.typologies[0].measured}["annual_total"] == "101000.00"
    for minute in range(3, 30):
        ledger.rate(later(minutes=minute), "1400")
    assert {total(ledger, f"k1.100.{number}") for number in range(400)} == {1_000_000}


def test_a_save_in_the_middle_of_a_restatement_changes_nothing():
    """Corrections under way and who waits are part of the state; the end is the same, byte for byte."""
    one, two = Ledger(configuration(rates=BLIND)), Ledger(configuration(rates=BLIND))
    for ledger in (one, two):
        ledger.rate(START, "140000")
        for number in range(100):
            paid(ledger, f"o{number}", later(minutes=1), party=f"k1.100.{number}")
        ledger.rate(START, "1400")
        ledger.rate(later(minutes=1), "9.3", "JPY", "KRW")
        assert ledger.state.restatement.waiting
        if ledger is two:
            ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
        for minute in range(3, 12):
            ledger.rate(later(minutes=minute), "1400")
    assert one.state.restatement.waiting == {}
    assert one.state.freeze().digest() == two.state.freeze().digest()


def test_a_correction_that_comes_while_another_is_under_way_is_carried_out_too():
    """A party that was gone through already finds the newer one before its next event, the others after that."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "140000")
    ledger.rate(later(minutes=5), "140000")
    for number in range(100):
        for minute in (1, 6):
            paid(ledger, f"o{number}-{minute}", later(minutes=minute), party=f"k1.100.{number}")
    ledger.rate(START, "1400")
    assert "k1.100.0" not in ledger.state.restatement.waiting
    ledger.rate(later(minutes=5), "1400")
    assert ledger.state.restatement.again
    paid(ledger, "next", later(minutes=7), "0.01", party="k1.100.0")
    assert total(ledger, "k1.100.0") == 2_000_000
    minutes(ledger, 10, 22)
    assert not ledger.state.restatement.waiting
    assert {total(ledger, f"k1.100.{number}") for number in range(100)} == {2_000_000}


def test_payments_between_two_corrections_under_way_are_restated_by_the_second():
    """The first correction is of another minute and stands before them in the ledger."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "7000")
    ledger.rate(later(minutes=5), "7000")
    for number in range(100):
        paid(ledger, f"o{number}", later(minutes=1), party=f"k1.100.{number}")
    ledger.rate(START, "1400")
    paid(ledger, "between", later(minutes=6), party="k1.100.99")
    ledger.rate(later(minutes=5), "1400")
    minutes(ledger, 10, 22)
    assert total(ledger, "k1.100.99") == 2_000_000


def test_a_party_with_more_payments_than_a_step_takes_is_finished_by_the_next(monkeypatch):
    """Three a step: ten payments take four records, none is left out and none is looked at twice for ever."""
    monkeypatch.setattr(restatement, "MOST_ROWS", 3)
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "7000")
    for number in range(10):
        paid(ledger, f"o{number}", later(minutes=1), evidence="shown")
    totals = []
    for minute in (0, 2, 3, 4, 5):
        ledger.rate(later(minutes=minute), "1400")
        totals.append(total(ledger))
    assert totals == [4_400_000, 6_800_000, 9_200_000, 10_000_000, 10_000_000]
    assert not ledger.state.restatement.waiting


def test_of_two_currencies_without_convention_the_first_direction_stands():
    """Baht and yuan: whichever is quoted first is the pair's, until it is stale."""
    ledger = Ledger()
    assert ledger.rate(START, "4.8", "CNY", "THB").rate is None
    assert ledger.rate(later(hours=1), "0.2083", "THB", "CNY").rate == "rate.direction"
    assert ledger.rate(later(hours=27), "0.2083", "THB", "CNY").rate is None


def test_a_party_renamed_while_it_waits_is_restated_under_its_newer_name():
    """A profile of the overlap renames it; no payment of its own comes."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "140000")
    for number in range(200):
        paid(ledger, f"o{number}", later(minutes=1), party=f"k1.100.{number}")
    ledger.rate(START, "1400")
    profile = Profile(
        event_id="p",
        identity="0" * 32,
        body="1" * 32,
        party="k2.100.199",
        party_type="person",
        as_of=later(minutes=3),
        previous={"k2.100.199": "k1.100.199"},
    )
    ledger.put(profile, ledger.origin("fx.profiles.v1"))
    assert "k2.100.199" in ledger.state.restatement.waiting
    for minute in range(3, 20):
        ledger.rate(later(minutes=minute), "1400")
    assert total(ledger, "k2.100.199") == 1_000_000


def test_a_corrected_reference_takes_back_what_was_off_the_market_by_it():
    """Deals at 1 400 against a reference of 1 600 were off by 12.5 %; corrected, the next real one is news."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "1600")
    given = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1400"}
    assert len(alerts([ledger.pay(f"d{each}", later(minutes=1 + each), "50000", **given) for each in range(3)])) == 2
    before = [one.size for one in unpack(ledger.state.parties["k1.0a3.remitter"]).alerted]
    ledger.rate(START, "1400")
    ledger.rate(later(minutes=5), "1400")
    after = [one.size for one in unpack(ledger.state.parties["k1.0a3.remitter"]).alerted]
    assert (before, after) == ([1_250_000], [0])
    (alert,) = ledger.pay("e", later(minutes=6), "50000", **(given | {"deal_rate": "1344"})).alerts
    assert {each.name: each.value for each in alert.typologies[0].measured}["earlier_off_market_deals"] == 0


def test_no_number_of_corrections_or_parties_costs_more_than_milliseconds():
    """100 corrections of a rate that 3 000 parties used: each record's share is bounded, and none is given up.

    Before, the first 36 of them were, and 1 080 parties kept a hundredth of their totals.
    """
    ledger = Ledger(configuration(rates=BLIND))
    for each in range(100):
        ledger.rate(later(minutes=each), "140000")
    for number in range(3000):
        paid(ledger, f"o{number}", later(minutes=number % 100), party=f"k1.100.{number}")
    worst = 0.0
    for each in range(100):
        with own_cpu() as used:
            ledger.rate(later(minutes=each), "1400")
        worst = max(worst, used.seconds)
    assert worst < 0.02
    restored = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert restored.restatement.corrections == ledger.state.restatement.corrections
    minutes(ledger, 100, 500)
    assert not ledger.state.restatement.waiting
    assert {total(ledger, f"k1.100.{number}") for number in range(3000)} == {1_000_000}


@pytest.mark.parametrize("others", [["EUR/USD"], [f"{base}/USD" for base in ("EUR", "GBP", "AUD", "NZD")]])
def test_a_flood_of_corrections_of_other_pairs_takes_back_none(others):
    """A feed corrects the rate of 2 000 people's payments; another corrects 100 rates of its own at the same moment."""
    ledger = Ledger(configuration(rates=BLIND))
    ledger.rate(START, "140000")
    for each in range(100):
        for pair in others:
            ledger.rate(later(seconds=each), "1.1", *pair.split("/"))
    for number in range(2000):
        paid(ledger, f"o{number}", later(minutes=2), party=f"k1.100.{number}")
    for number in range(20):
        ledger.pay(f"d{number}", later(minutes=2), "100", party=f"k1.200.{number}", currency="EUR", channel="branch")
    ledger.rate(START, "1400")
    for each in range(100):
        for pair in others:
            ledger.rate(later(seconds=each), "1.1001", *pair.split("/"))
    minutes(ledger, 3, 300)
    assert not ledger.state.restatement.waiting
    assert {total(ledger, f"k1.100.{number}") for number in range(2000)} == {1_000_000}
    assert {total(ledger, f"k1.200.{number}") for number in range(20)} == {11_001}
