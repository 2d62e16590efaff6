"""T01 under several names: pieces of one transfer at one device, contact, payee or account; and honest crowds."""

import msgspec
import pytest

from detectors.books import payments
from detectors.books.party import unpack
from detectors.typologies.node_view import NodeView
from detectors.typologies.t01_ring import RingOfRemitters
from tests.support.ledger import configuration, later
from tests.support.leg_log import PAYEE, LegLog, resident

DEVICE = "k1.002.device"
AMOUNTS = ("4800", "4900", "4700")


def pieces(log: LegLog, amounts=AMOUNTS, *, kinds=("device",), hours: float = 3, first: int = 0, **fields):
    """Residents who send one piece after the other through one device; the alerts of T01."""
    raised = []
    for number, amount in enumerate(amounts, first):
        given = {"device": DEVICE, "purpose": "30101", "kinds": kinds} | fields
        for outputs in log.pay(f"e{number}", later(hours=hours * number), amount, number, **given):
            raised += [one for one in outputs.alerts if "T01" in {hit.id for hit in one.typologies}]
    return raised


def hit_of(alert):
    """What the alert says of T01."""
    return next(hit for hit in alert.typologies if hit.id == "T01")


def test_the_third_name_with_a_piece_at_one_device_completes_a_ring():
    """The alert names all three, the largest first, the device, and each piece with its resident."""
    (alert,) = pieces(LegLog())
    hit = hit_of(alert)
    assert (alert.shared.kind, alert.shared.token) == ("device", DEVICE)
    assert alert.parties == (resident(1), resident(0), resident(2))
    assert [item.party for item in alert.evidence] == [resident(0), resident(1), resident(2)]
    assert {one.name: one.value for one in hit.measured} == {
        "residents": 3,
        "pieces": 3,
        "sum": "14400.00",
        "sum_over_line": 2.88,
        "smallest_piece": "4700.00",
        "largest_piece": "4900.00",
        "span": 0.25,
        "users_of_thing": 3,
    }
    assert (hit.window, hit.strength) == ("1 d", 0.6)
    assert [one.name for one in hit.limits] == [
        "document_line", "band_low", "sum_multiple", "ring_names_min", "ring_share", "window_day", "window_month",
    ]  # fmt: skip


def test_the_tests_of_one_transfer_are_told_as_far_as_they_can_be():
    """Nothing says that the remitter is one; that is what has to be checked."""
    (alert,) = pieces(LegLog())
    assert {test.id: test.outcome for test in hit_of(alert).tests} == {
        "same_remitter": "cannot_tell",
        "same_purpose": "met",
        "close_in_time": "met",
        "one_beneficiary": "met",
        "shared_thing": "met",
        "line_binds": "met",
        "line_is_theirs": "cannot_tell",
    }
    reason = next(one for one in alert.reasons if one.feature == "T01")
    assert "3 residents paid one foreign party through one device" in reason.text_en
    assert " 3 residents used the device within 30 days. " in reason.text_en
    assert "30일 동안 이 접속기기를 이용한 거주자는 3명입니다" in reason.text_ko
    assert reason.text_en.endswith("whether one person stands behind these names requires a check.")
    assert reason.text_ko.endswith("한 사람이 여러 명의를 이용한 것인지 확인이 필요합니다.")
    assert {one.article.split("(")[0] for one in hit_of(alert).exposure}


def test_pieces_days_apart_are_close_in_time_only_perhaps():
    """The notice names no number of days."""
    (alert,) = pieces(LegLog(), hours=48)
    hit = hit_of(alert)
    assert (hit.window, {test.id: test.outcome for test in hit.tests}["close_in_time"]) == ("7 d", "cannot_tell")
    assert hit.strength == pytest.approx(0.9 * 0.6)
    assert pieces(LegLog(), hours=24 * 16) == []


def test_a_piece_without_a_purpose_says_so():
    (alert,) = pieces(LegLog(), purpose=None)
    tests = {test.id: test for test in hit_of(alert).tests}
    assert (tests["same_purpose"].outcome, tests["same_purpose"].missing) == ("cannot_tell", "transactions.purpose")
    assert "stated purpose: not given" in next(one for one in alert.reasons if one.feature == "T01").text_en


@pytest.mark.parametrize(
    ("amounts", "many"),
    [
        (("4000", "5000", "4000"), 1),
        (("4000", "4000", "5000"), 1),
        (("3999.99", "5000", "5000"), 0),
        (("4000", "5000.01", "5000"), 0),
        (("4000", "4000"), 0),
    ],
    ids=["the band's ends", "the line itself", "a cent below", "a cent above", "two names"],
)
def test_the_band_and_the_number_of_names_are_exact(amounts, many):
    assert len(pieces(LegLog(), amounts)) == many


