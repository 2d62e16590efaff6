"""Where one planted case is played: its cast, its days, its payments and declarations, and what they add up to.

Whatever is booked here takes the same forms as honest records do: the same id generators, rounding, currencies, banks,
channels and optional fields, in about the same shares. What tells a case from honest traffic is its substance alone.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from streams.contracts.input_record import DECLARATIONS
from streams.generator.calendar import DAY_MS, HOUR_MS, KST_MS
from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.transfer import hash_of
from streams.generator.population import BANKS, GOODS, SMALL_REMITTERS, Counterparty, Resident, counterparty
from streams.generator.scenarios.cast import Cast
from streams.generator.scenarios.terms import PURPOSE_CODES, CustomsEntry, DoesNotFitError, Order
from streams.generator.world import BookedPayment, World

# shares of honest payments, as in habits
WITH_PAYMENT_ID, ORDERED_FIRST, WITH_TEXT, NAMED_DECLARATION, ABROAD_BANK = 0.56, 0.1, 0.3, 0.7, 0.06
TEXTS = {
    "study": "tuition {year} {term}",
    "living": "living expenses",
    "gift": "family support",
    "service": "service fee",
    "salary": "salary",
    "property": "apartment deposit",
    "import": "invoice {serial}",
    "export": "invoice {serial}",
}
# of firms' payments, those on the first business day from a date that may be none
FALLS_DUE = 0.4
# of contracts against usance, those that are due after the span, whose payment no honest stream shows either
NOT_DUE_YET = 0.5
TRADE = {"import", "export"}
# form of trade -> the terms its payments name when the goods have been declared
TERMS_AFTER_GOODS = {
    "sight": "sight",
    "open_account": "open_account",
    "usance": "usance",
    "consignment": "consignment",
    "deposit": "sight",
    "partial": "open_account",
}
BANK_PLACES = ("HK", "SG", "US")
AUTUMN_MONTH = 7
# small remitters take no larger payment (from memory; honest ones stay far below)
SMALL_REMITTER_USD = 5_000
COUNTER_HOURS = range(9, 16)
# of the registered exchangers, those that play a case; look-alikes take about as many, the others are peers of both
MOST_OPERATORS = 0.25
# private persons who send money; travellers and freelancers pay shops and platforms
PERSONS = ("salaried", "parent", "migrant", "small_user")
# (typology, limit, local date) -> its value in force, None before the first
Limits = Callable[[str, str, date], float | None]


class Stage:
    """One case from casting to the truth. `scale` multiplies counts of payments; 1 up to a million records."""

    def __init__(self, world: World, draw: Draw, cast: Cast, limits: Limits, *, first_day: int, scale: float) -> None:
        self.world, self.draw, self.calendar = world, draw, world.calendar
        self.first_day, self.scale = first_day, scale
        self.parties: list[str] = []
        self.events: list[tuple[int, str, str]] = []
        self.covers: list[str] = []
        self.usd = 0.0
        self.outcome: dict[str, Any] = {}
        self._cast, self._limits = cast, limits
        # where a small remitter's customer takes what is too large for it
        self._bank = draw.pick(BANKS)

    # ---- who, when, how much

    def cast(self, number: int, *types: str, roles: Sequence[str] = ()) -> list[Resident]:
        """`number` residents of these party types, of the roles where enough have them; nobody else casts them again.

        Raises `DoesNotFitError` when too few are free.
        """
        return self._cast.take(self.draw, number, types, roles)

    def people(self, number: int, *roles: str) -> list[Resident]:
        """Natural persons who send money, of these roles if there are any free."""
        return self._cast.take(self.draw, number, ("person",), roles or PERSONS)

    def person(self, *roles: str) -> Resident:
        """One of them."""
        return self.people(1, *roles)[0]

    def firm(self, *roles: str) -> Resident:
        """One company or sole trader that trades in goods, of these roles if there are any free."""
        return self._cast.take(self.draw, 1, ("company", "sole_trader"), roles, goods=True)[0]

    def companies(self, number: int, *roles: str) -> list[Resident]:
        """Companies that trade in goods, of these roles if there are any free."""
        return self._cast.take(self.draw, number, ("company",), roles, goods=True)

    def operator(self) -> Resident | None:
        """A registered exchanger, None where too few would stay honest beside it."""
        return self._cast.one_of(self.draw, "money_exchanger", MOST_OPERATORS)

    def window(self, days: int, busy: int = 0) -> int:
        """The first of `days` days inside the span. Raises `DoesNotFitError` when the span is shorter.

        Windows whose first `busy` days (all, when 0) hold business days are likelier, as honest payments are then.
        """
        left = self.calendar.days - self.first_day
        if left < days + 1:
            raise DoesNotFitError(f"needs {days + 1} days, the stream has {left} after its first")
        begins = range(self.first_day, self.calendar.days - days)
        ends = list(accumulate(self.calendar.retail_weight(begin, busy or days) for begin in begins))
        return begins[min(bisect_right(ends, self.draw.uniform(0, ends[-1])), len(ends) - 1)]

    def days_up_to(self, days: int, least: int) -> int:
        """`days`, or as many as the span has, if that is `least` or more. Raises `DoesNotFitError` otherwise."""
        left = self.calendar.days - self.first_day - 1
        if left < least:
            raise DoesNotFitError(f"needs {least + 1} days, the stream has {left + 1} after its first")
        return min(days, left)

    def times(self, begin: int, days: int, number: int, opens: int = 0, closes: int = 24) -> list[int]:
        """`number` moments within the window, in order, on the days and at the hours that honest persons choose."""
        among = tuple(hour for hour in hours.PHONE if opens <= hour < closes)
        return sorted(
            self.calendar.moment_among(self.calendar.retail_day(begin, days, self.draw), self.draw, among)
            for _ in range(number)
        )

    def office_times(self, begin: int, days: int, number: int, among: tuple[int, ...] = hours.FIRM) -> list[int]:
        """`number` moments of a firm's hours on business days of the window (the next one if it has none), in order."""
        calendar, draw = self.calendar, self.draw
        inside = range(begin, min(begin + days, calendar.days))
        open_days = [day for day in inside if calendar.business[day]] or [calendar.open_day_near(begin)]
        moments = []
        for _ in range(number):
            # what falls due on a weekend is paid on Monday, so honest firms pay more then
            due = calendar.open_day_near(draw.pick(inside)) if draw.chance(FALLS_DUE) else open_days[-1] + 1
            moments.append(calendar.moment_among(due if due <= open_days[-1] else draw.pick(open_days), draw, among))
        return sorted(moments)

    def count(self, low: int, high: int) -> int:
        """A number of payments between low and high, times the stream's scale."""
        return round(self.draw.integer(low, high) * self.scale)

    def size(self, low: float, high: float) -> float:
        """A value between low and high with many small and few large ones, never exactly the bound."""
        return self.draw.spread(low, high)

    def limit(self, typology: str, name: str, day: int) -> float:
        """The limit in force on the span's day. Raises `DoesNotFitError` where the law of that day has none."""
        on = self.calendar.start + timedelta(days=day)
        value = self._limits(typology, name, on)
        if value is None:
            raise DoesNotFitError(f"no limit {name} of {typology} in force on {on}")
        return value

    def foreign(self, resident: Resident, *, country: str = "", currency: str = "", serial: str = "") -> Counterparty:
        """A foreign party the resident has not met, in the form of those it knows, on its corridors or as given."""
        if not serial:
            _, _, tail = resident.id.rpartition("-")
            serial = self._cast.fresh(self.draw, tail) + str(self.draw.integer(0, 4))
        partner = counterparty(self.draw, resident.role, serial)
        if country:
            partner.id, partner.account = f"{country}-{serial}", country + partner.account[2:]
            partner.country, partner.currency = country, currency or "USD"
        if not partner.hs_code:
            partner.hs_code, partner.unit, partner.unit_usd = self.draw.pick(GOODS)
        return partner

    def newcomer(self, profile: dict[str, Any], *roles: str) -> Resident:
        """A company that was not there: as one of these roles, but for its names, its profile and whom it pays."""
        like = self._cast.pattern(self.draw, "company", roles)
        firm = self._cast.newcomer(self.draw, like, list(like.counterparties), profile)
        firm.counterparties = [self.foreign(firm)]
        return firm

    def papers(self) -> str:
        """Documents as banks see them with honest payments."""
        return "verified" if self.draw.chance(0.2) else "shown"

    # ---- what

    def pay(self, order: Order) -> str:
        """A payment of the case; returns the event_id it counts from."""
        booked = self._book(order)
        self.events += booked
        self.usd += order.usd
        self._appears(order.resident)
        return booked[0][1]

    def cover(self, order: Order) -> None:
        """An honest payment beside the case; the truth names it, but it is no part of the case."""
        self.covers += [event_id for _, event_id, _ in self._book(order)]

    def declare(self, entry: CustomsEntry, *, cover: bool = False) -> str:
        """A customs declaration of the case (or honest, beside it) on the entry's day; returns its number."""
        calendar, partner, draw = self.calendar, entry.partner, self.draw
        # as honest goods are: in the morning, before the payments of the day
        at_ms = calendar.moment(calendar.number(entry.at_ms), draw, 6, 8)
        number = f"{calendar.start.year % 100:02}{draw.integer(10**9, 10**10 - 1)}"
        hs_code, unit, unit_usd = entry.goods or (partner.hs_code, partner.unit, partner.unit_usd)
        amount = self.world.rates.from_usd(entry.usd, partner.currency, at_ms)
        body: dict[str, Any] = {
            "event_id": self.world.event_id(),
            "declaration_no": number,
            "declared_time": calendar.text(at_ms),
            "kind": entry.kind,
            "party_id": entry.resident.id,
            "counterparty_id": partner.id,
            "counterparty_country": partner.country,
            "hs_code": hs_code,
            "quantity": str(max(1, int(entry.usd / (unit_usd * entry.price * draw.uniform(0.85, 1.15))))),
            "quantity_unit": unit,
            "value": _written(amount, partner.currency),
            "currency": partner.currency,
            "incoterm": draw.pick(("FOB", "CIF", "EXW", "DAP")),
            "origin_country": entry.origin or (partner.country if entry.kind == "import" else "KR"),
        }
        if entry.due_days is not None:
            body["settlement_due"] = calendar.date(at_ms + entry.due_days * DAY_MS).isoformat()
        self.world.put(DECLARATIONS, entry.resident.id, body, at_ms)
        if cover:
            self.covers.append(body["event_id"])
        else:
            self.events.append((at_ms, body["event_id"], body["declared_time"]))
            self._appears(entry.resident)
        return number

    def terms(self, firm: Resident) -> str:
        """Terms of payment after the goods that the firm has in its honest trade, too."""
        usual = [TERMS_AFTER_GOODS[form] for form in firm.forms if form in TERMS_AFTER_GOODS]
        if not usual:
            return "sight"
        chosen = self.draw.pick(usual)
        return self.draw.pick(usual) if chosen == "usance" and self.draw.chance(NOT_DUE_YET) else chosen

    def declared(self, firm: Resident, number: str, partner: Counterparty) -> dict[str, Any]:
        """The fields of a payment that settles a declaration on the firm's terms; not every one names it."""
        terms = self.terms(firm)
        named = {"declaration_no": number} if self.draw.chance(NAMED_DECLARATION) else {}
        return {"hs_code": partner.hs_code, "trade_terms": terms, **named}

    def on_terms(self, firm: Resident, partner: Counterparty) -> dict[str, Any]:
        """The fields of a trade payment on the firm's terms that names no declaration."""
        return {"trade_terms": self.terms(firm), "hs_code": partner.hs_code}

    def advance(self, partner: Counterparty, at_ms: int, days: int = 30) -> dict[str, Any]:
        """The fields of a payment before its goods."""
        due = self.calendar.date(at_ms) + timedelta(days=days)
        return {"trade_terms": "advance", "hs_code": partner.hs_code, "goods_due": due.isoformat()}

    def honest_trade(self, firm: Resident, at_ms: int, usd: float, kind: str = "import") -> None:
        """Cover of two records: goods with a usual partner, declared, and paid in full a few hours later."""
        partner = firm.counterparties[0]
        declared = CustomsEntry(
            firm, partner, at_ms - HOUR_MS, "import" if kind == "import" else "export", usd, due_days=60
        )
        number = self.declare(declared, cover=True)
        fields = self.declared(firm, number, partner)
        direction = "out" if kind == "import" else "in"
        self.cover(Order(firm, partner, at_ms, usd, kind, direction, self.papers(), more=fields))

    def finish(self, *, due: str | None = None, illicit_usd: float | None = None, **more: Any) -> None:
        """Say what the case comes to: value by the typology's measure (default: its payments), when a rule is due."""
        self.events.sort()
        value = self.usd if illicit_usd is None else illicit_usd
        self.outcome = {"due": due, "illicit_usd": f"{value:.2f}", **more}
        if self.covers:
            self.outcome["cover_event_ids"] = self.covers

    # ---- forms

    def _appears(self, resident: Resident) -> None:
        if resident.id not in self.parties:
            self.parties.append(resident.id)

    def _book(self, order: Order) -> list[tuple[int, str, str]]:
        world, draw, resident = self.world, self.draw, order.resident
        currency = order.currency or order.partner.currency
        usual = resident.institutions[0] if draw.chance(0.85) else draw.pick(resident.institutions)
        institution = order.institution or usual
        if institution in SMALL_REMITTERS and order.usd > SMALL_REMITTER_USD:
            institution = self._bank
        channel = order.channel or self._channel(order)
        payment = BookedPayment(
            resident,
            order.partner,
            order.at_ms,
            world.rates.from_usd(order.usd, currency, order.at_ms),
            currency,
            PURPOSE_CODES[order.purpose],
            order.direction,
            order.evidence,
            channel,
            institution,
            order.spread_bp,
            self._more(order, institution, channel),
        )
        if order.evidence == "none" and order.direction == "out":
            world.no_document_usd[resident.id, self.calendar.date(order.at_ms).year] += order.usd
        return self._events(payment)

    def _channel(self, order: Order) -> str:
        if order.resident.party_type != "person":
            return self.draw.pick(("web", "web", "branch"))
        channel = self.draw.pick(("app", "app", "app", "web", "branch"))
        hour = (order.at_ms + KST_MS) // HOUR_MS % 24
        is_open = self.calendar.business[self.calendar.number(order.at_ms)] and hour in COUNTER_HOURS
        return channel if is_open or channel != "branch" else "app"

    def _more(self, order: Order, institution: str, channel: str) -> dict[str, Any] | None:
        more, draw = dict(order.more), self.draw
        if channel == "branch" and self.world.law is not None and not institution.startswith("SR"):
            more["branch"] = branch_of(order.resident, institution)
        if order.purpose in TRADE and self.world.law is not None and draw.chance(ABROAD_BANK):
            more["counterparty_bank_country"] = draw.pick(BANK_PLACES)
        text = TEXTS.get(order.purpose)
        if text is not None and draw.chance(WITH_TEXT):
            day = self.calendar.date(order.at_ms)
            term = "spring" if day.month < AUTUMN_MONTH else "autumn"
            serial = draw.integer(1000, 9999)
            more["remittance_info"] = text.format(year=day.year, term=term, serial=serial)
        return more or None

    def _events(self, payment: BookedPayment) -> list[tuple[int, str, str]]:
        """One settled event, at times an ordered one before it."""
        world, draw, calendar = self.world, self.draw, self.calendar
        payment_id = f"UETR-{world.event_id()}"
        if draw.chance(ORDERED_FIRST):
            later = calendar.business_day(calendar.number(payment.at_ms) + draw.integer(1, 2))
            if later is not None:
                after_ms = calendar.moment(later, draw, 9, 12)
                first = world.book(payment, status="ordered", payment_id=payment_id)
                second = world.book(payment, status="settled", reported_ms=after_ms, payment_id=payment_id)
                return [(payment.at_ms, *first), (after_ms, *second)]
        fields: dict[str, Any] = {"payment_id": payment_id} if draw.chance(WITH_PAYMENT_ID) else {}
        return [(payment.at_ms, *world.book(payment, **fields))]


def _written(amount: float, currency: str) -> str:
    return f"{amount:.0f}" if currency == "JPY" else f"{amount:.2f}"


def branch_of(resident: Resident, institution: str) -> str:
    """The branch of the institution that the resident goes to, as in `habits.transfer`."""
    return f"{institution[:3]}{(hash_of(resident.id) % 90) + 10:03}"
