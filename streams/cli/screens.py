"""`fxwatch screens`: who is in the lists that supervisors' screens make each month, and why."""

import json
import re
from typing import get_args
from zoneinfo import ZoneInfo

import click
import msgspec

from detectors.contracts.screens import INSTITUTION_PART, ScreenId
from streams.alert_text.alert_text import text_of
from streams.cli.desk_options import ReadingProgress, language
from streams.desk.screen_lists import PEERS, read_lists
from streams.desk_text import screen_text
from streams.errors import UsageError
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings

SCREENS = (*(one for one in get_args(ScreenId) if one != INSTITUTION_PART), PEERS)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@click.command()
@click.option("--period", metavar="MONTH", help="The month, such as 2026-10; default: the newest that has entries.")
@click.option(
    "--screen", "screens", multiple=True, type=click.Choice(SCREENS), help="Only this screen; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an entry.")
@language
def command(period: str | None, screens: tuple[str, ...], as_json: bool, lang: Language) -> None:
    """Show a month's lists of supervisors' screens: each firm with figures, tests and reasons.

    A screen is a test that a supervisor published. A firm that meets it by the end of a month is in that month's list,
    ten days later. Institutions are compared with their peers. A list says whom to look at first. It is no alert, and
    finds nobody guilty. docs/SCREENS.md says what each screen compares.

    Example: fxwatch screens --period 2026-10

    Example: fxwatch screens --screen trade_gap --json
    """
    if period is not None and not _MONTH.fullmatch(period):
        raise UsageError(
            "this is not a month", got=period, expected="year and month, such as 2026-10", todo="write it so"
        )
    settings = load_settings()
    found = read_lists(settings, period, frozenset(screens), ReadingProgress(lang))
    if as_json:
        for one in found.entries:
            say_json(json.dumps(msgspec.to_builtins(one), ensure_ascii=False))
        for habit in found.habits:
            say_json(json.dumps({"screen": PEERS, "period": found.month, **habit._asdict()}, ensure_ascii=False))
        return
    zone = ZoneInfo(settings.effective.engine.time_zone)
    say(text_of(screen_text.lines(found, zone, lang)).rstrip("\n"))
