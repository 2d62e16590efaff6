"""T10: payments to somebody who is not the contract's other party, without a report."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.contracts.events import Profile
from detectors.contracts.limits import Rulebook
from detectors.typologies import t10_third_party
from detectors.typologies.base import Finding
from detectors.typologies.kept_payments import MOST_KEPT, Kept
from detectors.values.legal_calendar import DAY_US
from tests.support.deals import NOW
from tests.support.ledger import Ledger, configuration, digest16, later
from tests.support.payment_joins import UETR

MAKER, PARTY = "k1.111.maker", "k1.0a3.remitter"


def pay(ledger: Ledger, name: str, amount: str, hours: float = 1, **fields):
    """A firm's documented import payment whose contract names the maker, to somebody else."""
    given = {
        "party_type": "company",
        "evidence": "shown",
        "purpose": "10101",
        "contract_counterparty": MAKER,
    } | fields
    return ledger.pay(name, later(hours=hours), amount, **given)


def hits(outputs):
    """T10's parts of the alerts."""
    return [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T10"]


def measured(outputs) -> dict:
    (hit,) = hits(outputs)
    return {one.name: one.value for one in hit.measured}


@pytest.mark.parametrize(("amount", "fires"), [("5000", False), ("5000.01", True)])
def test_it_is_free_up_to_the_line(amount, fires):
    """5 000 dollars exactly need no report (Reg 5-10(1) no. 1)."""
    assert bool(hits(pay(Ledger(), "a", amount))) == fires


@pytest.mark.parametrize(("amount", "above"), [("10000", 0), ("10000.01", 1)])
def test_the_second_line_is_told(amount, above):
    """Up to 10 000 the bank takes the report, above it the Bank of Korea."""
    outputs = pay(Ledger(), "a", amount)
    assert measured(outputs)["above_bank_line"] == above
    text = outputs.alerts[0].reasons[0].text_en
    assert ("a report to the Bank of Korea" in text) == bool(above)
    assert ("a report to a bank" in text) != bool(above)


@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "in"},
        {"contract_counterparty": None},
        {"contract_counterparty": "k1.111.payee"},
        {"report_no": "3P-1", "report_type": "third_party"},
        {"report_no": "CAP-1", "report_type": "capital"},
        {"report_no": "R-1"},
        {"party_type": "bank"},
        {"residency": "non_resident"},
        {"currency": "XAU"},
    ],
    ids=lambda fields: " ".join(f"{name} {value}" for name, value in fields.items()),
)
def test_it_is_silent_without_a_third_party_or_where_it_is_reported(fields):
    """Receipts, no contract party, the party itself paid, any report, banks, non-residents, no rate."""
    assert hits(pay(Ledger(), "a", "50000", **fields)) == []


def test_a_foreign_resident_is_a_resident():
    """The duty is on residents, and foreign residents are (Act 16)."""
    assert hits(pay(Ledger(), "a", "50000", residency="foreign_resident"))


def test_split_payments_are_summed_by_the_contracts_party():
    """Two pieces of 3 000 for one maker are 6 000, whoever got them; of two makers they are not."""
    ledger = Ledger()
    assert hits(pay(ledger, "a", "3000")) == []
    outputs = pay(ledger, "b", "3000", 2, counterparty="k1.111.other")
    assert measured(outputs)["third_party_total"] == "6000.00"
    assert measured(outputs)["third_party_payments"] == 2
    assert measured(outputs)["largest_third_party_payment"] == "3000.00"
    apart = Ledger()
    pay(apart, "a", "3000")
    assert hits(pay(apart, "b", "3000", 2, contract_counterparty="k1.111.second")) == []


@pytest.mark.parametrize(("hours", "fires"), [(30 * 24, False), (30 * 24 - 1, True)])
def test_pieces_are_summed_within_the_window(hours, fires):
    """30 days; a piece exactly so old is out."""
    ledger = Ledger()
    pay(ledger, "a", "3000", 0)
    assert bool(hits(pay(ledger, "b", "3000", hours))) == fires


def test_a_late_piece_is_summed_at_its_own_time():
    """Told after a later one, it is summed with what was paid up to its own time, and no more."""
    ledger = Ledger()
    pay(ledger, "a", "3000", 10)
    pay(ledger, "b", "1000", 30)
    assert measured(pay(ledger, "late", "2500", 20))["third_party_total"] == "5500.00"


