"""Whether a JSON Schema may take the place of an earlier one, and which field breaks which rule when it may not.

Two directions, as schema registries call them. An input contract is read by us and written by others, who go on writing
what they wrote: whatever the old schema took, the new one must take. An output contract is written by us and read by
others: whatever we write now must fit what they were told.
"""

from typing import Any, Literal

Direction = Literal["input", "output"]
# keyword -> whether a larger value lets more through
_BOUNDS = {
    "maxLength": True,
    "maximum": True,
    "maxItems": True,
    "minLength": False,
    "minimum": False,
    "minItems": False,
}
_MISSING = object()


def breaks(kept: dict[str, Any], now: dict[str, Any], direction: Direction) -> list[str]:
    """One sentence for every way in which `now` breaks what `kept` promised; empty when it does not."""
    return _Comparison(kept, now, direction).object("", kept, now)


class _Comparison:
    """Walks two schemas side by side."""

    def __init__(self, kept: dict[str, Any], now: dict[str, Any], direction: Direction) -> None:
        self.kept_definitions, self.now_definitions = kept.get("$defs", {}), now.get("$defs", {})
        self.input = direction == "input"

    def _resolved(self, part: Any, definitions: dict[str, Any]) -> Any:
        while isinstance(part, dict) and "$ref" in part:
            part = definitions[part["$ref"].rsplit("/", 1)[1]]
        return part

    def object(self, place: str, kept: dict[str, Any], now: dict[str, Any]) -> list[str]:
        """Fields of an object: gone, new and demanded, no longer given, or changed in themselves."""
        faults = []
        had, has = kept.get("properties", {}), now.get("properties", {})
        demanded, demands = set(kept.get("required", [])), set(now.get("required", []))
        for name in had:
            where = f"{place}.{name}".lstrip(".")
            if name not in has:
                faults.append(f"{where}: a field was removed or renamed")
                continue
            if self.input and name in demands - demanded:
                faults.append(f"{where}: an optional field became required")
            if not self.input and name in demanded - demands:
                faults.append(f"{where}: a field that was always given became optional")
            faults += self.field(where, had[name], has[name])
        for name in has.keys() - had.keys() if self.input else ():
            if name in demands:
                faults.append(f"{place}.{name}".lstrip(".") + ": a required field was added")
        if self.input:
            faults += self._conditions(place, kept, now)
        return faults

    def _conditions(self, place: str, kept: dict[str, Any], now: dict[str, Any]) -> list[str]:
        """Demands beside `required`: they may be dropped, not added or changed."""
        faults = []
        where = place or "the record"
        for word in ("if", "then", "else", "dependentRequired", "patternProperties", "additionalProperties"):
            before, after = kept.get(word, _MISSING), now.get(word, _MISSING)
            dropped = after is _MISSING and word != "patternProperties"
            if before != after and not dropped and after not in (True, {}):
                faults.append(f"{where}: the rule {word} was added or changed")
            if word == "patternProperties" and before is not _MISSING and after is _MISSING:
                faults.append(f"{where}: senders' own fields are refused now")
        return faults

    def field(self, where: str, kept: Any, now: Any) -> list[str]:
        """A field's own schema."""
        kept, now = self._resolved(kept, self.kept_definitions), self._resolved(now, self.now_definitions)
        faults = self._types(where, kept, now) + self._values(where, kept, now) + self._bounds(where, kept, now)
        if kept.get("pattern") != now.get("pattern") and (now.get("pattern") is not None or not self.input):
            faults.append(f"{where}: the pattern was changed")
        if kept.get("format") != now.get("format"):
            faults.append(f"{where}: the format was changed")
        faults += self._alternatives(where, kept, now)
        if "properties" in kept or "properties" in now:
            faults += self.object(where, kept, now)
        for word in ("items", "additionalProperties"):
            if isinstance(kept.get(word), dict) and isinstance(now.get(word), dict):
                faults += self.field(f"{where}[]", kept[word], now[word])
            elif kept.get(word) != now.get(word) and "properties" not in kept:
                faults.append(f"{where}: {word} was changed")
        return faults

    def _types(self, where: str, kept: Any, now: Any) -> list[str]:
        def types(part: Any) -> set[str]:
            found = part.get("type", ())
            return {found} if isinstance(found, str) else set(found)

        narrow, wide = (types(kept), types(now)) if self.input else (types(now), types(kept))
        return [] if narrow <= wide else [f"{where}: the type was changed from {kept.get('type')} to {now.get('type')}"]

    def _values(self, where: str, kept: Any, now: Any) -> list[str]:
        """An input's list of values may grow; an output's may not: a reader was told all that can come."""
        faults = []
        before, after = kept.get("enum"), now.get("enum")
        if self.input and after is not None:
            gone = sorted(map(str, set(before) - set(after))) if before is not None else ["any other value"]
            faults += [f"{where}: the enum was narrowed, no longer {', '.join(gone)}"] if gone else []
        if not self.input and before is not None:
            new = sorted(map(str, set(after) - set(before))) if after is not None else ["any value"]
            faults += [f"{where}: the enum was widened by {', '.join(new)}"] if new else []
        if kept.get("const", _MISSING) != now.get("const", _MISSING):
            faults.append(f"{where}: the constant was changed")
        if self.input and kept.get("default", _MISSING) != now.get("default", _MISSING):
            faults.append(f"{where}: the default was changed, so that a record without the field means another thing")
        return faults

    def _bounds(self, where: str, kept: Any, now: Any) -> list[str]:
        faults = []
        for word, more_is_wider in _BOUNDS.items():
            before, after = (kept.get(word), now.get(word)) if self.input else (now.get(word), kept.get(word))
            if after is None or before == after:
                continue
            if before is None or (before > after) == more_is_wider:
                change = "tightened" if self.input else "loosened"
                faults.append(f"{where}: the bound {word} was {change} from {kept.get(word)} to {now.get(word)}")
        return faults

    def _alternatives(self, where: str, kept: Any, now: Any) -> list[str]:
        """Every alternative that was taken (input) or may come (output) must be one of the other side's."""
        before, after = (kept, now) if self.input else (now, kept)
        if "anyOf" not in before and "anyOf" not in after:
            return []
        faults = []
        for option in before.get("anyOf", [before]):
            tried: list[list[str]] = [
                self.field(where, *((option, other) if self.input else (other, option)))
                for other in after.get("anyOf", [after])
            ]
            if all(tried):
                fewest = min(len(each) for each in tried)
                faults += next(each for each in tried if len(each) == fewest)
        return faults
