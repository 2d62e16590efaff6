"""The supervisor's screen on a firm's trade: T08's own test of whole months, as an entry of a list (KCS 2026-01-13)."""

from collections.abc import Iterator

from detectors.contracts.screens import MOST_POSITIONS, ScreenId
from detectors.typologies import screening
from detectors.typologies.due import Wake
from detectors.typologies.screening import SCREENS, TRADE, Listing, Month
from detectors.typologies.t08_declared_settled import LOOK_AGAIN_US, both_told, screen_of, trades_enough
from detectors.typologies.trade_overdue import traded_of

TRADE_GAP: ScreenId = "trade_gap"
_TESTS = ("large_trader", "above_year_before", "above_four_years")
_LIMITS = ("trade_min", "told_days")


def look(wake: Wake, month: Month) -> Iterator[Listing]:
    """The trade gap of the twelve months that end with this one; the next month waits while the firm trades enough.

    While customs or the banks are silent nothing is known to be missing, and the month is looked at a week later.
    Cost: 2 ms with 190 open items.
    """
    past, own = wake.past, wake.dates.of(SCREENS)
    if wake.party_type == "bank":
        return
    if not both_told(wake):
        own.set(TRADE, month.number, wake.at_us + LOOK_AGAIN_US)
        return
    if trades_enough(traded_of(past), month.ends_us):
        screening.wait(wake.dates, TRADE, month.ends_us, past.zone, past.rulebook)
    finding = screen_of(past, month.ends_us)
    if finding is not None:
        yield Listing(
            TRADE_GAP,
            tuple(one for one in finding.limits if one.name in _LIMITS),
            finding.measured,
            tuple(one for one in finding.tests if one.id in _TESTS),
            finding.offsets[-MOST_POSITIONS:],
            finding.institutions,
            finding.text_en,
            finding.text_ko,
        )
