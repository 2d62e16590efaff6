"""What the standards let stand in free text: codes of regulatory reporting (field 77B, RgltryRptg, InstrForNxtAgt).

The form is `/ORDERRES/KR//...` (residence of the ordering customer) or `/BENEFRES/KR//...` (of the beneficiary); what
follows the second slash is narrative, and only a narrative that is one code and nothing else is taken as a code.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from streams.formats.tree import Found, Node

ORDERING, BENEFICIARY = "ORDERRES", "BENEFRES"
_REPORT = re.compile(r"/(ORDERRES|BENEFRES)/([A-Z]{2})(?://(.*))?")
# a code has a digit or is a short word; a name or a sentence is neither
_CODE = re.compile(r"(?=[0-9A-Z.-]*[0-9])[0-9A-Z][0-9A-Z.-]{0,15}|[A-Z]{3,5}")


class Report(NamedTuple):
    """A regulatory report: whose residence, in which country, and the code given, if it is one."""

    whose: str
    country: Found
    code: Found | None


def reports(node: Node) -> Iterator[Report]:
    """The reports in a node's text, one a line. The text becomes parts, what is no report included."""
    lines = node.text.strip().split("\n")
    if not any(_REPORT.match(line) for line in lines):
        return
    node.text = ""
    for line in lines:
        found = _REPORT.match(line)
        if found is None:
            node.part("narrative", line)
            continue
        code, rest = None, (found[3] or "").strip()
        country = node.part(found[1], found[2])
        if _CODE.fullmatch(rest):
            code = Found(rest, node.part("code", rest), f"narrative of {found[1]}, one code and nothing else")
        elif rest:
            node.part("narrative", rest)
        yield Report(found[1], Found(found[2], country, "country of residence"), code)


def codes(told: list[Report]) -> Iterator[tuple[str | None, Found]]:
    """(country, code) of the reports that give one."""
    for one in told:
        if one.code is not None:
            yield one.country.text, one.code
