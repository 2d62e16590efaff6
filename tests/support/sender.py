"""Who sends the stream of a chaos run: in pieces, each sent again until all of it is acknowledged."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from streams.contracts.input_record import InputRecord
from streams.errors import BrokerUnavailableError, DeliveryError
from streams.publication.sending import publish_records
from streams.settings import load_settings

# records sent at once: some seconds of a chaos run, and what comes twice when the brokers fail meanwhile
PIECE = 1_000
GIVE_UP_SECONDS = 300.0


def fingerprint(topic: str, key: bytes | None, value: bytes | None) -> bytes:
    """What tells an input record from others, short enough to keep a million of them."""
    return hashlib.blake2b(b"\0".join((topic.encode(), key or b"", value or b"")), digest_size=12).digest()


class Sender(threading.Thread):
    """Sends `records` beside the workers at `rate` records/s (None: flat out), never more than was allowed.

    What the brokers do not acknowledge in time is sent again, as a bank would: so every record is acknowledged in the
    end, and `resent` counts those that may stand twice. `acknowledged` tells by fingerprint what was.
    """

    def __init__(self, bootstrap: str, records: Iterable[InputRecord], rate: float | None, allowed: int) -> None:
        super().__init__(name="sender", daemon=True)
        self._address, self._records, self._rate = bootstrap, iter(records), rate
        self._allowed, self._more = allowed, threading.Condition()
        self.sent = self.resent = 0
        self.acknowledged: Counter[bytes] = Counter()
        self.fault: BaseException | None = None

    def allow(self, records: int) -> None:
        """Let the sender go on until it has sent `records` in all."""
        with self._more:
            self._allowed = max(self._allowed, records)
            self._more.notify()

    def run(self) -> None:
        """Send all that is allowed, piece by piece; a fault is kept for `finish`."""
        try:
            for piece in self._pieces():
                self._send(piece)
        except BaseException as fault:  # noqa: BLE001 - raised in the test's own thread
            self.fault = fault

    def _pieces(self) -> Iterator[list[InputRecord]]:
        while True:
            with self._more:
                self._more.wait_for(lambda: self._allowed > self.sent)
                room = min(PIECE, self._allowed - self.sent)
            piece = list(islice(self._records, room))
            if not piece:
                return
            yield piece

    def _send(self, piece: list[InputRecord]) -> None:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                publish_records(load_settings(bootstrap=self._address), piece, self._rate, stamps="now")
            except (DeliveryError, BrokerUnavailableError):
                if time.monotonic() > deadline:
                    raise
                self.resent += len(piece)
                time.sleep(1)
            else:
                break
        self.acknowledged.update(fingerprint(one.topic, one.key, one.value) for one in piece)
        self.sent += len(piece)

    def finish(self, seconds: float = 600) -> None:
        """Wait for the end of the stream; raises what sending raised."""
        self.join(seconds)
        assert not self.is_alive(), f"{self.sent} records are sent after another {seconds:.0f} s, not all"
        if self.fault is not None:
            raise self.fault
