"""How a typology sets due dates, is woken, hears of declarations, and takes back what stands no more.

A typology of one of the protocols here has the method beside those of `base.Typology`; the core finds it by that.

* It sets a due date in `learn`, `declared` or `woken`: `context.dates.of(self).set("name", item, at_us)`.
* It closes one with `close("name", item)`. One that nobody closes wakes it: `woken` looks whether the item still waits.
* It hears with `hear_amendment` what is said anew of a payment that it has learned.
* It says with `stands` whether what it alerted on would still be alerted on; where not, the alert is retracted.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from detectors.books import due_dates
from detectors.books.due_dates import OpenDate
from detectors.contracts.events import Declaration
from detectors.contracts.limits import DatedLimit
from detectors.typologies.declared import DueDate
from detectors.values.legal_calendar import to_us

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from detectors.typologies.base import Context, Finding, Past


# The calendar's ends: a date of 9999 and a term after it are no time that can be written.
_FIRST_US, _LAST_US = to_us(datetime.min.replace(tzinfo=UTC)), to_us(datetime.max.replace(tzinfo=UTC))


class _Declares(Protocol):
    """What a typology says of itself, as far as it is asked here."""

    id: str
    due_dates: tuple[DueDate, ...]


class OwnDates:
    """The open due dates of one typology in one party."""

    def __init__(self, dates: "PartyDates", typology: _Declares) -> None:
        self._dates, self._id = dates, typology.id
        self._most = {one.name: one.most_open for one in typology.due_dates}

    def set(self, name: str, item: int, at_us: int) -> None:
        """Ask to be woken when event time has passed `at_us` (us since 1970); again, and the later word counts.

        `name` is that of a declared due date, else a `KeyError`; `item` is the rule's own number for what waits, of 64
        bits, such as a ledger position. Beyond `most_open` the one that is due last is left out. Cost: 10 us.
        """
        at_us = min(max(at_us, _FIRST_US), _LAST_US)
        quiet = self._dates.quiet_until_us is not None and at_us <= self._dates.quiet_until_us
        one = OpenDate(at_us, self._kind(name), item, quiet)
        self._dates.left_out += due_dates.put(self._dates.due, one, self._most[name])

    def close(self, name: str, item: int) -> bool:
        """What was waited for came; whether the item was waiting."""
        return due_dates.take_out(self._dates.due, self._kind(name), item)

    def waiting(self, name: str) -> list[OpenDate]:
        """What waits under a name, in the order in which it will be woken."""
        return due_dates.opened(self._dates.due, self._kind(name))

    def _kind(self, name: str) -> str:
        return f"{self._id} {name}"


class PartyDates:
    """A party's open due dates while one record is applied to it.

    `quiet_until_us`: the record is loaded history, and what it sets up to that time had passed before it was read; it
    wakes its rule and alerts nobody. `left_out` counts what was beyond a rule's `most_open`. `passed_us` is the due
    clock, None before it runs, and for loaded history.
    """

    def __init__(self, due: dict[str, bytes], quiet_until_us: int | None = None, passed_us: int | None = None) -> None:
        self.due, self.quiet_until_us, self.passed_us, self.left_out = due, quiet_until_us, passed_us, 0

    @classmethod
    def at(cls, due: dict[str, bytes], passed_us: int | None, *, history: bool) -> "PartyDates":
        """Those of a party while a record is applied, at a time of the due clock."""
        return cls(due, passed_us) if history else cls(due, None, passed_us)

    def of(self, typology: _Declares) -> OwnDates:
        """Those of one typology."""
        return OwnDates(self, typology)


class Wake(NamedTuple):
    """What a typology sees when its due dates have passed: the party's past, and what was due.

    `due` are its own, in order, and are open no more. `at_us` is the time that has passed, by the partition's due
    clock; `day` the legal day of the last of the due moments, by whose law they are judged. `customs_us` and `banks_us`
    are the newest times that customs and any institution told of, None where none ever did: while who would tell is
    silent, nothing is known to be missing.
    """

    past: "Past"
    due: tuple[OpenDate, ...]
    at_us: int
    day: date
    dates: PartyDates
    party_type: str
    customs_us: int | None = None
    banks_us: int | None = None

    def limit(self, typology: str, name: str) -> DatedLimit | None:
        """The limit in force on that day, None before the first of its name."""
        return self.past.rulebook.limit(typology, name, self.day)


class Heard(NamedTuple):
    """A customs declaration as a typology sees it, at its ledger position, its legal day, and the party's past."""

    declaration: Declaration
    offset: int
    at_us: int
    day: date
    past: "Past"
    dates: PartyDates
    party_type: str

    def limit(self, typology: str, name: str) -> DatedLimit | None:
        """The limit in force on that day, None before the first of its name."""
        return self.past.rulebook.limit(typology, name, self.day)


class IsWoken(Protocol):
    """A typology that sets due dates."""

    def woken(self, wake: Wake) -> "Finding | None":
        """What the passing of these moments completes, or None. It may change its slot, and set dates anew.

        It is asked when it is switched off too, and for history, so that its slot is right; then nothing comes of the
        finding. The last of the finding's `offsets` is the alert's trigger: the event whose deadline it was.
        """
        ...


class HearsDeclarations(Protocol):
    """A typology that a declaration concerns."""

    def declared(self, heard: Heard) -> "Finding | None":
        """What a declaration completes, or None. It may change its slot, and set and close due dates."""
        ...


class HearsAmendments(Protocol):
    """A typology that keeps of a payment what its row does not say, such as its report."""

    def hear_amendment(self, context: "Context") -> None:
        """Take in what a settlement, a correction or another institution's word says of a payment that was learned.

        It may change its slot. Asked after `evaluate`, and for history too. Cost: bounded as that of `learn`.
        """
        ...


class TakesBack(Protocol):
    """A typology whose alerts can prove to stand no more."""

    def stands(self, past: "Past", series: str, at_us: int) -> bool:
        """Whether an alert on a series, raised at that event time (us), would still be raised by what counts now.

        Asked when a return, cancellation, correction or declaration changed something; of a rule with due dates, or
        with `Wanted(declarations=True)`, at each payment too. In doubt it stands. Cost: bounded by 1 ms.
        """
        ...


# Asked of each rule at each payment and declaration: `isinstance` with a protocol takes 15 us.
def is_woken(typology: object) -> "TypeIs[IsWoken]":
    """Whether it sets due dates."""
    return hasattr(typology, "woken")


def hears_declarations(typology: object) -> "TypeIs[HearsDeclarations]":
    """Whether declarations concern it."""
    return hasattr(typology, "declared")


def hears_amendments(typology: object) -> "TypeIs[HearsAmendments]":
    """Whether it wants to know what is said anew of a payment."""
    return hasattr(typology, "hear_amendment")


def takes_back(typology: object) -> "TypeIs[TakesBack]":
    """Whether its alerts can prove to stand no more."""
    return hasattr(typology, "stands")
