"""The country of a national clearing system, which a bank's number in that system tells where no BIC does.

Sources: ISO 20022's external code list ClearingSystemIdentification of August 2021 ("bank branch code used in ..."), as
Ripple's and XMLdation's documentation repeats it; SWIFT's user handbook, fields 52a and 57a ("codes may be used,
preceded by a double slash"); IBM's table that puts both side by side. Not listed, because they tell no country: SWIFT's
`RT` (any real-time gross settlement) and `CH` (a CHIPS universal identifier, which firms outside the United States have
too).

A system's country is its bank's but for small neighbours: banks of Liechtenstein have Swiss numbers, those of Jersey,
Guernsey and the Isle of Man British sort codes, those of Puerto Rico and Guam American routing numbers. So a BIC, an
IBAN and an address tell more, and are asked first (`streams.ingest.formats.payment.Side`).
"""

import re

# code of ISO 20022: country, and SWIFT's two letters where it has some
_SYSTEMS = {
    "ATBLZ": ("AT", "AT"),
    "AUBSB": ("AU", "AU"),
    "BEFTN": ("BD", ""),
    "CACPA": ("CA", "CC"),
    "CHBCC": ("CH", "SW"),
    "CHSIC": ("CH", "SW"),
    "CNAPS": ("CN", "CN"),
    "DEBLZ": ("DE", "BL"),
    "ESNCC": ("ES", "ES"),
    "GBDSC": ("GB", "SC"),
    "GRBIC": ("GR", "GR"),
    "HKNCC": ("HK", "HK"),
    "IENCC": ("IE", "IE"),
    "INFSC": ("IN", "IN"),
    "ITNCC": ("IT", "IT"),
    "JPZGN": ("JP", ""),
    "NGBCS": ("NG", ""),
    "NZNCC": ("NZ", "NZ"),
    "PLKNR": ("PL", "PL"),
    "PTNCC": ("PT", "PT"),
    "RUCBC": ("RU", "RU"),
    "SESBA": ("SE", ""),
    "SGIBG": ("SG", ""),
    "THCBC": ("TH", ""),
    "TWNCC": ("TW", "TW"),
    "USABA": ("US", "FW"),
    "USPID": ("US", "CP"),
    "ZANCC": ("ZA", "ZA"),
}
COUNTRY_OF_SYSTEM: dict[str, str] = {code: country for code, (country, _) in _SYSTEMS.items()}
COUNTRY_OF_SWIFT_CODE: dict[str, str] = {letters: country for country, letters in _SYSTEMS.values() if letters}
# Most national codes are digits; India's begin with letters. No form is checked beyond that: a wrong number of digits
# still tells the system, and the number itself is not mapped.
_MEMBER = re.compile(r"([A-Z]{5})[0-9A-Z]{3,28}")
_SWIFT = re.compile(r"//([A-Z]{2})(?:[0-9A-Z]{2,32})?")


def country_of_system(code: str) -> str | None:
    """The country of a clearing system by ISO 20022's code (`ClrSysId/Cd`), as `GBDSC`; None where none is known."""
    return COUNTRY_OF_SYSTEM.get(code)


def country_of_member(member: str) -> str | None:
    """The country by a member's number that begins with its system's code (`MmbId` without ClrSysId: `NZNCC020368`)."""
    parts = _MEMBER.fullmatch(member)
    return None if parts is None else COUNTRY_OF_SYSTEM.get(parts[1])


def country_of_swift_code(line: str) -> str | None:
    """The country by the first line of fields 52a to 57a, as `//SC203040` or `//FW`; None for any other line."""
    parts = _SWIFT.fullmatch(line.strip())
    return None if parts is None else COUNTRY_OF_SWIFT_CODE.get(parts[1])
