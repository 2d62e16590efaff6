"""T09: goods declared at a price that no other trader of the same goods has.

A goods group is HS6, partner country and unit of quantity; its node has the lines that all traders declared. A line's
unit value is set against those of the other traders in the same direction within 90 days: at `z_min` robust standard
deviations from their median (1.4826 times the median absolute deviation, at least `deviation_floor` of the median) and
`gap_min` USD from what the quantity would be worth at it, it fires. The deviation of fewer than 20 lines is itself
uncertain, by one part in the root of their number, and is widened by the root of 20 over it. A trader is not its own
peer: who declares every line too high would make the high price usual. Fewer than `peers_min` lines, or less than
`traders_min` other traders, tell nothing.

A line is judged when it comes. What other traders declare later may be what it has to be compared with: so until a
direction has twice `peers_min` lines each line makes the rule look at the others' too, and at every `peers_min`th
after that, at `MOST_TRADERS` of them: those whose lines are furthest from the middle of all.

Too dear an import and too cheap an export take value out, the other two bring it in; too cheap an import also escapes
duty, whose rate no field tells. An indicator: a better grade costs more, and the finding says so.
Fails where all traders of a group declare alike, where units or HS codes are chosen so that nobody else uses them, and
for the terms of delivery, which no unit value allows for.
"""

from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from detectors.books.payments import OUT, Payment, Rows, rows_where
from detectors.contracts.alert import Measured
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Finding
from detectors.typologies.node_view import NodeFinding, NodeView, total
from detectors.typologies.t09_words import NEXT_STEPS, SANCTIONS, WORDS, Dear, law_tests, price_text, sentences
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain
from detectors.wording import phrases

ID = "T09"
_NEEDED = ("z_min", "gap_min", "peers_min", "traders_min", "deviation_floor", "window_quarter", "growth_ratio")
# makes the median absolute deviation of a normal distribution its standard deviation
NORMAL = 1.4826
# Our judgement: a price is a fact, its reason is not. At the least z the doubt is a half; each further four standard
# deviations halve it, and few peers leave a quarter more.
DOUBT, HALVED_BY, FEW_PEERS, FEW_DOUBT = 0.5, 4.0, 30, 1.25
MOST_STRENGTH = 0.9
MEMORY_US = 90 * DAY_US
# Looked at again at one line, 50 to 200 us each. Failure prevented: a group of 500 traders makes a line take 0.1 s.
MOST_TRADERS = 16


