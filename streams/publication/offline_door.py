"""What ingest would say of a record, asked of ingest's own door before anything is sent: no cluster, no keys.

It is the same `Door` by the same configuration, so that the two cannot disagree. Its tokens are made with a key that is
thrown away, and nothing of them leaves here. Out of its reach is what came before, and what the cluster decides.
"""

import secrets
import time
from collections import Counter

from streams.contracts.input_record import InputRecord
from streams.contracts.refusal_codes import Fault
from streams.ingest.door import Door, Rejected
from streams.keys.pseudonyms import Key, Keys
from streams.settings import Settings

# tokens remembered for each name space, 500 bytes each: making one anew costs 5 us
_REMEMBERED = 5_000
_ALWAYS_UNCHECKED = (
    "whether an event came before, with the same content (dropped) or another one (event.conflict)",
    "what the monitor alone can tell of rates and verdicts (codes rate.* and verdict.*)",
    "whether the topics exist, and take these time stamps from this client",
)
_HISTORY = "history.not_allowed"


class OfflineDoor:
    """Ingest's door as this process's configuration makes it; `unchecked` says what it cannot see.

    Raises `ConfigurationError` when the file of senders' keys cannot be used.
    Cost: 20 us (a profile) to 70 us (a payment) a record on a busy machine, 90 us of parties not seen before.
    """

    def __init__(self, settings: Settings) -> None:
        effective, senders = settings.effective, None
        if settings.sender_keys_file is not None:
            from streams.keys.sender_key_file import load_sender_keys

            senders = load_sender_keys(settings.sender_keys_file)
        thrown_away = Key("offline", secrets.token_bytes(32))
        keys = Keys(thrown_away, thrown_away, remembered=_REMEMBERED)
        # one ledger partition: what a rate or a rule would be written to is not looked at
        self._door = Door(keys, 1, dict(effective.legend.words), effective.admitted, senders)
        # the same rule, for who converts messages
        self.identifiers = self._door.identifiers
        self.asks_signatures = senders is not None
        # Who may load history is in the workers' configuration, which a sender's machine need not have. Failure
        # prevented: every load of history from such a machine would be refused here, and taken by ingest.
        self._history = bool(effective.admitted.history)
        self._marked = False
        # what was done to which field of how many records that fit (docs/IDENTIFIERS.md)
        self.notes: Counter[str] = Counter()

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What was out of reach for the records so far."""
        more = []
        if not self.asks_signatures:
            more.append("signatures: no FXWATCH_SENDER_KEYS_FILE here says whose records must be signed")
        if self._marked:
            more.append("whether these records may be history: no [[admission.history]] here says who may load it")
        return (*_ALWAYS_UNCHECKED, *more)

    def faults(self, record: InputRecord) -> tuple[Fault, ...]:
        """All faults for which ingest would dead-letter the record if it were sent now; empty when it admits it."""
        at_ms = record.timestamp_ms if record.timestamp_ms >= 0 else time.time_ns() // 1_000_000
        answer = self._door.admit(record._replace(timestamp_ms=at_ms).at(0))
        if not isinstance(answer, Rejected):
            self.notes.update(answer.notes)
            return ()
        if self._history or _HISTORY not in answer.codes:
            return answer.faults
        self._marked = True
        return tuple(fault for fault in answer.faults if fault.code != _HISTORY)
