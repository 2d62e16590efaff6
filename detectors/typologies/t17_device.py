"""T17 on a device or contact: money comes in under one name and goes out again under another within hours.

Who passes money on for others may let one person receive and another send. Each party alone shows half of it; the
device they share shows both. It fires by T17's own limits (t17_pass_through.py): within the narrowest of its windows
`inflow_min` came in, and between `out_ratio` and `out_ratio_max` of it went out after the first of it, where at least
one resident only received and at least one other only sent. Payments for goods are left out, as there.
Who the payers and payees abroad are is not known here, so that their number is not asked.
Fails where each name has a device of its own, and where the money is held for days.
"""

from types import MappingProxyType

import numpy as np

from detectors.books.payments import OUT, Payment, Rows, rows_where
from detectors.contracts.alert import LawTest, Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKinds
from detectors.typologies.base import Finding, law_test
from detectors.typologies.node_view import NodeFinding, NodeView, by_resident, total
from detectors.typologies.t17_pass_through import DOUBT, ID, MEMORY_US, MOST_STRENGTH, WINDOW_DOUBT
from detectors.typologies.t17_words import NEXT_STEPS, SANCTIONS, WORDS
from detectors.values.legal_calendar import HOUR_US
from detectors.values.money import plain
from detectors.wording import phrases

_WINDOWS = ("hours_short", "hours_day", "hours_long")
_NEEDED = (*_WINDOWS, "inflow_min", "out_ratio", "out_ratio_max", "growth_ratio")
_NO_GOODS = ("import", "export")


class PassThroughOfDevice:
    """The rule; see the module. Its limits are those that T17 declares."""

    id = ID
    name_en = "Rapid pass-through"
    name_ko = "단기 경유 거래"
    kinds: tuple[LegKind, ...] = ("device", "contact")
    limits: LimitKinds = MappingProxyType({})
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:  # noqa: ARG002 - there is one series
        """All payments of the device."""
        return ("pass-through",) if payment.usd > 0 else ()

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The narrowest window whose money went through other names. Cost: 5 us, 0.2 ms for 512 payments."""
        if len(view.residents) < _TWO or len(view.rows) < _TWO:
            return None
        limits = view.limits(ID, _NEEDED, at_us)
        if limits is None:
            return None
        goods = [number for number in np.unique(view.rows["purpose"]).tolist() if _is_goods(view, number)]
        rows = rows_where(view.rows, ~np.isin(view.rows["purpose"], goods))
        for number, name in enumerate(_WINDOWS):
            hours = int(limits[name].number)
            near = view.around(rows, at_us, hours * HOUR_US)
            found = _passed(near, limits)
            if found is not None:
                return _finding(view, series, *found, limits, number)
        return None


# one receives, another sends
_TWO = 2


def _is_goods(view: NodeView, number: int) -> bool:
    known = view.legend.purposes.get(view.names[number])
    return known is not None and known.kind in _NO_GOODS


def _passed(rows: Rows, limits: dict[str, DatedLimit]) -> tuple[Rows, Rows] | None:
    """What came in and what went out after the first of it, where it went through other names."""
    came = rows_where(rows, rows["flags"] & OUT == 0)
    if not len(came) or total(came) < limits["inflow_min"].cents:
        return None
    went = rows_where(rows, (rows["flags"] & OUT != 0) & (rows["time"] >= came["time"].min()))
    got, sent = set(came["beneficiary"].tolist()), set(went["beneficiary"].tolist())
    if not got - sent or not sent - got:
        return None
    least, most = limits["out_ratio"].cents * total(came), limits["out_ratio_max"].cents * total(came)
    return (came, went) if least <= total(went) * 100 <= most else None


def _finding(
    view: NodeView, series: str, came: Rows, went: Rows, limits: dict[str, DatedLimit], window: int
) -> NodeFinding:
    both = np.concatenate((came, went))
    hours = int(limits[_WINDOWS[window]].number)
    english, korean = _sentences(view, came, went, hours)
    size, parts = view.sized(both, total(came))
    finding = Finding(
        strength=round(min(1.0 - DOUBT * WINDOW_DOUBT[window], MOST_STRENGTH), 4),
        limits=tuple(limits[name].shown() for name in (_WINDOWS[window], *_NEEDED[len(_WINDOWS) :])),
        window=f"{hours} hours before the last payment out",
        measured=(
            Measured(name="came_in", value=plain(total(came)), unit="USD"),
            Measured(name="went_out", value=plain(total(went)), unit="USD"),
            Measured(name="out_share", value=round(total(went) / total(came), 4), unit="ratio"),
            Measured(name="payments_in", value=len(came), unit="count"),
            Measured(name="payments_out", value=len(went), unit="count"),
            Measured(name="residents", value=len(by_resident(both)), unit="count"),
        ),
        offsets=tuple(sorted(both["offset"].tolist())),
        institutions=tuple(sorted({view.names[each] for each in set(both["institution"].tolist())})),
        series=series,
        size=size,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=total(went),
        value=plain(total(came)),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        parts=parts,
        tests=_law_tests(view, hours),
    )
    return NodeFinding(finding, tuple(who for who, _ in by_resident(both)))


def _sentences(view: NodeView, came: Rows, went: Rows, hours: int) -> tuple[str, str]:
    thing, thing_ko = view.thing()
    got, sent = len(by_resident(came)), len(by_resident(went))
    percent = 100 * total(went) / total(came)
    english = (
        f"Within {hours} hours {phrases.usd(total(came))} came in to {phrases.counted(got, 'resident', 'residents')} "
        f"who used one {thing}, and {phrases.usd(total(went))} ({percent:.0f} % of it) went out again from "
        f"{phrases.counted(sent, 'resident', 'residents')} who used it, under other names. Payments for goods are not "
        f"counted. Whether the money is one person's, and for whom it went on, requires a check."
    )
    korean = (
        f"{hours}시간 안에 같은 {thing_ko}를 이용한 거주자 {got}명에게 {phrases.usd_ko(total(came))}가 입금되고, 그중 "
        f"{phrases.usd_ko(total(went))}({percent:.0f}%)가 같은 {thing_ko}를 이용한 거주자 {sent}명의 다른 명의로 다시 "
        f"송금되었습니다. 물품대금은 제외하였습니다. 한 사람의 자금인지, 누구를 위한 송금인지 확인이 필요합니다."
    )
    more, more_ko = view.sampled()
    return english + more, korean + more_ko


def _law_tests(view: NodeView, hours: int) -> tuple[LawTest, ...]:
    thing, thing_ko = view.thing()
    return (
        law_test(
            "passed_on",
            f"Most of what came in went out again within {hours} hours; the figures are fxwatch's own",
            f"입금액의 대부분이 {hours}시간 안에 다시 송금됨. 수치는 시스템 기본값임",
            holds=True,
        ),
        law_test(
            "other_names",
            f"It came in under one name and went out under another, through one {thing}",
            f"같은 {thing_ko}를 통하여 한 명의로 입금되고 다른 명의로 송금됨",
            holds=True,
        ),
        law_test(
            "for_others_as_business",
            "It was done for others as a business, which needs a registration (Act art. 8(1), (3)); no field tells it",
            "타인을 위한 영업으로서 등록이 필요한 업무임(외국환거래법 제8조제1항, 제3항). 알 수 있는 항목 없음",
            holds=None,
        ),
    )
