"""An event of the ledger in a line or two: a payment, a declaration, a verdict, as lists of them show it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from detectors.contracts.configuration import Purpose
from detectors.contracts.events import Declaration, Disposition, Event, Profile, Transaction
from detectors.wording import phrases
from streams.alert_text.alert_text import SEOUL, local_time, number
from streams.contracts.inputs import DispositionRecord
from streams.desk.alert_heads import ANOMALY
from streams.desk.verdicts import LedgerVerdict
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.record_words import KINDS, value_in_words
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable

Purposes = Mapping[str, Purpose]


def purpose(code: str | None, purposes: Purposes, lang: Language) -> str:
    """A purpose code with its text, where the configuration has one."""
    if code is None:
        return DESK_WORDS[lang].purpose
    known = purposes.get(code)
    told = "" if known is None else (known.text_ko if lang == "ko" else known.text_en)
    return make_printable(f"{told} ({code})" if told else code)


def money(amount: str, currency: str, usd: str | None, lang: Language) -> str:
    """An amount in its currency, and what it was worth in USD where that is another."""
    told = number(amount, currency, lang=lang)
    if usd is None or currency == "USD":
        return told
    return f"{told} ({DESK_WORDS[lang].about.format(usd=number(usd))})"


def payment_lines(
    event: Transaction, usd: str | None, purposes: Purposes, lang: Language, *, rates: bool = False
) -> tuple[str, str]:
    """What was paid (with `rates`, at which rate), and with whom and how: two lines."""
    words = DESK_WORDS[lang]
    rate = _rate(event, lang) if rates else ()
    what = (
        money(event.amount, event.currency, usd, lang),
        *rate,
        value_in_words("direction", event.direction, lang),
        purpose(event.purpose, purposes, lang),
    )
    other = words.to[event.direction].format(token=event.counterparty, country=event.counterparty_country)
    how = (other, *(value_in_words(name, getattr(event, name), lang) for name in ("status", "evidence", "channel")))
    return make_printable("; ".join(what)), make_printable("; ".join(how))


def more_lines(event: Transaction, counted: str, lang: Language, *, rates: bool = False) -> tuple[str, ...]:
    """What an alert's evidence does not say of a payment: country, documents, channel; the amount where it differs.

    `counted` is the amount that the alert counts it with, which returns and settlements may have changed.
    """
    words = DESK_WORDS[lang]
    told = []
    if Decimal(event.amount) != Decimal(counted):
        told.append(words.as_sent.format(amount=number(event.amount, event.currency, lang=lang)))
    told += _rate(event, lang) if rates else ()
    told.append(words.country.format(code=event.counterparty_country))
    told += [value_in_words(name, getattr(event, name), lang) for name in ("evidence", "channel")]
    return (make_printable("; ".join(told)),)


def _rate(event: Transaction, lang: Language) -> tuple[str, ...]:
    """The rate of a payment's deal, where it has one."""
    if event.deal_rate is None or event.settled_currency is None:
        return ()
    pair = f"{event.currency}/{event.settled_currency}"
    return (DESK_WORDS[lang].at_rate.format(rate=number(event.deal_rate), pair=pair),)


def verdict_of(one: Disposition | DispositionRecord | LedgerVerdict, lang: Language, zone: ZoneInfo = SEOUL) -> str:
    """What was said, and by whom; of a snooze which typology rests until when."""
    until = getattr(one, "snooze_until", None)
    if isinstance(until, datetime):
        typology = str(getattr(one, "snooze_typology", ""))
        what = DESK_WORDS[lang].anomaly if typology == ANOMALY else typology
        rest = DESK_WORDS[lang].rest if until > one.decided_at else DESK_WORDS[lang].rest_ended
        return rest.format(what=what, until=local_time(until, zone, lang), officer=one.investigator)
    said = value_in_words("verdict", one.verdict, lang)
    return DESK_WORDS[lang].decided.format(verdict=said, officer=one.investigator)


def event_lines(
    event: Event, usd: str | None, purposes: Purposes, lang: Language, zone: ZoneInfo = SEOUL
) -> tuple[str, ...]:
    """Any event of a party in a line or two; of what is no payment only what tells it from others."""
    if isinstance(event, Transaction):
        what, how = payment_lines(event, usd, purposes, lang)
        return what, f"{how}; {make_printable(phrases.code(event.institution))}"
    if isinstance(event, Declaration):
        other = f"{event.counterparty} ({event.counterparty_country})"
        told = (
            value_in_words("kind", event.kind, lang),
            money(event.value, event.currency, None, lang),
            event.declaration_no,
            f"HS {event.hs_code}",
            other,
        )
        return (make_printable("; ".join(told)),)
    if isinstance(event, Disposition):
        return (make_printable(verdict_of(event, lang, zone)), make_printable(event.alert_id))
    if isinstance(event, Profile):
        return (value_in_words("party_type", event.party_type, lang),)
    return (KINDS[lang][str(event.__struct_config__.tag)],)
