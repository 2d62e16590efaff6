"""What is in force: the newest configuration that the core accepts, of partition 0; nothing is switched off unseen."""

import json
from types import SimpleNamespace

import msgspec
import pytest

from detectors import core
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.core import RULES_PARTITION
from detectors.typologies import REGISTRY
from streams.cli.rules import _remarks
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import RULES, RulesRecord
from streams.ingest.door import Admitted, Rejected
from streams.ledger import configuration_in_force
from streams.ledger.configuration_in_force import is_change, list_switched_off
from streams.ledger.ruling_change import Change, find_ruling
from streams.settings import load_settings
from tests.support.ledger import Ledger, configuration
from tests.support.pipeline import Pipeline

FIRST = configuration(engine={"case_window_days": 10})
SECOND = configuration(engine={"case_window_days": 20})
THIRD = configuration(engine={"case_window_days": 25})
STOPPING = configuration()
STOPPING = msgspec.structs.replace(STOPPING, engine=msgspec.structs.replace(STOPPING.engine, rate_stale_hours=1e300))
OFF = configuration(rules={name: {"enabled": False} for name in (each.id for each in REGISTRY)})


def misspelt() -> Configuration:
    """What an earlier release took and the door of today does not: a desk's name that is none."""
    return msgspec.structs.replace(FIRST, desks={"No Desk": FIRST.desks["customs"]})


def ruled(*changes: Configuration | None, begun: Configuration = FIRST, in_ledger: bool = True):
    records = [Change(offset, 0, one) for offset, one in enumerate(changes)]
    found, change = find_ruling(lambda: begun, records, lambda _: in_ledger)
    return found, None if change is None else change.offset


def test_the_newest_change_is_in_force_not_the_oldest():
    """Three changes, the last one counts; a record that nobody can read counts for nothing."""
    assert ruled(FIRST, SECOND, THIRD) == (THIRD, 2)
    assert ruled(SECOND, THIRD, None) == (THIRD, 1)
    assert ruled() == (FIRST, None)


def test_a_change_that_the_core_refuses_is_not_in_force():
    """The former one is; a ledger that begins with such a record is under the shipped one, with its partitions."""
    assert ruled(SECOND, STOPPING) == (SECOND, 0)
    begun = msgspec.structs.replace(STOPPING, engine=msgspec.structs.replace(STOPPING.engine, partitions=3))
    found, _ = ruled(begun=begun)
    assert found.rules == configuration().rules
    assert found.engine == msgspec.structs.replace(configuration().engine, partitions=3)


def test_what_the_door_refuses_counts_only_where_an_earlier_release_let_it_in():
    """It stands in the ledger, so the core has it in force; or it is a dead letter."""
    assert ruled(SECOND, misspelt(), in_ledger=True) == (misspelt(), 1)
    assert ruled(SECOND, misspelt(), in_ledger=False) == (SECOND, 0)


@pytest.mark.parametrize(
    ("found", "at", "refused", "sent"),
    [
        (None, None, None, 0),
        (Change(3, 0, FIRST), 17, None, 0),
        (Change(3, 0, FIRST), None, None, 1),
        (Change(3, 0, FIRST), 17, "fx.rules.v1[0] at offset 4", 1),
    ],
    ids=["begun with it", "in the ledger", "refused by an ingest worker of before", "a refused is newer"],
)
def test_what_never_reached_the_ledger_is_sent_again(monkeypatch, found, at, refused, sent):
    """`rules apply` too early in an upgrade: the former ingest refused it, and the second call must not do nothing.

    Nor after a configuration that is refused: workers say on /readyz that the newest one is, until there is another.
    """
    records = []

    class Producer:
        def __init__(self, **_): ...

        def send(self, *record, **_):
            records.append(record)
            return self

        def get(self, _): ...

        def close(self): ...

    settings = load_settings()
    ours = settings.effective
    monkeypatch.setattr(configuration_in_force, "read_ruling_change", lambda _: (ours, found))
    monkeypatch.setattr(configuration_in_force, "find_places", lambda *_: {0: at})
    monkeypatch.setattr(configuration_in_force, "refused_place", lambda _: refused)
    monkeypatch.setattr(configuration_in_force, "KafkaProducer", Producer)
    assert (configuration_in_force.send_change(settings), len(records)) == (bool(sent), sent)


