"""`fxwatch kpi`: what became of the alerts, in figures."""

import json
from zoneinfo import ZoneInfo

import click

from streams.cli.alerts_list import alert_topic
from streams.cli.desk_options import ReadingProgress, language, remark
from streams.desk.alert_heads import Wanted
from streams.desk.kpi import read_kpi
from streams.desk.moments import span
from streams.desk_text import kpi_text
from streams.desk_text.desk_words import DESK_WORDS
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say_json
from streams.settings import load_settings


@click.command()
@click.option("--desk", help="Only this desk's alerts.")
@click.option("--since", metavar="TIME", help="Alerts of this day or time and later: 2026-04-28, 2026-04-28T17:42.")
@click.option("--until", metavar="TIME", help="Alerts up to the end of this day, or before this time.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@language
def command(desk: str | None, since: str | None, until: str | None, *, as_json: bool, lang: Language) -> None:
    """Tell what became of the alerts: hit rates by rule, models and lot, and the won found and confirmed by month.

    Hit rate is the share confirmed of the alerts that an officer decided. Alerts drawn by lot are the comparison: what
    is found where neither a rule nor a rank chose. Verdicts are read from the ledger, from the first of these alerts
    on. Times are event times, where the law applies. docs/DESK.md says how each figure is counted.

    Example: fxwatch kpi --since 2026-04-01

    Example: fxwatch kpi --desk customs --since 2026-04-01 --until 2026-06-30 --json
    """
    settings = load_settings()
    begin, end = span(since, until, ZoneInfo(settings.effective.engine.time_zone))
    topic = alert_topic(settings, desk)
    found = read_kpi(settings, topic, Wanted(since=begin, until=end), ReadingProgress(lang))
    if as_json:
        say_json(json.dumps(kpi_text.kpi_json(found), ensure_ascii=False))
        return
    for columns, rows in (
        (kpi_text.group_columns(lang), kpi_text.group_rows(found, lang)),
        (kpi_text.month_columns(lang), kpi_text.month_rows(found)),
    ):
        tables.show(columns, rows, numeric=columns[1:], whole=columns[:1])
    for said in kpi_text.beside(found, lang):
        remark(said)
    if found.unreadable:
        remark(DESK_WORDS[lang].unreadable.format(n=f"{found.unreadable:,}"))
