"""The emergency stop: an operator stops statistical alerts at once, and takes it back, without another configuration.

A stop is a part of the configuration in the ledger, and stands in no file. So it holds from one place of the ledger on,
a replay repeats it, and a worker whose file knows nothing of it starts all the same. Models go on scoring and learning
under a stop, and rules go on alerting: what was learned is there when it ends.
"""

import msgspec

from detectors.contracts.configuration import LONGEST_REASON, Configuration, Stoppable
from streams.errors import RulesGoneError, UsageError
from streams.ledger.configuration_in_force import in_force
from streams.settings import Settings


def stop(there: Configuration, what: Stoppable, reason: str) -> Configuration:
    """The configuration in force with this stopped. A stop of the same thing gets the new reason.

    Raises `UsageError` for a reason that cannot be kept: 1 to 500 characters, one line.
    """
    if not 1 <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise UsageError(
            "the reason cannot be kept",
            got=f"{len(reason)} characters" if reason.isprintable() else "characters that cannot be printed",
            expected=f"one line of 1 to {LONGEST_REASON} characters",
        )
    return msgspec.structs.replace(there, stopped={**there.stops, what: reason})


def resume(there: Configuration, what: Stoppable) -> Configuration:
    """The configuration in force without this stop. Raises `UsageError` where it is not stopped."""
    if what not in there.stops:
        raise UsageError(
            "nothing is to be taken back",
            got=f"no stop of {what} in the configuration in force",
            expected=f"one of: {', '.join(there.stops) or 'nothing is stopped'}",
            todo="look: fxwatch rules show",
        )
    left = {one: why for one, why in there.stops.items() if one != what}
    return msgspec.structs.replace(there, stopped=left or msgspec.UNSET)


def keep_stops(configuration: Configuration, there: Configuration) -> Configuration:
    """A configuration from a file with the stops in force: a change of limits must not end a stop by the way."""
    return msgspec.structs.replace(configuration, stopped=there.stopped)


def with_stops(settings: Settings) -> Configuration:
    """The settings' effective configuration with the stops in force; without any where nobody knows what is."""
    try:
        return keep_stops(settings.effective, in_force(settings))
    except RulesGoneError:
        return settings.effective
