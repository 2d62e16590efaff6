"""Bytes of what was fetched, beside the number of records: one record may be as large as a record set may be.

Failure prevented: sets of 30 MB of zeros, 1 KB each as sent, were all read in one look. Sixty took 1.9 GB, and as many
as fit into one fetch would have taken thirty.
"""

from typing import Any

from aiokafka.consumer import fetcher

# What one look may take of a partition, and what a partition may have in hand before more of it is fetched, bytes.
# 8192 payments, which one look may take, have some 4 MB; a larger record is taken alone.
BYTES_A_PARTITION = 4 * 1024 * 1024
# A header as Python keeps it: a pair, and mostly a name and a value of its own.
_HEADER_BYTES = 150


def weigh(record: Any) -> int:
    """About how many bytes a record takes."""
    return len(record.value or b"") + len(record.key or b"") + _HEADER_BYTES * len(record.headers)


class BoundedResult(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka ships no types
    """Aiokafka's answer of one partition, of which a look takes a bounded part; the rest stays for the next."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Any]:
        """The next records, at least one where there is one."""
        if not self.has_more() or not self.check_assignment(self._topic_partition):
            return []
        taken: list[Any] = []
        size = 0
        for record in self._partition_records:
            taken.append(record)
            size += weigh(record)
            if size >= BYTES_A_PARTITION or len(taken) == max_records:
                self._update_position()
                break
        else:
            self._update_position()
            self._partition_records = None
        return taken
