"""What a trainee sees of one party: its profile, payments and declarations in plain words, and whom it deals with.

No score, alert, rank or truth is in it. The same is shown of every party, planted or honest: whom else its
counterparties deal with is told of all of them, because it would give a network away if it were told of some.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from detectors.contracts.configuration import Legend
from detectors.contracts.events import Declaration, Profile, Transaction
from streams.plain_text.printable import make_printable

_SHORT = 6
_MOST_COUNTERPARTIES = 12
_MOST_DECLARATIONS = 20
_DIRECTION = {"out": "sent", "in": "received"}


class BlindTable(msgspec.Struct, frozen=True):
    """A table of texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class BlindPage(msgspec.Struct, frozen=True):
    """One party: facts, one a line, and tables."""

    title: str
    facts: tuple[str, ...]
    tables: tuple[BlindTable, ...]


class ShownPayment(NamedTuple):
    """A payment as the ledger has it; `usd` in cents, None without a rate; `deviation_bp` of its deal rate."""

    event: Transaction
    usd: int | None
    deviation_bp: float | None


class Dealings(NamedTuple):
    """One counterparty's other dealings in the whole result: residents and cents beside this party's."""

    others: int
    usd_others: int


class ShownParty(NamedTuple):
    """Everything known of a party, payments in time order; `omitted` payments lie before and after the ones shown."""

    payments: Sequence[ShownPayment]
    omitted: tuple[int, int]
    declarations: Sequence[Declaration]
    profile: Profile | None
    dealings: dict[str, Dealings]


def shorten(token: str) -> str:
    """The first digits of a token's digest: enough to tell the tokens of one page apart."""
    return token.rpartition(".")[2][:_SHORT]


def dollars(cents: int | None) -> str:
    """Whole dollars with thousands separated."""
    return "no rate" if cents is None else f"{round(cents / 100):,}"


def page(number: int, count: int, party: ShownParty, legend: Legend, zone: ZoneInfo) -> BlindPage:
    """The page of question `number` of `count`."""
    tables = [_payments(party, legend, zone), _counterparties(party)]
    if party.declarations:
        tables.append(_declarations(party.declarations, zone))
    return BlindPage(f"Case {number} of {count}", tuple(_facts(party)), tuple(tables))


def _facts(party: ShownParty) -> Iterable[str]:
    first = party.payments[0].event
    yield f"A {_spelled(first.party_type)}, {shorten(first.party)}."
    profile = party.profile
    if profile is None:
        yield "No profile was reported."
    else:
        told = {
            "registered on": profile.registered_on,
            "size": profile.size,
            "employees": profile.employees,
            "industry": profile.industry_code,
            "region": profile.region,
            "registered as": profile.register and _spelled(profile.register),
            "residency": profile.residency and _spelled(profile.residency),
            "capital KRW": _amount(profile.capital_krw),
            "turnover KRW a year": _amount(profile.turnover_krw),
            "related counterparties": ", ".join(map(shorten, profile.related_counterparties)),
        }
        yield "Profile: " + (", ".join(f"{name} {value}" for name, value in told.items() if value) or "empty") + "."
    before, after = party.omitted
    if before or after:
        yield f"{before:,} earlier and {after:,} later payments are not shown."


def _amount(text: str | None) -> str:
    return "" if text is None else f"{float(text):,.0f}"


def _spelled(name: str) -> str:
    return name.replace("_", " ")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _payments(party: ShownParty, legend: Legend, zone: ZoneInfo) -> BlindTable:
    rows = tuple(
        (
            _local(one.event.event_time, zone),
            _DIRECTION[one.event.direction] + ("" if one.event.status == "settled" else f" ({one.event.status})"),
            f"{float(one.event.amount):,.2f} {one.event.currency}",
            dollars(one.usd),
            f"{shorten(one.event.counterparty)} {one.event.counterparty_country}",
            _purpose(one.event.purpose, legend),
            one.event.evidence,
            f"{one.event.institution}, {_spelled(one.event.channel)}",
            "; ".join(_notes(one)),
        )
        for one in party.payments
    )
    columns = ("time", "direction", "amount", "USD", "counterparty", "purpose", "documents", "through", "notes")
    return BlindTable(f"Payments ({len(rows):,})", columns, rows)


