"""A replay's rows joined with what was planted: which rows belong to a case, and which would find one.

Rows are its payments, and behind them the alerts that are no payment's (detectors/testbed/loose_alerts.py).

Made once a judgement; every figure of every system and budget then reads these arrays.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed import loose_alerts
from detectors.testbed.loose_alerts import FOUND_AFTER_US, AlertSaid, LooseAlert
from detectors.testbed.sheet import Sheet
from detectors.testbed.truth import Case, Lookalike, Truth
from detectors.values.legal_calendar import to_us

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Links(msgspec.Struct, frozen=True, eq=False):
    """Pairs of a row and a thing (case or look-alike) that it belongs to; sorted by thing, then row; no pair twice."""

    row: Rows
    thing: Rows

    @classmethod
    def of(cls, row: Rows, thing: Rows) -> "Links":
        """The pairs, sorted, each once."""
        pairs = np.unique(np.stack([thing, row], axis=1), axis=0)
        return cls(pairs[:, 1].copy(), pairs[:, 0].copy())

    def hit(self, rows: Mask, things: int) -> Mask:
        """Which of `things` have at least one of the masked rows."""
        found = np.zeros(things, np.bool_)
        found[self.thing[rows[self.row]]] = True
        return found

    def touched(self, rows: int) -> Mask:
        """Which of `rows` belong to anything."""
        touched = np.zeros(rows, np.bool_)
        touched[self.row] = True
        return touched


class Ground(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Sheet and truth, joined.

    `events` links rows to the cases whose events they are, `reach` rows that may alert to the cases an alert on them
    would find, `alike` rows that may alert to look-alikes. `typology` and `variant` are by case. `illicit_cents` is the
    case's value, `moved_cents` by pair of `events` the money that moved with it. `case_us` are first events' times.
    `honest` marks rows of parties in no case. `may_alert` are rows outside history; `days` their local dates, and
    `day_of` each row's place among them (-1 for history). `payments` marks the rows of payments. `opened` numbers what
    an investigator opens: the party, or the shared thing that an alert is about. `severity` is that of each row's
    alert, 0 = the mildest, or no alert. `by_rule` marks alerts that a rule found, `on_line` those of them on a hard
    line of the law, `explored` alerts that were drawn by lot. `expected` is by row the expected value of its alert in
    USD cents.
    """

    sheet: Sheet
    truth: Truth
    events: Links
    reach: Links
    alike: Links
    typology: tuple[str, ...]
    variant: tuple[str, ...]
    illicit_cents: Rows
    moved_cents: Rows
    case_us: Rows
    illicit: Mask
    honest: Mask
    may_alert: Mask
    days: NDArray[np.int32]
    day_of: Rows
    lookalike_seen: Mask
    payments: Mask
    opened: Rows
    severity: Rows
    by_rule: Mask
    on_line: Mask
    explored: Mask
    expected: Rows

    @property
    def cases(self) -> int:
        """Number of cases."""
        return len(self.typology)

    def named(self, typology: str) -> Mask:
        """Which cases are of a typology."""
        return np.array([name == typology for name in self.typology], np.bool_)


_NOTHING_SAID: Mapping[str, AlertSaid] = MappingProxyType({})


