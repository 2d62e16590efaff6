"""Everything the monitor has learned of one ledger partition, and how it is saved.

Saved as named sections of at most 256 KiB: msgpack and numpy buffers, never pickle. Two states that applied the same
ledger prefix have the same digest, whatever was saved and loaded in between: nothing here depends on when a snapshot
was cut.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

import msgspec

from detectors.books.accounting import JOINS
from detectors.books.fingerprints import KINDS, Fingerprints
from detectors.books.party import formers_of, last_seen
from detectors.books.restatement import Correction, Restatement
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Transaction
from detectors.features import Shared as FeatureBaselines
from detectors.memory.effective_configuration import Effective
from detectors.memory.officers import Officers
from detectors.memory.parties import Parties, parts
from detectors.memory.sections import copy_stepwise, cut, cut_stream, digest, joined, lots, under
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scorer, derived_seed
from detectors.rates.rate_checks import Checked
from detectors.rates.reference_rates import KEPT_US, Rates
from detectors.typologies.base import Shared
from detectors.values.legal_calendar import DAY_US, HOUR_US, SECOND_US
from detectors.values.shares import Shares

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
STATE_SCHEMA = 5
# `corrections_given_up`: none any more (restatement.py); the name stands in snapshots of state schema 4.
# `restated`: payments converted anew by corrected rates; the rates' own counts stand in every partition.
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
)
# A party silent for longer leaves memory. Failure prevented: memory that grows with every party ever seen. 400 days put
# any later event that may still count (35 days late at most) into another calendar year than the last payment, and
# beyond every rolling window, so no legal window can notice; what is lost is the party's own habits, profile and open
# case.
IDLE_DAYS = 400
# Failure prevented: the first payment after a year's silence, or of a year of loaded history, let go of 83 000 parties
# in one step of 4 s.
MOST_SWEPT = 256


class _Header(msgspec.Struct, array_like=True):
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


class PartitionState:
    """The state of one partition; `next` is the first ledger offset not yet applied.

    `marks` is the highest source offset applied, by input topic, partition and topic id (empty: not told).
    `parties` maps a token to its packed record, least recently touched first. `renamed` maps a party's former token to
    its newer one and the event time (us) up to which both were in use. `watermark_us` is the partition's clock
    (clock.py), None before its first payment. `code_version` is shown in alerts, `fallback` stands for a first
    configuration that cannot be used; neither is part of the digest. Models
    are None until the ledger's first record, the configuration, was applied.
    """

    def __init__(self, partition: int, ledger_topic: str) -> None:
        self.partition, self.ledger_topic = partition, ledger_topic
        self.next = 0
        self.code_version = "unknown"
        self.fallback: Configuration | None = None
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.marks: dict[tuple[str, int, str], int] = {}
        self.topics: list[str] = []
        self.watermark_us: int | None = None
        self.swept_hour = 0
        self.configuration: Configuration | None = None
        self.effective: Effective | None = None
        self.fingerprints = {kind: Fingerprints(0) for kind in KINDS.values()}
        self.shares = Shares()
        self.officers = Officers()
        self.checked = Checked()
        self.restatement = Restatement()
        self.parties = Parties()
        self.renamed: dict[str, tuple[str, int]] = {}
        self.typologies: Shared = {}
        self.baselines = FeatureBaselines()
        self.scorer: Scorer | None = None
        self.budget: Budget | None = None

    @classmethod
    def new(cls, partition: int, ledger_topic: str = "fx.ledger.v1") -> "PartitionState":
        """A state that has applied nothing."""
        return cls(partition, ledger_topic)

    @property
    def watermark(self) -> float | None:
        """The partition's clock (clock.py), seconds since 1970; None before the first payment."""
        return None if self.watermark_us is None else self.watermark_us / SECOND_US

    @property
    def rates(self) -> Rates:
        """The reference rates that are believed."""
        return self.checked.rates

    @property
    def rates_horizon_us(self) -> int | None:
        """What rates may be forgotten: older ones than any payment or correction under way can need."""
        if self.watermark_us is None:
            return None
        oldest = self.restatement.oldest_us()
        horizon = self.watermark_us - KEPT_US
        return horizon if oldest is None else min(horizon, oldest - 2 * DAY_US)

    def correct(self, pair: str, at_us: int, offset: int) -> None:
        """A rate took the place of another of its pair and time, at a ledger position: all parties follow."""
        self.restatement.begin(Correction(pair, at_us, offset), self.parties)

    def topic_number(self, topic: str) -> int:
        """The number that stands for an input topic in packed records."""
        if topic not in self.topics:
            self.topics.append(topic)
        return self.topics.index(topic)

    def install(self, configuration: Configuration) -> None:
        """Put a configuration in force. Models start anew only when the detector set changed.

        Raises `ValueError` for limits, time zones or detectors that cannot be used; then the state is unchanged.
        """
        effective = Effective(configuration)
        old, new = self.configuration, configuration
        detectors = new.detectors
        scorer, budget = self.scorer, self.budget
        if old is None or old.detectors != detectors:
            scorer = Scorer.new(detectors)
        if old is None or old.detectors != detectors or old.engine.partitions != new.engine.partitions:
            seed = derived_seed(detectors.seed, "budget", str(self.partition))
            budget = Budget.new(
                detectors.daily_budget,
                new.engine.partitions,
                detectors.exploration,
                seed,
                finest_rank=1.0 / (detectors.calibration_window + 1),
            )
        self.configuration, self.effective, self.scorer, self.budget = configuration, effective, scorer, budget
        self.list_senders(configuration)
        for window in self.fingerprints.values():
            window.surrender_all_but(self.shares.has)
            window.share_out(self.shares.quotas(configuration.engine.fingerprints))
            window.resize(configuration.engine.fingerprints)
        self.share_out_parties(configuration.engine.most_parties)

    def list_senders(self, configuration: Configuration) -> None:
        """Know the institutions and officers that a configuration names."""
        self.shares.list(configuration.admitted.institutions)
        self.officers.list(configuration.admitted.officers)

    def give_share(self, institution: str, clock_us: int) -> None:
        """Note that an institution sends, at a time of the partition's clock (shares.py).

        It may get a share of its own, and another one lose it.
        """
        given = self.shares.give(institution, clock_us)
        if not given.changed:
            return
        window = self.fingerprints[KINDS[Transaction]]
        if given.given_up is not None:
            window.surrender(given.given_up)
        window.share_out(self.shares.quotas(window.size))
        self.share_out_parties(self.parties.size)

    def share_out_parties(self, size: int) -> None:
        """Give each share its part of the places for parties, so many in all."""
        self.parties.share_out(size, parts(size, self.shares.quotas), lambda owner: self.shares.rank(owner) > 0)

    def forget_parties(self, newest: str) -> None:
        """Forget the parties that are too many (parties.py), with their former names.

        At most `MOST_SWEPT` a record, under 1 ms; after a change of configuration the next records go on.
        """
        for token, record in self.parties.forget(newest, MOST_SWEPT):
            self.counters["parties_forgotten"] += 1
            for former in [one for one in formers_of(record) if self.newest_name(one) == token]:
                self.renamed.pop(former, None)

    def rename(self, former: str, name: str, at_us: int) -> None:
        """Know a party by its newer token; a record of event time `at_us` carried both."""
        self.renamed.pop(former, None)
        self.renamed[former] = (name, max(at_us, self.watermark_us or 0))

    def newest_name(self, token: str) -> str:
        """The token that a party is kept under, however often it was renamed; the token itself when it never was."""
        while token in self.renamed:
            token = self.renamed[token][0]
        return token

    def advance(self, at_us: int) -> None:
        """Move the clock, and once an hour of its time let go of idle parties and of names long out of use.

        At most `MOST_SWEPT` of each a record, under 1 ms; what is left over goes at the next ones.
        """
        if self.watermark_us is None or at_us > self.watermark_us:
            self.watermark_us = at_us
        hour = self.watermark_us // HOUR_US
        if hour == self.swept_hour or self.effective is None:
            return
        horizon = self.watermark_us - IDLE_DAYS * DAY_US - self.effective.lateness_us
        # least recently touched first: the first that is not idle ends the sweep, so it costs nothing when none is
        first = islice(self.parties.items(), MOST_SWEPT)
        idle = [token for token, _ in takewhile(lambda each: last_seen(each[1]) < horizon, first)]
        names = islice(self.renamed.items(), MOST_SWEPT)
        unused = [former for former, _ in takewhile(lambda each: each[1][1] < horizon, names)]
        for token in idle:
            del self.parties[token]
        for former in unused:
            del self.renamed[former]
        if max(len(idle), len(unused)) < MOST_SWEPT:
            self.swept_hour = hour

    def freeze(self) -> "Frozen":
        """What a snapshot needs, cut loose from what is applied later. Party records are shared, not copied."""
        frozen, steps = self.freezing()
        for _ in steps:
            pass
        return frozen

    def freezing(self) -> "tuple[Frozen, Iterator[None]]":
        """The same, and the steps of a few ms that fill it, for a caller who has others to serve in between.

        Nothing may be applied before the steps have ended. At 83 000 parties, a twelfth of a million, the whole takes
        some 25 ms.
        """
        frozen = Frozen(self)
        return frozen, frozen.fill(self)

    @staticmethod
    def thaw(sections: Iterable[tuple[str, bytes]]) -> "PartitionState":
        """The state behind a snapshot's sections, in their order.

        Raises `ValueError` (of which msgspec's errors are a kind) for another schema, and for missing or damaged
        sections, whatever they hold.
        """
        try:
            return _thaw(joined(sections))
        except ValueError:
            raise
        except Exception as fault:
            # well-formed sections of a wrong shape fail in as many ways as there are parts; to the loader all are one
            raise ValueError(f"a snapshot's sections are not of this state's shape: {fault!r}") from fault


