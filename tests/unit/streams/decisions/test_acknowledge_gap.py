"""An operator may settle what passed ingest by, and nothing else."""

import pytest

from streams.decisions.acknowledge_gap import Span, join_spans, require_open
from streams.errors import UsageError

PASSED = [(5, 9), (20, 29), (10, 14)]


@pytest.mark.parametrize("span", [(5, 14), (5, 5), (14, 14), (20, 29)])
def test_what_passed_by_can_be_settled(span: Span) -> None:
    """Once: an offset beside it that is open may come with settled ones."""
    require_open(span, PASSED, [])
    with pytest.raises(UsageError, match="acknowledged already"):
        require_open(span, PASSED, [(0, 10), (11, 40)])
    require_open((20, 29), PASSED, [(20, 28)])


@pytest.mark.parametrize("span", [(4, 9), (14, 20), (15, 15), (20, 30), (0, 2**62)])
def test_what_may_still_be_lost_cannot_be_settled_before(span: Span) -> None:
    """A decision on offsets to come would hide the next loss."""
    with pytest.raises(UsageError, match=r"expected: 5-14, 20-29"):
        require_open(span, PASSED, [])
    with pytest.raises(UsageError, match="none of this partition did"):
        require_open(span, [], [])


def test_spans_are_joined_where_they_touch() -> None:
    """In any order, one inside another."""
    assert join_spans([(8, 9), (1, 3), (2, 2), (4, 5), (7, 7)]) == [(1, 5), (7, 9)]
    assert join_spans([]) == []
