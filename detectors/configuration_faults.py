"""What a configuration's types cannot say: numbers, dates, names and ranges that would stop the core when applied.

Asked before a configuration is put in force, because once it stands in the ledger every partition would stop at it.
"""

import re
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from detectors.alerting.desks import ANOMALY, FINDING, lists_of
from detectors.books.party import MOST_HELD
from detectors.configuration_approval import approver_faults, approvers_of
from detectors.configuration_trial import trial_fault
from detectors.contracts.configuration import (
    Admission,
    Configuration,
    DetectorSet,
    Duties,
    Engine,
    Limit,
    Quarantine,
    RateRules,
    Sanctions,
    Screens,
    TypologyRules,
    fingerprint,
)
from detectors.contracts.limits import LimitKinds, number
from detectors.memory.challengers import MOST_CHALLENGERS
from detectors.ranking.ensemble import Scorer
from detectors.typologies import NODE_REGISTRY, registered

_DESK = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# becomes a label of metrics
_CHALLENGER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
# Report numbers are compared with each mask; the lists are written by people.
MOST_LISTED, LONGEST_LISTED = 1_000, 64
# Only the weights' ratios matter; what is larger or smaller than these is a slip of the pen.
LARGEST_WEIGHT, LEAST_WEIGHT = 1000.0, 0.001
_PAIR = re.compile(r"[A-Z]{3}/[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)
# (name, least, most); a partition keeps `calibration_window` numbers for each member, 8 MB each at the most
DETECTOR_RANGES = (
    ("seed", -(2**63), 2**63 - 1),
    ("warm_up", 0, 1_000_000_000),
    ("calibration_window", 1, 1_000_000),
    ("daily_budget", 0, 1_000_000_000),
)
# As many as the largest budget.
MOST_BY_CHANCE = 1_000_000_000
# A desk that takes more needs no ceiling.
MOST_A_DAY = 1_000_000
# Rates are kept for 36 days of event time; ten years is for ever.
LONGEST_STALE_HOURS = 87_600
# Feeds are compared with each other at each rate; names are those of the contract.
MOST_SOURCES, LONGEST_SOURCE = 16, 32
# 12 GB a partition; more is a slip of the pen.
MOST_PARTIES = 20_000_000
# Dated values of a typology's limits; a law that changes every month for forty years has 480.
MOST_LIMITS = 2_000
# characters of a sender's own name that a message shows
_SHOWN = 40
_NO_ZONES = ("localtime", "posixrules", "Factory")
_DESK_EXPECTED = "1 to 40 of a-z, 0-9 and -, not - first"


def configuration_faults(configuration: Configuration) -> list[str]:
    """Every fault found, each with its place, what was got and what is expected; empty when it can be put in force."""
    return [
        *(fault for name, rules in configuration.rules.items() for fault in _names(name, rules)),
        *_desks(configuration, set(_kinds())),
        *_admission(configuration.admitted),
        *_zone_of_a_machine(configuration.engine),
        *stopping_faults(configuration),
    ]


def stopping_faults(configuration: Configuration) -> list[str]:
    """The faults that would stop a partition, at once or at a payment.

    The core asks too: a configuration that an earlier release let into the ledger, and that has one of these, is
    refused where it stands. Cost: 0.2 s with the shipped limits, once for each
    configuration in a process (configuration_trial.py).
    """
    found = [
        *(fault for name, rules in configuration.rules.items() for fault in _numbers(name, rules)),
        *_detectors(configuration.detectors, "detectors"),
        *_challengers(configuration),
        *_engine(configuration.engine),
        *_rates(configuration.rate_rules),
        *_quarantine(configuration.quarantined),
        *_of_the_law("sanctions", configuration.sanctions),
        *_of_the_law("duties", configuration.duties),
        *_of_the_law("screens", configuration.screens),
        *approver_faults(approvers_of(configuration)),
    ]
    if not found:
        # applied only when every number is within its range: a trial of others could take for ever
        failed = trial_fault(configuration)
        found += [] if failed is None else [failed]
    return found


def stand_in(fallback: Configuration, begun: Configuration) -> Configuration:
    """What is in force in a ledger that begins with a configuration that cannot be used; its partitions are a fact."""
    engine = msgspec.structs.replace(fallback.engine, partitions=max(begun.engine.partitions, 1))
    return msgspec.structs.replace(fallback, engine=engine)


def _of_the_law(name: str, table: Sanctions | Duties | Screens | msgspec.UnsetType) -> Iterator[str]:
    """Values of the law's own tables that are no number, or too many of them: an alert would stop at one."""
    if table is msgspec.UNSET:
        return
    if len(table.limits) > MOST_LIMITS:
        yield f"[{name}] limits: got: {len(table.limits)}; expected: at most {MOST_LIMITS}"
        return
    for limit in table.limits:
        try:
            number(limit.value)
        except ValueError as fault:
            yield f"[{name}] limit {limit.name[:_SHOWN]} from {limit.effective_from}: {fault}"


def _kinds() -> dict[str, LimitKinds]:
    return {one.id: one.limits for one in NODE_REGISTRY} | {one.id: one.limits for one in registered()}


def _place(name: str, limit: Limit) -> str:
    return f"[rules.{name}] limit {limit.name[:_SHOWN]} from {limit.effective_from}"


def _names(name: str, rules: TypologyRules) -> Iterator[str]:
    """Typologies, limits and units that are none, and limits that are missing."""
    kinds = _kinds().get(name)
    if kinds is None:
        yield f"[rules.{name}] no such typology; expected: one of {', '.join(sorted(_kinds()))}"
        return
    for limit in rules.limits:
        kind = kinds.get(limit.name)
        if kind is None:
            yield f"{_place(name, limit)}: no such limit; expected: some of {', '.join(kinds)}"
        elif limit.unit != kind.unit:
            yield f"{_place(name, limit)}: unit: got: {limit.unit[:_SHOWN]!r}; expected: {kind.unit}"
        elif kind.kept and _is_more(limit.value, kind.kept):
            yield (
                f"{_place(name, limit)}: got: {limit.value}; expected: at most {kind.kept} {kind.unit}: payments are "
                "kept one by one no longer, and a longer window would see the rest of it empty"
            )
    missing = [each for each, kind in kinds.items() if kind.needed and each not in {one.name for one in rules.limits}]
    if rules.enabled and missing:
        yield (
            f"[rules.{name}] limits: got: no {', '.join(missing)}; expected: each of them, or enabled = false: "
            "without it the typology is silent"
        )


def _is_more(text: str, most: str) -> bool:
    """Whether a limit's value is a number above another one; what is no number has a fault of its own."""
    try:
        return number(text) > number(most)
    except ValueError:
        return False


def _numbers(name: str, rules: TypologyRules) -> Iterator[str]:
    if len(rules.limits) > MOST_LIMITS:
        yield f"[rules.{name}] limits: got: {len(rules.limits)}; expected: at most {MOST_LIMITS}"
        return
    dated: set[tuple[str, date]] = set()
    kinds = _kinds().get(name, {})
    for limit in rules.limits:
        place, kind = _place(name, limit), kinds.get(limit.name)
        try:
            value = number(limit.value)
        except ValueError as fault:
            yield f"{place}: {fault}"
        else:
            expected = None if kind is None else kind.fault(value)
            if expected is not None:
                yield f"{place}: got: {limit.value}; expected: {expected}"
        if (limit.name, limit.effective_from) in dated:
            yield f"{place}: given twice for the same day; expected: one value a day"
        dated.add((limit.name, limit.effective_from))


def _desks(configuration: Configuration, known: set[str]) -> Iterator[str]:
    for name, desk in configuration.desks.items():
        if not _DESK.fullmatch(name):
            yield f"[desks] a desk's name becomes part of a topic's name; got: {name!r}; expected: {_DESK_EXPECTED}"
        if desk.most_a_day is not msgspec.UNSET and not 0 <= desk.most_a_day <= MOST_A_DAY:
            yield f"[desks.{name}] most_a_day: got: {desk.most_a_day}; expected: 0 to {MOST_A_DAY}"
        for typology in (one for lists in lists_of(desk) for one in lists.typologies):
            if typology not in known and typology not in {ANOMALY, FINDING}:
                expected = f"{', '.join(sorted(known))}, {ANOMALY} or {FINDING}"
                yield f"[desks.{name}] typologies: got: {typology!r}; expected: {expected}"


def _detectors(detectors: DetectorSet, place: str) -> Iterator[str]:
    """What is wrong with a detector set; `place` is its table's name."""
    try:
        Scorer.new(detectors)
    except ValueError as fault:
        yield f"[{place}.members] {fault}"
    yield from _weights(detectors, place)
    for name, low, high in DETECTOR_RANGES:
        # so written that NaN is out of range
        if not low <= getattr(detectors, name) <= high:
            yield f"[{place}] {name}: got: {getattr(detectors, name)}; expected: {low} to {high}"
    if not 0 < detectors.ceiling <= 1:
        yield f"[{place}] rank_ceiling: got: {detectors.ceiling}; expected: above 0, at most 1"
    # where it is not given it is part of the budget, which has a range of its own
    if detectors.most_by_chance is not msgspec.UNSET and not 0 <= detectors.by_chance <= MOST_BY_CHANCE:
        yield f"[{place}] most_by_chance: got: {detectors.by_chance}; expected: 0 to {MOST_BY_CHANCE}"
    if not 0 <= detectors.exploration <= 1:
        yield f"[{place}] exploration: got: {detectors.exploration}; expected: 0 to 1"


def _weights(detectors: DetectorSet, place: str) -> Iterator[str]:
    given = {} if detectors.weights is msgspec.UNSET else detectors.weights
    for name, weight in given.items():
        if name not in detectors.members:
            yield f"[{place}.weights] no such member; got: {name!r}; expected: some of {', '.join(detectors.members)}"
        if weight != 0 and not LEAST_WEIGHT <= weight <= LARGEST_WEIGHT:
            yield (f"[{place}.weights] {name}: got: {weight}; expected: 0, or {LEAST_WEIGHT:g} to {LARGEST_WEIGHT:g}")
    if detectors.members and not any(map(detectors.weight, detectors.members)):
        yield f"[{place}.weights] no member counts; got: 0 for each; expected: one above 0"


def _challengers(configuration: Configuration) -> Iterator[str]:
    """What is wrong with the sets that run beside the one in force; two that are equal could not be told apart."""
    given = configuration.challenging
    if len(given) > MOST_CHALLENGERS:
        yield f"[challengers] got: {len(given)}; expected: at most {MOST_CHALLENGERS}: each scores every payment"
        return
    seen = {fingerprint(configuration.detectors): "detectors"}
    for name, detectors in given.items():
        place = f"challengers.{name[:_SHOWN]}"
        if not _CHALLENGER.fullmatch(name):
            yield f"[challengers] a name: got: {name[:_SHOWN]!r}; expected: 1 to 32 of a-z, 0-9 and -, not - first"
        other = seen.setdefault(fingerprint(detectors), place)
        if other != place:
            yield f"[{place}] is the same detector set as [{other}]; expected: another one"
        yield from _detectors(detectors, place)


def _engine(engine: Engine) -> Iterator[str]:
    try:
        ZoneInfo(engine.time_zone)
    except (ValueError, OSError, KeyError):  # a malformed name, a directory's, an unknown one
        yield f"[engine] time_zone: got: {engine.time_zone!r}; expected: a name of the IANA time zone database"
    for name, got, low, high in (
        ("lateness_days", engine.lateness_days, 0, 365),
        ("fingerprints", engine.fingerprints, 1, 10_000_000),
        ("parties", engine.most_parties, 1, MOST_PARTIES),
        ("case_window_days", engine.case_window_days, 1, 3650),
        ("partitions", engine.partitions, 1, 4096),
    ):
        if not low <= got <= high:
            yield f"[engine] {name}: got: {got}; expected: {low} to {high}"
    if not 0 < engine.rate_stale_hours <= LONGEST_STALE_HOURS:
        yield (
            f"[engine] rate_stale_hours: got: {engine.rate_stale_hours}; expected: above 0, at most "
            f"{LONGEST_STALE_HOURS}"
        )


def _zone_of_a_machine(engine: Engine) -> Iterator[str]:
    """Names that zoneinfo finds in a machine's files and that are no zone of the database.

    Failure prevented: under `localtime` a worker elsewhere has other legal days, and a replay there other alerts.
    """
    if engine.time_zone in _NO_ZONES or engine.time_zone.startswith(("right/", "posix/")):
        yield f"[engine] time_zone: got: {engine.time_zone!r}; expected: a place, such as Asia/Seoul, or UTC"


def _admission(admission: Admission) -> Iterator[str]:
    for entry in admission.history:
        if not entry.institutions:
            yield '[[admission.history]] institutions: got: none; expected: institutions\' codes, or "*" for all'
    lists = {
        "placeholders": admission.placeholders,
        "report_numbers": admission.report_numbers,
        "officers": admission.officers,
        "institutions": (*admission.institutions, *(name for each in admission.history for name in each.institutions)),
    }
    for name, listed in lists.items():
        if len(listed) > MOST_LISTED:
            yield f"[admission] {name}: got: {len(listed)}; expected: at most {MOST_LISTED}"
        for text in listed:
            if not text.strip() or len(text) > LONGEST_LISTED:
                yield f"[admission] {name}: got: {text!r}; expected: 1 to {LONGEST_LISTED} characters, not only blanks"


def _rates(rules: RateRules) -> Iterator[str]:
    for name, low, high in (
        ("jump", 0.001, 10.0),
        ("confirm_minutes", 0.0, 10_080.0),
        ("most", 1.5, 1e6),
        ("magnitude", 1.1, 1e6),
    ):
        if not low <= getattr(rules, name) <= high:
            yield f"[rates] {name}: got: {getattr(rules, name)}; expected: {low:g} to {high:g}"
    sources = () if rules.sources is msgspec.UNSET else rules.sources
    if len(sources) > MOST_SOURCES or len(set(sources)) < len(sources):
        yield f"[rates] sources: got: {len(sources)}; expected: at most {MOST_SOURCES}, each once"
    for name in sources:
        if not name.strip() or len(name) > LONGEST_SOURCE:
            yield f"[rates] sources: got: {name!r}; expected: 1 to {LONGEST_SOURCE} characters, not only blanks"
    for pair in (*rules.pairs, *rules.confirmed):
        if not _PAIR.fullmatch(pair):
            yield f"[rates] a pair is two currencies; got: {pair!r}; expected: such as USD/KRW"
    for name, rate in (*rules.typical.items(), *rules.confirmed.items()):
        if not _RATE.fullmatch(rate) or not float(rate):
            yield f"[rates] {name}: no rate; got: {rate!r}; expected: a decimal string above 0, such as '1387.50'"


def _quarantine(rules: Quarantine) -> Iterator[str]:
    for name, low, high in (
        ("days", 0, 3650),
        ("change_payments", 2, MOST_HELD),
        ("change_days", 7, 3650),
        ("lessons_a_month", 1, 1_000_000),
    ):
        if not low <= getattr(rules, name) <= high:
            yield f"[quarantine] {name}: got: {getattr(rules, name)}; expected: {low} to {high}"
