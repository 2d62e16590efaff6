"""T16: deals away from the market rate."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.contracts.alert import Alert, TypologyHit
from detectors.contracts.limits import Rulebook
from detectors.typologies.t16_deals import Away
from detectors.typologies.t16_off_market_rate import MOST_PAIRS, OffMarketRate, _may_teach
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import Ledger, configuration, later


def deal(ledger: Ledger, name: str, hour: float, rate: str, amount: str = "50000", **fields):
    """A documented purchase of US dollars against won at a rate; the reference is 1 400."""
    return ledger.pay(
        name, later(hours=hour), amount, evidence="shown", settled_currency="KRW", deal_rate=rate, **fields
    )


@pytest.fixture
def ledger() -> Ledger:
    """A ledger with a reference rate of 1 400 won to the dollar."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    return made


@pytest.mark.parametrize(("rate", "fires"), [("1421", False), ("1421.1", True), ("1379", False), ("1378.9", True)])
def test_the_limit_is_one_and_a_half_percent_either_side(ledger, rate, fires):
    """150 bp exactly is still within; a little more is not."""
    assert bool(deal(ledger, "a", 1, rate).alerts) == fires


def test_it_shows_deviation_and_value_moved(ledger):
    """4 % on 50 000 USD moves 2 000 USD, which is the amount at risk."""
    alert = deal(ledger, "a", 1, "1456").alerts[0]
    values = {each.name: each.value for each in alert.typologies[0].measured}
    assert values["deviation"] == 400.0
    assert values["value_moved"] == "2000.00"
    assert alert.amount_usd == "2000.00"
    assert "gave up 2,000.00 USD" in alert.reasons[0].text_en


@pytest.mark.parametrize(("amount", "fires"), [("999.99", False), ("1000", True)])
def test_small_deals_are_left_alone(ledger, amount, fires):
    """Under 1 000 USD nothing is said, by default."""
    assert bool(deal(ledger, "a", 1, "1456", amount).alerts) == fires


def test_without_a_fresh_reference_nothing_is_said(ledger):
    """27 hours after the last rate the deal cannot be judged; it is not compared with 1.0 or with an old rate."""
    outputs = deal(ledger, "a", 27, "1456")
    assert not outputs.alerts


def test_a_pair_with_wide_spreads_gets_a_wider_limit(ledger):
    """After many deals of ten banks 100 bp off, 5 x the normal spread is 500 bp: a deal 400 bp off is no news."""
    for number in range(300):
        deal(ledger, f"n{number}", 1 + number / 100, "1414", party=f"k1.002.p{number}", institution=f"B{number % 10}")
    assert not deal(ledger, "a", 5, "1456").alerts


def test_repeated_deals_alert_again_only_when_the_value_moved_has_doubled(ledger):
    """The second equal deal doubles it; the third does not, the fourth does."""
    outputs = [deal(ledger, f"e{n}", 1 + n, "1456") for n in range(4)]
    assert [[alert.status for alert in each.alerts] for each in outputs] == [["raised"], ["updated"], [], ["updated"]]
    assert outputs[3].alerts[0].typologies[0].strength > outputs[0].alerts[0].typologies[0].strength
    assert len(outputs[3].alerts[0].evidence) == 4


def test_the_counterfactual_rate_is_the_edge_of_the_limit(ledger):
    """At 1 421 won the rule is silent, and the alert says so."""
    (change,) = deal(ledger, "a", 1, "1456").alerts[0].counterfactual
    assert "1421" in change.change
    assert not change.would_alert


def taught(amount: str, deviation: float, deals: int, party=lambda number: f"k1.002.p{number}", **fields) -> Ledger:
    """A ledger in which `deals` deals that far off (0.2 = 20 %) were made within a day, each by a party of its own."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    for number in range(deals):
        rate = f"{1400 * (1 + deviation):.2f}"
        deal(made, f"n{number}", 1 + number / 100, rate, amount, **({"party": party(number)} | fields))
    return made


def t16(alert: Alert) -> TypologyHit:
    """What the alert says of the rate; T13 may say that the amount is far beyond what is usual."""
    return next(hit for hit in alert.typologies if hit.id == "T16")


def spread(made: Ledger) -> float:
    """The pair's normal spread as learned, in bp, before the cap."""
    return made.state.typologies.get("T16", {}).get("USD/KRW", [0, 3000.0])[1] / 100


def test_deals_of_one_dollar_teach_nothing():
    """700 of them at 20 % off left a limit of 300 % before; now a million at 20 % off raises as on the first day."""
    attacked = taught("1", 0.20, 700)
    assert spread(attacked) == 30.0
    (alert,) = deal(attacked, "a", 9, "1680", "1000000").alerts
    values = {each.name: each.value for each in t16(alert).measured}
    assert (values["deviation"], values["limit_in_force"]) == (2000.0, 150.0)


