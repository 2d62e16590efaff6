"""Who gets an alert: its desks, those that got one of its series before, or nobody while an officer lets it rest.

A resting alert that passes a line of the law goes to its desks all the same, marked.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from detectors.alerting import desks as routing
from detectors.alerting.desks import About
from detectors.alerting.legal_ground import passes_line
from detectors.alerting.unusual import Told
from detectors.books.party import Alerted, Party
from detectors.contracts.alert import Snoozed
from detectors.contracts.configuration import Configuration
from detectors.memory import snoozes
from detectors.memory.state import PartitionState
from detectors.typologies.base import Finding
from detectors.values.legal_calendar import from_us


class Routed(NamedTuple):
    """The desks that get the alert, all that got one of its series, and the snooze that it came under.

    `withheld` are desks that match and are over their ceiling (desk_ceilings.py).
    """

    desks: tuple[str, ...]
    told: tuple[str, ...]
    snoozed: Snoozed | msgspec.UnsetType
    withheld: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def route(
    state: PartitionState,
    party: Party,
    configuration: Configuration,
    at_us: int,
    about: About,
    findings: Sequence[Finding],
    before: Sequence[Alerted | Told | None],
) -> Routed:
    """Whoever got an alert of the series, one of `before`, gets what brings it up to date, whatever the desks are."""
    snoozed = _snoozed(state, party, at_us, about, findings)
    rests = snoozed is not msgspec.UNSET and not snoozed.legal_line
    desks = () if rests else routing.matching(about, configuration)
    told = tuple(dict.fromkeys(chain(desks, *(one.desks for one in before if one is not None))))
    return Routed(() if rests else told, told, snoozed)


def _snoozed(
    state: PartitionState, party: Party, at_us: int, about: About, findings: Sequence[Finding]
) -> Snoozed | msgspec.UnsetType:
    """What the alert rests under, where all that it is about does; by the later of its time and the partition's clock.

    Cost: 1 us for a party without a snooze.
    """
    snooze = snoozes.resting(party, about.typologies or (routing.ANOMALY,), max(at_us, state.watermark_us or 0))
    if snooze is None:
        return msgspec.UNSET
    line = any(passes_line(finding) for finding in findings)
    return Snoozed(until=from_us(snooze.until_us), offset=snooze.offset, legal_line=line)
