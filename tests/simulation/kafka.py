"""Kafka in memory, as far as exactness depends on it: logs, transactions, fencing, group offsets, compaction.

What it keeps of the real one:

* records of an open transaction lie in the log like others; a read_committed reader gets nothing at or behind the first
  of them (last stable offset), a read_uncommitted one gets all;
* commit and abort write a marker to every partition of the transaction, one after the other, not at once; markers take
  offsets;
* starting a producer bumps the epoch of its transactional id and aborts what the older epoch has open, after waiting
  for a commit that is decided but not yet marked everywhere; every later request of an older epoch is fenced;
* a transaction that is open for longer than its time-out is aborted, and its producer fenced;
* a request that was sent may take effect after its sender has died or given up.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from contextvars import Context
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from aiokafka.errors import ProducerFenced

CONTROL = b"\x00control"
_offset = attrgetter("offset")


class Transaction:
    """One producer's transaction: the logs it wrote to, and how it ended (None while open)."""

    __slots__ = ("committed", "logs")

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.committed: bool | None = None


class Record:
    """A record in a log, as a consumer gets it. `timestamp` is ms UTC."""

    __slots__ = ("headers", "key", "offset", "timestamp", "transaction", "value")

    def __init__(self, offset: int, key: bytes | None, value: bytes | None, headers: Any, timestamp: int) -> None:
        self.offset, self.key, self.value, self.headers, self.timestamp = offset, key, value, headers, timestamp
        self.transaction: Transaction | None = None


class Log:
    """One partition of a topic."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.end = 0
        self.open: dict[Transaction, int] = {}
        self.compacted = False

    def append(self, key: bytes | None, value: bytes | None, headers: Any = (), timestamp: int = 0) -> Record:
        """Write outside any transaction."""
        record = Record(self.end, key, value, headers, timestamp)
        self.records.append(record)
        self.end += 1
        return record

    def mark(self, transaction: Transaction) -> None:
        """The marker that ends a transaction here; from now on readers see what became of it."""
        self.append(CONTROL, None)
        del self.open[transaction]

    @property
    def stable(self) -> int:
        """Last stable offset: below it every transaction has ended."""
        return min(self.open.values(), default=self.end)

    def read(self, position: int, most: int, *, committed: bool) -> tuple[list[Record], int]:
        """Records from `position` on, at most `most` looked at, and the position after them."""
        end = self.stable if committed else self.end
        start = bisect_left(self.records, position, key=_offset) if self.compacted else position
        found = self.records[start : start + most]
        if found and found[-1].offset >= end:
            found = [record for record in found if record.offset < end]
        if not found:
            return [], max(position, end)
        after = found[-1].offset + 1 if start + most < len(self.records) else max(found[-1].offset + 1, end)
        return [record for record in found if _visible(record, committed)], min(after, end)

    def committed(self) -> list[Record]:
        """Everything that a read_committed reader sees now."""
        return self.read(0, len(self.records), committed=True)[0]

    def compact(self) -> None:
        """Keep the newest committed record of each key; what a transaction still holds open stays."""
        stable, newest = self.stable, {}
        for record in self.records:
            if record.offset < stable and record.key != CONTROL and _visible(record, committed=True):
                newest[record.key] = record.offset
        self.records = [one for one in self.records if one.offset >= stable or newest.get(one.key) == one.offset]
        self.compacted = True


def _visible(record: Record, committed: bool) -> bool:
    if record.key == CONTROL:
        return False
    return not committed or record.transaction is None or bool(record.transaction.committed)


class _Identity:
    """What the coordinator knows of a transactional id."""

    __slots__ = ("ending", "epoch", "timer", "transaction")

    def __init__(self) -> None:
        self.epoch = 0
        self.transaction: Transaction | None = None
        self.ending: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None


class Place(NamedTuple):
    """A topic's partition."""

    topic: str
    partition: int


