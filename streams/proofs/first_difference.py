"""The first difference between an alert as published and as rebuilt: which record, which part of it, both values.

Bit for bit: partition, key, value, headers and Kafka timestamp of the alert and of each desk's copy. Where values
differ, the first difference in the order of the published JSON is named by its path.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

NOTHING = "nothing"
# What is shown of a value that differs; an alert can be 60 KB.
_SHOWN = 300
# Parts of an alert that hold sentences for people, and no figure that stands nowhere else.
_SENTENCES = {"typologies": ("name",), "reasons": ("text_en", "text_ko"), "counterfactual": ("change",)}
# of an entry of a supervisor's list
_OWN_SENTENCES = ("text_en", "text_ko")


class Shown(NamedTuple):
    """A record as a reader gets it, without its offset: aborted transactions take offsets too."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp_ms: int


class AlertDifference(msgspec.Struct, frozen=True, kw_only=True):
    """`where` is the topic and the part of the record; `published` and `rebuilt` are shortened for people."""

    where: str
    published: str
    rebuilt: str

    def __str__(self) -> str:
        return f"{self.where}: published {self.published}, rebuilt {self.rebuilt}"


Records = Mapping[str, Sequence[Shown]]


def find_first_difference(published: Records, rebuilt: Records, main: str) -> AlertDifference | None:
    """The first difference between what stands on the topics and what was rebuilt, None when there is none.

    Both by topic; `main` (the topic of all alerts) is looked at first, the desks' copies after it in their order.
    """
    for topic in [main, *sorted((published.keys() | rebuilt.keys()) - {main})]:
        difference = _of_topic(topic, published.get(topic, ()), rebuilt.get(topic, ()))
        if difference is not None:
            return difference
    return None


def leave_out_sentences(records: Records) -> dict[str, list[Shown]]:
    """The same records with the sentences of each alert left out: names of typologies, reasons, proposals.

    For an alert of another release, which may say the same in other words: figures, limits, measured values, evidence
    and decisions stay. What is no alert stays as it is.
    """
    return {topic: [each._replace(value=unworded(each.value)) for each in found] for topic, found in records.items()}


def unworded(value: bytes | None) -> bytes | None:
    """An alert without its sentences, in one spelling; what is no alert as it is."""
    try:
        told = json.loads(value or b"", parse_float=Decimal)
    except ValueError:
        return value
    if not isinstance(told, dict):
        return value
    told |= {name: "" for name in _OWN_SENTENCES if isinstance(told.get(name), str)}
    for part, names in _SENTENCES.items():
        several = told.get(part)
        for each in several if isinstance(several, list) else ():
            if isinstance(each, dict):
                each |= {name: "" for name in names if isinstance(each.get(name), str)}
    return json.dumps(told, ensure_ascii=False, default=str).encode()


def _of_topic(topic: str, published: Sequence[Shown], rebuilt: Sequence[Shown]) -> AlertDifference | None:
    for one, other in zip(published, rebuilt, strict=False):
        difference = _of_record(topic, one, other)
        if difference is not None:
            return difference
    for one in published[1:] if len(published) > len(rebuilt) and rebuilt else ():
        difference = _of_record(topic, one, rebuilt[0])
        if difference is not None:
            return difference
    if len(published) == len(rebuilt):
        return None
    return AlertDifference(where=topic, published=_count(published), rebuilt=_count(rebuilt))


def _count(records: Sequence[Shown]) -> str:
    return NOTHING if not records else f"{len(records)} record{'s' if len(records) > 1 else ''}"


def _of_record(topic: str, published: Shown, rebuilt: Shown) -> AlertDifference | None:
    for part, one, other in _parts(published, rebuilt):
        if one != other:
            return AlertDifference(where=f"{topic} {part}", published=_short(one), rebuilt=_short(other))
    return None


def _parts(published: Shown, rebuilt: Shown) -> Iterator[tuple[str, Any, Any]]:
    """Every part of two records, by name; a value that differs is taken apart."""
    yield "partition", published.partition, rebuilt.partition
    yield "key", published.key, rebuilt.key
    if published.value != rebuilt.value:
        yield from _values(published.value or b"", rebuilt.value or b"")
    names = dict.fromkeys(name for name, _ in (*published.headers, *rebuilt.headers))
    one, other = dict(published.headers), dict(rebuilt.headers)
    for name in names:
        yield f"header {name}", one.get(name, NOTHING), other.get(name, NOTHING)
    yield "headers", published.headers, rebuilt.headers
    yield "timestamp", published.timestamp_ms, rebuilt.timestamp_ms


def _values(published: bytes, rebuilt: bytes) -> Iterator[tuple[str, Any, Any]]:
    try:
        one, other = (json.loads(each, parse_float=Decimal) for each in (published, rebuilt))
    except ValueError:
        yield "value", published, rebuilt
        return
    found = _first_path("$", one, other)
    if found is not None:
        yield f"value {found[0]}", found[1], found[2]
        return
    at = next((number for number, (a, b) in enumerate(zip(published, rebuilt, strict=False)) if a != b), None)
    place = min(len(published), len(rebuilt)) if at is None else at
    yield f"value, spelling of the same JSON from byte {place}", published[place:], rebuilt[place:]


def _first_path(path: str, one: Any, other: Any) -> tuple[str, Any, Any] | None:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in [*one, *(name for name in other if name not in one)]:
            found = _first_path(f"{path}.{name}", one.get(name, NOTHING), other.get(name, NOTHING))
            if found is not None:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list):
        for number in range(max(len(one), len(other))):
            pair = [each[number] if number < len(each) else NOTHING for each in (one, other)]
            found = _first_path(f"{path}[{number}]", *pair)
            if found is not None:
                return found
        return None
    return None if type(one) is type(other) and one == other else (path, one, other)


def _short(value: Any) -> str:
    if isinstance(value, bytes):
        text = value.decode("utf-8", "backslashreplace")
    else:
        text = (
            str(value)
            if value is NOTHING or isinstance(value, Decimal)
            else json.dumps(value, ensure_ascii=False, default=str)
        )
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
