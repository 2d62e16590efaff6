"""Published alerts by the beginning of their id, and the series that one of them belongs to."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from streams.alert_text.alert_text import AlertRead, read_alert
from streams.desk.alert_heads import Head, read_head, slot_part
from streams.errors import AlertNotFoundError, UsageError
from streams.kafka import topic_reader, topics
from streams.settings import Settings

# one alert among 65 000 has the same first four digits; who types fewer gets a list, not an alert
LEAST_DIGITS = 4
# shown in lists: two of a million alerts share them with a probability of 0.2 %
SHORT_DIGITS = 12
_PREFIX = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},32}}")
_NAMED = 5


class FoundAlert(NamedTuple):
    """A published alert, its bytes, the partition of the alerts' topic it stands in, and what came after it.

    `successor` is the newest alert that brought it up to date; `newer` counts alerts of its party, or shared thing,
    behind it, under the same key.
    """

    alert: AlertRead
    value: bytes
    partition: int
    successor: str | None = None
    newer: int = 0

    @property
    def about(self) -> str:
        """What it is kept under: the shared thing's token, or the party's."""
        return self.alert.shared.token if self.alert.shared else self.alert.party


def require_prefix(text: str) -> str:
    """The beginning of an id as it is looked for. Raises `UsageError`."""
    prefix = text.strip().lower()
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            "this is not the id of an alert, nor its beginning",
            got=repr(text[:80]),
            expected=f"{LEAST_DIGITS} to 32 hex digits",
            todo="copy it from `fxwatch alerts list`",
        )
    return prefix


def find_alerts(settings: Settings, texts: Iterable[str], told: topic_reader.Told) -> dict[str, FoundAlert]:
    """The alert of each id or beginning of one: one reading of the topic for all. 10 us an alert of 7 KB.

    Raises `UsageError` for what is no id, or the beginning of several; `AlertNotFoundError` naming every one that no
    alert has; what the reader raises.
    """
    search = AlertSearch(map(require_prefix, texts))
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        for tp, records in reader.read_to_end(told=told):
            for record in records:
                search.take(record, tp.partition)
    return search.require_found()


class AlertSearch:
    """Looks for alerts by the beginnings of their ids among records, each partition's in its order."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._matches: dict[str, dict[str, FoundAlert]] = {prefix: {} for prefix in prefixes}
        self._lengths = sorted({len(prefix) for prefix in self._matches})
        # the newest alert of a series -> the alerts asked for that it goes back to
        self._series: dict[str, tuple[str, ...]] = {}
        self._successors: dict[str, str] = {}
        self._behind: dict[str, int] = {}
        self._at: dict[str, int] = {}

    def take(self, record: Any, partition: int) -> None:
        """Take the next record of a partition; what is no alert is passed over (`fxwatch rescore --all` names it)."""
        try:
            head = read_head(record.value)
        except msgspec.DecodeError:
            return
        if head.about in self._behind:
            self._behind[head.about] += 1
        led_to = self._series.pop(head.supersedes, ()) if head.supersedes is not None else ()
        self._successors |= dict.fromkeys(led_to, head.alert_id)
        mine = [self._matches[head.alert_id[:n]] for n in self._lengths if head.alert_id[:n] in self._matches]
        for matches in mine:
            if len(matches) <= _NAMED and head.alert_id not in matches:
                matches[head.alert_id] = FoundAlert(read_alert(record.value), record.value, partition)
        if mine:
            self._at[head.alert_id] = self._behind.setdefault(head.about, 0)
        if mine or led_to:
            self._series[head.alert_id] = (*led_to, head.alert_id) if mine else led_to

    def require_found(self) -> dict[str, FoundAlert]:
        """The only alert of each beginning. Raises `AlertNotFoundError` and `UsageError`."""
        missing = [prefix for prefix, matches in self._matches.items() if not matches]
        if missing:
            raise AlertNotFoundError(
                "no alert of this id is on fx.alerts.v1",
                got=", ".join(missing),
                expected="the id of a published alert, or its first digits",
                todo="see `fxwatch alerts list`",
            )
        return {prefix: self._known(_only(prefix, matches)) for prefix, matches in self._matches.items()}

    def _known(self, one: FoundAlert) -> FoundAlert:
        alert_id = one.alert.alert_id
        newer = self._behind[one.about] - self._at[alert_id]
        return one._replace(successor=self._successors.get(alert_id), newer=newer)


def _only(prefix: str, matches: dict[str, FoundAlert]) -> FoundAlert:
    if len(matches) > 1:
        named = sorted(matches)[:_NAMED]
        raise UsageError(
            "several alerts have an id that begins so",
            got=prefix,
            expected=", ".join(named),
            todo="give more of its digits",
        )
    return next(iter(matches.values()))


def series_of(settings: Settings, found: FoundAlert) -> list[Head]:
    """The alerts that this one brought up to date, itself, and those that brought it up to date, the oldest first."""
    alert, heads = found.alert, dict[str, Head]()
    # not by the whole token: a series goes on under another key where keys are rotated
    slot = slot_part(found.about)
    with topic_reader.Reader(settings, [topics.ALERTS], [found.partition], known=True) as reader:
        for _, records in reader.read_to_end():
            for record in records:
                # an alert about a shared thing has the key of its largest resident, which may be another than before
                if alert.shared or slot_part((record.key or b"").decode(errors="replace")) == slot:
                    _keep(heads, record.value, slot)
    return follow_series(heads, alert.alert_id)


def _keep(heads: dict[str, Head], value: bytes, slot: str) -> None:
    try:
        head = read_head(value)
    except msgspec.DecodeError:
        return
    if slot_part(head.about) == slot:
        heads[head.alert_id] = head


def follow_series(heads: dict[str, Head], alert_id: str) -> list[Head]:
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
