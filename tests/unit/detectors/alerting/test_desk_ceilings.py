"""A desk's ceiling: so many statistical alerts a day over all partitions; findings of the law know none."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from detectors.alerting import build as builder
from detectors.alerting.build import RULE
from detectors.configuration_faults import configuration_faults
from detectors.contracts.learning import DeskCopies, Learning
from detectors.core import apply
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import DAY_US, local_date
from tests.support.alert_case import DRAWN, case_of, hit, never
from tests.support.ledger import START, Ledger, configuration, later

ANY = {"typologies": ["anomaly", "finding"]}


def desks(**most: int | None) -> Any:
    """A configuration with these desks, each of which takes every alert, and their ceilings."""
    made = configuration(desks={"compliance": {}}, detectors={"warm_up": 1000})
    made.desks.clear()
    for name, ceiling in most.items():
        made.desks[name] = msgspec.convert(ANY | ({} if ceiling is None else {"most_a_day": ceiling}), type(_desk()))
    return made


def _desk() -> Any:
    return next(iter(configuration().desks.values()))


def case(config: Any, state: PartitionState | None = None, days: int = 0) -> Any:
    """A payment of a new party, with the state that others left."""
    made = case_of()
    made = made._replace(configuration=config, at_us=made.at_us + days * DAY_US)
    made = made._replace(origin=msgspec.structs.replace(made.origin, timestamp_ms=made.at_us // 1000))
    if state is None:
        made.state.configuration = config
        return made
    return made._replace(state=state)


def raised(one: Any, *found: Any) -> Any:
    return builder.build(one, list(found), RULE if found else DRAWN, never)


def test_what_is_over_the_ceiling_is_held_back_and_named():
    """The third alert of a day goes to the desk without a ceiling alone, and says whom it did not reach."""
    config = desks(compliance=2, customs=None)
    first = case(config)
    got = [raised(first), raised(case(config, first.state)), raised(case(config, first.state))]
    assert [one.desks for one in got] == [("compliance", "customs")] * 2 + [("customs",)]
    assert [one.alert.withheld for one in got] == [msgspec.UNSET, msgspec.UNSET, ("compliance",)]
    assert [one.alert.desk for one in got] == ["compliance", "compliance", "customs"]


def test_the_next_day_has_room_again():
    """The day is the local one of the partition's clock."""
    config = desks(compliance=1)
    first = case(config)
    assert raised(first).desks == ("compliance",)
    assert raised(case(config, first.state)).desks == ()
    assert raised(case(config, first.state, days=1)).desks == ("compliance",)


def test_a_desk_with_a_ceiling_of_none_gets_findings_alone():
    """And a finding is never held back, nor counted."""
    config = desks(compliance=0)
    first = case(config)
    alone = raised(first)
    assert (alone.desks, alone.alert.desk, alone.alert.withheld) == ((), "unassigned", ("compliance",))
    for _ in range(3):
        found = raised(case(config, first.state), hit())
        assert (found.desks, found.alert.withheld) == (("compliance",), msgspec.UNSET)
    assert first.state.exchange.take_waiting() == ()


def test_findings_take_no_room():
    """Ten findings leave a ceiling of one as it was."""
    config = desks(compliance=1)
    first = case(config)
    for _ in range(10):
        raised(case(config, first.state) if first.state.next else first, hit())
    assert raised(case(config, first.state)).desks == ("compliance",)


def test_without_a_ceiling_nothing_is_counted_or_told():
    """The shipped configuration writes what it always wrote."""
    config = desks(compliance=None)
    first = case(config)
    before = first.state.desk_copies.to_state()
    assert raised(first).desks == ("compliance",)
    assert first.state.exchange.take_waiting() == ()
    assert first.state.desk_copies.to_state() == before
    assert b"x_withheld" not in msgspec.json.encode(raised(case(config, first.state)).alert)


def test_a_copy_that_counts_is_told_to_all_partitions():
    """With the desks that got it, and the day."""
    config = desks(compliance=5, customs=None, central=0)
    first = case(config)
    raised(first)
    (told,) = first.state.exchange.take_waiting()
    day = local_date(first.at_us, first.state.effective.zone).toordinal()
    assert told == Learning(partition=3, number=1, told=DeskCopies(day=day, desks=("compliance",)))


