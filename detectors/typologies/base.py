"""What a typology is, what it sees, and what it finds.

A new typology is one file with a class of the `Typology` protocol, one line in the registry, and its dated limits in
the configuration. It is an exact rule: everything numeric it compares with is a limit, all windows are in event time.
What it needs it declares as data on its own object; the core keeps the union of that and knows no rule by its name.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books import payments
from detectors.books.folded_payments import Folded
from detectors.books.party import MOST_PARTS, Facts
from detectors.books.payments import NO_DOCUMENT, OUT, Payment, Rows
from detectors.books.residency import NOT_TOLD, Residence
from detectors.books.trade_book import TradeBook
from detectors.books.wanted import Wanted
from detectors.contracts.alert import LawTest, LimitShown, Measured, Number, Outcome
from detectors.contracts.configuration import Legend
from detectors.contracts.events import Declaration, PartyType, Profile, Transaction
from detectors.contracts.limits import DatedLimit, LimitKinds, Limits, Rulebook
from detectors.typologies.declared import DueDate, Said, Sanction, TrialDay, Words
from detectors.typologies.due import PartyDates
from detectors.values.money import Ratio
from detectors.wording import phrases

# typology -> key -> numbers, shared by all parties of a partition
Shared = dict[str, dict[str, list[float]]]


class Deal(NamedTuple):
    """A deal rate against the reference: `deviation` in hundredths of a basis point, positive = above it."""

    pair: str
    rate: Ratio
    reference: Ratio
    deviation: int


def no_reference(base: str, quote: str) -> Ratio | None:  # noqa: ARG001 - the form of a look-up
    """No rate for any pair."""
    return None


class Usual(NamedTuple):
    """The party's own past amounts (geometric mean in USD), how many, and how many spreads a payment lies above them.

    `peers` is the same mean over parties of its type in that direction. None is what is not known.
    """

    usd: float | None
    number: int
    spreads: float | None
    peers: float | None


class Context(msgspec.Struct, kw_only=True):
    """What a typology sees: the payment as it counts, the party's payments, limits, its own and shared state.

    `evaluate` changes nothing here; `learn` may replace `slots[id]` (the party's) and change `shared[id]` (the
    partition's). `transaction` has the type that the party is judged as, `readings` are the others (party_type.py).
    `sender` is the institution where it has a share of its own, empty for all others together (shares.py).
    `facts` is the party's newest profile, None where nobody sent one; each of its fields may be missing too. `first_us`
    and `last_us` are the event times of the party's first payment and of its newest record of any kind before this one,
    both the payment's own time where it is the party's first; a profile moves the second one. `reference(base, quote)`
    is the reference rate in force at the event's time, None without one; `recent_reference` the same where it is at
    most an hour old. `usual` is what the models knew of the own amounts before the payment, None for one that they saw
    before, and before there are enough. `residence` is what the party is judged as (residency.py).
    `named` is set by a rule that keeps the payment in its slot, so that a later alert can name it among its evidence
    (`Wanted.proofs` is for all of a kind).
    `dates` are the party's open due dates (due.py), which `learn` may change. `trade` is its packed trade ledger, empty
    for nearly all: a rule about trade leaves there; `ledger` unpacks it.
    """

    transaction: Transaction
    payment: Payment
    rows: Rows
    names: list[str]
    day: date
    year_us: tuple[int, int]
    zone: ZoneInfo
    rulebook: Rulebook
    legend: Legend
    slots: dict[str, bytes]
    shared: Shared
    deal: Deal | None
    folded: Folded | None = None
    readings: tuple[PartyType, ...] = ()
    sender: str = ""
    facts: Facts | None = None
    first_us: int = 0
    last_us: int = 0
    reference: Callable[[str, str], Ratio | None] = no_reference
    recent_reference: Callable[[str, str], Ratio | None] = no_reference
    usual: Usual | None = None
    residence: Residence = NOT_TOLD
    dates: PartyDates = msgspec.field(default_factory=lambda: PartyDates({}))
    named: bool = False
    trade: bytes = b""

    @property
    def ledger(self) -> TradeBook:
        """The party's trade ledger with this payment in it (trade_queries.py asks it). Cost: 2 us."""
        return TradeBook(self.trade)

    @property
    def undocumented(self) -> bool:
        """Whether the payment is one the law adds up: outbound, no document, no report, and its USD amount known."""
        return self.payment.flags & (OUT | NO_DOCUMENT) == OUT | NO_DOCUMENT and self.payment.usd > 0

    def limit(self, typology: str, name: str) -> DatedLimit | None:
        """The limit in force on the payment's legal day, None before the first of its name."""
        return self.rulebook.limit(typology, name, self.day)

    def needed(self, typology: str, names: tuple[str, ...]) -> Limits | None:
        """Those limits in force on the payment's legal day, by name, in this order; None unless all are."""
        found = self.rulebook.named(typology, names, self.day)
        return found if len(found) == len(names) else None

    def law(self, name: str) -> DatedLimit | None:
        """The number of the law (`limits.LAW`) in force on the payment's legal day, None before the first."""
        return self.rulebook.law(name, self.day)

    @property
    def resident_cap(self) -> DatedLimit | None:
        """What a resident of the party's type may pay in a year without documents, on the payment's legal day."""
        return self.law("annual_cap" if self.transaction.party_type == "person" else "firm_cap")

    def undocumented_rows(self, first_us: int, last_us: int) -> Rows:
        """The party's rows the law adds up in [first, last) of event time, by time, then ledger position."""
        rows = self.rows
        wanted = OUT | NO_DOCUMENT
        mask = (
            (rows["flags"] & wanted == wanted)
            & (rows["usd"] > 0)
            & (rows["time"] >= first_us)
            & (rows["time"] < last_us)
        )
        found = payments.rows_where(rows, mask)
        times, offsets = found["time"], found["offset"]
        later = (times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (offsets[1:] > offsets[:-1]))
        # most parties' payments come in order, and to see that costs a tenth of sorting them
        return found if later.all() else found.take(np.lexsort((offsets, times)))

    def annual_total(self) -> int:
        """USD cents without documents in the payment's local calendar year, over all institutions and channels."""
        kept = undocumented_sum(self.rows, *self.year_us)
        return kept if self.folded is None else kept + self.folded.annual_total(self.day.year)

    def with_payment(self, **changes: int) -> "Context":
        """The same, had this payment been another; for counterfactuals."""
        changed = msgspec.structs.replace(self.payment, **changes)
        rows = self.rows.copy()
        rows[rows["offset"] == changed.offset] = np.frombuffer(changed.packed(), payments.ROW)[0]
        return msgspec.structs.replace(self, payment=changed, rows=rows)

    def with_report(self) -> "Context":
        """The same, had the payment named a report; which number it is does not matter to a rule."""
        changed = self.with_payment(flags=self.payment.flags & ~NO_DOCUMENT)
        return msgspec.structs.replace(changed, transaction=msgspec.structs.replace(self.transaction, report_no="1"))

    def without(self, offsets: Sequence[int]) -> "Context":
        """The same, had the payments at these ledger positions not been made."""
        gone = np.isin(self.rows["offset"], np.array(offsets, "<i8"))
        return msgspec.structs.replace(self, rows=payments.rows_where(self.rows, ~gone))

    def read_as(self, party_type: PartyType) -> "Context":
        """The same, were the party of this type and no other."""
        event = msgspec.structs.replace(self.transaction, party_type=party_type)
        return msgspec.structs.replace(self, transaction=event, readings=())

    def may_be(self, party_type: PartyType) -> bool:
        """Whether the party is judged as this type, or another institution says that it is."""
        return self.transaction.party_type == party_type or party_type in self.readings

    def purpose_texts(self) -> tuple[str, str]:
        """The payment's purpose in English and Korean; the code itself where the legend does not know it."""
        code = self.names[self.payment.purpose]
        if not code:
            return "no stated purpose", "사유 미기재"
        known = self.legend.purposes.get(code)
        if known is not None:
            return known.text_en, known.text_ko
        return f"purpose code {phrases.code(code)}", f"사유코드 {phrases.code(code)}"


class Past(NamedTuple):
    """What a typology sees when amounts changed after the fact: the party's payments as they count, and its slots.

    `trade` is the party's packed trade ledger, empty for nearly all; `ledger` unpacks it.
    `reference(pair, time, ledger position)` is the rate that an event there was compared with, as corrected since.
    `legend` tells purposes apart; `facts` is the party's newest profile.
    """

    rows: Rows
    names: list[str]
    zone: ZoneInfo
    rulebook: Rulebook
    slots: dict[str, bytes]
    folded: Folded | None
    reference: Callable[[str, int, int], Ratio | None]
    trade: bytes = b""
    legend: Legend = Legend()
    facts: Facts | None = None

    @property
    def ledger(self) -> TradeBook:
        """The party's trade ledger (trade_queries.py asks it). Cost: 2 us."""
        return TradeBook(self.trade)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a typology found at an event.

    `strength` 0-1 (1 = beyond doubt). `offsets` are the ledger positions of the payments behind it, in order of time.
    `series` names what grows (such as the year), `size` how large it is now (USD cents); the same series alerts again
    only at `growth` hundredths of its last alerted size, or when that lies further than `memory_us` of event time away.
    `at_risk` is in USD cents. `value` to `peer_baseline` are the reason's numbers. `folded` payments are counted in
    `size`, and none of `offsets` names them (folded_payments.py). `reading` is the type under which alone a disputed
    finding holds, `bound` says that it is an upper bound over payments kept in totals (t01_folded.py). `institution` is
    the payment's, `parts` says how much came from each, `without` how large the finding is without one other
    institution each, where the rest satisfies the rule; `alone` how large by the payment's own institution alone, 0
    where that does not satisfy the rule, or where `without` says it. `tests` are the tests of the law and of the
    supervisor, those that are not met and that cannot be told among them (`law_test`). `single` is the largest single
    transaction (USD cents) where a rule rests on more than rows, which are dropped after some weeks.
    """

    strength: float
    limits: tuple[LimitShown, ...]
    measured: tuple[Measured, ...]
    window: str
    offsets: tuple[int, ...]
    institutions: tuple[str, ...]
    series: str
    size: int
    growth: int
    memory_us: int
    at_risk: int
    value: Number
    unit: str
    own_baseline: Number | None
    own_n: int
    peer_baseline: Number | None
    text_en: str
    text_ko: str
    folded: int = 0
    reading: PartyType | None = None
    institution: str = ""
    parts: tuple[tuple[str, int], ...] = ()
    without: tuple[tuple[str, int], ...] = ()
    alone: int = 0
    bound: bool = False
    tests: tuple[LawTest, ...] = ()
    single: int = 0


class Change(NamedTuple):
    """Another input that would not have fired, and how to say so. The core evaluates it; it is not taken on trust."""

    context: Context
    text_en: str
    text_ko: str


class Typology(Protocol):
    """One typology of TYPOLOGIES.md. `declared.faults` says what is wrong with what it declares.

    `told_apart` are the types of party that it treats in ways of their own. All others are one to it, so that a
    disputed type is looked at once for each way. Failure prevented: 2 000 pieces looked through for each of three types
    alike.
    """

    id: str
    name_en: str
    name_ko: str
    told_apart: tuple[PartyType, ...]
    # what its dated limits may be, by name; what it wants kept of payments; when it wants to be woken; its own words
    limits: LimitKinds
    wants: Wanted
    due_dates: tuple[DueDate, ...]
    words: Words
    # what an investigator does next, in order; the articles whose sanctions may apply, none for what is no breach
    next_steps: tuple[Said, ...]
    sanctions: tuple[Sanction, ...]

    def evaluate(self, context: Context) -> Finding | None:
        """What the payment completes, or None. Changes nothing."""
        ...

    def learn(self, context: Context) -> None:
        """Take a payment that newly counts into the slot and the shared state."""
        ...

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """Inputs near this one that might not have fired."""
        ...

    def restate(self, past: Past) -> None:
        """Bring the slot up to date after amounts or rates changed; replaces `past.slots[id]`, or does nothing."""
        ...

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What an alert on a series at a time rests on, in the unit of `Finding.size`.

        Only its difference before and after a change matters: it is what was taken back from the series.
        """
        ...

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction | Declaration | Profile]]:
        """Events that complete it under a day's limits, each with what it tries; a new configuration is tried so."""
        ...


