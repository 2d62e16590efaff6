"""Alerts that no payment's row carries, as rows of their own behind those of the payments.

A due date passes and an alert is raised, perhaps while another party's record is applied; a declaration completes a
finding; the shared agent alerts on a thing that several parties share. None of these is the outcome of one payment. So
that every figure counts them like the others, each gets a row: its time, party, score and rules, and no money.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from detectors.testbed.sheet import NONE, Pairs, Sheet, Texts
from detectors.testbed.truth import Truth
from detectors.values.legal_calendar import DAY_US, to_us

# An alert on a case's party still finds the case this long after its last event: the investigation it opens looks back.
FOUND_AFTER_US = 30 * DAY_US
_OF_PARTY = ("party_type", "size", "region", "institution")
_NO_TEXT = ("direction", "channel", "counterparty", "country", "currency", "purpose", "evidence", "status")


class LooseAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert without a payment's row.

    `time_us` is when it was raised: of a due date the time of the record that let it pass. `day` is its local date
    (days since 1970-01-01). `shared` names the shared thing that it is about, None for an alert on its party alone.
    `fired` holds strengths by typology, `events` the ids of its trigger and its evidence.
    """

    alert_id: str
    time_us: int
    day: int
    party: str
    shared: str | None
    score: float
    usd_cents: int
    fired: tuple[tuple[str, float], ...]
    events: frozenset[str]


class AlertSaid(NamedTuple):
    """What an alert says of itself: how severe it is (0 = the mildest), whether a rule found it, and on a hard line.

    A hard line is a test of a rule's `hard_lines` that is met (detectors/typologies/declared.py). `explored` marks one
    that was drawn by lot. `expected_cents` is its expected value (detectors/alerting/expected_value.py), USD cents.
    """

    severity: int = 0
    rule: bool = False
    line: bool = False
    explored: bool = False
    expected_cents: int = 0


class LooseLinks(NamedTuple):
    """Pairs (row, thing) of loose alerts: cases whose events they show, cases that they find, look-alikes."""

    events: list[tuple[int, int]]
    reach: list[tuple[int, int]]
    alike: list[tuple[int, int]]


def with_rows(sheet: Sheet, loose: Sequence[LooseAlert]) -> Sheet:
    """The sheet with a row for each alert behind its own. 10 us an alert, and a copy of the sheet.

    Such a row has no place in the ledger (partition and offset -1) and its alert's id as its event id, is not scored,
    and moves no money: `usd_cents` is what is at risk. Its party's kind, size and region are those of the last payment
    until then.
    """
    if not loose:
        return sheet
    count = len(loose)
    party = _appended(sheet.party, [one.party for one in loose])
    before = _last_payments(sheet, party, loose)
    columns: dict[str, Any] = {
        "partition": np.full(count, -1, np.int16),
        "offset": np.full(count, -1, np.int64),
        "event_id": np.array([one.alert_id for one in loose], np.object_),
        "time_us": np.array([one.time_us for one in loose], np.int64),
        "day": np.array([one.day for one in loose], np.int32),
        "usd_cents": np.array([one.usd_cents for one in loose], np.int64),
        "score": np.array([one.score for one in loose]),
        **{name: np.full(count, np.nan) for name in ("deal_deviation_bp", "rank")},
        **{name: np.zeros(count, np.bool_) for name in ("usd_known", "history", "scored")},
    }
    held: dict[str, Any] = {name: np.concatenate([getattr(sheet, name), more]) for name, more in columns.items()}
    held |= {name: _appended(getattr(sheet, name), [None] * count) for name in _NO_TEXT}
    held |= {name: _repeated(getattr(sheet, name), before) for name in _OF_PARTY}
    return Sheet(
        **held,
        party=party,
        alert_id=_appended(sheet.alert_id, [one.alert_id for one in loose]),
        fired=_with_pairs(sheet.fired, [one.fired for one in loose]),
        reasons=_with_pairs(sheet.reasons, [()] * count),
        members={name: np.concatenate([own, np.full(count, np.nan)]) for name, own in sheet.members.items()},
    )


