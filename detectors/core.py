"""The pure core: `apply(state, event, origin) -> Outputs`.

No clock, no I/O; the log alone decides every score and alert.
"""

from typing import Literal

import msgspec

from detectors.alerting.build import RaisedAlert
from detectors.alerting.screened import close_month
from detectors.alerting.woken import Occasion, is_due, pass_time, wake_due
from detectors.books.accounting import Join
from detectors.books.fingerprints import KINDS, Known, key
from detectors.books.party import MOST_RELATED, Facts
from detectors.configuration_approval import approval_faults
from detectors.contracts.alert import Alert
from detectors.contracts.events import (
    ConfigurationChange,
    Declaration,
    Disposition,
    Event,
    Origin,
    PartyType,
    Profile,
    Rate,
    Sent,
    Source,
    Transaction,
)
from detectors.contracts.learning import Learning
from detectors.contracts.open_items import ItemNews
from detectors.contracts.screens import Screened
from detectors.contracts.shadow import Shadow
from detectors.declared_line import apply_declaration
from detectors.memory import dispositions, hearing
from detectors.memory.event_clock import MILLISECOND_US, borne_out
from detectors.memory.exchange import Heard
from detectors.memory.marks import find_mark
from detectors.memory.roster import recall, store
from detectors.memory.state import PartitionState
from detectors.memory.taken_back import bring_others_up_to_date
from detectors.ranking.ensemble import Scored
from detectors.ranking.fusion import fuse
from detectors.rates.rate_checks import UNUSED, Verdict
from detectors.succession import promotion_faults
from detectors.transaction import apply_transaction
from detectors.values.legal_calendar import to_us
from detectors.values.shares import OFFICES, OTHERS

