"""Snapshots in a schedule that are altered, lost, or replaced by ones of another state schema."""

import hashlib
import random

import msgspec

from streams.errors import SnapshotError
from streams.kafka import topics
from streams.ledger.progress import Progress, SnapshotPointer, encode
from streams.ledger.snapshot_format import Chunk, Header, cut_into_chunks, read_header, seal
from streams.monitor.core import MONITOR
from tests.simulation.kafka import Record


class Damage:
    """Operations on snapshots, for `World`."""

    def do_damage(self, draw: random.Random) -> None:
        """A snapshot record is altered, lost, or replaced by one of another ledger or state schema."""
        number = draw.randrange(self.partitions)
        log = self.kafka.log(topics.SNAPSHOTS, number)
        found = [one for one in log.records if one.value is not None]
        if not found:
            return
        how = draw.choice(("alter", "alter", "alter", "lose", "all", "foreign schema", "foreign schema"))
        if how == "all":
            for one in found:
                one.value = None
            self.befell["damaged"] += 1
        elif how in {"alter", "lose"}:
            self.befell["damaged"] += 1
            self._damage(draw.choice(found[-2:]), draw, how)
        else:
            self.befell["forged"] += self._forge(number, how)
        if draw.random() < 0.7:
            self.do_kill(draw)  # whoever comes next has to load it

    def _damage(self, record: Record, draw: random.Random, how: str) -> None:
        """Lose a record, flip one bit, or change what a chunk says so that only its checksum tells."""
        value = record.value or b""
        if how == "lose":
            record.value = None
            return
        if draw.random() < 0.8 and not (record.key or b"").endswith(b"header"):
            try:
                chunk = msgspec.msgpack.decode(value, type=Chunk)
                chunk = msgspec.structs.replace(chunk, sections=tuple(self.kind.forged(list(chunk.sections))))
                record.value = msgspec.msgpack.encode(chunk)
            except ValueError:
                pass  # one of several chunks, or damaged before: a bit is flipped instead
            else:
                return
        changed = bytearray(value)
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        record.value = bytes(changed)

    def _forge(self, number: int, how: str) -> bool:
        """Write a snapshot that proves whole but is of another ledger or schema, as the newest of its slot."""
        found = Progress()
        place = MONITOR.place(number)
        for record in self.kafka.log(topics.PROGRESS, number).committed():
            found.absorb(place.agent, number, record.key or b"", record.value)
        newest = min(found.snapshots.values(), key=lambda one: (-one.next, one.slot), default=None)  # loaded first
        if newest is None:
            return False
        log = self.kafka.log(topics.SNAPSHOTS, number)
        records = [one for one in log.records if newest.first <= one.offset <= newest.last and one.value is not None]
        values = [one.value for one in records if one.key is not None and not one.key.endswith(b"header")]
        if not values or not (records[-1].key or b"").endswith(b"header"):
            return False
        try:
            chunks = [msgspec.msgpack.decode(value, type=Chunk) for value in values if value is not None]
            header = read_header(records[-1].value or b"")
            sections = self.kind.forged([section for chunk in chunks for section in chunk.sections])
        except (ValueError, SnapshotError):
            return False  # damaged before
        self._write_forged(number, newest, header, sections, how)
        return True

    def _write_forged(
        self, number: int, newest: SnapshotPointer, header: Header, sections: list[tuple[str, bytes]], how: str
    ) -> None:
        log, name = self.kafka.log(topics.SNAPSHOTS, number), f"forged-{newest.snapshot_id}"
        values = list(cut_into_chunks(name, sections))
        prefix = f"{MONITOR.name}/{number}/{newest.slot}/"
        first = log.end
        for index, value in enumerate(values):
            log.append(f"{prefix}{index:06d}".encode(), value)
        changed = {"topic_id": "another"} if how == "foreign ledger" else {"schema": header.schema + 1}
        sha256 = hashlib.sha256(b"".join(values)).hexdigest()
        header = msgspec.structs.replace(header, snapshot_id=name, chunks=len(values), sha256=sha256, **changed)
        log.append(f"{prefix}header".encode(), msgspec.json.encode(seal(header)))
        pointer = msgspec.structs.replace(newest, snapshot_id=name, first=first, last=log.end - 1)
        place = MONITOR.place(number)
        self.kafka.log(topics.PROGRESS, number).append(place.snapshot_key(newest.slot), encode(pointer))