def test_a_returned_piece_no_longer_counts():
    """The first of two pieces comes back, so the next is under the line; a part of it leaves the rest."""
    ledger = Ledger()
    pay(ledger, "a", "3000")
    pay(ledger, "back", "3000", 2, status="returned", original_event_id="a")
    assert hits(pay(ledger, "b", "3000", 3)) == []
    partly = Ledger()
    pay(partly, "a", "3000")
    pay(partly, "back", "1000", 2, status="returned", original_event_id="a")
    assert measured(pay(partly, "b", "3500", 3))["third_party_total"] == "5500.00"


def test_what_was_taken_back_of_an_alert_lets_the_next_one_be_news():
    """20 000 was alerted and returned whole; 12 000 more are news, though they have not doubled it."""
    ledger = Ledger()
    assert hits(pay(ledger, "a", "20000"))
    pay(ledger, "back", "20000", 2, status="returned", original_event_id="a")
    assert hits(pay(ledger, "b", "12000", 3))
    stands = Ledger()
    pay(stands, "a", "20000")
    assert hits(pay(stands, "b", "12000", 3)) == []
    assert hits(pay(stands, "c", "8000", 4))


def statuses(outputs) -> list[tuple[str, str | None]]:
    return [(one.alert.status, one.alert.supersedes) for one in outputs.raised]


@pytest.mark.parametrize(("back", "gone"), [("999.99", False), ("1000", True)])
def test_the_return_of_what_was_over_the_line_retracts_the_alert(back, gone):
    """Of two pieces of 3 000 each, 5 000 and less are free."""
    ledger = Ledger()
    pay(ledger, "a", "3000")
    (raised,) = pay(ledger, "b", "3000", 2).raised
    seen = statuses(pay(ledger, "back", back, 3, status="returned", original_event_id="a"))
    assert seen == ([("retracted", raised.alert.alert_id)] if gone else [])


def test_a_later_piece_over_the_line_keeps_the_alert():
    """It was no news while the first one stood; one of another deal keeps nothing."""
    ledger = Ledger()
    pay(ledger, "a", "6000")
    assert pay(ledger, "b", "5500", 24 * 29).raised == ()
    assert statuses(pay(ledger, "back", "6000", 24 * 29 + 1, status="returned", original_event_id="a")) == []
    (gone,) = pay(ledger, "back too", "5500", 24 * 29 + 2, status="returned", original_event_id="b").raised
    assert gone.alert.status == "retracted"
    other = Ledger()
    (raised,) = pay(other, "a", "6000").raised
    pay(other, "b", "5500", 2, contract_counterparty="k1.111.other maker")
    seen = statuses(pay(other, "back", "6000", 3, status="returned", original_event_id="a"))
    assert seen == [("retracted", raised.alert.alert_id)]


@pytest.mark.parametrize(
    "said", [{"report_no": "3P-1"}, {"report_no": "3P-1", "contract_counterparty": None}, {"counterparty": MAKER}]
)
def test_a_settlement_that_names_the_report_or_the_maker_retracts_the_alert(said):
    """The piece is none any more, and the next one is alone."""
    ledger = Ledger()
    (raised,) = pay(ledger, "a", "6000", status="ordered", payment_id="P").raised
    assert statuses(pay(ledger, "b", "6000", 2, payment_id="P", **said)) == [("retracted", raised.alert.alert_id)]
    assert hits(pay(ledger, "c", "4000", 3)) == []


def test_a_settlement_that_says_nothing_of_the_contract_leaves_the_piece():
    """What is missing is not told anew; nor does another institution's word take a piece away."""
    ledger = Ledger()
    pay(ledger, "a", "3000", status="ordered", payment_id=UETR)
    assert pay(ledger, "b", "3000", 2, payment_id=UETR, contract_counterparty=None).raised == ()
    assert pay(ledger, "w", "3000", 2, payment_id=UETR, institution="BANKB", report_no="3P-1").raised == ()
    assert measured(pay(ledger, "c", "3000", 3))["third_party_total"] == "6000.00"
    assert [one.usd for one in kept(ledger)] == [300_000, 300_000]


