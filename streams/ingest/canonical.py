"""Canonical events from decoded records: identifiers become tokens, everything else stays as the sender wrote it.

Each function takes a record that fits its contract; the values it reads from `body` were validated with it.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from detectors.contracts.events import Declaration, Disposition, Profile, Rate, Transaction
from detectors.values.spelling import folded
from streams.contracts.inputs import DECLARATIONS, DISPOSITIONS, PROFILES, RATES, TRANSACTIONS
from streams.ingest.decode import Decoded
from streams.keys.pseudonyms import Keys, Pseudonym


def _date(value: Any) -> Any:
    return None if value is msgspec.UNSET else value


def previous_names(*pseudonyms: Pseudonym | None) -> dict[str, str]:
    """Token -> token under the previous key, of those that have one."""
    return {each.token: each.previous for each in pseudonyms if each is not None and each.previous is not None}


class WordList:
    """Classes of remittance texts, from the legend's words (class -> words).

    Texts and words are compared after NFKC and case folding. A word of Latin letters or digits must stand alone
    (`art` is not in `party`); other scripts, Korean above all, glue particles to words, so that a word is found
    anywhere.
    """

    def __init__(self, words: Mapping[str, tuple[str, ...]]) -> None:
        self._classes = [
            (name, re.compile("|".join(self._alternative(word) for word in listed)))
            for name, listed in words.items()
            if listed
        ]

    @staticmethod
    def _folded(text: str) -> str:
        return unicodedata.normalize("NFKC", text).casefold()

    @classmethod
    def _alternative(cls, word: str) -> str:
        folded = cls._folded(word)
        pattern = re.escape(folded)
        return rf"(?<![0-9a-z]){pattern}(?![0-9a-z])" if folded.isascii() else pattern

    def classes(self, text: str) -> tuple[str, ...]:
        """The classes that any word of `text` belongs to, in the word list's order."""
        folded = self._folded(text)
        return tuple([name for name, pattern in self._classes if pattern.search(folded)])


class TransactionParts(msgspec.Struct, frozen=True):
    """A transaction's event, and the pseudonyms of the parties that it names."""

    event: Transaction
    party: Pseudonym
    counterparty: Pseudonym
    contract_counterparty: Pseudonym | None


def transaction(decoded: Decoded, keys: Keys, words: WordList) -> TransactionParts:
    """The event of a transaction."""
    record, body = decoded.record, decoded.body
    get = body.get
    party, counterparty = keys.party(record.party_id), keys.party(record.counterparty_id)
    contract = keys.party(body["contract_counterparty_id"]) if "contract_counterparty_id" in body else None
    own_account = keys.account(body["party_account"]) if "party_account" in body else None
    other_account = keys.account(body["counterparty_account"]) if "counterparty_account" in body else None
    device = keys.device(body["device_id"]) if "device_id" in body else None
    contact = keys.contact(body["contact_id"]) if "contact_id" in body else None
    named = (party, counterparty, own_account, other_account, device, contact, contract)
    event = Transaction(
        event_id=record.event_id,
        **keys.fingerprints(TRANSACTIONS, record.institution, record.party_id, record.event_id, decoded.canonical),
        event_time=_in_utc(decoded),
        direction=record.direction,
        status=record.status,
        payment_id=get("payment_id"),
        original_event_id=get("original_event_id"),
        party=party.token,
        party_account=own_account.token if own_account else None,
        counterparty=counterparty.token,
        counterparty_account=other_account.token if other_account else None,
        counterparty_country=record.counterparty_country,
        institution=record.institution,
        amount=record.amount,
        currency=record.currency,
        purpose=get("purpose"),
        evidence=record.evidence,
        device=device.token if device else None,
        contact=contact.token if contact else None,
        **_payment_details(decoded),
        contract_counterparty=contract.token if contract else None,
        notes=decoded.notes,
        remittance_classes=words.classes(body["remittance_info"]) if "remittance_info" in body else (),
        previous=previous_names(*named) if keys.previous is not None else {},
    )
    return TransactionParts(event, party, counterparty, contract)


def _payment_details(decoded: Decoded) -> dict[str, Any]:
    """What only the event has of a payment, none of it an identifier."""
    record, get = decoded.record, decoded.body.get
    return {
        "party_type": record.party_type,
        "counterparty_bank_country": get("counterparty_bank_country"),
        "branch": get("branch"),
        "channel": record.channel,
        "settled_amount": get("settled_amount"),
        "settled_currency": get("settled_currency"),
        "deal_rate": get("deal_rate"),
        "report_no": get("report_no"),
        "report_type": get("report_type"),
        "declaration_no": get("declaration_no"),
        "trade_terms": get("trade_terms"),
        "goods_due": _date(record.goods_due),
        "hs_code": get("hs_code"),
        "ip_country": get("ip_country"),
        "exchange_linked_inflow_24h": get("exchange_linked_inflow_24h"),
        # not the default of the type: a sender who says nothing has not said that the party is a resident
        "residency": get("residency"),
        "designated_bank": get("designated_bank"),
    }


