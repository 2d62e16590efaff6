"""One case whole: its alerts in order, the verdicts on them with their reasons, and the snoozes they came under.

The topic of alerts is read twice, because only the first reading says which cases are one with it. The newest
`MOST_ALERTS` alerts are held.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import msgspec

from streams.desk.alert_heads import Current, First, Head, read_head
from streams.desk.case_list import CaseSummary, residents_of, summary_of
from streams.desk.joined_cases import JoinedCases
from streams.desk.listing import AlertRow, row_of
from streams.desk.party_history import count_ledger_partitions
from streams.desk.reasons import read_reasons
from streams.desk.rotated_names import read_rotated_names
from streams.desk.snoozes import LedgerSnooze, read_snoozes
from streams.desk.verdicts import VerdictReader, Verdicts
from streams.errors import AlertNotFoundError, NotAuthorizedError, UsageError
from streams.kafka import topic_reader, topics
from streams.keys import pseudonyms
from streams.settings import Settings

MOST_ALERTS = 1_000
# one case among 65 000 has the same first four digits
LEAST_DIGITS = 4
_CASE = re.compile(rf"case-[0-9a-f]{{{LEAST_DIGITS},24}}")
_NAMED = 5


class CasePage(NamedTuple):
    """What is known of a case and those that are one with it.

    `heads` are its alerts, the oldest first, those too that were brought up to date; `total` counts all of them.
    `verdicts` None for who may not read the ledger, `reasons` None for who may not read verdicts' reasons.
    """

    summary: CaseSummary
    heads: list[Head]
    total: int
    current: frozenset[str]
    verdicts: Verdicts | None
    reasons: dict[tuple[int, int], str] | None
    snoozes: list[LedgerSnooze]


def require_case(text: str) -> str:
    """A case's id, or its beginning, as it is looked for. Raises `UsageError`."""
    prefix = text.strip().lower()
    if not _CASE.fullmatch(prefix):
        raise UsageError(
            "this is not the id of a case, nor its beginning",
            got=repr(text[:80]),
            expected=f"case- and {LEAST_DIGITS} to 24 hex digits",
            todo="copy it from `fxwatch cases list`",
        )
    return prefix


def only_case(prefix: str, cases: Iterable[str]) -> str:
    """The only case that begins so. Raises `AlertNotFoundError` where there is none, `UsageError` for several."""
    matches = sorted(case for case in cases if case.startswith(prefix))
    if not matches:
        raise AlertNotFoundError(
            "no alert on fx.alerts.v1 has a case of this id",
            got=prefix,
            expected="the id of a case, or its beginning",
            todo="see `fxwatch cases list`",
        )
    if len(matches) > 1:
        raise UsageError(
            "several cases have an id that begins so",
            got=prefix,
            expected=", ".join(matches[:_NAMED]),
            todo="give more of its digits",
        )
    return matches[0]


def read_case(settings: Settings, text: str, told: topic_reader.Told) -> CasePage:
    """The case of an id or the beginning of one. 10 us an alert, and 5 us a ledger record behind the first.

    Raises `UsageError`, `AlertNotFoundError`, and what the readers raise, but for the lack of rights to the ledger.
    """
    prefix = require_case(text)
    joined = JoinedCases(settings.effective.engine.case_window_days)
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        for _, head in _heads(reader, told):
            joined.add(head)
    with suppress(NotAuthorizedError):  # the page says that verdicts are not known
        joined.know(read_rotated_names(settings, joined.residents(), told))
    case = only_case(prefix, (one for group in joined.groups() for one in group))
    cases = joined.joined(case)
    newest = First(MOST_ALERTS, lambda head: (head.created_for, head.position.offset, head.alert_id))
    superseded: set[str] = set()
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        for _, head in _heads(reader, told):
            if head.case_id in cases:
                newest.add(head)
                superseded.update(filter(None, [head.supersedes]))
    return _page(settings, cases, newest, superseded, told)


def _heads(reader: topic_reader.Reader, told: topic_reader.Told) -> Iterator[tuple[int, Head]]:
    """Each alert of the topic with its partition; what is no alert is counted by `alerts list`."""
    for tp, records in reader.read_to_end(told=told):
        for record in records:
            with suppress(msgspec.DecodeError):
                yield tp.partition, read_head(record.value)


def _page(
    settings: Settings, cases: tuple[str, ...], newest: First, superseded: set[str], told: topic_reader.Told
) -> CasePage:
    heads: list[Head] = newest.in_order()[::-1]
    current = frozenset(head.alert_id for head in heads) - superseded
    verdicts, reasons, snoozes = _ledger(settings, heads, told)
    summary = summarize(cases, heads, current, verdicts)
    return CasePage(summary, heads, newest.total, current, verdicts, reasons, snoozes)


def _ledger(
    settings: Settings, heads: list[Head], told: topic_reader.Told
) -> tuple[Verdicts | None, dict[tuple[int, int], str] | None, list[LedgerSnooze]]:
    """What officers said of these alerts, their reasons, and the snoozes on them."""
    places = [(head.position.topic, head.position.partition, head.position.offset) for head in heads]
    try:
        with VerdictReader(settings, told) as reader:
            verdicts = reader.read(places)
        count = count_ledger_partitions(settings)
        snoozes = read_snoozes(settings, told, {pseudonyms.partition_of(head.party, count) for head in heads})
    except NotAuthorizedError:
        return None, None, []
    ids = {head.alert_id for head in heads}
    resting = sorted((one for one in snoozes if one.alert_id in ids), key=lambda one: one.counted_at)
    given = [one for head in heads for one in verdicts.on(head.alert_id, head.about)]
    try:
        return verdicts, asyncio.run(read_reasons(settings, given)), resting
    except NotAuthorizedError:
        return verdicts, None, resting


def summarize(
    cases: tuple[str, ...], heads: Iterable[Head], current: frozenset[str], verdicts: Verdicts | None
) -> CaseSummary:
    """The cases as the list has them: of their current alerts, with the residents of all of them.

    Where all that are held were brought up to date by older-dated ones, which are not held, the newest stands for them.
    """
    every = list(heads)
    standing = [head for head in every if head.alert_id in current] or every[-1:]
    folded = [Current(head, head.position.offset) for head in standing]
    whole, *others = (summary_of(AlertRow(one) if verdicts is None else row_of(one, verdicts)) for one in folded)
    for other in others:
        whole = whole.with_other(other)
    whole.cases, whole.began = cases, every[0].created_for
    whole.parties = tuple(dict.fromkeys((*whole.parties, *(one for head in every for one in residents_of(head)))))
    return whole


class AlertChange(NamedTuple):
    """What an alert changed of the one that it brought up to date: the field, what it was, and what it is."""

    field: str
    before: object
    after: object


def changes_of(before: Head, after: Head) -> list[AlertChange]:
    """What of an alert is otherwise than of the one it brought up to date; nothing for what is the same.

    `severity`, `amount` (the worth), `typologies` (ids), `records` (of evidence), `parties` (residents), `desk`.
    """
    both = [
        AlertChange("severity", before.severity, after.severity),
        AlertChange("amount", (before.amount_usd, before.amount_krw), (after.amount_usd, after.amount_krw)),
        AlertChange("typologies", before.found, after.found),
        AlertChange("records", before.evidence_total, after.evidence_total),
        AlertChange("parties", len(residents_of(before)), len(residents_of(after))),
        AlertChange("desk", before.desk, after.desk),
    ]
    return [one for one in both if one.before != one.after]
