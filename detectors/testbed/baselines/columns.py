"""What a baseline sees of one partition: raw columns in stream order, and nothing learned by fxwatch."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.testbed.sheet import Sheet

_HOUR_US = 3_600_000_000
_DAY_HOURS = 24
# 1970-01-01 was a Thursday; Monday is 0
_EPOCH_WEEKDAY = 3


class Columns(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The rows of one partition, in order of offset. History is among them: baselines learn from it too.

    `usd` is 0 without a rate, `deviation_bp` (deal rate against the reference) 0 without a deal. `hour` (0-23) and
    `weekday` (0 = Monday) are local. `moved` is false for returned and cancelled payments.
    """

    partition: int
    offset: NDArray[np.int64]
    day: NDArray[np.int32]
    hour: NDArray[np.int64]
    weekday: NDArray[np.int64]
    party: NDArray[np.int32]
    person: NDArray[np.bool_]
    outgoing: NDArray[np.bool_]
    no_document: NDArray[np.bool_]
    moved: NDArray[np.bool_]
    usd: NDArray[np.float64]
    deviation_bp: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.offset)


def partition_columns(sheet: Sheet, zone_shift_us: NDArray[np.int64]) -> list[Columns]:
    """The columns of each partition that has rows, in order of partition.

    `zone_shift_us` is what local time is ahead of UTC at each row; the caller knows the zone. Rows of the sheet are in
    order of (partition, offset), so the partitions' scores, joined, are in the sheet's order.
    """
    local_hours = (sheet.time_us + zone_shift_us) // _HOUR_US
    person = sheet.party_type.is_any(["person"])
    outgoing, no_document = sheet.direction.is_any(["out"]), sheet.evidence.is_any(["none"])
    moved = ~sheet.status.is_any(["returned", "cancelled"])
    deviation = np.nan_to_num(sheet.deal_deviation_bp, nan=0.0)
    told = []
    for partition in np.unique(sheet.partition).tolist():
        rows = np.flatnonzero(sheet.partition == partition)
        told.append(
            Columns(
                partition=partition,
                offset=sheet.offset[rows],
                day=sheet.day[rows],
                hour=local_hours[rows] % _DAY_HOURS,
                weekday=(sheet.day[rows].astype(np.int64) + _EPOCH_WEEKDAY) % 7,
                party=sheet.party.codes[rows],
                person=person[rows],
                outgoing=outgoing[rows],
                no_document=no_document[rows],
                moved=moved[rows],
                usd=sheet.usd_cents[rows] / 100,
                deviation_bp=deviation[rows],
            )
        )
    return told
