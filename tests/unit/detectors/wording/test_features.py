"""How features read: whole sentences in both languages, with the values at which another sentence begins."""

from math import log

import pytest

from detectors.features import Feature
from detectors.wording.features import _plain, sentences, wording_of


def feature(name: str, value: float | None, deviation: float | None = None, **fields: object) -> Feature:
    """A feature of 25 own observations and without baselines, but for what is given."""
    given = {"unit": "", "own_baseline": None, "own_n": 25, "peer_baseline": None} | fields
    return Feature(name=name, value=value, deviation=deviation, **given)


def english(*about: object, **fields: object) -> str:
    return sentences(feature(*about, **fields))[0]


def korean(*about: object, **fields: object) -> str:
    return sentences(feature(*about, **fields))[1]


def test_a_whole_reason_reads_in_order():
    """Value, own baseline with its observations, peers, how far, and that the evidence is weak."""
    about = feature("amount_own", 12_345.678, -2.5, own_baseline=1000.0, peer_baseline=900.5, own_n=19)
    said, said_ko = sentences(about)
    assert said == (
        "The amount is 12,345.68 USD. The party's own usual value is 1,000.00 USD (19 observations). The comparison "
        "group's usual value is 900.50 USD. It lies 2.5 usual variations below what is usual. "
        "The evidence is weak: only 19 observations of the party's own, fewer than 20."
    )
    assert said_ko == (
        "거래 금액은 미화 12,345.68달러입니다. 본인의 통상값은 미화 1,000.00달러입니다(관측 19건 기준). "
        "비교 고객군의 통상값은 미화 900.50달러입니다. 통상값보다 통상 변동 폭의 2.5배만큼 낮습니다. "
        "본인 관측이 19건으로 20건 미만이므로 근거가 약합니다."
    )


NO_OWN = "No usual value of the party's own is known yet, so it cannot be compared with its own past."
NO_OWN_KO = "본인의 통상값이 아직 확인되지 않아 본인의 과거와 비교할 수 없습니다."
NO_PEERS = "No usual value of the comparison group is known yet."
NO_PEERS_KO = "비교 고객군의 통상값은 아직 확인되지 않았습니다."


def test_baselines_that_are_missing_are_told_in_whole_sentences():
    """And nothing of a rarity that is not known; twenty observations are not weak."""
    assert sentences(feature("amount_own", 5.0, own_n=20)) == (
        f"The amount is 5.00 USD. {NO_OWN} {NO_PEERS}",
        f"거래 금액은 미화 5.00달러입니다. {NO_OWN_KO} {NO_PEERS_KO}",
    )
    assert english("amount_own", 5.0, own_baseline=4.0).endswith(f"is 4.00 USD (25 observations). {NO_PEERS}")
    assert korean("amount_own", 5.0, peer_baseline=4.0) == (
        f"거래 금액은 미화 5.00달러입니다. {NO_OWN_KO} 비교 고객군의 통상값은 미화 4.00달러입니다."
    )


def test_baselines_that_a_feature_never_has_are_not_missed():
    """A corridor has no habit of one party, and growth is compared with the party alone."""
    assert sentences(feature("amount_corridor", 5.0)) == (
        f"The amount on this corridor (same country and kind of party) is 5.00 USD. {NO_PEERS}",
        f"동일 국가·고객 유형 기준 거래 금액은 미화 5.00달러입니다. {NO_PEERS_KO}",
    )
    assert sentences(feature("slow_boiling", 2.0)) == (
        f"The payment volume of the last 7 days, relative to the 90-day volume is 2.0 times. {NO_OWN}",
        f"최근 90일 평균 대비 최근 7일 거래 규모는 2.0배입니다. {NO_OWN_KO}",
    )


@pytest.mark.parametrize(
    ("count", "said", "said_ko"),
    [
        (
            0,
            "The evidence is weak, because the party was not observed before.",
            "본인에 대한 이전 관측이 없으므로 근거가 약합니다.",
        ),
        (
            1,
            "The evidence is weak: only 1 observation of the party's own, fewer than 20.",
            "본인 관측이 1건으로 20건 미만이므로 근거가 약합니다.",
        ),
        (
            2,
            "The evidence is weak: only 2 observations of the party's own, fewer than 20.",
            "본인 관측이 2건으로 20건 미만이므로 근거가 약합니다.",
        ),
    ],
)
def test_weak_evidence_says_how_much_there_is(count, said, said_ko):
    """None, one and more."""
    assert english("brand_new", 5.0, own_n=count) == f"brand_new is 5.00. {said}"
    assert korean("brand_new", 5.0, own_n=count) == f"brand_new의 값은 5.00입니다. {said_ko}"
    assert "(1 observation)" in english("amount_own", 5.0, own_n=1, own_baseline=4.0)


def test_what_is_not_known_is_said_so():
    """No value: neither a number nor a baseline beside it."""
    assert sentences(feature("amount_own", None, own_baseline=3.0)) == (
        "The amount is not known for this payment.",
        "거래 금액은 확인되지 않았습니다.",
    )


@pytest.mark.parametrize(
    ("deviation", "said", "said_ko"),
    [
        (0.0, "It lies 0.0 usual variations above what is usual.", "통상값보다 통상 변동 폭의 0.0배만큼 높습니다."),
        (0.4, "It lies 0.4 usual variations above what is usual.", "통상값보다 통상 변동 폭의 0.4배만큼 높습니다."),
        (-0.4, "It lies 0.4 usual variations below what is usual.", "통상값보다 통상 변동 폭의 0.4배만큼 낮습니다."),
    ],
)
def test_a_spread_is_told_with_its_side(deviation, said, said_ko):
    """Above from 0 on, below under it."""
    assert english("week_sum", 2.0, deviation) == (
        f"The total of the last 7 days is 2.00 USD. {NO_OWN} {NO_PEERS} {said}"
    )
    assert korean("week_sum", 2.0, deviation) == (
        f"최근 7일간 거래 합계는 미화 2.00달러입니다. {NO_OWN_KO} {NO_PEERS_KO} {said_ko}"
    )


