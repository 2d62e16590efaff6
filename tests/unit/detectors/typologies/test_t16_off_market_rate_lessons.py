"""T16 by hand: what deals teach the pair and the party, and what becomes of them when amounts or rates change."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books.party import token_number
from detectors.contracts.configuration import Limit
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Context, Past
from detectors.typologies.t16_off_market_rate import MOST_TEACHERS, OffMarketRate
from detectors.values.money import Ratio
from tests.support.deals import DEFAULTS, NOW, ORDINAL, TODAY, away, context_of, deal_of, kept, limits_of, row
from tests.support.ledger import payment

RULE = OffMarketRate()
# whose share the deals of `context_of` take
SENDER_NUMBER = token_number("BANKA")


def learned(context: Context):
    """(days, deals) of the party after a deal."""
    RULE.learn(context)
    days, deals = msgspec.msgpack.decode(context.slots["T16"])
    return days, [tuple(one) for one in deals]


def test_a_deal_within_the_limit_is_counted_and_one_beyond_is_kept():
    """Count and sum of the local day; what was off the market with its time, place, value, pair and rate."""
    assert learned(context_of(deal=deal_of(15_000))) == ({ORDINAL: [1, 15_000]}, [])
    days, deals = learned(context_of(days={ORDINAL: (2, 100)}, deals=[away(1.0, 3)]))
    assert days == {ORDINAL: [3, 40_100]}
    assert deals == [
        tuple(msgspec.structs.astuple(away(1.0, 3))),
        (NOW, 10, 10, 200_000, "USD/KRW", "1456", SENDER_NUMBER),
    ]
    context = context_of(transaction=payment("x", None, "1"))
    assert learned(context)[1][0][5] == ""


@pytest.mark.parametrize(
    ("changes"), [{"deal": None}, {"payment": row(10, 99_999)}, {"rulebook": limits_of(amount_min=None)}]
)
def test_what_can_never_alert_teaches_nothing(changes):
    """No deal, under the least amount, or without one: neither party nor partition changes."""
    context = context_of(**changes)
    RULE.learn(context)
    assert (context.slots, context.shared) == ({}, {})
    enough = context_of(payment=row(10, 100_000))
    RULE.learn(enough)
    assert "T16" in enough.slots


def test_daily_sums_are_kept_for_seventy_days():
    """Counted from the newest, in order; a late deal does not bring back what is gone."""
    days = {ORDINAL - 70: (1, 1), ORDINAL - 69: (2, 2), ORDINAL - 1: (3, 3)}
    assert learned(context_of(days=days))[0] == {ORDINAL - 69: [2, 2], ORDINAL - 1: [3, 3], ORDINAL: [1, 40_000]}
    late = context_of(days={ORDINAL + 70: (1, 1)})
    assert learned(late)[0] == {ORDINAL + 70: [1, 1]}
    late = context_of(days={ORDINAL + 69: (1, 1)})
    assert learned(late)[0] == {ORDINAL: [1, 40_000], ORDINAL + 69: [1, 1]}


def test_a_fifty_first_deal_takes_the_place_of_the_smallest():
    """The one that moved least of fifty."""
    deals = [away(1.0, 100 + number, 1_000 - (number == 3)) for number in range(50)]
    _, kept_deals = learned(context_of(deals=deals))
    assert [one[1] for one in kept_deals] == [*(100 + n for n in range(50) if n != 3), 10]


def spread_after(context: Context) -> list[float]:
    RULE.learn(context)
    return context.shared["T16"]["USD/KRW"]


def test_a_deal_moves_the_normal_spread_by_a_bounded_step():
    """From 30 bp, which counts as twenty deals: 1/21 of the way, clipped at three spreads, on either side alike."""
    assert spread_after(context_of(deal=deal_of(1_000))) == [21.0, pytest.approx(3_000 - 2_000 / 21)]
    assert spread_after(context_of(deal=deal_of(-6_000))) == [21.0, pytest.approx(3_000 + 3_000 / 21)]
    for deviation in (9_000, 9_001, 900_000):
        assert spread_after(context_of(deal=deal_of(deviation))) == [21.0, pytest.approx(3_000 + 6_000 / 21)]
    old = {"T16": {"USD/KRW": [9_000.0, 2_000.0]}}
    assert spread_after(context_of(deal=deal_of(3_000), shared=old)) == [9_001.0, pytest.approx(2_000 + 2)]
    edge = {"T16": {"USD/KRW": [399.0, 2_000.0]}}
    assert spread_after(context_of(deal=deal_of(3_000), shared=edge)) == [400.0, pytest.approx(2_000 + 2.5)]


def test_a_party_teaches_once_a_day():
    """Its second deal of the day counts in its own sums alone."""
    again = context_of(days={ORDINAL: (1, 100)})
    RULE.learn(again)
    assert again.shared == {}
    yesterday = context_of(days={ORDINAL - 1: (1, 100)})
    assert spread_after(yesterday)[0] == 21.0


def test_who_taught_what_is_counted_by_day():
    """Pair and institution, and how many pairs each; a new day forgets, a late one is of the day that is open."""
    context = context_of()
    RULE.learn(context)
    taught = {"": [float(ORDINAL)], " BANKA": [1.0], "USD/KRW BANKA": [1.0]}
    assert context.shared["T16 taught"] == taught
    for day in (TODAY, TODAY - timedelta(days=1)):
        RULE.learn(context_of(shared=context.shared, day=day))
    assert context.shared["T16 taught"] == taught | {"USD/KRW BANKA": [3.0]}
    RULE.learn(context_of(shared=context.shared, deal=deal_of(pair="EUR/KRW"), sender="BANKB"))
    assert context.shared["T16 taught"] == taught | {
        "USD/KRW BANKA": [3.0],
        " BANKB": [1.0],
        "EUR/KRW BANKB": [1.0],
    }
    RULE.learn(context_of(shared=context.shared, day=TODAY + timedelta(days=1)))
    assert context.shared["T16 taught"] == taught | {"": [ORDINAL + 1.0]}


@pytest.mark.parametrize(
    ("taught", "teaches", "after"),
    [
        ({"USD/KRW BANKA": [49.0], " BANKA": [1.0]}, True, [50.0]),
        ({"USD/KRW BANKA": [50.0], " BANKA": [1.0]}, False, [51.0]),
        ({" BANKA": [63.0]}, True, [1.0]),
        ({" BANKA": [64.0]}, False, None),
        ({f"p{number}": [1.0] for number in range(MOST_TEACHERS - 2)}, True, [1.0]),
        ({f"p{number}": [1.0] for number in range(MOST_TEACHERS - 1)}, False, None),
    ],
)
def test_lessons_of_a_day_are_bounded(taught, teaches, after):
    """Fifty deals of an institution and pair, 64 pairs of it, 16 384 places of all; nothing more is kept."""
    shared = {"T16 taught": {"": [float(ORDINAL)]} | taught}
    context = context_of(shared=shared)
    RULE.learn(context)
    assert ("T16" in context.shared) == teaches
    assert context.shared["T16 taught"].get("USD/KRW BANKA") == after
    if after == [1.0] and " BANKA" in taught:
        assert context.shared["T16 taught"][" BANKA"] == [64.0]


# -- what changes after the fact -----------------------------------------------------------------------------------


MARKET = Ratio(1400, 1)


def past(deals, usd: dict[int, int], reference: Ratio | None = MARKET, rulebook: Rulebook | None = None) -> Past:
    """A party's deals, with what their payments are now and the rate that they are compared with now."""
    context = context_of(days={ORDINAL: (3, 7)}, deals=deals)

    def told(pair: str, time_us: int, offset: int) -> Ratio | None:
        assert (pair, time_us, offset) in {(one.pair, one.time_us, one.offset) for one in deals}
        return reference

    rows = kept(*(row(offset, cents) for offset, cents in usd.items()))
    return Past(rows, [""], ZoneInfo("Asia/Seoul"), rulebook or limits_of(), context.slots, None, told)


