"""T17 on a device: what comes in under one name goes out under another."""

import pytest

from tests.support.ledger import later
from tests.support.leg_log import LegLog, resident

# hours, direction, resident, amount
THROUGH = ((0, "in", 1, "4000"), (2, "in", 1, "3000"), (9, "out", 2, "6600"))


def passed(log: LegLog, steps=THROUGH, kind: str = "device", **fields):
    """T17's alerts of payments through one device or contact."""
    raised = []
    for number, (hours, direction, who, amount) in enumerate(steps):
        given = {"direction": direction, kind: "k1.002.shared", "kinds": (kind,), "evidence": "shown"} | fields
        for outputs in log.pay(f"e{number}", later(hours=hours), amount, who, **given):
            raised += [alert for alert in outputs.alerts if [hit.id for hit in alert.typologies] == ["T17"]]
    return raised


@pytest.mark.parametrize("kind", ["device", "contact"])
def test_in_under_one_name_and_out_under_another(kind):
    """The alert names both, what they share, and what passed."""
    (alert,) = passed(LegLog(), kind=kind)
    (hit,) = alert.typologies
    assert (alert.shared.kind, alert.parties) == (kind, (resident(1), resident(2)))
    assert hit.window == "24 hours before the last payment out"
    assert {one.name: one.value for one in hit.measured} == {
        "came_in": "7000.00",
        "went_out": "6600.00",
        "out_share": 0.9429,
        "payments_in": 2,
        "payments_out": 1,
        "residents": 2,
    }
    assert (alert.amount_usd, alert.evidence_total) == ("6600.00", 3)
    assert {test.id: test.outcome for test in hit.tests} == {
        "passed_on": "met",
        "other_names": "met",
        "for_others_as_business": "cannot_tell",
    }
    assert "under other names" in alert.reasons[0].text_en
    assert "다른 명의로 다시 송금되었습니다" in alert.reasons[0].text_ko


@pytest.mark.parametrize(
    ("case", "steps", "fields"),
    [
        ("one name", ((0, "in", 1, "7000"), (9, "out", 1, "6600")), {}),
        (
            "both names on both sides",
            ((0, "in", 1, "4000"), (1, "in", 2, "3000"), (9, "out", 2, "3000"), (9, "out", 1, "3600")),
            {},
        ),
        ("little went out", ((0, "in", 1, "7000"), (9, "out", 2, "6000")), {}),
        ("more went out", ((0, "in", 1, "7000"), (9, "out", 2, "8000")), {}),
        ("small", ((0, "in", 1, "4900"), (9, "out", 2, "4700")), {}),
        ("out before in", ((0, "out", 2, "6600"), (9, "in", 1, "7000")), {}),
        ("days later", ((0, "in", 1, "7000"), (80, "out", 2, "6600")), {}),
        ("goods", THROUGH, {"purpose": "10101"}),
    ],
)
def test_what_is_no_pass_through(case, steps, fields):
    """Each lacks one thing that is asked for."""
    assert passed(LegLog(), steps, **fields) == [], case


def test_the_incoming_half_may_be_told_last():
    """Banks report at their own pace."""
    log = LegLog()
    assert passed(log, ((9, "out", 2, "6600"), (2, "in", 1, "3000"))) == []
    (alert,) = passed(log, ((9, "out", 2, "6600"), (2, "in", 1, "3000"), (0, "in", 1, "4000")))
    assert alert.amount_usd == "6600.00"


def test_a_return_takes_it_back():
    """The money did not go on."""
    log = LegLog()
    (alert,) = passed(log)
    given = {"kinds": ("device",), "device": "k1.002.shared", "status": "returned", "original_event_id": "e2"}
    (back,) = log.pay("x", later(hours=20), "6600", 2, **given)[0].alerts
    assert (back.status, back.supersedes) == ("retracted", alert.alert_id)


def test_more_that_comes_in_takes_it_back_no_more():
    """9 000 more an hour later, of which nothing goes out: what passed before has passed."""
    log = LegLog()
    (alert,) = passed(log)
    given = {"direction": "in", "device": "k1.002.shared", "kinds": ("device",), "evidence": "shown"}
    outputs = log.pay("more", later(hours=10), "9000", 3, **given)
    assert [one.status for out in outputs for one in out.alerts if one.supersedes == alert.alert_id] == []
