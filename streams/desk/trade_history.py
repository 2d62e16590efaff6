"""A party's trade ledger, built anew from its own records of the ledger.

The partition is read once, and once more where a former name of the party is found out behind records that have it.
Reference rates, configurations and the party's own records are applied by the core as the monitor does; records of
others are passed over. So the clock that folds old closed items is that of the party's own records.
"""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from detectors.books.party import Party, unpack
from detectors.books.trade_book import TradeBook
from detectors.core import apply
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import HOUR_US
from streams.desk.party_history import History
from streams.errors import LedgerError
from streams.kafka import topic_reader, topics
from streams.ledger import envelope
from streams.settings import Settings, overlay_configuration

# what stands in every partition, in a fixed order
_FOR_ALL = sorted(envelope.BROADCAST)


class TradeHistory(NamedTuple):
    """A party's trade ledger, the state that it is kept in, and how many of its records could not be used."""

    book: TradeBook
    state: PartitionState
    unusable: int


class TradeReading:
    """Applies what concerns a party, record by record in ledger order."""

    def __init__(self, token: str, names: frozenset[str], partition: int) -> None:
        self._token, self._keys = token, frozenset(name.encode() for name in names)
        self.state = PartitionState.new(partition, topics.LEDGER)
        self.state.fallback = overlay_configuration({})
        self.unusable = 0

    def take(self, record: Any) -> None:
        """Take the next record of the partition."""
        if record.key not in self._keys and not any(envelope.is_kind(record.headers, kind) for kind in _FOR_ALL):
            return
        try:
            apply(self.state, *envelope.decode_record(record.value, record.headers, record.offset, record.timestamp))
        except (LedgerError, ValueError):
            self.unusable += 1

    def found(self) -> TradeHistory:
        """The party's ledger now."""
        record = self.state.parties.get(self.state.newest_name(self._token))
        party = Party() if record is None else unpack(record)
        return TradeHistory(TradeBook(party.trade), self.state, self.unusable)


def read_trade(settings: Settings, token: str, partition: int, told: topic_reader.Told) -> TradeHistory:
    """The party's trade ledger, by its records under former and later names too. Raises what the reader raises.

    Cost: 5 us a record of others, 0.4 ms one of its own.
    """
    names, engine = frozenset({token}), settings.effective.engine
    while True:
        history = History(token, names, ZoneInfo(engine.time_zone), int(engine.rate_stale_hours * HOUR_US), 1)
        reading = TradeReading(token, names, partition)
        with topic_reader.Reader(settings, [topics.LEDGER], [partition], known=True) as reader:
            for _, records in reader.read_to_end(told=told):
                for record in records:
                    history.take(record, partition)
                    reading.take(record)
        names = history.all_names()
        if names == history.names:
            return reading.found()
