"""Everything the monitor has learned of one ledger partition.

Two states that applied the same ledger prefix have the same digest, whatever was saved and loaded in between: nothing
here depends on when a snapshot was cut. What a snapshot holds is in frozen_state.py.
"""

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import ClassVar, Self, TypeVar

import msgspec

from detectors.books.due_dates import earliest_us
from detectors.books.fingerprints import KINDS, Fingerprints
from detectors.books.party import due_of, formers_of, last_seen
from detectors.books.restatement import Correction, Restatement
from detectors.contracts.approvals import Approvals
from detectors.contracts.configuration import Configuration, fingerprint
from detectors.contracts.events import Transaction
from detectors.contracts.open_items import ItemNews
from detectors.contracts.screens import Screened
from detectors.features import Shared as FeatureBaselines
from detectors.learning.ranker import Ranker
from detectors.memory.challengers import Challenger, Models, challengers_from_state, succeed
from detectors.memory.desk_copies import NO_COPIES, DeskCopyCounts
from detectors.memory.desk_copies import SECTION as DESK_COPIES
from detectors.memory.drift import SECTION as DRIFT
from detectors.memory.drift import Drifts
from detectors.memory.due_clock import RATES, DueClock
from detectors.memory.effective_configuration import Effective
from detectors.memory.exchange import BESIDE, Exchange
from detectors.memory.exchange import SECTION as EXCHANGE
from detectors.memory.frozen_state import COUNTERS, STATE_SCHEMA, Frozen, Header
from detectors.memory.institution_months import InstitutionMonths
from detectors.memory.officers import Officers
from detectors.memory.parties import Parties, parts
from detectors.memory.sections import joined, under
from detectors.memory.wakes import Wakes
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import Scorer
from detectors.rates.rate_checks import Checked
from detectors.rates.reference_rates import KEPT_US, Rates
from detectors.typologies.base import Shared
from detectors.values.legal_calendar import DAY_US, HOUR_US, SECOND_US
from detectors.values.shares import OFFICES, OTHERS, Shares

# A party silent for longer leaves memory. Failure prevented: memory that grows with every party ever seen. 400 days put
# any later event that may still count (35 days late at most) into another calendar year than the last payment, and
# beyond every rolling window, so no legal window can notice; what is lost is the party's own habits, profile and open
# case.
IDLE_DAYS = 400
# Failure prevented: the first payment after a year's silence, or of a year of loaded history, let go of 83 000 parties
# in one step of 4 s.
MOST_SWEPT = 256
S = TypeVar("S", bound="PartitionState")


