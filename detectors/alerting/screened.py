"""An entry of a supervisor's list as it is published: what a screen found, of whom, for which month, as of when."""

from detectors.alerting import identity
from detectors.contracts.alert import Position
from detectors.contracts.events import Origin
from detectors.contracts.screens import Screened
from detectors.memory.state import PartitionState
from detectors.typologies.screening import Listing, Month
from detectors.values.legal_calendar import from_us


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
