"""No record costs `apply` more than 20 ms of CPU, however many payments its party has made; its record is bounded."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from detectors.books import folded_payments
from detectors.books.party import unpack
from detectors.books.payments import NO_DOCUMENT, OUT, ROW, SETTLED, rows
from detectors.contracts.events import Declaration, Disposition, Profile
from detectors.values.legal_calendar import to_us
from streams.contracts.inputs import RELATED_LIMIT
from tests.support import busy_party
from tests.support.apply_cost import MOST_BYTES, MOST_SECONDS, NOW, PARTY, Measured, warmed
from tests.support.busy_party import Kind
from tests.support.ledger import digest16
from tests.support.own_cpu import own_cpu

# the costliest records take 9 to 15 ms on two cores, 18 beside other work; 16 became 22 where tests filled the caches
pytestmark = pytest.mark.alone

# so many that the party stands at its bound, and is folded among the records that are measured
COUNT = 100_352
# Of these about 160 kB for a party that does no more than pay
PAYING_BYTES = 175_000

KINDS = {
    "pieces to one payee": ("company", Kind()),
    "a person's pieces to one payee": ("person", Kind()),
    "pieces to many payees": ("company", Kind(payees=5_000)),
    "pieces by many institutions": ("person", Kind(institutions=4_000)),
    "pieces of one moment": ("person", Kind(days=0.0)),
    "cents": ("person", Kind(cents=1)),
    "large": ("person", Kind(cents=9_000_000)),
    "with documents": ("company", Kind(flags=OUT | SETTLED, days=40)),
    "received": ("company", Kind(flags=SETTLED, days=40)),
    "orders with ids": ("person", Kind(flags=OUT | NO_DOCUMENT, with_ids=True)),
}


# equal partitions of which the quickest counts; on a machine with other work two were not enough (24 ms for 16)
TWINS = 4
# in a full run of the tests all four took 22 ms for 16, and a moment later none did
ATTEMPTS = 4


def of_all_sorts(measured: Measured, party_type: str) -> None:
    """Records of every kind for the busy party: payments, what becomes of them, and all that is not a payment."""
    for number in range(12):
        at = NOW + timedelta(minutes=number)
        kind = {"party_type": party_type}
        measured.pay("piece", f"p{number}", at, **kind)
        measured.pay("new payee", f"n{number}", at, counterparty=f"k1.111.new{number}", **kind)
        measured.pay("same moment", f"m{number}", NOW, **kind)
        measured.pay("late piece", f"l{number}", at - timedelta(days=34), **kind)
        measured.pay("cents", f"t{number}", at, "0.01", **kind)
        measured.pay("large", f"g{number}", at, "1000000000000000", institution=f"NEW{number}", **kind)
        measured.pay("received", f"i{number}", at, direction="in", **kind)
        measured.pay("order", f"o{number}", at, status="ordered", payment_id=f"Q{number}", **kind)
        measured.pay("settled", f"s{number}", at + timedelta(seconds=1), "4950", payment_id=f"Q{number}", **kind)
        measured.pay("settled as folded", f"f{number}", at, payment_id=f"P{number}", **kind)
        measured.pay("return", f"r{number}", at, "10", status="returned", original_event_id=f"p{number}", **kind)
        measured.pay("return of folded", f"u{number}", at, status="returned", original_event_id=f"busy{number}", **kind)
        measured.pay("cancellation", f"c{number}", at, status="cancelled", original_event_id=f"n{number}", **kind)
        measured.pay("deal", f"d{number}", at, "30000", deal_rate="1700", settled_currency="KRW", **kind)
    others(measured, party_type)


def others(measured: Measured, party_type: str) -> None:
    """A profile with all the related counterparties there may be, declarations and verdicts."""
    for number in range(5):
        given = {"party": PARTY, "identity": digest16(f"x{number}"), "body": digest16("b"), "event_id": f"x{number}"}
        related = tuple(f"k1.111.related{each}" for each in range(RELATED_LIMIT))
        measured.put("profile", Profile(**given, party_type=party_type, related_counterparties=related, as_of=NOW))
        given["identity"] = digest16(f"y{number}")
        measured.put(
            "declaration",
            Declaration(
                **given,
                declaration_no="1",
                declared_time=NOW,
                kind="import",
                counterparty="k1.111.payee0",
                counterparty_country="VN",
                hs_code="850440",
                quantity="1",
                quantity_unit="kg",
                value="1",
                currency="USD",
            ),
        )
        given["identity"] = digest16(f"z{number}")
        measured.put(
            "verdict",
            Disposition(
                **given,
                alert_id=f"a{number}",
                verdict="refuted",
                reason_hash="0" * 32,
                investigator="k1.222.officer",
                decided_at=NOW,
            ),
        )


def quietest(measure: Callable[[], Measured]) -> Measured:
    """Measure again while it is over the bound, at most `ATTEMPTS` times: what is slow by itself is so every time."""
    measured = measure()
    for _ in range(ATTEMPTS - 1):
        if measured.slowest < MOST_SECONDS:
            break
        measured = measure()
    return measured


def busy(name: str) -> Measured:
    """Records of all sorts for a party of that kind, and what they cost."""
    party_type, kind = KINDS[name]
    ledger, *twins = (warmed() for _ in range(TWINS))
    busy_party.put(ledger, PARTY, party_type, kind, COUNT, NOW)
    for twin in twins:
        twin.state.parties[PARTY] = ledger.state.parties[PARTY]
    before = folded_payments.folded_of(unpack(ledger.state.parties[PARTY])).count
    assert before + len(rows(unpack(ledger.state.parties[PARTY]))) == COUNT
    measured = Measured(ledger, *twins)
    of_all_sorts(measured, party_type)
    assert measured.count == 12 * 14 + 15
    # at least one of the records found the party full and folded
    assert (
        folded_payments.folded_of(unpack(ledger.state.parties[PARTY])).count
        >= before + folded_payments.MOST_ROWS - folded_payments.KEPT_ROWS
    )
    assert len(ledger.state.parties[PARTY]) < MOST_BYTES
    print(f"{name}: {1000 * measured.slowest:.1f} ms ({measured.what}), {len(ledger.state.parties[PARTY])} bytes")
    return measured


@pytest.mark.parametrize("name", KINDS)
def test_no_record_of_a_party_with_100_000_payments_takes_20_ms(name):
    """Whatever its payments are like and whatever comes next; the record of the party stays under 0.42 MB."""
    measured = quietest(lambda: busy(name))
    assert measured.slowest < MOST_SECONDS, measured.what


@pytest.mark.parametrize("payees", [1, 2_040])
def test_pieces_that_fire_no_rule_under_any_of_four_types(payees):
    """2 040 pieces of a party through 512 institutions that call it four things, none of them folded yet.

    Of as many payees they are no split, and T01 looks for one under each type that it tells apart.
    """
    ledger, *twins = (warmed() for _ in range(TWINS))
    kind = Kind(payees=payees, institutions=512)
    busy_party.put(ledger, PARTY, "company", kind, folded_payments.MOST_ROWS - 8, NOW)
    for twin in twins:
        twin.state.parties[PARTY] = ledger.state.parties[PARTY]
    measured, found = Measured(ledger, *twins), []
    for number in range(16):  # the ninth is folded
        payee = {"counterparty": f"k1.111.new{number}", "institution": f"NEW{number}"} if payees > 1 else {}
        seen = measured.pay("piece", f"p{number}", NOW + timedelta(minutes=number), party_type="company", **payee)
        found.append({name for name, _ in seen.assessed.fired})
    # as a person T02 fires, disputed; T01 where they go to one payee, or folded ones may have
    assert found == [{"T02"} if payees > 1 and number < 9 else {"T01", "T02"} for number in range(16)]
    print(f"{1000 * measured.slowest:.1f} ms ({measured.what})")
    assert measured.slowest < MOST_SECONDS, measured.what


def test_the_payments_of_the_report_one_after_the_other():
    """3 072 payments of 4 900 USD of a company to one payee, 144 a day: one took 45 s, and each worker met it again."""
    ledger = warmed()
    measured = Measured(ledger)
    alerts = []
    for number in range(3_072):
        at = NOW + timedelta(minutes=10 * number)
        alerts += measured.pay(str(number), f"e{number}", at, party_type="company", purpose="30101").alerts
    print(f"{1000 * measured.slowest:.1f} ms, {len(ledger.state.parties[PARTY])} bytes")
    assert measured.slowest < MOST_SECONDS, measured.what
    assert len(ledger.state.parties[PARTY]) < PAYING_BYTES
    pieces = [
        each.value for alert in alerts for hit in alert.typologies for each in hit.measured if each.name == "pieces"
    ]
    assert pieces[0] == 3
    assert max(pieces) > 1_000


def joining(kind: Kind) -> Measured:
    """Records that name two busy parties as one, and what they cost."""
    ledger, *twins = (warmed() for _ in range(TWINS))
    old = "k0.0a3.busy"
    busy_party.put(ledger, PARTY, "person", kind, COUNT, NOW)
    busy_party.put(ledger, old, "person", kind._replace(days=kind.days / 2), COUNT, NOW)
    for twin in twins:
        twin.state.parties.update({name: ledger.state.parties[name] for name in (PARTY, old)})
    measured = Measured(ledger, *twins)
    for number in range(5):
        measured.pay("joined", f"e{number}", NOW + timedelta(minutes=number), previous={PARTY: old})
    assert old not in ledger.state.parties
    record = unpack(ledger.state.parties[PARTY])
    assert folded_payments.folded_of(record).count + len(rows(record)) == 2 * COUNT + 5
    assert len(record.payments) <= folded_payments.MOST_ROWS * ROW.itemsize
    print(f"{1000 * measured.slowest:.1f} ms ({measured.what})")
    return measured


@pytest.mark.parametrize("kind", [Kind(), Kind(payees=5_000)])
def test_two_busy_parties_that_prove_to_be_one_are_joined_within_the_bound(kind):
    """A key rotation: both tokens have 100 000 payments; the record that names both takes no longer than others."""
    measured = quietest(lambda: joining(kind))
    assert measured.slowest < MOST_SECONDS, measured.what


def test_a_corrected_rate_that_touches_two_thousand_payments_of_one_party():
    """The correction, the records after it, and the party's next payment: its payments are worth what it says."""
    ledger = warmed()
    ledger.rate(NOW, "1.00", "EUR", "USD")
    measured = Measured(ledger)
    for number in range(2_000):
        at = NOW + timedelta(seconds=30 * number)
        measured.pay("before", f"e{number}", at, "4500", currency="EUR", party_type="company")
    with own_cpu() as correction:
        ledger.rate(NOW, "1.01", "EUR", "USD")
    for number in range(10):
        measured.pay(
            "after",
            f"a{number}",
            NOW + timedelta(hours=20, seconds=number),
            "4500",
            currency="EUR",
            party_type="company",
        )
    assert set(rows(unpack(ledger.state.parties[PARTY]))["usd"].tolist()) == {454_500}
    print(f"{1000 * measured.slowest:.1f} ms ({measured.what}), {1000 * correction.seconds:.1f} ms")
    assert max(measured.slowest, correction.seconds) < MOST_SECONDS, measured.what