class MemoryKafka:
    """The broker. `draw` decides how long markers take; `on_commit` sees each transaction as its commit is decided."""

    def __init__(
        self,
        draw: Random,
        on_commit: Callable[[Transaction], None] = lambda _transaction: None,
        transaction_timeout: float = 10.0,
    ) -> None:
        self._draw, self._on_commit, self.transaction_timeout = draw, on_commit, transaction_timeout
        self.logs: dict[Place, Log] = {}
        self.group: dict[Place, int] = {}
        self._identities: dict[str, _Identity] = {}

    def log(self, topic: str, partition: int) -> Log:
        """The log of a partition, empty when new."""
        place = Place(topic, partition)
        found = self.logs.get(place)
        if found is None:
            found = self.logs[place] = Log()
        return found

    # -- transactions ---------------------------------------------------------------------------------------------

    async def start_producer(self, transactional_id: str) -> int:
        """A new epoch: every older producer of this id is fenced, and what it has open is aborted."""
        identity = self._identities.setdefault(transactional_id, _Identity())
        identity.epoch += 1
        epoch = identity.epoch
        await self._settle(identity)
        return epoch

    async def _settle(self, identity: _Identity) -> None:
        if identity.ending is not None:
            await asyncio.shield(identity.ending)
        if identity.transaction is not None:
            await self._end(identity, commit=False)

    def _current(self, transactional_id: str, epoch: int) -> _Identity:
        identity = self._identities[transactional_id]
        if identity.epoch != epoch:
            raise ProducerFenced
        return identity

    def append(
        self,
        transactional_id: str,
        epoch: int,
        place: Place,
        key: bytes | None,
        value: bytes | None,
        headers: Any,
        timestamp: int,
    ) -> Record:
        """Write in the producer's transaction, which begins with its first record. Raises `ProducerFenced`."""
        identity = self._current(transactional_id, epoch)
        if identity.transaction is None:
            identity.transaction = Transaction()
            identity.timer = asyncio.get_running_loop().call_later(
                self.transaction_timeout, self.expire, transactional_id
            )
        transaction, log = identity.transaction, self.log(*place)
        record = log.append(key, value, headers, timestamp)
        record.transaction = transaction
        if transaction not in log.open:
            log.open[transaction] = record.offset
            transaction.logs.append(log)
        return record

    async def end_transaction(self, transactional_id: str, epoch: int, *, commit: bool) -> None:
        """Commit or abort; returns when every marker is written. Raises `ProducerFenced`."""
        identity = self._current(transactional_id, epoch)
        if identity.transaction is not None:
            await self._end(identity, commit=commit)

    def expire(self, transactional_id: str) -> None:
        """The broker gives up waiting for a transaction: it is aborted, and its producer is fenced."""
        identity = self._identities[transactional_id]
        identity.epoch += 1
        if identity.transaction is not None and identity.ending is None:
            self._begin_end(identity, commit=False)

    async def _end(self, identity: _Identity, *, commit: bool) -> None:
        # the broker finishes what is decided, whether or not the client lives on to hear of it
        await asyncio.shield(self._begin_end(identity, commit=commit))

    def _begin_end(self, identity: _Identity, *, commit: bool) -> "asyncio.Task[None]":
        transaction = identity.transaction
        assert transaction is not None
        if identity.timer is not None:
            identity.timer.cancel()
        identity.transaction, transaction.committed = None, commit
        if commit:
            self._on_commit(transaction)
        # a context of its own: it belongs to no worker, so that no kill of one ends it
        task = asyncio.get_running_loop().create_task(self._mark(identity, transaction), context=Context())
        identity.ending = task
        return task

    async def _mark(self, identity: _Identity, transaction: Transaction) -> None:
        for log in transaction.logs:
            if self._draw.random() < 0.2:
                await asyncio.sleep(self._draw.random() * 0.2)
            log.mark(transaction)
        identity.ending = None
