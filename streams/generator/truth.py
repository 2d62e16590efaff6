"""What was planted, written aside and never in the events.

One JSON line an entry, told apart by `kind`: `case` (planted, with the event at which its rule is due to fire at the
latest), `lookalike` (honest, but close to a rule), `regime` (a legitimate change), `bad` (a record that must be
rejected, with its code), `resend` (exact duplicate), `conflict` (same identity, other body), and one `totals` line at
the end.
"""

import hashlib
from collections import Counter
from typing import Any

import orjson

from streams.contracts.input_record import InputRecord


class Truth:
    """Entries in the order they were planted; complete once the simulation has been iterated to its end."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.topics: Counter[str] = Counter()

    def case(
        self, typology: str, variant: str, party_id: str, events: list[tuple[str, str]], due: str | None, **more: Any
    ) -> None:
        """A planted case; `events` are (event_id, event_time) in time order, `due` the event_id that must raise it.

        `due` is None where no event must. `more` are fields of its own, such as party_ids, illicit_usd and expected.
        """
        number = sum(entry["kind"] == "case" for entry in self.entries) + 1
        self.entries.append(
            {
                "kind": "case",
                "case_id": f"{typology}-{number:04}",
                "typology": typology,
                "variant": variant,
                "party_id": party_id,
                "event_ids": [event_id for event_id, _ in events],
                "first_event_time": events[0][1],
                "last_event_time": events[-1][1],
                "due_event_id": due,
                **more,
            }
        )

    def left_out(self, typology: str, variant: str, reason: str, cases: int) -> None:
        """Cases that were to be planted and found no place in the stream."""
        entry = {"kind": "left_out", "typology": typology, "variant": variant, "reason": reason, "cases": cases}
        self.entries.append(entry)

    def lookalike(self, name: str, party_id: str, event_ids: list[str], **more: Any) -> None:
        """Honest behaviour that comes close to a rule without meeting it; no event_ids: all of the party's events."""
        entry = {"kind": "lookalike", "lookalike": name, "party_id": party_id, "event_ids": event_ids, **more}
        self.entries.append(entry)

    def regime(self, name: str, day: str, party_ids: list[str], **more: Any) -> None:
        """A legitimate change of what these parties do, from the local `day` (ISO date) on."""
        self.entries.append({"kind": "regime", "name": name, "day": day, "party_ids": party_ids, **more})

    def bad(self, fault: str, record: InputRecord, code: str) -> None:
        """A record that must end in the dead-letter topic with this code."""
        self.entries.append({"kind": "bad", "bad": fault, **_identified(record), "code": code})

    def resend(self, record: InputRecord, event_id: str) -> None:
        """An exact duplicate of an earlier record."""
        self.entries.append({"kind": "resend", **_identified(record), "event_id": event_id})

    def conflict(self, record: InputRecord, event_id: str) -> None:
        """A record with an earlier one's identity and another body."""
        self.entries.append({"kind": "conflict", **_identified(record), "event_id": event_id})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The entries of one kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    def totals(self) -> dict[str, Any]:
        """Counts by topic and by kind, and of cases by typology."""
        kinds = Counter(entry["kind"] for entry in self.entries)
        typologies = Counter(entry["typology"] for entry in self.entries if entry["kind"] == "case")
        return {
            "records": sum(self.topics.values()),
            "topics": dict(sorted(self.topics.items())),
            "cases": dict(sorted(typologies.items())),
            "lookalikes": kinds["lookalike"],
            "bad": kinds["bad"],
            "resends": kinds["resend"],
            "conflicts": kinds["conflict"],
        }

    def lines(self) -> bytes:
        """The truth file."""
        return b"".join(orjson.dumps(entry) + b"\n" for entry in [*self.entries, {"kind": "totals", **self.totals()}])


def _identified(record: InputRecord) -> dict[str, Any]:
    """Topic, key and SHA-256 of the value's bytes (of nothing for a record without a value)."""
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    return {
        "topic": record.topic,
        "key": key,
        "sha256": hashlib.sha256(record.value or b"").hexdigest(),
        "timestamp_ms": record.timestamp_ms,
    }