def test_no_lesson_raises_the_limit_beyond_its_cap():
    """Deals that could alert, of 700 parties and 14 institutions, 20 % off: the limit ends at 5 times 200 bp."""
    attacked = Ledger()
    attacked.rate(later(hours=0), "1400")
    for number in range(700):
        deal(
            attacked,
            f"n{number}",
            1 + number / 100,
            "1680",
            "1000",
            party=f"k1.002.p{number}",
            institution=f"BANK{number % 14}",
        )
    assert spread(attacked) > 200
    (alert,) = deal(attacked, "a", 9, "1680", "1000000").alerts
    values = {each.name: each.value for each in t16(alert).measured}
    assert values["limit_in_force"] == 1000.0
    assert [each.value for each in t16(alert).limits if each.name == "spread_cap"] == [200.0]
    below = deal(attacked, "b", 9, "1539", "1000000")
    assert not [hit for alert in below.alerts for hit in alert.typologies if hit.id == "T16"]


@pytest.mark.parametrize(("deals", "learned"), [(49, 49), (50, 50), (51, 50), (300, 50)])
def test_one_institution_teaches_fifty_deals_a_day(deals, learned):
    """The 51st of a local day teaches nothing; another institution's first does, and so does the next day's."""
    made = taught("50000", 0.01, deals)
    seen = made.state.typologies["T16"]["USD/KRW"]
    assert seen[0] - 20 == learned
    deal(made, "other", 8, "1414", party="k1.003.x", institution="BANKB")
    assert seen[0] - 20 == learned + 1
    made.rate(later(hours=25), "1400")
    deal(made, "next", 26, "1414", party="k1.003.y")
    assert seen[0] - 20 == learned + 2


@pytest.mark.parametrize(("names", "learned"), [(1, 50), (400, 64 + 50)])
def test_made_up_institutions_teach_no_more_than_one(names, learned):
    """400 deals of so many names: those of the first 64 count, which have shares, and fifty of all the others."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    for number in range(400):
        deal(made, f"n{number}", 1 + number / 100, "1414", party=f"k1.002.p{number}", institution=f"F{number % names}")
    assert made.state.typologies["T16"]["USD/KRW"][0] - 20 == learned


@pytest.mark.parametrize("flood", [0, 200])
def test_no_flood_of_pairs_keeps_another_institution_from_teaching(flood):
    """A sender's deals in 200 pairs a day take 64 places, its own; another one's first deal still teaches."""
    made = Ledger()
    made.rate(later(hours=0), "1400")
    deal(made, "first", 1, "1414", party="k1.002.x", institution="FLOODKR")
    teachers = made.state.typologies["T16 taught"]
    context = SimpleNamespace(shared=made.state.typologies, sender="FLOODKR")
    allowed = [_may_teach(context, SimpleNamespace(pair=f"A{n}/B"), int(teachers[""][0])) for n in range(flood)]
    assert sum(allowed) == min(flood, MOST_PAIRS - 1)
    before = spread(made)
    deal(made, "other", 2, "1428", party="k1.002.y", institution="BANKB")
    assert spread(made) != before


@pytest.mark.parametrize("small", [0, 60])
def test_small_deals_off_the_market_make_no_large_ones_forgotten(small):
    """Twelve deals alert at 1, 2, 4 and 8; the 16th is due, also where another bank made 60 small ones meanwhile.

    Those are news by themselves as any bank's are, each time that they have doubled, and change nothing for the others.
    What was forgotten was no longer part of the size that must double: the next alert came 16 large deals later.
    """
    made = Ledger()
    made.rate(later(hours=0), "1400")
    first = [number for number in range(1, 13) if deal(made, f"a{number}", number / 10, "1456").alerts]
    assert first == [1, 2, 4, 8]
    others = [
        number
        for number in range(1, small + 1)
        if deal(made, f"s{number}", 2 + number / 100, "1456", "1000", institution="BANKX").alerts
    ]
    assert others == ([1, 2, 4, 8, 16, 32] if small else [])
    due = next(number for number in range(13, 40) if deal(made, f"a{number}", 3 + number / 100, "1456").alerts)
    assert due == 16


def test_one_party_teaches_one_deal_a_day():
    """300 deals of one party in a day count as its first."""
    made = taught("50000", 0.01, 30, party=lambda number: "k1.002.same")
    assert made.state.typologies["T16"]["USD/KRW"][0] == 21.0


def test_a_configuration_without_the_cap_has_the_default_one():
    """A ledger of before the cap was a limit is held to 200 bp too."""
    rules = msgspec.to_builtins(configuration().rules["T16"])
    rules["limits"] = [each for each in rules["limits"] if each["name"] != "spread_cap"]
    made = Ledger(configuration(rules={"T16": rules}))
    made.rate(later(hours=0), "1400")
    made.state.typologies["T16"] = {"USD/KRW": [1000.0, 90_000.0]}
    (alert,) = deal(made, "a", 1, "1680", "1000000").alerts
    assert {each.name: each.value for each in alert.typologies[0].measured}["limit_in_force"] == 1000.0


def test_the_return_of_the_deal_retracts_its_alert(ledger):
    """Half of it back leaves a deal off the market that stands; all of it back leaves none, and 2,000 USD are gone."""
    (raised,) = deal(ledger, "a", 1, "1456").raised
    half = deal(ledger, "r", 2, "1456", "25000", status="returned", original_event_id="a")
    assert half.raised == ()
    (one,) = deal(ledger, "s", 3, "1456", "25000", status="returned", original_event_id="a").raised
    alert = one.alert
    assert (alert.status, alert.supersedes, alert.case_id) == ("retracted", raised.alert.alert_id, raised.alert.case_id)
    assert (alert.trigger_event_id, alert.amount_usd, alert.score, alert.severity) == ("s", "0.00", 0.0, "low")
    assert ([each.id for each in alert.typologies], one.desks) == (["T16"], raised.desks)
    assert alert.reasons[0].value == "0.00"


def test_an_order_and_its_settlement_are_one_deal(ledger):
    """They move 2,000 USD once, a third payment's alert names the settlement, and the return retracts what stood."""
    (raised,) = deal(ledger, "a", 1, "1456", status="ordered", payment_id="P1").raised
    assert raised.alert.amount_usd == "2000.00"
    assert deal(ledger, "b", 2, "1456", payment_id="P1").raised == ()
    (more,) = deal(ledger, "c", 3, "1456").raised
    assert (more.alert.status, more.alert.amount_usd) == ("updated", "4000.00")
    assert [each.event_id for each in more.alert.evidence] == ["b", "c"]
    assert deal(ledger, "r", 4, "1456", status="returned", original_event_id="a").raised == ()
    (gone,) = deal(ledger, "s", 5, "1456", status="returned", original_event_id="c").raised
    assert (gone.alert.status, gone.alert.supersedes) == ("retracted", more.alert.alert_id)


