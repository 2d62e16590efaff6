"""Corrects what followed from a party's payments when their amounts change later: returns, settlements, new rates.

A series alerts again only when it has grown enough since its last alert. What was taken back meanwhile is no growth to
be made up for. Failure prevented: one wrong rate made a year's total a billion, and no alert of that party could be
raised until the year ended, however much it really sent.
"""

from itertools import islice
from typing import NamedTuple

import msgspec

from detectors.books import payments, trade_ledger
from detectors.books.folded_payments import folded_of
from detectors.books.party import Alerted, Party, pack, unpack
from detectors.books.restatement import MOST_EFFORT, STEP_BYTES, STEP_PARTIES, RestatedChange, restate
from detectors.contracts.configuration import Legend
from detectors.memory.effective_configuration import Effective
from detectors.memory.item_news import keeping
from detectors.memory.state import PartitionState
from detectors.typologies import registered
from detectors.typologies.base import Past
from detectors.values.money import Ratio


class Before(NamedTuple):
    """A party's payments, slots and trade ledger before an event, and what it was alerted on."""

    payments: bytes
    slots: dict[str, bytes]
    alerted: tuple[Alerted, ...]
    trade: bytes = b""


def before(party: Party) -> Before:
    """What `follow` compares with; all are replaced, never changed in place."""
    return Before(party.payments, dict(party.slots), tuple(party.alerted), party.trade)


def follow(state: PartitionState, effective: Effective, party: Party, was: Before, *, reached: bool = False) -> None:
    """Bring the typologies' own memory up to date, and take from what was alerted on what was taken back since.

    `reached`: rates that something was compared with may have changed. Cost: nothing where nothing changed; 20 us an
    alerted series where something did.
    """
    amounts = party.payments is not was.payments or reached
    if not amounts and party.trade is was.trade:
        return
    now = past_of(state, effective, party)
    for typology in registered() if amounts else ():
        typology.restate(now)
    if not party.alerted:
        return
    then = past_of(state, effective, party, was)
    by_id = {typology.id: typology for typology in registered()}
    if forgot_open_items(then, now):
        by_id = {name: one for name, one in by_id.items() if not one.wants.declarations}
    for number, alerted in enumerate(party.alerted):
        name = alerted.typology.partition(" ")[0]  # cases.remembered_as
        if name not in by_id:  # a typology that this release does not know any more
            continue
        typology = by_id[name]
        less = typology.standing(then, alerted.series, alerted.time_us)
        less -= typology.standing(now, alerted.series, alerted.time_us)
        if less > 0:
            parts = {name: max(cents - less, 0) for name, cents in alerted.parts.items()}
            party.alerted[number] = msgspec.structs.replace(alerted, size=max(alerted.size - less, 0), parts=parts)


def past_of(state: PartitionState, effective: Effective, party: Party, was: Before | None = None) -> Past:
    """A party's payments as they count now, its slots and trade ledger; those before an event where `was` is given."""

    def reference(pair: str, at_us: int, offset: int) -> Ratio | None:
        base, _, quote = pair.partition("/")
        return state.rates.used(base, quote, at_us, effective.stale_us, offset)[0]

    held: Party | Before = party if was is None else was
    rows = payments.unpacked_rows(held.payments)
    names, zone, rulebook = party.names, effective.zone, effective.rulebook
    legend = Legend() if state.configuration is None else state.configuration.legend
    folded = folded_of(party)
    return Past(rows, names, zone, rulebook, held.slots, folded, reference, held.trade, legend, party.facts)


def forgot_open_items(then: Past, now: Past) -> bool:
    """Whether a record made the trade ledger of a party fold away items that were open, for want of room.

    What waited for them did not come, so nothing that rests on them is taken back. Cost: 4 us.
    """
    if then.trade == now.trade:
        return False
    before, after = (sum(one.cut for one in past.ledger.folded) for past in (then, now))
    return after > before


def bring_up_to_date(state: PartitionState, effective: Effective, token: str, party: Party) -> None:
    """Convert anew what corrected rates touched of a party, before anything is decided of it.

    A party with more payments of that rate than a step takes is finished with the next records.
    """
    name = state.newest_name(token)
    restatement = state.restatement
    was = before(party)
    step = restate(party, state.rates, restatement.corrections, effective.stale_us, restatement.looked_at(name))
    _convert_trade(state, effective, token, party)
    follow(state, effective, party, was, reached=step.reached)
    _note(state, name, step)


def bring_others_up_to_date(state: PartitionState, effective: Effective) -> None:
    """One record's share of the parties that wait for corrected rates. Cost: 0.3 ms while any wait."""
    restatement, size, spent = state.restatement, 0, state.rates.effort + MOST_EFFORT
    for token in list(islice(restatement.waiting, STEP_PARTIES)):
        packed = state.parties.get(token)
        if packed is None:  # it was let go of meanwhile
            restatement.note_done(token, state.parties)
            continue
        party = unpack(packed)
        was = before(party)
        step = restate(party, state.rates, restatement.corrections, effective.stale_us, restatement.waiting[token])
        _convert_trade(state, effective, token, party)
        if step.reached or party.trade is not was.trade:
            follow(state, effective, party, was, reached=step.reached)
            state.parties[token] = pack(party)
        _note(state, token, step)
        size += len(packed)
        if size > STEP_BYTES or state.rates.effort > spent or not restatement.waiting:
            return


def _convert_trade(state: PartitionState, effective: Effective, token: str, party: Party) -> None:
    by = keeping(state, effective, token, 0)
    trade_ledger.convert_anew(party, state.rates, state.restatement.corrections, effective.stale_us, by)


def _note(state: PartitionState, token: str, step: RestatedChange) -> None:
    state.restatement.note_done(token, state.parties, step)
    state.counters["restated"] += step.changed
