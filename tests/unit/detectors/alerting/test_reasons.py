"""Reasons: shares that add up, facts that an investigator needs, in both languages."""

import math

import pytest

from detectors.alerting.counted_against import odd
from detectors.alerting.reasons import SHOWN, reasons
from detectors.contracts.alert import Reason
from detectors.features import NAMES, Feature
from detectors.ranking.ensemble import Scored
from detectors.wording import phrases as texts
from detectors.wording.features import WORDINGS, sentences
from tests.support.ledger import Ledger, later


def scored(contributions, rank=0.001):
    return Scored(1 - (rank or 1), rank, {}, tuple(contributions), rank is not None)


def feature(name, value=12_345.678, deviation=4.2, own=1000.0, own_n=42, peer=900.0, unit="USD"):
    return Feature(name, value, unit, deviation, own, own_n, peer)


RULE = Reason(
    feature="T01",
    value=3,
    unit="count",
    own_baseline=None,
    own_n=0,
    peer_baseline=None,
    contribution=0.0,
    text_en="three pieces",
    text_ko="분할 송금 3건",
)


def test_a_reason_shows_value_baselines_observations_and_rarity():
    """Value with unit, own baseline with its observations, peers and how rare, in English and Korean."""
    (reason,) = reasons([feature("amount_own")], scored([("amount_own", 1.0)]))
    assert (reason.value, reason.unit, reason.own_baseline, reason.own_n) == ("12345.68", "USD", "1000.00", 42)
    assert reason.peer_baseline == "900.00"
    for part in ("12,345.68 USD", "1,000.00 USD (42 observations)", "900.00 USD", "4.2 usual variations above"):
        assert part in reason.text_en
    for part in ("미화 12,345.68달러", "관측 42건", "미화 900.00달러", "4.2배만큼 높습니다"):
        assert part in reason.text_ko
    assert "weak" not in reason.text_en


def test_weak_evidence_is_marked_not_hidden():
    """Under 20 own observations the reason says so in both languages, and is still there."""
    (reason,) = reasons([feature("amount_own", own_n=7)], scored([("amount_own", 1.0)]))
    assert "The evidence is weak: only 7 observations of the party's own" in reason.text_en
    assert "7건으로 20건 미만이므로 근거가 약합니다" in reason.text_ko
    (strong,) = reasons([feature("amount_own", own_n=20)], scored([("amount_own", 1.0)]))
    assert "weak" not in strong.text_en


def test_shares_sum_to_one_with_the_rest_shown():
    """Five features are shown, the others stand together as the rest, and all shares sum to 1."""
    shares = [(name, 2.0 ** -(index + 1)) for index, name in enumerate(NAMES)]
    shares[-1] = (shares[-1][0], shares[-2][1])
    found = reasons([feature(name) for name in NAMES], scored(shares))
    assert len(found) == SHOWN + 1
    assert found[-1].feature == "rest"
    assert found[-1].contribution == pytest.approx(2.0**-SHOWN)
    assert f"{len(NAMES) - SHOWN} further" in found[-1].text_en
    assert math.fsum(reason.contribution for reason in found) == pytest.approx(1.0, abs=1e-12)


def test_rules_and_statistics_share_as_in_the_fused_score():
    """A rule of strength .5 and a rank of 0 weigh alike, as both leave half of the doubt."""
    found = reasons([feature("amount_own")], scored([("amount_own", 1.0)], rank=0.0), [(RULE, 0.5)])
    assert {reason.feature: pytest.approx(0.5) for reason in found} == {r.feature: r.contribution for r in found}
    stronger = reasons([feature("amount_own")], scored([("amount_own", 1.0)], rank=0.0), [(RULE, 0.75)])
    assert stronger[0].feature == "T01"
    assert stronger[0].contribution == pytest.approx(2 / 3)


@pytest.mark.parametrize(("rank", "named"), [(0.02, True), (0.0200001, False), (1.0, False), (None, False)])
def test_beside_a_rule_features_are_named_only_where_the_rank_says_something(rank, named):
    """What is as usual as every tenth payment is nothing to weigh beside a finding; the rule takes all."""
    found = reasons([feature("hour")], scored([("hour", 1.0)], rank=rank), [(RULE, 0.5)])
    assert [reason.feature for reason in found] == (["T01", "hour"] if named else ["T01"])
    assert math.fsum(reason.contribution for reason in found) == pytest.approx(1.0)


