"""Where a replay saw drift: the records of it in the first partition's ledger, whatever the judge makes of scores."""

import msgspec

from detectors.contracts.learning import Learning, StreamDrift
from detectors.memory.drift import WATCHER
from streams.ledger import envelope
from streams.testbed import ledger_files
from streams.testbed.result_files import LEDGER, Result, ResultError, partition_file


def read_drifts(result: Result) -> tuple[StreamDrift, ...]:
    """The changes that were told, in their order. Cost: 3 us a ledger record. Raises `ResultError` for damage.

    One that was seen on the last day is in no ledger: what is told comes back on the next one.
    """
    path = partition_file(result.directory, LEDGER, WATCHER)
    found: list[StreamDrift] = []
    for records in ledger_files.read_ledger(path):
        for one in records:
            if one.key == envelope.LEARNING_KEY and envelope.is_kind(one.headers, envelope.LEARNING_KEY):
                try:
                    told = msgspec.json.decode(one.value or b"", type=Learning).told
                except msgspec.DecodeError as fault:
                    raise ResultError(
                        f"what a partition told cannot be read: {fault}", got=f"{path}, offset {one.offset}"
                    ) from fault
                if isinstance(told, StreamDrift):
                    found.append(told)
    return tuple(found)
