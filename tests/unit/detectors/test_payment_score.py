"""What the models see of a transaction: its own units, its segment, its week."""

import math
from typing import Any

import msgspec
import pytest

from detectors import payment_score, payment_step
from detectors.books import payments
from detectors.books.party import token_number
from detectors.books.payments import rows
from detectors.features import EventView
from detectors.memory.exchange import Exchange
from tests.support.ledger import Ledger, configuration, later, payment
from tests.support.transaction_steps import step_of
from tests.unit.detectors.test_payment_step import rated

DAY_US = 86_400_000_000


WEEK_US = 7 * DAY_US


class Watched:
    """A ledger whose scored payments are written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or rated()
        self.views: list[EventView] = []
        self.segments: list[str] = []
        observation, count = payment_score.Observation, Exchange.count

        def watched(view: EventView, *rest: Any) -> Any:
            self.views.append(view)
            return observation(view, *rest)

        def counted(exchange: Exchange, partition: int, segment: str, *rest: Any) -> Any:
            self.segments.append(segment)
            return count(exchange, partition, segment, *rest)

        monkeypatch.setattr(payment_score, "Observation", watched)
        monkeypatch.setattr(Exchange, "count", counted)

    def weeks(self) -> list[float | None]:
        """The seven days' sums that were seen."""
        return [view.sum_7d_usd for view in self.views]


def test_the_models_see_the_payment_in_its_own_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, local hours with a fraction, weekdays from Monday, dollars, basis points, and the document line's share.

    2025-03-03 is a Monday; the start is 10:00 in Seoul, so that 2 h 30 min 36 s later it is 12.51 h there. The line is
    that of `[rules.T01]`: 5 000 USD.
    """
    watched = Watched(monkeypatch)
    at = later(hours=2, minutes=30, seconds=36)
    terms = {"settled_currency": "KRW", "deal_rate": "1414", "counterparty_country": "VN"}
    watched.ledger.pay("e", at, "4900", **terms)
    [view] = watched.views
    assert view == EventView(
        event_time_s=at.timestamp(),
        direction="out",
        party_type="person",
        channel="app",
        country="VN",
        currency="USD",
        purpose="40101",
        institution="BANKA",
        counterparty=f"{token_number('k1.111.payee'):016x}",
        amount_usd=4900.0,
        deal_deviation_bp=100.0,
        no_document=True,
        local_hour=view.local_hour,
        local_weekday=0,
        doc_line_ratio=0.98,
        sum_7d_usd=4900.0,
    )
    assert math.isclose(view.local_hour, 12.51)


def test_what_is_not_known_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """None, and never 0: a payment without a rate, without a purpose, with papers."""
    watched = Watched(monkeypatch)
    watched.ledger.pay("e", later(days=1), currency="EUR", purpose=None, evidence="shown", direction="in")
    [view] = watched.views
    told = (view.amount_usd, view.deal_deviation_bp, view.doc_line_ratio, view.sum_7d_usd, view.purpose)
    assert told == (None,) * 5
    assert (view.no_document, view.direction, view.local_weekday) == (False, "in", 1)


def test_without_a_document_line_in_force_there_is_no_share_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules name none: what it is a share of is not known."""
    config = configuration()
    watched = Watched(monkeypatch)
    asked: list[Any] = []
    effective = watched.ledger.state.effective
    assert effective is not None
    monkeypatch.setattr(effective.rulebook, "limit", lambda *told: asked.append(told))
    step, worth = step_of(watched.ledger, payment("e", later(hours=15), "4900"))
    payment_score.score_payment(step, payment_step.row_of(step, worth), worth)
    assert watched.views[-1].doc_line_ratio is None
    # 2025-03-04 in Seoul
    assert asked == [("T01", "document_line", later(hours=15).astimezone(effective.zone).date())]
    assert str(asked[0][2]) == "2025-03-04"
    assert config.rules["T01"].limits


@pytest.mark.parametrize(
    ("kind", "segment"),
    [("person", "person"), ("company", "business"), ("sole_trader", "business"), ("bank", "bank")],
)
def test_peers_are_compared_within_their_segment(monkeypatch: pytest.MonkeyPatch, kind: str, segment: str) -> None:
    """Traders behave as companies do; each direction is a segment of its own."""
    watched = Watched(monkeypatch)
    for direction in ("out", "in"):
        watched.ledger.pay(direction, later(hours=1), party_type=kind, direction=direction)
    assert watched.segments == [f"{segment}.out", f"{segment}.in"]


