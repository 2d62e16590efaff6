"""T16 by hand: how far a rate is off, what a finding says of it, and its limits to the hundredth of a basis point."""

from collections.abc import Sequence

import pytest

from detectors.books.payments import OUT
from detectors.contracts.alert import Measured
from detectors.typologies.base import Finding
from detectors.typologies.t16_deals import Away
from detectors.typologies.t16_off_market_rate import OffMarketRate
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import LARGEST_CENTS
from tests.support.deals import ORDINAL, away, context_of, deal_of, kept, limits_of, row

RULE = OffMarketRate()


def found(**changes: object) -> Finding:
    finding = RULE.evaluate(context_of(**changes))
    assert finding is not None
    return finding


def test_every_field_of_a_first_finding():
    """4 % off where 1.5 % is the limit: doubt 0.5 to the power of 2.6667; 2 000 USD of 50 000 moved."""
    finding = found()
    assert finding.strength == round(1 - 0.5 ** (400 / 150), 4) == 0.8425
    assert [limit.name for limit in finding.limits] == [
        "deviation_min",
        "spread_multiple",
        "amount_min",
        "mean_window",
        "growth_ratio",
        "spread_cap",
    ]
    assert finding.measured == (
        Measured(name="deviation", value=400.0, unit="bp"),
        Measured(name="limit_in_force", value=150.0, unit="bp"),
        Measured(name="deal_rate", value="1456", unit="USD/KRW"),
        Measured(name="reference_rate", value="1400", unit="USD/KRW"),
        Measured(name="value_moved", value="2000.00", unit="USD"),
        Measured(name="mean_deviation", value=400.0, unit="bp"),
        Measured(name="earlier_off_market_deals", value=0, unit="count"),
        Measured(name="value_moved_in_window", value="2000.00", unit="USD"),
    )
    assert (finding.window, finding.offsets, finding.institutions) == (
        "this deal; mean of 30 local days",
        (10,),
        ("BANKA",),
    )
    assert (finding.series, finding.size, finding.growth, finding.memory_us, finding.at_risk) == (
        "USD/KRW above",
        200_000,
        200,
        30 * DAY_US,
        200_000,
    )
    assert (finding.institution, finding.parts, finding.without) == ("BANKA", (("BANKA", 200_000),), ())
    assert (finding.value, finding.unit, finding.own_baseline, finding.own_n, finding.peer_baseline) == (
        400.0,
        "bp",
        None,
        0,
        30.0,
    )
    assert (finding.folded, finding.reading, finding.bound) == (0, None, False)


LIMIT = "150 bp (fxwatch default, in force since 2001-01-01)"


def test_the_sentences_of_a_first_finding():
    """Rate, reference, limit, who lost how much, and that no other deal is known."""
    finding = found()
    assert finding.text_en == (
        "The deal rate 1456 USD/KRW is 400 bp above the reference rate 1400 in force at that time. The limit is the "
        f"larger of {LIMIT} and 5 times the pair's normal spread of 30 bp (no deal has taught it yet). "
        "The resident gave up 2,000.00 USD by it on 50,000.00 USD. No other deal of this party is known in 30 days, so "
        "it cannot be compared with its own past."
    )
    assert finding.text_ko == (
        "거래환율 1456(USD/KRW)은 거래 시점의 기준환율 1400보다 400bp 높습니다. 기준은 150bp(시스템 기본값, 2001년 "
        "1월 1일 시행)와 해당 통화쌍의 통상 괴리 폭 30bp(학습된 거래가 없어 초기값 적용)의 5배 중 큰 값입니다. 이 "
        "차이로 거주자는 미화 50,000.00달러 거래에서 미화 2,000.00달러 상당의 손실을 부담하였습니다. 최근 30일 동안 "
        "본인의 다른 거래가 확인되지 않아 본인의 과거와 비교할 수 없습니다."
    )