def test_the_settlement_alone_may_be_returned(ledger):
    """The order's alert goes with it, whichever of the two the return names."""
    (raised,) = deal(ledger, "a", 1, "1456", status="ordered", payment_id="P1").raised
    deal(ledger, "b", 2, "1456", payment_id="P1")
    (gone,) = deal(ledger, "r", 3, "1456", status="returned", original_event_id="b").raised
    assert (gone.alert.status, gone.alert.supersedes) == ("retracted", raised.alert.alert_id)


def test_a_settlement_for_less_moves_less(ledger):
    """Of an order of 50,000 USD 40,000 are settled: 1,600 USD of 2,000 are left, beside the next deal's 2,000."""
    deal(ledger, "a", 1, "1456", status="ordered", payment_id="P1")
    deal(ledger, "b", 2, "1456", "40000", payment_id="P1")
    (more,) = deal(ledger, "c", 3, "1456").raised
    assert more.alert.amount_usd == "3600.00"


def test_an_alert_stands_while_a_deal_of_its_pair_near_it_is_off_the_market():
    """Within the 30 days before it, its own moment included, or after it; a deal of another pair keeps none."""
    rule, window, at = OffMarketRate(), 30 * DAY_US, to_us(later(days=90))
    rulebook, seoul = Rulebook(configuration()), ZoneInfo("Asia/Seoul")

    def stands(series: str, *deals: Away, law=rulebook) -> bool:
        slots = {"T16": msgspec.msgpack.encode(({}, deals))} if deals else {}
        return rule.stands(SimpleNamespace(slots=slots, rulebook=law, zone=seoul), series, at)

    dollars, euros = Away(at, 1, 1, 100, "USD/KRW", "1456"), Away(at, 2, 2, 100, "EUR/KRW", "1700")
    assert stands("USD/KRW above", dollars)
    assert stands("EUR/KRW above", dollars, euros)
    assert not stands("USD/KRW above", euros)
    assert not stands("USD/KRW above")
    for gap, kept in ((-window, False), (1 - window, True), (window, True), (window + 1, False)):
        assert stands("USD/KRW above", msgspec.structs.replace(dollars, time_us=at + gap)) == kept
    limits = tuple(each for each in configuration().rules["T16"].limits if each.name != "mean_window")
    without = {"T16": msgspec.structs.replace(configuration().rules["T16"], limits=limits)}
    lawless = Rulebook(msgspec.structs.replace(configuration(), rules=configuration().rules | without))
    assert stands("USD/KRW above", law=lawless)


def test_a_deal_that_was_no_news_keeps_the_alert_of_the_one_that_came_back(ledger):
    """The second deal moves less than the first, so it raises nothing; its own return retracts the alert."""
    (raised,) = deal(ledger, "a", 1, "1456").raised
    assert deal(ledger, "b", 2, "1456", "30000").raised == ()
    assert deal(ledger, "r", 3, "1456", status="returned", original_event_id="a").raised == ()
    (gone,) = deal(ledger, "s", 4, "1456", "30000", status="returned", original_event_id="b").raised
    assert (gone.alert.status, gone.alert.supersedes) == ("retracted", raised.alert.alert_id)
