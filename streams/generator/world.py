"""The simulated country's books: where records are made and counted, and how much room the stream has left.

Every record takes one place of `room` when it is made, also one that is due days later, so that the stream has exactly
as many records as was asked for. Records wait in the list of their day and leave it in time order.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from streams.contracts.input_record import TRANSACTIONS, InputRecord
from streams.contracts.record_headers import HISTORY_HEADER
from streams.generator.calendar import Calendar
from streams.generator.draw import Draw
from streams.generator.law import Law
from streams.generator.pools import Pools
from streams.generator.population import BANKS, SMALL_REMITTERS, Counterparty, Resident
from streams.generator.rates import Rates
from streams.generator.truth import Truth

# Honest people stay clear of the annual cap (100 000 USD) and of the band under the document line (4 000 to 5 000 USD);
# both margins allow for the rate that a reader uses being another than the sender's.
HONEST_YEAR_USD = 60_000
BAND_USD = (3_850, 5_150)
HONEST_BAND_PIECES = 2

# In the preset `full` these banks say of every payer what came in from crypto-asset exchanges, mostly nothing.
REPORTING_BANKS = frozenset(BANKS[:2])

# Purpose codes of the default legend in detectors/packs/kr.toml; a test compares them.
PURPOSES = {
    "import": "10101",
    "export": "10201",
    "service": "20101",
    "gift": "40101",
    "study": "40201",
    "living": "40301",
    "salary": "30101",
}
# Codes of kinds that one code does not stand for, and what only the preset `full` pays for.
MORE_PURPOSES = {
    "travel": "20301",
    "property": "50101",
    "investment": "50201",
    "loan": "50301",
    "securities": "50401",
    "other": "90101",
}


@dataclass(slots=True)
class BookedPayment:
    """A payment to be booked; amounts are in `currency`, `spread_bp` is what the client pays on top of the mid."""

    resident: Resident
    counterparty: Counterparty
    at_ms: int
    amount: float
    currency: str
    purpose: str
    direction: str = "out"
    evidence: str = "none"
    channel: str = "web"
    institution: str = ""
    spread_bp: float | None = None
    more: dict[str, Any] | None = None


Watcher = Callable[[InputRecord, dict[str, Any]], None]


class World:
    """Calendar, rates, truth and the records made so far but not yet due."""

    def __init__(
        self,
        calendar: Calendar,
        rates: Rates,
        truth: Truth,
        *,
        seed: int,
        room: int,
        history_days: int,
        law: Law | None = None,
    ) -> None:
        self.calendar, self.rates, self.truth, self.room = calendar, rates, truth, room
        self.law = law
        self._seed, self._streams = seed, dict[str, Draw]()
        self.draw = Draw(seed, "habits")
        self.no_document_usd: defaultdict[tuple[str, int], float] = defaultdict(float)
        self.band_pieces: defaultdict[str, int] = defaultdict(int)
        self.watch: Watcher | None = None
        # while it is a list, event_ids of valid records are noted there
        self.recorded: list[str] | None = None
        self._days: defaultdict[int, list[tuple[int, int, InputRecord]]] = defaultdict(list)
        self._made = 0
        self._ids = Draw(seed, "ids").integer(1, 2**39)
        self._history_ms = calendar.start_ms + history_days * 86_400_000 if history_days else 0

    @cached_property
    def pools(self) -> Pools:
        """The foreign counterparties that many residents share."""
        return Pools(self._seed)

    def stream(self, name: str) -> Draw:
        """The draws of one part of the simulated country: what another part draws never shifts them."""
        draw = self._streams.get(name)
        if draw is None:
            draw = self._streams[name] = Draw(self._seed, "stream", name)
        return draw

    def put(self, topic: str, key: str, body: dict[str, Any], at_ms: int) -> InputRecord:
        """Make a valid record that is due at `at_ms`; takes one place."""
        record = InputRecord(topic, key.encode(), orjson.dumps(body), at_ms)
        record = self.put_raw(record)
        if self.recorded is not None:
            self.recorded.append(body["event_id"])
        if self.watch is not None:
            self.watch(record, body)
        return record

    def put_raw(self, record: InputRecord) -> InputRecord:
        """Make a record as it is, marked as history when it is due in the history; takes one place."""
        if record.timestamp_ms < self._history_ms:
            record = record._replace(headers=(*record.headers, HISTORY_HEADER))
        self.room -= 1
        self._made += 1
        self._days[self.calendar.number(record.timestamp_ms)].append((record.timestamp_ms, self._made, record))
        return record

    def take(self, day: int) -> list[InputRecord]:
        """The day's records in time order; they are forgotten here."""
        return [record for _, _, record in sorted(self._days.pop(day, []), key=lambda item: item[:2])]

    def left(self) -> list[int]:
        """Days that still hold records, in order."""
        return sorted(self._days)

    def event_id(self) -> str:
        """A new id that tells nothing of order or origin: a counter scrambled by a bijection of 40 bits."""
        self._ids += 1
        return f"{(self._ids * 0x9E3779B97F + 0x5BD1E995) % 2**40:010x}"

    def honest_evidence(self, resident: Resident, usd: float, at_ms: int, *, inclined: bool) -> str:
        """`none` where an honest payer needs no papers and sums stay clear of the rules, else `shown` or `verified`.

        Counts the payment where it is `none`.
        """
        if self.law is not None:
            return self._evidence_under_law(self.law, resident, usd, at_ms, inclined=inclined)
        year = (resident.id, self.calendar.date(at_ms).year)
        in_band = BAND_USD[0] <= usd <= BAND_USD[1]
        too_much = self.no_document_usd[year] + usd > HONEST_YEAR_USD
        crowded = in_band and (resident.reserved or self.band_pieces[resident.id] >= HONEST_BAND_PIECES)
        if inclined or too_much or crowded:
            return "verified" if self.draw.chance(0.2) else "shown"
        self.no_document_usd[year] += usd
        self.band_pieces[resident.id] += in_band
        return "none"

    def _evidence_under_law(self, law: Law, resident: Resident, usd: float, at_ms: int, *, inclined: bool) -> str:
        """The same under the limits in force on that day: one piece a quarter near the line, so never three in 90 d.

        Where the line applies only after the cap of the year, a person needs no papers above it: the sum stays below.
        """
        day = self.calendar.date(at_ms)
        limits = law.on(day)
        year, quarter = (resident.id, day.year), f"{resident.id}/{day.year}/{(day.month - 1) // 3}"
        in_band = limits.band[0] <= usd <= limits.band[1]
        too_much = self.no_document_usd[year] + usd > limits.honest_year
        crowded = in_band and (resident.reserved or self.band_pieces[quarter] >= 1)
        too_large = usd > limits.band[1] and law.line_applies(resident, day)
        if inclined or too_much or crowded or too_large:
            return "verified" if self.draw.chance(0.2) else "shown"
        self.no_document_usd[year] += usd
        if in_band:
            self.band_pieces[quarter] += 1
        return "none"

    def book(
        self,
        payment: BookedPayment,
        *,
        status: str = "settled",
        reported_ms: int | None = None,
        late_by_ms: int = 0,
        **fields: Any,
    ) -> tuple[str, str]:
        """Write one event of a payment; returns its event_id and event_time. Takes one place."""
        at_ms = payment.at_ms if reported_ms is None else reported_ms
        body = self.transaction(payment, at_ms)
        if status != "settled":
            body["status"] = status
        body.update(fields)
        self.put(TRANSACTIONS, payment.resident.id, body, at_ms + late_by_ms)
        return body["event_id"], body["event_time"]

    def transaction(self, payment: BookedPayment, at_ms: int) -> dict[str, Any]:
        """The contract's body of a payment, booked and priced at `at_ms`."""
        resident, partner, currency = payment.resident, payment.counterparty, payment.currency
        institution = payment.institution or resident.institutions[0]
        amount = f"{payment.amount:.0f}" if currency == "JPY" else f"{payment.amount:.2f}"
        spread = (resident.spread_bp if payment.spread_bp is None else payment.spread_bp) + self.draw.uniform(-3, 3)
        sign = 1 if payment.direction == "out" else -1
        deal = self.rates.text(currency, self.rates.mid(currency, at_ms) * (1 + sign * spread / 10_000))
        body: dict[str, Any] = {
            "event_id": self.event_id(),
            "event_time": self.calendar.text(at_ms),
            "direction": payment.direction,
            "party_id": resident.id,
            "party_type": resident.party_type,
            "party_account": resident.account,
            "counterparty_id": partner.id,
            "counterparty_account": partner.account,
            "counterparty_country": partner.country,
            "institution": institution,
            "channel": "small_remitter" if institution in SMALL_REMITTERS else payment.channel,
            "amount": amount,
            "currency": currency,
            "settled_amount": f"{float(amount) * float(deal):.0f}",
            "settled_currency": "KRW",
            "deal_rate": deal,
            "purpose": payment.purpose,
        }
        if payment.evidence != "none":
            body["evidence"] = payment.evidence
        if body["channel"] in {"app", "web", "small_remitter"}:
            body["device_id"], body["contact_id"], body["ip_country"] = resident.device, resident.contact, "KR"
        if self.law is not None and institution in REPORTING_BANKS and payment.direction == "out":
            body["exchange_linked_inflow_24h"] = "0"
        if payment.more:
            body.update(payment.more)
        return body
