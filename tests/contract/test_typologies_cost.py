"""However many payments a party has made, no typology lets one `apply` cost more than 20 ms of CPU.

Each typology of the registry is measured alone and together with all others, so a new one is measured too.

What is thinned. `apply` takes 0.5 ms for such a payment where no rule is in force and 2 ms where all are, so 100 000
of each shape would take minutes. So the first 100 336 payments come in lots: rows that `folded_payments.fold` folds,
each shown to `learn` of every typology as `apply` does. The last ones go through `apply` itself. A party is dearest
when it is full, and it is folded once in 512 payments: they begin when it is almost full, and the fold is among them.
What was alerted is forgotten before each of them, so that each builds its alert anew; without that one in a hundred
does.
"""

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import pytest

from detectors.books import folded_payments, payments
from detectors.books.party import Alerted, Party, pack, unpack
from detectors.books.payments import OUT, SETTLED
from detectors.memory.effective_configuration import Effective
from detectors.typologies import REGISTRY
from detectors.typologies.base import Context, Deal, Shared
from detectors.typologies.t16_off_market_rate import deviation_of
from detectors.values import money
from detectors.values.legal_calendar import from_us, local, year_bounds
from detectors.values.money import Ratio
from tests.support import busy_party
from tests.support.apply_cost import MOST_BYTES, MOST_SECONDS, NOW, PARTY, Measured, warmed
from tests.support.busy_party import Kind
from tests.support.ledger import Ledger, configuration, payment

pytestmark = pytest.mark.alone

# an odd number of lots leaves 1 536 rows; with 496 more the party is folded at the seventeenth payment from there
UNTIL_FOLDED = 16
COUNT = 195 * busy_party.LOT + busy_party.LOT - UNTIL_FOLDED
MEASURED = 2 * UNTIL_FOLDED
# equal partitions of which the quickest counts; two gave 19.9 ms for 9 on a machine with a load of twelve
TWINS = 4
# of the payments in lots one in so many is a deal: T16 takes 0.1 ms to learn each, and it keeps fifty
DEALS = 4
# Of a typology's own memory of a party: T16's fifty deals off the market and seventy days take 3.3 kB.
MOST_SLOT_BYTES = 16_384


class Shape(NamedTuple):
    """What the payments are like, and the step in seconds from one measured payment to the next.

    `fields` are those of all payments, `amounts` of the first measured payment and the others.
    """

    kind: Kind
    step: int = 60
    deal_rate: str | None = None
    fields: Mapping[str, str] = MappingProxyType({})
    amounts: tuple[str, str] = ("4900", "4900")


SHAPES = {
    "one payee": Shape(Kind()),
    "many payees": Shape(Kind(payees=5_000)),
    "equal times": Shape(Kind(days=0.0), step=0),
    # each was made before the one that came before it, and is still counted
    "late": Shape(Kind(days=-30.0), step=-60),
    "many institutions": Shape(Kind(institutions=4_000)),
    "off the market": Shape(Kind(institutions=8), deal_rate="1700"),
    "third party": Shape(Kind(payees=5_000), fields=MappingProxyType({"contract_counterparty": "k1.111.maker"})),
    # two thousand payers of two days, and nearly all of it goes out again
    "passed through": Shape(Kind(payees=5_000, flags=SETTLED, days=2.0), amounts=("9500000", "100")),
}
# each rule of today fires on one of them, so that what is measured is the dearest that it does
FIRING = {name: {"T01", "T02"} for name in SHAPES} | {
    "off the market": {"T01", "T02", "T16"},
    "third party": {"T01", "T02", "T10"},
    "passed through": {"T02", "T17"},
}


class Full(NamedTuple):
    """A party that has made its first payments: its record, what typologies learned of all parties, what it alerted."""

    record: bytes
    shared: Shared
    alerted: list[Alerted]


def _fields(shape: Shape, number: int) -> dict[str, str]:
    """What a payment of the shape is like beside its time and amount."""
    kind = shape.kind
    payee = 0 if not kind.flags & OUT else number % kind.payees
    fields = {"party": PARTY, "party_type": "person", "counterparty": f"k1.111.payee{payee}"} | dict(shape.fields)
    if kind.institutions > 1:
        fields["institution"] = f"{busy_party.INSTITUTION + 2 + number % (kind.institutions - 2):032d}"
    if shape.deal_rate is not None:
        fields |= {"deal_rate": shape.deal_rate, "settled_currency": "KRW"}
    return fields


