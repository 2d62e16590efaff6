"""An alert as records: for `fx.alerts.v1`, and a copy for each desk. Every agent that raises alerts writes them so."""

import re
from collections.abc import Iterable

import msgspec

from detectors.contracts.alert import Alert
from detectors.contracts.events import Origin
from streams.kafka import topics
from streams.ledger import envelope
from streams.partition.outputs import Output

_encode = msgspec.json.Encoder().encode
# A configuration in the ledger may name a desk that this worker's own has not.
_DESK_COPIES = re.compile(r"fx\.alerts\.[a-z0-9][a-z0-9-]*\.v1")


def alert_outputs(alert: Alert, desks: Iterable[str], origin: Origin, partition: int, *, agent: str) -> list[Output]:
    """The alert for `fx.alerts.v1` and its copies for the desks, with CloudEvents binary headers (CONTRACT)."""
    key, value = alert.party.encode(), _encode(alert)
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", alert.alert_id.encode()),
        ("ce_source", f"/fxwatch/{agent}".encode()),
        ("ce_type", f"fx.alert.{alert.status}.v1".encode()),
        ("ce_time", alert.created_for.isoformat().encode()),
        ("content-type", b"application/json"),
        *(header for header in origin.headers if header[0] == envelope.TRACE),
    ]
    targets = [topics.ALERTS, *(topics.desk_topic(desk) for desk in desks)]
    return [Output(target, partition, key, value, headers, origin.timestamp_ms) for target in targets]


def may_take_alerts(topic: str) -> bool:
    """Whether a topic is that of alerts, or of a desk's copies."""
    return topic == topics.ALERTS or _DESK_COPIES.fullmatch(topic) is not None
