"""Alerts are found among records of all partitions and of several keys, and verdicts count as the monitor counts them.

A reader that holds its records in memory stands in for Kafka.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from aiokafka import TopicPartition

from detectors.contracts.events import Disposition
from streams.cli import desk_options
from streams.desk import alert_lookup, listing, rotated_names
from streams.desk.alert_heads import Wanted
from streams.desk.alert_lookup import AlertSearch, find_alerts, series_of
from streams.desk.listing import Query, list_alerts
from streams.desk.moments import span
from streams.desk.verdicts import VerdictReader, Verdicts, read_verdict
from streams.errors import AlertNotFoundError, UsageError
from streams.kafka import clients, topic_reader, topics
from streams.ledger import envelope
from streams.settings import load_settings
from tests.support.desk_records import payment, record
from tests.support.repository import ROOT

ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes()) | {"supersedes": None}
OLD, NEW, OTHER = "k1.0a3." + "a" * 32, "k2.0a3." + "b" * 32, "k2.0a3." + "c" * 32
NOON = datetime(2026, 4, 28, 3, tzinfo=UTC)
CUSTOMS = topics.desk_topic("customs")


class Record(NamedTuple):
    """What a consumer hands over."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 1_777_400_000_000


class FakeReader(AbstractContextManager["FakeReader"]):
    """Gives records of topics in memory: topic -> partition -> records."""

    def __init__(self, held: dict[str, dict[int, list[Record]]], names: list[str], partitions: Any) -> None:
        self._held = {
            TopicPartition(name, number): records
            for name in names
            for number, records in held.get(name, {}).items()
            if partitions is None or number in partitions
        }
        self.begins = dict.fromkeys(self._held, 0)
        self.ends = {tp: len(records) for tp, records in self._held.items()}

    def read_to_end(self, starts: Any = None, told: Any = None) -> Iterator[tuple[TopicPartition, list[Record]]]:
        for tp, records in self._held.items():
            left = records[(starts or {}).get(tp, 0) :]
            if left:
                yield tp, left

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[int, list[Record]]]:
    made: dict[str, dict[int, list[Record]]] = {topics.ALERTS: {0: [], 1: []}, topics.LEDGER: {0: [], 1: []}}
    made[topics.LEGS] = {0: [], 1: []}
    monkeypatch.setattr(
        topic_reader, "Reader", lambda _, names, partitions=None, **_more: FakeReader(made, names, partitions)
    )
    monkeypatch.setattr(rotated_names, "count_ledger_partitions", lambda _: 2)
    return made


def alert(number: int, before: int | None = None, party: str = OLD, **changed: Any) -> Record:
    position = ALERT["position"] | {"partition": 0, "offset": 0}
    supersedes = None if before is None else f"{before:032x}"
    body = ALERT | {"alert_id": f"{number:032x}", "supersedes": supersedes, "party": party, "position": position}
    return Record(
        party.encode(), json.dumps(body | {"status": "raised" if before is None else "updated"} | changed).encode()
    )


def verdict(
    said: str = "refuted",
    number: int = 1,
    *,
    party: str = OLD,
    minutes: int = 0,
    arrived: int | None = None,
    officer: str = "I-1",
    event: str | None = None,
    shared: str | None = None,
) -> Record:
    at = NOON + timedelta(minutes=minutes)
    given = Disposition(
        event_id=event or f"{said}{minutes}",
        alert_id=f"{number:032x}",
        party=party,
        verdict=said,
        reason_hash="2" * 32,
        investigator=officer,
        decided_at=at,
        identity="0" * 32,
        body="1" * 32,
        shared_kind=None if shared is None else "device",
        shared_token=shared,
    )
    value = envelope.encode(given)
    source = SimpleNamespace(topic="fx.dispositions.v1", partition=0, offset=5)
    headers = envelope.checked(envelope.envelope(source, b"k1:" + b"a" * 64, b"disposition"), value)
    came = NOON + timedelta(minutes=minutes if arrived is None else arrived)
    return Record(party.encode(), value, 0, tuple(headers), round(came.timestamp() * 1000))


def told(_: int, __: int) -> None:
    """Nobody listens."""


def shown(topic: str = topics.ALERTS, state: Any = "all", **wanted: Any) -> list[tuple[int, str]]:
    query = Query(topic=topic, wanted=Wanted(**wanted), state=state)
    return sorted(
        (int(row.current.head.alert_id, 16), row.state) for row in list_alerts(load_settings(), query, told).rows
    )


