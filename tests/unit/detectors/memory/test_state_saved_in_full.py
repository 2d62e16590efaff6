"""What decides later is in the snapshot: a state saved and loaded at any record goes on as one that was not."""

from datetime import timedelta

import pytest

from detectors import payment_score
from detectors.books.party import unpack
from detectors.contracts.events import Profile
from detectors.core import apply
from detectors.memory.state import IDLE_DAYS, PartitionState
from tests.support.ledger import START, Ledger, digest16, later

PARTY = "k1.0a3.remitter"


def reloaded(state: PartitionState) -> PartitionState:
    """The state as a snapshot gives it back."""
    return PartitionState.thaw(list(state.freeze().sections()))


def profile(name: str, hours: float, size: str) -> Profile:
    """A profile of the party; equal hours are a tie."""
    return Profile(
        event_id=name,
        identity=digest16(name),
        body=digest16(size),
        party=PARTY,
        as_of=later(hours=hours),
        party_type="person",
        size=size,
    )


def assert_goes_on_alike(ledger: Ledger) -> None:
    """Every record applied to the state as it was, and to one saved and loaded before each of them."""
    kept = PartitionState.new(3)
    for event, origin in ledger.log:
        kept = reloaded(kept) if kept.configuration is not None else kept
        apply(kept, event, origin)
    assert kept.freeze().digest() == ledger.state.freeze().digest()


def test_the_sweep_of_idle_parties_comes_at_the_same_record():
    """A party that becomes idle within an hour leaves at the next hour's first payment, also after a load between."""
    ledger = Ledger()
    ledger.pay("old", START + timedelta(minutes=10), "100", party="k1.0a3.idle")
    horizon = START + timedelta(days=IDLE_DAYS + 35)
    ledger.pay("a", horizon - timedelta(minutes=5), "100")
    ledger.pay("b", horizon + timedelta(seconds=1), "100")
    ledger.pay("c", horizon + timedelta(minutes=40), "100")
    assert "k1.0a3.idle" in ledger.state.parties
    assert_goes_on_alike(ledger)
    ledger.pay("d", horizon + timedelta(minutes=61), "100")
    assert "k1.0a3.idle" not in ledger.state.parties


def test_the_newest_of_two_profiles_of_one_time_stands():
    """Of two profiles with one `as_of` the later in the ledger counts, also after a load; an older one never."""
    ledger = Ledger()
    for one in (profile("p1", 5, "small"), profile("p2", 5, "large"), profile("p3", 4, "medium")):
        ledger.put(one, ledger.origin("fx.profiles.v1"))
    assert unpack(ledger.state.parties[PARTY]).facts.size == "large"
    assert_goes_on_alike(ledger)


@pytest.fixture
def weeks(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """The sums of seven days that the models were shown, in order."""
    seen: list[float | None] = []
    observe = payment_score.Observation

    def watched(view, *rest):
        seen.append(view.sum_7d_usd)
        return observe(view, *rest)

    monkeypatch.setattr(payment_score, "Observation", watched)
    return seen


def test_the_sum_of_the_week_holds_this_payment_once(weeks):
    """The models see the party's seven days of one direction with this payment in it."""
    ledger = Ledger()
    ledger.pay("a", later(days=0), "100")
    ledger.pay("b", later(days=3), "200")
    ledger.pay("in", later(days=3), "50", direction="in")
    ledger.pay("c", later(days=6), "400")
    assert weeks == [100.0, 300.0, 50.0, 700.0]


def test_the_sum_of_the_week_holds_a_late_payment_too(weeks):
    """A payment too late for legal windows is still shown with itself in its week."""
    ledger = Ledger()
    ledger.pay("a", later(days=0), "100")
    ledger.pay("new", later(days=50), "1", party="k1.0a3.other")
    assert ledger.pay("late", later(days=1), "1000").late
    assert weeks == [100.0, 1.0, 1100.0]


def test_the_week_is_seven_days_to_the_microsecond(weeks):
    """A payment exactly seven days ago is not of this week; one a microsecond younger is."""
    ledger = Ledger()
    ledger.pay("a", later(days=0), "100")
    ledger.pay("b", later(days=7), "1")
    ledger.pay("c", later(days=0, microseconds=1), "10")
    ledger.pay("d", later(days=7), "2")
    assert weeks == [100.0, 1.0, 110.0, 13.0]
