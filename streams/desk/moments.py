"""Times as people give them on the command line: a day, or a day and time, where the law applies."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from streams.errors import UsageError

_DAY_LENGTH = len("2026-04-28")


def moment(text: str | None, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """The time that `text` says: ISO 8601; without an offset it is the zone's. None for None.

    A day alone is its beginning; with `end` the beginning of the next one, so that `--until DAY` holds that day.
    Raises `UsageError`.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        at = at + timedelta(days=1) if end and len(text) <= _DAY_LENGTH else at
        at.timestamp()
    except (ValueError, OverflowError) as fault:
        raise UsageError(
            "this is not a time",
            got=text,
            expected="a day (2026-04-28) or a time (2026-04-28T17:42)",
            todo=f"write it so; without an offset it is a time of {zone.key}",
        ) from fault
    return at


def span(since: str | None, until: str | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Both times, of which `until` is the end. Raises `UsageError`, also where nothing is between them."""
    begin, end = moment(since, zone), moment(until, zone, end=True)
    if begin is not None and end is not None and begin >= end:
        raise UsageError(
            "--since is not before --until",
            got=f"--since {since} --until {until}",
            expected="a time, and a later one",
            todo="exchange them, or leave one out",
        )
    return begin, end
