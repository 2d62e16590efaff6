"""Registers that the contracts refer to: ISO 4217, ISO 3166-1 and ISO 3166-2, from pycountry's copy of them.

ISO 4217 means the codes active in the installed pycountry: a currency that was withdrawn (HRK, BGN) is unknown, also in
records about the years when it was money, as CONTRACT says. Funds, metals, XXX and XTS are active codes and are
accepted. Cost: 50 ms and 1 MB when this module is imported; 30 ms more when the first subdivision is looked up.
"""

from functools import cache

import pycountry

CURRENCIES: frozenset[str] = frozenset(currency.alpha_3 for currency in pycountry.currencies)
COUNTRIES: frozenset[str] = frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def subdivisions() -> frozenset[str]:
    """ISO 3166-2 codes (`KR-11`), read at the first use because profiles alone carry them."""
    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)
