"""T01's finding to the last figure and word, and what of it decides: the cap, the year, the series, the band."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest

from detectors.books.folded_payments import Day, Folded
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment, append, rows
from detectors.contracts.alert import LimitShown, Measured
from detectors.contracts.limits import LAW, Rulebook
from detectors.typologies import t01_split_remittance as t01
from detectors.typologies.base import Past
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import Ledger, configuration, later

DEFAULT = configuration()
A, B = "k1.111.a", "k1.222.b"
SEOUL = timedelta(hours=9)
EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def evaluated(monkeypatch):
    """Every context that T01 was asked about, with what it found."""
    asked, evaluate = [], SplitRemittance.evaluate

    def kept(rule, context):
        asked.append((context, evaluate(rule, context)))
        return asked[-1][1]

    monkeypatch.setattr(SplitRemittance, "evaluate", kept)
    return asked


def limited(without: str = "", **values: str):
    """The default configuration with other values of T01's limits, or without one of them."""
    limits = tuple(
        msgspec.structs.replace(limit, value=values.get(limit.name, limit.value))
        for limit in DEFAULT.rules["T01"].limits
        if limit.name != without
    )
    changed = DEFAULT.rules | {"T01": msgspec.structs.replace(DEFAULT.rules["T01"], limits=limits)}
    return msgspec.structs.replace(DEFAULT, rules=changed)


def judged(evaluated, name: str = "p3"):
    """What T01 saw and found at a payment; what it was asked of it after that is what might have been."""
    return next((context, found) for context, found in evaluated if context.transaction.event_id == name)


def split(year: int = 2025, configuration=DEFAULT) -> Ledger:
    """Four pieces to two payees through two banks, in another order than their times; others' and other payments."""
    ledger = Ledger(configuration)
    days = (datetime(year, 3, 3, tzinfo=UTC) - datetime(2025, 3, 3, tzinfo=UTC)).days

    def at(hours: float) -> datetime:
        return later(days=days, hours=hours)

    for number, amount in enumerate(("4500", "100", "9000")):
        ledger.pay(f"peer{number}", at(-50 + number), amount, party="k1.001.peer")
    ledger.pay("peer4", at(-47), "4500", party="k1.001.peer", evidence="shown")
    # of these the law adds up five, two in the band: its ends; what came back, was shown or came in is none of them
    for number, amount in enumerate(("4000", "5000", "5000.01", "3999.99", "0.01")):
        ledger.pay(f"own{number}", at(-40 + number), amount, purpose=f"4020{number}", institution="BANKB")
    ledger.pay("back", at(-35), "4500", purpose="40205", institution="BANKB")
    ledger.pay("r", at(-34), "4500", purpose="40205", institution="BANKB", status="returned", original_event_id="back")
    ledger.pay("shown", at(-33), "4500", institution="BANKB", evidence="shown")
    ledger.pay("in", at(-32), "4500", institution="BANKB", direction="in")
    ledger.pay("p0", at(0), "4100", counterparty=A, institution="BANKB")
    ledger.pay("p2", at(10), "5000", counterparty=A)
    ledger.pay("p1", at(7), "4900.50", counterparty=B)
    ledger.pay("p3", at(30), "4000", counterparty=A)
    return ledger


def offsets_of(ledger: Ledger, *names: str) -> tuple[int, ...]:
    """Ledger positions of events by their senders' ids."""
    places = {event.event_id: origin.offset for event, origin in ledger.log if hasattr(event, "event_id")}
    return tuple(places[name] for name in names)


def limit(name: str, value: str | float, unit: str, provenance: str = "D") -> LimitShown:
    """A limit of 2019 as it is shown; no figure of the law is checked yet."""
    return LimitShown(
        name=name, value=value, unit=unit, effective_from=date(2019, 1, 1), provenance=provenance, verified=False
    )