def test_pieces_of_one_name_are_no_ring():
    """Two names, however many pieces: one of them is T01's own, in the monitor."""
    log, raised = LegLog(), []
    for number in range(6):
        given = {"device": DEVICE, "purpose": "30101", "kinds": ("device",)}
        raised += log.pay(f"e{number}", later(hours=number), "4900", number % 2, **given)
    assert [one for outputs in raised for one in outputs.alerts] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"direction": "in"},
        {"evidence": "shown"},
    ],
    ids=["received", "documented"],
)
def test_what_is_no_piece_makes_no_ring(changed):
    assert pieces(LegLog(), **changed) == []


def test_each_payee_and_each_purpose_is_a_series_of_its_own():
    """Staff at one office terminal pay their own payees; each purpose is looked at apart, too."""
    for name in ("counterparty", "purpose"):
        log, raised = LegLog(), []
        values = ["k1.111.a", "k1.111.b", "k1.111.c"] if name == "counterparty" else ["30101", "40101", "50101"]
        for number, value in enumerate(values):
            given = {"device": DEVICE, "purpose": "30101", "kinds": ("device",)} | {name: value}
            raised += log.pay(f"e{number}", later(hours=number), "4900", number, **given)
        assert [hit.id for outputs in raised for one in outputs.alerts for hit in one.typologies] == ["T03"], name


def test_at_a_terminal_that_many_use_three_with_one_payee_are_no_ring():
    """Students who pay their university at a branch near it: of ten who used it they are three."""
    for others, many in ((4, 0), (3, 1)):
        log = LegLog()
        for number in range(others):
            given = {"counterparty": f"k1.11{number}.other", "device": DEVICE, "kinds": ("device",)}
            log.pay(f"o{number}", later(minutes=number + 1), "300", 50 + number, evidence="shown", **given)
        assert len(pieces(log)) == many, others


def test_five_names_at_one_payee_are_a_ring_and_four_are_none():
    """A payee alone is shared by honest people; so is its account."""
    amounts = ("4800", "4900", "4700", "4600", "4500")
    for kind, given in (("counterparty", {}), ("account", {"counterparty_account": "k1.003.account"})):
        assert pieces(LegLog(), amounts[:4], kinds=(kind,), **given) == []
        (alert,) = pieces(LegLog(), amounts, kinds=(kind,), **given)
        assert "5 residents paid one foreign" in next(one for one in alert.reasons if one.feature == "T01").text_en
        assert {hit.id for hit in alert.typologies} == {"T01", "T03"}
        assert {one.name: one.value for one in hit_of(alert).measured}["users_of_thing"] == 5


def test_a_set_price_to_one_payee_is_no_ring():
    """Six who attend a conference pay the same amount; at one device equal amounts are no excuse."""
    assert pieces(LegLog(), ("4500",) * 6, kinds=("counterparty",)) == []
    assert len(pieces(LegLog(), ("4500",) * 3)) == 1


def test_a_popular_payee_with_payments_of_all_sizes_is_no_ring():
    """Of a school's payments without documents less than half are pieces."""
    for small, many in ((6, 0), (5, 1)):
        log = LegLog()
        for number in range(small):
            log.pay(f"o{number}", later(minutes=number + 1), str(100 + 300 * number), 50 + number, purpose="30101")
        assert len(pieces(log, ("4800", "4900", "4700", "4600", "4500"), kinds=("counterparty",))) == many, small


def test_the_ring_is_taken_back_when_a_piece_returns_and_grows_with_further_names():
    """One series: its alert is brought up to date when the sum has doubled."""
    log = LegLog()
    (first,) = pieces(log)
    (second,) = pieces(log, ("4800", "4900", "4700"), first=3)
    assert (second.status, second.supersedes) == ("updated", first.alert_id)
    log = LegLog()
    (first,) = pieces(log)
    given = {"device": DEVICE, "purpose": "30101", "kinds": ("device",), "status": "returned"}
    outputs = log.pay("r", later(hours=12), "4900", 1, original_event_id="e1", **given)
    taken = [one for each in outputs for one in each.alerts]
    assert [(one.status, one.supersedes) for one in taken] == [("retracted", first.alert_id)]


def test_after_the_cap_alone_the_line_is_not_known_to_bind():
    """Since 2025-12-29; where such are not to be reported before the cap, nothing is."""
    log = LegLog()
    raised = [
        one
        for number in range(3)
        for outputs in log.pay(
            f"e{number}", later(days=400, hours=number), "4900", number, device=DEVICE, purpose="30101",
            kinds=("device",),
        )
        for one in outputs.alerts
    ]  # fmt: skip
    hit = hit_of(raised[-1])
    assert {test.id: test.outcome for test in hit.tests}["line_binds"] == "cannot_tell"
    assert hit.strength == pytest.approx(0.6 * 0.8)
    assert "line_applies_after_cap" in {one.name for one in hit.limits}


