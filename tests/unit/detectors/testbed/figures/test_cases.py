"""Recall, money, delay, precision and look-alikes on streams of a few payments whose answer is worked out by hand."""

import numpy as np
import pytest

from detectors.testbed.draws import Draws
from detectors.testbed.figures.delay import delay, nearest_rank
from detectors.testbed.figures.lookalikes import lookalikes
from detectors.testbed.figures.money import money
from detectors.testbed.figures.precision import precision
from detectors.testbed.figures.recall import NEVER_US, first_alerts, recall
from detectors.testbed.ground import lay_ground
from detectors.testbed.statistics import Interval, wilson
from detectors.testbed.truth import Truth
from tests.support.synthetic_result import case, ground, lookalike, mask, payment, sheet

DRAWS = Draws(300, 1)


def two_cases(**more):
    """Case T01 of a: rows 0 to 2. Case T02 of b: rows 3 and 4. Rows 5 and 6: b on days 33 and 40. Row 7: honest c."""
    rows = [
        payment("a0", "a", 0, usd=100),
        payment("a1", "a", 1, usd=200),
        payment("a2", "a", 2.5, usd=400),
        payment("b0", "b", 1, usd=1000),
        payment("b1", "b", 4, usd=3000),
        payment("x0", "b", 33, usd=9),
        payment("x1", "b", 40, usd=9),
        payment("c0", "c", 1, usd=50),
    ]
    cases = [
        case("T01-0001", "a", ["a0", "a1", "a2"], (0, 2.5)),
        case("T02-0002", "b", ["b0", "b1"], (1, 4), variant="slow", illicit_usd="250.50"),
    ]
    return ground(rows, cases, **more)


def test_an_alert_inside_and_one_outside_a_case():
    """An alert on a's second payment finds a's case; one on b 36 days after its last event finds nothing."""
    found = first_alerts(two_cases(), mask(8, 1, 6)) != NEVER_US
    told = recall(two_cases(), mask(8, 1, 6), found, DRAWS)
    assert found.tolist() == [True, False]
    assert told.overall.value == 0.5
    assert (told.by_typology["T01"].value, told.by_typology["T02"].value) == (1.0, 0.0)
    assert (told.by_variant["template"].value, told.by_variant["slow"].value) == (1.0, 0.0)
    assert sorted(told.by_typology_variant) == ["T01/template", "T02/slow"]


def test_a_case_is_found_on_its_party_for_thirty_days():
    """29 days after the last event an alert on the party still finds the case; on another party it never does."""
    found = first_alerts(two_cases(), mask(8, 5)) != NEVER_US
    assert found.tolist() == [False, True]
    assert recall(two_cases(), mask(8, 5), found, DRAWS).on_events.value == 0.0
    assert (first_alerts(two_cases(), mask(8, 7)) == NEVER_US).all()


def test_the_thirtieth_day_still_counts():
    """An alert exactly 30 days after the last event finds the case; a second later finds nothing."""
    rows = [payment("e", "a", 1), payment("on", "a", 31), payment("late", "a", 31 + 1 / 86_400)]
    told = ground(rows, [case("T01-0001", "a", ["e"], (1, 1))])
    assert (first_alerts(told, mask(3, 1)) != NEVER_US).all()
    assert (first_alerts(told, mask(3, 2)) == NEVER_US).all()


def test_a_party_is_found_from_the_first_event_on_only():
    """An alert on the party the day before the case begins finds nothing; everybody involved counts afterwards."""
    rows = [payment("e0", "a", 1), payment("e1", "a", 2), payment("e2", "helper", 2)]
    told = ground(rows, [case("T03-0001", "a", ["e1"], (2, 2), party_ids=("a", "helper"))])
    assert (first_alerts(told, mask(3, 0)) == NEVER_US).all()
    assert (first_alerts(told, mask(3, 2)) != NEVER_US).all()


def test_what_all_or_none_find_has_wilsons_interval():
    """One case of one found: the bootstrap would say [1, 1]; Wilson says how little one case proves."""
    told = recall(two_cases(), mask(8, 0), np.array([True, False]), DRAWS)
    assert told.by_typology["T01"].interval == wilson(1, 1)
    assert told.by_typology["T02"].interval == wilson(0, 1)


