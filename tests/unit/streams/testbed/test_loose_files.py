"""Alerts that no payment's row carries are judged: due dates and the shared agent's, each at its time and once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from detectors.testbed.ground import Ground
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, BudgetFigures, Settings, judge
from detectors.testbed.loose_alerts import LooseAlert
from detectors.values.legal_calendar import to_us
from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import DECLARATIONS
from streams.settings import overlay_configuration
from streams.testbed import ledger_files, loose_files, replay, result_files, truth_files
from streams.testbed.judge import lay
from streams.testbed.loose_files import read_alerts
from streams.testbed.prepared import Silent
from streams.testbed.result_files import Result, ResultError
from tests.support.pipeline import DECLARATION
from tests.support.small_stream import START, payment, rate, record, write

RING = ("3000", "3100", "3200", "2950", "3050")
WHOLE_RING = RING * 2
# Goods due on 30 April; the customs term of two weeks ends with 14 May in Korea.
GOODS_DUE, DUE = "2026-04-30", datetime(2026, 5, 14, 15, tzinfo=UTC)
# Rates alone tell the time here, at midnight UTC: a lone witness counts for 25 h less.
WOKEN = datetime(2026, 5, 16, tzinfo=UTC)
DAYS = 40


def ring(first: int, hub: str, names: str, amounts: tuple[str, ...] = WHOLE_RING) -> list[InputRecord]:
    """Payments of as many residents to one foreign party, one every second day."""
    return [
        payment(
            first + number,
            START + timedelta(days=1 + 2 * number, hours=3),
            f"{names}{number}",
            counterparty_id=hub,
            amount=amount,
        )
        for number, amount in enumerate(amounts)
    ]


def advance(number: int, party: str) -> InputRecord:
    """A payment for goods that are due on 30 April."""
    return payment(
        number,
        START + timedelta(days=1, hours=4),
        party,
        party_type="company",
        amount="60000.00",
        purpose="10101",
        evidence="shown",
        trade_terms="advance",
        goods_due=GOODS_DUE,
        counterparty_id="X-SELLER",
    )


def declared(party: str, day: int) -> InputRecord:
    """The goods, declared."""
    at = START + timedelta(days=day, hours=2)
    body = DECLARATION | {
        "event_id": f"D-{party}",
        "party_id": party,
        "declared_time": at.isoformat(),
        "counterparty_id": "X-SELLER",
        "counterparty_country": "VN",
        "value": "60000",
    }
    return record(DECLARATIONS, body, at)


def planted(kind: str, name: str, party: str, events: list[int], **more: object) -> dict[str, object]:
    """A line of the truth."""
    named = {"case": "case_id", "lookalike": "lookalike"}[kind]
    return {"kind": kind, named: name, "party_id": party, "event_ids": [f"E-{one}" for one in events]} | more


def case(name: str, party: str, events: list[int], **more: object) -> dict[str, object]:
    """A case whose events are in the stream's first days."""
    first, last = (START + timedelta(days=day) for day in (1, 25))
    times = {"first_event_time": first.isoformat(), "last_event_time": last.isoformat()}
    return planted("case", name, party, events, typology=name[:3], variant="template", **times, **more)


TRUTH = [
    case("T03-0001", "P-R0", list(range(100, 110)), party_ids=[f"P-R{number}" for number in range(10)]),
    case("T06-0002", "C-IMP", [300]),
    planted("lookalike", "club", "P-D0", list(range(200, 205))),
    planted("lookalike", "late_goods", "C-LATE", [301]),
    planted("lookalike", "goods_in_time", "C-OK", [302]),
]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A ring and an importer whose goods never come; a club, late goods and goods in time as honest look-alikes."""
    home = tmp_path_factory.mktemp("raised")
    records = [
        *[rate(day) for day in range(DAYS)],
        *ring(100, "X-HUB", "P-R"),
        *ring(200, "X-CLUB", "P-D", RING),
        *[advance(300 + number, party) for number, party in enumerate(("C-IMP", "C-LATE", "C-OK"))],
        declared("C-OK", 12),
        declared("C-LATE", 35),
    ]
    stream = write(records, home / "stream")
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in TRUTH)
    (stream / truth_files.NAME).write_bytes(lines)
    replay.replay(
        replay.prepare_stream(stream, overlay_configuration({}), 1),
        home / "result",
        processes=1,
        force=False,
        stages=Silent(),
    )
    return result_files.read_result(home / "result")


@pytest.fixture(scope="module")
def loose(result: Result) -> list[LooseAlert]:
    """Its alerts that are no payment's."""
    return read_alerts(result).loose


