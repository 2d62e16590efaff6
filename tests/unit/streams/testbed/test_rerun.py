"""Running again: what counts as the same, bit for bit."""

import struct

import pyarrow as pa

from streams.testbed.rerun import find_first_difference


def test_a_difference_of_one_bit_is_seen() -> None:
    """-0.0 is not 0.0, a null is no zero, and the row and column are named."""
    then = pa.table({"offset": [4, 5], "score": pa.array([0.0, 1.0]), "fired": [[{"strength": 0.5}], []]})
    assert find_first_difference(then, then) is None
    score = then.column_names.index("score")
    minus = then.set_column(score, "score", pa.array([-0.0, 1.0]))
    assert "row 0 (offset 4), score: 0.0 then, -0.0 now" in str(find_first_difference(then, minus))
    missing = then.set_column(score, "score", pa.array([0.0, None], pa.float64()))
    assert "row 1 (offset 5), score: 1.0 then, None now" in str(find_first_difference(then, missing))
    [next_up] = struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", 0.5))[0] + 1))
    listed = then.set_column(2, "fired", pa.array([[{"strength": next_up}], []]))
    assert "fired" in str(find_first_difference(then, listed))
    assert "1 now" in str(find_first_difference(then, then.slice(0, 1)))


def test_whole_numbers_with_nulls_are_compared_to_the_last_digit() -> None:
    """A null amount equals itself, is no zero, and amounts beside it that a double cannot tell apart differ."""
    then = pa.table({"offset": [4, 5], "usd_cents": pa.array([None, 2**53], pa.int64())})
    assert find_first_difference(then, then) is None
    zero = then.set_column(1, "usd_cents", pa.array([0, 2**53], pa.int64()))
    assert "row 0 (offset 4), usd_cents: None then, 0 now" in str(find_first_difference(then, zero))
    one_more = then.set_column(1, "usd_cents", pa.array([None, 2**53 + 1], pa.int64()))
    assert "row 1 (offset 5), usd_cents" in str(find_first_difference(then, one_more))
