"""How a partition's state is saved: its schema, its header, and a snapshot's named sections in their order.

Sections have at most 256 KiB: msgpack and numpy buffers, never pickle.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from detectors.books.accounting import JOINS
from detectors.books.fingerprints import Fingerprints
from detectors.memory.challengers import challengers_to_state
from detectors.memory.desk_copies import SECTION as DESK_COPIES
from detectors.memory.drift import SECTION as DRIFT
from detectors.memory.exchange import BESIDE
from detectors.memory.exchange import SECTION as EXCHANGE
from detectors.memory.sections import copy_stepwise, cut, cut_stream, digest, lots
from detectors.rates.rate_checks import Checked

if TYPE_CHECKING:
    from detectors.memory.state import PartitionState

# Raise it when a section's form changes: snapshots of another schema are not loaded, the ledger is replayed instead.
# 2: former names of parties, and settlements apart from counterparties' names.
# 3: marks by the id of the topic whose records they count.
# 4: the partition's clock is bounded by Kafka timestamps; what was restated of a payment, and which one a return took
# back from; a window of fingerprints for each kind of event; payments beyond those kept one by one are folded;
# fingerprints under a former key; alerts raised, and verdicts by officer; the type in a profile, and the strictest that
# senders said; rates by ledger position, those held, and corrections under way.
# 5: what each institution said of a party's type; in a window of fingerprints each sender has a share; what each
# configured feed says of a pair; officers by rank; who had a statistical alert today; folded pieces by purpose and day;
# whose share a proof is of; how much of an alerted series came from whom; whose share a party is in, and its former
# names; whether a second institution told a payment (a bit of its row); which payments had a statistical alert; whose
# share a deal of T16 is in.
# 6: what an event of an alert's evidence was, beside its row: counterparty, branch, numbers of declaration and report;
# lines of declarations; open due dates of a party, and the clock that wakes them; the desks that got an alert, and what
# it said.
# 7: the payment of a T16 deal is known by its first event; a party's trade ledger; what a party's statistical alerts
# were of (unusual.py); what each institution told in a month.
# 8: one set of members a partition, ranks by counts of all partitions, of the whole partition and of each segment
# (calibration.py); the budget's ceiling; what the partition told all others, and what it heard of them; the lessons
# that stand, and what a party's newest alerts were raised on; challengers and what was counted of their scores;
# copies by desk and day, where there are any; payments that the models do not learn from yet.
STATE_SCHEMA = 8
QUARANTINE = (
    "quarantine_held",
    "quarantine_cleared",
    "quarantine_timed_out",
    "quarantine_changed",
    "quarantine_pushed_out",
    "quarantine_untaught",
)
# `corrections_given_up`: none any more (restatement.py); the name stands in snapshots of state schema 4.
# `restated`: payments converted anew by corrected rates; the rates' own counts stand in every partition.
# `woken`: due dates that passed; `due_dates_cut`: those beyond what one party may have open (due_dates.py).
# `quarantine_held`: payments kept back from learning, then what became of them (quarantine.py); `quarantine_untaught`:
# payments of a party beyond those that others learn from in 30 days, which are not held.
# `broadcast`: those of `applied` that stand in every partition (rates, configurations), so that totals can be told
COUNTERS = (
    "applied",
    "broadcast",
    "duplicates",
    "conflicts",
    "redelivered",
    "refused",
    "late",
    "scored",
    "rate_missing",
    "alerts",
    *JOINS,
    "folded",
    "rates_held",
    "rates_refused",
    "rates_corrected",
    "corrections_given_up",
    "restated",
    "verdicts_displaced",
    "parties_forgotten",
    "woken",
    "due_dates_cut",
    "retracted",
    *QUARANTINE,
)


class Header(msgspec.Struct, array_like=True):
    """The section `header`: the schema, where the state stands, and its small parts."""

    schema: int
    partition: int
    ledger_topic: str
    next: int
    counters: dict[str, int]
    marks: list[tuple[str, int, str, int]]
    topics: list[str]
    watermark_us: int | None
    swept_hour: int
    fingerprints: int


class Frozen:
    """A snapshot in the making; `sections` turns it into bytes a piece at a time."""

    def __init__(self, state: "PartitionState") -> None:
        marks = [(*source, offset) for source, offset in state.marks.items()]
        self._header = Header(
            STATE_SCHEMA,
            state.partition,
            state.ledger_topic,
            state.next,
            dict(state.counters),
            marks,
            list(state.topics),
            state.watermark_us,
            state.swept_hour,
            max(window.size for window in state.fingerprints.values()),
        )
        self.next = state.next
        self._configuration, self._approvals = state.configuration, state.approvals
        self._parties: list[tuple[str, bytes]] = []
        self._renamed: list[tuple[str, tuple[str, int]]] = []
        self._parts: list[tuple[str, bytes]] = []
        self._fingerprints: list[tuple[str, Fingerprints]] = []

    def fill(self, state: "PartitionState") -> Iterator[None]:
        """Take over what is large, a step at a time."""
        for _ in copy_stepwise(state.parties, self._parties):
            yield
        for _ in copy_stepwise(state.renamed, self._renamed):
            yield
        self._typologies = msgspec.msgpack.encode(state.typologies)
        self._shares, self._officers = state.shares.to_state(), state.officers.to_state()
        self._due_clock, self._institutions = state.due_clock.to_state(), state.institutions.to_state()
        yield
        for kind, window in state.fingerprints.items():
            self._fingerprints.append((kind, window.copied()))
            yield
        self._parts += [(f"features/{name}", packed) for name, packed in state.baselines.to_state()]
        yield
        if state.scorer is not None and state.budget is not None:
            self._parts.append(("budget", state.budget.to_state()))
            self._parts.append((EXCHANGE, state.exchange.to_state()))
            self._parts.append(("ranker", state.ranker.to_state()))
            if state.drifts.newest:  # in the partition that looks, once it has heard of a day
                self._parts.append((DRIFT, state.drifts.to_state()))
            self._parts += [(f"scorer/{name}", packed) for name, packed in state.scorer.to_state()]
            yield
            # no sections without challengers: such a state has the bytes that it had before there were any
            if beside := state.exchange.beside_to_state():
                self._parts.append((BESIDE, beside))
            self._parts += challengers_to_state(state.challengers)
            if state.desk_copies:
                self._parts.append((DESK_COPIES, state.desk_copies.to_state()))
            yield
        self._rates = Checked()
        yield from state.checked.copying(self._rates)
        yield
        self._restatement = state.restatement.to_state()

    def sections(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) pieces of at most 256 KiB, always the same for the same state. Each costs under 1 ms or so."""
        yield from cut("header", msgspec.msgpack.encode(self._header))
        if self._configuration is not None:
            yield from cut("configuration", msgspec.msgpack.encode(self._configuration))
        if self._approvals is not None:
            yield from cut("approvals", msgspec.msgpack.encode(self._approvals, order="deterministic"))
        yield from cut("typologies", self._typologies)
        yield from cut("shares", self._shares)
        yield from cut("officers", self._officers)
        yield from cut("due clock", self._due_clock)
        yield from cut("institutions", self._institutions)
        for kind, window in self._fingerprints:
            yield from cut(f"senders/{kind}", window.senders_to_state())
            yield from cut_stream(f"fingerprints/{kind}", window.to_state())
            if window.renamed:
                yield from cut_stream(f"formers/{kind}", window.formers_to_state())
        for name, packed in self._parts:
            yield from cut(name, packed)
        for pair, packed in self._rates.rates.sections():
            yield from cut(f"rates/{pair}", packed)
        yield from cut("rates held", self._rates.held_to_state())
        yield from cut("restatement", self._restatement)
        yield from lots("parties", self._parties, lambda item: len(item[0]) + len(item[1]))
        yield from lots("renamed", self._renamed, lambda item: len(item[0]) + len(item[1][0]))

    def digest(self) -> str:
        """SHA-256, hex, of all sections."""
        return digest(self.sections())