class PriceOfGoods:
    """The rule; see the module."""

    id = ID
    name_en = "Price mis-invoicing"
    name_ko = "수출입 가격 조작 의심"
    kinds: tuple[LegKind, ...] = ("goods",)
    limits: LimitKinds = MappingProxyType(
        {
            "z_min": LimitKind("ratio", "1", "1000", ko="강건 표준편차 배수 하한"),
            "gap_min": LimitKind("USD", "1", "1000000000", ko="가격 차액 하한"),
            "peers_min": LimitKind("count", "2", "10000", whole=True, ko="비교 신고 건수 하한"),
            "traders_min": LimitKind("count", "1", "10000", whole=True, ko="비교 업체 수 하한", counter="개"),
            "deviation_floor": LimitKind("ratio", "0.001", "1", ko="편차 하한"),
            "window_quarter": LimitKind("days", "1", "90", whole=True, ko="관찰 기간(분기)"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:
        """The trader's imports or exports of the group; others' too where the line may be what they lacked."""
        direction = "import" if payment.flags & OUT else "export"
        traders = [payment.beneficiary, *_waiting(view, payment)]
        return tuple(f"{trader:016x} {direction}" for trader in traders)

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """The trader's lines that are too dear, or too cheap, whichever comes to more. Cost: 50 us, 0.2 ms for 512."""
        limits = view.limits(ID, _NEEDED, at_us)
        if limits is None or len(view.rows) <= int(limits["peers_min"].number):
            return None
        number, direction = series.split()
        trader = int(number, 16)
        rows = rows_where(view.rows, (view.rows["flags"] & OUT != 0) == (direction == "import"))
        rows = view.window(rows, at_us, int(limits["window_quarter"].number))
        mine = rows["beneficiary"] == trader
        own, peers = rows_where(rows, mine), rows_where(rows, ~mine)
        if len(peers) < limits["peers_min"].number or not len(own):
            return None
        if len(np.unique(peers["beneficiary"])) < limits["traders_min"].number:
            return None
        sides = [_dear(own, peers, limits, above=above) for above in (True, False)]
        found = max((one for one in sides if one is not None), key=lambda one: one.gap, default=None)
        return None if found is None else _finding(view, series, trader, direction, found, limits)


def unit_cents(rows: Rows) -> npt.NDArray[np.float64]:
    """USD cents for one unit of quantity of each line."""
    places = 10.0 ** rows["exponent"].astype(np.float64)
    found: npt.NDArray[np.float64] = rows["usd"] * places / rows["amount"]
    return found


def _waiting(view: NodeView, payment: Payment) -> list[int]:
    """Other traders whose lines are to be looked at again, those furthest from the middle first. Cost: 50 us."""
    limits = view.limits(ID, _NEEDED, payment.time)
    if limits is None:
        return []
    rows = rows_where(view.rows, (view.rows["flags"] & OUT) == (payment.flags & OUT))
    rows = view.window(rows, payment.time, int(limits["window_quarter"].number))
    least, lines = int(limits["peers_min"].number), len(rows)
    if lines <= least or (lines > 2 * least and lines % least):
        return []
    prices = unit_cents(rows)
    middle = float(np.median(prices))
    apart = np.maximum(prices / middle, middle / prices)
    # stable: of equal ones the line that came first
    order = np.argsort(-apart, kind="stable")
    others = dict.fromkeys(rows["beneficiary"][order].tolist())
    others.pop(payment.beneficiary, None)
    return list(others)[:MOST_TRADERS]


def _dear(own: Rows, peers: Rows, limits: dict[str, DatedLimit], *, above: bool) -> Dear | None:
    prices = np.sort(unit_cents(peers))
    middle = float(np.median(prices))
    deviation = NORMAL * float(np.median(np.abs(prices - middle)))
    deviation = max(deviation, float(limits["deviation_floor"].number) * middle)
    deviation *= max(1.0, phrases.WEAK / len(peers)) ** 0.5
    mine = unit_cents(own)
    away = (mine - middle) / deviation * (1.0 if above else -1.0)
    gaps = own["usd"] * (1.0 - middle / mine) if above else own["usd"] * (middle / mine - 1.0)
    hit = (away >= float(limits["z_min"].number)) & (gaps >= float(limits["gap_min"].cents))
    if not hit.any():
        return None
    gap = sum(round(each) for each in gaps[hit].tolist())
    low, high = (float(prices[round(part * (len(prices) - 1))]) for part in (0.25, 0.75))
    worst = int(np.argmax(np.where(hit, away, -np.inf)))
    return Dear(
        rows=rows_where(own, hit),
        above=above,
        gap=gap,
        z=round(float(away[worst]), 2),
        price=float(mine[worst]),
        median=middle,
        low=low,
        high=high,
        peers=len(peers),
        traders=len(np.unique(peers["beneficiary"])),
        lines=len(own),
    )


def _strength(dear: Dear, z_min: float) -> float:
    doubt: float = DOUBT * 0.5 ** ((dear.z - z_min) / HALVED_BY) * (FEW_DOUBT if dear.peers < FEW_PEERS else 1.0)
    return round(float(min(max(1.0 - doubt, 0.0), MOST_STRENGTH)), 4)


def _finding(
    view: NodeView, series: str, trader: int, direction: str, dear: Dear, limits: dict[str, DatedLimit]
) -> NodeFinding:
    english, korean = sentences(view, direction, dear)
    days = int(limits["window_quarter"].number)
    finding = Finding(
        strength=_strength(dear, float(limits["z_min"].number)),
        limits=tuple(limits[name].shown() for name in _NEEDED),
        window=f"{days} days",
        measured=(
            Measured(name="unit_value", value=price_text(dear.price), unit="USD"),
            Measured(name="unit_value_median", value=price_text(dear.median), unit="USD"),
            Measured(name="unit_value_low_quarter", value=price_text(dear.low), unit="USD"),
            Measured(name="unit_value_high_quarter", value=price_text(dear.high), unit="USD"),
            Measured(name="robust_z", value=dear.z, unit="ratio"),
            Measured(name="peer_lines", value=dear.peers, unit="count"),
            Measured(name="peer_traders", value=dear.traders, unit="count"),
            Measured(name="lines_apart", value=len(dear.rows), unit="count"),
            Measured(name="own_lines", value=dear.lines, unit="count"),
            Measured(name="declared_total", value=plain(total(dear.rows)), unit="USD"),
            Measured(name="price_gap", value=plain(dear.gap), unit="USD"),
        ),
        offsets=tuple(sorted(dear.rows["offset"].tolist())),
        institutions=(),
        series=series,
        size=dear.gap,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=dear.gap,
        value=price_text(dear.price),
        unit="USD",
        own_baseline=None,
        own_n=dear.lines,
        peer_baseline=price_text(dear.median),
        text_en=english,
        text_ko=korean,
        tests=law_tests(direction, dear),
    )
    return NodeFinding(finding, (trader,))
