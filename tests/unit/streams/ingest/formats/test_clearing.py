"""Countries of national clearing systems: ISO 20022's codes and SWIFT's two letters say the same."""

import pytest

from streams.contracts import iso_registers
from streams.ingest.formats.clearing import (
    COUNTRY_OF_SWIFT_CODE,
    COUNTRY_OF_SYSTEM,
    country_of_member,
    country_of_swift_code,
    country_of_system,
)


@pytest.mark.parametrize(
    ("code", "country"),
    [
        ("USABA", "US"),
        ("USPID", "US"),
        ("GBDSC", "GB"),
        ("DEBLZ", "DE"),
        ("CHBCC", "CH"),
        ("CHSIC", "CH"),
        ("CNAPS", "CN"),
        ("HKNCC", "HK"),
        ("INFSC", "IN"),
        ("JPZGN", "JP"),
        ("SESBA", "SE"),
        ("GRBIC", "GR"),
        ("XXXXX", None),
        ("usaba", None),
        ("", None),
    ],
)
def test_a_system_s_code_tells_its_country(code, country):
    """Not by its first two letters: CNAPS and INFSC would do, but the list decides."""
    assert country_of_system(code) == country


@pytest.mark.parametrize(
    ("line", "country"),
    [
        ("//SC203040", "GB"),
        ("//FW021000089", "US"),
        ("//FW", "US"),
        ("//CP0002", "US"),
        ("//BL37040044", "DE"),
        ("//CC000305099", "CA"),
        ("//SW08100", "CH"),
        ("//SW081005", "CH"),
        ("//INHDFC0000001", "IN"),
        ("//ZA632005", "ZA"),
        ("//NZ020368", "NZ"),
        ("//CH123456", None),
        ("//RT", None),
        ("/SC203040", None),
        ("//sc203040", None),
        ("//SC 20 30 40", None),
        ("SC203040", None),
        ("//XX123456", None),
    ],
)
def test_swift_s_two_letters_tell_the_country(line, country):
    """BL is German and CC Canadian; CH is CHIPS's number of anybody, not Switzerland, and tells none."""
    assert country_of_swift_code(line) == country


@pytest.mark.parametrize(
    ("member", "country"),
    [
        ("NZNCC020368", "NZ"),
        ("USABA021000089", "US"),
        ("INFSCHDFC0000001", "IN"),
        ("021000089", None),
        ("ABCDE12345", None),
        ("USABA", None),
    ],
)
def test_a_member_s_number_may_begin_with_the_code(member, country):
    """The form of senders that leave ClrSysId out."""
    assert country_of_member(member) == country


def test_every_country_is_one():
    """A slip in the table would refuse payments with a code about countries."""
    assert set(COUNTRY_OF_SYSTEM.values()) | set(COUNTRY_OF_SWIFT_CODE.values()) <= iso_registers.COUNTRIES