def law_test(name: str, text_en: str, text_ko: str, *, holds: bool | None, missing: str | None = None) -> LawTest:
    """A test of the law with its outcome: `holds` is None where it cannot be told, for lack of the field `missing`.

    Raises `ValueError` for a field that is missing of a test that was told.
    """
    if holds is not None and missing is not None:
        raise ValueError(f"test {name}: got: told {holds}, and {missing} missing; expected: not told without the field")
    outcome: Outcome = "cannot_tell" if holds is None else "met" if holds else "not_met"
    return LawTest(id=name, outcome=outcome, text_en=text_en, text_ko=text_ko, missing=missing)


# Other institutions, those with most money, without which a finding is looked at too. Each costs as much as the first
# look: up to 1 ms where 2 048 payments are kept.
MOST_LEFT_OUT = 2


def largest_others(parts: Sequence[tuple[str, int]], own: str) -> list[str]:
    """The institutions beside the payment's own that most came from, largest first, at most `MOST_LEFT_OUT`."""
    first = heapq.nlargest(MOST_LEFT_OUT + 2, parts, key=itemgetter(1))
    return [name for name, _ in first if name not in {own, ""}][:MOST_LEFT_OUT]


def sums_by_institution(rows: Rows, names: Sequence[str], own: int) -> tuple[tuple[str, int], ...]:
    """USD cents by institution among rows: of the payment's own and the largest others. Cost: 0.2 ms for 2 048 rows."""
    found = {number: cents for number, (cents,) in payments.sums_by(rows["institution"], rows["usd"]).items()}
    largest = heapq.nlargest(MOST_PARTS, found.items(), key=itemgetter(1))
    return tuple((names[number], cents) for number, cents in {own: found.get(own, 0), **dict(largest)}.items())


def undocumented_sum(rows: Rows, first_us: int, last_us: int) -> int:
    """USD cents that the law adds up in [first, last) of event time."""
    wanted = OUT | NO_DOCUMENT
    mask = (rows["flags"] & wanted == wanted) & (rows["time"] >= first_us) & (rows["time"] < last_us)
    return payments.exact_sum(rows["usd"][mask])


def slot(context: Context | Past, typology: str, kind: Any, empty: Any) -> Any:
    """The party's slot of a typology, unpacked as `kind`, or `empty` when there is none."""
    packed = context.slots.get(typology)
    return empty if packed is None else msgspec.msgpack.decode(packed, type=kind)
