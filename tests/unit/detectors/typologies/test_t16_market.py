"""T16's market: a channel's own spread, and the deals of other institutions where the reference is old."""

import pytest

from detectors.contracts.alert import Measured
from detectors.typologies.t16_market import HOUR_S, LEAST_OTHERS, MARKET, MOST_INSTITUTIONS, MOST_MARKETS
from detectors.typologies.t16_off_market_rate import OffMarketRate
from tests.support.deals import NOW, context_of, deal_of
from tests.support.ledger import Ledger, later

ALL_DEARER = "1456"


def deal(ledger: Ledger, name: str, hour: float, rate: str = ALL_DEARER, **fields: str):
    """A documented purchase of 50 000 US dollars by a party of its own; the reference of 1 400 is of the hour 0."""
    given = {"party": f"k1.002.{name}", "settled_currency": "KRW", "deal_rate": rate, "evidence": "shown"} | fields
    return ledger.pay(name, later(hours=hour), "50000", **given)


def fires(outputs) -> bool:
    return any(hit.id == "T16" for alert in outputs.alerts for hit in alert.typologies)


def measured(outputs) -> dict:
    """What the rule measured."""
    (hit,) = [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T16"]
    return {each.name: each.value for each in hit.measured}


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger()
    made.rate(later(hours=0), "1400")
    return made


def others(ledger: Ledger, hour: float, rates: list[str], **fields: str) -> None:
    """Deals of so many other institutions, a minute from each other."""
    for number, rate in enumerate(rates):
        deal(ledger, f"o{hour}-{number}", hour + number / 60, rate, institution=f"OTHER{number}", **fields)


def test_a_market_that_moved_since_the_reference_is_no_deal_of_one_party(ledger):
    """Six hours later three others deal 4 % higher too: a deal at 4 % is as the market is, and one at 10 % is not."""
    others(ledger, 6, [ALL_DEARER] * 3)
    assert not fires(deal(ledger, "same", 6.5, ALL_DEARER))
    assert fires(deal(ledger, "beyond", 6.6, "1540"))


def test_the_others_are_shown_with_the_finding(ledger):
    """Their number and their median from the reference, in both languages."""
    others(ledger, 6, ["1442", "1442", "1456"])
    outputs = deal(ledger, "beyond", 6.5, "1484")
    values = measured(outputs)
    assert (values["deviation"], values["others_deviation"], values["other_institutions"]) == (600.0, 300.0, 3)
    (reason,) = [each for alert in outputs.alerts for each in alert.reasons if "deal rate" in each.text_en]
    assert "By the same channel 3 other institutions dealt +300 bp from the reference (median of an hour)." in (
        reason.text_en
    )
    assert "같은 경로로 다른 금융기관 3곳이 직전 1시간 동안 거래한 환율의 괴리는 중앙값 +300bp입니다." in reason.text_ko


@pytest.mark.parametrize(
    ("number", "hour", "fields", "silent"),
    [
        (LEAST_OTHERS, 6.5, {}, True),
        (LEAST_OTHERS - 1, 6.5, {}, False),
        (LEAST_OTHERS, 7.1, {}, False),
        (LEAST_OTHERS, 6.5, {"channel": "exchanger"}, False),
        (LEAST_OTHERS, 6.5, {"direction": "in"}, False),
        (LEAST_OTHERS, 6.5, {"institution": "OTHER0"}, False),
    ],
    ids=["three others", "two others", "after an hour", "another channel", "another direction", "own word"],
)
def test_what_makes_a_market(ledger, number, hour, fields, silent):
    """At least three other institutions within the hour before, in the same direction and channel."""
    others(ledger, 6, [ALL_DEARER] * number)
    assert fires(deal(ledger, "own", hour, **fields)) is not silent


def test_beside_a_fresh_reference_nobody_else_has_a_word(ledger):
    """Within an hour of the reference three dear institutions make no dear deal usual."""
    others(ledger, 0.5, [ALL_DEARER] * 3)
    assert fires(deal(ledger, "own", 0.9))
    assert not fires(deal(ledger, "own2", 1.1))


def test_one_liar_moves_no_median(ledger):
    """Of three others one says 40 %: the median is what the other two say."""
    others(ledger, 6, ["1401", "1960", "1402"])
    assert measured(deal(ledger, "own", 6.5))["others_deviation"] == pytest.approx(14.29)


def test_made_up_institutions_have_one_word_together():
    """Those without a share of their own, beyond 64 names, are one institution."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    for number in range(64):
        deal(made, f"b{number}", 1 + number / 100, "1401", institution=f"B{number}")
    for number in range(40):
        deal(made, f"f{number}", 6 + number / 100, ALL_DEARER, institution=f"FAKE{number}")
    assert fires(deal(made, "own", 6.5, institution="B1"))


def test_a_deal_on_the_other_side_of_the_market_is_off_it_on_the_references_side_only(ledger):
    """The market fell 3 %; a deal 4 % below is near it, one 5 % above the reference is far from both."""
    others(ledger, 6, ["1358"] * 3)
    assert not fires(deal(ledger, "near", 6.5, "1344"))
    assert fires(deal(ledger, "above", 6.6, "1470"))


def test_the_counterfactual_is_the_edge_of_the_market(ledger):
    """As far from the market's 3 % as the limit allows the rule is silent, and the alert says so."""
    others(ledger, 6, ["1442"] * 3)
    outputs = deal(ledger, "own", 6.5, "1540")
    edge = 300 + measured(outputs)["limit_in_force"]
    changes = [each for each in outputs.alerts[0].counterfactual if "deal rate" in each.change]
    assert [each.would_alert for each in changes] == [False]
    assert f"({edge:+.0f} bp)" in changes[0].change
    assert f"{1400 * (1 + edge / 10_000):.6g}"[:5] in changes[0].change


def test_a_late_deal_is_no_word_of_the_market_now(ledger):
    """An institution's newest deal stands; one of an earlier time that comes later does not."""
    others(ledger, 6, ["1401"] * 3)
    others(ledger, 5.9, [ALL_DEARER] * 3)
    assert measured(deal(ledger, "own", 6.5))["others_deviation"] == pytest.approx(7.14)


def test_a_channel_has_a_spread_of_its_own(ledger):
    """Counters that deal 2 % off widen the limit of counters; a transfer at 4 % is still an alert."""
    for number in range(200):
        name, bank = f"c{number}", f"B{number % 10}"
        deal(ledger, name, 1 + number / 1000, "1428", channel="exchanger", institution=bank)
        deal(ledger, f"t{number}", 1 + number / 1000, "1401", institution=bank)
    assert not fires(deal(ledger, "counter", 1.5, channel="exchanger", institution="B1"))
    outputs = deal(ledger, "transfer", 1.5, institution="B1")
    assert measured(outputs)["limit_in_force"] == 150.0
    known = ledger.state.typologies["T16"]
    assert known["USD/KRW app"][1] < known["USD/KRW"][1] < known["USD/KRW exchanger"][1]
    texts = [each for alert in outputs.alerts for each in alert.reasons]
    assert any("of the pair's deals by app (learned from" in each.text_en for each in texts)
    assert any("해당 통화쌍의 모바일 거래의 통상 괴리 폭" in each.text_ko for each in texts)


def test_a_new_channel_begins_at_the_pairs_spread(ledger):
    """Before its first deal it has none, and the first one moves it from there."""
    for number in range(40):
        deal(ledger, f"t{number}", 1 + number / 1000, "1407", institution=f"B{number % 10}")
    known = ledger.state.typologies["T16"]
    before = known["USD/KRW"][1]
    deal(ledger, "first", 1.5, "1407", channel="branch", institution="B1")
    assert known["USD/KRW branch"] == [21.0, pytest.approx(before + (5_000 - before) / 21)]


def test_places_are_bounded(ledger):
    """Of an institution one deal, of a market the newest eight; of markets those of the hour when places are short."""
    others(ledger, 6, ["1401"] * (MOST_INSTITUTIONS + 4))
    markets = ledger.state.typologies[MARKET]
    kept = markets["USD/KRW out app"]
    assert len(kept) == 3 * MOST_INSTITUTIONS
    newest = max(kept[2::3])
    assert min(kept[2::3]) == newest - 60 * (MOST_INSTITUTIONS - 1)
    now = newest - 60 * (MOST_INSTITUTIONS + 3) + HOUR_S
    for number in range(MOST_MARKETS):
        markets.setdefault(f"X{number}/KRW out app", [1.0, 1.0, now - HOUR_S - (number > 0)])
    deal(ledger, "more", 7, channel="branch")
    # what is an hour old to the second stays, with what is younger
    assert set(markets) == {"USD/KRW out app", "X0/KRW out app", "USD/KRW out branch"}
    for number in range(MOST_MARKETS):
        markets.setdefault(f"Y{number}/KRW out app", [1.0, 1.0, newest + HOUR_S])
    full = len(markets)
    deal(ledger, "none", 7.1, channel="web")
    assert len(markets) <= full
    assert "USD/KRW out web" not in markets


RULE = OffMarketRate()


def beside(market: int, deviation: int):
    """A deal so far off where three others are `market` hundredths of a bp off; the limit is 150 bp."""
    words = [part for bank in (1.0, 2.0, 3.0) for part in (bank, float(market), float(NOW // 1_000_000))]
    return context_of(deal=deal_of(deviation), shared={MARKET: {"USD/KRW out app": words}})


@pytest.mark.parametrize(
    ("market", "deviation", "found"),
    [
        (30_000, 45_000, False),
        (30_000, 45_001, True),
        (-30_000, -45_000, False),
        (-30_000, -45_001, True),
        (-30_000, 15_001, True),
        (30_000, -15_001, True),
        (30_000, 15_001, False),
        (-30_000, -15_001, False),
    ],
)
def test_the_edge_is_the_limit_from_the_market_to_the_hundredth(market: int, deviation: int, found: bool) -> None:
    """On either side of the reference; on the other side of it than the market the reference's own limit counts."""
    assert (RULE.evaluate(beside(market, deviation)) is not None) is found


@pytest.mark.parametrize(
    ("market", "deviation", "edge", "said"),
    [
        (30_000, 50_000, 45_000, "or less (+450 bp)"),
        (-30_000, -50_000, -45_000, "or more (-450 bp)"),
        (-30_000, 50_000, 15_000, "or less (+150 bp)"),
        (30_000, -50_000, -15_000, "or more (-150 bp)"),
    ],
)
def test_the_nearest_rate_that_is_no_finding(market: int, deviation: int, edge: int, said: str) -> None:
    """As far from the market as the limit allows where it moved the same way, else from the reference."""
    context = beside(market, deviation)
    finding = RULE.evaluate(context)
    assert finding is not None
    (change,) = RULE.changes(context, finding)
    assert change.context.deal is not None
    assert change.context.deal.deviation == edge
    assert said in change.text_en
    assert RULE.evaluate(change.context) is None


def test_what_is_measured_of_the_others() -> None:
    """Their median in bp to the hundredth, and how many they are."""
    finding = RULE.evaluate(beside(12_345, 50_000))
    assert finding is not None
    assert finding.measured[-2:] == (
        Measured(name="others_deviation", value=123.45, unit="bp"),
        Measured(name="other_institutions", value=3, unit="count"),
    )
