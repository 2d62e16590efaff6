"""What bounds a payment's part: the budget of its day, the rows that are kept, folded and dropped, and names."""

from typing import Any

import msgspec
import pytest

from detectors import payment_score, payment_step, transaction
from detectors.books import payments
from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.features import Feature
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scored
from detectors.typologies import wanted
from detectors.values.legal_calendar import to_us, year_bounds
from tests.support.ledger import START, Ledger, configuration, later, payment
from tests.support.transaction_steps import at_us_of, rated, record, step_of
from tests.support.wanted import needs_of

PARTY = "k1.0a3.remitter"
DAY_US = 86_400_000_000
# T01: pieces are between 0.8 and 1 of the document line of 5 000 USD
BAND = (4000_00, 5000_00)
SCORED = Scored(score=0.5, rank=0.01, members={}, contributions=(), warm=True)


# The budget


def with_a_past(scored: Scored | None) -> Any:
    """A score with a feature of five own observations, so that there is enough to compare with."""
    return payment_score.PaymentScore(scored, (Feature("amount_own", 1.0, "USD", 1.0, 1.0, 5, None),), "person.out")


class Offered:
    """A budget that takes ranks below a half, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def to_state(self) -> str:
        """As it stands."""
        return f"after {len(self.asked)}"

    def offer(self, *told: Any, others: Any, again: Any) -> str | None:
        """Take a rank, or not."""
        self.asked.append((*told, others, again))
        return "chosen" if told[0] < 0.5 else None


@pytest.mark.parametrize("again", [False, True])
def test_the_budget_is_asked_by_the_partitions_day(monkeypatch: pytest.MonkeyPatch, again: bool) -> None:
    """A payment dated tomorrow must not close today's: 20:00 UTC is already the next day in Seoul."""
    budget, earlier, ledger = Offered(), Offered(), rated()  # the ledger first: it tries its configuration
    restored: list[Any] = []
    monkeypatch.setattr(Budget, "from_state", staticmethod(lambda state: restored.append(state) or earlier))
    ledger.state.give_share("BANKA", to_us(START))
    ledger.state.budget = budget
    step, _ = step_of(ledger, payment("e", later(hours=19)))
    step = step._replace(at_us=step.at_us + 5 * DAY_US)
    scored = SCORED
    selection, offered = transaction._offer(step, with_a_past(scored), again=again)
    told = (later(hours=19).timestamp(), "2025-03-04", "BANKA", ledger.state.shares.several, again)
    assert (selection, budget.asked) == ("chosen", [(0.01, *told)])
    assert [offered(rank) for rank in (0.4, 0.6)] == [True, False]
    assert (restored, earlier.asked) == (["after 0"] * 2, [(0.4, *told), (0.6, *told)])


@pytest.mark.parametrize("missing", ["budget", "score", "rank"])
def test_without_a_warm_rank_or_a_budget_nothing_is_offered(missing: str) -> None:
    """A segment that has not learned enough says nothing of a payment."""
    ledger = rated()
    ledger.state.budget = None if missing == "budget" else Offered()
    step, _ = step_of(ledger, payment("e", later(hours=1)))
    scored = None if missing == "score" else SCORED
    if missing == "rank":
        scored = msgspec.structs.replace(SCORED, rank=None)
    selection, offered = transaction._offer(step, with_a_past(scored), again=False)
    assert (selection, offered(0.0)) == (None, False)


# Memory


def test_what_is_needed_least_is_told_by_the_partitions_clock() -> None:
    """The band is that of its local day, lateness and zone the configuration's."""
    ledger = rated()
    step, _ = step_of(ledger, payment("e", later(hours=1)))
    needs = transaction._needs(step)
    assert needs == needs_of(step.clock_us, 35 * DAY_US, BAND, step.effective.zone, ledger.state.shares.has)
    assert step.clock_us == at_us_of(payment("e", later(hours=1)))


def test_the_band_is_that_of_the_clocks_day_and_a_pieces_of_its_own() -> None:
    """A new line from 2025-03-04 in Seoul: the clock is there, the payment of the day before is not."""
    limit = {
        "name": "document_line",
        "value": "10000",
        "unit": "USD",
        "effective_from": "2025-03-04",
        "provenance": "D",
    }
    rules = msgspec.to_builtins(configuration().rules)
    rules["T01"]["limits"] = [*rules["T01"]["limits"], limit]
    ledger = Ledger(configuration(rules=rules))
    ledger.rate(START, "1400")
    step, worth = step_of(ledger, payment("e", later(hours=13, minutes=59), "4500"))
    after = step._replace(clock_us=step.clock_us + 60_000_000)
    assert [transaction._needs(one).in_force for one in (step, after)] == [
        needs_of(0, 0, band, step.effective.zone).in_force for band in (BAND, (8000_00, 10_000_00))
    ]
    row = payment_step.row_of(step, worth)
    assert transaction._is_piece(after, row)
    row.time += 60_000_000
    assert not transaction._is_piece(step, row)


def test_a_party_is_folded_when_it_has_too_many_payments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the payment and after it; how many went into totals is the sum."""
    ledger = rated()
    due = iter([True, True, False, True, False, False])
    monkeypatch.setattr(transaction.folded, "is_due", lambda _: next(due))
    calls = record(monkeypatch, transaction.folded, "fold", 7)
    assert [ledger.pay(f"e{n}", later(hours=1)).folded for n in range(3)] == [14, 7, 0]
    assert [len(rows(party)) for party, _ in calls] == [1, 1, 2]
    zone, has_share = ledger.state.effective.zone, ledger.state.shares.has
    assert [needs for _, needs in calls] == [needs_of(to_us(later(hours=1)), 35 * DAY_US, BAND, zone, has_share)] * 3


def test_rows_that_no_window_needs_are_dropped_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock less 35 days of lateness: its local year's beginning, and what the longest windows need."""
    dropped = record(monkeypatch, payments, "prune")
    ledger = rated()
    # 2025-02-04 14:59:59 UTC less 35 days is the last second of 2024 in Seoul
    zone = ledger.state.effective.zone
    for seconds, year in ((-1, 2024), (0, 2025)):
        at = later(days=-27, hours=14, seconds=seconds)
        ledger.state.watermark_us = to_us(at)
        step, _ = step_of(ledger, payment("e", at))
        transaction._prune(step)
        start = year_bounds(year, zone)[0]
        assert dropped.pop() == (step.known, wanted().horizons(to_us(at), 35 * DAY_US, start))


def test_a_party_whose_names_are_too_many_forgets_those_that_no_row_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit none is forgotten, beyond it they are."""
    ledger = rated()
    ledger.pay("a", later(hours=1))
    known = unpack(ledger.state.parties[PARTY])
    monkeypatch.setattr(transaction, "MOST_NAMES", len(known.names))
    forgotten = record(monkeypatch, payments, "forget_names")
    ledger.pay("b", later(hours=2))
    assert forgotten == []
    monkeypatch.setattr(transaction, "MOST_NAMES", len(known.names) - 1)
    ledger.pay("c", later(hours=3))
    [(party,)] = forgotten
    assert len(rows(party)) == 3


def test_a_sender_may_get_a_share_by_the_partitions_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the one code of its bank, and not by the date that it gave its payment."""
    ledger = rated()
    ledger.pay("a", later(hours=5))
    given = record(monkeypatch, ledger.state, "give_share")
    ledger.pay("b", later(hours=2), institution="SHBKKRSEXXX")
    assert given == [("SHBKKRSE", to_us(later(hours=5)))]
