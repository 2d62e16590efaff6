"""streams/contracts/registers.toml from pycountry.

`python -m tests.support.registers` writes it anew, after an update of it.
"""

from collections.abc import Iterable
from importlib import metadata
from itertools import groupby
from pathlib import Path
from textwrap import fill

import pycountry
import tomli_w

FILE = Path(__file__).parents[2] / "streams" / "contracts" / "registers.toml"
HEAD = """\
# Codes of ISO 4217 (currencies), ISO 3166-1 (countries, alpha-2) and ISO 3166-2 (subdivisions, below their country), as
# pycountry {version} has them. Written by `python -m tests.support.registers`, never by hand. Workers read this file,
# because pycountry brings 23 MB of translations.

"""


def text() -> str:
    """The file's right contents."""
    below = sorted(subdivision.code.split("-", 1) for subdivision in pycountry.subdivisions)
    tables = {
        "currencies": _lines(currency.alpha_3 for currency in pycountry.currencies),
        "countries": _lines(country.alpha_2 for country in pycountry.countries),
        "subdivisions": {
            country: " ".join(code for _, code in codes) for country, codes in groupby(below, key=lambda pair: pair[0])
        },
    }
    return HEAD.format(version=metadata.version("pycountry")) + tomli_w.dumps(tables, multiline_strings=True)


def _lines(codes: Iterable[str]) -> str:
    return fill(" ".join(sorted(codes)), 116) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