@pytest.fixture(scope="module")
def ground(result: Result) -> Ground:
    """Joined with the truth."""
    return lay(result, truth_files.read_truth(result.directory.parent / "stream"))


def at_budget(ground: Ground, budget: int | str) -> BudgetFigures:
    """The product's figures."""
    settings = Settings(budgets=(20,), resamples=50, lots=0)
    return judge(ground, (), settings).judgement.system(PRODUCT).at(budget)


def statuses(result: Result, name: str) -> list[tuple[str, str]]:
    """Rule and status of each alert in a file."""
    found = [json.loads(line) for line in (result.directory / name).read_bytes().splitlines()]
    return [(one["typologies"][0]["id"], one["status"]) for one in found]


def test_the_replay_makes_legs_and_runs_the_shared_agent(result: Result) -> None:
    """A leg a payment and a declared line, beside rates and the configuration; two rings, of which one grows."""
    assert result.manifest.legs == {"applied": 18 + 2 + DAYS + 1}
    assert sorted(statuses(result, result_files.SHARED_ALERTS)) == [
        ("T03", "raised"),
        ("T03", "raised"),
        ("T03", "updated"),
    ]
    assert result.manifest.shared_alerts == 3
    assert result.manifest.nodes == len(("X-HUB", "X-CLUB", "X-SELLER", "goods"))
    assert not (result.directory / "parts").exists()


def test_an_alert_on_a_due_date_is_raised_when_the_record_comes_that_lets_it_pass(loose: list[LooseAlert]) -> None:
    """Two importers of three: the due date is 14 May, the first record that bears it out is of 16 May."""
    due = [one for one in loose if one.shared is None]
    assert [[name for name, _ in one.fired] for one in due] == [["T06", "T08"]] * 2
    assert {one.time_us for one in due} == {to_us(WOKEN)}
    assert to_us(WOKEN) > to_us(DUE)
    assert {one.events for one in due} == {frozenset({"E-300"}), frozenset({"E-301"})}
    assert [one.usd_cents for one in due] == [6_000_000, 6_000_000]


def test_an_update_is_read_too_and_what_takes_back_is_not(result: Result, loose: list[LooseAlert]) -> None:
    """The fifth payment raises each ring; the growth to ten names is a second alert of it, with all ten payments."""
    rings = [one for one in loose if one.shared is not None]
    assert {one.shared[:12] for one in rings if one.shared} == {"counterparty"}
    raised, grown = START + timedelta(days=9, hours=3), START + timedelta(days=19, hours=3)
    assert sorted((one.time_us, len(one.events)) for one in rings) == [
        (to_us(raised), 5),
        (to_us(raised), 5),
        (to_us(grown), 10),
    ]
    assert ("T06", "retracted") in statuses(result, result_files.ALERTS)
    assert len(loose) == len(statuses(result, result_files.ALERTS) + statuses(result, result_files.SHARED_ALERTS)) - 1


@pytest.mark.parametrize("budget", [20, AS_SHIPPED])
def test_they_find_their_cases_under_their_own_ids(ground: Ground, budget: int | str) -> None:
    """Both cases, at the day that the alert was raised; half of the alerts are on honest look-alikes."""
    figures = at_budget(ground, budget)
    assert {name: one.value for name, one in figures.recall.named_by_typology.items()} == {"T03": 1.0, "T06": 1.0}
    assert figures.recall.on_events.value == 1.0
    first = [START + timedelta(days=1)] * 2
    found = [START + timedelta(days=9, hours=3), WOKEN]
    late = [(end - begin) / timedelta(days=1) for begin, end in zip(first, found, strict=True)]
    assert [figures.delay.by_typology[name].value for name in ("T03", "T06")] == pytest.approx(late)
    assert {name: one.value for name, one in figures.lookalikes.by_name.items()} == {
        "club": 1.0,
        "late_goods": 1.0,
        "goods_in_time": 0.0,
    }


