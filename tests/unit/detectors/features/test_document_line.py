"""Closeness to the document line by hand."""

import pytest

from detectors.features import (
    Feature,
    Shared,
    document_line,
)
from tests.support.feature_moment import PEERS, moment, shared_of

LINE = f"line|{PEERS}"


@pytest.mark.parametrize(
    ("ratio", "closeness"),
    [(0.2, 0.0), (0.8, 0.0), (0.9, 0.5), (0.99, 0.95), (1.0, 1.0), (1.0001, 0.0), (5.0, 0.0)],
)
def test_closeness_rises_to_the_line_and_ends_there(ratio, closeness):
    """From 0.8 of it; measured in the peers' spreads over their usual closeness, never under 0."""
    shared = shared_of(**{LINE: [20.0, 9.0, 0.1, 0.25, 20.0, 9.0, 0.6, 0.3]})
    own = [4.0, 3.5, 0.7, 0.1]
    far = pytest.approx(max(0.0, (closeness - 0.1) / 0.25))
    assert document_line.measure(moment(shared=shared, doc_line_ratio=ratio), own) == Feature(
        "document_line", ratio, "ratio", far, 0.7, 4, 0.6
    )


def test_with_documents_or_without_peers_the_line_says_nothing():
    """Baselines are shown all the same; 19 peer payments are none."""
    shared = shared_of(**{LINE: [20.0, 9.0, 0.1, 0.25, 20.0, 9.0, 0.6, 0.3]})
    own = [4.0, 3.5, 0.7, 0.1]
    for changes in ({"no_document": False}, {"doc_line_ratio": None}):
        assert document_line.measure(moment(shared=shared, **changes), own) == Feature(
            "document_line", None, "ratio", None, 0.7, 4, 0.6
        )
    few = shared_of(**{LINE: [19.0, 9.0, 0.1, 0.25, 19.0, 9.0, 0.6, 0.3]})
    for young in (few, Shared()):
        found = document_line.measure(moment(shared=young, doc_line_ratio=0.9), own)
        assert (found.value, found.deviation, found.peer_baseline) == (0.9, None, None)
    assert document_line.measure(moment(), [0.0] * 4).own_baseline is None


def test_what_payments_without_papers_teach():
    """Own ratios fade in time; peers' closeness and ratio by count; a ratio beyond 3 counts as 3."""
    shared, own = Shared(), [0.0] * 4
    document_line.learn(moment(shared=shared, doc_line_ratio=0.9), own)
    assert own == [1.0, 1.0, 0.9, 0.3]
    assert shared.groups == {LINE: pytest.approx([1.0, 1.0, 0.5, 0.3, 1.0, 1.0, 0.9, 0.3])}
    own = [1.0, 1.0, 0.9, 0.1]
    shared = shared_of(**{LINE: [1.0, 1.0, 0.5, 0.1, 1.0, 1.0, 0.9, 0.1]})
    document_line.learn(moment(ago=90.0, shared=shared, doc_line_ratio=0.9), own)
    assert own == pytest.approx([2.0, 1.5, 0.9, 0.1])
    assert shared.groups == {LINE: pytest.approx([2.0, 2.0, 0.5, 0.1, 2.0, 2.0, 0.9, 0.1])}
    shared, own = Shared(), [0.0] * 4
    document_line.learn(moment(shared=shared, doc_line_ratio=50.0), own)
    assert (own[2], shared.groups[LINE][2], shared.groups[LINE][6]) == (3.0, 0.0, 3.0)
    for changes in ({"no_document": False}, {"doc_line_ratio": None}):
        fresh, own = Shared(), [0.0] * 4
        document_line.learn(moment(shared=fresh, **changes), own)
        assert (own, fresh.groups) == ([0.0] * 4, {})
