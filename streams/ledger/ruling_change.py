"""Which of the changes of the configuration is in force: the newest that the core accepts. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from detectors.configuration_approval import approval_faults, approvers_of
from detectors.configuration_faults import configuration_faults, stand_in, stopping_faults
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration
from detectors.succession import promotion_faults
from streams.errors import RulesGoneError, TopicsError
from streams.settings import overlay_configuration


class Change(NamedTuple):
    """A record of `fx.rules.v1`: its offset in partition 0, Kafka timestamp (ms, UTC), and what it puts in force.

    `configuration` is None for a record that ingest cannot read: it is a dead letter, and never came into force.
    `approvals`: who approved it; None where nobody did.
    """

    offset: int
    timestamp_ms: int
    configuration: Configuration | None
    approvals: Approvals | None = None


def find_ruling(
    begun: Callable[[], Configuration], changes: Sequence[Change], in_ledger: Callable[[Change], bool]
) -> tuple[Configuration, Change | None]:
    """What the core has in force when it has applied all changes, given in their order, and which one put it there.

    The newest that it accepts counts. What the door of today refuses counts only if it stands in the ledger already,
    by an earlier release. `begun` gives the ledger's first record; the shipped configuration stands for one that cannot
    be used. Where a configuration names approvers or challengers, each change is held to the one before it.
    """
    first = _first(begun)
    configurations = [first, *(change.configuration for change in changes)]
    if any(each is not None and (approvers_of(each) or each.challenging) for each in configurations):
        found = _find_in_turn(first, changes, in_ledger)
    else:
        accepted = (change for change in reversed(changes) if is_accepted(change, in_ledger))
        found = next(((change.configuration, change) for change in accepted if change.configuration is not None), None)
    return found or (_usable(begun()), None)


def _find_in_turn(
    first: Configuration | None, changes: Sequence[Change], in_ledger: Callable[[Change], bool]
) -> tuple[Configuration, Change] | None:
    """The newest change that is approved, and promotes nothing without a report, by the one before it, each in turn.

    None without any.

    A ledger whose first record is gone, and with it who could approve the oldest change that is kept, is believed from
    that on: a core that holds the state knows better, and refuses by it.
    """
    found: tuple[Configuration, Change] | None = None
    ruling, standing = None if first is None else _usable(first), None
    for change in changes:
        configuration = change.configuration
        if configuration is None or approval_faults(ruling, standing, configuration, change.approvals):
            continue
        if not promotion_faults(ruling, configuration) and is_accepted(change, in_ledger):
            ruling, standing, found = configuration, change.approvals, (configuration, change)
    return found


def _first(begun: Callable[[], Configuration]) -> Configuration | None:
    try:
        return begun()
    except (RulesGoneError, TopicsError):
        return None  # who needs it asks again, and is told


def _usable(first: Configuration) -> Configuration:
    return stand_in(overlay_configuration({}), first) if stopping_faults(first) else first


def is_accepted(change: Change, in_ledger: Callable[[Change], bool]) -> bool:
    """Whether the core takes what a change says, whoever approved it."""
    configuration = change.configuration
    if configuration is None or stopping_faults(configuration):
        return False
    return not configuration_faults(configuration) or in_ledger(change)
