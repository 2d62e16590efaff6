"""T01 under several names: one remittance split over residents who share a device, a contact, a payee or its account.

One remitter who splits is T01 (t01_split_remittance.py). Here each piece has another name on it: at least
`ring_names_min` residents used one device or contact, or `ring_payee_names_min` paid one foreign party or account. All
pieces have one purpose and one payee, no documents, and lie in [`band_low` x line, line]; together they come to
`sum_multiple` x line within 1, 7 or 30 days. The narrowest window that fires is told.

What keeps honest crowds out: at a counter's terminal many people pay many payees, so the ring must be `ring_share` of
all residents who used a device within a month. A popular payee gets payments of all sizes, so `ring_share` of a month's
without documents must be its pieces. Payments of one and the same amount to it may be a set price, and are no ring.
The payee and the share are asked by us, the three tests of one transfer by the supervisor (FSC notice of 2021-11-15).
Whether the remitter is the same is the very question: no field tells it.

Fails where each piece has another payee or purpose, and where names are mixed with as many others at one device. Two
names are never a ring. Who pays is taken for a resident to whom the line applies: a leg does not say who is foreign.
"""

from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, Payment, Rows, rows_where
from detectors.contracts.alert import Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKinds
from detectors.typologies.base import Finding
from detectors.typologies.node_view import NodeFinding, NodeView, by_resident, total
from detectors.typologies.t01_band import BEFORE_CAP, CLOSENESS, ID, split_band
from detectors.typologies.t01_ring_words import NEXT_STEPS, SANCTIONS, ToldRing, law_tests, sentences
from detectors.typologies.t01_words import WORDS
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain

_WINDOWS = ("window_day", "window_week", "window_month")
_NEEDED = (*_WINDOWS, "document_line", "band_low", "sum_multiple", "growth_ratio", "ring_share")
_HELD: tuple[LegKind, ...] = ("device", "contact")
_UNDOCUMENTED = OUT | NO_DOCUMENT
# Our judgement, as of T03's: at the least number of names the doubt is four tenths; each further name takes a seventh.
DOUBT, A_NAME = 0.4, 0.86
MEMORY_US = 90 * DAY_US


class _Ring(NamedTuple):
    """Pieces of one window that satisfy the rule; `users` are a month's residents who used the thing, whatever for."""

    rows: Rows
    residents: list[tuple[int, int]]
    users: int
    window: str


class RingOfRemitters:
    """The rule; see the module. Its limits are among those that T01 declares."""

    id = ID
    name_en = "Split remittance under the document line"
    name_ko = "증빙면제 기준금액 이하 분할송금"
    kinds: tuple[LegKind, ...] = ("counterparty", "account", "device", "contact")
    limits: LimitKinds = MappingProxyType({})
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:
        """A purpose; on a device or contact with the payee, too. None for what is no piece."""
        if payment.flags & _UNDOCUMENTED != _UNDOCUMENTED:
            return ()
        low, line = split_band(view.rulebook, view.day(payment.time))
        if not low <= payment.usd <= line:
            return ()
        purpose = view.names[payment.purpose]
        if view.kind not in _HELD:
            return (f"ring {purpose}",)
        payee = view.payees.get(payment.event)
        return () if payee is None else (f"ring {purpose}>{payee:x}",)

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The narrowest window with enough names. Cost: 5 us; 0.5 ms for a node of 512 payments."""
        held = view.kind in _HELD
        names = "ring_names_min" if held else "ring_payee_names_min"
        limits = view.limits(ID, (*_NEEDED, names), at_us)
        if limits is None or len(view.rows) < limits[names].number:
            return None
        after_cap = view.rulebook.limit(ID, "line_applies_after_cap", view.day(at_us))
        binds = after_cap is None or not after_cap.number
        told_before = view.rulebook.limit(ID, "report_before_cap", view.day(at_us))
        if not binds and (told_before is None or not told_before.number):
            return None
        rows = _of_series(view, series)
        low, line = split_band(view.rulebook, view.day(at_us))
        pieces = rows_where(rows, (rows["usd"] >= low) & (rows["usd"] <= line))
        if len(pieces) < limits[names].number:
            return None
        for window in _WINDOWS:
            ring = _ring(view, pieces, at_us, limits, window, names)
            if ring is not None:
                return _finding(view, series, ring, limits, names, binds=binds)
        return None


def _of_series(view: NodeView, series: str) -> Rows:
    """Payments out without documents of the series' purpose, and payee where it names one."""
    purpose, payee = series.removeprefix("ring "), ""
    if view.kind in _HELD:
        purpose, _, payee = purpose.rpartition(">")
    known = [number for number, name in enumerate(view.names) if name == purpose]
    rows = rows_where(
        view.rows, (view.rows["flags"] & _UNDOCUMENTED == _UNDOCUMENTED) & np.isin(view.rows["purpose"], known)
    )
    if view.kind not in _HELD:
        return rows
    number = int(payee, 16)
    return rows_where(rows, np.array([view.payees.get(event) == number for event in rows["event"].tolist()]))


