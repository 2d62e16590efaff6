"""What challengers would have alerted: their budgets are asked as the champion's is, and nobody is told."""

from collections.abc import Mapping
from typing import NamedTuple

from detectors.alerting import identity
from detectors.alerting.enough_to_compare import enough_to_compare
from detectors.contracts.alert import Position
from detectors.contracts.events import Origin, Transaction
from detectors.contracts.shadow import Shadow, Share
from detectors.features import Feature
from detectors.memory.challengers import Challenger
from detectors.memory.state import PartitionState
from detectors.ranking.ensemble import Scored
from detectors.values.legal_calendar import SECOND_US, local
from detectors.values.money import plain

# The rest of the features have next to no share. Failure prevented: a record of twenty lines for each payment.
MOST_SHARES = 8


class Compared(NamedTuple):
    """The payment that challengers scored, and what the champion made of it.

    `payment` is the number of the payment's first event, 0 where there is none; `again` says that the event is another
    institution's word about it. `usd` in cents, None without a rate. `clock_us` is the partition's clock.
    """

    event: Transaction
    origin: Origin
    clock_us: int
    features: tuple[Feature, ...]
    champion: Scored
    alert_id: str | None
    usd: int | None
    payment: int
    again: bool


def shadow(state: PartitionState, case: Compared, said: Mapping[str, Scored]) -> tuple[Shadow, ...]:
    """What each challenger would have alerted, by what they `said`; their budgets then have spent it.

    Call it for the payments that are offered to the champion's budget, and for those that it may not offer because they
    had their alert before. Changes the challengers' state alone. Cost: 5 us a challenger, 20 us a record.
    """
    found = []
    for name, challenger in state.challengers.items():
        record = _shadowed(state, case, name, challenger, said[name])
        if record is not None:
            found.append(record)
    return tuple(found)


def _shadowed(
    state: PartitionState, case: Compared, name: str, challenger: Challenger, scored: Scored
) -> Shadow | None:
    rank, effective = scored.rank, state.effective
    if rank is None or effective is None or (case.payment and challenger.chose(case.payment)):
        return None
    budget, shares = challenger.budget, state.shares
    day = local(case.clock_us, effective.zone).date().isoformat()
    if not enough_to_compare(case.features, scored):
        if not case.again:
            budget.pass_over(day)
        return None
    sender = shares.known_as(case.event.institution)
    at_s = case.clock_us / SECOND_US
    selection = budget.offer(rank, at_s, day, sender, others=shares.several, again=case.again)
    if selection is None:
        return None
    if case.payment:
        challenger.note_chosen(case.payment)
    return Shadow(
        challenger=name,
        detectors=challenger.detectors,
        trigger_event_id=case.event.event_id,
        institution=case.event.institution,
        party=case.event.party,
        created_for=case.event.event_time,
        score=round(scored.score, 6),
        rank=rank,
        rank_among=scored.among,
        contributions=tuple(
            Share(feature=feature, contribution=round(share, 6))
            for feature, share in scored.contributions[:MOST_SHARES]
        ),
        selection=selection,
        amount_usd=None if case.usd is None else plain(case.usd),
        champion_alert_id=case.alert_id,
        champion_score=round(case.champion.score, 6),
        champion_rank=case.champion.rank,
        versions=identity.versions(state),
        position=Position(topic=state.ledger_topic, partition=state.partition, offset=case.origin.offset),
    )
