"""The diagram: the same bytes each time, with its axes' names, and also of nothing."""

import pytest

from detectors.testbed.statistics import reliability
from streams.testbed.report.reliability import DiagramWords, reliability_diagram

WORDS = DiagramWords("probability told", "share true", "alerts opened")


@pytest.mark.parametrize(("told", "true"), [([0.1, 0.15, 0.9], [False, True, True]), ([], [])])
def test_the_diagram_is_the_same_each_time_and_names_its_axes(told, true):
    """Text is text, so that it can be read aloud and searched."""
    first, second = (reliability_diagram(reliability(told, true), WORDS) for _ in range(2))
    assert first == second
    assert first.startswith("<svg ")
    for name in ("mean probability told", "share true", "alerts opened"):
        assert name in first
