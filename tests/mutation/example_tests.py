"""Tests of the example. pytest collects them only when they are named."""

from tests.mutation.example import Counter, halvings, total


def test_total() -> None:
    # nothing here is exactly at the limit, so `<=` as `<` survives
    assert total([1, 2, 3, 100], 50) == 6


def test_halvings() -> None:
    assert halvings(5) == 3


def test_counter() -> None:
    counter = Counter()
    assert [counter.add(2), counter.add(3)] == [2, 5]