def _purpose(code: str | None, legend: Legend) -> str:
    if code is None:
        return "-"
    return legend.purposes[code].text_en if code in legend.purposes else make_printable(code)


def _notes(payment: ShownPayment) -> Iterable[str]:
    event = payment.event
    if event.deal_rate is not None:
        beside = "" if payment.deviation_bp is None else f" ({payment.deviation_bp:+,.0f} bp from the reference)"
        yield f"rate {event.deal_rate}{beside}"
    if event.contract_counterparty and event.contract_counterparty != event.counterparty:
        yield f"contract with {shorten(event.contract_counterparty)}"
    if event.counterparty_bank_country not in {None, event.counterparty_country}:
        yield f"bank in {event.counterparty_bank_country}"
    if event.ip_country not in {None, "KR"}:
        yield f"ordered from {event.ip_country}"
    told = {
        "report": event.report_no and f"{event.report_no} ({event.report_type or 'type not told'})",
        "declaration": event.declaration_no,
        "terms": event.trade_terms and _spelled(event.trade_terms),
        "goods due": event.goods_due,
        "HS": event.hs_code,
        "from crypto exchanges within 24 h, KRW": _amount(event.exchange_linked_inflow_24h),
        "device": event.device and shorten(event.device),
        "contact": event.contact and shorten(event.contact),
        "residency": event.residency and _spelled(event.residency),
        "designated bank": {None: None, True: "yes", False: "no"}[event.designated_bank],
        "text class": ", ".join(event.remittance_classes),
    }
    yield from (make_printable(f"{name} {value}") for name, value in told.items() if value)


def _counterparties(party: ShownParty) -> BlindTable:
    """Whom the party deals with, the largest first, and who else deals with them."""
    sums: dict[str, list[int]] = {}
    countries: dict[str, str] = {}
    for one in party.payments:
        entry = sums.setdefault(one.event.counterparty, [0, 0, 0])
        entry[0] += 1
        entry[1 if one.event.direction == "out" else 2] += one.usd or 0
        countries[one.event.counterparty] = one.event.counterparty_country
    largest = sorted(sums, key=lambda token: (-sum(sums[token][1:]), token))
    rows = tuple(
        (
            f"{shorten(token)} {countries[token]}",
            f"{sums[token][0]:,}",
            dollars(sums[token][1]),
            dollars(sums[token][2]),
            f"{party.dealings[token].others:,}" if token in party.dealings else "0",
            dollars(party.dealings[token].usd_others) if token in party.dealings else "0",
        )
        for token in largest[:_MOST_COUNTERPARTIES]
    )
    more = f", the {_MOST_COUNTERPARTIES} largest" if len(largest) > _MOST_COUNTERPARTIES else ""
    columns = ("counterparty", "payments", "USD sent", "USD received", "other residents", "their USD")
    return BlindTable(f"Counterparties ({len(largest):,}{more})", columns, rows)


def _declarations(declarations: Sequence[Declaration], zone: ZoneInfo) -> BlindTable:
    rows = tuple(
        (
            _local(one.declared_time, zone),
            one.kind,
            one.declaration_no,
            f"{shorten(one.counterparty)} {one.counterparty_country}",
            one.hs_code,
            f"{float(one.quantity):,.4g} {one.quantity_unit}",
            f"{float(one.value):,.2f} {one.currency}",
            one.origin_country or "-",
            "-" if one.settlement_due is None else one.settlement_due.isoformat(),
        )
        for one in declarations[-_MOST_DECLARATIONS:]
    )
    more = f", the last {_MOST_DECLARATIONS}" if len(declarations) > _MOST_DECLARATIONS else ""
    columns = ("time", "kind", "number", "counterparty", "HS", "quantity", "value", "origin", "settlement due")
    cleaned = tuple(tuple(map(make_printable, row)) for row in rows)
    return BlindTable(f"Customs declarations ({len(declarations):,}{more})", columns, cleaned)


def markdown(shown: BlindPage) -> str:
    """The page as Markdown."""
    lines = [f"## {shown.title}", "", *shown.facts, ""]
    for table in shown.tables:
        lines += [f"### {table.title}", "", _row(table.columns), _row("---" for _ in table.columns)]
        lines += [*(_row(row) for row in table.rows), ""]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
