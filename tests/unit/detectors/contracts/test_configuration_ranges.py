"""Each fault of a configuration with its whole message, and the last value that is none beside the first that is."""

import re
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from detectors import configuration_faults as faults
from detectors.contracts.configuration import (
    Admission,
    Configuration,
    Desk,
    DetectorSet,
    HistoryAllowed,
    Limit,
    RateRules,
    TypologyRules,
)
from detectors.typologies import all_rules
from tests.support.ledger import configuration

GOOD = configuration()
REGISTERED = [one.id for one in all_rules()]


@pytest.fixture(autouse=True)
def _without_trial(monkeypatch):
    """What applying would show is another test's; here the ranges speak alone."""
    monkeypatch.setattr(faults, "trial_fault", lambda given: None)


def found(**parts: Any) -> list[str]:
    """The faults of the default configuration with other parts."""
    return faults.configuration_faults(msgspec.structs.replace(GOOD, **parts))


def within(table: str, **fields: Any) -> list[str]:
    return found(**{table: msgspec.structs.replace(getattr(GOOD, table), **fields)})


def rules(name: str, *limits: Limit, **fields: Any) -> list[str]:
    """The faults with these limits of a typology instead of its own ones of their names, or with only them."""
    kept = [each for each in GOOD.rules[name].limits if each.name not in {one.name for one in limits}]
    changed = msgspec.structs.replace(GOOD.rules[name], **{"limits": (*kept, *limits)} | fields)
    return found(rules=GOOD.rules | {name: changed})


def line(value: str = "5000", unit: str = "USD", name: str = "document_line", year: int = 2001) -> Limit:
    return Limit(name=name, value=value, unit=unit, effective_from=date(year, 1, 1), provenance="D")


def test_the_defaults_have_no_fault():
    """Beside every case below."""
    assert found() == []


# -- typologies ----------------------------------------------------------------------------------------------------


def test_names_and_units_are_those_of_a_typology():
    """A typology, a limit and a unit that are none, and a limit that is missing; others are told all the same."""
    assert found(rules=GOOD.rules | {"T99": TypologyRules(legal_basis="x", limits=(line(),))}) == [
        f"[rules.T99] no such typology; expected: one of {', '.join(REGISTERED)}"
    ]
    (told,) = rules("T01", line(name="documnt_line"))
    assert told.startswith("[rules.T01] limit documnt_line from 2001-01-01: no such limit; expected: some of ")
    assert told.endswith(", ".join(faults._kinds()["T01"]))
    assert rules("T01", line(unit="KRW")) == [
        "[rules.T01] limit document_line from 2001-01-01: unit: got: 'KRW'; expected: USD"
    ]
    two = rules("T01", line(name="x" * 50, unit="y" * 50), line(unit="y" * 50))
    assert [one.split(";")[0] for one in two] == [
        f"[rules.T01] limit {'x' * 40} from 2001-01-01: no such limit",
        f"[rules.T01] limit document_line from 2001-01-01: unit: got: {'y' * 40!r}",
    ]


def test_a_needed_limit_may_be_missing_only_of_a_typology_that_is_off():
    """All that are missing in one message."""
    (told,) = rules("T02", limits=())
    needed = [name for name, kind in faults._kinds()["T02"].items() if kind.needed]
    assert told == (
        f"[rules.T02] limits: got: no {', '.join(needed)}; expected: each of them, or enabled = false: "
        "without it the typology is silent"
    )
    assert rules("T02", limits=(), enabled=False) == []


def test_a_window_of_t01_is_no_longer_than_its_payments_are_kept():
    """Refused for a new configuration; one that is in a ledger already is not stopped at."""
    quarter = next(each for each in GOOD.rules["T01"].limits if each.name == "window_quarter")
    assert rules("T01", msgspec.structs.replace(quarter, value="90")) == []
    (fault,) = rules("T01", msgspec.structs.replace(quarter, value="90.001"))
    assert fault == (
        "[rules.T01] limit window_quarter from 2019-01-01: got: 90.001; expected: at most 90 days: payments are kept "
        "one by one no longer, and a longer window would see the rest of it empty"
    )
    longer = msgspec.structs.replace(
        GOOD.rules["T01"],
        limits=(
            *GOOD.rules["T01"].limits,
            msgspec.structs.replace(quarter, value="3660", effective_from=date(2030, 1, 1)),
        ),
    )
    assert faults.stopping_faults(msgspec.structs.replace(GOOD, rules=GOOD.rules | {"T01": longer})) == []