def lay_ground(
    paid: Sheet,
    truth: Truth,
    tokens: Mapping[str, str],
    loose: Sequence[LooseAlert] = (),
    said: Mapping[str, AlertSaid] = _NOTHING_SAID,
) -> Ground:
    """Join a sheet, and alerts that none of its rows carries, with its truth.

    `tokens` maps every raw party identifier of the truth to its token, `said` an alert's id to what it says of itself;
    one that is not named is the mildest, and no rule's. A case's payments are its settled ones (ordered ones where
    none was settled): returned and cancelled money did not go. Raises `ValueError` when a token is missing,
    or when no event of the truth is in the sheet (another stream's truth). Cost: about 0.3 s for 1 000 000 rows.
    """
    parties = _PartyRows(paid, tokens)
    alike = _alike(paid, truth, parties)
    require_same_stream(paid, truth)
    own = _links([case.event_ids for case in truth.cases], paid)
    reach = _reach(truth.cases, own, parties, ~paid.history)
    aside = loose_alerts.link(loose, truth, tokens, len(paid))
    sheet, events = loose_alerts.with_rows(paid, loose), _joined(own, aside.events)
    told = _said(sheet, said)
    payments = np.arange(len(sheet)) < len(paid)
    may_alert = ~sheet.history
    days, day_of = np.unique(sheet.day[may_alert], return_inverse=True)
    places = np.full(len(sheet), -1)
    places[may_alert] = day_of
    moved = _moved(sheet, events, len(truth.cases))
    illicit = events.touched(len(sheet))
    offenders = np.zeros(len(sheet.party.names), np.bool_)
    offenders[[code for case in truth.cases for code in parties.codes(case.parties)]] = True
    offenders[sheet.party.codes[illicit & payments]] = True
    return Ground(
        sheet=sheet,
        truth=truth,
        events=events,
        reach=_joined(reach, aside.reach),
        alike=_joined(_only(alike, may_alert & ~illicit), aside.alike),
        typology=tuple([case.typology for case in truth.cases]),
        variant=tuple([case.variant for case in truth.cases]),
        illicit_cents=_illicit_cents(truth.cases, events, moved),
        moved_cents=moved,
        case_us=np.array([to_us(case.first_event_time) for case in truth.cases], np.int64),
        illicit=illicit,
        honest=~offenders[sheet.party.codes],
        may_alert=may_alert,
        days=days,
        day_of=places,
        lookalike_seen=_only(alike, may_alert).hit(may_alert, len(truth.lookalikes)),
        payments=payments,
        opened=_opened(sheet, loose),
        severity=told[:, 0],
        by_rule=told[:, 1] != 0,
        on_line=told[:, 2] != 0,
        explored=told[:, 3] != 0,
        expected=told[:, 4],
    )


def _said(sheet: Sheet, said: Mapping[str, AlertSaid]) -> Rows:
    """By row, the five things that its alert says, as numbers."""
    # one place more, the last: code -1, a row without an alert, reads it
    by_code = np.array([*(said.get(name, AlertSaid()) for name in sheet.alert_id.names), AlertSaid()], np.int64)
    found: Rows = by_code[sheet.alert_id.codes]
    return found


def _opened(sheet: Sheet, loose: Sequence[LooseAlert]) -> Rows:
    """By row, the number of its party; of an alert on a shared thing a number of the thing, behind all parties'."""
    opened = sheet.party.codes.astype(np.int64)
    numbers: dict[str, int] = {}
    for row, alert in enumerate(loose, len(sheet) - len(loose)):
        if alert.shared is not None:
            opened[row] = len(sheet.party.names) + numbers.setdefault(alert.shared, len(numbers))
    return opened


def _joined(links: Links, pairs: Sequence[tuple[int, int]]) -> Links:
    """The links and further pairs (row, thing)."""
    if not pairs:
        return links
    more = _from_pairs(pairs)
    return Links.of(np.concatenate([links.row, more.row]), np.concatenate([links.thing, more.thing]))


def require_same_stream(sheet: Sheet, truth: Truth) -> None:
    """Return when an event that the truth names is in the sheet, or it names none. Raises `ValueError` otherwise.

    Parties do not count: streams of one size and other seeds have the same ones, and a truth of another seed would be
    judged as if its cases had been missed.
    """
    things: tuple[Case | Lookalike, ...] = (*truth.cases, *truth.lookalikes)
    named = {name for one in things for name in one.event_ids}
    if named and named.isdisjoint(sheet.event_id.tolist()):
        raise ValueError(
            f"the truth is of another stream: none of the {len(named)} events that it names is in the result; "
            "expected: the truth that was written with the replayed stream"
        )


