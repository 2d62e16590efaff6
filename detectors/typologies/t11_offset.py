"""T11: what a firm and a partner owe each other is set off, and only the difference is paid, without a report.

The law (Act 16 no. 1, Reg 5-4) frees offsets of up to a small amount for one side, split ones summed. Above it the
bank takes a report before the offset or within a month after it. The rule reads the trade ledger. A payment completes
it when, within a window, the firm declared imports from and exports to one group of counterparties, all money of the
net's direction comes to the difference of the two within a share of it, what was declared is several times what was
paid, and next to nothing was paid the other way. A payment that names a declaration of the firm's pays for those goods
in gross, whenever they were declared: it is left out whole, and of the goods what it paid. A group is a counterparty
and those who are paid on the same account.

Silent where a payment of the group names the report of an offset, where the payment at hand names any report, for
banks, for parties that are no residents, and where the money is as near to one declared line of its direction. Of the
exemptions (15 in all) no field tells; the finding says so.
Not found: an offset without any payment, or whose declarations come after its payment, because no payment completes
it; one under names that share no account.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from detectors.books.trade_book import TradeBook
from detectors.books.trade_items import EXPORT, MONEY, OFFSET_REPORT, Item
from detectors.books.wanted import Wanted
from detectors.contracts.alert import Measured
from detectors.contracts.events import Declaration, PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits, Rulebook
from detectors.typologies.base import Change, Context, Finding, Past
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.t11_words import NEXT_STEPS, SANCTIONS, WORDS, Netted, law_tests, sentences
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain
from detectors.wording import phrases

ID = "T11"
_NEEDED = (
    "free_line",
    "report_months",
    "round_window",
    "long_window",
    "residual_max",
    "gross_multiple",
    "growth_ratio",
)
# Our judgement: an exact difference of what was declared both ways is hardly chance, fifteen exemptions that no field
# tells are left; each whole `residual_max` of distance from the difference takes two tenths.
MOST_STRENGTH, LOOSE = 0.8, 0.2
_SIDE = MONEY | EXPORT
# without goods of either direction nothing was set off
_GOODS_BOTH_WAYS = frozenset({0, EXPORT})


class Offset:
    """The rule; see the module."""

    id = ID
    name_en = "Offset without report"
    name_ko = "신고 없는 상계"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "free_line": LimitKind("USD", "1", "1000000000", ko="신고를 요하지 않는 금액"),
            "report_months": LimitKind("count", "1", "12", whole=True, ko="사후 보고 기한(개월)"),
            "round_window": LimitKind("days", "1", "60", whole=True, ko="한 차례 상계의 기간"),
            "long_window": LimitKind("days", "1", "90", whole=True, ko="상계를 살펴보는 기간"),
            "residual_max": LimitKind("ratio", "0.001", "0.5", ko="차액과의 허용 차이"),
            "gross_multiple": LimitKind("ratio", "1", "1000", ko="지급액 대비 신고 총액 배수"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # payments and declarations are in the trade ledger; the lines are shown as evidence
    wants = Wanted(declarations=True)
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The partner with whom only a difference was settled. Cost: 1 us without trade; 0.2 ms with it both ways."""
        event = context.transaction
        if not context.trade or event.report_no is not None or event.party_type == "bank":
            return None
        if event.residency == "non_resident":
            return None
        book = context.ledger
        item = book.find(context.payment.event)
        if item is None or not item.is_money:
            return None
        now = msgspec.structs.replace(item, usd=context.payment.usd)
        found = netted([*_others(book, item), now], now.counterparty, now.time, context.rulebook, context.zone)
        if found is None or found.outward == bool(item.flags & EXPORT):
            return None
        return _finding(context, found)

    def learn(self, context: Context) -> None:
        """The trade ledger has everything."""

    def restate(self, past: Past) -> None:
        """The trade ledger is brought up to date by itself."""

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """A report; both sides paid in full."""
        return [
            Change(context.with_report(), "had the offset been reported", "상계를 신고하였다면"),
            Change(
                context.with_payment(usd=context.payment.usd + finding.size),
                f"had {phrases.usd(finding.size)} more been paid, as what was declared asked for",
                f"신고한 물품대금대로 {phrases.usd_ko(finding.size)}를 더 지급하였다면",
            ),
        ]

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What was set off with the group then, as the trade ledger has it now."""
        found = _then(past, series, at_us)
        return 0 if found is None else found.offset

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether it would be found today; also where items were folded since, because then nobody can tell."""
        book = past.ledger
        return any(one.count for one in book.folded) or _then(past, series, at_us) is not None

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction | Declaration]]:
        """Goods declared both ways, and their difference paid."""
        line = day.limit("free_line")
        yield "imports set off", day.declares(0, "netter", line * 12, "import")
        yield "exports set off", day.declares(1, "netter", line * 8, "export")
        yield "an offset", day.paid(2, "netter", line * 4, party_type="company", evidence="shown", purpose="10101")


def _others(book: TradeBook, item: Item) -> list[Item]:
    return [one for one in book.items() if one.event != item.event]


def _then(past: Past, series: str, at_us: int) -> Netted | None:
    return netted(past.ledger.items(), int(series, 16), at_us, past.rulebook, past.zone)