def test_a_finding_says_all_that_the_pieces_are(evaluated):
    """4 100, 4 900.50, 5 000 and 4 000 within 30 hours: every figure, in order of time, and the whole sentences."""
    ledger = split()
    _, found = judged(evaluated)
    assert found.offsets == offsets_of(ledger, "p0", "p1", "p2", "p3")
    assert found.offsets != tuple(sorted(found.offsets))
    assert found.institutions == ("BANKA", "BANKB")
    assert (found.series, found.size, found.at_risk) == ("40101", 1_800_050, 1_800_050)
    assert (found.value, found.unit, found.window) == ("18000.50", "USD", "7 d")
    assert (found.growth, found.memory_us) == (200, 90 * DAY_US)
    # five others of its own, two in the band; of the partition 12 until now: 3 of the peer, 6 others, 3 pieces
    assert (found.own_baseline, found.own_n, found.peer_baseline) == (0.4, 5, round(7 / 12, 4))
    # strongest are the last three, within a day: to a set of payees (0.9), 13 900.50 USD where 10 000 fire
    assert found.strength == round(0.9 * (1 - 0.5 * 0.5**1.39005), 4)
    assert found.measured == tuple(
        Measured(name=name, value=value, unit=unit)
        for name, value, unit in (
            ("pieces", 4, "count"),
            ("sum", "18000.50", "USD"),
            ("sum_over_line", 3.6, "ratio"),
            ("smallest_piece", "4000.00", "USD"),
            ("largest_piece", "5000.00", "USD"),
            ("span", 1.25, "days"),
            ("beneficiaries", 2, "count"),
            ("institutions", 2, "count"),
        )
    )
    assert found.limits == (
        limit("document_line", "5000", "USD", "L"),
        limit("band_low", 0.8, "ratio"),
        limit("pieces_min", 3.0, "count"),
        limit("sum_multiple", 2.0, "ratio"),
        limit("window_week", 7.0, "days"),
    )
    assert found.text_en == (
        "4 transfers of 4,000.00 USD to 5,000.00 USD each, without documents or report, went to 2 beneficiaries "
        "through 2 institutions within 30.0 hours (2025-03-03 to 2025-03-04; median gap 7.0 hours); stated purpose: "
        "gift to a person abroad. Together they are 18,000.50 USD, 3.6 times the document line of 5,000.00 USD (law, "
        "in force since 2019-01-01, figure not yet checked against the text). Each piece lies between 4,000.00 USD and "
        "the line. Of this party's 5 other payments without documents, 40 % lie in that band (fewer than 20, so weak "
        "evidence). Of its comparison group's 12 payments without documents, 58 % do (fewer than 20, so weak "
        "evidence). The supervisor's tests for one transfer: same remitter, met; same "
        "purpose, met; close in time, within 7 days."
    )
    assert found.text_ko == (
        "동일 송금인이 2025년 3월 3일부터 2025년 3월 4일까지 30.0시간 사이에(송금 간격의 중앙값 7.0시간) 같은 "
        "사유(증여성 송금)로 증빙서류나 신고 없이 수취인 2명에게 2개 기관을 통하여 4건을 송금하였습니다(건당 미화 "
        "4,000.00~5,000.00달러). 합계는 미화 18,000.50달러로, 증빙면제 기준금액 미화 5,000.00달러(법령, 2019년 1월 1일 "
        "시행, 원문 확인 필요)의 3.6배입니다. 각 건은 미화 4,000.00달러 이상 기준금액 이하입니다. 본인의 다른 무증빙 "
        "송금 5건 중 이 금액 구간에 속하는 비율은 40%입니다(20건 미만이므로 근거가 약합니다). 비교 고객군의 무증빙 "
        "송금 12건 중 이 금액 구간에 속하는 비율은 58%입니다(20건 미만이므로 근거가 약합니다). 감독당국의 동일 송금 "
        "판단기준 중 동일 송금인과 동일 사유는 충족하며, 시간적 근접성은 7일 이내입니다."
    )


def test_before_the_cap_the_finding_names_the_cap_and_says_that_it_is_an_indicator(evaluated):
    """The same in 2026: the two limits that make it weaker, 0.8 of the strength, and a sentence more."""
    split()
    split(2026)
    in_2025, in_2026 = [found for _, found in evaluated if found is not None and found.size == 1_800_050]
    assert in_2026.strength == round(0.8 * 0.9 * (1 - 0.5 * 0.5**1.39005), 4)
    new = date(2025, 12, 29)
    assert in_2026.limits == (
        msgspec.structs.replace(in_2025.limits[0], effective_from=new, verified=True),
        *in_2025.limits[1:],
        LimitShown(
            name="line_applies_after_cap", value=1.0, unit="flag", effective_from=new, provenance="L", verified=True
        ),
        LimitShown(name="annual_cap", value="100000", unit="USD", effective_from=new, provenance="L", verified=True),
    )
    since, read = "in force since 2019-01-01, figure not yet checked against the text", "in force since 2025-12-29"
    assert since in in_2025.text_en
    assert in_2026.text_en == in_2025.text_en.replace("2025-03", "2026-03").replace(since, read) + (
        " Since 2025-12-29 the line itself binds only once the annual cap is used up, which it is not here; the "
        "pattern is an indicator that may be notified to the tax and customs authorities."
    )
    since, read = "2019년 1월 1일 시행, 원문 확인 필요", "2025년 12월 29일 시행"
    assert in_2026.text_ko == in_2025.text_ko.replace("2025년 3월", "2026년 3월").replace(since, read) + (
        " 2025년 12월 29일 이후 기준금액은 연간 한도를 모두 사용한 뒤에만 적용되며, 이 송금인의 한도는 아직 남아 "
        "있습니다. 다만 국세청·관세청 통보 대상이 될 수 있는 징후이므로 보고합니다."
    )