def _ring(
    view: NodeView, pieces: Rows, at_us: int, limits: dict[str, DatedLimit], window: str, names: str
) -> _Ring | None:
    days = int(limits[window].number)
    near = view.window(pieces, at_us, days)
    if total(near) < limits["document_line"].cents * limits["sum_multiple"].number:
        return None
    residents = by_resident(near)
    if len(residents) < limits[names].number:
        return None
    # a counter's terminal is one, and a payee popular, also in the hours before and after three people's payments
    around = view.window(view.rows, at_us, int(limits["window_month"].number))
    users, share = len(np.unique(around["beneficiary"])), limits["ring_share"].cents
    if view.kind in _HELD:
        held_by_ring = len(residents) * 100 >= users * share
        return _Ring(near, residents, users, window) if held_by_ring else None
    others = int((around["flags"] & _UNDOCUMENTED == _UNDOCUMENTED).sum())
    alike = len(np.unique(near["amount"])) == 1 and len(np.unique(near["currency"])) == 1
    return None if alike or len(near) * 100 < others * share else _Ring(near, residents, users, window)


def _finding(
    view: NodeView, series: str, ring: _Ring, limits: dict[str, DatedLimit], names: str, *, binds: bool
) -> NodeFinding:
    line, days, usd = limits["document_line"], int(limits[ring.window].number), total(ring.rows)
    low, _ = split_band(view.rulebook, view.day(int(ring.rows["time"].max())))
    month = int(limits["window_month"].number)
    told = ToldRing(ring.rows, len(ring.residents), ring.users, days, month, line, low, view.kind in _HELD, binds)
    english, korean = sentences(view, told)
    size, parts = view.sized(ring.rows)
    doubt = DOUBT * A_NAME ** (len(ring.residents) - int(limits[names].number))
    shown = (
        "document_line",
        "band_low",
        "sum_multiple",
        names,
        "ring_share",
        *dict.fromkeys((ring.window, "window_month")),
    )
    flag = view.rulebook.limit(ID, "line_applies_after_cap", view.day(int(ring.rows["time"].max())))
    finding = Finding(
        strength=round(CLOSENESS[ring.window] * (1.0 - doubt) * (1.0 if binds else BEFORE_CAP), 4),
        limits=(*(limits[name].shown() for name in shown), *(() if binds or flag is None else (flag.shown(),))),
        window=f"{days} d",
        measured=(
            Measured(name="residents", value=len(ring.residents), unit="count"),
            Measured(name="pieces", value=len(ring.rows), unit="count"),
            Measured(name="sum", value=plain(usd), unit="USD"),
            Measured(name="sum_over_line", value=round(usd / line.cents, 2), unit="ratio"),
            Measured(name="smallest_piece", value=plain(int(ring.rows["usd"].min())), unit="USD"),
            Measured(name="largest_piece", value=plain(int(ring.rows["usd"].max())), unit="USD"),
            Measured(name="span", value=round(int(np.ptp(ring.rows["time"])) / DAY_US, 3), unit="days"),
            Measured(name="users_of_thing", value=ring.users, unit="count"),
        ),
        offsets=tuple(sorted(ring.rows["offset"].tolist())),
        institutions=tuple(sorted({view.names[each] for each in set(ring.rows["institution"].tolist())})),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=usd,
        value=plain(usd),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        parts=parts,
        tests=law_tests(view, told),
    )
    return NodeFinding(finding, tuple(who for who, _ in ring.residents))
