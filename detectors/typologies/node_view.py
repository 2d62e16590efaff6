"""What a rule over a shared thing is, what it sees, and what it finds.

Such a rule is one file, one line in `NODE_REGISTRY`, and its dated limits in the configuration, like any other. It sees
a node: what residents paid to and through one shared thing (detectors/shared). A rule says which of its series a
payment belongs to, and looks at one series around one time. So the same look, made again after a payment came back,
tells whether a finding still stands.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from math import sqrt
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books import payments
from detectors.books.party import MOST_PARTS
from detectors.books.payments import Payment, Rows, exact_sum
from detectors.contracts.configuration import Legend
from detectors.contracts.events import LegKind
from detectors.contracts.limits import DatedLimit, LimitKinds, Rulebook
from detectors.typologies.base import Finding
from detectors.typologies.declared import Said, Sanction, Words
from detectors.values.legal_calendar import DAY_US, local
from detectors.wording import phrases

# A ring of hundreds is named by its largest; the alert says how many there are in all.
MOST_PARTIES = 100
_THINGS: dict[LegKind, tuple[str, str]] = {
    "counterparty": ("foreign party", "해외 상대방"),
    "account": ("foreign account", "해외 계좌"),
    "device": ("device", "접속기기"),
    "contact": ("contact", "연락처"),
    "goods": ("group of goods", "품목군"),
    "resident": ("resident", "거주자"),
}


class NodeView(msgspec.Struct, kw_only=True):
    """A node as a rule sees it; nothing here is changed.

    `rows` are its payments of the last 90 days, whose `beneficiary` is the number of a resident in `residents`, and
    `names` what their other numbers stand for. `level` above 0 says that they are those of one resident in 2**level,
    of some senders of more, and that `left_out` payments are in no row. `first_us` is when the thing was first seen
    (event time, us), `country` where the foreign side of the newest payment is. `payees` are numbers of foreign sides
    by event, on a device or contact (detectors/shared/payees.py). Of a resident's node (detectors/shared/trails.py)
    `own` is the number of the resident itself, and `vias` are kind and token of foreign parties and accounts by the
    number that stands as a row's `payment`. `senders` says, by the number of an institution, whose share its records
    count to (shares.py), and `levels` the level of each such sender that is not kept whole.
    """

    kind: LegKind
    name: str
    rows: Rows
    names: list[str]
    residents: Mapping[int, str]
    zone: ZoneInfo
    rulebook: Rulebook
    legend: Legend
    level: int = 0
    left_out: int = 0
    first_us: int = 0
    payees: Mapping[int, int] = {}
    country: str = ""
    own: int = 0
    vias: Mapping[int, tuple[LegKind, str]] = {}
    senders: Mapping[int, str] = {}
    levels: Mapping[str, int] = {}

    def limits(self, typology: str, needed: Sequence[str], at_us: int) -> dict[str, DatedLimit] | None:
        """The limits of these names in force on the local day of a time; None where one of them is not."""
        day = self.day(at_us)
        found = {name: limit for name in needed if (limit := self.rulebook.limit(typology, name, day)) is not None}
        return found if len(found) == len(needed) else None

    def day(self, at_us: int) -> date:
        """The local date of a time."""
        return local(at_us, self.zone).date()

    def window(self, rows: Rows, at_us: int, days: int) -> Rows:
        """Of some rows those of a window of days that holds a time: it ends with the last row within its width after.

        What comes in order ends it itself; what comes late completes a window that began before it.
        """
        return self.around(rows, at_us, days * DAY_US)

    def around(self, rows: Rows, at_us: int, width: int) -> Rows:
        """The same of a window of so many microseconds."""
        time = rows["time"]
        after = time[(time >= at_us) & (time < at_us + width)]
        end = int(after.max()) if len(after) else at_us
        return payments.rows_where(rows, (time > end - width) & (time <= end))

    def without(self, event: int) -> "NodeView":
        """The same, had the payment of this first event not been made."""
        return msgspec.structs.replace(self, rows=payments.rows_where(self.rows, self.rows["event"] != event))

    def sender(self, institution: int) -> str:
        """Whose share an institution's records count to; empty for all without one of their own."""
        return self.senders.get(institution, self.names[institution])

    def without_sender(self, sender: str) -> "NodeView":
        """The same, had one sender told nothing. Cost: 10 us."""
        numbers = [one for one in np.unique(self.rows["institution"]).tolist() if self.sender(one) == sender]
        left = payments.rows_where(self.rows, ~np.isin(self.rows["institution"], numbers))
        levels = {one: level for one, level in self.levels.items() if one != sender}
        return msgspec.structs.replace(self, rows=left, levels=levels, level=max(levels.values(), default=0))

    def sized(self, rows: Rows, size: int | None = None) -> tuple[int, tuple[tuple[str, int], ...]]:
        """How large a finding of these rows is (USD cents), and what of it came from each sender, the largest first.

        Of a sender of whom a sample is kept, each row stands for those left out: else a finer sample would look like a
        smaller ring. Where `size` is given it is the size, and the senders have their parts of it.
        """
        parts: dict[str, int] = {}
        for number, (cents,) in payments.sums_by(rows["institution"], rows["usd"]).items():
            sender = self.sender(number)
            parts[sender] = parts.get(sender, 0) + (cents << self.levels.get(sender, 0))
        whole = sum(parts.values())
        if size is not None and whole:
            parts, whole = {sender: cents * size // whole for sender, cents in parts.items()}, size
        return whole, tuple(sorted(parts.items(), key=lambda one: (-one[1], one[0]))[:MOST_PARTS])

    def thing(self) -> tuple[str, str]:
        """What kind of shared thing it is, in English and Korean."""
        return _THINGS[self.kind]

    def sampled(self) -> tuple[str, str]:
        """A sentence for a hub, of which only a sample of residents is looked at; empty where all are."""
        if not self.level:
            return "", ""
        share = 2**self.level
        english = (
            f" This {self.thing()[0]} has so many payers that only one resident in {share}, or more, is looked at; "
            f"{phrases.counted(self.left_out, 'payment', 'payments')} of others are counted in totals only."
        )
        korean = (
            f" 거래 당사자가 많아 거주자 {share}명 중 1명 이상의 거래만 살펴보았으며, 나머지 {self.left_out}건은 "
            f"합계로만 관리합니다."
        )
        return english, korean


class NodeFinding(NamedTuple):
    """What a rule found in a node, and the residents that it is about, by number, those with most at risk first."""

    finding: Finding
    residents: tuple[int, ...]


class NodeTypology(Protocol):
    """A rule over nodes of some kinds; its limits, words and next steps are as in any other rule (base.py)."""

    id: str
    name_en: str
    name_ko: str
    kinds: tuple[LegKind, ...]
    limits: LimitKinds
    words: Words
    next_steps: tuple[Said, ...]
    sanctions: tuple[Sanction, ...]

    def series(self, view: NodeView, payment: Payment) -> tuple[str, ...]:
        """The series of findings that a payment may complete; none where it is not of the rule's kind. 1 us."""
        ...

    def look(self, view: NodeView, series: str, at_us: int) -> NodeFinding | None:
        """What a series comes to in the windows that hold a time, or None. Changes nothing."""
        ...


def by_resident(rows: Rows) -> list[tuple[int, int]]:
    """Residents of some rows by number, each with its USD cents: the largest first, of equal ones by number."""
    sums = payments.sums_by(rows["beneficiary"], rows["usd"])
    return sorted(((who, cents) for who, (cents,) in sums.items()), key=lambda one: (-one[1], one[0]))


def spread(cents: Sequence[int]) -> float:
    """The coefficient of variation of amounts: standard deviation over mean; 0 without any.

    The sums are exact, so that every machine comes to the same number.
    """
    one, two = sum(cents), sum(each * each for each in cents)
    return sqrt(max(len(cents) * two / (one * one) - 1.0, 0.0)) if one else 0.0


def total(rows: Rows) -> int:
    """USD cents of some rows."""
    return exact_sum(rows["usd"])
