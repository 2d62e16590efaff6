"""`fxwatch party`: what is known of one party: its history in the ledger, its alerts and cases."""

import json
from zoneinfo import ZoneInfo

import click

from streams.cli.desk_options import (
    ReadingProgress,
    language,
    remark,
    require_one_form,
    show_page,
    spreadsheet,
    write_csv,
)
from streams.desk.alert_heads import Wanted
from streams.desk.joined_cases import JoinedCases
from streams.desk.listing import Query, list_alerts
from streams.desk.moments import span
from streams.desk.party_history import partition_of, read_party, require_token
from streams.desk.rotated_names import RotatedNames
from streams.desk_text import list_text, party_text
from streams.desk_text.desk_words import DESK_WORDS
from streams.kafka import topics
from streams.plain_text.languages import Language
from streams.plain_text.printable import say_json
from streams.settings import load_settings

MOST_SHOWN = 50
# a party has tens of alerts; beyond it the newest of them, and it is said
MOST_ALERTS = 1_000


@click.command()
@click.argument("token")
@click.option("--since", metavar="TIME", help="Events of this day or time and later: 2026-04-28, 2026-04-28T17:42.")
@click.option("--until", metavar="TIME", help="Events up to the end of this day, or before this time.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MOST_SHOWN,
    show_default=True,
    help="At most so many events, the newest; sums are of all.",
)
@spreadsheet
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@language
def command(
    token: str,
    since: str | None,
    until: str | None,
    limit: int,
    *,
    as_csv: bool,
    bom: bool,
    as_json: bool,
    lang: Language,
) -> None:
    """Show a party's history: profile, settled payments by month, counterparties, events in order, alerts and cases.

    TOKEN is the party as alerts show it. Where keys were rotated its former and later tokens are found by the records
    that carry both, and all its events are told. The party's ledger partition is read once. With --csv its events alone
    are written, one a row.

    Example: fxwatch party k1.0a3.5d41402abc4b2a76b9719d911017c592 --since 2026-01-01

    Example: fxwatch party k1.0a3.5d41402abc4b2a76b9719d911017c592 --csv --bom --limit 100000 > party.csv
    """
    require_one_form(as_csv=as_csv, as_json=as_json, bom=bom)
    settings, progress = load_settings(), ReadingProgress(lang)
    zone, purposes = ZoneInfo(settings.effective.engine.time_zone), settings.effective.legend.purposes
    require_token(token)  # what is no token is told before anything is read
    begin, end = span(since, until, zone)
    partition = partition_of(settings, token)
    history = read_party(settings, token, partition, limit, progress, since=begin, until=end)
    if as_csv:
        entries = history.entries()
        rows = (party_text.csv_cells(entry, partition, purposes, zone, lang) for entry in entries)
        write_csv(party_text.CSV_TITLES[lang], rows, bom=bom)
        remark(DESK_WORDS[lang].page.format(shown=f"{len(entries):,}", total=f"{history.total:,}"))
        return
    wanted = Query(topic=topics.ALERTS, wanted=Wanted(parties=history.names), sorting="time", most=MOST_ALERTS)
    found = list_alerts(settings, wanted, progress, history.verdicts)
    if found.total > len(found.rows):
        remark(DESK_WORDS[lang].listed.format(shown=f"{len(found.rows):,}", total=f"{found.total:,}"))
    if as_json:
        alerts = map(list_text.row_json, found.rows)
        say_json(json.dumps(party_text.party_json(token, history, partition, alerts), ensure_ascii=False))
    else:
        days = settings.effective.engine.case_window_days
        heads = (row.current.head for row in found.rows)
        joined = JoinedCases(days, heads, RotatedNames.of_one(history.names))
        show_page(party_text.party_lines(token, history, partition, found.rows, purposes, zone, lang, joined))