def after(made: Past) -> list[tuple[int, int]]:
    """(ledger position, cents moved) of the deals that are left."""
    RULE.restate(made)
    days, deals = msgspec.msgpack.decode(made.slots["T16"])
    assert days == {ORDINAL: [3, 7]}
    return [(one[1], one[3]) for one in deals]


def test_deals_move_what_they_move_by_the_amounts_and_rates_of_now():
    """Half the amount, half the value; a reference of 1 428 leaves 28 of 56 won; within the limit it is none."""
    deals = [away(1.0, 1, 200_000), away(1.0, 2, 200_000), away(1.0, 3, 200_000)]
    assert after(past(deals, {1: 5_000_000, 2: 2_500_000, 3: 0})) == [(1, 200_000), (2, 100_000)]
    # 1 456 over 1 428 is 19 608 hundredths of a basis point
    assert after(past(deals[:1], {1: 5_000_000}, Ratio(1428, 1))) == [(1, 98_040)]
    assert after(past(deals[:1], {1: 5_000_000}, Ratio(1600, 1))) == [(1, 450_000)]


@pytest.mark.parametrize(
    ("rate", "left"), [("1421", []), ("1421.0014", [(1, 75_005)]), ("1379", []), ("1378.9986", [(1, 75_005)])]
)
def test_a_deal_at_the_limit_is_off_the_market_no_more(rate, left):
    """150 bp on either side, and a hundredth of a basis point more; the least deviation alone is asked."""
    assert after(past([away(1.0, 1, rate=rate)], {1: 5_000_000})) == left