def test_what_others_sent_counts_once_and_a_partitions_own_is_not_counted_again():
    """The ceiling is over all partitions, however often a record is written."""
    ledger = Ledger(desks(compliance=3))
    ledger.rate(later())
    ledger.pay("clock", later(hours=1), "10")
    day = local_date(ledger.state.watermark_us, ledger.state.effective.zone).toordinal()

    def hear(partition: int, number: int) -> str:
        told = DeskCopies(day=day, desks=("compliance",))
        event = Learning(partition=partition, number=number, told=told)
        return ledger.put(event, ledger.origin("fx.learning.v1")).outcome

    counts = ledger.state.desk_copies
    assert [hear(7, 1), counts.sent(day, "compliance")] == ["applied", 1]
    assert [hear(7, 1), counts.sent(day, "compliance")] == ["duplicate", 1]
    assert [hear(3, 1), counts.sent(day, "compliance")] == ["applied", 1]
    assert [hear(8, 1), counts.sent(day, "compliance")] == ["applied", 2]


def alerting(**most: int) -> Any:
    """Rules off, and every payment of a warm partition an alert."""
    ranks = {"warm_up": 20, "daily_budget": 1e6, "rank_ceiling": 1.0, "most_by_chance": 1e9, "exploration": 0.0}
    made = configuration(detectors=ranks, rules={name: {"enabled": False} for name in configuration().rules})
    for name, desk in list(made.desks.items()):
        changed = {"typologies": ("anomaly",), "also": msgspec.UNSET, "rest": msgspec.UNSET}
        changed["most_a_day"] = most.get(name, msgspec.UNSET)
        made.desks[name] = msgspec.structs.replace(desk, **changed)
    return made


def stream(ledger: Ledger, days: int = 12) -> list[tuple[str, Any]]:
    """Six parties pay ten times each, and then something unusual now and then; (local day, alert) in order."""
    ledger.rate(later())
    got = []
    for number in range(days * 24):
        at = START + timedelta(hours=number)
        if number % 24 == 0:
            ledger.rate(at)
        amount = "90000" if number > 150 and number % 3 == 0 else str(100 + 7 * number % 50)
        fields = {"party": f"k1.{number % 6}.remitter", "institution": f"BANK{number % 3}"}
        day = local_date(int(at.timestamp() * 1e6), ledger.state.effective.zone).isoformat()
        got += [(day, one) for one in ledger.pay(f"e{number}", at, amount, **fields).raised]
    return got


def test_a_stream_never_passes_a_ceiling_and_loses_nothing():
    """Each alert is on `fx.alerts.v1`; the desk gets at most two new ones a day, and those held back name it."""
    config = alerting(compliance=2)
    got = stream(Ledger(config))
    new: dict[str, int] = {}
    for day, (alert, copies) in got:
        if "compliance" in copies and alert.supersedes is None:
            new[day] = new.get(day, 0) + 1
        assert ("compliance" in copies) == (alert.withheld is msgspec.UNSET)
    assert max(new.values()) == 2
    assert any(alert.withheld is not msgspec.UNSET for _, (alert, _) in got)
    free = stream(Ledger(alerting()))
    assert [one.alert.trigger_event_id for _, one in got] == [one.alert.trigger_event_id for _, one in free]


def test_a_replay_and_a_snapshot_route_alike():
    """The same ledger gives the same desks, whatever was saved and loaded in between."""
    ledger = Ledger(alerting(compliance=2))
    got = [one for _, one in stream(ledger)]
    again, saved = PartitionState.new(3), PartitionState.new(3)
    replayed, loaded = [], []
    for number, (event, origin) in enumerate(ledger.log):
        replayed += apply(again, event, origin).raised
        if number and number % 40 == 0:
            saved = PartitionState.thaw(saved.freeze().sections())
        loaded += apply(saved, event, origin).raised
    assert replayed == got
    assert [(one.alert.alert_id, one.desks, one.alert.withheld) for one in loaded] == [
        (one.alert.alert_id, one.desks, one.alert.withheld) for one in got
    ]
    assert saved.freeze().digest() == again.freeze().digest() == ledger.state.freeze().digest()


def test_what_brings_an_alert_up_to_date_goes_to_whoever_got_it():
    """A desk is not left with what is no longer true; and an update of what it never got has the ceiling as well."""
    got = [one for _, one in stream(Ledger(alerting(compliance=2)))]
    by_id = {one.alert.alert_id: one for one in got}
    updates = [one for one in got if one.alert.status == "updated" and one.alert.supersedes in by_id]
    assert updates
    for one in updates:
        if "compliance" in by_id[one.alert.supersedes].desks:
            assert "compliance" in one.desks


@pytest.mark.parametrize("most", [-1, 1_000_001])
def test_a_ceiling_out_of_range_is_refused(most):
    """With the place, what it got and what it expected."""
    config = desks(compliance=most)
    (fault,) = [one for one in configuration_faults(config) if "most_a_day" in one]
    assert fault == f"[desks.compliance] most_a_day: got: {most}; expected: 0 to 1000000"


def test_the_fingerprint_of_a_desk_without_a_ceiling_stays():
    """Configurations of before there were ceilings keep their fingerprint."""
    assert b"most_a_day" not in msgspec.json.encode(configuration())
