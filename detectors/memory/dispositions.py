"""What an officer's record does to its party: a verdict on an alert, or a snooze of a typology."""

from typing import Literal, NamedTuple

from detectors.contracts.events import Disposition, Origin
from detectors.contracts.learning import Lesson
from detectors.memory import snoozes, verdicts
from detectors.memory.event_clock import borne_out
from detectors.memory.grounds import lesson_of
from detectors.memory.officers import MOST_KNOWN, officer_number
from detectors.memory.roster import recall, store
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import to_us


class Taken(NamedTuple):
    """Why the record does not count, None if it does; whether a verdict gave way to it; what it did to a snooze.

    `lesson` is what the verdict teaches all partitions, None where it teaches nothing and takes nothing back.
    """

    refused: str | None
    displaced: bool = False
    snooze: Literal["begun", "ended"] | None = None
    lesson: Lesson | None = None


def take(state: PartitionState, event: Disposition, origin: Origin) -> Taken:
    """Keep a verdict or a snooze with its party, or say why it does not count; tell all partitions what it teaches.

    It makes no party. It was given at its date as far as the Kafka timestamp bears that out, and keeps a party alive
    for no longer than the partition's clock does. A made-up name teaches nothing: where the configuration lists no
    officers, one without a rank (officers.py) does not. Cost: 30 us.
    """
    party, at_us = recall(state, event.party, event.previous), borne_out(to_us(event.decided_at), origin.timestamp_ms)
    outcome = verdicts.VerdictOutcome(None)
    if event.snooze_until is None:
        outcome = verdicts.judge(party, event, at_us, state.officers)
        taken = Taken(outcome.refused, outcome.replaced.other is not None)
    else:
        refused = snoozes.take(party, event, at_us, origin.offset, state.officers)
        taken = Taken(refused, snooze="begun" if event.snooze_until > event.decided_at else "ended")
    if taken.refused is None:
        clock_us = state.watermark_us or 0
        officer = officer_number(event.investigator)
        state.officers.note_counted(officer, clock_us)
        if outcome.given is not None:
            known = state.officers.are_listed or state.officers.rank(officer) < MOST_KNOWN
            lesson = lesson_of(party, event, outcome.given, outcome.replaced, teaches=known)
            taken = taken._replace(lesson=lesson)
            if lesson is not None:
                state.exchange.tell(state.partition, lesson)
        party.last_us = max(party.last_us, min(at_us, clock_us))
        store(state, event.party, event.previous, party)
    return taken
