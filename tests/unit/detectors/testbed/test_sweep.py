"""One row of a history search: what a combination raises beside what was raised, and what truth says of it."""

from typing import Any

import pytest

from detectors.testbed.sweep import ANOMALY, Against, Raised, row
from tests.support.synthetic_result import case, ground, lookalike, payment


def raised(offset: int, score: float = 0.5, **more: Any) -> Raised:
    """An alert on the payment at this offset of partition 0, unless `more` says another."""
    fields = {
        "partition": 0,
        "event_id": f"e{offset}",
        "party": "p",
        "day": 20_000,
        "typologies": ("T01",),
        "usd": 100.0,
    }
    return Raised(offset=offset, score=score, **{**fields, **more})


def test_alerts_are_told_apart_by_their_place() -> None:
    """Of places 1, 2 and 3 recorded, 2 and 3 are raised again and 1 is gone; 1 of another partition is new."""
    recorded = [raised(1), raised(2), raised(3)]
    told = row({"a": "1"}, [raised(2), raised(3), raised(1, partition=1)], recorded, 2, None)
    assert told.values == {"a": "1"}
    assert (told.alerts, told.alerts_per_day, told.new, told.gone, told.altered) == (3, 1.5, 1, 1, 0)
    assert [one.place for one in told.new_examples] == [(1, 1)]
    assert [one.place for one in told.gone_examples] == [(0, 1)]
    assert told.against is None


def test_alerts_at_the_same_events_for_other_typologies_are_altered() -> None:
    """Which typologies there are counts, and not their order; a new alert is new and not altered."""
    recorded = [raised(1), raised(2, typologies=("T01", "T02")), raised(3, typologies=())]
    now = [raised(1, typologies=("T02",)), raised(2, typologies=("T02", "T01")), raised(3), raised(4)]
    told = row({}, now, recorded, 1, None)
    assert (told.altered, told.new, told.gone) == (2, 1, 0)


def test_alerts_are_counted_by_each_of_their_typologies() -> None:
    """One for two typologies counts for both; without any it is an anomaly; names are in order."""
    told = row({}, [raised(1, typologies=("T16", "T01")), raised(2), raised(3, typologies=()), raised(4)], [], 1, None)
    assert list(told.by_typology.items()) == [("T01", 3), ("T16", 1), (ANOMALY, 1)]
    assert ANOMALY == "anomaly"


def test_the_sum_at_risk_leaves_out_what_has_no_rate() -> None:
    """100 and 20.5 USD; a sum that no rate is known of counts for nothing. Without days there is no rate a day."""
    told = row({}, [raised(1), raised(2, usd=20.5), raised(3, usd=None)], [], 0, None)
    assert told.usd == 120.5
    assert told.alerts_per_day is None


def test_examples_are_the_five_of_the_highest_score() -> None:
    """Seven new ones: the highest first, of equal ones the earlier place; the two lowest are left out."""
    scores = [0.5, 0.9, 0.1, 0.5, 0.7, 0.2, 0.8]
    now = [raised(place, score) for place, score in enumerate(scores)]
    told = row({}, list(reversed(now)), [], 1, None)
    assert [one.offset for one in told.new_examples] == [1, 6, 4, 0, 3]
    gone = row({}, [], now, 1, None)
    assert gone.gone_examples == told.new_examples
    assert (gone.gone, gone.new, gone.new_examples) == (7, 0, ())


def test_what_truth_says_of_the_alerts() -> None:
    """Alerts on the first case's payment, on an honest one, on a look-alike and on history, which may not alert.

    Of three alerts one is on a case's payment; of three cases one is found, worth 250.50 USD; of two look-alikes with
    a payment one is alerted on.
    """
    rows = [
        payment("a0", "a", 0, usd=100),
        payment("a1", "a", 1, usd=150.5),
        payment("b0", "b", 0, usd=70),
        payment("c0", "c", 0),
        payment("r0", "r", 0),
        payment("t0", "t", 0),
        payment("h0", "d", 0, history=True),
        payment("other", "c", 0, partition=1),
    ]
    cases = [
        case("T01-0001", "a", ["a0", "a1"], (0, 1)),
        case("T01-0002", "b", ["b0"], (0, 0)),
        case("T04-0003", "d", ["h0"], (0, 0)),
    ]
    alike = [lookalike("rent", "r", ["r0"]), lookalike("tuition", "t", ["t0"]), lookalike("rent", "gone", ["nowhere"])]
    now = [raised(place) for place in (1, 3, 4, 6)]
    told = row({}, now, [], 1, ground(rows, cases, alike))
    assert told.alerts == 4
    assert told.against == Against(
        precision=pytest.approx(1 / 3),
        recall=pytest.approx(1 / 3),
        recall_by_typology={"T01": 0.5, "T04": 0.0},
        illicit_usd=250.5,
        lookalikes=0.5,
    )


def test_truth_has_nothing_to_say_of_nothing() -> None:
    """Without alerts there is no precision, without cases no recall, without look-alikes no share of them."""
    told = row({}, [], [], 1, ground([payment("a", "a", 0)])).against
    assert told == Against(precision=None, recall=None, recall_by_typology={}, illicit_usd=0.0, lookalikes=None)
