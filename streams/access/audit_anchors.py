"""Anchors of the audit log: its head, kept in a file outside Kafka, so that a cut tail or a full rewrite is told.

A chain of hashes shows a change in the middle. Whoever may delete the topic's end, or write all of it anew, leaves a
chain that is whole. He does not reach a file on an officer's or auditor's machine that says what stood where.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from streams.access import audit_log
from streams.errors import FxwatchError
from streams.keys.secret_files import read_trusted_file


class AnchorError(FxwatchError):
    """The anchor file cannot be read or written."""

    code = "audit.anchor"


class Anchor(msgspec.Struct, frozen=True):
    """What stood at an offset of the audit log, and when it was noted (UTC)."""

    offset: int
    sha256: str
    when: datetime


_decode = msgspec.json.Decoder(Anchor).decode


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file, oldest first; none when there is no file yet.

    Raises `AnchorError` for a line that is no anchor, `KeyFileError` for a file that others can change.
    """
    if not path.exists():
        return []
    anchors = []
    for number, line in enumerate(read_trusted_file(path, "anchor").splitlines(), 1):
        try:
            anchors.append(_decode(line))
        except msgspec.DecodeError as fault:
            raise AnchorError(
                "the anchor file holds a line that is no anchor",
                got=f"{path}, line {number}: {fault}",
                expected="lines as `fxwatch reidentify` writes them",
                todo="restore the file; a damaged one proves nothing",
            ) from fault
    return anchors


def add_anchor(path: Path, offset: int, sha256: str) -> None:
    """Note what stands at an offset, on disk for certain when it returns. Raises `AnchorError`."""
    line = msgspec.json.encode(Anchor(offset, sha256, datetime.now(UTC))) + b"\n"
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, line)
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as fault:
        raise AnchorError(
            f"the audit record cannot be anchored: {fault.strerror}",
            got=path,
            expected="a file that can be added to",
            todo="correct FXWATCH_AUDIT_ANCHOR_FILE; the record is in the log, and nothing was shown",
        ) from fault


def find_missing(values: Iterable[tuple[int, bytes]], anchors: Iterable[Anchor]) -> Iterator[str]:
    """What the log of (offset, bytes) does not hold any more of what was anchored; nothing when it holds all."""
    held = {offset: audit_log.digest(value) for offset, value in values}
    end = max(held, default=-1)
    for anchor in anchors:
        noted = f"offset {anchor.offset}, noted {anchor.when:%Y-%m-%d %H:%M:%S} UTC"
        found = held.get(anchor.offset)
        if anchor.offset > end:
            yield f"{noted}: the log ends at offset {end}: its end was cut off, or the topic was created anew"
        elif found is None:
            yield f"{noted}: there is no record"
        elif found != anchor.sha256:
            yield f"{noted}: another record stands there ({found[:16]}..., noted was {anchor.sha256[:16]}...)"
