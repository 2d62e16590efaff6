"""Which desks get an alert."""

from typing import NamedTuple, TypeVar

import msgspec

from detectors.contracts.configuration import Channel, Configuration, Desk, DeskLists
from detectors.values.institution_code import institution_code, listed_codes

Each = TypeVar("Each")
ANOMALY = "anomaly"
# in a desk's list: whatever a typology explains
FINDING = "finding"
# shown where no desk matches; such an alert is on fx.alerts.v1 only
UNASSIGNED = "unassigned"


class About(NamedTuple):
    """What the desks ask of an alert; `purpose` and `channel` are its trigger's, empty where it has none."""

    typologies: tuple[str, ...]
    severity: str
    party_type: str
    institutions: tuple[str, ...]
    purpose: str | None = None
    channel: Channel | None = None


def matching(about: About, configuration: Configuration) -> tuple[str, ...]:
    """Every desk that gets an alert, in the configuration's order; the first is the alert's `desk`.

    A desk gets it whose non-empty lists all match, or those of one of its `also`, and one with `rest` only where no
    desk before it does. An alert that no typology explains matches as `anomaly`, every other one as `finding` too.
    Institutions match when any of the alert's is listed. A purpose that the legend does not know is in no list.
    """
    known = configuration.legend.purposes.get(about.purpose or "")
    kind = None if known is None else known.kind
    explained = {*about.typologies, FINDING} if about.typologies else {ANOMALY}
    there = set(map(institution_code, about.institutions))

    def matches(lists: DeskLists) -> bool:
        return (
            (not lists.typologies or not explained.isdisjoint(lists.typologies))
            and (not lists.severities or about.severity in lists.severities)
            and (not lists.party_types or about.party_type in lists.party_types)
            and (not lists.institutions or not there.isdisjoint(listed_codes(lists.institutions)))
            and (not _given(lists.purposes) or kind in _given(lists.purposes))
            and (not _given(lists.channels) or about.channel in _given(lists.channels))
        )

    found: list[str] = []
    for name, desk in configuration.desks.items():
        if desk.rest is True and found:
            continue
        if any(matches(lists) for lists in lists_of(desk)):
            found.append(name)
    return tuple(found)


def lists_of(desk: Desk) -> tuple[DeskLists, ...]:
    """The desk's own lists, and those of its `also`: it gets what matches any one of them."""
    return (desk, *_given(desk.also))


def _given(listed: tuple[Each, ...] | msgspec.UnsetType) -> tuple[Each, ...]:
    return () if isinstance(listed, msgspec.UnsetType) else listed
