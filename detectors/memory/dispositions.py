"""What an officer's record does to its party: a verdict on an alert, or a snooze of a typology."""

from typing import Literal, NamedTuple

from detectors.contracts.events import Disposition, Origin
from detectors.memory import snoozes, verdicts
from detectors.memory.event_clock import borne_out
from detectors.memory.officers import officer_number
from detectors.memory.roster import recall, store
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import to_us


class Taken(NamedTuple):
    """Why the record does not count, None if it does; whether a verdict gave way to it; what it did to a snooze."""

    refused: str | None
    displaced: bool = False
    snooze: Literal["begun", "ended"] | None = None


def take(state: PartitionState, event: Disposition, origin: Origin) -> Taken:
    """Keep a verdict or a snooze with its party, or say why it does not count; learning from it is a later step.

    It makes no party. It was given at its date as far as the Kafka timestamp bears that out, and keeps a party alive
    for no longer than the partition's clock does. Cost: 20 us.
    """
    party, at_us = recall(state, event.party, event.previous), borne_out(to_us(event.decided_at), origin.timestamp_ms)
    if event.snooze_until is None:
        taken = Taken(*verdicts.judge(party, event, at_us, state.officers))
    else:
        refused = snoozes.take(party, event, at_us, origin.offset, state.officers)
        taken = Taken(refused, snooze="begun" if event.snooze_until > event.decided_at else "ended")
    if taken.refused is None:
        clock_us = state.watermark_us or 0
        state.officers.note_counted(officer_number(event.investigator), clock_us)
        party.last_us = max(party.last_us, min(at_us, clock_us))
        store(state, event.party, event.previous, party)
    return taken
