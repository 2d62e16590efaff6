"""The registers of ISO that workers read, against the package that they were taken from."""

import pycountry

from streams.contracts import iso_registers
from tests.support import registers


def test_the_registers_are_those_of_the_pinned_pycountry():
    """Byte for byte what its copy of ISO's registers gives; an update of pycountry fails here until it is written."""
    assert registers.FILE.read_text() == registers.text(), "to do: python -m tests.support.registers"


def test_what_workers_accept_is_what_pycountry_knows():
    """Read back from the file: each active currency, country and subdivision, and no other; XK is our own exception."""
    assert {one.alpha_3 for one in pycountry.currencies} - iso_registers.WITHDRAWN.keys() == iso_registers.ACTIVE
    assert {one.alpha_2 for one in pycountry.countries} | {"XK"} == iso_registers.COUNTRIES
    assert {one.code for one in pycountry.subdivisions} == iso_registers.subdivisions()
    assert {"KRW", "USD"} <= iso_registers.ACTIVE
    assert "KR-11" in iso_registers.subdivisions()
