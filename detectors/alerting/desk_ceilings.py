"""Which desks a statistical alert does not go to, because they had as many that day as their ceiling allows.

A finding of a rule never comes here: the law knows no ceiling. What is held back stands on `fx.alerts.v1` all the same,
and names the desks that did not get it.
"""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from detectors.alerting.resting import Routed
from detectors.contracts.configuration import Configuration
from detectors.contracts.learning import DeskCopies
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import local_date


def under_ceilings(
    state: PartitionState,
    configuration: Configuration,
    clock_us: int,
    zone: ZoneInfo,
    routed: Routed,
    had: Iterable[str],
) -> Routed:
    """The desks that still have room today, and those held back; copies that count are noted and told.

    `had` are desks that got the alert which this one brings up to date. They get it whatever their ceiling is, and it
    counts: a desk must not be left with what is no longer true. The day is that of the partition's clock, as the
    budget's is. Cost: 1 us where no desk has a ceiling.
    """
    limited = {
        name: desk.most_a_day for name, desk in configuration.desks.items() if desk.most_a_day is not msgspec.UNSET
    }
    if not limited or not routed.desks:
        return routed
    day, counts, known = local_date(clock_us, zone).toordinal(), state.desk_copies, frozenset(had)
    full = {name for name, most in limited.items() if name not in known and counts.sent(day, name) >= most}
    withheld = tuple(name for name in routed.desks if name in full)
    desks = tuple(name for name in routed.desks if name not in full)
    if counted := tuple(name for name in desks if name in limited):
        copies = DeskCopies(day=day, desks=counted)
        counts.add(copies, day)
        state.exchange.tell(state.partition, copies)
    told = tuple(name for name in routed.told if name not in withheld)
    return routed._replace(desks=desks, told=told, withheld=withheld or msgspec.UNSET)