def test_particle_and_number_follow_what_they_stand_beside():
    """1449 is read with a vowel at its end; one deal is no deals."""
    finding = found(deal=deal_of(35_000)._replace(rate=(1449, 1)), shared={"T16": {"USD/KRW": [21.0, 3_000.0]}})
    assert finding.text_ko.startswith("거래환율 1449(USD/KRW)는 거래 시점의 기준환율 1400보다 350bp 높습니다.")
    assert "(learned from 1 deal)" in finding.text_en
    assert "(거래 1건에서 학습)" in finding.text_ko
    again = found(days={ORDINAL: (1, 40_000)}, deals=[away(1.0, 3, 70_000)]).text_en
    assert "The mean of this party's 1 other deal in 30 days was +400 bp (fewer than 20, so weak evidence). " in again
    assert again.endswith(" 1 earlier deal was off the market too, 2,700.00 USD moved in all.")


@pytest.mark.parametrize(
    ("deviation", "flags", "side", "side_ko", "loses"),
    [
        (40_000, OUT, "above", "높습니다", True),
        (40_000, 0, "above", "높습니다", False),
        (-40_000, OUT, "below", "낮습니다", False),
        (-40_000, 0, "below", "낮습니다", True),
    ],
)
def test_who_pays_more_or_receives_less_than_the_market_gives_up_value(deviation, flags, side, side_ko, loses):
    """Either side of the market, going out or coming in; the series is of the side."""
    one = row(10, flags=flags)
    finding = found(deal=deal_of(deviation), payment=one, rows=kept(one))
    assert f" is 400 bp {side} the reference" in finding.text_en
    assert f"400bp {side_ko}." in finding.text_ko
    assert f"The resident {'gave up' if loses else 'gained'} 2,000.00 USD" in finding.text_en
    assert ("손실을 부담하였습니다" if loses else "이익을 얻었습니다") in finding.text_ko
    assert finding.series == f"USD/KRW {side}"
    assert (finding.value, finding.at_risk) == (deviation / 100, 200_000)


PAST = {ORDINAL - 30: (9, 9_000_000), ORDINAL - 29: (1, 20_000), ORDINAL: (2, 40_000), ORDINAL + 1: (9, 9_000_000)}


def test_the_mean_is_of_thirty_local_days_with_this_deal():
    """Three deals of 200 bp each and this one of 400: 250; days before and after are no part of it."""
    finding = found(days=PAST)
    values = {each.name: each.value for each in finding.measured}
    assert values["mean_deviation"] == 250.0
    assert (finding.own_baseline, finding.own_n) == (200.0, 3)
    assert (
        "The mean of this party's 3 other deals in 30 days was +200 bp (fewer than 20, so weak evidence)."
        in finding.text_en
    )
    assert (
        "최근 30일 동안 본인의 다른 거래 3건의 평균 괴리는 +200bp입니다(20건 미만이므로 근거가 약합니다)."
        in finding.text_ko
    )
    many = found(days={ORDINAL: (20, 20 * 1234)})
    assert many.own_baseline == 12.3
    assert "20 other deals in 30 days was +12 bp." in many.text_en
    assert "다른 거래 20건의 평균 괴리는 +12bp입니다." in many.text_ko


