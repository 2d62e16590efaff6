"""`fxwatch cases`: what belongs together, as an investigator works through it: the list of cases, and one of them."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import click

from streams.cli.alerts_list import MOST_SHOWN, TABLE_COLUMNS, alert_topic, typology_id
from streams.cli.desk_options import ReadingProgress, language, remark, show_page
from streams.desk.case_list import CaseQuery, ListedCases, list_cases
from streams.desk.case_page import read_case, require_case
from streams.desk.moments import moment
from streams.desk.party_history import require_token
from streams.desk_text import case_text
from streams.desk_text.case_words import CASE_WORDS
from streams.desk_text.desk_words import DESK_WORDS
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say_json
from streams.settings import load_settings


@click.group()
def command() -> None:
    """Cases: the alerts of one party or shared thing, and what is one with them.

    Example: fxwatch cases list --status open

    Example: fxwatch cases show case-18c969c243d3
    """


@command.command("list")
@click.option("--desk", help="Only cases of which this desk got an alert.")
@click.option("--party", "parties", multiple=True, metavar="TOKEN", help="Only cases that name it; may be repeated.")
@click.option("--typology", metavar="ID", help="Only cases with this typology, such as T02; anomaly: with none.")
@click.option("--since", metavar="TIME", help="Only cases whose newest alert is of this day or time, or later.")
@click.option(
    "--status",
    type=click.Choice(["open", "closed", "all"]),
    default="all",
    show_default=True,
    help="closed: a verdict stands on each current alert, or it was retracted.",
)
@click.option("--limit", type=click.IntRange(min=1), default=MOST_SHOWN, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a case.")
@language
def list_(
    desk: str | None,
    parties: tuple[str, ...],
    typology: str | None,
    since: str | None,
    status: Any,
    limit: int,
    *,
    as_json: bool,
    lang: Language,
) -> None:
    """List cases: the open ones first, in each state the one with the newest alert first.

    A case is open as long as one of its alerts is. It rests where all that is open came under a snooze. Cases whose
    alerts name a resident in common are one (docs/SHARED.md), over a rotation of keys too. What is published while this
    reads is not shown. Times are event times.

    Example: fxwatch cases list --desk customs --since 2026-04-01

    Example: fxwatch cases list --typology T01 --status open --json
    """
    settings = load_settings()
    zone = ZoneInfo(settings.effective.engine.time_zone)
    for party in parties:  # what is no token is told before anything is read
        require_token(party)
    alert_topic(settings, desk)
    query = CaseQuery(
        since=moment(since, zone),
        parties=frozenset(parties),
        typology=typology_id(typology),
        desk=desk,
        state=status,
        most=limit,
    )
    found = list_cases(settings, query, ReadingProgress(lang))
    if as_json:
        for one in found.rows:
            say_json(json.dumps(case_text.row_json(one), ensure_ascii=False))
    elif tables.is_terminal() and tables.make_console().width < TABLE_COLUMNS:
        show_page([line for one in found.rows for line in case_text.block(one, zone, lang)])
    else:
        names = case_text.columns(zone, lang)
        rows = (case_text.cells(one, zone, lang) for one in found.rows)
        tables.show(names, rows, numeric=names[4:6], whole=[*names[:3], *names[7:]])
    _remarks(found, lang)


def _remarks(found: ListedCases, lang: Language) -> None:
    words = DESK_WORDS[lang]
    more = f"; {words.more}" if found.total > len(found.rows) else ""
    remark(CASE_WORDS[lang].listed.format(shown=f"{len(found.rows):,}", total=f"{found.total:,}") + more)
    if found.without_ledger is not None:
        remark(words.no_right)
    if found.unreadable:
        remark(words.unreadable.format(n=f"{found.unreadable:,}"))


@command.command()
@click.argument("case", metavar="CASE")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@language
def show(case: str, *, as_json: bool, lang: Language) -> None:
    """Show CASE (its id, or the beginning of it): its alerts in order, what changed, verdicts with reasons, snoozes.

    What is one with it is shown with it. An alert that brought another one up to date says what changed. The newest
    1 000 alerts are shown.

    Example: fxwatch cases show case-18c969c243d3

    Example: fxwatch cases show case-18c969c243d3dd7601b66867 --json
    """
    require_case(case)
    settings = load_settings()
    page = read_case(settings, case, ReadingProgress(lang))
    if as_json:
        say_json(json.dumps(case_text.page_json(page), ensure_ascii=False))
    else:
        show_page(case_text.page_lines(page, ZoneInfo(settings.effective.engine.time_zone), lang))