def test_a_payment_of_which_the_settlement_names_the_maker_is_a_piece_from_then_on():
    """Its order said nothing of a contract."""
    ledger = Ledger()
    pay(ledger, "a", "3000", status="ordered", payment_id="P", contract_counterparty=None)
    pay(ledger, "b", "3000", 2, payment_id="P")
    assert measured(pay(ledger, "c", "3000", 3))["third_party_payments"] == 2


def test_all_pieces_are_named_as_evidence():
    """Documented ones that no other rule wants named, and the settlement in the place of an order."""
    ledger = Ledger()
    pay(ledger, "a", "2000")
    pay(ledger, "o", "2000", 2, status="ordered", payment_id="P")
    pay(ledger, "s", "2000", 3, payment_id="P")
    pay(ledger, "x", "2000", 3, contract_counterparty=None)
    (alert,) = pay(ledger, "b", "2000", 4).alerts
    assert [each.event_id for each in alert.evidence] == ["a", "s", "b"]
    assert [each.amount_usd for each in alert.evidence] == ["2000.00"] * 3
    assert alert.evidence_total == 3


def test_a_settlement_counts_once_and_by_its_amount():
    """An order of 4 000 that is settled with 6 000 fires at the settlement, with one payment."""
    ledger = Ledger()
    assert hits(pay(ledger, "a", "4000", status="ordered", payment_id="P")) == []
    outputs = pay(ledger, "b", "6000", 5, payment_id="P")
    assert (measured(outputs)["third_party_total"], measured(outputs)["third_party_payments"]) == ("6000.00", 1)


def profiled(config=None) -> Ledger:
    """A ledger in which the payee is a related party of the profile."""
    ledger = Ledger(config)
    profile = Profile(
        event_id="p",
        identity=digest16("p"),
        body=digest16("p"),
        party=PARTY,
        party_type="company",
        related_counterparties=("k1.111.payee",),
        as_of=later(hours=0),
    )
    ledger.put(profile, ledger.origin("fx.profiles.v1"))
    return ledger


def test_related_payees_are_left_out_by_configuration(findings):
    """By default; with 0 they are found, and told to be related. Another payee is told not to be."""
    assert hits(pay(profiled(), "a", "50000")) == []
    outputs = pay(profiled(), "a", "50000", counterparty="k1.111.other")
    assert measured(outputs)["payee_is_related"] == 0
    assert outcomes(findings.pop(0))["group_treasury"] == ("not_met", None)
    findings.clear()
    limits = [
        msgspec.to_builtins(each) | {"value": "0" if each.name == "related_exempt" else each.value}
        for each in configuration().rules["T10"].limits
    ]
    outputs = pay(profiled(configuration(rules={"T10": {"limits": limits}})), "a", "50000")
    assert measured(outputs)["payee_is_related"] == 1
    assert outcomes(findings[-1])["group_treasury"] == ("cannot_tell", None)


@pytest.fixture
def findings(monkeypatch) -> list[Finding]:
    """What the rule found, as it was found."""
    found, original = [], t10_third_party._finding
    monkeypatch.setattr(t10_third_party, "_finding", lambda *given: found.append(original(*given)) or found[-1])
    return found


def outcomes(found: Finding) -> dict:
    """The tests of the law, with the fields for lack of which they cannot be told."""
    return {one.id: (one.outcome, one.missing) for one in found.tests}


def test_each_test_of_the_law_is_told(findings):
    """Without a profile the relation cannot be told; exemptions never can."""
    pay(Ledger(), "a", "6000")
    assert outcomes(findings[0]) == {
        "payee_is_third_party": ("met", None),
        "above_free_amount": ("met", None),
        "single_payment_above": ("met", None),
        "bank_of_korea": ("not_met", None),
        "no_report": ("met", None),
        "group_treasury": ("cannot_tell", "profiles.related_counterparties"),
        "no_exemption": ("cannot_tell", None),
    }
    ledger = Ledger()
    pay(ledger, "a", "4000")
    findings.clear()
    pay(ledger, "b", "4000", 2)
    assert outcomes(findings[0])["single_payment_above"] == ("not_met", None)
    findings.clear()
    pay(Ledger(), "a", "16000")
    assert outcomes(findings[0])["bank_of_korea"] == ("met", None)