# `refused`: an event that the state does not bear out, such as a verdict on an alert that was never raised
Outcome = Literal["applied", "duplicate", "conflict", "redelivered", "configuration", "refused"]
CONFLICT = "event.conflict"
REFUSED = "configuration.refused"
UNUSABLE = "learning.unusable"
# Configurations come in one partition, so that their order is one.
RULES_PARTITION = 0


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record that the monitor does not apply. The ingest role dead-letters its original bytes.

    It is a conflict (an event of a known identity with another body), or `code` says why the state does not bear it
    out (of a verdict), or why it is not used (of a rate).

    `source`, `topic_id`, `timestamp_ms` and `commitment` (`sha256` of a record that an earlier release took in) are the
    refused record's; `first` is where the event that stands came from, of a conflict. `topic_id` is empty, and
    `timestamp_ms` (UTC) -1, in notices of earlier releases.
    """

    code: str
    source: Source | None
    sha256: str | None = None
    identity: str
    first: Source | None
    commitment: str | None = None
    topic_id: str = ""
    timestamp_ms: int = -1


class Assessed(msgspec.Struct, frozen=True):
    """What the science made of one transaction, alerted or not; the testbed judges by it.

    `score` 0-1, higher is more unusual: what an alert for this event carries or would carry, fused of the rank and the
    typologies whose finding is news. `usd` is the amount in cents, None without a rate; `fired` the strength of every
    typology that fires, news or not; `scored` what the models said, None for an amendment by an institution whose word
    about the payment they saw before; `deal_deviation_bp` how far the deal rate is from the reference rate, None
    without one of the two.
    """

    score: float
    usd: int | None
    fired: tuple[tuple[str, float], ...]
    scored: Scored | None
    deal_deviation_bp: float | None


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one ledger record.

    `raised` are the alerts, each with every desk that gets a copy of it: the event's own first, then those that it
    takes back, then those of due dates that have passed with it (woken.py).
    `assessed` is there for an applied transaction only; `join` names what is counted of one that has its payment's id
    in common with another event (accounting.py), None for most; `folded` is how many of the party's payments went into
    totals (folded_payments.py), nearly always 0. `judged_as` is the party's type as a transaction was judged
    (party_type.py); `type_differs` that the sender said another one than the party was known by. `rate` says what is
    remarkable of a rate (rate_checks.py), `faults` why a configuration was refused;
    `displaced` that another officer's verdict on the alert gave way (verdicts.py); `snooze` that an officer began or
    ended one (snoozes.py); `items` is what became of open items of trade ledgers (contracts/open_items.py);
    `screened` are the entries of supervisors' lists that came of the time that passed (contracts/screens.py).
    `told` is what the partition tells all others with this record; `heard` what became of a record that one told
    (memory/exchange.py). `shadow` is what challengers would have alerted (alerting/shadowed.py).
    """

    outcome: Outcome
    late: bool = False
    raised: tuple[RaisedAlert, ...] = ()
    notice: Notice | None = None
    assessed: Assessed | None = None
    join: Join | None = None
    folded: int = 0
    judged_as: PartyType | None = None
    type_differs: bool = False
    rate: Verdict | None = None
    faults: tuple[str, ...] = ()
    displaced: bool = False
    items: tuple[ItemNews, ...] = ()
    screened: tuple[Screened, ...] = ()
    told: tuple[Learning, ...] = ()
    heard: Heard | None = None
    snooze: Literal["begun", "ended"] | None = None
    shadow: tuple[Shadow, ...] = ()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts without their desks."""
        return tuple(one.alert for one in self.raised)

    @property
    def desks(self) -> tuple[str, ...]:
        """The desks of the first alert, none where there is none."""
        return self.raised[0].desks if self.raised else ()

    @property
    def scored(self) -> bool:
        """Whether the models scored the event."""
        return self.assessed is not None and self.assessed.scored is not None

    @property
    def rate_missing(self) -> bool:
        """Whether it was a payment whose worth in USD is not known."""
        return self.assessed is not None and self.assessed.usd is None


# What most records come to; one object, because rates come to every partition, and so that it is told at a glance.
APPLIED = Outputs(outcome="applied")


def apply(state: PartitionState, event: Event, origin: Origin) -> Outputs:
    """Apply one ledger record; `state.next` is then the offset after it.

    Raises `ValueError` when the record cannot be applied: no configuration yet, an offset already applied, a value
    that is no number. What cannot be applied is found before the party, the marks and `next` change, but a state that
    raised must not be used further: load it anew. Cost: 0.3 ms for a transaction, 5 us for a rate.
    """
    if origin.offset < state.next:
        raise ValueError(
            f"a ledger record was applied before; got: offset {origin.offset}; expected: {state.next} or more"
        )
    source = origin.source
    mark = None if source is None else find_mark(state.marks, source, origin.topic_id)
    # ingest sends each source partition in order, so what is at or below its mark was here already
    if mark is not None and source is not None and source.offset <= state.marks.get(mark, -1):
        state.counters["redelivered"] += 1
        state.next = origin.offset + 1
        return Outputs(outcome="redelivered")
    outputs = _hear(state, event, origin) if isinstance(event, Learning) else _apply_new(state, event, origin)
    if state.restatement.waiting and state.effective is not None:
        bring_others_up_to_date(state, state.effective)
    # a record of most kinds finds nothing due: that is told by one comparison
    if is_due(state) and (woken := wake_due(Occasion.of(state, origin), event)):
        outputs = msgspec.structs.replace(outputs, raised=(*outputs.raised, *woken))
    close_month(state, origin)
    if state.item_news:
        outputs = msgspec.structs.replace(outputs, items=tuple(state.item_news))
        state.item_news = []
    if state.screened:
        outputs = msgspec.structs.replace(outputs, screened=tuple(state.screened))
        state.screened = []
    if state.exchange.waiting:
        outputs = msgspec.structs.replace(outputs, told=state.exchange.take_waiting())
    if mark is not None and source is not None:
        state.marks[mark] = source.offset
    _count(state, event, outputs)
    state.next = origin.offset + 1
    return outputs


def _apply_new(state: PartitionState, event: Sent, origin: Origin) -> Outputs:
    if isinstance(event, ConfigurationChange):
        return _configure(state, event, origin)
    if state.configuration is None:
        raise ValueError(
            f"no configuration is in force at ledger offset {origin.offset}; expected: the partition's first record; "
            "to do: create the topics with `fxwatch topics apply`"
        )
    if isinstance(event, Disposition) and event.shared_token is not None:
        return APPLIED  # on an alert of the shared agent, which alone judges it (detectors/shared/core.py)
    identity, body = key(event.identity), key(event.body)
    window = state.fingerprints[KINDS[type(event)]]
    former = None if event.former is None else (key(event.former[0]), key(event.former[1]))
    known, same = window.find(identity), body
    if known is None and former is not None:
        known, same = window.find(former[0]), former[1]
    if known is not None:
        if known.body == same:
            return Outputs(outcome="duplicate")
        first = Source(state.topics[known.topic], known.partition, known.offset)
        return Outputs(outcome="conflict", notice=_notice(CONFLICT, event.identity, origin, first))
    if isinstance(event, Disposition):
        taken = dispositions.take(state, event, origin)
        if taken.refused is not None:
            # not remembered: when it is sent again it is judged again
            return Outputs(outcome="refused", notice=_notice(taken.refused, event.identity, origin, None))
        outputs = Outputs(outcome="applied", displaced=taken.displaced, snooze=taken.snooze)
    else:
        outputs = _learn(state, event, origin)
    source = origin.source or Source(state.ledger_topic, state.partition, origin.offset)
    sender = state.shares.known_as(event.institution) if isinstance(event, Transaction) else OTHERS
    window.add(identity, Known(body, state.topic_number(source.topic), source.partition, source.offset), former, sender)
    return outputs


def _configure(state: PartitionState, change: ConfigurationChange, origin: Origin) -> Outputs:
    """Put a configuration in force, or refuse one that would stop the partition or that two approvers did not sign.

    Then the former one stays.

    Earlier releases let such configurations into the ledger, and each later payment then stopped its partition: a
    replay passes them. A ledger that begins with one is under the state's `fallback`.
    """
    # the trial of a configuration applies events, so the two modules need each other
    from detectors.configuration_faults import stand_in, stopping_faults

    configuration, approvals = change.configuration, change.approvals or None
    if state.configuration is None:
        approvals = None  # nobody was there to approve a ledger's first record
    faults = stopping_faults(configuration)
    faults += approval_faults(state.configuration, state.approvals, configuration, approvals)
    faults += promotion_faults(state.configuration, configuration)
    if origin.source is not None and origin.source.partition != RULES_PARTITION:
        # the door refuses them; in an old ledger one could switch off every rule unseen by whoever reads partition 0
        found = f"partition {origin.source.partition} of {origin.source.topic}"
        faults = [f"it stands in {found}; expected: partition {RULES_PARTITION}", *faults]
    if not faults:
        state.install(configuration, approvals)
        return Outputs(outcome="configuration")
    if state.configuration is None:
        if state.fallback is None:
            raise ValueError(f"the ledger begins with a configuration that cannot be used: {faults[0]}")
        state.install(stand_in(state.fallback, configuration))
    # it stands in every partition, and one letter is enough; the first configuration is nobody's record
    told = origin.source is not None and state.partition == 0
    return Outputs(outcome="refused", notice=_notice(REFUSED, "", origin, None) if told else None, faults=tuple(faults))


def _hear(state: PartitionState, event: Learning, origin: Origin) -> Outputs:
    """Apply what a partition told; what no partition can have told is refused, and never stops this one.

    The first partition tells of it: the record comes to all of them.
    """
    heard = hearing.hear(state, event)
    if heard == "unusable":
        notice = _notice(UNUSABLE, "", origin, None) if state.partition == 0 else None
        return Outputs(outcome="refused", notice=notice, heard=heard)
    return Outputs(outcome="duplicate" if heard == "repeated" else "applied", heard=heard)


def _notice(code: str, identity: str, origin: Origin, first: Source | None) -> Notice:
    plain, keyed = (None, origin.commitment) if ":" in origin.commitment else (origin.commitment, None)
    return Notice(
        code=code,
        source=origin.source,
        identity=identity,
        first=first,
        sha256=plain,
        commitment=keyed,
        topic_id=origin.topic_id,
        timestamp_ms=origin.timestamp_ms,
    )


def _learn(state: PartitionState, event: Sent, origin: Origin) -> Outputs:
    pass_time(state, event, origin)
    if isinstance(event, Transaction):
        assert state.configuration is not None
        assert state.effective is not None
        seen = apply_transaction(state, state.configuration, state.effective, event, origin)
        rank = None if seen.scored is None else seen.scored.rank
        return Outputs(
            outcome="applied",
            late=seen.late,
            raised=seen.raised,
            assessed=Assessed(fuse(rank, seen.news), seen.usd, seen.fired, seen.scored, seen.deal_bp),
            join=seen.join,
            folded=seen.folded,
            judged_as=seen.judged_as,
            type_differs=seen.type_differs,
            shadow=seen.shadow,
        )
    if isinstance(event, Rate):
        return _rate(state, event, origin)
    if isinstance(event, Profile):
        _profile(state, event, origin)
    elif isinstance(event, Declaration):
        raised = apply_declaration(state, event, origin)
        return Outputs(outcome="applied", raised=raised) if raised else APPLIED
    return APPLIED


def _rate(state: PartitionState, event: Rate, origin: Origin) -> Outputs:
    """Use a reference rate, if it is believed; a corrected one restates what it touched.

    What is not used is told once, by the first partition: a rate comes to all of them.
    """
    effective, at_us = state.effective, to_us(event.rate_time)
    assert effective is not None
    verdict = state.checked.take(
        event.base,
        event.quote,
        event.mid,
        at_us,
        origin.offset,
        effective.rate_limits,
        effective.stale_us,
        state.rates_horizon_us,
        heard_us=origin.timestamp_ms * MILLISECOND_US,
        clock_us=state.watermark_us,
        source=event.source or "",
    )
    if verdict is None:
        return APPLIED
    if verdict == "rate.corrected":
        state.counters["rates_corrected"] += 1
        state.correct(f"{event.base}/{event.quote}", at_us, origin.offset)
    elif verdict == "rate.held":
        state.counters["rates_held"] += 1
    elif verdict in UNUSED:
        state.counters["rates_refused"] += 1
    notice = None
    if verdict in UNUSED and state.partition == 0:
        notice = _notice(verdict, event.identity, origin, None)
    return Outputs(outcome="applied", rate=verdict, notice=notice)


def _profile(state: PartitionState, event: Profile, origin: Origin) -> None:
    """Keep the newest facts of a party, by `as_of` as far as the Kafka timestamp bears it out.

    Failure prevented: a profile dated 24 h ahead stood against the right ones of a whole day.
    """
    at_us = borne_out(to_us(event.as_of), origin.timestamp_ms)
    party = recall(state, event.party, event.previous)
    if party.facts is None or at_us >= party.facts.as_of_us:
        related = tuple(party.known_as(token, event.previous) for token in event.related_counterparties[:MOST_RELATED])
        party.facts = Facts(
            at_us,
            event.registered_on,
            event.capital_krw,
            event.turnover_krw,
            event.industry_code,
            event.size,
            event.employees,
            event.region,
            related,
            event.party_type,
            event.register,
            event.residency,
        )
    party.last_us = max(party.last_us, at_us)
    store(state, event.party, event.previous, party, OFFICES)


def _count(state: PartitionState, event: Event, outputs: Outputs) -> None:
    counters, outcome = state.counters, outputs.outcome
    if outcome in {"duplicate", "conflict", "refused"}:
        counters["refused" if outcome == "refused" else f"{outcome}s"] += 1
        return
    counters["applied"] += 1
    if isinstance(event, (Rate, ConfigurationChange, Learning)):
        counters["broadcast"] += 1
    elif outputs is not APPLIED:  # of which there is nothing else to count
        counters["late"] += outputs.late
        counters["scored"] += outputs.scored
        counters["folded"] += outputs.folded
        counters["rate_missing"] += outputs.rate_missing
        counters["verdicts_displaced"] += outputs.displaced
        counters["alerts"] += len(outputs.alerts)
        if outputs.join is not None:
            counters[outputs.join] += 1