def test_limits_are_numbers_in_their_range_once_a_day():
    """The place, what was got and what is expected; one of 2 000 dates is none too many, 2 001 are."""
    (told,) = rules("T01", line("NaN"))
    assert told == (
        "[rules.T01] limit document_line from 2001-01-01: not a number of 0 or more; got: 'NaN'; "
        "expected: a decimal string, at most 1e18"
    )
    kind = faults._kinds()["T01"]["document_line"]
    assert rules("T01", line("0")) == [
        f"[rules.T01] limit document_line from 2001-01-01: got: 0; expected: {kind.least} to {kind.most} USD"
    ]
    twice = [line("1000"), line("2000"), line("3000", year=2002)]
    assert rules("T01", *twice) == [
        "[rules.T01] limit document_line from 2001-01-01: given twice for the same day; expected: one value a day"
    ]
    others = [each for each in GOOD.rules["T01"].limits if each.name != "document_line"]
    many = [line(year=1 + number) for number in range(2001 - len(others))]
    assert rules("T01", limits=(*others, *many[1:])) == []
    assert rules("T01", limits=(*others, *many)) == ["[rules.T01] limits: got: 2001; expected: at most 2000"]
    unknown = TypologyRules(legal_basis="x", limits=(line("NaN"),))
    assert len(found(rules=GOOD.rules | {"T99": unknown})) == 2


# -- desks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("a", True),
        ("0-desk", True),
        ("d" * 40, True),
        ("d" * 41, False),
        ("-a", False),
        ("Desk", False),
        ("", False),
        ("a.b", False),
    ],
)
def test_a_desks_name_can_be_part_of_a_topics(name, good):
    """1 to 40 of a-z, 0-9 and -."""
    told = (
        f"[desks] a desk's name becomes part of a topic's name; got: {name!r}; "
        "expected: 1 to 40 of a-z, 0-9 and -, not - first"
    )
    assert found(desks={name: Desk()}) == ([] if good else [told])


def test_a_desk_asks_for_typologies_that_there_are():
    """Or for alerts that none explains."""
    assert found(desks={"a": Desk(typologies=("T01", "anomaly"))}) == []
    assert found(desks={"a": Desk(typologies=("T01", "T99"))}) == [
        f"[desks.a] typologies: got: 'T99'; expected: {', '.join(REGISTERED)}, anomaly or finding"
    ]


# -- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name", "low", "high", "step"),
    [
        ("detectors", "seed", -(2**63), 2**63 - 1, 1),
        ("detectors", "warm_up", 0, 1_000_000_000, 1),
        ("detectors", "calibration_window", 1, 1_000_000, 1),
        ("detectors", "daily_budget", 0, 1_000_000_000, 1),
        ("detectors", "most_by_chance", 0, 1_000_000_000, 1),
        ("engine", "lateness_days", 0, 365, 1),
        ("engine", "fingerprints", 1, 10_000_000, 1),
        ("engine", "parties", 1, 20_000_000, 1),
        ("engine", "case_window_days", 1, 3650, 1),
        ("engine", "partitions", 1, 4096, 1),
    ],
)
def test_the_ends_of_a_range_are_in_it(table, name, low, high, step):
    """And the next number on either side is not."""
    for value in (low, high):
        assert within(table, **{name: value}) == []
    for value in (low - step, high + step):
        assert within(table, **{name: value}) == [f"[{table}] {name}: got: {value}; expected: {low} to {high}"]


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        ("jump", 0.001, 10.0, "0.001 to 10"),
        ("confirm_minutes", 0.0, 10_080.0, "0 to 10080"),
        ("most", 1.5, 1e6, "1.5 to 1e+06"),
        ("magnitude", 1.1, 1e6, "1.1 to 1e+06"),
    ],
)
def test_the_ends_of_a_range_of_rates_are_in_it(name, low, high, said):
    """NaN is in none."""
    for value in (low, high):
        assert found(rates=RateRules(**{name: value})) == []
    for value in (low * 0.99 - 1e-9, high + 0.5, float("nan")):
        assert found(rates=RateRules(**{name: value})) == [f"[rates] {name}: got: {value}; expected: {said}"]


@pytest.mark.parametrize(("value", "good"), [(0.0, False), (1e-6, True), (1.0, True), (1.1, False), (-0.1, False)])
def test_a_ceiling_is_a_rank(value, good):
    """Above 0, at most 1."""
    told = [] if good else [f"[detectors] rank_ceiling: got: {value}; expected: above 0, at most 1"]
    assert within("detectors", rank_ceiling=value) == told


