"""`fxwatch alerts list`: the current alerts, as an investigator works through them."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import click

from streams.alert_text.alert_text import SEVERITIES
from streams.cli.desk_options import (
    ReadingProgress,
    language,
    remark,
    require_one_form,
    show_page,
    spreadsheet,
    write_csv,
)
from streams.desk.alert_heads import ANOMALY, Wanted
from streams.desk.listing import Listed, Query, cases_of, list_alerts
from streams.desk.moments import span
from streams.desk.party_history import require_token
from streams.desk_text import list_text
from streams.desk_text.desk_words import DESK_WORDS
from streams.errors import UsageError
from streams.kafka import topics
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say_json
from streams.settings import Settings, load_settings

# shown where nobody says otherwise: what one person looks through, and less than a second of a terminal's time
MOST_SHOWN = 200
# narrower, a table would break tokens and case ids over many lines
TABLE_COLUMNS = 180


def alert_topic(settings: Settings, desk: str | None) -> str:
    """The topic of all alerts, or of a desk's. Raises `UsageError` naming the desks there are."""
    if desk is None:
        return topics.ALERTS
    desks = settings.effective.desks
    if desk not in desks:
        raise UsageError(
            "there is no such desk",
            got=desk,
            expected=", ".join(sorted(desks)) or "none is configured",
            todo="name one of these, or add it to the table [desks]",
        )
    return topics.desk_topic(desk)


def typology_id(given: str | None) -> str | None:
    """The id as alerts have it, in capitals, or `anomaly`. Raises `UsageError` naming those there are."""
    from detectors.typologies import all_rules

    if given is None or given == ANOMALY:
        return given
    known = [typology.id for typology in all_rules()]
    if given.upper() not in known:
        raise UsageError(
            "there is no such typology", got=given, expected=", ".join([*known, ANOMALY]), todo="name one of these"
        )
    return given.upper()


@click.command("list")
@click.option("--desk", help="Only this desk's alerts.")
@click.option("--since", metavar="TIME", help="Alerts of this day or time and later: 2026-04-28, 2026-04-28T17:42.")
@click.option("--until", metavar="TIME", help="Alerts up to the end of this day, or before this time.")
@click.option("--party", "parties", multiple=True, metavar="TOKEN", help="Only alerts of this party; may be repeated.")
@click.option("--typology", metavar="ID", help="Only alerts of this typology, such as T02; anomaly: of none.")
@click.option("--case", help="Only alerts of this case, and of those that are one with it: they share a resident.")
@click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="low",
    show_default=True,
    help="Only alerts at least this severe.",
)
@click.option(
    "--status",
    type=click.Choice(["open", "disposed", "all"]),
    default="all",
    show_default=True,
    help="open: nobody's verdict stands; disposed: one does.",
)
@click.option(
    "--sort",
    "sorting",
    type=click.Choice(["severity", "time", "amount", "value"]),
    default="severity",
    show_default=True,
    help="Which come first: the most severe, the newest, the largest; value: chance times amount, capped.",
)
@click.option("--snoozed", is_flag=True, help="Also alerts that rest under a snooze (`fxwatch snooze list`).")
@click.option("--limit", type=click.IntRange(min=1), default=MOST_SHOWN, show_default=True, help="At most so many.")
@spreadsheet
@click.option("--json", "as_json", is_flag=True, help="One JSON object an alert.")
@language
def list_(  # noqa: PLR0917
    desk: str | None,
    since: str | None,
    until: str | None,
    parties: tuple[str, ...],
    typology: str | None,
    case: str | None,
    min_severity: Any,
    status: Any,
    sorting: Any,
    snoozed: bool,
    limit: int,
    as_csv: bool,
    bom: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """List the current alerts, the verdicts that stand on them, and where to go on.

    An alert that brought others up to date stands for all of them. It is open again when its verdict was on an earlier
    one: there is news. What is published while this reads is not shown. Ids are shortened; `alerts show` and `dispose`
    take them so. Times are event times, where the law applies.

    Verdicts are read from the ledger, from the first of these alerts on: name a day with --since where it is long.

    Example: fxwatch alerts list --since 2026-04-28 --status open

    Example: fxwatch alerts list --desk customs --sort amount --csv --bom > alerts.csv
    """
    require_one_form(as_csv=as_csv, as_json=as_json, bom=bom)
    settings = load_settings()
    zone = ZoneInfo(settings.effective.engine.time_zone)
    for party in parties:  # what is no token is told before anything is read
        require_token(party)
    begin, end = span(since, until, zone)
    cases = () if case is None else cases_of(settings, case, ReadingProgress(lang))
    wanted = Wanted(
        since=begin,
        until=end,
        parties=frozenset(parties),
        typology=typology_id(typology),
        cases=frozenset(cases),
        least=min_severity,
        resting=snoozed,
    )
    query = Query(topic=alert_topic(settings, desk), wanted=wanted, state=status, sorting=sorting, most=limit)
    found = list_alerts(settings, query, ReadingProgress(lang))
    if as_json:
        for row in found.rows:
            say_json(json.dumps(list_text.row_json(row), ensure_ascii=False))
    elif as_csv:
        write_csv(list_text.CSV_TITLES[lang], (list_text.csv_cells(row, zone, lang) for row in found.rows), bom=bom)
    elif tables.is_terminal() and tables.make_console().width < TABLE_COLUMNS:
        show_page([line for row in found.rows for line in list_text.block(row, zone, lang)])
    else:
        _table(found, zone, lang)
    if len(cases) > 1:
        remark(DESK_WORDS[lang].joined.format(n=len(cases), cases=", ".join(cases)))
    _remarks(found, lang)


def _table(found: Listed, zone: ZoneInfo, lang: Language) -> None:
    names = list_text.columns(zone, lang)
    rows = (list_text.cells(row, zone, lang) for row in found.rows)
    tables.show(names, rows, numeric=[names[3]], whole=[names[0], *names[5:]])


def _remarks(found: Listed, lang: Language) -> None:
    words = DESK_WORDS[lang]
    more = f"; {words.more}" if found.total > len(found.rows) else ""
    remark(words.listed.format(shown=f"{len(found.rows):,}", total=f"{found.total:,}") + more)
    if found.without_verdicts is not None:
        remark(words.no_right)
    if found.resting:
        remark(words.resting.format(n=f"{found.resting:,}"))
    if found.unreadable:
        remark(words.unreadable.format(n=f"{found.unreadable:,}"))