def test_money_found_and_leaked():
    """A is found at its second payment: 100 leaked. b is never found: all its 4 000 leaked. Its value is 250.50."""
    first = first_alerts(two_cases(), mask(8, 1))
    told = money(two_cases(), first != NEVER_US, first, DRAWS)
    assert (told.found.value, told.total) == (700.0, 950.5)
    assert told.found_share.value == pytest.approx(700 / 950.5)
    assert (told.moved_before.value, told.moved) == (4100.0, 4700.0)
    assert told.moved_before_share.value == pytest.approx(4100 / 4700)
    # of a's value of 700 a seventh was gone, and all of b's 250.50, whatever its payments were
    assert told.illicit_leaked.value == 350.5
    assert told.illicit_leaked_share.value == pytest.approx(350.5 / 950.5)
    assert told.found.interval == Interval(0.0, 1400.0)


def test_nothing_leaks_when_the_first_payment_is_alerted():
    """Alerts on both first payments: nothing left before them."""
    first = first_alerts(two_cases(), mask(8, 0, 3))
    told = money(two_cases(), first != NEVER_US, first, DRAWS)
    assert (told.illicit_leaked.value, told.moved_before.value) == (0.0, 0.0)


def test_the_gap_leaks_and_not_the_deals():
    """A case worth 60 in two deals of 1 000 and 2 000, found at the second: a third of 60 leaked, 1 000 moved."""
    rows = [payment("d0", "a", 0, usd=1000), payment("d1", "a", 1, usd=2000), payment("o", "b", 0, usd=None)]
    told = ground(
        rows,
        [
            case("T16-0001", "a", ["d0", "d1"], (0, 1), illicit_usd="60"),
            case("T18-0002", "b", ["o"], (0, 0), illicit_usd="7"),
        ],
    )
    first = first_alerts(told, mask(3, 1, 2))
    assert money(told, first != NEVER_US, first, DRAWS).illicit_leaked.value == 20.0
    # b moved nothing that has a rate: nothing leaked when found, its whole value when not
    missed = first_alerts(told, mask(3, 1))
    figures = money(told, missed != NEVER_US, missed, DRAWS)
    assert (figures.illicit_leaked.value, figures.moved_before.value) == (27.0, 1000.0)


def test_returned_payments_are_no_money():
    """A payment that was sent back did not go; an order that was settled is counted once."""
    rows = [
        payment("o", "a", 0, usd=500, status="ordered"),
        payment("s", "a", 1, usd=500, status="settled"),
        payment("r", "a", 2, usd=70, status="returned"),
    ]
    told = ground(rows, [case("T01-0001", "a", ["o", "s", "r"], (0, 2))])
    assert told.illicit_cents.tolist() == [50_000]


def test_time_to_first_alert():
    """A after 1 day, b after 3: nearest-rank median 1, the latest 3; over all cases the same."""
    told = delay(two_cases(), first_alerts(two_cases(), mask(8, 1, 2, 4)), DRAWS)
    assert (told.median.value, told.median.n) == (1.0, 2)
    assert told.median.interval == Interval(1.0, 3.0)
    assert told.quantiles["0.9"] == 3.0
    assert told.median_of_all == 1.0
    assert told.by_typology["T02"].value == 3.0


def test_never_found_is_later_than_any_delay():
    """With one of three found, the median over all cases cannot be told, that over the found one can."""
    rows = [payment(name, name, 0) for name in "abc"]
    told = ground(rows, [case(f"T01-000{place}", name, [name], (0, 0)) for place, name in enumerate("abc")])
    late = delay(told, first_alerts(told, mask(3, 1)), DRAWS)
    assert (late.median.value, late.median.interval, late.median_of_all) == (0.0, None, None)
    assert delay(told, first_alerts(told, mask(3)), DRAWS).median.value is None


