"""Looks at a firm for the supervisors' screens when its month is told of (screening.py says when that is)."""

from collections.abc import Iterator

from detectors.typologies import t05_screens, t08_screens
from detectors.typologies.due import Wake
from detectors.typologies.screening import KIND, SENT, TRADE, Listing, Month, month_of

_LOOKS = {SENT: t05_screens.look, TRADE: t08_screens.look}


def listed(wake: Wake) -> Iterator[tuple[Month, Listing]]:
    """The lists that the firm is in, each with its month. `wake.due` are the screens' own; loaded history lists nobody.

    Cost: 3 ms at the most.
    """
    for one in wake.due:
        month = month_of(one.item, wake.past.zone)
        for listing in _LOOKS[one.kind.removeprefix(KIND)](wake, month):
            if not one.quiet:
                yield month, listing