def test_a_rule_alone_takes_all():
    """In a segment that is not warm the statistics have no say, and a rule beyond doubt does not divide by zero."""
    found = reasons([feature("hour")], scored([("hour", 1.0)], rank=None), [(RULE, 1.0)])
    assert [(reason.feature, reason.contribution) for reason in found] == [("T01", 1.0)]


def test_nothing_to_attribute_gives_no_reasons():
    """No rule and no contribution: an empty list rather than an invented reason."""
    assert reasons([feature("hour")], scored([], rank=0.5)) == ()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("deviation", [None, -3.0, 0.0, 3.0])
def test_every_feature_reads_in_both_languages(name, deviation):
    """Each registered feature has its own wording; Korean sentences end formally and hold no Latin words but units."""
    assert name in WORDINGS
    one = feature(name, value=2.0, deviation=deviation, own=3.0, peer=4.0, own_n=3)
    english, korean = sentences(one)
    assert english.endswith(" fewer than 20.")
    assert korean.endswith("니다.")
    assert not set("abcdefghijklmnopqrstuvwxyz") & set(korean.replace("bp", ""))
    shown = reasons([one], scored([(name, 1.0)]))
    assert [(reason.text_en, reason.text_ko) for reason in shown] == ([(english, korean)] if odd(one) else [])


def test_rarity_beyond_what_is_known_is_not_counted_out():
    """However large the surprise, the text says over 1,000 times instead of a number nobody observed."""
    for deviation, english, korean in (
        (2.0, " 7.4 times", "7.4배 드뭅니다"),
        (900.0, "over 1,000 times", "1,000배 이상 드뭅니다"),
    ):
        (reason,) = reasons([feature("hour", value=3.0, deviation=deviation)], scored([("hour", 1.0)]))
        assert english in reason.text_en
        assert korean in reason.text_ko


def test_values_read_as_people_write_them():
    """Hours, weekdays, gaps and shares are formatted, not raw numbers."""
    texts = {}
    for name, value in (
        ("hour", 3.25),
        ("weekday", 6.0),
        ("cadence", 0.5),
        ("deal_rate", -151.0),
        ("document_line", 0.98),
    ):
        (reason,) = reasons([feature(name, value=value, unit="x")], scored([(name, 1.0)]))
        texts[name] = (reason.text_en, reason.text_ko)
    expected = (
        ("hour", "03:15", "3시 15분"),
        ("weekday", "Sunday", "일요일"),
        ("cadence", "12.0 hours", "12.0시간"),
        ("deal_rate", "-151.0 bp", "-151.0bp"),
        ("document_line", "98.0 %", "98.0%"),
    )
    for name, english, korean in expected:
        assert english in texts[name][0]
        assert korean in texts[name][1]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(1234.5678, "USD", "1234.57"), (0.123456, "ratio", 0.1235), (3.0, "days", 3.0), (-151.26, "bp", -151.26)],
)
def test_money_is_shown_to_the_cent_and_other_numbers_to_four_places(value, unit, shown):
    """A decimal string for money, a number for the rest; baselines alike, under the feature's own name."""
    (reason,) = reasons([feature("hour", value, own=value, peer=value, unit=unit)], scored([("hour", 1.0)]))
    assert (reason.feature, reason.unit) == ("hour", unit)
    assert (reason.value, reason.own_baseline, reason.peer_baseline) == (shown, shown, shown)
    assert isinstance(reason.value, type(shown))