@pytest.mark.parametrize(("value", "good"), [(0.0, True), (1.0, True), (-0.1, False), (1.1, False)])
def test_exploration_is_a_share(value, good):
    """0 to 1."""
    told = [] if good else [f"[detectors] exploration: got: {value}; expected: 0 to 1"]
    assert within("detectors", exploration=value) == told


@pytest.mark.parametrize(("value", "good"), [(0.0, False), (0.001, True), (87_600.0, True), (87_601.0, False)])
def test_a_rate_is_stale_after_some_time(value, good):
    """Above 0, up to ten years."""
    told = [] if good else [f"[engine] rate_stale_hours: got: {value}; expected: above 0, at most 87600"]
    assert within("engine", rate_stale_hours=value) == told


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "Asia"])
def test_a_time_zone_is_one_of_iana(name):
    """Unknown, malformed, empty, or a directory's name."""
    assert within("engine", time_zone=name) == [
        f"[engine] time_zone: got: {name!r}; expected: a name of the IANA time zone database"
    ]
    assert within("engine", time_zone="Europe/Zurich") == []
    assert any("such as Asia/Seoul" in told for told in within("engine", time_zone="Factory"))


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/Asia/Seoul", "posix/UTC"])
def test_a_time_zone_is_none_of_a_machines_own(name):
    """Each worker would have days of its own; what only looks like one is a place."""
    engine = msgspec.structs.replace(GOOD.engine, time_zone=name)
    assert list(faults._zone_of_a_machine(engine)) == [
        f"[engine] time_zone: got: {name!r}; expected: a place, such as Asia/Seoul, or UTC"
    ]
    for place in ("Asia/Seoul", "UTC"):
        assert list(faults._zone_of_a_machine(msgspec.structs.replace(GOOD.engine, time_zone=place))) == []


# -- detectors -----------------------------------------------------------------------------------------------------


def weights(**given: float) -> list[str]:
    members: dict[str, dict[str, float]] = {"robust_z": {}, "windowed_tails": {}}
    return found(detectors=DetectorSet(members=members, weights=given))


def test_weights_are_of_members_and_within_a_range():
    """0, or a thousandth to a thousand; and not every one may be 0."""
    for value in (0.0, 0.001, 1000.0):
        assert weights(robust_z=value) == []
    for value in (0.0009, 1000.1, -1.0):
        assert weights(robust_z=value) == [f"[detectors.weights] robust_z: got: {value}; expected: 0, or 0.001 to 1000"]
    assert weights(other=2.0) == [
        "[detectors.weights] no such member; got: 'other'; expected: some of robust_z, windowed_tails"
    ]
    assert weights(robust_z=0.0, windowed_tails=0.0) == [
        "[detectors.weights] no member counts; got: 0 for each; expected: one above 0"
    ]


def test_members_are_told_with_their_table():
    """The scorer's own words; without any member nothing is said of weights."""
    (told,) = found(detectors=DetectorSet(members={"x": {}}))
    assert told.startswith("[detectors.members] no such detectors; got: x; expected: some of ")
    (told,) = found(detectors=DetectorSet(members={}))
    assert told.startswith("[detectors.members] no such detectors; got: none at all")


# -- who may send what ---------------------------------------------------------------------------------------------

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def test_history_is_somebodys():
    """An entry without institutions would allow nobody."""
    one = HistoryAllowed(institutions=("SHBKKRSE",), until=UNTIL)
    none = HistoryAllowed(institutions=(), until=UNTIL)
    assert found(admission=Admission(history=(one,))) == []
    assert found(admission=Admission(history=(one, none))) == [
        '[[admission.history]] institutions: got: none; expected: institutions\' codes, or "*" for all'
    ]


@pytest.mark.parametrize("name", ["placeholders", "report_numbers", "officers", "institutions"])
def test_lists_of_texts_are_bounded(name):
    """A thousand texts of 1 to 64 characters that are not only blanks."""
    texts = tuple(f"T{number}" for number in range(1001))
    assert found(admission=Admission(**{name: (*texts[:999], "x" * 64)})) == []
    assert found(admission=Admission(**{name: texts})) == [f"[admission] {name}: got: 1001; expected: at most 1000"]
    for text in ("", "  ", "x" * 65):
        assert found(admission=Admission(**{name: (text, "good")})) == [
            f"[admission] {name}: got: {text!r}; expected: 1 to 64 characters, not only blanks"
        ]