def test_strength_grows_with_the_sum_and_is_less_for_pieces():
    """0.6 at the line, half of the way to 0.9 for each 10 000 beyond it; pieces alone at 0.85 of it."""
    assert hits(pay(Ledger(), "a", "15000"))[0].strength == 0.75
    ledger = Ledger()
    for number in range(3):
        outputs = pay(ledger, f"p{number}", "5000", number)
    # the alert of the second piece stands, 15 000 is not twice 10 000
    assert hits(outputs) == []
    assert hits(pay(Ledger(), "a", "25000"))[0].strength == 0.825
    both = Ledger()
    pay(both, "a", "5000")
    assert hits(pay(both, "b", "5000", 2))[0].strength == round((0.6 + 0.3 * (1 - 0.5**0.5)) * 0.85, 4)


def test_the_alert_names_both_and_what_else_the_payee_got():
    """Payee and contract party, the payee's country and its bank's, other payments to it."""
    ledger = Ledger()
    ledger.pay("other", later(hours=0), "700", party_type="company", evidence="shown")
    (alert,) = pay(ledger, "a", "6000", counterparty_bank_country="HK").alerts
    assert (alert.counterparty, alert.parties) == ("k1.111.payee", (MAKER,))
    (reason,) = [one for one in alert.reasons if one.feature == "T10"]
    assert (reason.own_baseline, reason.own_n) == ("700.00", 1)
    assert "(VN)" in reason.text_en
    assert "another country (HK)" in reason.text_en
    assert "1 other payment to this payee is kept, the first of 2025-03-03." in reason.text_en
    assert "다른 국가(HK)" in reason.text_ko
    assert "1건이며, 가장 이른 것은 2025년 3월 3일" in reason.text_ko
    assert alert.amount_usd == "6000.00"


def test_without_other_payments_it_says_so():
    """And nothing of the bank's country where it is the payee's."""
    (alert,) = pay(Ledger(), "a", "6000", counterparty_bank_country="VN").alerts
    text = alert.reasons[0].text_en
    assert text.endswith("No other payment to this payee is kept.")
    assert "bank is in another country" not in text


def test_what_would_have_made_it_not_fire():
    """A report; what was left under the line."""
    ledger = Ledger()
    pay(ledger, "a", "3000")
    (alert,) = pay(ledger, "b", "3000", 2).alerts
    report, less = alert.counterfactual
    assert "reported beforehand, T10 would not have fired" in report.change
    assert "had this payment been 2,000.00 USD or less" in less.change.replace("Had", "had")
    assert not report.would_alert
    assert not less.would_alert


def test_parts_by_institution(findings):
    """How much came through each bank, without the other one, and the own bank's alone."""
    ledger = Ledger()
    pay(ledger, "a", "7000", institution="BANKB")
    findings.clear()
    pay(ledger, "b", "6000", 2)
    found = findings[0]
    assert dict(found.parts) == {"BANKA": 600_000, "BANKB": 700_000}
    assert found.without == (("BANKB", 600_000),)
    assert found.alone == 600_000
    assert found.institutions == ("BANKA", "BANKB")
    assert len(found.offsets) == 2


def test_no_law_of_another_time_is_applied():
    """The lines are in force from 2019-05-03 on."""
    early = later(days=-2132)
    assert early.date().isoformat() == "2019-05-02"
    fields = {"party_type": "company", "evidence": "shown", "contract_counterparty": MAKER}
    assert Ledger().pay("a", early, "50000", **fields).alerts == ()
    assert hits(Ledger().pay("a", later(days=-2131), "50000", **fields))


def test_pieces_are_kept_for_the_window_and_late_ones_and_no_longer():
    """65 days back from the newest; at most so many."""
    ledger = Ledger()
    pay(ledger, "a", "1000", 0)
    pay(ledger, "b", "1000", 24 * 66)
    assert len(kept(ledger)) == 1
    for number in range(MOST_KEPT + 5):
        pay(ledger, f"c{number}", "100", 24 * 66 + 1 + number / 100)
    assert len(kept(ledger)) == MOST_KEPT
    assert max(one.usd for one in kept(ledger)) == 100_000


def kept(ledger: Ledger) -> list[Kept]:
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T10"], type=list[Kept])


