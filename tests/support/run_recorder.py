"""A process that reads topics through the run transport and writes down every record it was given.

    python tests/support/run_recorder.py BOOTSTRAP GROUP OUTPUT TOPIC...

A line a record: topic, partition, offset, timestamp. The lines of a run are written before it is acknowledged.
"""

import sys
from typing import Any

import faust

from streams.faust_runtime import app as faust_app
from streams.faust_runtime import run_consumer
from streams.settings import load_settings

AGENT = "runs"


def main(bootstrap: str, group: str, output: str, *topics: str) -> None:
    """Read until the process is told to stop."""
    # none is killed: a session that a busy machine ended would have records handed over twice
    settings = load_settings(bootstrap=bootstrap, application=group, session_timeout_seconds=20)
    app = faust_app.build(settings, AGENT, web=False)
    # with a long wait for order the merge is exact on a busy machine too
    run_consumer.install(app, run_records=64, queued_runs=4, order_wait=10)

    @app.agent(faust_app.raw_topic(app, *topics), name=AGENT)
    async def record(stream: Any) -> None:
        with open(output, "a", encoding="ascii", buffering=1) as lines:  # noqa: ASYNC230, PTH123
            async for event in stream.events():
                run, consumer = event.value, app.consumer
                run.track(consumer)
                lines.write("".join(f"{one.topic} {one.partition} {one.offset} {one.timestamp}\n" for one in run))
                lines.flush()
                run.ack(consumer)

    faust.Worker(app, quiet=True, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