def test_the_day_since_when_the_line_binds_after_the_cap_is_the_configurations(evaluated):
    """Ledgers of earlier releases say 2026-01-01, and their sentence must not say another day."""
    rules = DEFAULT.rules["T01"]
    limits = tuple(
        msgspec.structs.replace(one, effective_from=date(2026, 1, 1))
        if one.name == "line_applies_after_cap" and one.value == "1"
        else one
        for one in rules.limits
    )
    known = DEFAULT.rules | {"T01": msgspec.structs.replace(rules, limits=limits)}
    split(2026, msgspec.structs.replace(DEFAULT, rules=known))
    _, found = judged(evaluated)
    assert " Since 2026-01-01 the line itself binds" in found.text_en
    assert " 2026년 1월 1일 이후 기준금액은" in found.text_ko


def test_folded_payments_within_the_shown_window_are_told(evaluated):
    """Seven days before to seven days after the trigger's own day, both counted; a day more on either side is not."""
    split()
    context, found = judged(evaluated)
    today = date(2025, 3, 4).toordinal()
    days = {today - 8: Day(count=1), today - 7: Day(count=10), today + 7: Day(count=100), today + 8: Day(count=1000)}
    peers = {"T01": {"pieces": [12.0, 7.0]}}
    told = SplitRemittance().evaluate(msgspec.structs.replace(context, folded=Folded(days=days), shared=peers))
    assert told.measured == (*found.measured, Measured(name="folded_payments", value=110, unit="count"))
    assert told.text_en == found.text_en + (
        " 110 further payments without documents of this time are kept in totals only and not looked at here."
    )
    assert told.text_ko == found.text_ko + (
        " 같은 기간의 무증빙 송금 110건은 합계로만 보관되어 여기에서는 고려하지 않았습니다."
    )


def test_what_would_not_have_fired_is_documents_a_smaller_amount_or_two_pieces_fewer(evaluated):
    """Without p2 alone three pieces are left and fire; without p1 and p2, the newest others by time, none does."""
    ledger = split()
    context, found = judged(evaluated)
    shown, smaller, fewer = SplitRemittance().changes(context, found)
    assert shown.context.payment == msgspec.structs.replace(context.payment, flags=OUT | SETTLED)
    assert (shown.text_en, shown.text_ko) == (
        "had documents been shown for this transfer",
        "이 송금에 대한 증빙서류가 제출되었다면",
    )
    assert smaller.context.payment == msgspec.structs.replace(context.payment, usd=399_999)
    assert (smaller.text_en, smaller.text_ko) == (
        "had this transfer been 3,999.99 USD or less (below the band)",
        "이 송금액이 미화 3,999.99달러 이하였다면",
    )
    assert set(context.rows["offset"]) - set(fewer.context.rows["offset"]) == {*offsets_of(ledger, "p1", "p2")}
    assert (fewer.text_en, fewer.text_ko) == (
        "had there been 2 such transfers instead of 4",
        "해당 송금이 4건이 아니라 2건이었다면",
    )


# The rule's edges


@pytest.mark.parametrize(("second", "fires"), [("5000", True), ("4999.99", False)])
def test_a_sum_of_exactly_the_multiple_fires(evaluated, second, fires):
    """Two pieces, where two are enough: 10 000 USD are twice the line, 9 999.99 are not."""
    ledger = Ledger(limited(pieces_min="2"))
    ledger.pay("a", later(hours=0), "5000")
    ledger.pay("b", later(hours=1), second)
    assert (judged(evaluated, "b")[1] is not None) == fires


def test_one_piece_alone_is_told_where_one_is_enough(evaluated):
    """A line's worth in one payment, where one piece of once the line is asked for: there is no gap to tell."""
    ledger = Ledger(limited(pieces_min="1", sum_multiple="1"))
    assert ledger.pay("a", later(hours=0), "5000").alerts
    _, found = judged(evaluated, "a")
    assert (found.offsets, found.size) == (offsets_of(ledger, "a"), 500_000)
    assert found.text_en.startswith(
        "1 transfer of 5,000.00 USD each, without documents or report, went to 1 beneficiary through 1 institution on "
        "2025-03-03; stated purpose: "
    )
    assert found.text_ko.startswith("동일 송금인이 2025년 3월 3일에 같은 사유(")


