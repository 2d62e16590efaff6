"""What the standards let stand in free text: codes of regulatory reporting (field 77B, RgltryRptg, InstrForNxtAgt).

Texts of FIN are cut into lines of 35 characters wherever that comes, so that a full line goes on in the next without a
blank; the standard's own examples of field 70 do so (`/ROC/98I`, next line `U87`).

The form of a report is `/ORDERRES/KR//...` (residence of the ordering customer) or `/BENEFRES/KR//...` (of the
beneficiary); what follows the second slash is narrative, and only a narrative that is one code and nothing else is
taken as a code.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.ingest.formats.tree import FoundText, Node

ORDERING, BENEFICIARY = "ORDERRES", "BENEFRES"
_REPORT = re.compile(r"/(ORDERRES|BENEFRES)/([A-Z]{2})(?://(.*))?")
_BARE = re.compile(r"/(?:ORDERRES|BENEFRES)/[A-Z]{2}/{0,2} *")
_CODED = re.compile(r"/[A-Z0-9]{1,8}/")
_CONTINUED = "//"
# a code has a digit or is a short word; a name or a sentence is neither
_CODE = re.compile(r"(?=[0-9A-Z.-]*[0-9])[0-9A-Z][0-9A-Z.-]{0,15}|[A-Z]{3,5}")


class RegulatoryReport(NamedTuple):
    """A regulatory report: whose residence, in which country, and the code given, if it is one."""

    whose: str
    country: FoundText
    code: FoundText | None


def join_lines(text: str, width: int) -> str:
    """Lines as one text: a line of `width` characters goes on without a blank, others are joined with one.

    `//` at the start of a line goes on with a coded narrative (`/ROC/...`) before it, and is no part of the text.
    """
    parts: list[str] = []
    glue, coded = "", False
    for line in text.split("\n"):
        continued = coded and line.startswith(_CONTINUED)
        piece = line[len(_CONTINUED) :] if continued else line
        coded = coded or _CODED.match(line) is not None
        if not piece.strip():
            glue = " " if parts else ""
            continue
        parts += [" " if piece[0] == " " and parts else glue, piece.strip()]
        glue = "" if len(line) == width and line[-1] != " " else " "
    return "".join(parts)


def reports(node: Node) -> Iterator[RegulatoryReport]:
    """The reports in a node's text, one a line. The text becomes parts, what is no report included.

    A report's narrative may begin in the line behind it (`//30200`). A code of at most 16 characters is never cut by
    the 35 of a line, so that full lines need no care here.
    """
    lines: list[str] = []
    for line in node.text.strip().split("\n"):
        if line.startswith(_CONTINUED) and lines and _BARE.fullmatch(lines[-1]):
            lines[-1] = lines[-1].rstrip("/ ") + line
        else:
            lines.append(line)
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
            code = FoundText(rest, node.part("code", rest), f"narrative of {found[1]}, one code and nothing else")
        elif rest:
            node.part("narrative", rest)
        yield RegulatoryReport(found[1], FoundText(found[2], country, "country of residence"), code)


def residence(told: Iterable[RegulatoryReport], whose: str) -> tuple[FoundText, ...]:
    """The countries in which a side (`ORDERING`, `BENEFICIARY`) is resident by these reports."""
    return tuple(one.country for one in told if one.whose == whose)


def read_codes(told: Iterable[RegulatoryReport]) -> Iterator[tuple[str | None, FoundText]]:
    """(country, code) of the reports that give one."""
    for one in told:
        if one.code is not None:
            yield one.country.text, one.code
