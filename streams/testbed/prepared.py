"""The common form of every source of a replay: ledger files, and what is known of them."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from detectors.contracts.configuration import Configuration
from streams.testbed.result_files import SourceRead


class Stages(Protocol):
    """Who is told how far a replay is."""

    def begin(self, name: str, total: int | None) -> None:
        """A stage begins; `total` records, None where that is not known."""

    def advance(self, records: int) -> None:
        """So many more records of the stage are done."""


class Silent:
    """Nobody is told."""

    def begin(self, name: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, records: int) -> None:
        """Say nothing."""


class Prepared(NamedTuple):
    """Ledger files that wait for the core.

    `configuration` is the newest in them, `members` those of all of them; `read` counts what was read by topic,
    `records` the ledger records. `told` says that they hold what partitions told one another, as far as they did: then
    the replay adds nothing to it.
    """

    source: SourceRead
    partitions: int
    configuration: Configuration
    members: tuple[str, ...]
    read: dict[str, int]
    dead_letters: dict[str, int]
    records: int
    told: bool = True

    def judged_from(self, partition: int) -> int:
        """The first ledger offset whose outputs count."""
        return self.source.partitions.get(str(partition), (0, 0))[0]

    def end(self, partition: int) -> int:
        """The ledger offset that the replay ends before; 0 where the last record says it."""
        return self.source.partitions.get(str(partition), (0, 0))[1]


def members_of(configurations: Iterable[Configuration]) -> tuple[str, ...]:
    """The members of all configurations, those of the newest (the last) first."""
    newest_first = reversed(list(configurations))
    return tuple(dict.fromkeys(name for one in newest_first for name in one.detectors.members))
