"""What no payment message can say of itself and the contract needs: said by who converts, never guessed.

On the command line they are options of `fxwatch publish`; in a record they are headers `fx.convert.<name>`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

import msgspec

from streams.contracts import iso_registers
from streams.contracts.refusal_codes import Fault

BY_IDENTIFIER = "by-identifier"
PARTY_TYPES = ("person", "sole_trader", "company", "bank", BY_IDENTIFIER)
CHANNELS = ("branch", "web", "app", "small_remitter", "card", "exchanger", "interbank")
# real offsets reach from -12:00 to +14:00
_OFFSET = re.compile(r"[+-](0[0-9]|1[0-4]):[0-5][0-9]")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTITUTION = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,32}")
_FLAGS = ("institution_numbers", "transaction_purpose")


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """How messages are converted.

    `resident_country`: ISO 3166-1 alpha-2 of the reporting country. `party_type`: one of `PARTY_TYPES`;
    `by-identifier` takes `person` from a private and `company` from an organisation identification. `channel`: the
    contract's. `institution`: the reporting one; None = the BIC of the resident side's agent in the message.
    `local_currency`: ISO 4217, needed for `settled_amount` and `deal_rate`. `utc_offset` (`+09:00`): of the reporting
    institution's clock, for times without an offset. `time_of_day` (`HH:MM`): for messages that carry only a date.
    `order_date` (`YYYY-MM-DD`): the day on which messages without any time were ordered, where it is not the value
    date.
    `institution_numbers`: a customer number, or else the account, may identify a party that has no registered number.
    `transaction_purpose`: an ISO purpose code or field 26T may be the purpose where no regulatory code is given.
    """

    resident_country: str
    party_type: str
    channel: str
    institution: str | None = None
    local_currency: str | None = None
    utc_offset: str | None = None
    time_of_day: str | None = None
    order_date: str | None = None
    institution_numbers: bool = False
    transaction_purpose: bool = False


# Looked up once: that took 18 of the 21 us of `parameters`, which ingest calls for each record that is a message.
_FIELDS = {field.name: field for field in msgspec.structs.fields(Parameters)}


def parameters(given: Mapping[str, str]) -> Parameters | list[Fault]:
    """Parameters from texts by name (flags are `true` or `false`), or every fault of them."""
    faults = [
        Fault("message.parameter", "fx.convert.(unknown)", "one of " + " ".join(_FIELDS))
        for name in given
        if name not in _FIELDS
    ]
    faults += [
        Fault("message.parameter", f"fx.convert.{name}", _EXPECTED[name])
        for name, field in _FIELDS.items()
        if (field.required or name in given) and not _CHECKS[name](given.get(name, ""))
    ]
    if faults:
        return faults
    held = {name: text == "true" if name in _FLAGS else text for name, text in given.items()}
    return msgspec.convert(held, Parameters)


def _is_flag(text: str) -> bool:
    return text in ("true", "false")


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


_CHECKS: dict[str, Callable[[str], bool]] = {
    "resident_country": iso_registers.COUNTRIES.__contains__,
    "party_type": PARTY_TYPES.__contains__,
    "channel": CHANNELS.__contains__,
    "institution": lambda text: _INSTITUTION.fullmatch(text) is not None,
    "local_currency": iso_registers.CURRENCIES.__contains__,
    "utc_offset": lambda text: _OFFSET.fullmatch(text) is not None,
    "time_of_day": lambda text: _TIME_OF_DAY.fullmatch(text) is not None,
    "order_date": _is_date,
    "institution_numbers": _is_flag,
    "transaction_purpose": _is_flag,
}
_EXPECTED = {
    "resident_country": "an ISO 3166-1 alpha-2 code",
    "party_type": " ".join(PARTY_TYPES),
    "channel": " ".join(CHANNELS),
    "institution": "1 to 32 characters",
    "local_currency": "an active ISO 4217 code",
    "utc_offset": "an offset like +09:00",
    "time_of_day": "HH:MM",
    "order_date": "a date YYYY-MM-DD",
    "institution_numbers": "true or false",
    "transaction_purpose": "true or false",
}