def _repeated(column: Texts, rows: Sequence[int]) -> Texts:
    """The column, and behind it what it says of these rows; nothing for -1."""
    own = np.array([NONE if row < 0 else column.codes[row] for row in rows], np.int32)
    return Texts(np.concatenate([column.codes, own]), column.names)


def _appended(column: Texts, texts: Sequence[str | None]) -> Texts:
    numbers = {name: code for code, name in enumerate(column.names)}
    codes = [NONE if text is None else numbers.setdefault(text, len(numbers)) for text in texts]
    return Texts(np.concatenate([column.codes, np.array(codes, np.int32)]), tuple(numbers))


def _with_pairs(pairs: Pairs, lists: Sequence[Sequence[tuple[str, float]]]) -> Pairs:
    flat = [pair for each in lists for pair in each]
    ends = pairs.starts[-1] + np.cumsum([len(each) for each in lists], dtype=np.int64)
    return Pairs(
        np.concatenate([pairs.starts, ends]),
        _appended(pairs.names, [name for name, _ in flat]),
        np.concatenate([pairs.values, np.array([value for _, value in flat], np.float64)]),
    )


def _last_payments(sheet: Sheet, party: Texts, loose: Sequence[LooseAlert]) -> list[int]:
    """By alert, the row of its party's last payment until then; -1 for none."""
    order = np.lexsort((sheet.time_us, sheet.party.codes))
    codes, times = sheet.party.codes[order], sheet.time_us[order]
    found = []
    for one, code in zip(loose, party.codes[len(sheet) :].tolist(), strict=True):
        low, high = np.searchsorted(codes, [code, code + 1])
        place = low + int(np.searchsorted(times[low:high], one.time_us, "right"))
        found.append(int(order[place - 1]) if place > low else -1)
    return found


def link(loose: Sequence[LooseAlert], truth: Truth, tokens: Mapping[str, str], first_row: int) -> LooseLinks:
    """Which cases and look-alikes loose alerts belong to; the first of them has row `first_row`. 10 us an alert.

    An alert shows a case where the case's events are among its own. Where it has events of look-alikes too, it counts
    for the side of which it has more, and for the case where it has as many. Without events of a case, one on a party
    finds a case of that party from its first event to 30 days after the last, as a payment's alert does. One on a
    shared thing does not: it tells nothing of what else its parties do.
    """
    links = LooseLinks([], [], [])
    cases = _by_event([case.event_ids for case in truth.cases])
    alikes = _by_event([one.event_ids for one in truth.lookalikes])
    spans: dict[str, list[tuple[int, int, int]]] = {}
    for place, case in enumerate(truth.cases):
        for raw in case.parties:
            first, last = to_us(case.first_event_time), to_us(case.last_event_time) + FOUND_AFTER_US
            spans.setdefault(tokens[raw], []).append((place, first, last))
    whole: dict[str, list[int]] = {}
    for place, one in enumerate(truth.lookalikes):
        if not one.event_ids:
            whole.setdefault(tokens[one.party_id], []).append(place)
    for row, alert in enumerate(loose, first_row):
        mine = [event for event in alert.events if event in cases]
        other = [event for event in alert.events if event in alikes]
        if mine and len(mine) >= len(other):
            links.events.extend((row, place) for event in mine for place in cases[event])
        else:
            links.alike.extend((row, place) for event in other for place in alikes[event])
            links.alike.extend((row, place) for place in whole.get(alert.party, ()))
        if alert.shared is None:
            held = spans.get(alert.party, ())
            links.reach.extend((row, place) for place, first, last in held if first <= alert.time_us <= last)
    links.reach.extend(links.events)
    return links


def _by_event(things: Sequence[Sequence[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, names in enumerate(things):
        for name in names:
            found.setdefault(name, []).append(place)
    return found
