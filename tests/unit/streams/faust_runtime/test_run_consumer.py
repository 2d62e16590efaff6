"""The run transport's own decisions, on a consumer whose broker is a list of records in memory."""

import asyncio
from types import SimpleNamespace

import faust
import pytest
import uvloop
from faust.types import TP

from streams.faust_runtime.run_consumer import QUEUE_POLL_SECONDS, RunConsumer

RATES, PAYMENTS = TP("rates", 0), TP("payments", 0)


def record(tp, offset, timestamp):
    """A Kafka record as aiokafka hands it over."""
    return SimpleNamespace(
        topic=tp.topic,
        partition=tp.partition,
        offset=offset,
        timestamp=timestamp,
        timestamp_type=0,
        key=None,
        value=b"v",
        headers=(),
    )


def backlog(tp, timestamps, first=0):
    """Consecutive records of one partition."""
    return [record(tp, first + number, timestamp) for number, timestamp in enumerate(timestamps)]


class MemoryConsumer(RunConsumer):
    """RunConsumer over lists: `broker` holds what a fetch may bring, `most` records of a partition at a time."""

    most = 1000
    flow_active = True
    wall = staticmethod(lambda: 0.0)  # records of the first minute are fresh

    def __init__(self, *records, **settings):
        app = faust.App("memory", broker="kafka://nowhere", autodiscover=False)
        super().__init__(
            app.transport, callback=print, on_partitions_revoked=lambda _: None, on_partitions_assigned=lambda _: None
        )
        self.broker = {}
        for one in records:
            self.broker.setdefault(TP(one.topic, one.partition), []).append(one)
        self.more = set()
        self.fetches = 0
        for name, value in settings.items():
            setattr(self, name, value)

    def assignment(self):
        return set(self.broker)

    def _get_active_partitions(self):
        return set(self.broker)

    def _queued(self):
        return 0

    def _behind(self, active):
        return [tp for tp in active if self.broker[tp] or tp in self.more]

    async def _getmany(self, active_partitions, timeout):  # noqa: ASYNC109
        self.fetches += 1
        found = {}
        for tp in active_partitions:
            found[tp], self.broker[tp] = self.broker[tp][: self.most], self.broker[tp][self.most :]
        return found

    async def run(self):
        """The next run's message, as Faust would take it; None when there is none now."""
        records, _ = await self._wait_next_records(1.0)
        ((_, (message,)),) = records.items() if records else ((None, (None,)),)
        if message is not None:
            # what Faust's getmany does next
            tp = TP(message.topic, message.partition)
            read = self._read_offset[tp]
            assert read is None or message.offset == read + 1, "Faust would see a gap"
            self._read_offset[tp] = message.offset
        return message

    async def seek_to_committed(self):
        return dict.fromkeys(self.broker)

    def acknowledge(self, message):
        """As Faust's `ack` does, the run's companions first."""
        for one in (*message.value.companions, message):
            self._acked_index[TP(one.topic, one.partition)].add(one.offset)

    def committable(self):
        """What a commit would say now."""
        return {tp: self._new_offset(tp) for tp in self.broker}

    async def drain(self):
        """Every run until nothing is left."""
        runs = []
        while (message := await self.run()) is not None:
            runs.append(message)
        return runs


def places(records):
    """(topic, offset) of each."""
    return [(one.topic, one.offset) for one in records]


def played(story):
    """Run a coroutine function to its end."""
    return asyncio.run(story())


def test_partitions_are_merged_by_timestamp():
    """A run holds the records of all partitions in time order; each partition keeps its own order."""

    async def story():
        return await MemoryConsumer(*backlog(RATES, [10, 40, 50]), *backlog(PAYMENTS, [20, 30, 60])).drain()

    (message,) = played(story)
    assert [one.timestamp for one in message.value] == [10, 20, 30, 40, 50, 60]


