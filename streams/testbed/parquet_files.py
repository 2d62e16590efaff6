"""Parquet as the testbed writes it: fixed options and row groups of a fixed size, so that equal rows are equal bytes.

Sources: the Parquet format and pyarrow's writer. pyarrow names its own version in each file, so bytes are equal between
machines with the same locked packages.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COMPRESSION, LEVEL = "zstd", 3


class ParquetFile:
    """A file in the making: record batches of any size in, row groups of `rows` out. A context manager.

    `dictionaries` names the columns whose values repeat. Memory: one row group.
    """

    def __init__(self, path: Path, schema: Any, rows: int, dictionaries: Sequence[str]) -> None:
        import pyarrow.parquet as pq

        self._rows, self._schema = rows, schema
        self._file = pq.ParquetWriter(
            path,
            schema,
            compression=COMPRESSION,
            compression_level=LEVEL,
            write_statistics=True,
            use_dictionary=list(dictionaries),
        )
        self._pending: list[Any] = []
        self._waiting = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, batch: Any) -> None:
        """Take in a `pyarrow.RecordBatch`."""
        while batch.num_rows:
            part = batch.slice(0, self._rows - self._waiting)
            self._pending.append(part)
            self._waiting += part.num_rows
            batch = batch.slice(part.num_rows)
            if self._waiting == self._rows:
                self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        table = pa.Table.from_batches(self._pending, schema=self._schema)
        self._pending, self._waiting = [], 0
        # one chunk: how the batches came must not show in the file
        self._file.write_table(table.combine_chunks(), row_group_size=self._rows)

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        if self._pending:
            self._flush()
        self._file.close()