class Frozen:
    """A snapshot in the making; `sections` turns it into bytes a piece at a time."""

    def __init__(self, state: PartitionState) -> None:
        marks = [(*source, offset) for source, offset in state.marks.items()]
        self._header = _Header(
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
        self._configuration = state.configuration
        self._parties: list[tuple[str, bytes]] = []
        self._renamed: list[tuple[str, tuple[str, int]]] = []
        self._parts: list[tuple[str, bytes]] = []
        self._fingerprints: list[tuple[str, Fingerprints]] = []

    def fill(self, state: PartitionState) -> Iterator[None]:
        """Take over what is large, a step at a time."""
        for _ in copy_stepwise(state.parties, self._parties):
            yield
        for _ in copy_stepwise(state.renamed, self._renamed):
            yield
        self._typologies = msgspec.msgpack.encode(state.typologies)
        self._shares, self._officers = state.shares.to_state(), state.officers.to_state()
        yield
        for kind, window in state.fingerprints.items():
            self._fingerprints.append((kind, window.copied()))
            yield
        self._parts += [(f"features/{name}", packed) for name, packed in state.baselines.to_state()]
        yield
        if state.scorer is not None and state.budget is not None:
            self._parts.append(("budget", state.budget.to_state()))
            self._parts += [(f"scorer/{name}", packed) for name, packed in state.scorer.to_state()]
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
        yield from cut("typologies", self._typologies)
        yield from cut("shares", self._shares)
        yield from cut("officers", self._officers)
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


def _thaw(whole: list[tuple[str, bytes]]) -> PartitionState:
    named = dict(whole)
    windows = [f"{part}/{kind}" for kind in KINDS.values() for part in ("senders", "fingerprints")]
    for wanted in ("header", "typologies", "rates held", "restatement", "shares", "officers", *windows):
        if wanted not in named:
            raise ValueError(f"a snapshot lacks its section {wanted}; got: {', '.join(list(named)[:20]) or 'nothing'}")
    schema = msgspec.msgpack.decode(named["header"])[0]
    if schema != STATE_SCHEMA:
        raise ValueError(f"a snapshot of another state schema; got: {schema}; expected: {STATE_SCHEMA}; to do: replay")
    header = msgspec.msgpack.decode(named["header"], type=_Header)
    if header.next < 0 or tuple(header.counters) != COUNTERS:
        raise ValueError(f"a snapshot's header is damaged; got: next {header.next}, counters {list(header.counters)}")
    state = PartitionState(header.partition, header.ledger_topic)
    state.next, state.counters, state.topics = header.next, header.counters, header.topics
    state.marks = {(topic, partition, topic_id): offset for topic, partition, topic_id, offset in header.marks}
    state.watermark_us, state.swept_hour = header.watermark_us, header.swept_hour
    state.fingerprints = {
        kind: Fingerprints.from_state(
            header.fingerprints,
            named[f"fingerprints/{kind}"],
            named[f"senders/{kind}"],
            named.get(f"formers/{kind}", b""),
        )
        for kind in KINDS.values()
    }
    state.shares = Shares.from_state(named["shares"])
    state.officers = Officers.from_state(named["officers"])
    state.typologies = msgspec.msgpack.decode(named["typologies"], type=Shared)
    state.baselines = FeatureBaselines.from_state(under(whole, "features/"))
    state.checked = Checked.from_state(under(whole, "rates/"), named["rates held"])
    state.restatement = Restatement.from_state(named["restatement"])
    for _, packed in under(whole, "parties/"):
        state.parties.update(msgspec.msgpack.decode(packed, type=list[tuple[str, bytes]]))
    for _, packed in under(whole, "renamed/"):
        state.renamed.update(msgspec.msgpack.decode(packed, type=list[tuple[str, tuple[str, int]]]))
    if "configuration" in named:
        configuration = msgspec.msgpack.decode(named["configuration"], type=Configuration)
        state.configuration, state.effective = configuration, Effective(configuration)
        state.list_senders(configuration)
        for window in state.fingerprints.values():
            window.share_out(state.shares.quotas(window.size))
        state.share_out_parties(configuration.engine.most_parties)
        state.scorer = Scorer.from_state(configuration.detectors, under(whole, "scorer/"))
        state.budget = Budget.from_state(named["budget"])
    return state