def test_a_wider_window_with_few_payees_fires_though_a_narrower_one_has_many(evaluated):
    """Five pieces to one payee, six days and a half later three to three: on the day four payees, in the week two.

    The piece that is told last stands before the three of its day.
    """
    ledger = Ledger(DEFAULT)
    for number in range(3):
        ledger.pay(f"day{number}", later(days=7, hours=number), counterparty=f"k1.222.{number}")
    for number in range(5):
        ledger.pay(f"early{number}", later(hours=0))
    ledger.pay("late", later(days=6, hours=12), counterparty="k1.222.trigger")
    _, found = judged(evaluated, "late")
    assert (found.window, found.size) == ("7 d", 6 * 490_000)


def test_the_rule_is_silent_where_a_limit_of_its_own_is_missing(evaluated):
    """No figure of another time or of nobody is put in its place."""
    split()
    context, _ = judged(evaluated)
    for name in ("growth_ratio", "window_day", "document_line", "band_low"):
        rulebook = Rulebook(limited(without=name))
        assert SplitRemittance().evaluate(msgspec.structs.replace(context, rulebook=rulebook)) is None


def test_without_its_limits_there_is_no_band():
    """The band that holds no amount stands for none."""
    day = date(2025, 3, 3)
    assert t01.split_band(Rulebook(DEFAULT), day) == (400_000, 500_000)
    for name in ("document_line", "band_low"):
        assert t01.split_band(Rulebook(limited(without=name)), day) == (1, 0)


def test_a_band_that_begins_between_two_cents_begins_at_the_upper_one():
    """0.33333 of 5 000 USD are 166 665 cents exactly, 0.333333 are 166 666.5: the piece is at least that."""
    day = date(2025, 3, 3)
    for low, cents in (("0.33333", 166_665), ("0.333333", 166_667)):
        assert t01.split_band(Rulebook(limited(band_low=low)), day)[0] == cents


def test_the_partition_counts_what_has_no_documents_and_how_much_of_it_lies_in_the_band(evaluated):
    """Without the line nothing is counted; a documented payment is not; the ends of the band are in it."""
    ledger = split()
    # 3 of the peer, 6 others and 4 pieces, of which 1 + 3 + 4 lie in the band
    assert ledger.state.typologies["T01"] == {"pieces": [13.0, 8.0]}
    context, _ = judged(evaluated)
    rulebook = Rulebook(limited(without="document_line"))
    shared = {}
    SplitRemittance().learn(msgspec.structs.replace(context, rulebook=rulebook, shared=shared))
    assert shared == {}


# The annual cap


def standing(total: int, party_type: str = "person", **limits: int):
    """What `_cap_standing` says, with limits of these whole numbers, cents for the cap."""
    named = {name: SimpleNamespace(number=value, cents=value) for name, value in limits.items()}
    context = SimpleNamespace(
        limit=lambda typology, name: named.get(f"{typology}_{name}"),
        law=lambda name: named.get(f"{LAW[name]}_{name}"),
        resident_cap=named.get("T02_annual_cap" if party_type == "person" else "T02_firm_cap"),
    )
    return t01._cap_standing(context, lambda: total)


@pytest.mark.parametrize(
    ("total", "fields", "expected"),
    [
        (100, {}, (0.8, True)),
        (101, {}, (1.0, False)),
        (0, {"T01_line_applies_after_cap": 0}, (1.0, False)),
        (0, {"party_type": "company"}, (1.0, False)),
        (0, {"party_type": "company", "T02_firm_cap": 100}, (0.8, True)),
        (0, {"T01_report_before_cap": 0}, None),
        (101, {"T01_report_before_cap": 0}, (1.0, False)),
    ],
)
def test_the_cap_is_used_up_above_it_and_not_on_it(total, fields, expected):
    """A person with exactly the cap has not used it up: the line still waits. A firm has a cap of its own."""
    given = {"T01_line_applies_after_cap": 1, "T02_annual_cap": 100, "T01_report_before_cap": 1}
    assert standing(total, **given | fields) == expected


