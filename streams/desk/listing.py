"""The list of current alerts: read to where the topic ended at the start, one partition at a time, the first ones kept.

Held are the heads of one partition (some 1.2 KB an alert) and the rows shown: a million alerts in 12 partitions took
280 MB at most, 85 of them the program, and 30 us each. Of a small topic all partitions are read together, which saves
0.1 s each.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, Literal

import msgspec

from streams.desk.alert_heads import Current, First, Folding, Head, Sorting, Wanted, order, read_head, slot_part
from streams.desk.joined_cases import JoinedCases
from streams.desk.rotated_names import read_rotated_names
from streams.desk.verdicts import LedgerVerdict, Place, VerdictReader, Verdicts
from streams.errors import NotAuthorizedError
from streams.kafka import agent_names, topic_reader, topics
from streams.settings import Settings

Chosen = Literal["open", "disposed", "all"]
ALL_AT_ONCE = 20_000
# on each alert of the shared agent (streams/partition/alert_records.py)
_SHARED = ("ce_source", f"/fxwatch/{agent_names.SHARED}".encode())


class AlertRow(msgspec.Struct, frozen=True):
    """One current alert and its verdicts; None where the ledger could not be read.

    `earlier` are verdicts on alerts that this one brought up to date.
    """

    current: Current
    standing: tuple[LedgerVerdict, ...] | None = None
    earlier: tuple[LedgerVerdict, ...] = ()

    @property
    def state(self) -> Literal["open", "disposed", "retracted", "unknown"]:
        """Whether somebody still has to look at it."""
        if self.standing:
            return "disposed"
        if self.current.head.status == "retracted":
            return "retracted"
        return "unknown" if self.standing is None else "open"


class Listed(msgspec.Struct, frozen=True):
    """The rows in their order, how many alerts met the conditions, and why verdicts are not known, where so.

    `resting` more meet them and were left out, because they rest under a snooze.
    """

    rows: tuple[AlertRow, ...]
    total: int
    unreadable: int
    resting: int = 0
    without_verdicts: NotAuthorizedError | None = None


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What to list: which topic, which alerts of it, in which order, at most how many."""

    topic: str
    wanted: Wanted
    state: Chosen = "all"
    sorting: Sorting = "severity"
    most: int = 200


def list_alerts(settings: Settings, query: Query, told: topic_reader.Told, known: Verdicts | None = None) -> Listed:
    """The alerts of `query` and their verdicts, as the topics were when it was called.

    `known`: the verdicts, where the ledger has been read already and alerts of any state are asked for.
    Raises what the reader raises; who may not read the ledger gets alerts without verdicts, and a `NotAuthorizedError`
    where they were to be chosen by them.
    """
    source = AlertReader(settings, query, told)
    if query.state == "all":
        return _of_any_state(settings, query, source, told, known)
    return _of_a_state(settings, query, source, told)


def cases_of(settings: Settings, case: str, told: topic_reader.Told) -> tuple[str, ...]:
    """The case and those that are one with it, by all alerts: one reading of the topic, 7 us an alert.

    Over a rotation of keys too, for who may read the ledger (rotated_names.py).
    """
    found = JoinedCases(settings.effective.engine.case_window_days)
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        for _, records in reader.read_to_end(told=told):
            for record in records:
                with suppress(msgspec.DecodeError):  # the list counts what is no alert
                    found.add(read_head(record.value))
    with suppress(NotAuthorizedError):  # the list of alerts tells it
        found.know(read_rotated_names(settings, found.residents(), told))
    return found.joined(case)


def _of_any_state(
    settings: Settings, query: Query, source: "AlertReader", told: topic_reader.Told, verdicts: Verdicts | None
) -> Listed:
    """The first alerts, and then the verdicts on these alone."""
    key = order(query.sorting)
    first = First(query.most, lambda current: key(current.head))
    for currents in source.partitions():
        first.add_all(currents)
    chosen = first.in_order()
    if not chosen:
        return Listed((), 0, source.unreadable, source.resting)
    # of what is known of the ledger, verdicts on alerts about shared things are still to be read from the legs
    places = [each for each in places_of(chosen) if verdicts is None or each[0] == topics.LEGS]
    try:
        with VerdictReader(settings, told) as reader:
            verdicts = reader.read(places, verdicts)
    except NotAuthorizedError as fault:
        return Listed(tuple(map(AlertRow, chosen)), first.total, source.unreadable, source.resting, fault)
    return Listed(tuple(row_of(each, verdicts) for each in chosen), first.total, source.unreadable, source.resting)


