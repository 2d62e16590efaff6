"""The models alone: which payments are judged, by what, and beside which orders."""

import msgspec
import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.average_precision import OrderedUnits, average_precision
from detectors.testbed.figures.statistical_part import (
    MODELS,
    StatisticalPart,
    models_average_precision,
    models_order,
    statistical_part,
)
from detectors.testbed.ground import Ground
from tests.support.synthetic_result import case, ground, payment

DRAWS = Draws(40, 3)


def stream(ranks: tuple[float, ...] = (0.01, 0.5, 0.02, 0.9, 0.3, 0.6), **unscored: bool) -> Ground:
    """Party a pays three times on day 0 (the first two are a case's), b twice on day 1 (the last is), c once, honest.

    Row 6 is history. A rule fired on row 3, and its score is the highest.
    """
    rows = [
        payment("a0", "a", 0.1),
        payment("a1", "a", 0.2),
        payment("a2", "a", 0.3),
        payment("b0", "b", 1.1, score=1.0, fired=[("T01", 1.0)]),
        payment("b1", "b", 1.2),
        payment("c0", "c", 1.3),
        payment("h0", "h", 0.0, history=True),
    ]
    laid = ground(rows, [case("T01-0001", "a", ["a0", "a1"], (0, 1)), case("T16-0002", "b", ["b1"], (1, 2))])
    members = {"tails": np.array([5.0, 4.0, 1.0, 0.0, np.nan, 2.0, 9.0])}
    told = msgspec.structs.replace(laid.sheet, rank=np.array([*ranks, 0.001]), members=members)
    told.scored[[place for place in range(7) if unscored.get(f"row{place}")]] = False
    return msgspec.structs.replace(laid, sheet=told)


def part(laid: Ground) -> StatisticalPart:
    """Judged beside one baseline that puts the cases first."""
    return statistical_part(laid, {"perfect": np.array([1.0, 1, 0, 0, 1, 0, 0])}, DRAWS)


def by_hand(scores: list[float], cases: list[int]) -> float | None:
    """The average precision of so many units."""
    return average_precision(OrderedUnits(np.array(scores), np.array(cases)), 2, DRAWS).value


def test_what_is_judged() -> None:
    """Six payments outside history, three of them planted, in three party-days of which two are."""
    told = part(stream())
    assert (told.payments, told.illicit_payments, told.party_days, told.illicit_party_days) == (6, 3, 3, 2)
    assert [one.name for one in told.orders] == [MODELS, "member tails", "perfect"]
    assert told.order("perfect").by_payment.average_precision.value == 1.0
    with pytest.raises(KeyError, match="naive"):
        told.order("naive")


def test_the_models_order_is_their_rank_and_knows_nothing_of_rules() -> None:
    """By payment a0 a2 b1 a1 c0 b0: row 3, where a rule fired, is last. By party-day a (0.99), b (0.7), c (0.4)."""
    told = part(stream()).order(MODELS)
    assert told.by_payment.average_precision.value == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)
    assert told.by_payment.average_precision.value == by_hand([0.99, 0.5, 0.98, 0.1, 0.7, 0.4], [0, 0, -1, -1, 1, -1])
    assert told.by_party_day.average_precision.value == 1.0
    assert models_average_precision(stream(), DRAWS).value == told.by_payment.average_precision.value
    assert told.by_payment.models_gain is None


def test_what_has_no_rank_stands_last() -> None:
    """The models say nothing of it; a member that gave no score is last in its own order too."""
    laid = stream((np.nan, 0.5, 0.02, 0.9, 0.3, 0.6))
    assert models_order(laid)[0] == -np.inf
    told = part(laid)
    assert told.order(MODELS).by_payment.average_precision.value == by_hand(
        [0.0, 0.5, 0.98, 0.1, 0.7, 0.4], [0, 0, -1, -1, 1, -1]
    )
    # a0 a1 c0 a2 b0 b1
    assert told.order("member tails").by_payment.average_precision.value == pytest.approx((1 + 1 + 3 / 6) / 3)


def test_the_rarest_ranks_are_told_apart() -> None:
    """1e-300 stands before 1e-20, though 1 less either is 1."""
    order = models_order(stream((1e-20, 1e-300, 0.02, 0.9, 0.3, 0.6)))
    assert order[1] > order[0] > order[2]


def test_what_was_not_scored_is_not_judged() -> None:
    """Without a0: two planted payments are left."""
    told = part(stream(row0=True))
    assert (told.payments, told.illicit_payments) == (5, 2)


def test_each_order_says_how_much_better_the_models_are() -> None:
    """Against the perfect baseline they are worse, by as much as both figures say."""
    told = part(stream()).order("perfect").by_payment
    models = part(stream()).order(MODELS).by_payment.average_precision.value
    assert told.models_less_this.difference == pytest.approx(models - 1.0)
    assert told.models_gain.value == pytest.approx(models - 1.0)


def test_without_a_case_there_is_no_figure() -> None:
    """A stream without crime: every value is None, and nothing is refused."""
    told = statistical_part(ground([payment("a0", "a", 0)]), {}, DRAWS)
    assert (told.payments, told.illicit_payments) == (1, 0)
    assert told.order(MODELS).by_payment.average_precision.value is None