class _PartyRows:
    """Rows by party, in order of event time."""

    def __init__(self, sheet: Sheet, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._code = {name: code for code, name in enumerate(sheet.party.names)}
        self._order: Rows = np.lexsort((sheet.time_us, sheet.party.codes))
        self._starts = np.searchsorted(sheet.party.codes[self._order], np.arange(len(self._code) + 1))
        self._times = sheet.time_us[self._order]

    def codes(self, raw: Sequence[str]) -> list[int]:
        """Codes of those raw identifiers that occur in the sheet."""
        missing = [one for one in raw if one not in self._tokens]
        if missing:
            raise ValueError(f"no token is known of a party of the truth; got: {missing[0]!r}")
        return [self._code[self._tokens[one]] for one in raw if self._tokens[one] in self._code]

    def between(self, code: int, first_us: int, last_us: int) -> Rows:
        """The party's rows from `first_us` to `last_us`, both included."""
        start, end = self._starts[code], self._starts[code + 1]
        low, high = np.searchsorted(self._times[start:end], [first_us, last_us + 1])
        return self._order[start + low : start + high]

    def all_of(self, code: int) -> Rows:
        """All of the party's rows."""
        return self._order[self._starts[code] : self._starts[code + 1]]


def _links(event_ids: Sequence[Sequence[str]], sheet: Sheet) -> Links:
    """Rows of the events named by each thing."""
    wanted: dict[str, list[int]] = {}
    for thing, names in enumerate(event_ids):
        for name in names:
            wanted.setdefault(name, []).append(thing)
    found = [
        (row, thing) for row, name in enumerate(sheet.event_id.tolist()) if name in wanted for thing in wanted[name]
    ]
    return _from_pairs(found)


def _from_pairs(pairs: Sequence[tuple[int, int]]) -> Links:
    array = np.array(pairs, np.int64).reshape(len(pairs), 2)
    return Links.of(array[:, 0], array[:, 1])


def _alike(sheet: Sheet, truth: Truth, parties: _PartyRows) -> Links:
    """Rows of look-alikes: their events, or everything their party did."""
    named = _links([one.event_ids for one in truth.lookalikes], sheet)
    rows, things = [named.row], [named.thing]
    for thing, one in enumerate(truth.lookalikes):
        for code in parties.codes([one.party_id]) if not one.event_ids else []:
            rows.append(parties.all_of(code))
            things.append(np.full(len(rows[-1]), thing))
    return Links.of(np.concatenate(rows), np.concatenate(things))


def _reach(cases: Sequence[Case], events: Links, parties: _PartyRows, may_alert: Mask) -> Links:
    """An alert finds a case on one of its events, or on one of its parties from its first event to 30 days after it."""
    rows, things = [events.row], [events.thing]
    for thing, case in enumerate(cases):
        first, last = to_us(case.first_event_time), to_us(case.last_event_time) + FOUND_AFTER_US
        for code in parties.codes(case.parties):
            rows.append(parties.between(code, first, last))
            things.append(np.full(len(rows[-1]), thing))
    return _only(Links.of(np.concatenate(rows), np.concatenate(things)), may_alert)


def _only(links: Links, rows: Mask) -> Links:
    kept = rows[links.row]
    return Links(links.row[kept], links.thing[kept])


def _moved(sheet: Sheet, events: Links, cases: int) -> Rows:
    """USD cents that moved with each event of a case."""
    settled = sheet.status.is_any(["settled"])
    ordered = sheet.status.is_any(["ordered"])
    has_settled = events.hit(settled, cases)
    counts = settled[events.row] | (ordered[events.row] & ~has_settled[events.thing])
    moved: Rows = np.where(counts, sheet.usd_cents[events.row], 0)
    return moved


def _illicit_cents(cases: Sequence[Case], events: Links, moved: Rows) -> Rows:
    """By case, its value as the truth gives it; where it does not, the sum of its payments."""
    paid = np.zeros(len(cases), np.int64)
    np.add.at(paid, events.thing, moved)
    known = [case.illicit_cents for case in cases]
    return np.array([int(paid[at]) if cents is None else cents for at, cents in enumerate(known)], np.int64)
