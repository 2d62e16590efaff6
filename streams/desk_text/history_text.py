"""The history of an alert: when it was raised and brought up to date, and what officers said of it."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from detectors.contracts.alert import Alert
from streams.alert_text.alert_text import TextLine, local_time, number
from streams.alert_text.labels import LABELS as ALERT_LABELS
from streams.desk.alert_heads import Head
from streams.desk.alert_lookup import SHORT_DIGITS
from streams.desk.verdicts import LedgerVerdict, Verdicts
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.event_text import verdict_of
from streams.desk_text.record_words import LABELS, value_in_words
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

_MARGIN, _HANG, _INNER = 2, 2, 4
# why there is no reason to show: it is not kept any more, or this client may not read it
Reasons = Mapping[tuple[int, int], str] | None


def history_lines(
    heads: Iterable[Head], shown: str, verdicts: Verdicts | None, reasons: Reasons, zone: ZoneInfo, lang: Language
) -> list[TextLine]:
    """The alerts of the series, the oldest first, each with its verdicts; `shown` is marked with a star."""
    words = DESK_WORDS[lang]
    page = [TextLine(words.history, style="bold")]
    for head in heads:
        told = (
            local_time(head.created_for, zone, lang),
            words.raised[head.status],
            head.alert_id[:SHORT_DIGITS],
            ALERT_LABELS[lang].severity[head.severity],
            worth(head, lang),
        )
        page.append(TextLine("  ".join(told), "*" if head.alert_id == shown else "-", _MARGIN, _HANG))
        if verdicts is not None:
            for given in verdicts.on(head.alert_id, head.about):
                page += given_lines(given, reasons, zone, lang, counts=verdicts.does_count(given))
    if verdicts is None:
        page.append(TextLine(words.no_right, "", _MARGIN))
    elif not any(verdicts.on(head.alert_id, head.about) for head in heads):
        page.append(TextLine(words.no_verdict, "", _MARGIN))
    return page


def given_lines(
    given: LedgerVerdict, reasons: Reasons, zone: ZoneInfo, lang: Language, *, counts: bool
) -> list[TextLine]:
    """A verdict and its reason; `counts` is false for one of an officer whom the configuration does not list."""
    words, labels = DESK_WORDS[lang], LABELS[lang]
    told = [local_time(given.decided_at, zone, lang), verdict_of(given, lang)]
    if given.amount_krw is not None:
        told.append(words.confirmed_amount.format(amount=number(given.amount_krw, "KRW", lang=lang)))
    for name in ("legal_basis", "sanction", "office"):
        content = getattr(given, name)
        if content is not None:
            told.append(f"{labels[name]}: {value_in_words(name, content, lang)}")
    if not counts:
        told.append(words.not_counted)
    if reasons is None:
        reason = words.reason_denied
    else:
        kept = reasons.get((given.partition, given.offset))
        reason = words.reason_gone if kept is None else words.reason.format(reason=kept)
    return [
        TextLine(make_printable("  ".join(told)), "", _INNER, _HANG),
        TextLine(make_printable(reason), "", _INNER + _HANG),
    ]


def worth(head: Head | Alert, lang: Language) -> str:
    """The amount at risk: in USD, else in KRW, else that it was not converted."""
    if head.amount_usd is not None:
        return number(head.amount_usd, "USD", lang=lang)
    if head.amount_krw is not None:
        return number(head.amount_krw, "KRW", lang=lang)
    return ALERT_LABELS[lang].no_amount
