"""`fxwatch alerts show`: one alert whole, with the payments behind it and what became of it."""

import asyncio
import json
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click
import msgspec

from streams.alert_text import alert_text
from streams.cli.desk_options import ReadingProgress, language, show_page
from streams.desk.alert_heads import Head
from streams.desk.alert_lookup import FoundAlert, find_alerts, series_of
from streams.desk.evidence_records import Detail, read_evidence_records
from streams.desk.reasons import read_reasons
from streams.desk.verdicts import VerdictReader, Verdicts
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.evidence_text import EvidenceText, evidence_json
from streams.desk_text.history_text import Reasons, history_lines
from streams.errors import NotAuthorizedError
from streams.kafka import topics
from streams.plain_text.languages import Language
from streams.plain_text.printable import say_json
from streams.settings import Settings, load_settings


class Looked(NamedTuple):
    """All that is known of an alert; `details` and `verdicts` None for who may not read the ledger."""

    found: FoundAlert
    heads: list[Head]
    details: list[Detail] | None
    verdicts: Verdicts | None
    reasons: Reasons


def look(settings: Settings, alert_id: str, progress: ReadingProgress) -> Looked:
    """Read the alert, its series, the records of its evidence, its verdicts and their reasons.

    Raises `AlertNotFoundError`, `UsageError` and what the readers raise, but for the lack of rights.
    """
    (found,) = find_alerts(settings, [alert_id], progress).values()
    heads = series_of(settings, found)
    try:
        details = asyncio.run(read_evidence_records(settings, found.alert))
        position = found.alert.position
        first = min((head.position.offset for head in heads), default=position.offset)
        with VerdictReader(settings, progress, [position.partition]) as reader:
            verdicts = reader.read([(position.topic, position.partition, first)])
    except NotAuthorizedError:
        return Looked(found, heads, None, None, None)
    given = [one for head in heads for one in verdicts.on(head.alert_id, head.about)]
    try:
        reasons: Reasons = asyncio.run(read_reasons(settings, given))
    except NotAuthorizedError:
        reasons = None
    return Looked(found, heads, details, verdicts, reasons)


def _page(looked: Looked, settings: Settings, lang: Language) -> list[alert_text.TextLine]:
    alert, words = looked.found.alert, DESK_WORDS[lang]
    zone = ZoneInfo(settings.effective.engine.time_zone)
    purposes = settings.effective.legend.purposes
    rates = any(each.name == "deal_rate" for hit in alert.typologies for each in hit.measured)
    details = None if looked.details is None else EvidenceText(looked.details, purposes, lang, rates=rates)
    page = alert_text.lines(alert, lang=lang, zone=zone, evidence=len(alert.evidence), details=details)
    if len(alert.evidence) < alert.evidence_total:
        page.append(
            alert_text.TextLine(words.held.format(held=len(alert.evidence), total=alert.evidence_total), margin=2)
        )
    places = [f"{alert.position.partition}:{each.offset}" for each in alert.evidence if each.offset is not None]
    if looked.details is not None and places and alert.position.topic == topics.LEDGER:
        page.append(alert_text.TextLine(words.in_words.format(places=" ".join(places)), margin=2))
    if looked.details is None:
        page.append(alert_text.TextLine(words.no_right_records, margin=2))
    return page + history_lines(looked.heads, alert.alert_id, looked.verdicts, looked.reasons, zone, lang)


def _as_json(looked: Looked, settings: Settings) -> dict[str, Any]:
    purposes = settings.effective.legend.purposes
    verdicts = None
    if looked.verdicts is not None:
        verdicts = [
            msgspec.to_builtins(given)
            | {
                "counts": looked.verdicts.does_count(given),
                "reason": (looked.reasons or {}).get((given.partition, given.offset)),
            }
            for head in looked.heads
            for given in looked.verdicts.on(head.alert_id, head.about)
        ]
    return {
        "alert": json.loads(looked.found.value),
        "evidence": None if looked.details is None else [evidence_json(each, purposes) for each in looked.details],
        "series": [msgspec.to_builtins(head) for head in looked.heads],
        "verdicts": verdicts,
    }


@click.command("show")
@click.argument("alert_id", metavar="ALERT")
@click.option("--json", "as_json", is_flag=True, help="Alert, evidence, series and verdicts as one JSON object.")
@language
def show(alert_id: str, *, as_json: bool, lang: Language) -> None:
    """Show one alert whole: every record of its evidence as the payment that it was, and its history.

    ALERT is its id, or the first digits of it where no other alert's begins so. The payments are read from the ledger,
    each at its position: time, amount, its worth in USD by the ledger's rates (about), direction, purpose, documents,
    counterparty. The history has the alerts that it brought up to date, and every verdict with its officer and reason.
    Who may not read the ledger sees the rest.

    Example: fxwatch alerts show 384a39e15c5f

    Example: fxwatch alerts show 384a39e15c5f --lang ko
    """
    settings = load_settings()
    looked = look(settings, alert_id, ReadingProgress(lang))
    if as_json:
        say_json(json.dumps(_as_json(looked, settings), ensure_ascii=False))
    else:
        show_page(_page(looked, settings, lang), alert_text.STYLES[looked.found.alert.severity])
