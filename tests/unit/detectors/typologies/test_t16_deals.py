"""Deals off the market in a party's slot: which are kept, and which of them repeat, as their payments are now."""

import msgspec

from detectors.typologies.t16_deals import MOST_DEALS, Repeat, by_institution, largest, moved_by, repeats_of
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import LARGEST_CENTS
from tests.support.deals import NOW, away, context_of, kept, row

DAY_AGO, TWO_DAYS_AGO = NOW - DAY_US, NOW - 2 * DAY_US


def test_fifty_deals_are_kept_and_those_that_moved_most():
    """The one that moved least goes, of equal ones the oldest; the others stay in their order."""
    deals = [away(1.0, number, 1_000 + (number not in {7, 9})) for number in range(MOST_DEALS + 1)]
    assert [one.offset for one in largest(list(deals))] == [n for n in range(MOST_DEALS + 1) if n != 7]
    assert largest(deals[:-1]) == deals[:-1]
    assert MOST_DEALS == 50


def test_each_sender_has_its_share_of_the_deals_that_are_kept():
    """Of the sender that has most the one that moved least goes, however little the others' moved."""
    large = [away(1.0, 100 + number, 5_000 - number, sender=7) for number in range(MOST_DEALS - 1)]
    small = [away(1.0, 10 + number, 1, sender=8) for number in range(2)]
    assert largest([*small, *large]) == [*small, *large[:-1]]


def test_what_a_gap_moves_is_a_share_of_the_amount_either_way():
    """4 % of 50 000 USD; half a cent goes to the even one; at most what 64 bits hold."""
    assert moved_by(5_000_000, 40_000) == moved_by(5_000_000, -40_000) == 200_000
    assert (moved_by(5, 100_000), moved_by(15, 100_000)) == (0, 2)
    assert moved_by(LARGEST_CENTS, 2_000_000) == LARGEST_CENTS


def test_a_deal_is_where_and_when_its_payment_counts_now():
    """Settled at another ledger position and bank, or told to be earlier; one without a row is where it was kept."""
    settled = row(7, time=DAY_AGO, institution=2)
    settled.event = 1
    earlier = row(8, time=TWO_DAYS_AGO)
    earlier.event = 2
    deals = [away(1.0, 1), away(0.5, 2), away(1.0, 3)]
    context = context_of(rows=kept(settled, earlier, row(10)))
    found = repeats_of(context, deals, DAY_AGO - 1)
    assert found == [Repeat(deals[0], 7, "BANKB"), Repeat(deals[2], 3, None)]
    assert repeats_of(context, deals, TWO_DAYS_AGO - 1)[1] == Repeat(deals[1], 8, "BANKA")
    assert repeats_of(context, deals, DAY_AGO) == []


def test_payments_of_numbers_next_to_each_other_are_told_apart():
    """Numbers of 64 bits, which differ in the last one."""
    other = row(7, time=TWO_DAYS_AGO, institution=2)
    other.event = 2**60 + 1
    deal = msgspec.structs.replace(away(1.0, 1), event=2**60)
    assert repeats_of(context_of(rows=kept(other)), [deal], DAY_AGO - 1) == [Repeat(deal, 1, None)]
    assert repeats_of(context_of(rows=kept(other)), [deal, msgspec.structs.replace(deal, event=2**60 + 1)], 0) == [
        Repeat(deal, 1, None),
        Repeat(msgspec.structs.replace(deal, event=2**60 + 1), 7, "BANKB"),
    ]


def test_the_payment_at_hand_and_later_ones_are_no_repetition():
    """The same first event, whatever its ledger position; the same moment is no later."""
    settled = row(12)
    settled.event = 10
    deals = [away(0.0, 10), away(-0.01, 4), away(0.0, 5)]
    found = repeats_of(context_of(payment=settled, rows=kept(settled)), deals, TWO_DAYS_AGO)
    assert found == [Repeat(deals[2], 5, None)]


def test_value_moved_is_summed_by_institution():
    """A deal without a row is nobody's."""
    deals = [Repeat(away(1.0, 1, 10), 1, "A"), Repeat(away(1.0, 2, 5), 2, "A"), Repeat(away(1.0, 3, 7), 3, None)]
    assert by_institution([*deals, Repeat(away(1.0, 4, 3), 4, "B")]) == {"A": 15, "B": 3}
    assert by_institution([]) == {}
