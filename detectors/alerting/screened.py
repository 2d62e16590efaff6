"""Entries of supervisors' lists as they are published: what a screen found, of whom, for which month, as of when."""

from detectors.alerting import identity
from detectors.contracts.alert import Measured, Position
from detectors.contracts.events import Origin
from detectors.contracts.limits import SCREENS
from detectors.contracts.screens import INSTITUTION_PART, Screened
from detectors.memory.state import PartitionState
from detectors.typologies.screening import Listing, Month, month_of
from detectors.values.legal_calendar import DAY_US, from_us

# what institutions are compared by, told with each part: whoever adds the parts up needs no configuration
PEER_LIMITS = ("peer_payments_min", "peers_min", "peer_z", "peer_excess_min", "late_days")


def screened(state: PartitionState, token: str, month: Month, listing: Listing, origin: Origin) -> Screened:
    """The entry of a firm; `origin` is the record with which the time of the month's list passed. Cost: 20 us."""
    assert state.due_clock.passed_us is not None
    return Screened(
        screen=listing.screen,
        subject=token,
        period=month.name,
        as_of=from_us(state.due_clock.passed_us),
        institutions=listing.institutions,
        limits=listing.limits,
        measured=listing.measured,
        tests=listing.tests,
        ledger_offsets=listing.offsets,
        text_en=listing.text_en,
        text_ko=listing.text_ko,
        versions=identity.versions(state),
        position=Position(topic=state.ledger_topic, partition=state.partition, offset=origin.offset),
    )


def close_month(state: PartitionState, origin: Origin) -> None:
    """Publish what institutions told in the oldest month, once it is told of. Cost: 0.3 us, 1.5 ms with 64 parts.

    The part of those without a share of their own has an empty subject.
    """
    passed_us, oldest, effective = state.due_clock.passed_us, state.institutions.oldest(), state.effective
    if passed_us is None or oldest is None or effective is None:
        return
    month = month_of(oldest, effective.zone)
    if passed_us <= month.ends_us:
        return
    told = effective.rulebook.law("told_days", month.last_day)
    if told is None or month.ends_us + int(told.number) * DAY_US >= passed_us:
        return
    limits = [effective.rulebook.limit(SCREENS, name, month.last_day) for name in PEER_LIMITS]
    shown = tuple(limit.shown() for limit in limits if limit is not None)
    for part in state.institutions.take(oldest):
        values = [Measured(name=name, value=number, unit="count") for name, number in part.counts.items()]
        listing = Listing(INSTITUTION_PART, shown, tuple(values), (), (), (part.name,), "", "")
        state.screened.append(screened(state, part.name, month, listing, origin))
