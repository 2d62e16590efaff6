"""A record of `fx.learning.v1` as the door reads it. Monitors alone write there, and nothing of it is trusted before.

Failure prevented: a damaged or foreign record would come into every partition of the ledger, and stop all of them.
"""

import msgspec

from detectors.contracts.learning import Learning
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.refusal_codes import Fault

LEARNING = "fx.learning.v1"
# A thousand counts are 10 kB, a lesson 4 kB.
SIZE_LIMIT = 64 * 1024

_decode = msgspec.json.Decoder(Learning).decode


def read_learning(record: ArrivedRecord, partitions: int) -> Learning | Fault:
    """What a record tells, or why it is refused. `partitions` is how many the ledger has. Never raises; 20 us."""
    value = record.value
    if value is None:
        return Fault("value.missing")
    if len(value) > SIZE_LIMIT:
        return Fault("size.exceeded", "", f"at most {SIZE_LIMIT} bytes")
    try:
        told = _decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        # the library's message quotes what was sent
        return Fault("learning.malformed", "", "what a monitor of this release writes")
    if told.partition != record.partition or told.partition >= partitions:
        return Fault("learning.partition", "partition", "the partition that it stands in, one of the ledger's")
    return told
