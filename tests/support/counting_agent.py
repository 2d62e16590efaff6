"""A second stateful agent, as small as one can be: counts and sums the amounts of each account.

Run as a program (`python -m tests.support.counting_agent ROLE --web-port PORT`) it is a worker that holds the monitor
and this agent side by side, with the settings of the environment.
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from streams import worker
from streams.errors import LedgerError, SnapshotError
from streams.log import logs
from streams.log.announcements import Announcements
from streams.operations import health
from streams.operations.web_pages import listen, serve_on
from streams.partition.agent_identity import AgentIdentity
from streams.partition.agent_parameters import AgentParameters
from streams.partition.outputs import Output
from streams.partition.run_tally import RunTally
from streams.settings import load_settings

INPUT, TOTALS = "test.amounts.v1", "test.totals.v1"
# a total is published at every so many records of an account
EVERY = 5


class Totals(msgspec.Struct):
    """`accounts`: account -> (records, sum). `trail`: a digest of every record in order, so that none may be doubled.

    Its event time is an hour a record, so that daily snapshots come up.
    """

    next: int = 0
    accounts: dict[str, tuple[int, int]] = {}
    trail: bytes = b""

    @property
    def watermark(self) -> float | None:
        """Seconds since 1970."""
        return self.next * 3600.0 if self.next else None

    def freezing(self) -> tuple["Packed", Iterator[None]]:
        """A copy, complete at once."""
        return Packed(msgspec.msgpack.encode(self)), iter(())


class Packed:
    """A frozen state."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def sections(self) -> Iterator[tuple[str, bytes]]:
        """All of it."""
        yield "totals", self._content


class CountingCore:
    """The science."""

    def __init__(self, _code_version: str) -> None:
        self.tally = RunTally()

    def new(self, _partition: int) -> Totals:
        """Nothing counted."""
        return Totals()

    def thaw(self, _partition: int, sections: list[tuple[str, bytes]]) -> Totals:
        """From a snapshot."""
        try:
            return msgspec.msgpack.decode(b"".join(content for _, content in sections), type=Totals)
        except msgspec.DecodeError as fault:
            raise SnapshotError("the snapshot's contents cannot be used", got=str(fault)) from fault

    def skip(self, state: Totals, offset: int) -> None:
        """Only the position moves."""
        state.next = offset + 1

    def apply(self, state: Totals, partition: int, record: Any, *, muted: bool) -> list[Output]:
        """Count one amount (decimal) of the account that is the record's key."""
        began = time.perf_counter()
        try:
            account, amount = record.key.decode(), int(record.value)
        except ValueError as fault:
            raise LedgerError("an amount cannot be read", got=repr(record.value)) from fault
        count, total = state.accounts.get(account, (0, 0))
        count, total = count + 1, total + amount
        state.accounts[account] = count, total
        state.trail = hashlib.sha256(state.trail + record.value).digest()
        state.next = record.offset + 1
        self.tally.apply_seconds += time.perf_counter() - began
        self.tally.outcomes["muted" if muted else "applied"] += 1
        if muted or count % EVERY:
            return []
        return [Output(TOTALS, partition, record.key, b"%d %d" % (count, total), [], record.timestamp)]


COUNTING = AgentParameters[Totals](
    identity=AgentIdentity(name="counting", input_topic=INPUT, state_schema=1),
    core=CountingCore,
    may_write=TOTALS.__eq__,
)


def main() -> None:
    """See above."""
    from streams.monitor.agent import MONITOR_AGENT

    began, settings = time.monotonic(), load_settings()
    logs.set_up(settings.log_format, settings.log_level)
    logs.hear_libraries(settings.log_level)
    listener = listen(settings.web_host, int(sys.argv[-1]))
    loop = worker._event_loop()
    parameters = (MONITOR_AGENT, COUNTING)
    names = tuple(one.identity.name for one in parameters)
    metrics = worker._metrics(settings, settings.effective.engine.partitions, None, names)
    broker = health.BrokerWatch(settings)
    agents = {
        one.identity.name: worker.stateful_agent(one, settings, metrics, broker, web=one is MONITOR_AGENT)
        for one in parameters
    }
    serve_on(agents["monitor"].app, listener)
    announcements = Announcements(agents, [broker, *agents.values()], "", began)
    worker.run_agents(loop, agents, metrics, broker, announcements)


if __name__ == "__main__":
    main()