def test_the_rest_is_told_as_a_whole():
    """Ten features: five shown, five further ones in one reason without numbers of its own."""
    *shown, rest = reasons([feature(name) for name in NAMES], scored([(name, 0.1) for name in NAMES]))
    assert [reason.feature for reason in shown] == list(NAMES[:5])
    assert rest == Reason(
        feature="rest",
        value=None,
        unit="",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        contribution=pytest.approx(0.5),
        text_en="5 further reasons, each smaller than those shown.",
        text_ko="그 밖에 위에 제시된 것보다 영향이 작은 사유가 5건 있습니다.",
    )
    five = [(name, 0.2) for name in NAMES[:5]]
    assert [reason.feature for reason in reasons([feature(name) for name in NAMES], scored(five))] == list(NAMES[:5])


def test_what_contributed_nothing_or_is_no_feature_here_takes_no_share():
    """A share of 0 is no reason; a name that is not among the features leaves its share to the others."""
    contributions = [("amount_own", 0.25), ("hour", 0.0), ("of an older set", 0.75)]
    found = reasons([feature("amount_own"), feature("hour")], scored(contributions))
    assert [(reason.feature, reason.contribution) for reason in found] == [("amount_own", 1.0)]


@pytest.mark.parametrize(
    ("contributions", "rank", "strength", "expected"),
    [
        ([("hour", 1.0)], 0.0, 0.5, [("T01", 0.5), ("hour", 0.5)]),  # both leave half of the doubt
        ([("hour", 1.0)], 0.0, 1 - 0.5**0.5, [("hour", 2 / 3), ("T01", 1 / 3)]),  # the larger share comes first
        ([], 0.1, 0.5, [("T01", 1.0)]),  # nothing contributed: the rule takes all
        ([], None, 0.5, [("T01", 1.0)]),
        ([], 0.5, 0.0, [("T01", 0.0)]),  # a rule that says nothing, and nothing else: shown without a share
        ([("hour", 1.0)], 0.5, 0.0, [("hour", 1.0), ("T01", 0.0)]),
        ([("hour", 1.0)], None, 0.0, [("hour", 1.0), ("T01", 0.0)]),
        ([("hour", 1.0)], 1.0, 0.5, [("T01", 1.0)]),  # the most usual event adds nothing to the rule
        ([(name, 0.1) for name in NAMES], None, 0.5, [("T01", 1.0)]),  # nor does one that cannot be ranked
    ],
)
def test_shares_are_logarithms_of_the_doubt(contributions, rank, strength, expected):
    """-ln(1 - strength) of the rule beside -ln(1 - rarity) of the statistics, each divided by their sum."""
    given = Scored(1 - (rank or 1), rank, {}, tuple(contributions), rank is not None)
    found = reasons([feature(name) for name in NAMES], given, [(RULE, strength)])
    assert [(reason.feature, pytest.approx(reason.contribution)) for reason in found] == expected


def test_a_code_of_several_words_stands_in_quotation_marks():
    """An institution's code that names others and their amounts, as a sentence or list would; ordinary ones beside."""
    for name in ("BKGGKRSE", "국민은행", "KB_01", "2025/7", "a.b:c+d-e"):
        assert texts.code(name) == name
    assert texts.code("BKGGKRSE 10.00 USD, SHBKKRSE") == '"BKGGKRSE 10.00 USD, SHBKKRSE"'
    assert texts.code('A", "B') == "\"A', 'B\""
    forged = "BKGGKRSE 10.00 USD, SHBKKRSE"
    ledger = Ledger()
    ledger.pay("a", later(hours=1), "60000")
    (alert,) = ledger.pay("b", later(hours=2), "60000", institution=forged, purpose="gift; shown; met").alerts
    (reason,) = [one for one in alert.reasons if one.feature == "T02"]
    assert f'(BANKA 60,000.00 USD, "{forged}" 60,000.00 USD)' in reason.text_en
    assert f'(BANKA 미화 60,000.00달러, "{forged}" 미화 60,000.00달러)' in reason.text_ko
    assert f'total at "{forged}"' in {one.name for hit in alert.typologies for one in hit.measured}
    split = [
        ledger.pay(f"p{number}", later(days=1, hours=number), purpose="gift; shown; met", party="k1.0a3.p2")
        for number in range(4)
    ]
    said = [one.text_en for outputs in split for alert in outputs.alerts for one in alert.reasons]
    assert any('stated purpose: purpose code "gift; shown; met".' in text for text in said)