@pytest.mark.parametrize(("payments", "parties"), [(1_000, 1), (2_000, 1), (25, 80)])
def test_a_correction_after_thousands_of_rates_that_came_late(payments, parties):
    """A feed sends 4 000 rates for times before payments that stand in the ledger already, then corrects the first.

    Each payment's own rate lies behind them. Of many parties each has 25 deals off the market, whose reference is
    looked for too.
    """
    ledger = warmed()
    ledger.rate(NOW, "1.10", "EUR", "USD")
    measured, at = Measured(ledger), NOW + timedelta(hours=12)
    deal = {"deal_rate": "2000", "settled_currency": "KRW"} if parties > 1 else {}
    for party in range(parties):
        for number in range(payments):
            measured.pay(
                "before",
                f"e{number}",
                at + timedelta(seconds=number),
                "45000",
                currency="EUR",
                party_type="company",
                party=f"k1.0a3.{party}",
                **deal,
            )
    for number in range(4_000):
        ledger.state.rates.add("EUR", "USD", "1.10", to_us(NOW) + number + 1, len(ledger.log), None)
    measured.slowest = 0.0
    with own_cpu() as correction:
        ledger.rate(NOW, "1.11", "EUR", "USD")
    for number in range(80):
        measured.pay(
            "after",
            f"a{number}",
            at + timedelta(hours=1, seconds=number),
            "10",
            currency="EUR",
            party_type="company",
            party="k1.0a3.0",
        )
    assert not ledger.state.restatement.waiting
    assert ledger.state.counters["restated"] == payments * parties
    print(f"{1000 * measured.slowest:.1f} ms, {1000 * correction.seconds:.1f} ms")
    assert max(measured.slowest, correction.seconds) < MOST_SECONDS


def test_fifty_thousand_rates_of_one_pair_and_more_in_any_order():
    """One rate a minute for five weeks: a newer one, one in their middle, a correction, and a payment between them."""
    ledger, first_us = warmed(), to_us(NOW) - 50_000 * 60_000_000
    for number in range(50_000):
        ledger.state.rates.add("EUR", "USD", "1.10", first_us + number * 60_000_000, 1, None)
    measured = Measured(ledger)
    slowest = 0.0
    for number in range(40):
        with own_cpu() as taken:
            ledger.rate(NOW + timedelta(minutes=number), "1.11", "EUR", "USD")
            ledger.rate(NOW - timedelta(days=17, seconds=30 + number), "1.11", "EUR", "USD")
            ledger.rate(NOW - timedelta(days=10, minutes=number), "1.11", "EUR", "USD")
        slowest = max(slowest, taken.seconds / 3)
        outputs = measured.pay("euro", f"e{number}", NOW - timedelta(days=17, seconds=number), currency="EUR")
        assert not outputs.rate_missing
    print(f"{1000 * measured.slowest:.1f} ms a payment, {1000 * slowest:.1f} ms a rate")
    assert max(measured.slowest, slowest) < MOST_SECONDS