def test_a_party_asked_for_by_a_former_key_does_not_show_what_a_later_key_brought_up_to_date(held):
    """The series goes on under the new token: what it replaced is not open."""
    held[topics.ALERTS][0] = [alert(1), alert(2, 1, NEW), alert(3, party=OTHER)]
    assert shown(parties=frozenset({OLD})) == []
    assert shown(parties=frozenset({NEW})) == [(2, "open")]
    assert shown() == [(2, "open"), (3, "open")]


def test_the_history_of_an_alert_goes_over_a_change_of_keys(held):
    """From either end; another party of the slot is not mixed in."""
    held[topics.ALERTS][0] = [alert(1), alert(2, 1, NEW), alert(3, party=OTHER)]
    for number in (1, 2):
        (found,) = find_alerts(load_settings(), [f"{number:032x}"], told).values()
        assert [int(head.alert_id, 16) for head in series_of(load_settings(), found)] == [1, 2]


@pytest.mark.parametrize("small", [True, False], ids=["all at once", "one by one"])
def test_an_alert_that_went_to_another_desk_is_not_open_at_the_first(held, monkeypatch, small):
    """A desk lists what it got and nothing brought up to date, there or elsewhere."""
    if not small:
        monkeypatch.setattr(listing, "ALL_AT_ONCE", 0)
    held[topics.ALERTS] = {0: [alert(1), alert(2, 1), alert(3)], 1: [alert(4, party=OTHER)]}
    held[CUSTOMS] = {0: [alert(1), alert(3)], 1: [Record(None, None)]}
    assert shown(CUSTOMS) == [(3, "open")]
    assert shown() == [(2, "open"), (3, "open"), (4, "open")]


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([verdict()], "disposed"),
        ([verdict(party=NEW)], "disposed"),
        ([verdict(party="k1.0a3." + "d" * 32)], "open"),
        ([verdict(party="k1.111." + "a" * 32)], "open"),
        ([verdict(event="a"), verdict("withdrawn"), verdict(event="a")], "open"),
        ([verdict(event="a"), verdict("withdrawn"), verdict(event="a", officer="I-2")], "disposed"),
        ([verdict(minutes=50, arrived=0), verdict("withdrawn", minutes=5)], "open"),
        ([verdict(minutes=50), verdict("withdrawn", minutes=5)], "disposed"),
    ],
    ids=[
        "its own",
        "later key",
        "another party",
        "another slot",
        "sent again after a withdrawal",
        "another officer's",
        "clock ahead",
        "outdated",
    ],
)
def test_a_verdict_counts_as_the_monitor_counts_it(held, records, state):
    """One that names another party, a repeated record, and a date that its arrival does not bear out do not."""
    held[topics.ALERTS][0] = [alert(1)]
    held[topics.LEDGER][0] = records
    assert shown() == [(1, state)]
    assert shown(state="open") == ([(1, "open")] if state == "open" else [])


def test_verdicts_that_are_known_are_not_read_again(held):
    """A party's page has read its ledger partition: the list of its alerts takes its verdicts from there."""
    held[topics.ALERTS][0] = [alert(1)]
    del held[topics.LEDGER]
    known, query = Verdicts(), Query(topic=topics.ALERTS, wanted=Wanted(parties=frozenset({OLD})))
    assert [row.state for row in list_alerts(load_settings(), query, told, known).rows] == ["open"]
    given = read_verdict(verdict(), 0)
    assert given is not None
    known.add(given)
    assert [row.state for row in list_alerts(load_settings(), query, told, known).rows] == ["disposed"]


def test_a_verdict_is_found_in_a_ledger_that_was_made_anew(held):
    """The alert's position is beyond its end: it is read from its beginning."""
    held[topics.LEDGER][0] = [verdict()]
    with VerdictReader(load_settings(), told) as reader:
        for start, many in ((99, 1), (1, 0)):
            assert len(reader.read([(topics.LEDGER, 0, start)]).on(f"{1:032x}", OLD)) == many


DEVICE, LATER_DEVICE = "k1.777." + "d" * 32, "k2.777." + "e" * 32


