"""Open items and supervisors' lists against a replayed ledger, without a broker: the monitor's own core gives them."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Self

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.events import ConfigurationChange, Declaration, Source
from streams.cli import reconcile as cli
from streams.kafka import topics
from streams.ledger import envelope
from streams.ledger.progress import Progress
from streams.monitor.core import MonitorCore
from streams.partition.outputs import Output
from streams.proofs import replayed_entries as module
from streams.proofs.reconcile import Reconciliation, Tokens
from streams.proofs.replayed_entries import EntryCount, compare_entries
from streams.proofs.written_entries import EntryFault
from streams.settings import load_settings
from tests.support.desk_records import NOON, OTHER, PARTY, Record, payment
from tests.support.ledger import configuration
from tests.support.read_topics import Stored, hold
from tests.unit.streams.proofs.test_rescore import ProgressLog

SETTINGS = load_settings(effective_tables={"engine": {"partitions": 1}})


def declared(number: int, value: str) -> Declaration:
    return Declaration(
        event_id=f"d{number}",
        declaration_no=f"{number}",
        declared_time=NOON + timedelta(days=number),
        kind="import",
        party=PARTY,
        counterparty=OTHER,
        counterparty_country="CN",
        hs_code="851712",
        quantity="3",
        quantity_unit="EA",
        value=value,
        currency="USD",
        identity=f"{number:032x}",
        body="1" * 32,
    )


def stored(event: Any, offset: int, topic: str) -> Record:
    """A ledger record of an input record of its own."""
    value = envelope.encode(event)
    told = envelope.envelope(Source(topic, 0, offset), b"k1:" + b"a" * 64, str(event.__struct_config__.tag).encode())
    return Record(PARTY.encode(), value, tuple(envelope.checked(told, value)), offset, 1_777_000_000_000 + offset)


def ledger() -> list[Any]:
    """A configuration, two declared lines of goods, and the payment of the first."""
    key, value, headers = envelope.first_configuration(
        ConfigurationChange(configuration=configuration(engine={"partitions": 1}))
    )
    paid = payment(9, party_type="company", amount="90000", purpose="10101", declaration_no="1")
    return [
        Record(key, value, tuple(headers), 0, 0),
        stored(declared(1, "90000"), 1, topics.DECLARATIONS),
        stored(declared(2, "50000"), 2, topics.DECLARATIONS),
        stored(msgspec.structs.replace(paid, event_time=NOON + timedelta(days=3)), 3, topics.TRANSACTIONS),
    ]


def given() -> list[Output]:
    core: Any = MonitorCore("test")
    state = core.new(0)
    return [one for told in ledger() for one in core.apply(state, 0, told, muted=False) if one.topic in module.TOPICS]


class Log(ProgressLog):
    """The ledger above, published to its end."""

    def __init__(self) -> None:
        super().__init__(0)
        self.records_held, self.end, self.held = ledger(), 4, Progress(next=4)


def compare(monkeypatch: pytest.MonkeyPatch, written: list[Output], log: Log | None = None) -> Any:
    """What is told of these records on the topic of open items."""
    kept = [Stored(at, one.key, one.value, (), one.timestamp_ms) for at, one in enumerate(written)]
    hold(monkeypatch, {(topics.OPEN_ITEMS, 0): kept}, {})
    identity = SimpleNamespace(open_log=lambda _: log or Log(), place=lambda number: SimpleNamespace(partition=number))
    monkeypatch.setattr(module, "LEARNING", {"monitor": SimpleNamespace(identity=identity, core=MonitorCore)})
    monkeypatch.setattr(module.topics, "connect", lambda _: Admin())
    return compare_entries(SETTINGS, lambda _seen, _total: None)


class Admin:
    """A cluster that has both topics."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def list_topics(self) -> list[str]:
        return [*module.TOPICS, topics.LEDGER]


def test_what_the_monitor_wrote_follows_from_the_ledger(monkeypatch: pytest.MonkeyPatch):
    outputs = given()
    values = [one.value is None for one in outputs]
    assert values == [False, False, True], "two items opened, one was paid"
    counts, amiss = compare(monkeypatch, outputs)
    assert amiss == []
    assert counts == [EntryCount(topics.OPEN_ITEMS, 3, 3, ()), EntryCount(topics.SCREENS, 0, 0, ())]
    assert compare(monkeypatch, outputs[1:])[1] == [], "compacted"


def test_what_is_missing_otherwise_or_too_much_is_named(monkeypatch: pytest.MonkeyPatch):
    """By item, with the place in ledger or topic."""
    first, second, paid = given()
    (missing,) = compare(monkeypatch, [first, paid])[1]
    assert missing == EntryFault(topics.OPEN_ITEMS, 0, "missing", (second.key or b"").decode(), 2)
    forged = msgspec.structs.replace(second, value=(second.value or b"").replace(b"50000", b"5000"))
    (differs,) = compare(monkeypatch, [first, forged, paid])[1]
    assert (differs.kind, differs.offset) == ("differs", 1)
    (extra,) = compare(monkeypatch, [first, second, paid, msgspec.structs.replace(first, key=b"f" * 16)])[1]
    assert (extra.kind, extra.key, extra.offset) == ("extra", "f" * 16, 3)


def test_a_ledger_without_its_beginning_is_not_checked_and_it_is_said(monkeypatch: pytest.MonkeyPatch):
    log = Log()
    log.first = 1
    counts, amiss = compare(monkeypatch, [], log)
    assert (counts[0], amiss) == (EntryCount(topics.OPEN_ITEMS, 0, 0, (0,)), [])


def test_lists_of_another_release_are_made_in_its_name():
    """Only the release's name is taken over: all else must be what the ledger gives."""
    told = module.WrittenTopics()
    value = b'{"position": {"topic": "fx.ledger.v1", "partition": 0, "offset": 7}, "versions": %s}' % (
        b'{"code": "0.3.0", "config": "c", "detectors": "d", "rules": "r"}'
    )
    for one in (value, b"{}", None):
        told.take(topics.SCREENS, 0, Stored(1, b"x", one))
    told.take(topics.OPEN_ITEMS, 0, Stored(1, b"x", value))
    assert told.releases == {0: {7: "0.3.0"}}


@pytest.mark.parametrize("amiss", [[], [EntryFault(topics.SCREENS, 1, "missing", "trade_gap/x", 5)]])
def test_the_command_tells_it(monkeypatch: pytest.MonkeyPatch, amiss: list[EntryFault]):
    """Exit code 1 where an entry does not follow; asked for by --entries alone."""
    empty = cli.GatheredRecords(Reconciliation({}, (), 1), Tokens({}, settled=True), 0, [])
    monkeypatch.setattr(cli, "gather", lambda _, **__: empty)
    counts = [EntryCount(topics.OPEN_ITEMS, 3, 4, ()), EntryCount(topics.SCREENS, 0, 0, (2, 3))]
    monkeypatch.setattr(cli, "compare_entries", lambda *_: (counts, amiss))
    done = CliRunner().invoke(cli.command, ["--entries"])
    assert CliRunner().invoke(cli.command, []).exit_code == 0
    if amiss:
        assert isinstance(done.exception, cli.NotReconciledError)
        assert "fx.screens.v1[1]: trade_gap/x missing (the ledger gives it at offset 5)" in done.exception.message
    else:
        assert "each of the 3 records kept on fx.openitems.v1 follows from the ledger" in done.stderr
        assert "the ledger's beginning is gone: partitions 2, 3" in done.stderr