class PartitionState:
    """The state of one partition; `next` is the first ledger offset not yet applied.

    `marks` is the highest source offset applied, by input topic, partition and topic id (empty: not told).
    `parties` maps a token to its packed record, least recently touched first. `renamed` maps a party's former token to
    its newer one and the event time (us) up to which both were in use. `watermark_us` is the partition's clock
    (event_clock.py), None before its first payment. `due_clock` says which deadlines have passed, `wakes` which party
    has the next one, which follows from the parties. `challengers` score beside `scorer` (challengers.py).
    `code_version` is shown in alerts, `fallback` stands for a first configuration that cannot be used; neither is part
    of the digest, nor are `item_news`, what became of open items with the record at hand, and `screened`, who is in a
    supervisor's list by it: `core.apply` takes them. Models are None until the first record, the configuration.

    `scores` says whether models score what comes, and `idle_days` how long a silent party stays: another agent's state
    has its own (detectors/shared/state.py).
    """

    scores: ClassVar[bool] = True
    idle_days: ClassVar[int] = IDLE_DAYS

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
        self.due_clock = DueClock()
        self.wakes = Wakes()
        self.configuration: Configuration | None = None
        self.approvals: Approvals | None = None
        self.effective: Effective | None = None
        self.fingerprints = {kind: Fingerprints(0) for kind in KINDS.values()}
        self.shares = Shares()
        self.officers = Officers()
        self.checked = Checked()
        self.restatement = Restatement()
        self.parties = Parties()
        self.renamed: dict[str, tuple[str, int]] = {}
        self.typologies: Shared = {}
        self.institutions = InstitutionMonths()
        self.baselines = FeatureBaselines()
        self.scorer: Scorer | None = None
        self.budget: Budget | None = None
        self.challengers: dict[str, Challenger] = {}
        self.exchange = Exchange()
        self.ranker = Ranker()
        self.drifts = Drifts()
        self.desk_copies = DeskCopyCounts()
        self.item_news: list[ItemNews] = []
        self.screened: list[Screened] = []

    @classmethod
    def new(cls, partition: int, ledger_topic: str = "fx.ledger.v1") -> Self:
        """A state that has applied nothing."""
        return cls(partition, ledger_topic)

    @property
    def watermark(self) -> float | None:
        """The partition's clock (event_clock.py), seconds since 1970; None before the first payment."""
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

    def scorer_of(self, detectors: str) -> Scorer:
        """The scorer of the detector set in force, or of a challenger, by its fingerprint.

        Raises `KeyError` where no such set runs.
        """
        if detectors == self.exchange.detectors and self.scorer is not None:
            return self.scorer
        return {one.detectors: one.scorer for one in self.challengers.values()}[detectors]

    def correct(self, pair: str, at_us: int, offset: int) -> None:
        """A rate took the place of another of its pair and time, at a ledger position: all parties follow."""
        self.restatement.begin(Correction(pair, at_us, offset), self.parties)

    def topic_number(self, topic: str) -> int:
        """The number that stands for an input topic in packed records."""
        if topic not in self.topics:
            self.topics.append(topic)
        return self.topics.index(topic)

    def install(self, configuration: Configuration, approvals: Approvals | None = None) -> None:
        """Put a configuration in force, and who approved it. Models of a detector set that did not run start anew.

        Raises `ValueError` for limits, time zones or detectors that cannot be used; then the state is unchanged.
        """
        effective = Effective(configuration)
        old, new = self.configuration, configuration
        if self.scores:
            held = Models(self.scorer, self.budget, self.challengers)
            self.scorer, self.budget, self.challengers = succeed(held, old, new, self.partition)
            beside = [one.detectors for one in self.challengers.values()]
            self.exchange.begin(fingerprint(new.detectors), beside)
            if old is None or old.detectors != new.detectors:
                self.drifts = Drifts()  # strangeness of another set does not compare
        self.configuration, self.effective, self.approvals = configuration, effective, approvals
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
        self.due_clock.keep(self._is_witness)

    def witness(self, institution: str) -> str:
        """What an institution counts as for the due clock: itself where the configuration lists it."""
        sender = self.shares.known_as(institution)
        return sender if self._is_witness(sender) else OTHERS

    def _is_witness(self, name: str) -> bool:
        return name in {OTHERS, OFFICES, RATES} or self.shares.is_listed(name)

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
            self.wakes.note(token, None)
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

        By the due clock too, so that no sender lets go of them early. A party with an open due date stays, and stands
        behind the others then. At most `MOST_SWEPT` of each a record, under 1 ms; what is left over goes at the next
        ones.
        """
        if self.watermark_us is None or at_us > self.watermark_us:
            self.watermark_us = at_us
        hour = self.watermark_us // HOUR_US
        if hour == self.swept_hour or self.effective is None:
            return
        now_us = min(self.due_clock.among_others(self.watermark_us), self.watermark_us)
        horizon = now_us - self.idle_days * DAY_US - self.effective.lateness_us
        # least recently touched first: the first that is not idle ends the sweep, so it costs nothing when none is
        first = islice(self.parties.items(), MOST_SWEPT)
        idle = [token for token, _ in takewhile(lambda each: last_seen(each[1]) < horizon, first)]
        names = islice(self.renamed.items(), MOST_SWEPT)
        unused = [former for former, _ in takewhile(lambda each: each[1][1] < horizon, names)]
        for token in idle:
            if token in self.wakes:
                self.parties.move_last(token)
            else:
                del self.parties[token]
        for former in unused:
            del self.renamed[former]
        if max(len(idle), len(unused)) < MOST_SWEPT:
            self.swept_hour = hour

    def freeze(self) -> Frozen:
        """What a snapshot needs, cut loose from what is applied later. Party records are shared, not copied."""
        frozen, steps = self.freezing()
        for _ in steps:
            pass
        return frozen

    def freezing(self) -> tuple[Frozen, Iterator[None]]:
        """The same, and the steps of a few ms that fill it, for a caller who has others to serve in between.

        Nothing may be applied before the steps have ended. At 83 000 parties, a twelfth of a million, the whole takes
        some 25 ms.
        """
        frozen = Frozen(self)
        return frozen, frozen.fill(self)

    @classmethod
    def thaw(cls, sections: Iterable[tuple[str, bytes]]) -> Self:
        """The state behind a snapshot's sections, in their order.

        Raises `ValueError` (of which msgspec's errors are a kind) for another schema, and for missing or damaged
        sections, whatever they hold.
        """
        try:
            return _thaw(cls, joined(sections))
        except ValueError:
            raise
        except Exception as fault:
            # well-formed sections of a wrong shape fail in as many ways as there are parts; to the loader all are one
            raise ValueError(f"a snapshot's sections are not of this state's shape: {fault!r}") from fault


def _read_header(named: dict[str, bytes]) -> Header:
    """The header of a snapshot that has all its sections; raises `ValueError` for another schema or a damaged one."""
    windows = [f"{part}/{kind}" for kind in KINDS.values() for part in ("senders", "fingerprints")]
    for wanted in (
        "header",
        "typologies",
        "rates held",
        "restatement",
        "shares",
        "officers",
        "due clock",
        "institutions",
        *windows,
    ):
        if wanted not in named:
            raise ValueError(f"a snapshot lacks its section {wanted}; got: {', '.join(list(named)[:20]) or 'nothing'}")
    schema = msgspec.msgpack.decode(named["header"])[0]
    if schema != STATE_SCHEMA:
        raise ValueError(f"a snapshot of another state schema; got: {schema}; expected: {STATE_SCHEMA}; to do: replay")
    header = msgspec.msgpack.decode(named["header"], type=Header)
    if header.next < 0 or tuple(header.counters) != COUNTERS:
        raise ValueError(f"a snapshot's header is damaged; got: next {header.next}, counters {list(header.counters)}")
    return header


def _thaw(made: type[S], whole: list[tuple[str, bytes]]) -> S:
    named = dict(whole)
    header = _read_header(named)
    state = made(header.partition, header.ledger_topic)
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
    state.due_clock = DueClock.from_state(named["due clock"])
    state.typologies = msgspec.msgpack.decode(named["typologies"], type=Shared)
    state.institutions = InstitutionMonths.from_state(named["institutions"])
    state.baselines = FeatureBaselines.from_state(under(whole, "features/"))
    state.checked = Checked.from_state(under(whole, "rates/"), named["rates held"])
    state.restatement = Restatement.from_state(named["restatement"])
    for _, packed in under(whole, "parties/"):
        state.parties.update(msgspec.msgpack.decode(packed, type=list[tuple[str, bytes]]))
    for token, record in state.parties.items():
        if due := due_of(record):
            state.wakes.note(token, earliest_us(due))
    for _, packed in under(whole, "renamed/"):
        state.renamed.update(msgspec.msgpack.decode(packed, type=list[tuple[str, tuple[str, int]]]))
    if "configuration" in named:
        configuration = msgspec.msgpack.decode(named["configuration"], type=Configuration)
        state.configuration, state.effective = configuration, Effective(configuration)
        if "approvals" in named:
            state.approvals = msgspec.msgpack.decode(named["approvals"], type=Approvals)
        state.list_senders(configuration)
        for window in state.fingerprints.values():
            window.share_out(state.shares.quotas(window.size))
        state.share_out_parties(configuration.engine.most_parties)
        if state.scores:
            state.scorer = Scorer.from_state(configuration.detectors, under(whole, "scorer/"))
            state.budget = Budget.from_state(named["budget"])
            state.exchange = Exchange.from_state(named[EXCHANGE], named.get(BESIDE, b""))
            state.challengers = challengers_from_state(configuration, whole)
            state.ranker = Ranker.from_state(named["ranker"])
            if DRIFT in named:
                state.drifts = Drifts.from_state(named[DRIFT])
            state.desk_copies = DeskCopyCounts.from_state(named.get(DESK_COPIES, NO_COPIES))
    return state
