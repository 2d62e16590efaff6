"""Published alerts by the beginning of their id, and the series that one of them belongs to."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from streams import reading, topics
from streams.desk.alert_heads import Head, read_head
from streams.errors import AlertNotFoundError, UsageError
from streams.render import AlertRead, read_alert
from streams.settings import Settings

# one alert among 65 000 has the same first four digits; who types fewer gets a list, not an alert
LEAST_DIGITS = 4
# shown in lists: two of a million alerts share them with a probability of 0.2 %
SHORT_DIGITS = 12
_PREFIX = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},32}}")
_NAMED = 5

Told = Callable[[int, int], None]


class Found(NamedTuple):
    """A published alert, its bytes, the partition of the alerts' topic it stands in, and what brought it up to date."""

    alert: AlertRead
    value: bytes
    partition: int
    successor: str | None = None


def require_prefix(text: str) -> str:
    """The beginning of an id as it is looked for. Raises `UsageError`."""
    prefix = text.strip().lower()
    if not _PREFIX.fullmatch(prefix):
        raise UsageError("this is not the id of an alert, nor its beginning", got=repr(text[:80]),
                         expected=f"{LEAST_DIGITS} to 32 hex digits",
                         todo="copy it from `fxwatch alerts list`")  # fmt: skip
    return prefix


def find_alerts(settings: Settings, texts: Iterable[str], told: Told) -> dict[str, Found]:
    """The alert of each id or beginning of one: one reading of the topic for all. 40 us an alert of 7 KB.

    Raises `UsageError` for what is no id, or the beginning of several; `AlertNotFoundError` naming every one that no
    alert has; what the reader raises.
    """
    prefixes = [require_prefix(text) for text in texts]
    found: dict[str, dict[str, Found]] = {prefix: {} for prefix in prefixes}
    successors: dict[str, str] = {}
    needles = [(prefix, prefix.encode()) for prefix in found]
    with reading.Reader(settings, [topics.ALERTS]) as reader:
        total, seen = sum(end - reader.begins[tp] for tp, end in reader.ends.items()), 0
        for tp, records in reader.to_end():
            for record in records:
                for prefix, needle in needles:
                    if needle in (record.value or b"") and (read := _read(record.value)) is not None:
                        _take(found[prefix], successors, prefix, Found(read, record.value, tp.partition))
            seen += len(records)
            told(seen, total)
    missing = [prefix for prefix in prefixes if not found[prefix]]
    if missing:
        raise AlertNotFoundError("no alert of this id is on fx.alerts.v1", got=", ".join(missing),
                                 expected="the id of a published alert, or its first digits",
                                 todo="see `fxwatch alerts list`")  # fmt: skip
    only = [(prefix, _only(prefix, matches)) for prefix, matches in found.items()]
    return {prefix: one._replace(successor=successors.get(one.alert.alert_id)) for prefix, one in only}


def _read(value: bytes) -> AlertRead | None:
    try:
        return read_alert(value)
    except msgspec.DecodeError:
        return None  # `fxwatch rescore --all` names what is no alert


def _take(matches: dict[str, Found], successors: dict[str, str], prefix: str, found: Found) -> None:
    """Keep the alert where its id begins so, and which one it took the place of; some are enough to tell several."""
    alert = found.alert
    if alert.alert_id.startswith(prefix) and len(matches) <= _NAMED:
        matches[alert.alert_id] = found
    if alert.supersedes is not None and alert.supersedes.startswith(prefix):
        successors[alert.supersedes] = alert.alert_id


def _only(prefix: str, matches: dict[str, Found]) -> Found:
    if len(matches) > 1:
        named = sorted(matches)[:_NAMED]
        raise UsageError("several alerts have an id that begins so", got=prefix, expected=", ".join(named),
                         todo="give more of its digits")  # fmt: skip
    return next(iter(matches.values()))


def series_of(settings: Settings, found: Found) -> list[Head]:
    """The alerts that this one brought up to date, itself, and those that brought it up to date, the oldest first."""
    alert, heads = found.alert, dict[str, Head]()
    key = alert.party.encode()
    with reading.Reader(settings, [topics.ALERTS], [found.partition]) as reader:
        for _, records in reader.to_end():
            for record in records:
                if record.key == key:
                    _keep(heads, record.value)
    return series(heads, alert.alert_id)


def _keep(heads: dict[str, Head], value: bytes) -> None:
    try:
        head = read_head(value)
    except msgspec.DecodeError:
        return
    heads[head.alert_id] = head


def series(heads: dict[str, Head], alert_id: str) -> list[Head]:
    """Of the alerts in their order those that `alert_id` leads back to, and those that lead back to it."""
    back, at = {alert_id}, heads.get(alert_id)
    while at is not None and at.supersedes is not None and at.supersedes not in back:
        back.add(at.supersedes)
        at = heads.get(at.supersedes)
    forward = {alert_id}
    for head in heads.values():
        if head.supersedes in forward:
            forward.add(head.alert_id)
    return [head for head in heads.values() if head.alert_id in back | forward]
