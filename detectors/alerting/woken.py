"""Wakes typologies and screens whose due dates have passed, lets rules hear of declarations, and builds the alerts.

Due dates are woken in the order of their time, then party, rule and item, after the record that moved the due clock was
applied. A record wakes `MOST_ITEMS` at most, of `MOST_PARTIES` parties, and of one where its own party is a large one;
the next records go on in that order.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from detectors.alerting import build
from detectors.alerting.build import RULE, UNSCORED, AlertFacts, RaisedAlert
from detectors.alerting.screened import screened
from detectors.books import due_dates
from detectors.books.due_dates import OpenDate
from detectors.books.party import Party, pack, unpack
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import Declaration, Event, Origin, PartyType, Rate, Transaction
from detectors.memory import taken_back
from detectors.memory.due_clock import RATES
from detectors.memory.effective_configuration import Effective
from detectors.memory.state import PartitionState
from detectors.typologies import registered
from detectors.typologies.base import Finding, Past, Typology
from detectors.typologies.due import Heard, PartyDates, Wake, hears_declarations, is_woken
from detectors.typologies.screening import KIND
from detectors.typologies.screens import listed
from detectors.values.legal_calendar import from_us, local_date, to_us
from detectors.values.shares import OFFICES

# Failure prevented: 100 000 due dates of one day, after a weekend without records, and one record of seconds. A party
# costs 0.3 ms, and 3 ms where its record is long and an alert is built.
MOST_ITEMS = 32
MOST_PARTIES = 4
# The record of a party, in bytes, with which its own payment costs a millisecond or two; 200 payments are as many. A
# payment of a larger one wakes one party. Failure prevented: 15 ms for a full party's payment, and 16 for four others.
SMALL_BYTES = 16_384


class Occasion(NamedTuple):
    """What a record that is no payment is applied to."""

    state: PartitionState
    configuration: Configuration
    effective: Effective
    origin: Origin

    @classmethod
    def of(cls, state: PartitionState, origin: Origin) -> "Occasion":
        """A record under the configuration in force, which there must be."""
        assert state.configuration is not None
        assert state.effective is not None
        return cls(state, state.configuration, state.effective, origin)


def pass_time(state: PartitionState, event: Event, origin: Origin) -> None:
    """Let the due clock hear a new event; profiles, verdicts and configurations tell no time."""
    if isinstance(event, Rate):  # of most records
        witness, at = RATES, event.rate_time
    elif isinstance(event, Transaction):
        witness, at = state.witness(event.institution), event.event_time
    elif isinstance(event, Declaration):
        witness, at = OFFICES, event.declared_time
    else:
        return
    state.due_clock.hear(witness, to_us(at), origin.timestamp_ms)


def is_due(state: PartitionState) -> bool:
    """Whether any due date has passed. Cost: 0.2 us."""
    passed_us, first = state.due_clock.passed_us, state.wakes.first()
    return passed_us is not None and first is not None and first[0] < passed_us


def wake_due(occasion: Occasion, event: Event) -> list[RaisedAlert]:
    """The alerts of what is due by now, after an event was applied.

    Cost, with that of the event itself: 0.3 us more where nothing is due; under 20 ms however full parties are.
    """
    state = occasion.state
    raised: list[RaisedAlert] = []
    for token, (party, due) in _due_now(state, _most_parties(state, event)).items():
        if state.restatement.waiting:
            taken_back.bring_up_to_date(state, occasion.effective, token, party)
        alert = _wake(occasion, token, party, due)
        state.parties[token] = pack(party)
        state.wakes.note(token, due_dates.earliest_us(party.due))
        raised += [] if alert is None else [alert]
    return raised


def _most_parties(state: PartitionState, event: Event) -> int:
    """How many parties an event may wake beside what it costs itself."""
    if not isinstance(event, Transaction | Declaration):
        return MOST_PARTIES
    own = state.parties.get(state.newest_name(event.party))
    return MOST_PARTIES if own is None or len(own) <= SMALL_BYTES else 1


def _due_now(state: PartitionState, most_parties: int) -> dict[str, tuple[Party, list[OpenDate]]]:
    """One record's share of what is due, by party; it is open no more."""
    passed_us, items = state.due_clock.passed_us, 0
    found: dict[str, tuple[Party, list[OpenDate]]] = {}
    while passed_us is not None and items < MOST_ITEMS:
        first = state.wakes.first()
        if first is None or first[0] >= passed_us:
            break
        token = first[1]
        if token not in found:
            if len(found) == most_parties:
                break
            found[token] = unpack(state.parties[token]), []
        party, due = found[token]
        due.append(due_dates.pop(party.due))
        state.wakes.note(token, due_dates.earliest_us(party.due))
        items += 1
    state.counters["woken"] += items
    return found


