"""Whatever the log: saving and loading anywhere changes nothing, and legal totals equal a plain recount."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from detectors.contracts.events import Origin, Rate, Source
from detectors.core import apply
from detectors.memory.sections import PIECE, digest
from detectors.memory.state import PartitionState
from tests.support.ledger import START, TOPIC, Ledger, configuration, digest16, payment

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONFIGURATION = configuration(
    detectors={
        "warm_up": 5,
        "calibration_window": 20,
        "daily_budget": 5000.0,
        "rank_ceiling": 1.0,
        "most_by_chance": 1e9,
    },
    engine={"fingerprints": 12},
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.integers(0, 30),
            "party": st.sampled_from(["k1.000.a", "k1.001.b"]),
            "counterparty": st.sampled_from(["k1.111.x", "k1.222.y"]),
            "hours": st.integers(0, 24 * 60),
            "amount": st.sampled_from(["4900", "4100.5", "30000", "12.34"]),
            "currency": st.sampled_from(["USD", "EUR", "KRW"]),
            "status": st.sampled_from(["settled", "settled", "ordered", "returned", "cancelled"]),
            "payment_id": st.sampled_from([None, None, "P", "Q"]),
            "deal_rate": st.sampled_from([None, "1400", "1500"]),
            "evidence": st.sampled_from(["none", "none", "shown"]),
            "institution": st.sampled_from(["BANKA", "BANKA", "BANKB", "BANKC"]),
            "history": st.booleans(),
            "rate": st.booleans(),
        }
    ),
    min_size=1,
    max_size=45,
)


def log(steps: list[dict[str, Any]]) -> list[tuple[Any, Origin]]:
    """A ledger of the drawn steps; equal names make duplicates and conflicts."""
    written = list(Ledger(CONFIGURATION).log)
    for number, step in enumerate(steps):
        at = START + timedelta(hours=step["hours"])
        commitment = f"k1:{digest16(str(number)) * 2}"
        origin = Origin(
            offset=len(written),
            source=Source(TOPIC, 0, number),
            commitment=commitment,
            timestamp_ms=0,
            history=step["history"],
        )
        if step["rate"]:
            name = f"rate{step['name']}"
            event: Any = Rate(
                event_id=name,
                identity=digest16(name),
                body=digest16(str(at)),
                base="USD",
                quote="KRW",
                mid="1400.5",
                rate_time=at,
            )
        else:
            names = (
                "party",
                "counterparty",
                "currency",
                "status",
                "payment_id",
                "deal_rate",
                "evidence",
                "institution",
            )
            fields = {name: step[name] for name in names}
            event = payment(f"e{step['name']}", at, step["amount"], settled_currency="KRW", **fields)
        written.append((event, origin))
    return written


@SETTINGS
@given(STEPS, st.lists(st.integers(0, 45), max_size=3))
def test_saving_and_loading_anywhere_changes_neither_digest_nor_outputs(steps, cuts):
    """A run that was saved and loaded at random points gives the alerts and the digest of one that was not."""
    written = log(steps)
    straight, broken = PartitionState.new(3), PartitionState.new(3)
    for number, (event, origin) in enumerate(written):
        if number in cuts:
            broken = PartitionState.thaw(list(broken.freeze().sections()))
        assert msgspec.json.encode(apply(broken, event, origin)) == msgspec.json.encode(apply(straight, event, origin))
    assert broken.freeze().digest() == straight.freeze().digest()


@SETTINGS
@given(STEPS)
def test_a_snapshot_holds_what_was_frozen_not_what_came_after(steps):
    """Sections read while the state goes on are of the moment of the freeze."""
    written = log(steps)
    state = PartitionState.new(3)
    for event, origin in written[: len(written) // 2 + 1]:
        apply(state, event, origin)
    frozen = state.freeze()
    before = frozen.digest()
    for event, origin in written[len(written) // 2 + 1 :]:
        apply(state, event, origin)
    sections = list(frozen.sections())
    assert digest(sections) == before
    assert PartitionState.thaw(sections).freeze().digest() == before
    assert all(len(packed) <= PIECE for _, packed in sections)


@SETTINGS
@given(STEPS)
def test_every_record_ends_as_exactly_one_outcome(steps):
    """Applied, duplicate, conflict and redelivered add up to what was read."""
    state = PartitionState.new(3)
    written = log(steps)
    for event, origin in written:
        apply(state, event, origin)
    counters = state.counters
    assert sum(counters[name] for name in ("applied", "duplicates", "conflicts", "redelivered")) == len(written)


@st.composite
def honest_payment(draw: st.DrawFn, name: str) -> list[tuple[str, str, int, int]]:
    """What an honest sender says of one payment: an order, a settlement, one correction of it, and returns.

    Amounts differ by charges; what comes back comes after what was paid, and is no more than that.
    """
    base, hour = draw(st.integers(1_000, 100_000)), draw(st.integers(0, 500))
    events = []
    said = [(status, draw(st.integers(0, 72))) for status in draw(STATEMENTS)]
    for number, (status, after) in enumerate(said):
        at = hour if number == 0 else hour + 1 + 73 * (number - 1) + after
        events.append((status, name, base + base * draw(st.integers(-12, 12)) // 100, at))
    left = min(cents for _, _, cents, _ in events)
    for _ in range(draw(st.integers(0, 2))):
        back = draw(st.integers(1, left))
        events.append(("returned", name, back, hour + 200 + draw(st.integers(0, 90))))
    return events


STATEMENTS = st.sampled_from(
    [("settled",), ("ordered",), ("ordered", "settled"), ("settled", "settled"), ("ordered", "settled", "settled")]
)
PAYMENTS = (
    st.tuples(honest_payment("P"), honest_payment("Q"), honest_payment("R"))
    .map(lambda lists: [event for events in lists for event in events])
    .flatmap(st.permutations)
)


def recount(events: list[tuple[str, str, int, int]]) -> int:
    """The contract's sentence, counted plainly in cents: latest settlement, else first order, less returns."""
    total = 0
    for name in ("P", "Q", "R"):
        amount, settled_at, back = None, None, 0
        for status, payment_id, cents, hour in events:
            if payment_id != name:
                continue
            if status == "returned":
                back += cents
            elif status == "settled" and (settled_at is None or hour >= settled_at):
                amount, settled_at = cents, hour
            elif status == "ordered" and amount is None:
                amount = cents
        total += max((amount or 0) - back, 0)
    return total


@SETTINGS
@given(PAYMENTS)
def test_legal_totals_equal_a_plain_recount(events):
    """What honest senders say of their payments, in any order, adds up to what the contract says, to the cent."""
    assert counted(events) == recount(events)


def counted(events: list[tuple[str, str, int, int]]) -> int:
    """USD cents of the party after these events (status, payment_id, cents, hour)."""
    ledger = Ledger(CONFIGURATION)
    for number, (status, payment_id, cents, hour) in enumerate(events):
        amount = f"{cents // 100}.{cents % 100:02d}"
        ledger.pay(f"e{number}", START + timedelta(hours=hour), amount, status=status, payment_id=payment_id)
    party = ledger.state.parties.get("k1.0a3.remitter")
    return 0 if party is None else exact_sum(rows(unpack(party))["usd"])


@SETTINGS
@given(
    st.lists(
        st.tuples(st.just("settled"), st.just("0"), st.integers(1, 100_000), st.integers(0, 800)),
        min_size=3,
        max_size=20,
    )
)
def test_payments_that_share_an_id_all_count(events):
    """Three payments or more under one id, whatever their amounts and times: every one of them counts."""
    assert counted(events) == sum(cents for _, _, cents, _ in events)