def test_earlier_deals_off_the_market_add_up_within_thirty_days():
    """Those within 30 times 24 hours up to this moment, but for this very deal; by institution where a row is kept."""
    deals = [away(30.0, 1), away(29.99, 2, 50_000), away(1.0, 3, 70_000), away(0.5, 6, 11_000), away(0.0, 4, 30_000),
             away(-0.01, 5), away(0.0, 10)]  # fmt: skip
    rows = kept(row(2, institution=2), row(3, institution=1), row(4, institution=2), row(10))
    finding = found(days=PAST, deals=deals, rows=rows)
    assert finding.offsets == (2, 3, 6, 4, 10)
    assert finding.size == finding.at_risk == 200_000 + 161_000
    values = {each.name: each.value for each in finding.measured}
    assert (values["earlier_off_market_deals"], values["value_moved_in_window"]) == (4, "3610.00")
    assert values["value_moved"] == "2000.00"
    assert dict(finding.parts) == {"BANKA": 270_000, "BANKB": 80_000}
    assert finding.without == (("BANKB", 281_000),)
    assert finding.text_en.endswith(
        "weak evidence). 4 earlier deals were off the market too, 3,610.00 USD moved in all."
    )
    assert finding.text_ko.endswith(
        "근거가 약합니다). 이전 거래 4건도 시장환율을 벗어났으며, 이전된 금액은 모두 미화 3,610.00달러입니다."
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "In 30 days 1 earlier deal of this party was off the market too, 3,000.00 USD moved in all."),
        (2, "In 30 days 2 earlier deals of this party were off the market too, 4,000.00 USD moved in all."),
    ],
)
def test_a_repetition_of_a_day_that_is_no_part_of_the_mean_is_not_denied(count, said):
    """The evening of the 30th day before: it said that no other deal is known, and in the same breath one of them."""
    deals = [away(29.9, number, 100_000) for number in range(count)]
    finding = found(days={ORDINAL - 30: (1, 40_000)}, deals=deals)
    assert (finding.own_baseline, finding.own_n) == (None, 0)
    assert finding.text_en.endswith(said)
    assert finding.text_ko.endswith(
        f"최근 30일 동안 본인의 다른 거래 {count}건도 시장환율을 벗어났으며, "
        f"이전된 금액은 모두 미화 {count + 2},000.00달러입니다."
    )


def test_figures_are_told_to_the_hundredth_of_a_basis_point():
    """400.01 of this deal, and a mean of 60 040 / 3; the pair's own spread to a tenth."""
    finding = found(days={ORDINAL: (2, 20_039)}, deal=deal_of(40_001), shared={"T16": {"USD/KRW": [20.0, 3_124.0]}})
    values = {each.name: each.value for each in finding.measured}
    assert (values["deviation"], values["mean_deviation"], values["limit_in_force"]) == (400.01, 200.13, 156.2)
    assert (finding.value, finding.peer_baseline) == (400.01, 31.2)


def strength(days: dict[int, tuple[int, int]], deals: Sequence[Away], deviation: int = 30_000) -> float:
    return found(days=days, deals=list(deals), deal=deal_of(deviation)).strength


def test_a_sign_that_persists_halves_the_remaining_doubt():
    """3 % off is twice the limit: 0.75, and 0.875 where the mean has the sign, is over half the limit, and repeats."""
    once = away(1.0, 2)
    assert strength({ORDINAL: (1, 30_000)}, [once]) == 0.875
    assert strength({ORDINAL: (1, 30_000)}, []) == 0.75
    # the mean with this one is exactly half of the limit, and then a hundredth of a basis point more
    assert strength({ORDINAL: (1, -15_000)}, [once]) == 0.75
    assert strength({ORDINAL: (1, -14_998)}, [once]) == 0.875
    assert strength({ORDINAL: (1, -90_000)}, [once]) == 0.75
    assert strength({ORDINAL: (1, -30_000)}, [once], -30_000) == 0.875
    assert strength({ORDINAL: (1, 90_000)}, [once], -30_000) == 0.75
    assert strength({}, [], 900_000) == 0.99
    # a limit of a hundredth of a basis point, and a mean of a quarter of one
    least = limits_of(deviation_min="0.01", spread_multiple="0")
    assert found(days={ORDINAL: (3, -1)}, deals=[once], deal=deal_of(2), rulebook=least).strength == 0.875
    # half of a limit of 150.01 bp is taken as 75.00
    odd = found(
        days={ORDINAL: (1, -14_999)}, deals=[once], deal=deal_of(30_000), rulebook=limits_of(deviation_min="150.01")
    )
    assert odd.strength == round(1 - 0.5 ** (30_000 / 15_001) / 2, 4)


@pytest.mark.parametrize(
    ("deviation", "usd", "fires"),
    [
        (15_000, 5_000_000, False),
        (15_001, 5_000_000, True),
        (-15_000, 5_000_000, False),
        (-15_001, 5_000_000, True),
        (40_000, 100_000, True),
        (40_000, 99_999, False),
    ],
)
def test_the_limits_are_passed_not_met_and_the_least_amount_is_enough(deviation, usd, fires):
    """150 bp, and 1 000 USD."""
    context = context_of(deal=deal_of(deviation), payment=row(10, usd))
    assert (RULE.evaluate(context) is not None) == fires


