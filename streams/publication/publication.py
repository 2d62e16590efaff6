"""One run of `fxwatch publish`: what is looked at before anything is sent, and the records that are then sent.

Three ways: all or nothing (what ingest would not admit stops everything), `partial` (it is left out), `as_is` (it is
sent all the same). Files are read before anything is sent. Standard input, which can be read once only, and lines with
`partial` are judged as they are sent.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from streams.contracts.input_record import InputRecord
from streams.errors import FxwatchError
from streams.ingest.formats.conversion import Syntax
from streams.ingest.formats.result import Converted
from streams.publication.inputs import (
    Choices,
    Item,
    Source,
    convert_message_items,
    read_as_is_item,
    read_line_items,
    unsigned,
)
from streams.publication.offline_door import OfflineDoor
from streams.publication.report import PublishReport, Unfit, count_of

JSON_LINES_KIND = "JSON lines"
_TODO = "mend it, or pass --partial to send what fits without it, or --as-is to send it all the same"


class RefusedRecordsError(FxwatchError):
    """Something is not what ingest admits, and was not to be left out."""

    code = "publish.refused"


class Way(NamedTuple):
    """What is done with what does not fit, and whether anything is sent at all."""

    partial: bool = False
    dry_run: bool = False
    # whether what was mapped is reported, place by place
    places: bool = False


class MessageReport(msgspec.Struct, frozen=True):
    """What became of a message file, without any value of it."""

    file: str
    # how many payments were converted, and the rest of what was found without them
    payments: int
    converted: Converted

    def as_dict(self, *, places: bool) -> dict[str, Any]:
        """For `--json`; with `places`, what each was mapped to."""
        made = self.converted
        told = {
            "file": self.file,
            "format": made.format,
            "payments": made.payments,
            "converted": self.payments,
            "faults": msgspec.to_builtins(made.faults),
        }
        if places:
            told |= {"mapped": msgspec.to_builtins(made.mapped), "unmapped": msgspec.to_builtins(made.unmapped)}
        return told


class Publication:
    """`look` first; then `records` gives what is to be sent, and `report` says what is not."""

    def __init__(
        self, inputs: list[Source], choices: Choices, way: Way, door: OfflineDoor, report: PublishReport
    ) -> None:
        self.inputs, self.way, self.report = inputs, way, report
        self.messages: list[MessageReport] = []
        self._choices, self._door = choices, door
        # of each message file what is to be sent, and how many records were sent of all inputs
        self._held: dict[int, list[InputRecord]] = {}
        self._sent = 0

    @property
    def checked(self) -> bool:
        """Whether anything is asked about the records."""
        return self.way.dry_run or not self._choices.as_is

    @property
    def notes(self) -> dict[str, int]:
        """What the door did to fields of records that fit, with counts."""
        return dict(sorted(self._door.notes.items()))

    @property
    def may_send(self) -> bool:
        """Whether something fits, or lines that were not looked at may."""
        return bool(self.report.fit) or any(one.syntax is None for one in self.inputs)

    @property
    def expected(self) -> int | None:
        """How many records will be sent; None where lines are still to be judged, or were never looked at."""
        known = all(one.syntax is not None or self._looked_at(one) for one in self.inputs)
        return self.report.fit if self.checked and known else None

    @property
    def slow(self) -> bool:
        """Whether the next record may be long in coming: out of a pipe."""
        return any(one.piped for one in self.inputs)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What no check before sending can reach."""
        return self._door.unchecked

    def look(self, read: Callable[[int], None]) -> None:
        """Read all that must be known before anything is sent. `read` is told the bytes that were read.

        Raises `UsageError` when a file cannot be read.
        """
        # signed again when they are sent: 30 us a record where nobody asks for it here
        choices = self._choices if self._door.asks_signatures else self._choices._replace(sign=unsigned)
        for number, source in enumerate(self.inputs):
            if source.syntax is not None:
                self._held[number] = list(self._messages(source, source.syntax))
                read(source.size)
            elif self.way.dry_run or self._looked_at(source):
                self.report.begin_file(source.shown, JSON_LINES_KIND)
                for item in read_line_items(source, choices, self._door, read):
                    self._count(source, JSON_LINES_KIND, item)

    def records(self, left_out: Callable[[Unfit], None]) -> Iterator[InputRecord]:
        """What is sent, in the order of the inputs. `left_out` is told what is left out of standard input, at once.

        Raises `RefusedRecordsError` at a line that does not fit where nothing may be left out.
        """
        for number, source in enumerate(self.inputs):
            if source.syntax is None:
                yield from self._lines(source, left_out)
            else:
                for record in self._held.pop(number):
                    yield record
                    self._sent += 1

    def _looked_at(self, lines: Source) -> bool:
        """Whether lines are judged before anything is sent: not where what does not fit is left out, or sent."""
        return not (self.way.partial or self._choices.as_is or lines.piped)

    def _messages(self, source: Source, syntax: Syntax) -> Iterator[InputRecord]:
        choices = self._choices
        if choices.parameters is None:
            door = self._door if self.way.dry_run else None
            kind, items = "as it is", [read_as_is_item(source, syntax, choices, door)]
        else:
            converted, items = convert_message_items(
                source, syntax, choices.parameters, choices, self._door, places=self.way.places
            )
            kind = converted.format
            kept = msgspec.structs.replace(converted, transactions=(), places=())
            self.messages.append(MessageReport(source.shown, len(converted.places), kept))
        for item in items:
            if self.checked:
                self._count(source, kind, item)
            if item.record is not None and not item.faults and not self.way.dry_run:
                yield item.record

    def _count(self, source: Source, kind: str, item: Item) -> Unfit | None:
        if not item.faults:
            self.report.count_fit(source.shown, kind)
            return None
        return self.report.refuse(source.shown, kind, item.place, item.faults, item.payments)

    def _lines(self, source: Source, left_out: Callable[[Unfit], None]) -> Iterator[InputRecord]:
        looked_at = self._looked_at(source)
        judged = not looked_at and not self._choices.as_is
        if looked_at and source.changed:
            raise RefusedRecordsError(
                f"{source.shown} changed after it was looked at: nothing of it was sent; {self._handed_over()}",
                expected="the lines that were looked at",
                todo="send it once it is complete; of a file that grows, --partial checks each line as it is sent",
            )
        if judged:
            self.report.begin_file(source.shown, JSON_LINES_KIND)
        for item in read_line_items(source, self._choices, self._door if judged else None):
            unfit = self._count(source, JSON_LINES_KIND, item) if judged or item.record is None else None
            if unfit is None and item.record is not None:
                yield item.record
                self._sent += 1
            elif unfit is not None and self.way.partial:
                if source.piped:
                    left_out(unfit)
            elif unfit is not None:
                told = f"{unfit.describe()}; {self._handed_over()}"
                raise RefusedRecordsError(told, expected="what ingest admits", todo=_TODO)

    def _handed_over(self) -> str:
        return f"{count_of(self._sent, 'record')} before it {'was' if self._sent == 1 else 'were'} handed to Kafka"

    def make_refusal(self) -> RefusedRecordsError:
        """Why nothing is sent, in one message; the report says the rest."""
        report = self.report
        parts = []
        if report.unfit:
            parts.append(f"{report.unfit} of {report.unfit + report.fit} records are not what ingest admits")
        if report.unreadable:
            parts.append(f"{count_of(report.unreadable, 'file')} of which nothing can be converted")
        return RefusedRecordsError(
            f"nothing was sent: {' and '.join(parts)} ({report.codes()}); first: {report.listed[0].describe()}",
            todo="nothing that fits is left: mend it" if self.way.partial else _TODO,
        )
