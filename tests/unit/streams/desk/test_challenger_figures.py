"""Challengers beside the champion: what counts as overlap, what verdicts say, and when they are too few to say it."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from detectors.contracts.alert import Selection
from detectors.contracts.shadow import Shadow
from streams.cli import command
from streams.desk.challenger_figures import LEAST_DECIDED, Challenged, Compared
from streams.kafka import topics
from tests.support.desk_records import disposition, record
from tests.support.read_topics import Stored, hold
from tests.unit.streams.desk.test_kpi import ANN, LOT, START, alert, given, head, row
from tests.unit.streams.monitor.test_core_shadow import SHADOW

LOTS = Selection(budget="anomaly", probability=0.1, explored=True)


def shadow(number: int, champion: int | None, day: float = 0, **changed: Any) -> Shadow:
    """A payment that the challenger would have alerted, and the number of the champion's alert of it."""
    return msgspec.structs.replace(
        SHADOW,
        trigger_event_id=f"e{number}",
        created_for=START + timedelta(days=day),
        champion_alert_id=None if champion is None else f"{champion:032x}",
        **changed,
    )


def stored(one: Shadow, offset: int = 0) -> Stored:
    return Stored(offset, one.party.encode(), msgspec.json.encode(one))


def compared(records: list[Shadow], *rows: Any) -> list[Compared]:
    found = Challenged()
    found.take([stored(one) for one in records])
    for one in rows:
        found.add(one)
    return found.told()


def models(number: int, day: float = 0, **changed: Any) -> Any:
    """An alert of the models alone."""
    return head(number, ANN, day, (), **changed)


def test_what_both_alert_is_told_from_what_the_challenger_leaves_out() -> None:
    """Verdicts are of either group; a rule's alert, one drawn by lot, and one of before the challenger are in none."""
    records = [shadow(1, 1), shadow(2, None), shadow(3, 3, 2), shadow(4, None, selection=LOTS)]
    [one] = compared(
        records,
        row(models(1), given("confirmed", 1)),
        row(models(3, 2)),
        row(models(4, 3), given("refuted", 4)),
        row(models(5, -1), given("refuted", 5)),
        row(head(6, ANN, 3, ("T01",)), given("confirmed", 6)),
        row(head(7, ANN, 3, (), selection=LOT), given("refuted", 7)),
    )
    assert (one.payments, one.overlap, one.alone, one.by_lot, one.first) == (3, 2, 1, 1, START)
    assert (one.both.alerts, one.both.confirmed, one.both.refuted, one.both.open) == (2, 1, 0, 1)
    assert (one.left_out.alerts, one.left_out.confirmed, one.left_out.refuted) == (1, 0, 1)


def test_an_alert_that_brought_the_payments_alert_up_to_date_stands_for_it() -> None:
    newest = row(models(2, 1, supersedes=f"{1:032x}", status="updated"), given("confirmed", 2))
    current = msgspec.structs.replace(newest.current, earlier=(f"{1:032x}",))
    [one] = compared([shadow(1, 1)], msgspec.structs.replace(newest, current=current))
    assert (one.both.alerts, one.both.confirmed, one.left_out.alerts) == (1, 1, 0)


def test_two_sets_under_one_name_are_two_challengers() -> None:
    found = compared([shadow(1, None, 1), shadow(2, None, detectors="beef")])
    assert [(one.challenger, one.detectors, one.payments) for one in found] == [
        ("robust", "beef", 1),
        ("robust", "f00d", 1),
    ]


@pytest.mark.parametrize(("decided", "few"), [(LEAST_DECIDED - 1, True), (LEAST_DECIDED, False)])
def test_too_few_verdicts_are_said_to_be_too_few(decided: int, few: bool) -> None:
    """Of either group."""
    both = [row(models(number), given("confirmed", number)) for number in range(1, 31)]
    left_out = [row(models(number), given("refuted", number)) for number in range(100, 100 + decided)]
    [one] = compared([shadow(number, number) for number in range(1, 31)], *both, *left_out)
    assert (one.both.decided, one.left_out.decided, one.too_few) == (30, decided, few)


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["shadow", "compare", *arguments], catch_exceptions=False)


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], list[Any]]:
    """Two alerts of the models, of which one is confirmed; the challenger has that one and another payment."""

    def kept(told: dict[str, Any], offset: int) -> Stored:
        return Stored(offset, told["party"].encode(), json.dumps(told).encode())

    held: dict[tuple[str, int], list[Any]] = {
        (topics.ALERTS, 0): [kept(alert(1, ANN, 0, ()), 0), kept(alert(2, ANN, 1, ()), 1)],
        (topics.LEDGER, 0): [record(disposition(alert_id=f"{1:032x}", party=ANN, verdict="confirmed"), 9)],
        (topics.SHADOW, 0): [stored(shadow(1, 1)), stored(shadow(2, None), 1), Stored(2, b"x", b"no record")],
    }
    hold(monkeypatch, held, {})
    return held


def test_the_command_tells_each_challenger_as_json(day: Any) -> None:
    [line] = ran("--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["challenger"], told["payments"], told["overlap"], told["alone"]) == ("robust", 2, 1, 1)
    assert told["both"] == {
        "alerts": 1,
        "confirmed": 1,
        "refuted": 0,
        "undecided": 0,
        "open": 0,
        "hit_rate": "1.0000",
        "interval": ["0.2065", "1.0000"],
    }
    assert told["left_out"]["hit_rate"] is None
    assert told["too_few_verdicts"] is True


def test_the_command_says_what_verdicts_cannot_say(day: Any) -> None:
    found = ran()
    assert found.stdout.splitlines()[1].split("\t")[:7] == ["robust", "f00d", "2026-04-01", "2", "1", "1", "both"]
    assert "robust: too few verdicts to tell; got: 1 on what both alert, 0 on what it leaves out" in found.stderr
    assert "Nobody was shown what a challenger alone would have alerted" in found.stderr
    assert "1 records could not be read" in found.stderr


def test_without_records_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    hold(monkeypatch, {}, {})
    assert ran().stdout == "no challenger would have alerted anything yet\n"