def test_a_partition_whose_timestamps_go_back_keeps_its_order():
    """Order of one partition is never changed for the sake of time."""

    async def story():
        return await MemoryConsumer(*backlog(RATES, [50, 10, 60]), *backlog(PAYMENTS, [20])).drain()

    runs = played(story)
    merged = [one for message in runs for one in message.value]
    assert [one.offset for one in merged if one.topic == "rates"] == [0, 1, 2]
    assert places(merged)[0] == ("payments", 0)


def test_a_run_stands_for_its_last_record_and_its_companions_for_the_others():
    """Nothing of it may be committed before it is acknowledged, then every partition of it to its end."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10, 11, 12], first=5), *backlog(PAYMENTS, [20, 21], first=7))
        message = await consumer.run()
        before = consumer.committable()
        consumer.acknowledge(message)
        return message, before, consumer.committable()

    message, before, after = played(story)
    assert (message.topic, message.offset) == ("payments", 8)
    assert [(one.topic, one.offset) for one in message.value.companions] == [("rates", 7)]
    assert before == {RATES: None, PAYMENTS: None}
    assert after == {RATES: 8, PAYMENTS: 9}


def test_a_run_is_not_committed_past_one_before_it():
    """Whichever is acknowledged first; offsets that no record has belong to the run that ends behind them."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10, 11]), *backlog(RATES, [12, 13], first=5), run_records=2)
        first, second = await consumer.drain()
        found = []
        for message in (second, first):
            consumer.acknowledge(message)
            found.append(consumer.committable()[RATES])
        return [*found, consumer.committable()[RATES]]

    assert played(story) == [None, 7, None]


def test_what_was_handed_over_before_a_seek_counts_no_more():
    """It is delivered again; a run that nobody will acknowledge must not keep later ones from being committed."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10, 11]))
        lost = await consumer.run()
        await consumer.perform_seek()
        consumer.broker[RATES] = backlog(RATES, [10, 11, 12])
        message = await consumer.run()
        before = consumer.committable()[RATES]
        consumer.acknowledge(message)
        return lost.offset, before, consumer.committable()[RATES]

    assert played(story) == (1, None, 3)


def test_tracking_and_acknowledging_reach_every_companion():
    """The agent tracks companions when work begins and acknowledges them when it is done."""

    class NotingConsumer:
        """Notes what is tracked and acknowledged."""

        def __init__(self):
            self.tracked, self.acked = [], []

        def track_message(self, message):
            self.tracked.append(message.topic)

        def ack(self, message):
            self.acked.append(message.topic)

    async def story():
        return await MemoryConsumer(*backlog(RATES, [10]), *backlog(PAYMENTS, [20])).run()

    run, noting = played(story).value, NotingConsumer()
    run.track(noting)
    assert (noting.tracked, noting.acked) == (["rates"], [])
    run.ack(noting)
    assert noting.acked == ["rates"]


def test_a_run_has_at_most_run_records():
    """One run must not hold the event loop for long; what is over waits for the next one."""

    async def story():
        return await MemoryConsumer(*backlog(RATES, range(10)), *backlog(PAYMENTS, range(10)), run_records=8).drain()

    runs = played(story)
    assert [len(message.value) for message in runs] == [8, 8, 4]
    merged = [one for message in runs for one in message.value]
    assert [one.timestamp for one in merged] == sorted(one.timestamp for one in merged)
    assert len({*places(merged)}) == 20


def test_a_partition_with_megabytes_in_hand_is_not_fetched_and_the_others_are():
    """Thirty records of 1 MB on the broker, four a fetch: eight at most are in hand, and all come in the end."""
    large = backlog(PAYMENTS, range(1000, 1030))
    for one in large:
        one.value = bytes(1_000_000)

    async def story():
        consumer = MemoryConsumer(*large, *backlog(RATES, range(60)), most=4, run_records=20)
        came, most = 0, 0
        while (message := await consumer.run()) is not None:
            came += len(message.value)
            most = max(most, len(consumer._held.get(PAYMENTS, ())))
        return came, most

    came, most = played(story)
    assert came == 90
    assert most == 8


def test_a_run_ends_where_a_partition_that_has_more_runs_dry():
    """What comes after it in time must wait until that partition's next records are here."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10, 20, 70]), *backlog(PAYMENTS, [15, 30, 80]), most=2)
        return await consumer.drain()

    runs = played(story)
    merged = [one.timestamp for message in runs for one in message.value]
    assert merged == [10, 15, 20, 30, 70, 80]
    assert len(runs) > 1


