"""How unusual an event is, as numbers: against its party's own past and against its peers.

A new feature is one file with a `FEATURE` and one line in `REGISTRY`. Its order is part of the packed baselines'
layout.
"""

from detectors.features import (
    amount_corridor,
    amount_own,
    cadence,
    counterparty_novelty,
    country_novelty,
    currency_novelty,
    deal_rate,
    document_line,
    exchange_inflow,
    hour,
    institution_novelty,
    payment_count,
    purpose_novelty,
    slow_boiling,
    trade_terms_novelty,
    turnover_share,
    week_sum,
    weekday,
)
from detectors.features.baselines import Layout, token_hash
from detectors.features.direction import count_against
from detectors.features.familiarity import habits_of
from detectors.features.moment import HALF_LIFE_S, Definition, Moment
from detectors.features.shared import Shared
from detectors.features.view import EventView, Feature

REGISTRY: tuple[Definition, ...] = (
    amount_own.FEATURE,
    amount_corridor.FEATURE,
    week_sum.FEATURE,
    cadence.FEATURE,
    counterparty_novelty.FEATURE,
    hour.FEATURE,
    weekday.FEATURE,
    deal_rate.FEATURE,
    document_line.FEATURE,
    slow_boiling.FEATURE,
    payment_count.FEATURE,
    turnover_share.FEATURE,
    country_novelty.FEATURE,
    currency_novelty.FEATURE,
    institution_novelty.FEATURE,
    purpose_novelty.FEATURE,
    trade_terms_novelty.FEATURE,
    exchange_inflow.FEATURE,
)
NAMES: tuple[str, ...] = tuple(feature.name for feature in REGISTRY)
LAYOUT = Layout(REGISTRY)
DIRECTIONS = {feature.name: feature.direction for feature in REGISTRY}
SIDES = {feature.name: feature.side for feature in REGISTRY}


def against(feature: Feature) -> float | None:
    """How much the feature counts against its payment (direction.py); None where its deviation is not known.

    A feature that is not registered counts both ways.
    """
    return count_against(feature.deviation, DIRECTIONS.get(feature.name, "both"))


class Observation:
    """A payment measured against its party's past, before anything is learned from it.

    `features` stand in registry order. Nothing changes until `learn`. Raises `ValueError` when `baselines` is damaged
    or of another set of features. Cost: 25 us, and 10 us for `learn`.
    """

    def __init__(self, view: EventView, baselines: bytes, shared: Shared) -> None:
        self._past = LAYOUT.unpack(baselines)
        self._moment = Moment(view, shared, token_hash(view.counterparty), self._past)
        pairs = zip(REGISTRY, self._past.own, strict=True)
        self.features = tuple([feature.measure(self._moment, own) for feature, own in pairs])

    def learn(self, *, peers: bool = True) -> bytes:
        """Learn from the payment, once; returns the party's new packed baselines.

        The peers' baselines are changed in place, or not at all where `peers` is false.
        """
        past, moment = self._past, self._moment
        view = moment.view
        if not peers:
            moment.shared = Shared()  # what is learned of the peers goes with it
        for feature, own in zip(REGISTRY, past.own, strict=True):
            feature.learn(moment, own)
        past.remember(moment.counterparty, moment.fade, moment.weight)
        past.remember_habits(habits_of(view), moment.fade, moment.weight)
        if past.seen == 0:
            past.first_s = past.last_s = view.event_time_s
        else:
            past.first_s = min(past.first_s, view.event_time_s)
            past.last_s = max(past.last_s, view.event_time_s)
        past.seen = min(past.seen + 1, 0xFFFFFFFF)
        return LAYOUT.pack(past)


def observe(view: EventView, baselines: bytes, shared: Shared) -> tuple[tuple[Feature, ...], bytes]:
    """Measure all features against the past, then learn from the event.

    Returns the features in registry order and the party's new packed baselines (empty bytes in = a party never seen);
    learns the peers' baselines in `shared`, in place. Pure but for `shared`; the same calls in the same order give the
    same bytes. A late event (event time before the party's newest) is measured and learned with the weight it would
    have faded to. Raises `ValueError` when `baselines` is damaged or of another set of features. Cost: about
    35 us; memory per party at most 610 bytes.
    """
    observation = Observation(view, baselines, shared)
    return observation.features, observation.learn()


def learn_alone(view: EventView, baselines: bytes) -> bytes:
    """The party's packed baselines after a payment that its peers do not learn from, as of its own time."""
    return Observation(view, baselines, Shared()).learn(peers=False)


def measure_again(view: EventView, baselines: bytes, shared: Shared, told_s: float) -> tuple[Feature, ...]:
    """Measure a payment under another institution's word, after it was learned from the word told at `told_s`.

    Nothing is learned. The payment itself makes its counterparty no known one, nor its country and the like. The time
    since the last payment, and with it the flow, are not known: the last one may be this payment. Other baselines hold
    the payment, as one of all that they rest on. The same errors and cost as `observe`.
    """
    past = LAYOUT.unpack(baselines)
    counterparty = token_hash(view.counterparty)
    weight = 0.5 ** (max(past.last_s - told_s, 0.0) / HALF_LIFE_S)
    past.forget(counterparty, weight)
    past.forget_habits(habits_of(view), weight)
    moment = Moment(view, shared, counterparty, past)
    moment.gap_s = None
    return tuple([feature.measure(moment, own) for feature, own in zip(REGISTRY, past.own, strict=True)])


__all__ = [
    "NAMES",
    "REGISTRY",
    "EventView",
    "Feature",
    "Observation",
    "Shared",
    "against",
    "learn_alone",
    "measure_again",
    "observe",
]