def declaration(decoded: Decoded, keys: Keys) -> tuple[Declaration, Pseudonym, Pseudonym]:
    """The event of a declaration line, its trader and its counterparty."""
    record, get = decoded.record, decoded.body.get
    party, counterparty = keys.party(record.party_id), keys.party(record.counterparty_id)
    event = Declaration(
        event_id=record.event_id,
        **keys.fingerprints(DECLARATIONS, "", record.party_id, record.event_id, decoded.canonical),
        notes=decoded.notes,
        previous=previous_names(party, counterparty),
        declaration_no=record.declaration_no,
        declared_time=_in_utc(decoded),
        kind=record.kind,
        party=party.token,
        counterparty=counterparty.token,
        counterparty_country=record.counterparty_country,
        hs_code=record.hs_code,
        quantity=record.quantity,
        quantity_unit=record.quantity_unit,
        value=record.value,
        currency=record.currency,
        incoterm=get("incoterm"),
        origin_country=get("origin_country"),
        settlement_due=_date(record.settlement_due),
        line=get("line"),
        amends=get("amends"),
    )
    return event, party, counterparty


def _in_utc(decoded: Decoded) -> datetime:
    if decoded.when is None:
        raise ValueError("the topic has no time")
    return decoded.when


def rate(decoded: Decoded, keys: Keys) -> Rate:
    """The event of a reference rate. Without an `event_id` it is `BASE/QUOTE@rate_time`, the time in UTC.

    The feed is part of its identity: two feeds may quote the same time, or count with the same ids.
    """
    record, when = decoded.record, _in_utc(decoded)
    pair, source = f"{record.base}/{record.quote}", decoded.body.get("source")
    event_id = decoded.body.get("event_id") or f"{pair}@{when.isoformat().replace('+00:00', 'Z')}"
    return Rate(
        event_id=event_id,
        **keys.fingerprints(RATES, source or "", pair, event_id, decoded.canonical),
        notes=decoded.notes,
        base=record.base,
        quote=record.quote,
        mid=record.mid,
        rate_time=when,
        source=source,
    )


def profile(decoded: Decoded, keys: Keys) -> tuple[Profile, Pseudonym]:
    """The event of a profile, and its party."""
    record, get = decoded.record, decoded.body.get
    party = keys.party(record.party_id)
    related = [keys.party(identifier) for identifier in get("related_counterparties", ())]
    event = Profile(
        event_id=record.event_id,
        **keys.fingerprints(PROFILES, "", record.party_id, record.event_id, decoded.canonical),
        notes=decoded.notes,
        previous=previous_names(party, *related),
        party=party.token,
        party_type=record.party_type,
        registered_on=_date(record.registered_on),
        capital_krw=get("capital_krw"),
        turnover_krw=get("turnover_krw"),
        industry_code=get("industry_code"),
        size=get("size"),
        employees=get("employees"),
        region=get("region"),
        related_counterparties=tuple([each.token for each in related]),
        as_of=_in_utc(decoded),
        register=get("register"),
        residency=get("residency"),
    )
    return event, party


def disposition(decoded: Decoded, keys: Keys) -> Disposition:
    """The event of a verdict. The reason stays outside, only its keyed hash goes in; the party is a token already.

    The officer is part of its identity: two may count with the same ids.
    """
    record, get = decoded.record, decoded.body.get
    officer = folded(record.investigator)
    return Disposition(
        event_id=record.event_id,
        **keys.fingerprints(DISPOSITIONS, officer, record.party, record.event_id, decoded.canonical),
        notes=decoded.notes,
        alert_id=record.alert_id,
        party=record.party,
        verdict=record.verdict,
        reason_hash=keys.reason(record.reason),
        investigator=record.investigator,
        decided_at=_in_utc(decoded),
        amount_krw=get("amount_krw"),
        legal_basis=get("legal_basis"),
        sanction=get("sanction"),
        office=get("office"),
        voluntary=get("voluntary"),
        snooze_until=None if record.snooze_until is msgspec.UNSET else record.snooze_until.astimezone(UTC),
        snooze_typology=get("snooze_typology"),
        shared_kind=get("shared_kind"),
        shared_token=get("shared_token"),
    )
