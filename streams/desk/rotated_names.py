"""Which tokens of two keys are one party's: the records of a key rotation carry the current token and the former one.

Whoever may read the ledger may know that, and nobody else does: alerts carry one token each (docs/KEYS.md). So it is
read when it is asked, from the partitions in question alone, and written nowhere.
"""

from collections.abc import Iterable
from typing import Any, Self

from streams.desk.alert_heads import slot_part
from streams.desk.party_history import count_ledger_partitions
from streams.errors import LedgerError
from streams.kafka import topic_reader, topics
from streams.keys import pseudonyms
from streams.ledger import envelope
from streams.settings import Settings

_MARK = b'"previous"'


class RotatedNames:
    """The names of some parties. Takes every record of their ledger partitions in order; others' are passed over.

    A later name of a party asked for is followed further, so that two rotations are one party too. Held is a name a
    party and rotation, 200 bytes; a record without a former token costs 0.1 us.
    """

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self._parent = {token: token for token in tokens}
        self._slots = frozenset(map(slot_part, self._parent))

    @classmethod
    def of_one(cls, tokens: Iterable[str]) -> Self:
        """Names that are known to be one party's."""
        made = cls(tokens)
        made._parent = dict.fromkeys(made._parent, min(made._parent, default=""))
        return made

    def take(self, record: Any) -> None:
        """Take the next record of a partition."""
        if record.key is None or _MARK not in (record.value or b""):
            return
        token = record.key.decode(errors="replace")
        if slot_part(token) not in self._slots:
            return
        try:
            event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
        except LedgerError:
            return  # `fxwatch ledger show` says what is wrong with it
        former = getattr(event, "previous", {}).get(token)
        if former is not None and (former in self._parent or token in self._parent):
            self._parent[self.of(token)] = self.of(former)

    def of(self, token: str) -> str:
        """The name that stands for all names of the party; of one that nothing is known of, itself."""
        root = token
        while (above := self._parent.get(root, root)) != root:
            root = above
        return root


def read_rotated_names(settings: Settings, tokens: Iterable[str], told: topic_reader.Told) -> RotatedNames:
    """The names of these parties. The ledger is read only where two of them share a slot under different keys.

    That reading is of their partitions, 5 us a record. Raises what the reader raises: `NotAuthorizedError` for who may
    not read the ledger.
    """
    keys: dict[str, dict[str, set[str]]] = {}
    for token in tokens:
        if pseudonyms.is_token(token):
            keys.setdefault(slot_part(token), {}).setdefault(token.partition(".")[0], set()).add(token)
    doubtful = [token for of_slot in keys.values() if len(of_slot) > 1 for some in of_slot.values() for token in some]
    names = RotatedNames(doubtful)
    if not doubtful:
        return names
    count = count_ledger_partitions(settings)
    places = {pseudonyms.partition_of(token, count) for token in doubtful}
    with topic_reader.Reader(settings, [topics.LEDGER], places, known=True) as reader:
        for _, records in reader.read_to_end(told=told):
            for record in records:
                names.take(record)
    return names
