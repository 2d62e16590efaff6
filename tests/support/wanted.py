"""What decides which payments are folded first, with a band of the test's own in place of the limits'."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from detectors.books.folded_payments import Needs
from detectors.books.payments import Horizons
from detectors.books.wanted import InForce
from detectors.typologies import wanted


def needs_of(
    clock_us: int,
    lateness_us: int,
    band: tuple[int, int],
    zone: ZoneInfo,
    has_share: Callable[[str], bool] = bool,
) -> Needs:
    """What the registered typologies want; `band` is in USD cents."""
    every = wanted()
    in_force = tuple(InForce(one.payments, one.days, *band, one.tally) for one in every.one_by_one)
    return Needs(clock_us, lateness_us, every, in_force, zone, has_share)


def horizons_of(full_us: int, short_us: int) -> Horizons:
    """Payments without documents back to `full_us`, as today's typologies want them, others to `short_us`."""
    return Horizons(full_us, short_us, tuple((*one.payments.flags, full_us) for one in wanted().look_back))
