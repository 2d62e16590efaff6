"""Alerts under a snooze: built, remembered and published as ever, and no desk gets them unless a line is passed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detectors.alerting import build as builder
from detectors.alerting.build import RULE
from detectors.books.party import Alerted
from detectors.contracts.alert import LawTest, LimitShown, Snoozed
from detectors.memory.snoozes import SLOT, Snooze
from detectors.ranking.ensemble import Scored
from detectors.values.legal_calendar import DAY_US, from_us
from tests.support.alert_case import DRAWN, case_of, hit, never
from tests.support.ledger import START, Ledger, later
from tests.unit.detectors.memory.test_dispositions import alerted, word


def asleep(*typologies: str, until_us: int = DAY_US, **changed: Any) -> Any:
    """The case, its party's alerts of these typologies at rest until so long after it."""
    case = case_of(**changed)
    words = [Snooze(name, case.at_us + until_us, 0, 40 + number) for number, name in enumerate(typologies)]
    case.party.slots[SLOT] = msgspec.msgpack.encode(words)
    return case


def limit(provenance: Any) -> LimitShown:
    return LimitShown(name="line", value="1", unit="USD", effective_from=START.date(), provenance=provenance)


def law_test(outcome: Any) -> LawTest:
    return LawTest(id="a", outcome=outcome, text_en="a", text_ko="a")


def test_a_resting_alert_goes_to_no_desk_and_says_why():
    """It is an alert as any other beside; the party remembers it, without a desk that got it."""
    case = asleep("T01")
    alert, desks = builder.build(case, [hit()], RULE, never)
    assert (desks, alert.desk) == ((), "unassigned")
    assert alert.snoozed == Snoozed(until=from_us(case.at_us + DAY_US), offset=40, legal_line=False)
    assert (alert.status, [one.id for one in alert.typologies]) == ("raised", ["T01"])
    assert [(one.alert_id, one.desks) for one in case.party.alerted] == [(alert.alert_id, ())]
    awake, told = builder.build(case_of(), [hit()], RULE, never)
    assert (told, awake.snoozed) == (("supervision",), msgspec.UNSET)
    assert awake == msgspec.structs.replace(alert, snoozed=msgspec.UNSET, desk="supervision")


@pytest.mark.parametrize(
    ("outcome", "provenance", "line"),
    [
        ("met", "L", True),
        ("met", "S", False),
        ("met", "D", False),
        ("not_met", "L", False),
        ("cannot_tell", "L", False),
    ],
)
def test_a_line_of_the_law_that_is_passed_reaches_its_desks(outcome, provenance, line):
    """Marked as snoozed: the desk's list shows it still."""
    tests, limits = (law_test("not_met"), law_test(outcome)), (limit("D"), limit(provenance))
    alert, desks = builder.build(asleep("T01"), [hit(tests=tests, limits=limits)], RULE, never)
    assert alert.snoozed.legal_line == line
    assert desks == (("supervision",) if line else ())
    assert alert.desk == ("supervision" if line else "unassigned")


def test_a_line_of_one_finding_is_not_made_of_two():
    """The test of one and the limit of another are no line."""
    found = [hit("T01", tests=(law_test("met"),)), hit("T16", limits=(limit("L"),))]
    assert not builder.build(asleep("T01", "T16"), found, RULE, never).alert.snoozed.legal_line


def test_an_alert_rests_only_where_all_it_is_about_does():
    """Of two typologies one is awake: the desks get it."""
    found = [hit("T01"), hit("T16")]
    assert builder.build(asleep("T01"), found, RULE, never).alert.snoozed is msgspec.UNSET
    assert builder.build(asleep("T16", "T01"), found, RULE, never).alert.snoozed.offset == 41


def test_an_unusual_payment_rests_as_anomaly():
    scored = Scored(0.8, 0.2, {}, (), warm=True)
    alert, desks = builder.build(asleep("anomaly", scored=scored), [], DRAWN, lambda rank: False)
    assert (desks, alert.snoozed.offset) == ((), 40)
    assert builder.build(asleep("T01", scored=scored), [], DRAWN, lambda rank: False).desks == ("compliance",)


def test_the_later_of_event_and_clock_decides():
    """A payment dated before the end comes after the partition's clock passed it: it rests no more."""
    for ahead_us, rests in ((DAY_US - 1, True), (DAY_US, False)):
        case = asleep("T01")
        case.state.watermark_us = case.at_us + ahead_us
        assert (builder.build(case, [hit()], RULE, never).alert.snoozed is not msgspec.UNSET) == rests
    for until_us, rests in ((1, True), (0, False)):
        case = asleep("T01", until_us=until_us)
        assert (builder.build(case, [hit()], RULE, never).alert.snoozed is not msgspec.UNSET) == rests


def test_who_got_the_alert_before_is_told_when_it_is_over():
    """A resting update leaves them out, and they are remembered for the next one."""
    case = asleep("T01")
    before = Alerted("T01", "s", 100, case.at_us, "0" * 32, "case-1", {}, ("former",))
    alert, desks = builder.build(case, [hit(superseded=before)], RULE, never)
    assert (alert.status, desks, case.party.alerted[-1].desks) == ("updated", (), ("former",))


def test_through_the_core_from_the_officers_word_to_the_end_of_it():
    """The alerts of 40 days rest, and after that time the desks get them again; a replay says the same."""
    ledger, alert_id = alerted()
    word(ledger, alert_id, until=24 * 40)
    terms = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1500"}
    found = []
    for day in (35, 39, 75, 110):
        ledger.rate(later(days=day))
        found += ledger.pay(f"d{day}", later(days=day, hours=1), "100000", **terms).raised
    assert [one.alert.snoozed is not msgspec.UNSET for one in found] == [True, True, False, False]
    assert [bool(one.desks) for one in found] == [False, False, True, True]
    assert found[0].alert.snoozed.until == START + timedelta(days=40)
    again = Ledger.__new__(Ledger)
    again.state, again.log, again.sources = type(ledger.state).new(3), [], {}
    for event, origin in ledger.log:
        again.put(event, origin)
    assert again.state.freeze().digest() == ledger.state.freeze().digest()