def _learner(shape: Shape, shared: Shared) -> Callable[[Party, int], None]:
    """Show each typology the newest rows of a party, one by one, as `apply` does."""
    config = configuration()
    effective, told = Effective(config), payment("learned", NOW, **_fields(shape, 0))
    deal = None
    if shape.deal_rate is not None:
        rate, reference = money.parse(shape.deal_rate), Ratio(1400, 1)
        deal = Deal("USD/KRW", Ratio(rate.mantissa, 10**rate.exponent), reference, deviation_of(rate, reference))

    def learn(party: Party, count: int) -> None:
        table, summed = payments.rows(party), folded_payments.folded_of(party)
        for place in range(len(table) - count, len(table)):
            row = payments.at(party, place)
            wall = local(row.time, effective.zone)
            context = Context(
                transaction=msgspec.structs.replace(told, event_time=from_us(row.time)),
                payment=row,
                rows=table[: place + 1],
                names=party.names,
                day=wall.date(),
                year_us=year_bounds(wall.year, effective.zone),
                zone=effective.zone,
                rulebook=effective.rulebook,
                legend=config.legend,
                slots=party.slots,
                shared=shared,
                deal=None if place % DEALS else deal,
                folded=summed,
            )
            for typology in REGISTRY:
                typology.learn(context)

    return learn


@cache
def full(name: str) -> Full:
    """The party of a shape after the payments that come in lots. Cost: 4 s."""
    ledger, shared = Ledger(), {}
    kind = SHAPES[name].kind
    busy_party.put(ledger, PARTY, "person", kind, COUNT, NOW, _learner(SHAPES[name], shared))
    party = unpack(ledger.state.parties[PARTY])
    # as many series as there may be, none of them the one that is measured
    series = [
        one.series.replace("2025", "1999") if one.typology == "T02" else f"other {one.series}" for one in party.alerted
    ]
    party.alerted = [msgspec.structs.replace(one, series=name) for one, name in zip(party.alerted, series, strict=True)]
    assert len(payments.rows(party)) == folded_payments.MOST_ROWS - UNTIL_FOLDED
    assert all(len(slot) < MOST_SLOT_BYTES for slot in party.slots.values())
    return Full(pack(party), shared, party.alerted)


def _twin(name: str, enabled: str) -> Ledger:
    """A warm partition that knows the party of a shape, with one typology in force, or all."""
    rules = {each.id: {"enabled": enabled in {each.id, "all"}} for each in REGISTRY}
    ledger, found = warmed(configuration(rules=rules)), full(name)
    if SHAPES[name].kind.days < 0:
        ledger.pay("newest", NOW - timedelta(days=SHAPES[name].kind.days), party="k1.0a3.warm")
    ledger.state.parties[PARTY] = found.record
    ledger.state.typologies.update(copy.deepcopy(found.shared))
    ledger.log += ledger.log[:1] * COUNT  # the payments in lots have these places
    return ledger


def _forget_alerted(ledger: Ledger, alerted: list[Alerted]) -> None:
    party = unpack(ledger.state.parties[PARTY])
    party.alerted = list(alerted)
    ledger.state.parties[PARTY] = pack(party)


# a shape that is some rules' own is measured with those, and with all
OWN = ("third party", "passed through")
PAIRS = [
    (name, enabled)
    for enabled in (*(typology.id for typology in REGISTRY), "all")
    for name in SHAPES
    if name not in OWN or enabled == "all" or enabled in FIRING[name]
]


@pytest.mark.parametrize(("name", "enabled"), PAIRS)
def test_no_payment_of_100_000_takes_20_ms(name, enabled):
    """Whatever the payments of a party are like, and whichever rules are in force, under all that it may remember."""
    twins = [_twin(name, enabled) for _ in range(TWINS)]
    measured, shape, fired, folded = Measured(*twins), SHAPES[name], set(), 0
    for number in range(MEASURED):
        for twin in twins:
            _forget_alerted(twin, full(name).alerted)
        at = NOW + timedelta(seconds=shape.step * number)
        amount = shape.amounts[number > 0]
        seen = measured.pay(f"payment {number}", f"e{number}", at, amount, **_fields(shape, number))
        assert seen.outcome == "applied"
        assert not seen.late
        folded += seen.folded
        fired |= {hit.id for alert in seen.alerts for hit in alert.typologies}
    print(f"{name}, {enabled}: {1000 * measured.slowest:.1f} ms ({measured.what}), {sorted(fired)}")
    assert measured.slowest < MOST_SECONDS, measured.what
    assert folded == folded_payments.MOST_ROWS + 1 - folded_payments.KEPT_ROWS
    assert len(twins[0].state.parties[PARTY]) < MOST_BYTES
    if enabled == "all":
        assert fired >= FIRING[name]