def test_what_is_not_known_leaves_a_deal_as_it_was():
    """Its payment is kept no more, or its reference, or it was learned without its rate; one taken back goes."""
    deals = [away(1.0, 1, 123)]
    assert after(past(deals, {9: 5_000_000})) == [(1, 123)]
    for made in (past(deals, {1: 7}, None), past([away(1.0, 1, 123, rate="")], {1: 7})):
        assert after(made) == [(1, 123)]
    for made in (past(deals, {1: 0}, None), past([away(1.0, 1, 123, rate="")], {1: 0})):
        assert after(made) == []


def test_the_limit_is_that_of_the_deals_own_local_day():
    """One that came into force on the day of the deal, in Seoul; before any limit a deal stays as it was."""
    day = TODAY - timedelta(days=1)
    limits = (Limit(name="deviation_min", value="500", unit="bp", effective_from=day, provenance="D"),)
    rules = DEFAULTS.rules | {"T16": msgspec.structs.replace(DEFAULTS.rules["T16"], limits=limits)}
    rulebook = Rulebook(msgspec.structs.replace(DEFAULTS, rules=rules))
    # midnight of that day is 10 hours and a day before now, 10:00 in Seoul
    for hours, left in ((34.0, []), (34.01, [(1, 100_000)])):
        assert after(past([away(hours / 24, 1)], {1: 5_000_000}, rulebook=rulebook)) == left


def test_a_party_without_deals_off_the_market_is_left_alone():
    """Not a byte of its slot changes."""
    made = past([], {1: 5_000_000})
    before = dict(made.slots)
    RULE.restate(made)
    assert made.slots == before
    empty = made._replace(slots={})
    RULE.restate(empty)
    assert empty.slots == {}


def test_what_stands_up_to_a_time_is_the_value_of_all_deals_until_then():
    """That very moment included, whatever the series."""
    made = past([away(2.0, 1, 100), away(1.0, 2, 50, pair="EUR/KRW"), away(0.0, 3, 7)], {})
    day = round((NOW - away(1.0, 1).time_us) / 1)
    assert [RULE.standing(made, "USD/KRW above", NOW - ago) for ago in (2 * day + 1, 2 * day, day, 1, 0)] == [
        0,
        100,
        150,
        150,
        157,
    ]
    assert RULE.standing(made._replace(slots={}), "x", NOW) == 0
