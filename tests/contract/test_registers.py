"""The registers of ISO that workers read, against the package that they were taken from."""

import pycountry

from streams import reference
from tests.support import registers


def test_the_registers_are_those_of_the_pinned_pycountry():
    """Byte for byte what its copy of ISO's registers gives; an update of pycountry fails here until it is written."""
    assert registers.FILE.read_text() == registers.text(), "to do: python -m tests.support.registers"


def test_what_workers_accept_is_what_pycountry_knows():
    """Read back from the file: each active currency, country and subdivision, and no other; XK is our own exception."""
    assert {one.alpha_3 for one in pycountry.currencies} - reference.WITHDRAWN.keys() == reference.ACTIVE
    assert {one.alpha_2 for one in pycountry.countries} | {"XK"} == reference.COUNTRIES
    assert {one.code for one in pycountry.subdivisions} == reference.subdivisions()
    assert {"KRW", "USD"} <= reference.ACTIVE
    assert "KR-11" in reference.subdivisions()
