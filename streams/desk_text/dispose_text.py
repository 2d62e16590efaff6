"""What became of a verdict that was given, in words and for machines."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.alert import Alert
from streams.alert_text.alert_text import SEOUL, local_time
from streams.alert_text.labels import LABELS
from streams.contracts.inputs import DISPOSITIONS, DispositionRecord
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.disposing import Done
from streams.desk.verdicts import LedgerVerdict
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.event_text import verdict_of
from streams.desk_text.history_text import worth
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable


def alert_line(alert: Alert, lang: Language) -> str:
    """Which alert it is, so that nobody judges another one by a slip of the finger."""
    words = DESK_WORDS[lang]
    found = "; ".join(hit.id for hit in alert.typologies) or words.anomaly
    return make_printable(
        words.of_alert.format(
            alert=alert.alert_id[:SHORT_DIGITS],
            found=found,
            amount=worth(alert, lang),
            severity=LABELS[lang].severity[alert.severity],
            party=alert.party,
        )
    )


def dry_line(decision: DispositionRecord, lang: Language, zone: ZoneInfo = SEOUL) -> str:
    """What would be sent, where only that was asked for."""
    return make_printable(f"  {verdict_of(decision, lang, zone)}: {DESK_WORDS[lang].dry_run}")


def done_lines(done: Done, seconds: float, lang: Language, zone: ZoneInfo = SEOUL) -> Iterator[str]:
    """What became of it; where it was not seen in the ledger, what to do."""
    words, decision = DESK_WORDS[lang], done.decision
    outcome = {
        "sent": words.sent,
        "refused": words.refused.format(why=_why(done, lang)),
        "taken_in": words.taken_in.format(partition=done.ledger_partition, offset=done.ledger_offset),
    }[done.outcome]
    yield make_printable(f"  {verdict_of(decision, lang, zone)}: {outcome}")
    if done.outcome == "sent" and seconds:  # who does not wait need not be told that it was not seen
        place = {"topic": DISPOSITIONS, "partition": done.partition, "offset": done.offset}
        yield f"  {words.not_seen.format(seconds=f'{seconds:g}', **place)}"
        yield f"  {words.ask.format(**place)}"
        yield f"  {words.again.format(when=msgspec.to_builtins(decision.decided_at))}"


def _why(done: Done, lang: Language) -> str:
    """The dead letter's own words, which begin with the code and are English; in Korean the codes alone."""
    return done.why if done.why and lang == "en" else ", ".join(done.codes)


def stands_line(given: LedgerVerdict, zone: ZoneInfo, lang: Language) -> str:
    """That nothing was sent, because the officer's verdict says so already."""
    when = local_time(given.decided_at, zone, lang)
    return make_printable(f"  {DESK_WORDS[lang].stands.format(officer=given.investigator, when=when)}")


def done_json(done: Done) -> dict[str, Any]:
    """The same for machines; `event_id` is the verdict's identity."""
    told: dict[str, Any] = {
        "alert_id": done.decision.alert_id,
        "outcome": done.outcome,
        "disposition": msgspec.to_builtins(done.decision),
    }
    if done.partition is not None:
        told["sent_to"] = {"topic": DISPOSITIONS, "partition": done.partition, "offset": done.offset}
    if done.ledger_offset is not None:
        told["ledger"] = f"{done.ledger_partition}:{done.ledger_offset}"
    if done.codes:
        told |= {"codes": list(done.codes), "why": done.why}
    return told