def test_a_limit_that_is_not_in_force_changes_nothing():
    """No flag or no cap: the line binds at once. No word on reports before the cap: none is made."""
    assert standing(0, T02_annual_cap=100, T01_report_before_cap=1) == (1.0, False)
    assert standing(0, T01_line_applies_after_cap=1, T01_report_before_cap=1) == (1.0, False)
    assert standing(0, T01_line_applies_after_cap=1, T02_annual_cap=100) is None


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC) - SEOUL
MOMENT = timedelta(microseconds=1)


def fewest(evaluated, large: str, *others: datetime, last: datetime) -> int | None:
    """How many of three payments must be missing, where any one piece fires once 100 000 of the year are passed."""
    ledger = Ledger(limited(pieces_min="1", sum_multiple="0.001", report_before_cap="0"))
    ledger.pay("large", NEW_YEAR + timedelta(days=300 if last.month == 12 else 0, hours=1), large, purpose="40201")
    for number, at in enumerate(others):
        ledger.pay(f"p{number}", at)
    ledger.pay("trigger", last)
    context, found = judged(evaluated, "trigger")
    return t01._fewest_removed(context, [offset for offset in found.offsets if offset != context.payment.offset])


@pytest.mark.parametrize(("large", "expected"), [("91000", 2), ("100000", None)])
def test_a_piece_of_last_year_does_not_lower_this_years_total(evaluated, large, expected):
    """Pieces of the last moment of 2025 and the first of 2026, one more and the trigger: 4 900 each.

    91 000 and three of this year: without the newest two it is 95 900. 100 000 and the trigger are beyond the cap
    whatever is missing.
    """
    others = (NEW_YEAR - MOMENT, NEW_YEAR, NEW_YEAR + timedelta(hours=5))
    assert fewest(evaluated, large, *others, last=NEW_YEAR + timedelta(days=1)) == expected


def test_a_piece_of_next_year_does_not_lower_this_years_total(evaluated):
    """91 000, the trigger and a piece before it are beyond the cap; the first moment of 2027 is another year's."""
    turn = NEW_YEAR.replace(year=2026)
    others = (turn, turn - timedelta(days=2))
    assert fewest(evaluated, "91000", *others, last=turn - timedelta(days=1)) == 2


# The search for fewer pieces


@pytest.mark.parametrize(
    ("others", "least", "expected"),
    [
        (16, 3, 15),
        (16, 17, 1),
        (16, 2, 16),
        (17, 3, 16),
        (17, 18, 1),
        (17, 2, 17),
        (30, 9, 23),
        (30, 24, 8),
        (1, 1, None),
        (17, 1, None),
        (0, 1, None),
    ],
)
def test_the_fewest_that_had_to_be_missing_leave_one_piece_less_than_the_least(evaluated, others, least, expected):
    """Up to 16 others each number is tried, beyond them they are halved; where one piece fires, nothing helps."""
    ledger = Ledger(limited(pieces_min=str(least), sum_multiple="0.001"))
    for number in range(others + 1):
        ledger.pay(f"p{number}", later(minutes=number), "4000")
    context, found = judged(evaluated, f"p{others}")
    offsets = [offset for offset in found.offsets if offset != context.payment.offset]
    assert len(offsets) == others
    assert t01._fewest_removed(context, offsets) == expected


# What an alert rests on


def test_an_alert_rests_on_what_counts_of_its_purpose_in_ninety_days():
    """The alert's own moment and the first of the ninety days count, of its purpose, out and without documents."""
    at_us, party = to_us(later(days=100)), Party(names=["40101", "40201"])
    first = at_us - 90 * DAY_US
    counted = OUT | NO_DOCUMENT
    for time, purpose, flags, cents in (
        (first, 0, counted, 1),
        (at_us, 0, counted, 10),
        (first - 1, 0, counted, 100),
        (at_us + 1, 0, counted, 100),
        (at_us, 1, counted, 1000),
        (at_us, 0, OUT, 100),
        (at_us, 0, NO_DOCUMENT, 100),
    ):
        append(party, msgspec.structs.replace(EMPTY, time=time, purpose=purpose, flags=flags, usd=cents))
    past = Past(rows(party), party.names, None, None, {}, None, None)
    assert SplitRemittance().standing(past, "40101", at_us) == 11
    assert SplitRemittance().standing(past, "40201", at_us) == 1000
    assert SplitRemittance().standing(past, "40301", at_us) == 0


def test_a_window_is_no_longer_than_times_in_64_bits_allow():
    """1.5 days are that many microseconds; a window of 10^12 days is cut."""
    assert t01.width_us(SimpleNamespace(number=1.5)) == 36 * 3_600_000_000
    assert t01.width_us(SimpleNamespace(number=10**12)) == 2**61