def _of_a_state(settings: Settings, query: Query, source: "AlertReader", told: topic_reader.Told) -> Listed:
    """The first alerts of a state: verdicts on all of them say which."""
    key = order(query.sorting)
    first = First(query.most, lambda row: key(row.current.head))
    with VerdictReader(settings, told) as reader:
        reader.open(topics.LEDGER)  # who may not read it is told before anything is read
        for currents in source.partitions():
            if currents:
                verdicts = reader.read(places_of(currents))
                first.add_all(row for row in (row_of(each, verdicts) for each in currents) if row.state == query.state)
    return Listed(tuple(first.in_order()), first.total, source.unreadable, source.resting)


def row_of(current: Current, verdicts: Verdicts) -> AlertRow:
    """A current alert with what was said of it, and of those that it brought up to date."""
    about = current.head.about
    earlier = [given for alert_id in current.earlier for given in verdicts.list_standing(alert_id, about)]
    return AlertRow(current, tuple(verdicts.list_standing(current.head.alert_id, about)), tuple(earlier))


def places_of(currents: Iterable[Current]) -> list[Place]:
    """Where verdicts on these alerts, and on those that they brought up to date, can begin in ledger or legs."""
    return [(each.head.position.topic, each.head.position.partition, each.first_offset) for each in currents]


class AlertReader:
    """Reads the topic partition by partition; counts what is no alert. `each` is given every alert there."""

    def __init__(
        self,
        settings: Settings,
        query: Query,
        told: topic_reader.Told,
        each: Callable[[Head], None] | None = None,
    ) -> None:
        self._settings, self._query, self._told, self._each = settings, query, told, each
        # a series goes on under another key where keys are rotated; the slot stays
        self._slots = frozenset(map(slot_part, query.wanted.parties))
        self._seen = 0
        self.unreadable = self.resting = 0

    def partitions(self) -> Iterator[list[Current]]:
        """The alerts wanted, of each partition, or of all together where they are few.

        A desk's are those on its topic that nothing brought up to date: whether so, only the topic of all alerts says.
        Failure prevented: an alert that grew, and went to another desk, stayed open for ever at the first.
        """
        topic = self._query.topic
        with ExitStack() as stack:
            reader = stack.enter_context(topic_reader.Reader(self._settings, [topics.ALERTS]))
            desk = None if topic == topics.ALERTS else stack.enter_context(topic_reader.Reader(self._settings, [topic]))
            total = sum(_size(each) for each in (reader, desk) if each is not None)
            numbers = sorted(tp.partition for tp in reader.ends)
            for lot in [set(numbers)] if total <= ALL_AT_ONCE else [{number} for number in numbers]:
                ids = None if desk is None else self._ids(desk, lot, total)
                folding = Folding()
                for records in self._records(reader, lot, total):
                    self._take(records, folding)
                met = [each for each in folding if self._query.wanted.takes_awake(each.head)]
                there = [each for each in met if ids is None or each.head.alert_id in ids]
                chosen = [each for each in there if self._query.wanted.takes(each.head)]
                self.resting += len(there) - len(chosen)
                del folding, ids, met, there
                yield chosen
                chosen.clear()  # whoever got it holds it still: two partitions' heads at once otherwise

    def _records(self, reader: topic_reader.Reader, lot: set[int], total: int) -> Iterator[list[Any]]:
        """The records of some partitions."""
        others = {tp: end for tp, end in reader.ends.items() if tp.partition not in lot}
        for _, records in reader.read_to_end(others):
            yield records
            self._seen += len(records)
            self._told(self._seen, total)

    def _ids(self, desk: topic_reader.Reader, lot: set[int], total: int) -> set[str]:
        """The ids of the alerts that a desk got."""
        ids = set()
        for records in self._records(desk, lot, total):
            for record in records:
                with suppress(msgspec.DecodeError):  # what is no alert is counted on the topic of all
                    ids.add(read_head(record.value).alert_id)
        return ids

    def _take(self, records: Iterable[Any], folding: Folding) -> None:
        """Of a party's alerts others' are passed over: their key tells them apart.

        Those about what residents share are looked at, because each names all of them.
        """
        slots = self._slots
        for record in records:
            slot = slot_part((record.key or b"").decode(errors="replace"))
            if slots and slot not in slots and _SHARED not in record.headers:
                continue
            try:
                head = read_head(record.value)
            except msgspec.DecodeError:
                self.unreadable += 1
                continue
            folding.add(head)
            if self._each is not None:
                self._each(head)


def _size(reader: topic_reader.Reader) -> int:
    return sum(end - reader.begins[tp] for tp, end in reader.ends.items())
