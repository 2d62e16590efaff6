"""The columns of `scores.parquet`: rows to record batches, and the table to a `Sheet`."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detectors.testbed.sheet import NONE, Pairs, Sheet, Texts

MEMBER = "member."
MOST_REASONS = 5
# Rows of a row group, some 6 MB before compression.
ROW_GROUP = 50_000


class ScoreRow(NamedTuple):
    """One applied transaction; the columns of `Sheet`, with None for what is not there."""

    partition: int
    offset: int
    event_id: str
    time_us: int
    day: int
    party: str
    party_type: str
    size: str | None
    region: str | None
    institution: str
    direction: str
    channel: str
    counterparty: str
    country: str
    currency: str
    purpose: str | None
    evidence: str
    status: str
    usd_cents: int | None
    deal_deviation_bp: float | None
    history: bool
    scored: bool
    score: float
    rank: float | None
    fired: tuple[tuple[str, float], ...]
    reasons: tuple[tuple[str, float], ...]
    members: dict[str, float]
    alert_id: str | None


_FIRED, _REASONS = ("typology", "strength"), ("feature", "share")


def _pairs_type(names: tuple[str, str]) -> Any:
    return pa.list_(pa.struct([(names[0], pa.string()), (names[1], pa.float64())]))


_TYPES: dict[str, Any] = {
    "partition": pa.int16(),
    "offset": pa.int64(),
    "event_id": pa.string(),
    "time_us": pa.int64(),
    "day": pa.int32(),
    **dict.fromkeys(
        (
            "party",
            "party_type",
            "size",
            "region",
            "institution",
            "direction",
            "channel",
            "counterparty",
            "country",
            "currency",
            "purpose",
            "evidence",
            "status",
        ),
        pa.string(),
    ),
    "usd_cents": pa.int64(),
    "deal_deviation_bp": pa.float64(),
    "history": pa.bool_(),
    "scored": pa.bool_(),
    "score": pa.float64(),
    "rank": pa.float64(),
    "fired": _pairs_type(_FIRED),
    "reasons": _pairs_type(_REASONS),
}
TEXTS = tuple(name for name, kind in _TYPES.items() if kind == pa.string() and name != "event_id")
# Parquet names the leaves of nested columns by their path.
DICTIONARIES = (*TEXTS, "fired.list.element.typology", "reasons.list.element.feature")


def schema(members: Sequence[str]) -> Any:
    """The Arrow schema, with a column for each member's own score."""
    fields = [*_TYPES.items(), *((MEMBER + name, pa.float64()) for name in members), ("alert_id", pa.string())]
    return pa.schema(fields)


def batch(rows: Sequence[ScoreRow], members: Sequence[str]) -> Any:
    """Rows as a `pyarrow.RecordBatch` of `schema(members)`; members that a row does not name are null."""
    columns = dict(zip(ScoreRow._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    arrays = []
    for field in schema(members):
        if field.name.startswith(MEMBER):
            member = field.name.removeprefix(MEMBER)
            arrays.append(pa.array([row.members.get(member) for row in rows], field.type))
        elif pa.types.is_list(field.type):
            arrays.append(_pairs(columns.get(field.name, ()), field.type))
        else:
            arrays.append(pa.array(columns.get(field.name, ()), field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(members))


def _pairs(lists: Sequence[Sequence[tuple[str, float]]], kind: Any) -> Any:
    starts = np.cumsum([0, *map(len, lists)], dtype=np.int32)
    flat = [pair for row in lists for pair in row]
    parts = [pa.array([name for name, _ in flat], pa.string()), pa.array([held for _, held in flat], pa.float64())]
    inner = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(starts), inner, type=kind)


def members_of(found: Any) -> tuple[str, ...]:
    """The members that a schema has columns for."""
    return tuple(name.removeprefix(MEMBER) for name in found.names if name.startswith(MEMBER))


def missing_columns(found: Any) -> list[str]:
    """Columns of `schema` that the schema of a file lacks or has in another type."""
    wanted = schema(members_of(found))
    return [
        field.name for field in wanted if field.name not in found.names or found.field(field.name).type != field.type
    ]


def sheet(table: Any) -> Sheet:
    """The sheet of a table of `schema`. About 2 s and 600 MB a million rows."""
    found = table.combine_chunks()
    readers: dict[str, Callable[[Any], Any]] = dict.fromkeys((*TEXTS, "alert_id"), _texts)
    readers |= dict.fromkeys(("fired", "reasons"), _read_pairs)
    columns = {name: readers.get(name, _numbers)(_whole(found[name])) for name in (*_TYPES, "alert_id")}
    usd = _whole(found["usd_cents"])
    columns["usd_cents"] = pc.fill_null(usd, 0).to_numpy(zero_copy_only=False)
    known = pc.is_valid(usd).to_numpy(zero_copy_only=False)
    members = {name: _numbers(_whole(found[MEMBER + name])) for name in members_of(found.schema)}
    return Sheet(**columns, usd_known=known, members=members)


def _whole(column: Any) -> Any:
    """A column's only chunk; an empty table has none."""
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _numbers(column: Any) -> Any:
    """Numbers as they are, NaN for null; event ids as Python texts."""
    return column.to_numpy(zero_copy_only=False)


def _texts(column: Any) -> Texts:
    coded = column.dictionary_encode()
    codes = pc.fill_null(coded.indices, NONE).to_numpy(zero_copy_only=False).astype(np.int32)
    return Texts(codes, tuple(coded.dictionary.to_pylist()))


def _read_pairs(column: Any) -> Pairs:
    name, value = (column.flatten().field(place) for place in (0, 1))
    counts = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Pairs(starts, _texts(name), value.to_numpy(zero_copy_only=False))
