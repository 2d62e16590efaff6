"""What challengers would have alerted is told, and changes nothing of what the champion does."""

import msgspec
import pytest

from detectors.alerting.shadowed import MOST_SHARES
from detectors.contracts.alert import Alert
from detectors.contracts.configuration import fingerprint
from detectors.contracts.learning import Learning, ScoreCounts
from detectors.core import Outputs
from tests.support.challenged import CHALLENGERS, ODD, challenged, pay_oddly, quiet, replayed
from tests.support.ledger import later

# one that never alerts, and one that alerts nothing but by its rank
NEVER = {"never": {"members": {"robust_z": {}}, "daily_budget": 0.0, "most_by_chance": 0.0}}


def without_versions(found: list[Outputs]) -> bytes:
    """What people get of it, byte for byte but for the name of the configuration."""

    def plain(alert: Alert) -> Alert:
        return msgspec.structs.replace(alert, versions=msgspec.structs.replace(alert.versions, config=""))

    return msgspec.json.encode(
        [
            (one.outcome, [plain(each) for each in one.alerts], [each.desks for each in one.raised], one.assessed)
            for one in found
        ]
    )


def test_the_champions_outputs_and_state_are_the_same_bytes_with_and_without_challengers() -> None:
    """A stream with statistical alerts, and what partitions tell coming back; one ledger under both configurations."""
    ledger = quiet(challenged())
    for day in range(60, 70):
        pay_oddly(ledger, day)
    told = [one for _, found in [replayed(ledger)] for step in found for one in step.told]
    for one in told:
        ledger.put(one, ledger.origin("fx.learning.v1"))
    for day in range(70, 80):
        pay_oddly(ledger, day)
    beside, found = replayed(ledger)
    alone, wanted = replayed(ledger, challenged({}))

    assert sum(len(one.alerts) for one in wanted) >= 5
    assert any(one.shadow for one in found)
    assert not any(one.shadow for one in wanted)
    assert without_versions(found) == without_versions(wanted)
    assert beside.scorer.to_state() == alone.scorer.to_state()
    assert beside.budget.to_state() == alone.budget.to_state()
    assert dict(beside.parties) == dict(alone.parties)
    assert {one.told.detectors for one in told} == {
        fingerprint(challenged().detectors),
        *(fingerprint(one) for one in challenged().challenging.values()),
    }


def test_a_record_says_what_the_challenger_and_the_champion_made_of_the_payment() -> None:
    ledger = quiet(challenged())
    outputs = pay_oddly(ledger, 60)
    [alert] = outputs.alerts
    by_name = {one.challenger: one for one in outputs.shadow}
    assert by_name.keys() == CHALLENGERS.keys()
    one, scored = by_name["robust"], outputs.assessed.scored
    assert (one.champion_alert_id, one.champion_rank) == (alert.alert_id, alert.rank)
    assert one.champion_score == pytest.approx(scored.score, abs=1e-6)
    assert one.detectors == fingerprint(challenged().challenging["robust"]) != one.versions.detectors
    assert one.versions == alert.versions
    assert one.position == alert.position
    assert (one.trigger_event_id, one.institution, one.party) == ("odd60", "BANKA", alert.party)
    assert one.created_for == later(days=60, hours=15)
    assert one.amount_usd == "4903.00"
    assert 0 < one.rank < 0.05 < one.score <= 1
    assert one.rank_among == 60
    assert 0 < len(one.contributions) <= MOST_SHARES
    assert sum(each.contribution for each in one.contributions) <= 1 + 1e-5
    assert one.selection.budget == "anomaly"


def test_a_challenger_has_a_budget_of_its_own() -> None:
    """The champion may alert nothing; who has no budget shadows nothing, and the others are not held back by it."""
    given = {name: one | {"daily_budget": 600.0, "most_by_chance": 1e9} for name, one in CHALLENGERS.items()}
    outputs = pay_oddly(quiet(challenged(NEVER | given, daily_budget=0.0, most_by_chance=0.0)), 60)
    assert outputs.alerts == ()
    assert [(one.challenger, one.champion_alert_id) for one in outputs.shadow] == [("robust", None), ("tails", None)]


def test_history_and_what_a_rule_finds_shadow_nothing() -> None:
    """History never alerts; what a rule alerts needs no budget, the challengers' neither."""
    assert pay_oddly(quiet(challenged()), 60).shadow
    ledger = quiet(challenged())
    ledger.rate(later(days=60))
    assert ledger.pay("old", later(days=60, hours=15), "4903", history=True, **ODD).shadow == ()
    ledger = quiet(challenged())
    # T16: a deal far off the market's rate
    found = pay_oddly(ledger, 60, deal_rate="1600", evidence="none")
    assert any(alert.typologies for alert in found.alerts)
    assert found.shadow == ()


def test_a_payment_is_shadowed_once_whoever_tells_it() -> None:
    """A second institution's word is offered too, and is no second payment."""
    ledger = quiet(challenged())
    uetr = {"payment_id": "eb6305c9-1f7f-49de-aed0-16487c27b401"}
    first = pay_oddly(ledger, 60, **uetr)
    again = ledger.pay("second", later(days=60, hours=15), "4903", **ODD | uetr | {"institution": "BANKB"})
    assert {one.challenger for one in first.shadow} == CHALLENGERS.keys()
    assert again.assessed.scored is not None
    assert again.shadow == ()


def test_a_challenger_hears_what_other_partitions_scored_under_its_set() -> None:
    """Its ranks rest on all partitions' payments, as the champion's do; what another set scored is passed over."""
    ledger = quiet(challenged(), days=40)
    sets = {name: fingerprint(one) for name, one in challenged().challenging.items()}

    def hear(number: int, detectors: str) -> Outputs:
        told = ScoreCounts(segments={"person.out": (2, 5)}, detectors=detectors)
        return ledger.put(Learning(partition=7, number=number, told=told), ledger.origin("fx.learning.v1"))

    champion = ledger.state.scorer.to_state()
    others = ledger.state.challengers["tails"].to_state()
    assert hear(1, sets["robust"]).heard == "applied"
    assert hear(2, "beef").heard == "passed"
    assert ledger.state.scorer.to_state() == champion
    assert ledger.state.challengers["tails"].to_state() == others
    assert ledger.state.challengers["robust"].scorer.calibration.everyone.to_state().newer == {2: 5}