def about_device(number: int, before: int | None = None, party: str = OLD, device: str = DEVICE) -> Record:
    """An alert of the shared agent, whose position is of the legs; its key is the resident with most at risk."""
    shared = {"kind": "device", "token": device}
    position = ALERT["position"] | {"topic": topics.LEGS, "partition": 1, "offset": 1}
    one = alert(number, before, party, x_shared=shared, parties=[OLD, OTHER], position=position)
    return one._replace(headers=(("ce_source", b"/fxwatch/shared"),))


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (verdict(shared=DEVICE), "disposed"),
        (verdict(shared=LATER_DEVICE), "disposed"),
        (verdict(shared=DEVICE, party=OTHER), "disposed"),
        (verdict(), "open"),
        (verdict(shared="k1.778." + "d" * 32), "open"),
    ],
    ids=["its own", "later key", "another resident of it", "names no thing", "another thing"],
)
def test_a_verdict_on_an_alert_about_a_shared_thing_is_read_from_the_legs(held, given, state):
    """There it stands behind its alert, whichever resident it names; the ledger of the party is not asked."""
    held[topics.ALERTS][1] = [about_device(1)]
    held[topics.LEGS][1] = [given, given]
    del held[topics.LEDGER]
    assert shown() == [(1, state)]


def test_a_verdict_before_the_alert_on_the_legs_does_not_count(held):
    """The alert's own position on the legs is where to begin."""
    held[topics.ALERTS][1] = [about_device(1)]
    held[topics.LEGS][1] = [verdict(shared=DEVICE)]
    held[topics.LEGS][1].append(verdict("confirmed", 9, shared=DEVICE))
    assert shown() == [(1, "open")]


def test_an_alert_about_a_shared_thing_is_listed_for_each_resident_and_its_series_goes_over_all(held):
    """The resident whose key the alert has is another than before; others of the partition are not mixed in."""
    other = about_device(5, party=OTHER, device="k1.778." + "d" * 32)
    held[topics.ALERTS][1] = [about_device(1), about_device(2, 1, OTHER, LATER_DEVICE), other]
    assert shown(parties=frozenset({OTHER})) == [(2, "open"), (5, "open")]
    assert shown(parties=frozenset({OLD})) == [(2, "open"), (5, "open")]
    assert shown(parties=frozenset({NEW})) == []
    for number in (1, 2):
        (found,) = find_alerts(load_settings(), [f"{number:032x}"], told).values()
        assert [int(head.alert_id, 16) for head in series_of(load_settings(), found)] == [1, 2]


def test_verdicts_known_of_the_ledger_are_joined_by_those_of_the_legs(held):
    """A party's page knows what its ledger partition has; of another resident's alert it is on the legs alone."""
    held[topics.ALERTS] = {0: [alert(3)], 1: [about_device(1)]}
    held[topics.LEGS][1] = [Record(None, None), verdict(shared=DEVICE, party=OTHER)]
    del held[topics.LEDGER]
    known, query = Verdicts(), Query(topic=topics.ALERTS, wanted=Wanted(parties=frozenset({OLD})))
    rows = list_alerts(load_settings(), query, told, known).rows
    assert sorted((int(row.current.head.alert_id, 16), row.state) for row in rows) == [(1, "disposed"), (3, "open")]


def test_the_list_of_a_case_has_those_that_are_one_with_it(held):
    """The monitor's alert of one resident, and that of the shared agent which names it, in another partition."""
    held[topics.ALERTS] = {0: [alert(1, case_id="case-own"), alert(2, party=NEW, case_id="case-far")], 1: []}
    held[topics.ALERTS][1] = [about_device(3), Record(None, b"no alert")]
    ring = json.loads(held[topics.ALERTS][1][0].value)["case_id"]
    cases = listing.cases_of(load_settings(), "case-own", told)
    assert sorted(cases) == sorted(("case-own", ring))
    assert shown(cases=frozenset(cases)) == [(1, "open"), (3, "open")]
    # a record of the overlap says that both tokens are one party's
    both = record(payment(party=NEW, previous={NEW: OLD}), 0)
    held[topics.LEDGER] = {0: [both], 1: [both]}
    assert sorted(listing.cases_of(load_settings(), "case-own", told)) == sorted(("case-own", "case-far", ring))


def test_an_alert_asked_for_names_the_newest_of_its_series_and_how_many_came_behind(held):
    """Not the next one, which nobody lists; the party's own alerts are counted, not others'."""
    held[topics.ALERTS][0] = [alert(1), alert(7, party=OTHER), alert(2, 1), alert(3, 2), alert(8, party=OTHER)]
    found = find_alerts(load_settings(), [f"{1:032x}", f"{3:032x}", f"{7:032x}"], told)
    newest = f"{3:032x}"
    assert [(one.successor, one.newer) for one in found.values()] == [(newest, 2), (None, 0), (None, 1)]