def test_institutions_of_history_are_listed_with_the_others():
    """Together they are a thousand at most, and each of them a text."""
    history = (HistoryAllowed(institutions=tuple(f"H{number}" for number in range(501)), until=UNTIL),)
    names = tuple(f"I{number}" for number in range(500))
    assert found(admission=Admission(history=history, institutions=names)) == [
        "[admission] institutions: got: 1001; expected: at most 1000"
    ]
    blank = (HistoryAllowed(institutions=(" ",), until=UNTIL),)
    assert found(admission=Admission(history=blank)) == [
        "[admission] institutions: got: ' '; expected: 1 to 64 characters, not only blanks"
    ]


# -- rates ---------------------------------------------------------------------------------------------------------


def test_feeds_are_sixteen_at_most_and_each_once():
    """Names of 1 to 32 characters, as the contract has them."""
    sixteen = (*(f"F{number}" for number in range(15)), "x" * 32)
    assert found(rates=RateRules(sources=sixteen)) == []
    assert found(rates=RateRules(sources=(*sixteen, "one"))) == [
        "[rates] sources: got: 17; expected: at most 16, each once"
    ]
    assert found(rates=RateRules(sources=("A", "A"))) == ["[rates] sources: got: 2; expected: at most 16, each once"]
    for name in ("", " ", "x" * 33):
        assert found(rates=RateRules(sources=("A", name))) == [
            f"[rates] sources: got: {name!r}; expected: 1 to 32 characters, not only blanks"
        ]


@pytest.mark.parametrize("pair", ["USDKRW", "usd/krw", "USD/KRWX", "USD/", " USD/KRW"])
def test_a_pair_is_two_currencies(pair):
    """In the list of pairs and in the rates that an officer confirmed."""
    told = [f"[rates] a pair is two currencies; got: {pair!r}; expected: such as USD/KRW"]
    assert found(rates=RateRules(pairs=("EUR/USD", pair))) == told
    assert found(rates=RateRules(confirmed={"EUR/USD": "1.1", pair: "1400"})) == told


@pytest.mark.parametrize("rate", ["0", "0.000", "-1", "1e3", "1,5", "", "1" * 13, "1." + "1" * 13, "\u0661"])
def test_a_rate_is_a_decimal_string_above_0(rate):
    """Typical ones and confirmed ones."""
    said = f"no rate; got: {rate!r}; expected: a decimal string above 0, such as '1387.50'"
    assert found(rates=RateRules(typical={"KRW": rate, "JPY": "150"})) == [f"[rates] KRW: {said}"]
    assert found(rates=RateRules(confirmed={"USD/KRW": rate, "EUR/USD": "1.1"})) == [f"[rates] USD/KRW: {said}"]
    assert found(rates=RateRules(typical={"KRW": "1" * 12 + "." + "1" * 12})) == []


# -- together ------------------------------------------------------------------------------------------------------


def test_all_faults_are_told_and_the_trial_is_asked_only_when_there_is_none(monkeypatch):
    """Of every table at once; a configuration out of range is not applied."""
    asked: list[Configuration] = []
    monkeypatch.setattr(faults, "trial_fault", lambda given: asked.append(given) or "it fails")
    many = found(
        rules=GOOD.rules | {"T99": TypologyRules(legal_basis="x")},
        desks={"-": Desk()},
        detectors=msgspec.structs.replace(GOOD.detectors, exploration=2.0),
        engine=msgspec.structs.replace(GOOD.engine, partitions=0),
        rates=RateRules(jump=0.0),
        admission=Admission(officers=("",)),
    )
    assert [re.split(r"[\] ]", one)[0] for one in many] == [
        "[rules.T99",
        "[desks",
        "[admission",
        "[detectors",
        "[engine",
        "[rates",
    ]
    assert asked == []
    assert found() == ["it fails"]
    assert asked == [GOOD]
    monkeypatch.setattr(faults, "trial_fault", lambda given: None)
    assert faults.stopping_faults(GOOD) == []
    stopping = msgspec.structs.replace(
        GOOD,
        desks={"-": Desk()},
        admission=Admission(officers=("",)),
        rules=GOOD.rules | {"T01": msgspec.structs.replace(GOOD.rules["T01"], limits=(line("NaN"),))},
        detectors=msgspec.structs.replace(GOOD.detectors, exploration=2.0),
        engine=msgspec.structs.replace(GOOD.engine, partitions=0),
        rates=RateRules(jump=0.0),
    )
    assert [re.split(r"[\] ]", one)[0] for one in faults.stopping_faults(stopping)] == [
        "[rules.T01",
        "[detectors",
        "[engine",
        "[rates",
    ]
