"""Building alerts: desks, statistical alerts and their counterfactual."""

import math

from detectors.alerting.desks import UNASSIGNED
from tests.support.ledger import Ledger, configuration, later


def odd_one_out(**detectors: object):
    """Ninety quiet days of one party, then a payment unlike any before, of which one in twenty may alert."""
    settings = {
        "warm_up": 90,
        "daily_budget": 600.0,
        "rank_ceiling": 0.05,
        "most_by_chance": 1e9,
        "exploration": 0.0,
    } | detectors
    # such a payment is one of capital, or a burst: these rules would explain it
    silent = {typology: {"enabled": False} for typology in ("T13", "T14")}
    ledger = Ledger(configuration(detectors=settings, rules=silent))
    for day in range(90):
        ledger.pay(f"a{day}", later(days=day), str(900 + day % 7), evidence="shown")
    fields = {"evidence": "shown", "counterparty": "k1.999.new", "counterparty_country": "KY"}
    return ledger, ledger.pay("odd", later(days=90, hours=14), "250000", **fields)


def test_what_no_rule_explains_alerts_within_the_budget_and_says_why():
    """The desk is compliance, the shares sum to 1, and making its reasons usual would have left it unchosen."""
    _, outputs = odd_one_out()
    (alert,) = outputs.alerts
    assert alert.typologies == ()
    assert alert.desk == "compliance"
    assert alert.rank < 0.05
    assert alert.selection.budget == "anomaly"
    assert math.isclose(sum(reason.contribution for reason in alert.reasons), 1.0)
    assert [change.would_alert for change in alert.counterfactual] == [False]
    assert outputs.desks == ("compliance",)


def test_without_budget_nothing_statistical_alerts():
    """A daily budget of 0 leaves only rules."""
    assert odd_one_out(daily_budget=0.0)[1].alerts == ()


def test_every_matching_desk_gets_a_copy_and_none_is_no_loss():
    """A desk that asks for high severity gets it beside supervision; one no desk wants is unassigned, not dropped."""
    ledger = Ledger(configuration(desks={"chief": {"severities": ["high", "critical"]}}))
    found = [ledger.pay(f"e{n}", later(hours=n)) for n in range(6)]
    high = next(outputs for outputs in found for alert in outputs.alerts if alert.severity == "high")
    assert high.alerts[0].desk == "supervision"
    assert high.desks == ("supervision", "chief")
    only = {name: {"party_types": ["bank"], "also": []} for name in configuration().desks}
    alone = Ledger(configuration(desks=only))
    (outputs,) = [found for n in range(3) if (found := alone.pay(f"e{n}", later(hours=n))).alerts]
    assert outputs.alerts[0].desk == UNASSIGNED
    assert outputs.desks == ()


def test_a_second_unusual_payment_brings_the_first_ones_alert_up_to_date():
    """It names both payments and their sum, and keeps the higher severity, the case and the desks.

    Twice the largest amount, or 31 days later, is an alert of its own, in the same case and in a new one.
    """
    ledger, outputs = odd_one_out()
    (first,) = outputs.alerts
    odd = {"evidence": "shown", "counterparty": "k1.999.new", "counterparty_country": "KY"}
    (second,) = ledger.pay("odd2", later(days=91, hours=14), "200000", **odd).alerts
    assert (first.status, second.status, second.supersedes) == ("raised", "updated", first.alert_id)
    assert (second.severity, second.case_id, second.desk) == (first.severity, first.case_id, first.desk)
    assert second.amount_usd == "450000.00"
    assert [item.event_id for item in second.evidence] == ["odd", "odd2"]
    assert second.evidence_total == 2
    (third,) = ledger.pay("odd3", later(days=92, hours=14), "500000", **odd).alerts
    assert (third.status, third.supersedes, third.case_id) == ("raised", None, first.case_id)
    (later_on,) = ledger.pay("odd4", later(days=123, hours=15), "400000", **odd).alerts
    assert (later_on.status, later_on.case_id != first.case_id) == ("raised", True)


def test_a_payment_that_came_back_is_not_brought_up_to_date():
    """The next unusual payment is raised anew, with its own amount and no word of the other."""
    ledger, outputs = odd_one_out()
    ledger.pay("back", later(days=90, hours=15), "250000", status="cancelled", original_event_id="odd")
    odd = {"evidence": "shown", "counterparty": "k1.999.new", "counterparty_country": "KY"}
    (second,) = ledger.pay("odd2", later(days=91, hours=14), "200000", **odd).alerts
    assert (second.status, second.supersedes, second.amount_usd) == ("raised", None, "200000.00")
    assert second.case_id == outputs.alerts[0].case_id
    assert [item.event_id for item in second.evidence] == ["odd2"]


def test_alerts_of_a_party_within_thirty_days_are_one_case():
    """A split and an off-market deal of one month join; one of 31 days after the last opens another case."""
    ledger = Ledger()
    cases = []
    for day in (0, 20, 60):
        ledger.rate(later(days=day))
        terms = {"evidence": "shown", "settled_currency": "KRW", "deal_rate": "1500" if day != 20 else "1300"}
        cases += [alert.case_id for alert in ledger.pay(f"d{day}", later(days=day, hours=1), "50000", **terms).alerts]
    assert len(cases) == 3
    assert cases[0] == cases[1] != cases[2]