def test_a_beginning_of_several_is_refused_and_one_that_several_beginnings_name_is_one():
    """Whole ids are told apart from longer ones' beginnings, and no more of them are kept than are named."""
    search = AlertSearch(["aaaa", "aaaab", "bbbb"])
    for body in ("aaaab" + "0" * 27, "bbbb" + "0" * 28, "cccc" + "0" * 28):
        search.take(alert(1, alert_id=body), 0)
    assert {each.alert.alert_id[:5] for each in search.require_found().values()} == {"aaaab", "bbbb0"}
    for number in range(20):
        search.take(alert(1, alert_id=f"bbbb{number:028x}"), 0)
    assert len(search._matches["bbbb"]) == alert_lookup._NAMED + 1
    with pytest.raises(UsageError, match="several alerts"):
        search.require_found()
    with pytest.raises(AlertNotFoundError, match="dddd"):
        AlertSearch(["dddd"]).require_found()


def test_partitions_that_are_known_are_not_asked_for(monkeypatch):
    """Each asking is two connections more, and a command fails where one of them takes 8 s."""
    asked = []
    monkeypatch.setattr(
        topic_reader, "count_partitions_of", lambda _, names: asked.append(names) or dict.fromkeys(names, 9)
    )
    known = topic_reader.Reader(load_settings(), [topics.ALERTS], [3], known=True)
    assert (known._assigned, asked) == ([TopicPartition(topics.ALERTS, 3)], [])
    unknown = topic_reader.Reader(load_settings(), [topics.ALERTS], [3, 40])
    assert (unknown._assigned, asked) == ([TopicPartition(topics.ALERTS, 3)], [[topics.ALERTS]])


class Log:
    """A consumer of one partition: records at 0, 1 and 3, an end mark at 2, and a record behind the end."""

    def __init__(self) -> None:
        self._at = 0

    async def start(self) -> None:
        """Nothing to do."""

    stop = start

    def assign(self, _: Any) -> None:
        """Nothing to do."""

    pause = resume = assign

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 4)

    def seek(self, _: TopicPartition, offset: int) -> None:
        self._at = offset

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Record]]:
        found = [Record(None, None, offset) for offset in (0, 1, 3, 4) if offset >= self._at][:2]
        self._at = found[-1].offset + 1
        return {TopicPartition("t", 0): found}

    async def position(self, _: TopicPartition) -> int:
        return self._at


def test_a_long_reading_says_how_far_it_is_and_ends_where_the_topic_ended(monkeypatch, capsys):
    """Told behind each batch: the records read, of the offsets from where it began."""
    monkeypatch.setattr(clients, "make_reader", lambda *_, **__: Log())
    monkeypatch.setattr(desk_options, "PATIENCE_SECONDS", 0.0)
    place = TopicPartition("t", 0)
    with topic_reader.Reader(load_settings(), ["t"], [0], known=True) as reader:
        for start, offsets, said in ((0, [0, 1, 3], ["2 of 4", "3 of 4"]), (1, [1, 3], ["2 of 3"]), (4, [], [])):
            progress = desk_options.ReadingProgress("en")
            batches = list(reader.read_to_end({place: start}, progress))
            assert [record.offset for _, records in batches for record in records] == offsets
            lines = capsys.readouterr().err.splitlines()
            assert len(lines) == len(said)
            assert all(part in line for part, line in zip(said, lines, strict=True)), lines


def test_times_in_the_wrong_order_are_refused():
    """Nothing can be between them; a day by itself is a day."""
    zone = ZoneInfo("Asia/Seoul")
    with pytest.raises(UsageError, match="not before --until"):
        span("2026-04-29", "2026-04-28", zone)
    assert span("2026-04-28", "2026-04-28", zone) == (NOON.replace(hour=15) - timedelta(days=1), NOON.replace(hour=15))


def test_a_verdict_has_the_ledgers_time():
    """By which a date ahead of it is cut."""
    given = read_verdict(verdict(minutes=50, arrived=0), 0)
    assert given is not None
    assert (given.decided_at - given.counted_at, Verdicts().on("x", OLD)) == (timedelta(minutes=50), [])