@pytest.mark.parametrize(
    ("deviation", "said", "said_ko"),
    [
        (0.0, "This is usual for the party.", "이는 통상적인 수준입니다."),
        (log(1.5), "This is 1.5 times rarer than the most usual.", "가장 통상적인 경우보다 1.5배 드뭅니다."),
        (log(999.0), "This is 999.0 times rarer than the most usual.", "가장 통상적인 경우보다 999.0배 드뭅니다."),
        (log(1000.0), "This is 1000.0 times rarer than the most usual.", "가장 통상적인 경우보다 1000.0배 드뭅니다."),
        (
            log(1001.0),
            "This is over 1,000 times rarer than the most usual.",
            "가장 통상적인 경우보다 1,000배 이상 드뭅니다.",
        ),
    ],
)
def test_a_surprise_is_told_as_times_up_to_a_thousand(deviation, said, said_ko):
    """No number of which it would not be true; beyond a thousand it says over."""
    assert english("weekday", 6.0, deviation) == f"The weekday is Sunday. {NO_OWN} {NO_PEERS} {said}"
    assert korean("weekday", 6.0, deviation) == f"거래 요일은 일요일입니다. {NO_OWN_KO} {NO_PEERS_KO} {said_ko}"


def test_a_new_counterparty_is_told_by_its_chance_and_the_share_of_new_ones():
    """One in eight is 12.5 %; its baselines are shares of new counterparties, and say so."""
    about = feature("counterparty_novelty", 0.0, log(8.0), own_baseline=0.05, peer_baseline=0.251)
    said, said_ko = sentences(about)
    assert said == (
        "The share of the party's past payments that went to this counterparty is 0.0 %. "
        "The party's own share of payments to new counterparties is 5.0 % (25 observations). "
        "The comparison group's share of payments to new counterparties is 25.1 %. "
        "A new counterparty was to be expected in 12.5 % of payments."
    )
    assert said_ko == (
        "과거 거래 중 이 상대방과의 거래 비중은 0.0%입니다. "
        "본인의 신규 상대방 거래 비중은 5.0%입니다(관측 25건 기준). "
        "비교 고객군의 신규 상대방 거래 비중은 25.1%입니다. 처음 거래하는 상대방일 확률은 12.5%로 추정됩니다."
    )
    assert english("counterparty_novelty", 0.5, 0.0).endswith(
        f"is 50.0 %. {NO_OWN} {NO_PEERS} This is usual for the party."
    )


def test_growth_says_it_itself():
    """The ratio is the rarity: nothing is added."""
    said, said_ko = sentences(feature("slow_boiling", 1.66, 0.5, own_baseline=1.0))
    assert said == (
        "The payment volume of the last 7 days, relative to the 90-day volume is 1.7 times. The party's own usual "
        "value is 1.0 times (25 observations)."
    )
    assert (
        said_ko == "최근 90일 평균 대비 최근 7일 거래 규모는 1.7배입니다. 본인의 통상값은 1.0배입니다(관측 25건 기준)."
    )


@pytest.mark.parametrize(
    ("value", "said", "said_ko"),
    [
        (3.0, "03:00", "3시 00분"),
        (12.5, "12:30", "12시 30분"),
        (23.98, "23:59", "23시 59분"),
        (23.9999, "00:00", "0시 00분"),
        (0.0, "00:00", "0시 00분"),
    ],
)
def test_the_time_of_day_is_told_to_the_minute(value, said, said_ko):
    """What rounds to midnight is 00:00, not 24:00."""
    assert english("hour", value).startswith(f"The time of day is {said}. ")
    assert korean("hour", value).startswith(f"거래 시각은 {said_ko}입니다. ")


@pytest.mark.parametrize(
    ("value", "said", "said_ko"),
    [
        (1.0, "1.0 days", "1.0일"),
        (1.5, "1.5 days", "1.5일"),
        (30.04, "30.0 days", "30.0일"),
        (0.99, "23.8 hours", "23.8시간"),
    ],
)
def test_a_gap_is_told_in_days_from_one_day_on(value, said, said_ko):
    """Under a day in hours."""
    assert english("cadence", value).startswith(f"The time since the previous payment is {said}. ")
    assert korean("cadence", value).startswith(f"직전 거래 이후 경과 시간은 {said_ko}입니다. ")


def test_a_feature_without_a_wording_reads_by_its_name():
    """A new one is shown before anybody has worded it."""
    assert sentences(feature("brand_new", 1234.567, -1.25)) == (
        "brand_new is 1,234.57. It lies 1.2 usual variations below what is usual.",
        "brand_new의 값은 1,234.57입니다. 통상값보다 통상 변동 폭의 1.2배만큼 낮습니다.",
    )
    assert wording_of("brand_new")[-3:] == ("spread", False, False)


def test_a_ratio_is_told_in_percent():
    """With thousands set apart; made when the module is loaded, so it is asked here by itself."""
    assert _plain(" %", 1, 100.0)(0.5) == "50.0 %"
    assert _plain(" %", 1, 100.0)(12.5) == "1,250.0 %"