@pytest.mark.parametrize("last", [SECOND, STOPPING, misspelt()], ids=["good", "stopping", "misspelt"])
def test_what_is_told_is_what_the_core_has(last):
    """The same records through the core: its state and `rules show` agree."""
    state = Ledger(FIRST)
    for number, one in enumerate((THIRD, last)):
        origin = Origin(offset=1 + number, source=Source(RULES, 0, number), commitment="0" * 64, timestamp_ms=0)
        core.apply(state.state, ConfigurationChange(configuration=one), origin)
    assert state.state.configuration == ruled(THIRD, last)[0]


def record(number: int, one: Configuration) -> dict:
    return json.loads(msgspec.json.encode(RulesRecord(event_id=f"R{number}", configuration=one)))


def test_a_configuration_in_another_partition_is_a_dead_letter():
    """All typologies off, written to partition 5: refused with a code; in partition 0 it is taken, and shown."""
    pipeline = Pipeline()
    value = json.dumps(record(0, OFF)).encode()
    refused = pipeline.door.admit(ArrivedRecord(RULES, 5, 0, 1_767_580_000_000, b"configuration", value, []))
    assert isinstance(refused, Rejected)
    assert refused.codes == ("configuration.partition",)
    taken = pipeline.door.admit(
        ArrivedRecord(RULES, RULES_PARTITION, 0, 1_767_580_000_000, b"configuration", value, [])
    )
    assert isinstance(taken, Admitted)


def test_one_that_an_earlier_release_let_into_the_ledger_is_in_force_nowhere():
    """It stands in every ledger partition, from partition 5: the core keeps the former one, and says why."""
    state = Ledger(FIRST)
    origin = Origin(offset=1, source=Source(RULES, 5, 0), commitment="0" * 64, timestamp_ms=0)
    outputs = core.apply(state.state, ConfigurationChange(configuration=OFF), origin)
    assert outputs.outcome == "refused"
    assert outputs.faults == ("it stands in partition 5 of fx.rules.v1; expected: partition 0",)
    assert state.state.configuration == FIRST


def test_typologies_that_are_switched_off_are_named():
    """Disabled, or not named at all."""
    assert list_switched_off(configuration()) == []
    assert list_switched_off(OFF) == [each.id for each in REGISTRY]
    rules = {name: one for name, one in configuration().rules.items() if name != "T02"}
    assert list_switched_off(msgspec.structs.replace(configuration(), rules=rules)) == ["T02"]


def test_show_says_where_it_stands_and_what_is_off():
    """Beside the tables: room for parties, offsets, partitions where it is not yet, typologies off, strangers."""
    told = list(_remarks("abc", {0: 7, 1: None}, ["T01"], 2, 500))
    assert told[0] == "fingerprint abc"
    assert told[1] == "a partition remembers 500 parties at most ([engine] parties)"
    assert "0: 7" in told[2]
    assert "partitions 1" in told[3]
    assert told[4] == "typologies switched off: T01"
    assert told[5].startswith("2 records of fx.rules.v1 stand in other partitions than 0")
    assert len(list(_remarks("abc", None, [], 0, 500))) == 3


def test_a_change_is_known_in_the_ledger_by_its_source():
    """The headers that ingest writes to a configuration's ledger record are those that are looked for."""
    pipeline = Pipeline()
    value = json.dumps(record(0, SECOND)).encode()
    admitted = pipeline.door.admit(ArrivedRecord(RULES, 0, 41, 1_767_580_000_000, b"configuration", value, []))
    (_, _, _, headers), *_ = admitted.records
    assert is_change(SimpleNamespace(headers=headers[::-1]), 41)
    assert not is_change(SimpleNamespace(headers=headers), 4)
