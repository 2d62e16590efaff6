"""Structure of a JSON text that a parsed value no longer shows: duplicate keys and depth.

Everything here is linear in the text's length, on any bytes whatever.
"""

import json
import re
from typing import Any

# Records are flat but for lists of ids and `x_` fields; the configuration is 6 deep. Deeper is a broken or hostile
# sender.
DEPTH_LIMIT = 16

# Possessive, and with an optional end: on unterminated strings a backtracking pattern would take quadratic time.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))


def excludes_duplicates(value: bytes, body: dict[str, Any], time: str | None) -> bool:
    """Whether counting alone proves that no key of the object `body` stands twice in its text. False proves nothing.

    Why it is sound: a text without a backslash has each colon either between a key and its value, one for every pair,
    or as it stands in a string. So colons = pairs + colons in strings. The strings include `body[time]`, which is in
    the text, and pairs >= keys, since parsing can only drop a pair or put its object aside for a later one. If
    colons <= keys + colons in `body[time]`, then pairs <= keys, so no pair was dropped. Counted are the keys of the
    outermost object alone: a key in an inner one adds a colon and no key, and the proof fails, on the safe side.
    """
    if b"\\" in value:
        return False
    written = body.get(time) if time is not None else None
    inside = written.count(":") if isinstance(written, str) else 0
    return value.count(b":") <= len(body) + inside


class _DuplicateKeyError(Exception):
    pass


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _DuplicateKeyError


def has_duplicate_keys(value: bytes) -> bool:
    """Whether any object in a valid JSON text names a key twice, after escapes. Exact; some 10 us a record.

    The text must have been parsed before and be at most `DEPTH_LIMIT` deep. Numbers are not converted: a huge one
    costs nothing.
    """
    try:
        json.loads(value, object_pairs_hook=_refuse_duplicates, parse_int=str, parse_float=str)
    except _DuplicateKeyError:
        return True
    return False


def text_depth(value: bytes) -> int:
    """The deepest nesting of brackets outside strings, for any bytes; a flat object has depth 1."""
    depth = deepest = 0
    for bracket in _STRING.sub(b"", value).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest
