"""What came of the records of one run of ingest, counted while it is worked off and published when it is written."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from streams.ingest.door import Admitted, Rejected
from streams.operations.metrics import Metrics


class RunCounts:
    """Of one run. A record that is neither admitted nor rejected counts as a gap."""

    def __init__(self) -> None:
        self._settled = self._rejected = self._ahead = 0
        self._newest: dict[str, float] = {}
        self._notes: Counter[str] = Counter()
        self._proofs: Counter[tuple[str, str]] = Counter()

    def reject(self, rejected: Rejected | None = None) -> None:
        """Count a record that became a dead letter; None: a whole record set that nobody could read."""
        self._rejected += 1
        self._settled += 1
        if rejected is not None and rejected.proof is not None:
            self._proofs[rejected.proof.outcome, rejected.proof.sender] += 1

    def admit(self, record: Any, admitted: Admitted) -> None:
        """Count a record that became ledger records; one that became none is a gap."""
        self._settled += bool(admitted.records)
        for note in admitted.notes:
            self._notes[note.partition(" ")[0]] += 1
        if admitted.proof is not None:
            self._proofs[admitted.proof.outcome, admitted.proof.sender] += 1
        if admitted.when is not None:
            when = admitted.when.timestamp()
            self._newest[record.topic] = max(self._newest.get(record.topic, 0.0), when)
            self._ahead += when * 1000 > record.timestamp

    def publish(self, metrics: Metrics, agent: str, records: Sequence[Any]) -> None:
        """Add everything to the metrics. Call it when the outputs of `records` are acknowledged."""
        metrics.observe_run(agent, len(records))
        for topic, count in Counter(record.topic for record in records).items():
            metrics.count_read(topic, count)
        metrics.count_events(agent, "applied", self._settled - self._rejected)
        metrics.reconciliation_gap.inc(len(records) - self._settled)
        metrics.count_events(agent, "ahead", self._ahead)
        for note, count in self._notes.items():
            metrics.count_note(note, count)
        metrics.sender_proofs.add(self._proofs)
        for topic, when in self._newest.items():
            metrics.advance_watermark(topic, when)
