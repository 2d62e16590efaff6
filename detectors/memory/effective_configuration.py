"""A configuration made ready to use: what is asked of it at each event."""

from zoneinfo import ZoneInfo

from detectors.contracts.configuration import Configuration, fingerprint
from detectors.contracts.limits import Rulebook
from detectors.rates.rate_checks import RateLimits
from detectors.values.legal_calendar import DAY_US, HOUR_US


class Effective:
    """The configuration in force, ready to use; rebuilt, not saved."""

    def __init__(self, configuration: Configuration) -> None:
        engine = configuration.engine
        self.rulebook = Rulebook(configuration)
        self.zone = ZoneInfo(engine.time_zone)
        self.lateness_us = engine.lateness_days * DAY_US
        self.stale_us = int(engine.rate_stale_hours * HOUR_US)
        self.rate_limits = RateLimits(configuration.rate_rules)
        self.quarantine = configuration.quarantined
        self.config_version = fingerprint(configuration)
        self.detectors_version = fingerprint(configuration.detectors)
        self.rules_version = fingerprint(configuration.rules)