def test_the_week_of_a_payment_is_seven_days_of_its_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was paid exactly seven days before is out of it, a microsecond later in it; the payment itself is in."""
    watched = Watched(monkeypatch)
    ledger = watched.ledger
    ledger.pay("a", later(hours=1), "100")
    ledger.pay("b", later(hours=1, microseconds=1), "200")
    ledger.pay("c", later(hours=2), "400", direction="in")
    ledger.rate(later(days=7))
    ledger.pay("d", later(days=7, hours=1), "800")
    ledger.pay("e", later(days=7, hours=1), "1600", direction="in")
    assert watched.weeks() == [100.0, 300.0, 400.0, 1000.0, 2000.0]


def test_a_later_payment_is_in_no_earlier_ones_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments come out of order; the week ends with the payment that is looked at."""
    watched = Watched(monkeypatch)
    watched.ledger.pay("a", later(hours=2), "100")
    watched.ledger.pay("b", later(hours=1), "200")
    assert watched.weeks() == [100.0, 200.0]


def test_a_late_payment_is_in_its_own_week_though_it_is_in_no_total(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum is said to hold this payment, whether a row stands for it or not."""
    watched = Watched(monkeypatch)
    ledger = watched.ledger
    ledger.pay("late and first", later(hours=1), "100")
    ledger.rate(later(days=60))
    ledger.pay("newest", later(days=60), "200", party="k1.0a3.other")
    ledger.pay("late", later(hours=2), "400")
    ledger.pay("late and alone", later(hours=3), "800", party="k1.0a3.third")
    assert watched.weeks() == [100.0, 200.0, 500.0, 800.0]


@pytest.mark.parametrize(
    ("told_us", "counted"),
    [(-3 * 3600 * 10**6, True), (1 - WEEK_US, True), (-WEEK_US, False), (0, True), (1, False)],
)
def test_a_payment_told_again_is_in_its_week_once(told_us: int, counted: bool) -> None:
    """As this word says it: 500 and another 600, whether the first word's 400 stand in the seven days or not."""
    ledger = rated()
    ledger.pay("other", later(days=8), "600")
    step, worth = step_of(ledger, payment("e", later(days=8, hours=2), "500"))
    row = payment_step.row_of(step, worth)
    told = msgspec.structs.replace(row, time=step.at_us + told_us, usd=400_00, event=7)
    payments.append(step.known, told)
    in_week = payments.window_sum(
        rows(step.known), outbound=True, first_us=step.at_us - WEEK_US + 1, last_us=step.at_us
    )
    assert in_week == (1000_00 if counted else 600_00)
    assert payment_score.week_sum(step, row, 500_00, told) == 1100_00


def test_what_was_folded_of_the_week_counts_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same direction and the same seven days, to the microsecond."""
    watched = Watched(monkeypatch)
    asked: list[Any] = []

    class Folded:
        def flow(self, *told: Any) -> int:
            asked.append(told)
            return 1000_00

    step, worth = step_of(watched.ledger, payment("e", later(hours=1), "4900"))
    row = payment_step.row_of(step, worth)
    payments.append(step.known, row)
    monkeypatch.setattr(payment_score.folded, "folded_of", lambda party: Folded() if party is step.known else None)
    payment_score.score_payment(step, row, worth)
    assert watched.weeks() == [5900.0]
    assert asked == [(True, step.at_us - WEEK_US + 1, step.at_us)]


def test_the_models_answer_and_the_features_are_kept_for_the_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the segment; the party's own baselines go on from what they were."""
    ledger = rated()
    step, worth = step_of(ledger, payment("e", later(hours=1)))
    assert step.known.baselines == b""
    score = payment_score.score_payment(step, payment_step.row_of(step, worth), worth)
    assert (score.segment, len(score.features) > 0, score.scored is not None) == ("person.out", True, True)
    assert step.known.baselines == b""
    payment_score.learn_payment(step, score, None)
    first = step.known.baselines
    asked: list[Any] = []
    observation = payment_score.Observation
    monkeypatch.setattr(payment_score, "Observation", lambda *told: asked.append(told[1:]) or observation(*told))
    again = payment_score.score_payment(step, payment_step.row_of(step, worth), worth)
    assert asked == [(first, ledger.state.baselines)]
    payment_score.learn_payment(step, again, None)
    assert step.known.baselines != first