def test_without_a_deal_or_a_limit_it_needs_nothing_is_said():
    """The cap is not needed: without it 200 bp stands there."""
    assert RULE.evaluate(context_of(deal=None)) is None
    for name in ("deviation_min", "spread_multiple", "amount_min", "mean_window", "growth_ratio"):
        assert RULE.evaluate(context_of(rulebook=limits_of(**{name: None}))) is None
    wide = {"T16": {"USD/KRW": [40.0, 90_000.0]}}
    finding = found(rulebook=limits_of(spread_cap=None), shared=wide, deal=deal_of(200_000))
    assert finding.peer_baseline == 200.0
    assert {each.name: each.value for each in finding.measured}["limit_in_force"] == 1000.0


@pytest.mark.parametrize(
    ("spread", "cap", "least", "multiple", "limit"),
    [
        (3_000.0, "200", "150", "5", 150.0),
        (3_001.0, "200", "150", "5", 150.05),
        (10_000.0, "200", "150", "5", 500.0),
        (90_000.0, "200", "150", "5", 1000.0),
        (90_000.0, "50", "150", "5", 250.0),
        (1_000.0, "200", "150.5", "5", 150.5),
        (10_000.0, "200", "150", "2.5", 250.0),
    ],
)
def test_the_limit_in_force_is_the_larger_of_both(spread, cap, least, multiple, limit):
    """A multiple of the pair's own spread up to the cap, and the least deviation; other pairs teach it nothing."""
    shared = {"T16": {"USD/KRW": [57.0, spread], "EUR/KRW": [900.0, 1.0]}}
    rulebook = limits_of(spread_cap=cap, deviation_min=least, spread_multiple=multiple)
    finding = found(shared=shared, rulebook=rulebook, deal=deal_of(120_000))
    assert {each.name: each.value for each in finding.measured}["limit_in_force"] == limit
    assert finding.peer_baseline == round(min(spread, float(cap) * 100) / 100, 1)
    assert "(learned from 37 deals)" in finding.text_en
    assert "bp(거래 37건에서 학습)" in finding.text_ko
    edge = round(limit * 100)
    assert RULE.evaluate(context_of(shared=shared, rulebook=rulebook, deal=deal_of(edge))) is None
    assert RULE.evaluate(context_of(shared=shared, rulebook=rulebook, deal=deal_of(edge + 1))) is not None


def test_what_is_moved_ends_where_the_slot_does():
    """A thousand times off on the largest amount: 64 bits hold it."""
    huge = row(10, LARGEST_CENTS)
    assert found(deal=deal_of(1_000_000_000), payment=huge, rows=kept(huge)).size == LARGEST_CENTS


@pytest.mark.parametrize(
    ("deviation", "rate", "shown", "shown_ko"),
    [
        (40_000, "1421", "or less (+150 bp)", "이하(+150bp)였다면"),
        (-40_000, "1379", "or more (-150 bp)", "이상(-150bp)이었다면"),
    ],
)
def test_the_proposal_is_the_rate_at_the_limit(deviation, rate, shown, shown_ko):
    """On the deal's own side of the reference; its context is that deal and nothing else changed."""
    context = context_of(deal=deal_of(deviation))
    (change,) = RULE.changes(context, found())
    assert change.text_en == f"had the deal rate been {rate} {shown}"
    assert change.text_ko == f"거래환율이 {rate} {shown_ko}"
    assert change.context.deal == deal_of(15_000 if deviation > 0 else -15_000)
    assert change.context.payment == context.payment
    assert RULE.evaluate(change.context) is None
    assert RULE.changes(context_of(deal=None), found()) == []
    least = context_of(deal=deal_of(deviation), rulebook=limits_of(deviation_min="0.01", spread_multiple="0"))
    (change,) = RULE.changes(least, found())
    assert change.text_en == f"had the deal rate been 1400 {shown[:7]} ({'+' if deviation > 0 else '-'}0 bp)"
