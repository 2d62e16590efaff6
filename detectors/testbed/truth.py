"""What was planted in a stream, typed: cases, look-alikes, changes of regime; decoded from a truth file's lines."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

_TYPOLOGY = re.compile(r"T[0-9]{2}")
CENTS = 100


class Expected(msgspec.Struct, frozen=True):
    """What may rightly be the top reason of an alert on a case: typology ids and names of features."""

    typologies: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="case"):
    """One planted case. `illicit_usd` is a decimal string by the typology's own measure; None = sum of its payments.

    `party_ids` are raw identifiers of all resident parties involved; empty = `party_id` alone. `due_event_id` is the
    event at which a perfect rule is due at the latest, None where there is none. `expected` None = its own typology.
    """

    case_id: str
    typology: str
    variant: str
    party_id: str
    event_ids: tuple[str, ...]
    first_event_time: datetime
    last_event_time: datetime
    due_event_id: str | None = None
    party_ids: tuple[str, ...] = ()
    illicit_usd: str | None = None
    expected: Expected | None = None

    @property
    def parties(self) -> tuple[str, ...]:
        """Raw identifiers of everybody involved, the main party among them."""
        return self.party_ids if self.party_id in self.party_ids else (self.party_id, *self.party_ids)

    @property
    def illicit_cents(self) -> int | None:
        """The illicit amount in USD cents, None where the truth does not give it."""
        return None if self.illicit_usd is None else int(Decimal(self.illicit_usd) * CENTS)

    @property
    def rightly(self) -> Expected:
        """What may rightly be the top reason; where the truth does not say, the case's own typology."""
        return self.expected or Expected((self.typology,))


class Lookalike(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="lookalike"):
    """Honest behaviour close to a typology. `event_ids` empty = all of the party's events."""

    lookalike: str
    party_id: str
    event_ids: tuple[str, ...] = ()
    resembles: str | None = None
    honest: str | bool | None = None


class Regime(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="regime"):
    """A legitimate change in the stream from local `day` on, such as firms that grow fast."""

    name: str
    day: int | str | None = None
    party_ids: tuple[str, ...] = ()


class _Bad(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="bad"):
    code: str


class _Resend(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resend"):
    event_id: str


class _Conflict(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="conflict"):
    event_id: str


class _LeftOut(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="left_out"):
    typology: str
    reason: str


class _Totals(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="totals"):
    records: int = 0


_Entry = Case | Lookalike | Regime | _Bad | _Resend | _Conflict | _LeftOut | _Totals
_DECODER: msgspec.json.Decoder[_Entry] = msgspec.json.Decoder(_Entry)


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Everything planted that the judge uses, in the file's order."""

    cases: tuple[Case, ...] = ()
    lookalikes: tuple[Lookalike, ...] = ()
    regimes: tuple[Regime, ...] = ()
    bad: int = 0
    resends: int = 0
    conflicts: int = 0


class Fault(NamedTuple):
    """What is wrong with one line, counted from 1 (0 = the file as a whole)."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class TruthFaultsError(ValueError):
    """A truth file that cannot be judged by; `faults` holds every fault found, with its line."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in faults))


def decode_truth(lines: Iterable[bytes]) -> Truth:
    """The truth in `lines` (JSON, one entry a line; empty lines are passed over).

    Raises `TruthFaultsError` with every fault of every line: no JSON, an unknown kind, a missing field, a time without
    a zone, an amount that is no number, events out of time, an id used twice; and when nothing at all was planted.
    Cost: about 3 us a line.
    """
    faults: list[Fault] = []
    entries: list[_Entry] = []
    known: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            faults.append(Fault(number, str(fault)))
            continue
        if isinstance(entry, Case):
            faults += [Fault(number, message) for message in _case_faults(entry, known)]
            known.setdefault(entry.case_id, number)
        entries.append(entry)
    if not entries and not faults:
        faults.append(Fault(0, "it holds no entry; expected: one JSON object a line, told apart by `kind`"))
    if faults:
        raise TruthFaultsError(faults)
    return Truth(
        cases=tuple([entry for entry in entries if isinstance(entry, Case)]),
        lookalikes=tuple([entry for entry in entries if isinstance(entry, Lookalike)]),
        regimes=tuple([entry for entry in entries if isinstance(entry, Regime)]),
        bad=sum(isinstance(entry, _Bad) for entry in entries),
        resends=sum(isinstance(entry, _Resend) for entry in entries),
        conflicts=sum(isinstance(entry, _Conflict) for entry in entries),
    )


def _case_faults(case: Case, known: dict[str, int]) -> list[str]:
    found = []
    if case.case_id in known:
        found.append(f"case_id {case.case_id!r} stands on line {known[case.case_id]} too; expected: an id of its own")
    if not _TYPOLOGY.fullmatch(case.typology):
        found.append(f"typology is none; got: {case.typology!r}; expected: such as 'T04'")
    if not case.event_ids:
        found.append("event_ids is empty; expected: at least one event")
    times = (case.first_event_time, case.last_event_time)
    if any(time.tzinfo is None for time in times):
        found.append(f"a time has no zone; got: {times[0]} to {times[1]}; expected: such as 2026-01-05T09:00:00+09:00")
    elif times[0] > times[1]:
        found.append(f"the last event is before the first; got: {times[0]} to {times[1]}")
    if case.illicit_usd is not None and not _is_amount(case.illicit_usd):
        found.append(f"illicit_usd is no amount; got: {case.illicit_usd!r}; expected: a decimal string of 0 or more")
    if case.due_event_id is not None and case.due_event_id not in case.event_ids:
        found.append(f"due_event_id is none of its events; got: {case.due_event_id!r}")
    return found


def _is_amount(text: str) -> bool:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return False
    return amount.is_finite() and amount >= 0