def netted(items: Sequence[Item], counterparty: int, at_us: int, rulebook: Rulebook, zone: ZoneInfo) -> Netted | None:
    """What was set off with a counterparty's group in a window that ends at a time, the shorter window first."""
    day = local_date(at_us, zone)
    limits = rulebook.named(ID, _NEEDED, day)
    if len(limits) < len(_NEEDED) or not _GOODS_BOTH_WAYS.issubset([one.flags & _SIDE for one in items]):
        return None
    group = _group(items, counterparty)
    declared = frozenset((one.flags & EXPORT, one.number) for one in items if not one.is_money and one.number)
    for name in ("round_window", "long_window"):
        days = int(limits[name].number)
        since = at_us - days * DAY_US
        own = [one for one in items if one.counterparty in group and since < one.time <= at_us]
        found = _set_off(own, declared, limits, days, group)
        if found is not None:
            return found
    return None


def _group(items: Sequence[Item], counterparty: int) -> frozenset[int]:
    """The counterparty and those that money goes to, or comes from, on the same account."""
    accounts = {one.account for one in items if one.counterparty == counterparty and one.account}
    return frozenset({counterparty, *(one.counterparty for one in items if one.account in accounts)})


def _set_off(
    own: Sequence[Item],
    declared: frozenset[tuple[int, int]],
    limits: Limits,
    days: int,
    group: frozenset[int],
) -> Netted | None:
    if any(one.flags & OFFSET_REPORT for one in own):
        return None
    goods, money = _less_named(own, declared)
    imports, exports, out, came = goods[0], goods[1], money[0], money[1]
    offset, net = min(imports, exports), abs(imports - exports)
    outward = imports > exports
    paid, back = (out, came) if outward else (came, out)
    if offset <= limits["free_line"].cents or paid <= 0:
        return None
    allowed = net * limits["residual_max"].cents // 100
    if abs(paid - net) > allowed or back > offset * limits["residual_max"].cents // 100:
        return None
    if (imports + exports) * 100 < paid * limits["gross_multiple"].cents:
        return None
    if _pays_a_line(own, limits["residual_max"].cents, outward=outward):
        return None
    offsets = tuple(one.offset for one in sorted(own, key=lambda one: (one.time, one.event)))
    return Netted(imports, exports, paid, back, offset, abs(paid - net), outward, days, offsets, group, limits)


def _less_named(own: Sequence[Item], declared: frozenset[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Sums of goods and of money (imports, exports), less what is paid for a declaration by its number.

    What is too much for the goods is no part of a difference either: T06 and T08 look for that. Failure prevented:
    money for goods of before the window, which named their declaration, came to the difference of later ones.
    """
    named: dict[tuple[int, int], int] = {}
    for one in own:
        if one.is_money and one.number:
            key = (one.flags & EXPORT, one.number)
            named[key] = named.get(key, 0) + one.usd
    lines: dict[tuple[int, int], int] = {}
    sums = ([0, 0], [0, 0])
    for one in own:
        way = bool(one.flags & EXPORT)
        sums[one.is_money][way] += one.usd
        if not one.is_money and one.number:
            key = (one.flags & EXPORT, one.number)
            lines[key] = lines.get(key, 0) + one.usd
    for key, cents in named.items():
        if key in declared:
            sums[0][bool(key[0])] -= min(cents, lines.get(key, 0))
            sums[1][bool(key[0])] -= cents
    return sums


def _pays_a_line(own: Sequence[Item], share: int, *, outward: bool) -> bool:
    """Whether a payment of the net's direction comes to one declared line within a share (hundredths) of it.

    Failure prevented: a trader who pays line after line, and one of them is about the difference by chance.
    """
    way = 0 if outward else EXPORT
    named = {one.number for one in own if one.is_money and one.number}
    lines = [one.usd for one in own if one.flags & _SIDE == way and one.number not in named]
    paid = [one.usd for one in own if one.flags & _SIDE == way | MONEY and not one.number]
    return any(abs(line - cents) * 100 <= cents * share for cents in paid if cents for line in lines)


def _strength(found: Netted) -> float:
    net = max(abs(found.imports - found.exports), 1)
    share = found.residual * 100 / (net * found.limits["residual_max"].cents)
    return round(MOST_STRENGTH - LOOSE * min(share, 1.0), 4)


def _finding(context: Context, found: Netted) -> Finding:
    english, korean = sentences(found)
    shown = ("free_line", "residual_max", "gross_multiple", "growth_ratio")
    return Finding(
        strength=_strength(found),
        limits=tuple(found.limits[name].shown() for name in shown),
        window=f"offsets of {found.days} days",
        measured=(
            Measured(name="declared_imports", value=plain(found.imports), unit="USD"),
            Measured(name="declared_exports", value=plain(found.exports), unit="USD"),
            Measured(name="set_off", value=plain(found.offset), unit="USD"),
            Measured(name="paid_difference", value=plain(found.paid), unit="USD"),
            Measured(name="paid_other_way", value=plain(found.back), unit="USD"),
            Measured(name="distance_from_difference", value=plain(found.residual), unit="USD"),
            Measured(name="partners_of_group", value=len(found.group), unit="count"),
        ),
        offsets=(*(one for one in found.offsets if one != context.payment.offset), context.payment.offset),
        institutions=(context.names[context.payment.institution],),
        series=f"{min(found.group):016x}",
        size=found.offset,
        growth=found.limits["growth_ratio"].cents,
        memory_us=int(found.limits["long_window"].number) * DAY_US,
        at_risk=found.offset,
        value=plain(found.offset),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=law_tests(context),
    )
