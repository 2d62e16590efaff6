"""An alert's chance of being confirmed: absent before verdicts, there after them, and never a reason not to alert."""

from typing import Any

import msgspec

from detectors.alerting.learned import one_sided
from detectors.books.party import unpack
from detectors.contracts.learning import Lesson
from detectors.features.view import Feature
from detectors.learning.inputs import is_allowed
from detectors.memory import grounds
from tests.support.ledger import Ledger, later
from tests.support.taught import lesson_of

PARTY = "k1.0a3.remitter"


def alerted(lessons: list[Lesson], **changed: Any) -> tuple[Ledger, Any]:
    """A ledger and the alert on an off-market rate in it, after these lessons."""
    ledger = Ledger()
    ledger.rate(later())
    for lesson in lessons:
        ledger.state.ranker.learn(lesson)
    terms = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1500"} | changed
    (alert,) = ledger.pay("d", later(hours=1), "50000", **terms).alerts
    return ledger, alert


def test_without_verdicts_the_alert_says_nothing_of_its_chance() -> None:
    _, alert = alerted([])
    assert alert.probability is msgspec.UNSET
    assert b"probability" not in msgspec.json.encode(alert).replace(b'"selection":{"budget":"rule","probability"', b"")


def test_what_the_alert_was_raised_on_is_kept_with_its_party() -> None:
    ledger, alert = alerted([])
    kept = grounds.find(unpack(ledger.state.parties[PARTY]), alert.alert_id)

    assert kept is not None
    assert (kept.case_id, kept.lead, kept.selected) == (alert.case_id, "T16", 1.0)
    assert kept.inputs["T16"] == round(alert.typologies[0].strength * 256)
    assert all(is_allowed(name) for name in kept.inputs)
    assert kept.detectors == alert.versions.detectors


def test_refuted_alerts_lower_the_chance_and_hold_no_finding_back() -> None:
    """Two thousand refuted findings of the rule: it still alerts, at the same severity and desk."""
    refuted = [lesson_of(number, confirmed=False, lead="T16", inputs={"T16": 200}) for number in range(2000)]
    _, alert = alerted(refuted)
    _, plain = alerted([])

    assert isinstance(alert.probability, float)
    assert 0.0 < alert.probability < 0.01
    assert alert.lessons == 2000
    same = msgspec.structs.replace(alert, probability=msgspec.UNSET, lessons=msgspec.UNSET)
    assert same == plain


def test_where_a_party_lives_is_no_input() -> None:
    """Two parties that differ in what a person is have the same inputs, and so the same chance."""
    kept = []
    for residency in (None, "resident", "foreign_resident"):
        ledger, alert = alerted([], residency=residency)
        found = grounds.find(unpack(ledger.state.parties[PARTY]), alert.alert_id)
        assert found is not None
        kept.append(found.inputs)
    assert kept[0] == kept[1] == kept[2]


def test_features_count_only_as_far_as_they_are_known() -> None:
    known = Feature("hour", 3.0, "h", 2.5, None, 9, None)
    unknown = Feature("cadence", None, "d", None, None, 0, None)
    assert one_sided([known, unknown]) == {"hour": 2.5}
