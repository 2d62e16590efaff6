"""The measured processes: `python -m tests.bench.workers KIND JSON`. Each prints one line of JSON and ends.

CPU is that of the whole process (all threads, the consumer's included), from the first record handed over to the
acknowledgement of the last one's outputs. Start-up and joining the group are outside.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer

from streams import worker
from streams.faust_runtime import app as faust_app
from streams.faust_runtime import run_consumer
from streams.kafka import clients, topics
from streams.settings import Settings, load_settings


class Meter:
    """CPU from the first record to the last; prints and ends the process when all were seen."""

    def __init__(self, records: int, **more: Callable[[], Any]) -> None:
        self.records, self.more = records, more
        self.seen, self.began = 0, 0.0

    def begin(self) -> None:
        """Note the start, once."""
        self.began = self.began or time.process_time()

    def count(self, records: int) -> bool:
        """Whether all were seen."""
        self.seen += records
        return self.seen >= self.records

    def end(self) -> None:
        """Print and end at once: what follows (leaving the group, saving) is not measured."""
        spent = time.process_time() - self.began
        more = {name: give() for name, give in self.more.items()}
        sys.stdout.write(json.dumps({"cpu_us": spent / self.seen * 1e6, "records": self.seen, **more}) + "\n")
        sys.stdout.flush()
        os._exit(0)


async def bare(settings: Settings, meter: Meter, *, batches: bool) -> None:
    """The loop one would write by hand: getmany, orjson.loads, send without awaiting the delivery, flush."""
    consumer = AIOKafkaConsumer(
        *topics.INPUTS,
        bootstrap_servers=settings.bootstrap_servers,
        group_id=settings.application,
        auto_offset_reset="earliest",
    )
    producer = clients.make_idempotent_producer(settings, "bench-bare")
    await consumer.start()
    await producer.start()
    done = False
    while not done:
        fetched = await consumer.getmany(timeout_ms=200, max_records=500)
        meter.begin()
        for tp, records in fetched.items():
            for record in records:
                orjson.loads(record.value)
                if not batches:
                    await producer.send("bench-out", record.value, record.key, tp.partition)
            if batches:
                out = [(record.key, record.value, [], record.timestamp) for record in records]
                await clients.send_records(producer, "bench-out", tp.partition, out, 60)
            done = meter.count(len(records)) or done
    await producer.flush()
    meter.end()


def stock_faust(settings: Settings, meter: Meter) -> None:
    """A Faust agent as its manual writes it, on raw topics."""
    import faust

    app = faust.App(
        settings.application,
        broker=f"kafka://{settings.bootstrap}",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        autodiscover=False,
    )
    source = faust_app.raw_topic(app, *topics.INPUTS)
    target = faust_app.raw_topic(app, "bench-out")

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            meter.begin()
            orjson.loads(event.value)
            await target.send(key=event.key, value=event.value)
            if meter.count(1):
                await app.producer.flush()
                meter.end()

    app.agent(source, name="stock")(agent)
    faust.Worker(app, loop=_loop(), loglevel="WARN", redirect_stdouts=False).execute_from_commandline()


def ingest(settings: Settings, meter: Meter) -> None:
    """The real ingest worker."""
    from streams.ingest.agent import IngestAgent

    _metered(IngestAgent, meter, len)
    worker.run(settings.model_copy(update={"log_level": "warning"}), "ingest", development_keys=True)


def monitor(settings: Settings, meter: Meter) -> None:
    """The real monitor worker; `apply` is timed with the thread's CPU clock."""
    from streams.monitor import core
    from streams.partition.stateful_agent import StatefulAgent

    science, now = core.science.apply, time.thread_time
    spent = alerts = 0

    def timed(*arguments: Any) -> Any:
        nonlocal spent, alerts
        began = now()
        outputs = science(*arguments)
        spent += now() - began
        alerts += len(outputs.alerts)
        return outputs

    core.science.apply = timed
    meter.more = {"apply_us": lambda: spent / meter.seen * 1e6, "alerts": lambda: alerts}
    _metered(StatefulAgent, meter, lambda _number, records: len(records))
    worker.run(settings.model_copy(update={"log_level": "warning"}), "monitor")


def _metered(agent: Any, meter: Meter, size: Callable[..., int]) -> None:
    run = agent._run

    async def metered(self: Any, *arguments: Any) -> None:
        meter.begin()
        await run(self, *arguments)
        if meter.count(size(*arguments)):
            meter.end()

    agent._run = metered


def echo(settings: Settings, sources: list[str]) -> None:
    """Every record back, through the run transport with order between three topics, until killed."""
    loop = _loop()
    app = faust_app.build(settings, "echo", web=False)
    run_consumer.install(
        app, run_records=settings.run_records, queued_runs=settings.queued_runs, order_wait=settings.order_wait_seconds
    )
    producer: Any = None

    async def agent(stream: Any) -> None:
        nonlocal producer
        producer = clients.make_idempotent_producer(settings, "bench-echo")
        await producer.start()
        async for event in stream.events():
            run, consumer = event.value, app.consumer
            run.track(consumer)
            back: dict[int, list[clients.Record]] = {}
            for record in run:
                back.setdefault(record.partition, []).append((record.key, record.value, [], record.timestamp))
            await asyncio.gather(
                *(
                    clients.send_records(producer, "bench-echo-out", number, records, 60)
                    for number, records in back.items()
                )
            )
            run.ack(consumer)

    app.agent(faust_app.raw_topic(app, *sources), name="echo")(agent)
    worker._Process(app, loop=loop, told_to_stop=lambda: None).serve()


def _loop() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def main() -> None:
    """Run one kind."""
    kind, given = sys.argv[1], json.loads(sys.argv[2])
    records, sources = given.pop("records", 0), given.pop("sources", [])
    # the worker takes any free port for its pages; Faust alone refuses 0, and serves none here
    settings = load_settings(**given) if kind == "echo" else load_settings(web_port=0, **given)
    meter = Meter(records)
    if kind in ("bare", "bare-batches"):
        _loop().run_until_complete(bare(settings, meter, batches=kind == "bare-batches"))
    elif kind == "echo":
        echo(settings, sources)
    else:
        {"stock-faust": stock_faust, "ingest": ingest, "monitor": monitor}[kind](settings, meter)


if __name__ == "__main__":
    main()