def _wake(occasion: Occasion, token: str, party: Party, due: Sequence[OpenDate]) -> RaisedAlert | None:
    """Ask each typology that set one of these, in the registry's order, and then the supervisors' screens."""
    state = occasion.state
    past = taken_back.past_of(state, occasion.effective, party)
    dates = PartyDates.at(party.due, state.due_clock.passed_us, history=False)
    found: list[tuple[Typology, Finding]] = []
    for typology in registered():
        own = tuple(one for one in due if one.kind.startswith(f"{typology.id} "))
        if not own or not is_woken(typology):
            continue
        finding = typology.woken(_woken(occasion, party, past, dates, own))
        if finding is not None and not all(one.quiet for one in own):
            found.append((typology, finding))
    months = tuple(one for one in due if one.kind.startswith(KIND))
    if months:
        entries = listed(_woken(occasion, party, past, dates, months))
        state.screened += (screened(state, token, *entry, occasion.origin) for entry in entries)
    state.counters["due_dates_cut"] += dates.left_out
    of_rules = [one for one in due if one not in months]
    if not of_rules:
        return None
    identity = "|".join(f"{one.kind} {one.item} {one.at_us}" for one in of_rules)
    return _raise(occasion, party, found, _subject(token, party, of_rules[-1].at_us, identity))


def _woken(occasion: Occasion, party: Party, past: Past, dates: PartyDates, due: tuple[OpenDate, ...]) -> Wake:
    """What is seen when these have passed, which one rule set."""
    clock, day = occasion.state.due_clock, local_date(due[-1].at_us, occasion.effective.zone)
    assert clock.passed_us is not None
    return Wake(past, due, clock.passed_us, day, dates, party.party_type, *clock.told_until())


def hear(occasion: Occasion, event: Declaration, party: Party) -> RaisedAlert | None:
    """Let the typologies hear of a declaration of the party; the alert of what they find."""
    state, effective, origin, at_us = occasion.state, occasion.effective, occasion.origin, to_us(event.declared_time)
    listening = [one for one in registered() if hears_declarations(one)]
    if not listening:
        return None
    day, past = local_date(at_us, effective.zone), taken_back.past_of(state, effective, party)
    dates = PartyDates.at(party.due, state.due_clock.passed_us, history=origin.history)
    heard = Heard(event, origin.offset, at_us, day, past, dates, party.party_type)
    found = [(one, finding) for one in listening if (finding := one.declared(heard)) is not None]
    state.counters["due_dates_cut"] += dates.left_out
    subject = _subject(event.party, party, at_us, event.identity, event)
    return _raise(occasion, party, found, subject)


def _raise(
    occasion: Occasion, party: Party, found: Sequence[tuple[Typology, Finding]], subject: Transaction
) -> RaisedAlert | None:
    """The alert of what is news among what rules in force found; history alerts nobody."""
    state, origin = occasion.state, occasion.origin
    rules = occasion.configuration.rules
    in_force = [each for each in found if (rule := rules.get(each[0].id)) is not None and rule.enabled]
    at_us = to_us(subject.event_time)
    hits = [] if origin.history else build.news(in_force, party, at_us)
    if not hits:
        return None
    trigger = origin.offset
    if not subject.event_id:
        trigger = hits[0].finding.offsets[-1]
        name = next((one.event_id for one in party.proofs if one.offset == trigger), None)
        # what the sender called it is kept of the newest events only; the ledger has it at that position
        name = f"{state.ledger_topic}:{state.partition}:{trigger}" if name is None else name
        subject = msgspec.structs.replace(subject, event_id=name)
    krw = state.rates.ratio("USD", "KRW", at_us, occasion.effective.stale_us)
    facts = AlertFacts(
        state,
        occasion.configuration,
        subject,
        origin,
        at_us,
        party,
        None,
        None,
        krw,
        None,
        "",
        (),
        UNSCORED,
        subject.party_type,
        trigger,
    )
    return build.build(facts, hits, RULE, _never)


def _never(rank: float) -> bool:  # noqa: ARG001 - the form of an offer
    return False


def _subject(token: str, party: Party, at_us: int, identity: str, event: Declaration | None = None) -> Transaction:
    """What stands in an alert's place of the payment, where a due date or a declaration completed the finding."""
    kind: PartyType = party.party_type or "company"  # type: ignore[assignment]
    return Transaction(
        event_id="" if event is None else event.event_id,
        identity=identity,
        body="",
        event_time=from_us(at_us),
        direction="out",
        party=token,
        party_type=kind,
        counterparty="" if event is None else event.counterparty,
        counterparty_country="",
        institution="",
        channel="interbank",
        amount="0",
        currency="USD",
    )