@pytest.mark.parametrize(("days", "number"), [(0, "31"), (365, "32")])
def test_counts_and_terms_are_those_of_the_limits_in_force(days, number, findings):
    """How many exemptions there are, and the term of a later report: 31 before notice 2025-57, 32 since."""
    pay(Ledger(), "a", "6000", 24 * days)
    told = {one.id: (one.text_en, one.text_ko) for one in findings[0].tests}
    assert told["no_exemption"] == (
        f"None of the {number} exemptions of art. 5-10(1) holds; no field tells it",
        f"제5-10조제1항의 {number}개 신고 예외에 해당하지 않음. 알 수 있는 항목 없음",
    )
    assert "may follow within 1 month (art. 5-10(4))" in told["group_treasury"][0]
    assert "지급 후 1개월 이내에 사후 보고할 수 있음" in told["group_treasury"][1]


def test_without_those_limits_no_count_and_no_term_is_said(findings):
    """A configuration of before does without."""
    limits = [
        msgspec.to_builtins(each)
        for each in configuration().rules["T10"].limits
        if each.name not in {"exemption_count", "late_report_months"}
    ]
    pay(Ledger(configuration(rules={"T10": {"limits": limits}})), "a", "6000")
    told = {one.id: (one.text_en, one.text_ko) for one in findings[-1].tests}
    assert told["no_exemption"][0].startswith("None of the exemptions of")
    assert told["no_exemption"][1].startswith("제5-10조제1항의 신고 예외에")
    assert "may follow (art. 5-10(4))" in told["group_treasury"][0]
    assert "지급 후 사후 보고할 수 있음" in told["group_treasury"][1]


def test_standing_is_the_deals_sum_of_the_window_that_ends_there():
    """Of the local day's limit; without one all that is kept of the deal up to that time."""
    pieces = [Kept(at, at, 10**at, 7, 0, at) for at in (1, 2, 3, 4)] + [Kept(3, 9, 5, 8, 0, 9)]
    rulebook, day_us = Rulebook(configuration()), 30 * DAY_US

    def standing(at_us: int, shift: int = 0, law=rulebook, slots=True) -> int:
        moved = [msgspec.structs.replace(one, time_us=one.time_us + shift) for one in pieces]
        slot = {"T10": msgspec.msgpack.encode(moved)} if slots else {}
        past = SimpleNamespace(slots=slot, rulebook=law, zone=ZoneInfo("Asia/Seoul"))
        return t10_third_party.ThirdPartyPayment().standing(past, f"{7:016x}", at_us)

    assert standing(NOW + 2, NOW) == 110
    # the second piece lies a whole window back, the third a microsecond less
    assert standing(NOW + 2, NOW - day_us) == 11_000
    assert standing(NOW + 3, NOW - day_us) == 10_000
    assert standing(NOW + 4, NOW - day_us) == 0
    assert standing(NOW, slots=False) == 0
    lawless = SimpleNamespace(limit=lambda *_: None)
    assert standing(3, law=lawless) == 1_110


@pytest.mark.parametrize(("first", "left"), [("4999.99", "0.01 USD"), ("4999.98", "0.02 USD"), ("5000", None)])
def test_what_was_left_under_the_line_is_told_to_the_cent(first, left):
    """Of 5 000; where nothing is left, nothing is told."""
    ledger = Ledger()
    pay(ledger, "a", first)
    (alert,) = pay(ledger, "b", "3000", 2).alerts
    said = [one.change for one in alert.counterfactual if "this payment been" in one.change]
    assert (f"this payment been {left} or less (what was left under the line)" in " ".join(said)) == bool(left)
    assert len(said) == bool(left)


def test_its_limits_and_window_are_told(findings):
    """The free line, the bank's, the growth; the window in days; what else the payee got, without returned ones."""
    ledger = Ledger()
    pay(ledger, "one", "700", contract_counterparty=None)
    pay(ledger, "in", "900", 2, contract_counterparty=None, direction="in")
    pay(ledger, "other", "800", 2, contract_counterparty=None, counterparty="k1.111.else")
    pay(ledger, "back", "600", 2, contract_counterparty=None)
    pay(ledger, "return", "600", 2, status="returned", original_event_id="back")
    pay(ledger, "cent", "0.01", 2, contract_counterparty=None)
    seen = pay(ledger, "a", "6000", 3)
    (found,) = findings
    assert [one.name for one in found.limits] == ["free_line", "bank_line", "growth_ratio"]
    assert found.window == "third-party payments of 30 days"
    assert (measured(seen)["earlier_payments_to_payee"], measured(seen)["earlier_total_to_payee"]) == (2, "700.01")
    assert (found.own_baseline, found.own_n) == ("350.00", 2)