def test_an_honest_look_alike_that_is_alerted_is_a_false_alarm(ground: Ground) -> None:
    """Of five alerts as shipped three are on cases: one of them brings a ring up to date."""
    figures = at_budget(ground, AS_SHIPPED)
    assert (figures.precision.alerts, figures.precision.share.value) == (5, 0.6)
    assert figures.lookalikes.alerts_share == 0.4


def test_how_severe_each_alert_is(result: Result, ground: Ground) -> None:
    """As the alert itself says, whichever agent raised it; 0 is the mildest, and that of a row without an alert."""
    names = ("low", "medium", "high", "critical")
    files = (result_files.ALERTS, result_files.SHARED_ALERTS)
    lines = [json.loads(line) for name in files for line in (result.directory / name).read_bytes().splitlines()]
    said = {one["alert_id"]: names.index(one["severity"]) for one in lines}
    told = ground.sheet.alert_id.texts()
    assert ground.severity.tolist() == [0 if name is None else said[name] for name in told]
    assert len(set(said.values())) > 1


def test_what_a_rule_found_and_what_lies_on_a_hard_line(result: Result, ground: Ground) -> None:
    """All alerts here are rules'; none is on a hard line, until a rule declares one of its tests to be one."""
    assert (ground.by_rule.tolist(), ground.on_line.any()) == (ground.sheet.alerted.tolist(), False)
    (due, *_) = [one for one in read_alerts(result).loose if one.shared is None]
    (line,) = [
        one for one in loose_files._to_be_read(result.directory / result_files.ALERTS) if one.alert_id == due.alert_id
    ]
    assert loose_files._said(line, {("T06", "no_declaration")}).line
    assert not loose_files._said(line, {("T08", "no_declaration"), ("T06", "beyond_advance_period")}).line
    assert not ground.explored.any()
    drawn = msgspec.structs.replace(line, selection=loose_files._Chosen(explored=True))
    assert [loose_files._said(one, set()).explored for one in (line, drawn)] == [False, True]


def test_a_damaged_alert_is_told(result: Result, tmp_path: Path) -> None:
    """A line that is no alert, and an alert at a place that the ledger has not."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (result_files.ALERTS, result_files.SHARED_ALERTS, "ledger"):
        (copy / name).symlink_to(result.directory / name)
    (copy / result_files.SHARED_ALERTS).unlink()
    (copy / result_files.SHARED_ALERTS).write_bytes(b"{}\n")
    files = {**result.manifest.files}
    files[result_files.SHARED_ALERTS] = result_files.sha256_of(copy / result_files.SHARED_ALERTS)
    changed = result._replace(directory=copy, manifest=msgspec.structs.replace(result.manifest, files=files))
    with pytest.raises(ResultError, match="an alert cannot be read"):
        read_alerts(changed)
    with pytest.raises(ResultError, match="not in the ledger"):
        ledger_files.read_timestamps(result_files.partition_file(result.directory, "ledger", 0), [0, 10**6])


def test_two_processes_raise_the_same(result: Result, tmp_path: Path) -> None:
    """One for the ledger's partition, one for that of the legs: alerts and manifest byte for byte."""
    stream = result.directory.parent / "stream"
    source = replay.prepare_stream(stream, overlay_configuration({}), 1)
    replay.replay(source, tmp_path / "again", processes=2, force=False, stages=Silent())
    for name in (result_files.ALERTS, result_files.SHARED_ALERTS, result_files.MANIFEST):
        assert (tmp_path / "again" / name).read_bytes() == (result.directory / name).read_bytes()
