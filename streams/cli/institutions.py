"""`fxwatch institutions`: what each institution merely says of its payments, beside what the others say."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import click

from detectors.books.party import token_number
from detectors.books.party_type import stricter
from detectors.contracts.events import Profile, Transaction
from detectors.values.institution_code import institution_code
from streams.kafka import topic_reader, topics
from streams.ledger import envelope
from streams.operations.sender_words import SHARES, InstitutionRow, compare_institutions, words
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json
from streams.settings import load_settings

_TITLES = {"noted": "mended or left out", "type_differs": "other type"}


class Counts:
    """Payments of the ledger by institution and by what was said of them.

    Keeps some 100 bytes for each party, to tell whose type differs from what it was known as
    (detectors/books/party_type.py).
    """

    def __init__(self, since: datetime | None = None) -> None:
        self._since = since
        self._by_profile: dict[int, str] = {}
        self._told: dict[int, str] = {}
        self.by_institution: dict[str, Counter[str]] = {}

    def add(self, records: Iterable[Any]) -> None:
        """Count a batch of one ledger partition. Raises `LedgerError` for a record that cannot be read."""
        for record in records:
            event, origin = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
            if isinstance(event, Profile):
                self._by_profile[token_number(event.party)] = event.party_type
            if not isinstance(event, Transaction):
                continue
            differs = self._differs(event)
            if self._since is not None and event.event_time < self._since:
                continue
            counts = self.by_institution.setdefault(institution_code(event.institution), Counter())
            counts.update(words(event, origin))
            counts["type_differs"] += differs

    def _differs(self, event: Transaction) -> bool:
        party, told = token_number(event.party), event.party_type
        before = self._told.get(party, "")
        self._told[party] = stricter(before, told)
        known = self._by_profile.get(party) or before
        return known not in {"", told}


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Payments of this day (UTC, event time) and later.")
@click.option(
    "--top", type=click.IntRange(min=1), default=50, show_default=True, help="Institutions shown, the largest."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an institution.")
def command(since: datetime | None, top: int, as_json: bool) -> None:
    """Show what institutions merely say of their payments, from the ledger.

    The shares of payments exempt from documents, with a report number, of parties called banks, loaded as history, with
    a field mended or left out at the door, and of parties known by another type. A star marks a share of a tenth or
    more that is three times the median of the other institutions: a habit to ask about, no finding.

    Example: fxwatch institutions --since 2026-01-01
    """
    counts = Counts(since.replace(tzinfo=UTC) if since is not None else None)
    with topic_reader.Reader(load_settings(), [topics.LEDGER]) as source:
        for _, records in source.read_to_end():
            counts.add(records)
    rows = compare_institutions(counts.by_institution)
    if as_json:
        for row in rows[:top]:
            say_json(json.dumps(row._asdict()))
        return
    show(rows, top)


def show(rows: list[InstitutionRow], top: int) -> None:
    """The table on standard output, and on standard error how many more there are."""
    names = [_TITLES.get(word, word) for word in SHARES]
    tables.show(
        ["institution", "payments", *names],
        [_cells(row) for row in rows[:top]],
        numeric=["payments", *names],
        whole=["institution"],
    )
    if len(rows) > top:
        say(f"{len(rows) - top} more institutions (--top)", err=True)


def _cells(row: InstitutionRow) -> list[str]:
    shares = [f"{row.shares[word]:.1%}{' *' if word in row.far else ''}" for word in SHARES]
    return [row.institution, f"{row.events:,}", *shares]
