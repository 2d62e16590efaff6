"""Data sheets: everything wrong with one is said at once."""

import pytest

from detectors.testbed import data_sheet
from tests.support.small_result import SHEET


def test_sheet_tells_all_its_faults_at_once():
    """What is missing, empty, no text or unknown in a data sheet is told in one go; a whole one is read."""
    with pytest.raises(data_sheet.SheetFaultsError) as refused:
        data_sheet.read('purpose = ""\nmake_up = 3\norigin = "somewhere"\nauthor = "me"\n')
    told = "\n".join(refused.value.faults)
    for part in (
        "author: no such field",
        "purpose: it says nothing",
        "make_up: got: 3",
        "limits: it is missing",
        "licence: it is missing",
    ):
        assert part in told
    assert str(refused.value) == "; ".join(refused.value.faults)
    assert data_sheet.read(SHEET).licence == "CC0-1.0"


def test_what_is_no_toml_is_said():
    """The parser's own words tell where the text stops being TOML."""
    with pytest.raises(data_sheet.SheetFaultsError, match=r"it is not TOML: .*line 2") as refused:
        data_sheet.read('purpose = "tests"\nmake_up\n')
    assert len(refused.value.faults) == 1


def test_three_letters_say_something():
    """The licence CC0 has three; two letters are none, however many blanks stand around them."""
    fields = dict.fromkeys(data_sheet.REQUIRED, "in words")
    assert data_sheet.of({**fields, "licence": " CC0 "}).licence == "CC0"
    with pytest.raises(data_sheet.SheetFaultsError, match="licence: it says nothing"):
        data_sheet.of({**fields, "licence": "  CC  "})


@pytest.mark.parametrize(
    ("name", "version", "word"), [("Spring", "1", "name"), ("a/b", "1", "name"), ("a", "v1", "version")]
)
def test_names_that_are_none_are_refused(name, version, word):
    """Names and versions become directories: everything else is refused."""
    assert word in data_sheet.name_faults(name, version)[0]
    assert data_sheet.name_faults("spring-2026", "1.2") == []
