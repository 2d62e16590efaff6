"""What README says works today, and what it says does not, is so as far as the code can tell."""

import re
from pathlib import Path

from detectors.contracts.alert import Alert
from detectors.contracts.events import Disposition
from detectors.core import Outputs
from detectors.typologies import all_rules
from streams.cli import COMMANDS
from streams.contracts.inputs import DISPOSITIONS
from streams.rule_packs import default_tables
from tests.support.ledger import Ledger, configuration, digest16, later

ROOT = Path(__file__).parents[2]
RULES = all_rules()
STATUS = (
    (ROOT / "README.md").read_text("utf-8").split("\n## What works today, and what does not\n")[1].split("\n## ")[0]
)
DETECTION = (ROOT / "docs" / "DETECTION.md").read_text("utf-8")
PARTS = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", STATUS, re.MULTILINE))
NOT_THERE = {part for part, today in PARTS.items() if today == "not there"}

# as README.md writes them
NUMBERS = [
    "none",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
]


def test_the_typologies_with_rules_are_the_registrys():
    """By number and name; a new rule is announced here, and one that went is not."""
    assert re.findall(r"^\* (T\d\d): (.+)$", STATUS, re.MULTILINE) == [(each.id, each.name_en) for each in RULES], (
        "to do: a line for each rule in README.md; then the numbers in words there, in its table"
    )
    if len(RULES) == len(NUMBERS) - 1:
        assert PARTS["Typologies with rules"] == "18 of 18: T01 to T18"
        assert "All eighteen that fxwatch knows by number have rules:" in STATUS
        return
    assert PARTS["Typologies with rules"] == f"{len(RULES)} of 18: {', '.join(each.id for each in RULES)}"
    assert re.search(rf"Of the eighteen [^.]*, {NUMBERS[len(RULES)]} have rules", STATUS)
    left = NUMBERS[18 - len(RULES)]
    assert f"The other {left} {'has' if left == 'one' else 'have'} none." in STATUS


def test_legal_limits_that_were_not_read_are_marked_as_the_page_says():
    """Some are verified, and some are not."""
    assert "Legal limits that were not read in the law's text are marked as not verified." in STATUS
    limits = [limit for rules in default_tables()["rules"].values() for limit in rules["limits"]]
    assert {limit.get("verified") for limit in limits if limit["provenance"] == "L"} == {True, False}


def test_what_is_said_not_to_be_there_is_not():
    """A command, such as one that nobody wrote yet: whoever builds one changes the page."""
    assert {
        "Learning from verdicts",
        "Quarantine of suspicious payments from learning",
        "Web console",
    } == NOT_THERE
    assert not {"console"} & set(COMMANDS)


def test_the_figures_of_the_scores_are_those_of_the_detection_page():
    """One figure, told twice."""
    told = re.search(r"(\d+ %) of the alerts are true \(wanted (\d+ %)\) and (\d+ %) of the cases", STATUS).groups()
    precision, wanted, found = told
    assert f"| precision of the alerts of a day | {wanted} | {precision} (" in DETECTION
    assert f"| cases found by their own events | 85 % | {found} (" in DETECTION


def lived_through(said: str | None) -> tuple[list[Outputs], list[Alert]]:
    """What comes of 60 payments, where an officer gives a verdict on each alert at once, or none does."""
    ledger = Ledger(
        configuration(detectors={"warm_up": 10, "daily_budget": 600.0, "rank_ceiling": 1.0, "most_by_chance": 1e9})
    )
    seen: list[Outputs] = []
    for number in range(60):
        outputs = ledger.pay(f"e{number}", later(hours=9 * number), str(4100 + 97 * number % 900 + 9000 * (number % 7)))
        seen.append(outputs)
        for alert in outputs.alerts if said else ():
            verdict = Disposition(
                event_id=f"v{number}",
                identity=digest16(f"v{number}"),
                body=digest16(f"v{number}"),
                alert_id=alert.alert_id,
                party=alert.party,
                verdict=said,
                reason_hash="0",
                investigator="I-1",
                decided_at=later(hours=9 * number + 1),
            )
            assert ledger.put(verdict, ledger.origin(DISPOSITIONS)).outcome == "applied"
    return seen, [alert for outputs in seen for alert in outputs.alerts]


def test_a_confirmed_alert_changes_no_score_and_no_later_alert():
    """Scores bit for bit, and alerts by id, score, severity and reasons: with verdicts as without."""
    without, alerts = lived_through(None)
    judged, others = lived_through("confirmed")
    assert [each.assessed for each in judged] == [each.assessed for each in without]
    assert len(alerts) > 5
    kept = [(each.alert_id, each.status, each.score, each.rank, each.severity, each.reasons) for each in alerts]
    assert [(each.alert_id, each.status, each.score, each.rank, each.severity, each.reasons) for each in others] == kept
    assert any(alert.rank is not None for alert in alerts), "the models had their say"


def test_a_refuted_alert_teaches_the_models_and_changes_no_finding():
    """What the rules find of each payment, and the findings that are told, are as without; scores are not."""
    without, alerts = lived_through(None)
    judged, others = lived_through("refuted")
    assert [each.assessed.fired for each in judged] == [each.assessed.fired for each in without]
    told = [(each.trigger_event_id, each.status) for each in alerts if each.typologies]
    assert [(each.trigger_event_id, each.status) for each in others if each.typologies] == told
    assert len(told) > 2
    assert [each.assessed.scored for each in judged] != [each.assessed.scored for each in without]
    assert "It changes no rule and holds back no finding." in STATUS
