"""What `fxwatch publish` shows to people: reasons first, then a line a file, then what was mapped. Never a value."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from streams.cli.record_bar import record_bar
from streams.ingest.formats.files import rows
from streams.plain_text import tables
from streams.plain_text.printable import say, say_json
from streams.publication.advice import GENERAL, advice
from streams.publication.publication import MessageReport, Publication
from streams.publication.report import MEANINGS, PublishReport, Unfit, count_of

# places shown of each code; `--rest` and `--json` have more
_PLACES = 5
# a terminal's bar is drawn anew after so many bytes
_STEP = 256 * 1024


def show_faults(report: PublishReport, places: int = _PLACES) -> None:
    """Each code with its count, meaning and first places, and what to do; what is the same for many is said once."""
    for code, count in report.by_code():
        say(f"{code}: {count.records:,} ({MEANINGS.get(code, '')})")
        for one, fault in count.first[:places]:
            # whoever mends a record wants all of its fields at once
            fields = {other.field: None for other in one.faults if other.code == code}
            also = ", ".join(field for field in fields if field not in ("", fault.field))
            say(
                f"  {one.at(fault)}"
                + (f": expected {fault.expected}" if fault.expected else "")
                + (f"; also {also}" if also else "")
            )
        more = count.records - min(places, len(count.first))
        if more > 0:
            say(f"  and {more:,} more (--rest FILE lists all)")
        if advice(code) != GENERAL:
            say(f"  to do: {advice(code)}")
    if any(advice(code) == GENERAL for code in report.faults):
        say(f"to do: {GENERAL}")
    if not report.clean:
        say()


def show_files(report: PublishReport) -> None:
    """One line a file, and where there are several one a kind."""
    if len(report.files) == 1:
        ((name, count),) = report.files.items()
        read = "refused as a whole" if count.whole else f"{count.fit:,} of {count.read:,} records fit"
        say(f"{name}: {count.kind}, {read}")
        return
    rows_shown = [
        (
            name,
            count.kind,
            *(
                ("?", "0", "all of it")
                if count.whole
                else (f"{count.read:,}", f"{count.fit:,}", f"{count.read - count.fit:,}")
            ),
        )
        for name, count in report.files.items()
    ]
    tables.show(["file", "kind", "records", "fit", "do not"], rows_shown, numeric=["records", "fit", "do not"])
    for kind, files in sorted(report.kinds().items()):
        held = [count for count in report.files.values() if count.kind == kind]
        say(
            f"{kind}: {count_of(files, 'file')}, {sum(count.fit for count in held):,} of "
            f"{sum(count.read for count in held):,} records fit"
        )


def show_places(messages: list[MessageReport]) -> None:
    """What each place of the converted payments became; nothing of a file without one."""
    for one in messages:
        if not one.payments:
            continue
        say(f"\n{one.file}: what became of each place ({count_of(one.payments, 'payment')} converted)")
        tables.show(
            ["place", "times", "becomes", "note"],
            [(row.place, str(row.times), row.field or "not mapped", row.note) for row in rows(one.converted)],
            numeric=["times"],
        )


def tell_at_once(unfit: Unfit) -> None:
    """What is left out of a pipe is said when it is: a pipe may never end."""
    say(f"fxwatch: left out: {unfit.describe()}", err=True)


def show(found: Publication, summary: dict[str, Any] | None, *, as_json: bool, **more: Any) -> None:
    """What was found, and what was sent of it (None: nothing)."""
    report, places = found.report, found.way.places
    if as_json:
        messages = [one.as_dict(places=places) for one in found.messages]
        sent = summary or {"published_to": None}
        say_json(
            json.dumps(
                {
                    **sent,
                    "messages": messages,
                    "checked": found.checked,
                    **report.as_dict(),
                    "notes": found.notes,
                    **more,
                }
            )
        )
        return
    show_faults(report)
    if report.files:
        show_files(report)
    if places and (summary is not None or found.way.dry_run):
        show_places(found.messages)
    if summary is None:
        return
    for name, count in summary["topics"].items():
        say(f"  {name:<24} {count:>10,}")
    left = f", {count_of(report.unfit, 'record')} left out" if report.unfit else ""
    left += f", {count_of(report.unreadable, 'file')} left out" if report.unreadable else ""
    say(
        f"{count_of(summary['records'], 'record')} sent to {summary['published_to']} in {summary['seconds']:.1f} s, "
        f"all acknowledged{left}"
    )


def show_dry_run(found: Publication, *, as_json: bool) -> None:
    """What would become of everything, and what could not be checked."""
    show(found, None, as_json=as_json, not_checked=found.unchecked)
    if as_json:
        return
    report = found.report
    unreadable = f", {count_of(report.unreadable, 'file')} refused as a whole" if report.unreadable else ""
    say(
        f"\n{report.fit:,} of {count_of(report.fit + report.unfit, 'record')} would be admitted{unreadable}; "
        "nothing was sent: a dry run"
    )
    if found.notes:
        told = ", ".join(f"{note} {count:,}" for note, count in found.notes.items())
        say(f"read with a change, as ingest would read them (docs/IDENTIFIERS.md): {told}")
    say("by this machine's configuration and clock; not checked:")
    for one in found.unchecked:
        say(f"  {one}")


@contextlib.contextmanager
def sending_bar(total: int | None) -> Iterator[Callable[[int], None] | None]:
    """A bar over the records sent, on a terminal's standard error; elsewhere None. `total` may not be known."""
    if not sys.stderr.isatty():
        yield None
        return
    progress, sent = record_bar(total)
    with progress:
        yield sent


@contextlib.contextmanager
def reading_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar over `total` bytes on a terminal's standard error; elsewhere nothing. Gives what is told of bytes read."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=tables.make_console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=total or None)
        step = min(_STEP, total // 100) if total else _STEP
        waiting = 0

        def read(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting >= step:
                progress.advance(task, waiting)
                waiting = 0

        yield read
