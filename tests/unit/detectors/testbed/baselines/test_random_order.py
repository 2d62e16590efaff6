"""Events in random order: lots by another implementation, other ones by partition and seed."""

import msgspec
import numpy as np

from detectors.testbed.baselines import REGISTRY, partition_columns
from tests.support.synthetic_result import columns_of, ground, payment


def splitmix64(state: int) -> int:
    """The number SplitMix64 gives from a state, as its authors wrote it down."""
    mask = 2**64 - 1
    mixed = (state + 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)


def test_lots_are_those_of_splitmix64():
    """Offset n is the n-th number of a stream of its own for each seed and partition; its 53 upper bits are the lot."""
    assert splitmix64(0) == 0xE220A8397B1DCDAF  # the reference implementation's first number from 0
    columns = msgspec.structs.replace(columns_of(*[payment(f"e{n}", "a", 0) for n in range(40)]), partition=5)
    start = 7 * 0x9E3779B97F4A7C15 + 5 * 0xD1342543DE82EF95
    expected = [((splitmix64(start + n * 0x9E3779B97F4A7C15) >> 11) + 0.5) / 2**53 for n in range(40)]
    assert REGISTRY["random"].score(columns, 7).tolist() == expected


def test_chance_differs_by_partition_and_seed():
    """Equal offsets of two partitions are other payments, and another seed picks others."""
    rows = [payment(f"e{n}", "p", 0, partition=n % 2) for n in range(2)]
    even, odd = partition_columns(ground(rows).sheet, np.zeros(2, np.int64))
    odd = msgspec.structs.replace(odd, offset=even.offset)
    score = REGISTRY["random"].score
    assert score(even, 1)[0] != score(odd, 1)[0]
    assert score(even, 1)[0] != score(even, 2)[0]