class TickingTime:
    """Seconds that pass with each look at the clock, 0.01 at a time."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 0.01
        return self.now


@pytest.mark.parametrize(("seconds_later", "wait"), [(59, 0.5), (61, 4.0)], ids=["live", "backlog"])
def test_a_partition_that_has_more_is_waited_for_once(monkeypatch, seconds_later, wait):
    """A leader that is away delays the others once, not once a run: for `order_wait`, or longer in a backlog."""
    time = TickingTime()
    monkeypatch.setattr("streams.faust_runtime.run_consumer.time", time)

    async def story():
        consumer = MemoryConsumer(*backlog(PAYMENTS, range(100)), run_records=10, order_wait=0.5)
        consumer.wall = lambda: float(seconds_later)
        consumer.broker[RATES] = []
        consumer.more = {RATES}  # there is more of it, and no fetch brings it
        began, runs = [], []
        while len(runs) < 10:
            message = await consumer.run()
            if message is not None:
                began.append(time.now)
                runs.append(message)
        return began, runs, consumer

    began, runs, consumer = played(story)
    assert began[0] == pytest.approx(wait, abs=0.05)
    assert began[-1] < wait + 0.2
    assert sum(len(message.value) for message in runs) == 100
    assert consumer._given_up == {RATES}


def test_a_partition_that_was_given_up_is_waited_for_again_after_it_came():
    """Once its records flow again it takes part in the order as before."""

    async def story():
        consumer = MemoryConsumer(*backlog(PAYMENTS, [10, 20]), run_records=1, order_wait=0.0)
        consumer.broker[RATES], consumer.more = [], {RATES}
        while await consumer.run() is None:
            pass
        consumer.broker[RATES] = backlog(RATES, [15])
        await consumer.run()
        return consumer

    assert played(story)._given_up == set()


def test_what_was_read_already_is_dropped_and_the_record_at_a_fresh_position_is_not():
    """Right after a seek the read offset is the next record to deliver; below it everything was read."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10, 11, 12, 13], first=3))
        consumer._read_offset[RATES] = 5
        return await consumer.run()

    assert [one.offset for one in played(story).value] == [5, 6]


def test_unordered_partitions_take_turns():
    """Where partitions do not depend on each other a run is of one, and none starves."""

    async def story():
        many = [TP("ledger", number) for number in range(3)]
        records = [one for tp in many for one in backlog(tp, range(4))]
        return await MemoryConsumer(*records, ordered=False, run_records=2).drain()

    runs = played(story)
    assert [message.partition for message in runs] == [0, 1, 2, 0, 1, 2]
    assert all(message.value.companions == () for message in runs)
    assert all({one.partition for one in message.value} == {message.partition} for message in runs)


def test_a_partition_that_is_not_ready_is_left_alone():
    """While a partition replays nothing of it is fetched."""

    async def story():
        consumer = MemoryConsumer(*backlog(RATES, [10]), *backlog(PAYMENTS, [20]), ordered=False)
        consumer.ready = lambda tp: tp == PAYMENTS
        return await consumer.drain(), consumer.broker[RATES]

    runs, left = played(story)
    assert places(runs[0].value) == [("payments", 0)]
    assert len(runs) == 1
    assert len(left) == 1


def test_a_full_queue_is_looked_at_a_thousand_times_a_second_at_most():
    """On the loop that workers have, which counts whole milliseconds: half of one was no pause at all."""

    async def looks() -> int:
        loop, count = asyncio.get_running_loop(), 0
        end = loop.time() + 0.2
        while loop.time() < end:
            await asyncio.sleep(QUEUE_POLL_SECONDS)
            count += 1
        return count

    assert 0 < uvloop.run(looks()) <= 250
