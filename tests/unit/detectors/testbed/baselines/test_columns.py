"""What baselines see of a stream: columns by partition, and running sums to the cent."""

import numpy as np

from detectors.testbed.baselines import partition_columns
from detectors.testbed.baselines.static_limits import running_sums
from tests.support.synthetic_result import columns_of, ground, payment, sheet


def test_columns_are_by_partition_in_order_of_the_rows():
    """Partitions 1 and 4 have rows; each column has its own partition's."""
    rows = [
        payment("a", "a", 0, usd=12.34, partition=1),
        payment("b", "b", 1, usd=None, partition=1, direction="in", status="returned", deviation=-20.0),
        payment("c", "a", 2.5, partition=4, party_type="company", evidence="invoice", status="cancelled"),
        payment("d", "a", 2.5, partition=4, status="ordered"),
    ]
    one, four = partition_columns(sheet(rows), np.array([0, 0, 0, 3 * 3_600_000_000]))
    assert (one.partition, four.partition, len(one), len(four)) == (1, 4, 2, 2)
    assert (one.offset.tolist(), four.offset.tolist()) == ([0, 1], [2, 3])
    assert (one.usd.tolist(), one.deviation_bp.tolist()) == ([12.34, 0.0], [0.0, -20.0])
    assert (one.outgoing.tolist(), one.moved.tolist(), four.moved.tolist()) == (
        [True, False],
        [True, False],
        [False, True],
    )
    assert (four.person.tolist(), four.no_document.tolist(), one.no_document.tolist()) == (
        [False, True],
        [False, True],
        [True, True],
    )
    assert (one.party.tolist(), four.party.tolist()) == ([0, 1], [0, 0])
    assert (four.hour.tolist(), one.hour.tolist()) == ([12, 15], [0, 0])
    assert (one.weekday.tolist(), four.weekday.tolist(), (one.day - one.day[0]).tolist()) == ([0, 1], [2, 2], [0, 1])


def test_weekdays_and_hours_begin_anew():
    """Eight days in a row are Monday (0) to Monday, as Python's calendar has it; 23 o'clock is followed by 0."""
    columns = columns_of(*[payment(f"e{n}", "a", n + 23.5 / 24) for n in range(8)])
    assert columns.weekday.tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert columns.hour.tolist() == [23] * 8
    assert (columns.hour.dtype, columns.weekday.dtype) == (np.int64, np.int64)


def test_running_sums_are_exact_to_the_cent():
    """Ten times 0.1 is 1, and ten years of cents keep the last one; no rows have no sums."""
    sums = running_sums(np.full(10, 0.1), np.zeros(10, np.int32), np.zeros(10, np.int64))
    assert sums.tolist() == [n / 10 for n in range(1, 11)]
    # cents of one party beside so much of another that a float would lose them
    much = running_sums(np.array([2**53 / 100, 0.01, 0.01]), np.array([0, 1, 1], np.int32), np.array([7, 7, 7]))
    assert much.tolist() == [2**53 / 100, 0.01, 0.02]
    assert running_sums(np.array([]), np.array([], np.int32), np.array([], np.int64)).tolist() == []


def test_running_sums_by_hand():
    """Sums restart with the party and with the period, in the order of the rows, and never look ahead."""
    sums = running_sums(np.array([1.0, 10.0, 2.0, 3.0, 5.0]), np.array([0, 1, 0, 0, 0]), np.array([7, 7, 7, 8, 7]))
    assert sums.tolist() == [1.0, 10.0, 3.0, 3.0, 8.0]
    two = running_sums(np.ones(8), np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([7, 7, 8, 8, 7, 7, 8, 8]))
    assert two.tolist() == [1.0, 2.0] * 4


def test_local_hour_and_weekday():
    """2 March 2026 is a Monday; with nine hours' shift 01:30 UTC is 10 o'clock."""
    (columns,) = partition_columns(ground([payment("a", "a", 1.5 / 24)]).sheet, np.array([9 * 3_600_000_000]))
    assert (columns.hour.tolist(), columns.weekday.tolist()) == ([10], [0])
