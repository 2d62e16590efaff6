"""The alerts of a result with what each was raised on, from its ledger run again under a larger alert budget.

A larger budget gives more alerts than a desk can open, so that it matters in which order they are opened.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from detectors.alerting.severity import SEVERITIES
from detectors.contracts.alert import Alert
from detectors.contracts.configuration import Configuration
from detectors.memory import grounds
from detectors.memory.roster import recall
from detectors.testbed.learning_curve import ANOMALY, GivenVerdict, JudgedAlert
from detectors.testbed.truth import Truth
from detectors.values.legal_calendar import from_us, local_date, to_us
from streams.testbed import ledger_copy, ledger_files, result_files
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.partition_pass import PartitionPass, Step, quiet_collector
from streams.testbed.result_files import LEDGER, partition_file
from streams.testbed.score_columns import ScoreRow

_MS_US = 1000


class _Collected(PartitionPass):
    """Keeps alerts with the time (ms) of the record that raised them, in place of rows."""

    raised: list[tuple[Alert, int]]

    def _take(self, step: Step, rows: list[ScoreRow], alerts: list[bytes]) -> None:  # noqa: ARG002 - its form
        self.raised += [(one, step.origin.timestamp_ms) for one in step.outputs.alerts if one.status != "retracted"]


def raised_alerts(directory: Path, truth: Truth, daily_budget: float | None = None) -> list[JudgedAlert]:
    """Every alert of the monitor in a result's ledger, under another budget where it is given, in order of time.

    Raises what reading a result raises. Alerts of the shared agent are not among them: a verdict on one teaches
    nothing. Cost: that of the replay, in one process.
    """
    manifest = result_files.read_manifest(directory)
    ledger_copy.require_whole(directory)
    events, honest = _planted(truth)
    found: list[JudgedAlert] = []
    for partition in range(manifest.partitions):
        part = _Collected(partition, change=None if daily_budget is None else partial(_with_budget, daily_budget))
        part.raised = []
        with quiet_collector():
            for batch in ledger_files.read_ledger(partition_file(directory, LEDGER, partition)):
                found += _of_batch(part, batch, events, honest)
    return sorted(found, key=lambda one: (one.day, one.at_us, one.alert_id))


def _with_budget(daily_budget: float, configuration: Configuration) -> Configuration:
    # without the ceiling on ranks, which would keep the larger budget from being used
    changes = {"daily_budget": daily_budget, "rank_ceiling": 1.0, "most_by_chance": daily_budget}
    detectors = msgspec.structs.replace(configuration.detectors, **changes)
    return msgspec.structs.replace(configuration, detectors=detectors)


def _planted(truth: Truth) -> tuple[frozenset[str], frozenset[str]]:
    """Events of cases, and events of look-alikes."""
    return (
        frozenset(event for case in truth.cases for event in case.event_ids),
        frozenset(event for one in truth.lookalikes for event in one.event_ids),
    )


def _of_batch(
    part: _Collected, batch: Sequence[LedgerRecord], events: frozenset[str], honest: frozenset[str]
) -> list[JudgedAlert]:
    found: list[JudgedAlert] = []
    for record in batch:
        part.raised = []
        part.apply([record])
        # at once: a party keeps the grounds of its newest alerts alone
        found += [_raised(part, alert, stamp_ms, events, honest) for alert, stamp_ms in part.raised]
    return found


def _raised(
    part: _Collected, alert: Alert, stamp_ms: int, events: frozenset[str], honest: frozenset[str]
) -> JudgedAlert:
    kept = grounds.find(recall(part.state, alert.party, {}), alert.alert_id)
    shown = {alert.trigger_event_id, *(one.event_id for one in alert.evidence)}
    assert part.state.configuration is not None
    at_us = max(to_us(alert.created_for), stamp_ms * _MS_US)
    # for the case where there are as many events of both, as the judge counts
    true = bool(shown & events) and len(shown & events) >= len(shown & honest)
    return JudgedAlert(
        alert_id=alert.alert_id,
        case_id=alert.case_id,
        party=alert.party,
        day=local_date(at_us, ZoneInfo(part.state.configuration.engine.time_zone)).toordinal(),
        at_us=at_us,
        lead=alert.typologies[0].id if alert.typologies else ANOMALY,
        severity=SEVERITIES.index(alert.severity),
        score=alert.score,
        selected=alert.selection.probability,
        inputs=None if kept is None else kept.inputs,
        true=true,
    )


def disposition_lines(given: Iterable[GivenVerdict]) -> Iterable[bytes]:
    """Verdicts as lines of `fx.dispositions.v1.jsonl`, in order of time: a stream with them is replayed with verdicts.

    The alerts that they name come again only under the configuration of the result that they were made of.
    """
    for number, one in enumerate(sorted(given, key=lambda each: (each.at_us, each.alert_id)), 1):
        fields = {
            "event_id": f"verdict-{number}",
            "alert_id": one.alert_id,
            "party": one.party,
            "verdict": "confirmed" if one.confirmed else "refuted",
            "reason": "simulated investigator",
            "investigator": "I-SIMULATED",
            "decided_at": from_us(one.at_us).isoformat(),
        }
        yield msgspec.json.encode(fields) + b"\n"
