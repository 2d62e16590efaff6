"""Ingest in a schedule: sources merged at random into the ledger, with crashes in the middle of a run's deliveries."""

import random

from streams.kafka import topics
from tests.simulation.sources import Sent, Written

POISON = b"\xff not a record"


class Ingest:
    """Operations on ingest, for `World`."""

    def _append(self, one: Written) -> None:
        self.kafka.log(topics.LEDGER, one.partition).append(one.key, one.value, one.headers, one.timestamp)
        self.written[one.partition].append(one)

    def _take(self, draw: random.Random, most: int) -> tuple[list[Sent], list[int]]:
        """The next run of ingest: sources merged at random, each in its order; and the positions after it."""
        positions, run = list(self._sent), []
        favour = [draw.random() + 0.05 for _ in positions]
        for _ in range(most):
            left = [one for one, log in enumerate(self.sources.logs) if positions[one] < len(log)]
            if not left:
                break
            source = draw.choices(left, [favour[one] for one in left])[0]
            run.append(self.sources.logs[source][positions[source]])
            positions[source] += 1
        return run, positions

    @property
    def ingested(self) -> bool:
        """Whether everything that was sent is in the ledger and acknowledged."""
        return all(position == len(log) for position, log in zip(self._sent, self.sources.logs, strict=True))

    def do_ingest(self, draw: random.Random, most: int = 60) -> None:
        """A run of ingest, delivered and committed."""
        run, self._sent = self._take(draw, draw.randint(1, most))
        for sent in run:
            for one in sent:
                self._append(one)

    def do_ingest_crash(self, draw: random.Random) -> None:
        """A run is delivered in part: of each ledger partition a prefix; one batch may still be on its way."""
        run, _ = self._take(draw, draw.randint(1, 60))
        for number in range(self.partitions):
            batch = [one for sent in run for one in sent if one.partition == number]
            cut = draw.randint(0, len(batch))
            for one in batch[:cut]:
                self._append(one)
            if draw.random() < 0.3:
                self._late.append(batch[cut : draw.randint(cut, len(batch))])

    def do_arrive(self, draw: random.Random) -> None:
        """A batch that was on its way when its ingest worker died."""
        if self._late:
            for one in self._late.pop(draw.randrange(len(self._late))):
                self._append(one)

    def do_poison(self, draw: random.Random) -> None:
        """A record that nobody can read."""
        self._append(Written(draw.randrange(self.partitions), b"k", POISON, (), 0, None, 0, None, None))
