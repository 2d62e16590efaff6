"""An officer's reason for a verdict, in words: it stands on the input topic alone, as long as that keeps it."""

import json
from collections.abc import Iterable
from typing import Any

from streams.desk.positions import At, read_records_at
from streams.desk.verdicts import LedgerVerdict
from streams.kafka import topics
from streams.settings import Settings


async def read_reasons(settings: Settings, verdicts: Iterable[LedgerVerdict]) -> dict[tuple[int, int], str]:
    """The reasons by the verdict's ledger position (partition, offset); left out where the topic keeps it no more.

    Raises `NotAuthorizedError` for who may not read verdicts, and `BrokerUnavailableError`.
    """
    by_partition: dict[int, list[tuple[LedgerVerdict, int]]] = {}
    for given in verdicts:
        if given.source is not None and given.source.topic == topics.DISPOSITIONS:
            by_partition.setdefault(given.source.partition, []).append((given, given.source.offset))
    reasons: dict[tuple[int, int], str] = {}
    for partition, many in by_partition.items():
        found, _ = await read_records_at(settings, topics.DISPOSITIONS, partition, [offset for _, offset in many])
        for given, offset in many:
            reason = _reason(given, found[offset])
            if reason is not None:
                reasons[given.partition, given.offset] = reason
    return reasons


def _reason(given: LedgerVerdict, at: At) -> str | None:
    """The reason that the record there tells, where it is the verdict's own: a topic made anew has the same offsets."""
    if at.state != "record":
        return None
    try:
        body: Any = json.loads(at.record.value or b"")
    except ValueError:
        return None
    if not isinstance(body, dict) or (body.get("event_id"), body.get("alert_id")) != (given.event_id, given.alert_id):
        return None
    reason = body.get("reason")
    return reason if isinstance(reason, str) else None