def test_without_its_own_limits_nobody_looks_for_rings():
    """A configuration of an earlier release has none of them."""
    without = with_limits(ring_names_min="", ring_payee_names_min="", ring_share="")
    assert pieces(LegLog(without)) == []


def test_a_payee_whose_token_was_rotated_stays_the_same_payee():
    """Names of the overlap lead to the number that is known."""
    log = LegLog()
    pieces(log, AMOUNTS[:2])
    given = {"device": DEVICE, "purpose": "30101", "kinds": ("device",)}
    outputs = log.pay("e2", later(hours=9), "4700", 2, counterparty="k2.111.p", previous={"k2.111.p": PAYEE}, **given)
    assert [hit.id for each in outputs for one in each.alerts for hit in one.typologies] == ["T01", "T03"]


def with_limits(**values: str):
    """The shipped configuration with other limits of T01; without one whose value is empty."""
    known = configuration()
    limits = tuple(
        msgspec.structs.replace(one, value=values.get(one.name, one.value))
        for one in known.rules["T01"].limits
        if values.get(one.name) != ""
    )
    rules = known.rules | {"T01": msgspec.structs.replace(known.rules["T01"], limits=limits)}
    return msgspec.structs.replace(known, rules=rules)


@pytest.mark.parametrize(
    ("values", "many"),
    [
        ({"line_applies_after_cap": "1", "report_before_cap": "0"}, 0),
        ({"line_applies_after_cap": "1", "report_before_cap": ""}, 0),
        ({"line_applies_after_cap": "0", "report_before_cap": "0"}, 1),
        ({"line_applies_after_cap": "", "report_before_cap": "0"}, 1),
        ({"line_applies_after_cap": "1", "report_before_cap": "1"}, 1),
    ],
    ids=["silent", "not said", "binds", "no cap", "told before"],
)
def test_before_the_cap_it_is_told_where_the_configuration_says_so(values, many):
    assert len(pieces(LegLog(with_limits(**values)))) == many


@pytest.mark.parametrize(("last", "many"), [("5000", 1), ("4999.99", 0)])
def test_the_least_sum_is_exact(last, many):
    """Three pieces always come to twice the line; a configuration may ask for more."""
    assert len(pieces(LegLog(with_limits(sum_multiple="3")), ("5000", "5000", last))) == many


def used_by_others(log: LegLog, many: int, **fields) -> None:
    """So many other residents who used the device, or paid the payee."""
    for number in range(many):
        log.pay(f"o{number}", later(minutes=number + 1), "300", 50 + number, **fields)


def test_the_share_of_a_devices_users_is_exact_and_more_names_weigh_more():
    given = {"counterparty": "k1.112.other", "device": DEVICE, "kinds": ("device",), "evidence": "shown"}
    for share, many in (("0.43", 0), ("0.42", 1)):
        log = LegLog(with_limits(ring_share=share))
        used_by_others(log, 4, **given)
        assert len(pieces(log)) == many, share
    log = LegLog()
    used_by_others(log, 5, **given)
    (alert,) = pieces(log, ("4800", "4900", "4700", "4600", "4500"))
    assert hit_of(alert).strength == 0.7042


def test_the_share_of_a_payees_payments_is_exact():
    for share, many in (("0.72", 0), ("0.71", 1)):
        log = LegLog(with_limits(ring_share=share))
        used_by_others(log, 2, purpose="30101")
        amounts = ("4800", "4900", "4700", "4600", "4500")
        assert len(pieces(log, amounts, kinds=("counterparty",))) == many, share


def test_a_purpose_may_hold_what_parts_a_series():
    assert len(pieces(LegLog(), purpose="a>b")) == 1


def test_a_payment_of_a_device_whose_payee_is_not_known_belongs_to_no_series():
    """One that an earlier release has counted."""
    log = LegLog()
    pieces(log)
    node = unpack(log.state.parties[DEVICE])
    found = [payments.Payment(*row.tolist()) for row in payments.rows(node)]
    view = NodeView(
        kind="device",
        name=DEVICE,
        rows=payments.rows(node),
        names=node.names,
        residents={},
        zone=log.state.effective.zone,
        rulebook=log.state.effective.rulebook,
        legend=log.state.configuration.legend,
    )
    assert [RingOfRemitters().series(view, one) for one in found] == [()] * 3
