"""The parties of an MT103: fields 50a and 59a, and the institutions of 52a and 57a, in parts."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from streams.ingest.formats.clearing import country_of_swift_code
from streams.ingest.formats.payment import Identifier, bic, by_own_bic, country_of_bic
from streams.ingest.formats.tree import FoundText, Node

_PARTY_IDENTIFIER = re.compile(r"(ARNU|CCPT|CUST|DRLC|EMPL|NIDN|SOSE|TXID)/([A-Z]{2})/(.+)")
_NUMBERED = re.compile(r"([1-8])/(.*)")
_COUNTRY = re.compile(r"([A-Z]{2})(?:/(.*))?")
# before a clearing code may stand whether the account is to be debited or credited
_DEBIT_OR_CREDIT = re.compile(r"/[CD](?=//)")
# identification codes of field 50F: whose they are; CUST is one institution's own number
_PERSONS = frozenset({"ARNU", "CCPT", "DRLC", "NIDN", "SOSE"})
# a line has at most so many characters; an identification that fills it goes on in line 8
LINE = 35


NamesNobody = Callable[[str], bool]


class Agent(NamedTuple):
    """An institution of field 52a or 57a: its BIC or the placeholder there (option A), and its clearing code's country.

    A placeholder may have a BIC's form: NOTPROVIDED would be a Romanian bank.
    """

    bic: FoundText | None = None
    nobody: FoundText | None = None
    clearing: FoundText | None = None


def agent(node: Node, names_nobody: NamesNobody) -> Agent:
    """What a field says of an institution. Before the BIC, name or location may stand an account or a clearing code.

    Names and addresses (option D) and locations (B) are free text: no country is read out of them.
    """
    lines = [line.rstrip() for line in node.text.strip().split("\n")]
    option = node.name[2:]
    node.text = ""
    found = clearing = nobody = None
    if option == "A":
        last = lines.pop()
        found = FoundText(last, node.part("bic", last))
        found, nobody = (None, found) if names_nobody(last) else (bic(found, node.name), None)
    for place, line in enumerate(lines, 1):
        if not line.startswith("/") or place > 1:
            node.part(f"line[{place}]", line)
            continue
        part = node.part("party_identifier", line)
        country = country_of_swift_code(_DEBIT_OR_CREDIT.sub("", line))
        if country is not None:
            clearing = FoundText(country, part, "country of the clearing system")
    return Agent(found, nobody, clearing)


class MessageParty:
    """Field 50a or 59a in parts: account, BIC, identification, and the numbered or free lines of name and address.

    `banks` are the BICs of the message: a party whose own BIC is of one of these institutions is a bank. A placeholder
    in place of its own BIC is kept as an identifier, which the conversion passes over, and tells no country.
    """

    def __init__(self, node: Node, banks: Iterable[FoundText | None], names_nobody: NamesNobody) -> None:
        self.account: FoundText | None = None
        self.countries: list[FoundText] = []
        self.person: bool | None = None
        self._shared: list[Identifier] = []
        self._own: list[Identifier] = []
        # the identification whose line is full: its list, and its place there
        self._cut: tuple[list[Identifier], int] | None = None
        lines = [line.rstrip() for line in node.text.strip().split("\n")]
        node.text = ""
        if lines[0].startswith("/") and len(lines[0].strip("/")) > 0:
            account = lines.pop(0).lstrip("/")
            self.account = FoundText(account, node.part("account", account))
        option = node.name[2:]
        if option == "A" and lines:
            own = FoundText(lines[0], node.part("bic", lines[0]))
            if names_nobody(own.text):
                self._shared.append(Identifier(own))
            else:
                own = bic(own, node.name)
                self._shared.append(by_own_bic(own, banks))
                self.countries.append(country_of_bic(own))
            lines = lines[1:]
        for place, line in enumerate(lines, 1):
            if option != "F" or not (self._identification(node, line) or self._numbered(node, line)):
                node.part(f"line[{place}]", line)

    def identifiers(self) -> Iterator[Identifier]:
        """Identifications, those that institutions share first."""
        yield from self._shared
        yield from self._own

    def _keep(self, found: FoundText, kind: str, line: str, *, own: bool) -> None:
        kept = self._own if own else self._shared
        kept.append(Identifier(found, kind, own=own))
        if len(line) == LINE:
            self._cut = kept, len(kept) - 1

    def _identification(self, node: Node, line: str) -> bool:
        parts = _PARTY_IDENTIFIER.fullmatch(line)
        if parts is None:
            return False
        code, country, value = parts.groups()
        if code in ("CUST", "DRLC", "EMPL"):
            # these three name who issued the number before it
            issuer, slash, number = value.partition("/")
            if slash:
                node.part(f"{code}/issuer", issuer)
                value = number
        node.part(f"{code}/country", country)
        found = FoundText(value, node.part(code, value))
        self._keep(found, "person" if code in _PERSONS else "", line, own=code in ("CUST", "EMPL"))
        return True

    def _numbered(self, node: Node, line: str) -> bool:
        """A line `n/...` of option F: 3 country and town, 4 and 5 birth, 6 and 7 numbers, 8 what goes on with these.

        1 and 2 are names and streets.
        """
        parts = _NUMBERED.fullmatch(line)
        if parts is None:
            return False
        kind, content = parts.groups()
        if kind in "67":
            self._number(node, line, kind, content)
        elif kind == "8" and self._cut is not None:
            kept, place = self._cut
            cut = kept[place]
            rest = node.part("8", content)
            found = cut.found._replace(
                text=cut.found.text + content, note="goes on in line 8", also=(*cut.found.also, rest)
            )
            kept[place] = msgspec.structs.replace(cut, found=found)
        elif kind == "3" and not self.countries and (split := _COUNTRY.fullmatch(content)) is not None:
            # a further line 3 goes on with the town, without a country
            self.countries.append(FoundText(split[1], node.part("3/country", split[1])))
            if split[2]:
                node.part("3/town", split[2])
        else:
            node.part(kind, content)
        if kind in "45":
            # only a natural person has a date and a place of birth
            self.person = True
        return True

    def _number(self, node: Node, line: str, kind: str, content: str) -> None:
        """Line 6: country, issuer and customer number; line 7: country and national identity number."""
        country, _, value = content.partition("/")
        issuer, slash, number = value.partition("/") if kind == "6" else ("", "", "")
        if slash:
            node.part("6/issuer", issuer)
            value = number
        node.part(f"{kind}/country", country)
        found = FoundText(value, node.part(kind, value))
        if value:
            self._keep(found, "person" if kind == "7" else "", line, own=kind == "6")
