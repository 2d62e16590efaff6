"""Data sheets: everything wrong with one is said at once."""

import pytest

from detectors.testbed import data_sheet
from tests.support.small_result import SHEET


def test_sheet_tells_all_its_faults_at_once():
    """What is missing, empty, no text or unknown in a data sheet is told in one go; a whole one is read."""
    with pytest.raises(data_sheet.SheetFaultsError) as refused:
        data_sheet.read('purpose = ""\nmake_up = 3\norigin = "somewhere"\nauthor = "me"\n')
    told = "\n".join(refused.value.faults)
    for part in ("author: no such field", "purpose: it says nothing", "make_up: got: 3", "limits: it is missing",
                 "licence: it is missing"):  # fmt: skip
        assert part in told
    assert data_sheet.read(SHEET).licence == "CC0-1.0"


@pytest.mark.parametrize(
    ("name", "version", "word"), [("Spring", "1", "name"), ("a/b", "1", "name"), ("a", "v1", "version")]
)
def test_names_that_are_none_are_refused(name, version, word):
    """Names and versions become directories: everything else is refused."""
    assert word in data_sheet.name_faults(name, version)[0]
    assert data_sheet.name_faults("spring-2026", "1.2") == []