def test_the_medians_interval_is_around_the_median():
    """Of 41 delays from 0 to 40 days the median is 20, and its interval reaches some days to either side only."""
    rows = [payment(f"e{n}", f"p{n}", 0) for n in range(41)] + [payment(f"f{n}", f"p{n}", n) for n in range(41)]
    told = ground(rows, [case(f"T01-{n:04}", f"p{n}", [f"e{n}", f"f{n}"], (0, 41)) for n in range(41)])
    median = delay(told, first_alerts(told, mask(82, *range(41, 82))), DRAWS).median
    assert median.value == 20.0
    assert 10.0 <= median.interval.low < 20.0 < median.interval.high <= 30.0


def test_nearest_rank():
    """Of 1, 2, 3, 4 the median is 2 and the 90 % quantile 4; of nothing there is none."""
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert (nearest_rank(values, 0.5), nearest_rank(values, 0.9), nearest_rank(values, 0.1)) == (2.0, 4.0, 1.0)
    assert nearest_rank(np.array([]), 0.5) is None


def test_precision():
    """Of five alerts two are on cases' events; three find a case, because b's payment on day 33 counts for recall."""
    told = precision(two_cases(), mask(8, 1, 3, 5, 6, 7), DRAWS)
    assert told.alerts == 5
    assert told.share.value == 2 / 5
    assert told.on_parties.value == 3 / 5
    assert told.alerts_per_day == pytest.approx(5 / 6)
    assert precision(two_cases(), mask(8), DRAWS).share.value is None


def test_look_alike_rate():
    """Of rent (one alert), tuition (none) and a firm with all its payments (alerted) two of three are alerted on."""
    rows = [
        payment("r0", "r", 0),
        payment("r1", "r", 1),
        payment("t0", "t", 0),
        payment("f0", "f", 5),
        payment("o0", "r", 9),
    ]
    told = ground(
        rows,
        (),
        [
            lookalike("rent", "r", ["r0", "r1"]),
            lookalike("tuition", "t", ["t0"]),
            lookalike("firm", "f"),
            lookalike("rent", "gone", ["nowhere"]),
        ],
    )
    figures = lookalikes(told, mask(5, 1, 3, 4), DRAWS)
    assert (figures.rate.value, figures.rate.n) == (2 / 3, 3)
    assert figures.by_name["tuition"].value == 0.0
    assert figures.alerts_share == pytest.approx(2 / 3)


def test_a_cases_payment_is_none_of_a_look_alike():
    """Of a party that is look-alike and case at once, an alert on the case's payment is right."""
    rows = [payment("c", "a", 0), payment("x", "a", 1)]
    told = ground(rows, [case("T01-0001", "a", ["c"], (0, 0))], [lookalike("rent", "a")])
    assert lookalikes(told, mask(2, 0), DRAWS).rate.value == 0.0
    assert lookalikes(told, mask(2, 1), DRAWS).rate.value == 1.0


def test_history_finds_nothing():
    """Rows of history never alert, although their payments are part of what leaked."""
    rows = [payment("a0", "a", 0, usd=100, history=True), payment("a1", "a", 1, usd=10)]
    told = ground(rows, [case("T01-0001", "a", ["a0", "a1"], (0, 1))])
    assert (first_alerts(told, mask(2, 0)) == NEVER_US).all()
    first = first_alerts(told, mask(2, 1))
    assert money(told, first != NEVER_US, first, DRAWS).moved_before.value == 100.0


def test_another_streams_truth_is_refused():
    """A truth none of whose events occurs would give a recall of 0 that means nothing."""
    rows = [payment("a0", "a", 0)]
    with pytest.raises(ValueError, match="another stream"):
        ground(rows, [case("T01-0001", "z", ["z0"], (0, 1))])
    with pytest.raises(ValueError, match="another stream"):  # other seeds have the same parties
        ground(rows, [case("T01-0001", "a", ["z0"], (0, 1))], [lookalike("rent", "a")])
    with pytest.raises(ValueError, match="no token"):
        lay_ground(sheet(rows), Truth(cases=(case("T01-0001", "a", ["a0"], (0, 1)),)), {})
