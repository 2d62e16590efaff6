"""A configuration tried out: payments of every kind applied to a state of its own before it is put in force.

Ranges say what a number may be; only applying says whether all numbers together work. What fails here would fail at the
first such payment of every partition. The trial is pure and always the same, so that a replay decides as the first
reading did. Cost: 0.2 s with the shipped limits, 1 s where each of 13 dates changes every rule, once for each
configuration in a process.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec

from detectors import core
from detectors.contracts.configuration import Configuration, DetectorSet
from detectors.contracts.events import Declaration, Origin, Profile, Rate, Source, Transaction
from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.memory.state import PartitionState
from detectors.typologies import NODE_REGISTRY, registered
from detectors.typologies.base import Typology
from detectors.typologies.declared import TrialDay, made_up
from detectors.typologies.node_trial import try_rules

# Dates on which limits change and which are tried; of more the first, the last and some between.
MOST_DATES = 12
_KEPT_ANSWERS = 256
_SEEDS = 2**62
_SMALLEST, _LARGEST = "0.000001", "1000000000000000"
Tried = Transaction | Rate | Declaration | Profile
_answers: OrderedDict[bytes, str | None] = OrderedDict()


def trial_fault(configuration: Configuration) -> str | None:
    """What went wrong when typical and extreme events were applied under the configuration; None when nothing did."""
    # the whole hash: whoever writes configurations must not find two that share an answer
    name = hashlib.sha256(msgspec.json.encode(configuration, order="deterministic")).digest()
    if name not in _answers:
        _answers[name] = _tried(configuration)
        if len(_answers) > _KEPT_ANSWERS:
            _answers.popitem(last=False)
    return _answers[name]


def _tried(configuration: Configuration) -> str | None:
    detectors, challengers = _eager(configuration)
    tried = msgspec.structs.replace(configuration, detectors=detectors, challengers=challengers)
    state = PartitionState.new(0)
    at = "when it is put in force"
    try:
        state.install(tried)
        for offset, (what, event) in enumerate(_events(tried), 1):
            at = what
            origin = Origin(
                offset=offset, source=Source("trial", 0, offset), commitment="0" * 64, timestamp_ms=_milliseconds(event)
            )
            msgspec.json.encode(core.apply(state, event, origin))
        PartitionState.thaw(list(state.freeze().sections()))
        for what in _over_shared_things(tried, state):
            at = what
    except Exception as fault:  # noqa: BLE001  (whatever it is, every partition would meet it)
        return f"a trial fails {at}: {type(fault).__name__}: {str(fault)[:200]}"
    return None


def _eager(configuration: Configuration) -> tuple[DetectorSet, dict[str, DetectorSet]]:
    """The detector sets without a warm-up and a ceiling, so that statistical alerts come too.

    Seeds keep sets apart that differ in nothing else.
    """

    def eager(detectors: DetectorSet, number: int) -> DetectorSet:
        seed = (configuration.detectors.seed + number) % _SEEDS if number else detectors.seed
        return msgspec.structs.replace(detectors, seed=seed, warm_up=0, rank_ceiling=1.0, most_by_chance=1e9)

    others = {name: eager(one, number) for number, (name, one) in enumerate(configuration.challenging.items(), 1)}
    return eager(configuration.detectors, 0), others


def _over_shared_things(configuration: Configuration, state: PartitionState) -> Iterator[str]:
    """Rules over what residents share look under each date's limits; what is tried is said before it is.

    A date is left out where no limit of these rules changes: of 13 dates most change other rules.
    """
    effective, rulebook = state.effective, Rulebook(configuration)
    assert effective is not None
    # of all these typologies together, because one reads another's: T03 tells what T01's line is
    typologies = {rule.id for rule in NODE_REGISTRY} & configuration.rules.keys()
    theirs = [(each, one.name) for each in sorted(typologies) for one in configuration.rules[each].limits]
    tried: list[DatedLimit | None] | None = None
    for day in _dates(configuration):
        now = [rulebook.limit(typology, name, day + timedelta(days=1)) for typology, name in theirs]
        if now == tried:
            continue
        tried = now
        noon = datetime(day.year, day.month, day.day, 3, tzinfo=UTC) + timedelta(days=1)
        for what in try_rules(rulebook, noon, effective.zone, configuration.legend):
            yield f"{what} under the limits of {day}"


def _milliseconds(event: Tried) -> int:
    if isinstance(event, Transaction):
        return int(event.event_time.timestamp() * 1000)
    if isinstance(event, Profile):
        return int(event.as_of.timestamp() * 1000)
    return int((event.rate_time if isinstance(event, Rate) else event.declared_time).timestamp() * 1000)


def _events(configuration: Configuration) -> Iterator[tuple[str, Tried]]:
    """(what is tried, the event), in order of time."""
    rulebook, tried = Rulebook(configuration), dict[str, tuple[DatedLimit | None, ...]]()
    for number, day in enumerate(_dates(configuration)):
        noon = datetime(day.year, day.month, day.day, 3, tzinfo=UTC) + timedelta(days=1)
        for place, (what, event) in enumerate(_of_day(rulebook, day, noon, tried)):
            name = f"{number}.{place}"
            named = msgspec.structs.replace(event, event_id=name, identity=_hex(name), body=_hex(what))
            yield f"at {what} under the limits of {day}", named


def _dates(configuration: Configuration) -> list[date]:
    dates = {limit.effective_from for rules in configuration.rules.values() for limit in rules.limits}
    # the calendar's ends have no day after them, and are tried with payments of their own
    found = sorted(day for day in dates if date.min < day < date(9998, 1, 1)) or [date(2025, 1, 1)]
    if len(found) <= MOST_DATES:
        return found
    return sorted({found[len(found) * place // MOST_DATES] for place in range(MOST_DATES)} | {found[-1]})


def _of_day(
    rulebook: Rulebook, day: date, noon: datetime, tried: dict[str, tuple[DatedLimit | None, ...]]
) -> Iterator[tuple[str, Tried]]:
    """The events of one date: rates, then what completes each typology, then extremes.

    A typology is left out while its limits are those that it was `tried` under last: of 13 dates most change few rules.
    """
    for base, quote, mid in (("USD", "KRW", "1400"), ("EUR", "USD", "1.1")):
        yield "a rate", Rate(event_id="", identity="", body="", base=base, quote=quote, mid=mid, rate_time=noon)
    first = made_up(noon, f"t.000.first{day}", "100")
    for number, typology in enumerate(registered()):
        now = tuple(rulebook.limit(typology.id, name, day + timedelta(days=1)) for name in typology.limits)
        if tried.get(typology.id) == now:
            continue
        tried[typology.id] = now
        for place, (what, event) in enumerate(typology.trial(TrialDay(day, noon, _limits(rulebook, typology, day)))):
            first = event if number == place == 0 and isinstance(event, Transaction) else first
            yield what, event
    for number, amount in enumerate((_SMALLEST, _LARGEST)):
        for direction in ("out", "in"):
            at = noon + timedelta(minutes=number)
            yield "an extreme amount", made_up(at, f"t.000.x{day}", amount, direction=direction, party_type="bank")
    yield "a payment without a rate", made_up(noon, f"t.000.trader{day}", "100", currency="XAU", evidence="shown")
    # the first payment of the first day, right behind its rates
    yield "a return", msgspec.structs.replace(first, status="returned", original_event_id="0.2")
    late = noon - timedelta(days=400) if day.year > 2 else noon  # noqa: PLR2004
    yield "a late payment", msgspec.structs.replace(first, event_time=late)


def _limits(rulebook: Rulebook, typology: Typology, day: date) -> Callable[[str], float]:
    """A typology's own limits on the day after, 0 where there is none."""

    def limit(name: str) -> float:
        found = rulebook.limit(typology.id, name, day + timedelta(days=1))
        return 0.0 if found is None else float(found.number)

    return limit


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
