"""What `fxwatch publish` found before sending: how much of each file fits, and each fault with its first places.

No values: places, codes and what was expected. Bounded, however many records have faults.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from streams.contracts.record_lines import LineError
from streams.contracts.refusal_codes import CODES, Fault
from streams.publication.advice import advice

# records that are listed with their faults; all of them go to the file of `--rest`
LISTED = 1_000
# places kept of each code
FIRST = 20
MEANINGS = {**CODES, LineError.code: "The line is no JSON object and no envelope that can be made into a record."}


def count_of(number: int, thing: str) -> str:
    """`1 record`, `2 records`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Unfit(msgspec.Struct, frozen=True):
    """A record that ingest would not admit: its file, its place there (empty: all of the file), and its faults."""

    file: str
    place: str
    faults: tuple[Fault, ...]

    def describe(self) -> str:
        """One line for a message, with the first fault."""
        first = self.faults[0]
        more = f" and {count_of(len(self.faults) - 1, 'more fault')}" if len(self.faults) > 1 else ""
        return f"{self.at(first)}: {first.code}" + (f", expected {first.expected}" if first.expected else "") + more

    def at(self, fault: Fault) -> str:
        """Where one of its faults is: file, place, field."""
        # a place of a message is a path, and its faults' fields go on with it; a line has a number
        joined = "/" if self.place.endswith("]") else ", "
        place = joined.join(part for part in (self.place, fault.field) if part)
        return f"{self.file}, {place}" if place else self.file


class FileCount(msgspec.Struct):
    """How many records or payments of a file were read, and how many of them fit. `whole`: it is refused as a whole."""

    kind: str
    read: int = 0
    fit: int = 0
    whole: bool = False


class FaultCount(msgspec.Struct):
    """How many records have a code, and the first of them."""

    records: int = 0
    first: list[tuple[Unfit, Fault]] = msgspec.field(default_factory=list)


class PublishReport:
    """Counts of what fits and what does not; `rest` is given every record that does not."""

    def __init__(self, rest: Callable[[Unfit], None] | None = None) -> None:
        self.files: dict[str, FileCount] = {}
        self.faults: dict[str, FaultCount] = {}
        self.listed: list[Unfit] = []
        # records that do not fit, without those of files that are refused as a whole: how many these hold is not known
        self.unfit = 0
        # entries of the list, whether or not they are in it: a message that holds several payments is one
        self.refusals = 0
        self._rest = rest

    @property
    def clean(self) -> bool:
        """Whether everything fits."""
        return not self.listed

    @property
    def fit(self) -> int:
        """Records that fit."""
        return sum(count.fit for count in self.files.values())

    @property
    def unreadable(self) -> int:
        """Files that are refused as a whole."""
        return sum(count.whole for count in self.files.values())

    def count_fit(self, file: str, kind: str) -> None:
        """Count a record that ingest would admit. 0.2 us."""
        count = self.begin_file(file, kind)
        count.read += 1
        count.fit += 1

    def refuse(self, file: str, kind: str, place: str, faults: tuple[Fault, ...], records: int = 1) -> Unfit:
        """Count what it would not: so many records, or 0 for a file of which nothing can be said but its fault."""
        count = self.begin_file(file, kind)
        count.read += records
        count.whole = not records
        self.unfit += records
        self.refusals += 1
        one = Unfit(file, place, faults)
        if len(self.listed) < LISTED:
            self.listed.append(one)
        first: dict[str, Fault] = {}
        for fault in faults:
            first.setdefault(fault.code, fault)
        for code, fault in first.items():
            held = self.faults.setdefault(code, FaultCount())
            held.records += records or 1
            if len(held.first) < FIRST:
                held.first.append((one, fault))
        if self._rest is not None:
            self._rest(one)
        return one

    def begin_file(self, file: str, kind: str) -> FileCount:
        """The counts of a file, which is shown from now on, also where nothing stands in it."""
        count = self.files.get(file)
        if count is None:
            count = self.files[file] = FileCount(kind)
        return count

    def by_code(self) -> list[tuple[str, FaultCount]]:
        """The codes, the most frequent first."""
        return sorted(self.faults.items(), key=lambda held: -held[1].records)

    def codes(self) -> str:
        """The codes with their counts in one line."""
        return ", ".join(f"{code} {count.records}" for code, count in self.by_code())

    def kinds(self) -> Counter[str]:
        """How many files there are of each kind."""
        return Counter(count.kind for count in self.files.values())

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "fit": self.fit,
            "unfit": self.unfit,
            "unreadable_files": self.unreadable,
            "faults": [
                {
                    "code": code,
                    "records": count.records,
                    "meaning": MEANINGS.get(code, ""),
                    "to_do": advice(code),
                    "first": [
                        {"file": one.file, "place": one.place, "field": fault.field, "expected": fault.expected}
                        for one, fault in count.first
                    ],
                }
                for code, count in self.by_code()
            ],
            "unfit_records": msgspec.to_builtins(self.listed),
            "unfit_records_not_listed": self.refusals - len(self.listed),
            "files": [{"file": name, **msgspec.to_builtins(count)} for name, count in self.files.items()],
        }
