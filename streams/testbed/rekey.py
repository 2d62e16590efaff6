"""Ledger records under a key that is thrown away, so that no token of an excerpt is one of the ledger it came from.

Equal things stay equal within one excerpt, whatever their role; no identifier is equal to what it was outside. What
remains is exact: amounts, times (but for a shift by whole weeks), countries, institutions, branches and profiles'
figures. Nearly every payment is unique by them, and so whoever has the ledger, or knows one payment of a party, can
find that party in the excerpt: it is confidential to the same degree as the ledger, and the data sheet says so.
"""

import hmac
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from detectors.contracts.events import ConfigurationChange, Event
from streams.errors import UsageError
from streams.keys.pseudonyms import frame_parts, is_token

# The key id of every token of an excerpt.
KEY_ID = "excerpt"
_WEEK = timedelta(weeks=1)
# Fields by the name space of what they identify; equal values of one space get equal new ones.
_SPACES = {
    "event_id": "event",
    "original_event_id": "event",
    "amends": "event",
    "payment_id": "payment",
    "declaration_no": "declaration",
    "report_no": "report",
    "alert_id": "alert",
    "investigator": "investigator",
    "identity": "fingerprint",
    "body": "fingerprint",
    "reason_hash": "fingerprint",
}
_TOKENS = (
    "party",
    "party_account",
    "counterparty",
    "counterparty_account",
    "contract_counterparty",
    "device",
    "contact",
    "shared_token",
)
# Free text about one matter, and who dealt with it: no figure needs it.
_DROPPED = ("office", "legal_basis")
# As long as the field's contract allows: a declaration's number has 32 characters.
_DIGITS = 32
Shifted = TypeVar("Shifted", date, datetime)


class Rekeyer:
    """Gives every identifier a new one. The key is drawn here, kept in memory only, and gone with this object.

    `names` are (token, earlier token) pairs of a key rotation: both belong to one party, and so to one slot.
    """

    def __init__(self, names: Iterable[tuple[str, str]], shift_weeks: int = 0) -> None:
        self._secret = secrets.token_bytes(32)
        self._earlier = dict(names)
        self._shift = shift_weeks * _WEEK
        self.shift_ms = int(self._shift.total_seconds() * 1000)

    def root(self, token: str) -> str:
        """The earliest token known of the same thing."""
        seen = {token}
        while (earlier := self._earlier.get(token)) is not None and earlier not in seen:
            token = earlier
            seen.add(token)
        return token

    def token(self, token: str) -> str:
        """The token's new one: the slot by the thing, the digest by the token. Raises `ValueError` for no token."""
        if not is_token(token):
            raise ValueError("a ledger record holds a token that is none")
        slot = self._digest("slot", self.root(token))[:3]
        return f"{KEY_ID}.{slot}.{self._digest('token', token)[:_DIGITS]}"

    def _digest(self, space: str, value: str) -> str:
        return hmac.digest(self._secret, frame_parts("excerpt", space, value), "sha256").hex()

    def commitment(self, commitment: str) -> str:
        """What stands for the commitment to a sender's bytes: as long, and of nothing."""
        return f"{KEY_ID}:{self._digest('commitment', commitment)}"

    def event(self, event: Event) -> Event:
        """The event with everything that names something replaced, and its times shifted."""
        changed: dict[str, Any] = {}
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if isinstance(value, (date, datetime)):
                changed[name] = self._moved(value)
            elif value is None:
                continue
            elif name in _TOKENS:
                # a shared thing that is a group of goods has a name that is nobody's
                changed[name] = value if name == "shared_token" and "/" in value else self.token(value)
            elif name in _SPACES:
                changed[name] = self._digest(_SPACES[name], value)[:_DIGITS]
            elif name == "former":
                changed[name] = tuple(self._digest("fingerprint", each)[:_DIGITS] for each in value)
            elif name in _DROPPED:
                changed[name] = None
            elif name == "related_counterparties":
                changed[name] = tuple(self.token(each) for each in value)
            elif name == "previous":
                changed[name] = {self.token(new): self.token(old) for new, old in value.items()}
        told: Event = msgspec.structs.replace(event, **changed)
        return told

    def configuration(self, event: ConfigurationChange) -> ConfigurationChange:
        """The same rules from the same day; the officers listed are named as their verdicts name them here."""
        configuration = event.configuration
        if not configuration.admitted.officers:
            return event
        officers = tuple(self._digest("investigator", name)[:_DIGITS] for name in configuration.admitted.officers)
        admission = msgspec.structs.replace(configuration.admitted, officers=officers)
        return msgspec.structs.replace(event, configuration=msgspec.structs.replace(configuration, admission=admission))

    def _moved(self, value: Shifted) -> Shifted:
        try:
            return value + self._shift
        except OverflowError as fault:
            raise UsageError(
                "a date of the ledger cannot be moved so far",
                got=f"{self._shift.days // 7} weeks",
                expected="every date within the years 1 to 9999 afterwards",
            ) from fault
