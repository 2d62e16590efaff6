"""`fxwatch publish`: JSON-lines files in the contract's form, and files of payment messages, to Kafka."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.cli import publish_view as view
from streams.cli.message_options import check_parameters, message_options, read_given
from streams.contracts.input_record import InputRecord
from streams.errors import FxwatchError, UsageError
from streams.plain_text.printable import say
from streams.publication.inputs import Choices, Source, open_sources, unsigned
from streams.publication.offline_door import OfflineDoor
from streams.publication.publication import Publication, Way
from streams.publication.report import PublishReport, Unfit
from streams.settings import Settings, load_settings

# sent, but something was left out
LEFT_OUT = 3


@click.command(short_help="Publish JSON-lines files in the contract's form, and payment messages.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--topic", help="Topic of every file of JSON lines; default: the file's name, <topic>.jsonl.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Records per second; default flat out.")
@click.option(
    "--timestamps",
    type=click.Choice(["own", "event", "now"]),
    default="own",
    show_default=True,
    help="Kafka timestamps: own = envelope's (docs/FORMATS.md), else now; event = envelope's, else event's; "
    "now = now for all.",
)
@click.option(
    "--history",
    is_flag=True,
    help="Mark the records as history: learned from, never alerted on. The configuration must allow it "
    "([[admission.history]]).",
)
@click.option("--partial", is_flag=True, help="Send what fits, leave out and list what does not; exit code 3 then.")
@click.option(
    "--as-is", is_flag=True, help="Check nothing: send every line and file as it stands, for ingest to judge."
)
@click.option(
    "--sign-key",
    type=click.Path(path_type=Path),
    help="Sign every record with the private key of this file (mode 0600; docs/SECURITY.md).",
)
@message_options
@click.option("--dry-run", is_flag=True, help="Say what ingest would make of every record; send nothing. No broker.")
@click.option(
    "--rest",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every record that does not fit to this file: place and faults as JSON lines, no values.",
)
@click.option(
    "--report",
    "places",
    is_flag=True,
    help="Show what became of each place of a message, also where there are several files.",
)
@click.option("--json", "as_json", is_flag=True, help="Report and summary as JSON on standard output.")
def command(
    files: tuple[str, ...],
    topic: str | None,
    rate: float | None,
    *,
    timestamps: Any,
    history: bool,
    partial: bool,
    as_is: bool,
    sign_key: Path | None,
    dry_run: bool,
    rest: Path | None,
    places: bool,
    as_json: bool,
    **told: Any,
) -> None:
    """Publish JSON lines, one event a line, and files of payment messages; `-` reads JSON lines from standard input.

    Before anything is sent, ingest's own checks are asked about every record of every file. If one does not fit,
    nothing is sent, and each fault is told with its places (no values). --partial leaves out what does not fit and
    sends the rest; an XML file that is cut is left out as a whole. --as-is checks nothing. Standard input cannot be
    read twice: there the check is made line by line, and what stood before a faulty line has been sent.

    Files of payment messages (.xml: ISO 20022 pacs.008; .fin, .mt103: SWIFT MT103; others by their first bytes) are
    converted to transactions, with a table of what was mapped and what was not (docs/FORMATS.md). With --as-is they
    are sent as they stand, for ingest to convert or dead-letter.

    Exit codes: 0 all was sent (--dry-run: all would be admitted), 1 nothing was sent, or not all (--dry-run: something
    would not be admitted), 2 wrong use, 3 sent, but something was left out (--partial).

    Example: fxwatch publish fx.transactions.v1.jsonl

    Example: fxwatch publish --dry-run --resident-country KR --party-type company --channel interbank messages/*.xml

    Example: fxwatch publish --partial --rest left-out.jsonl --topic fx.transactions.v1 monday.jsonl

    Example: fxwatch publish --sign-key bank.key fx.transactions.v1.jsonl

    Example: tail -F feed.log | fxwatch publish --partial --topic fx.transactions.v1 -
    """
    if partial and as_is:
        raise UsageError("--partial leaves out what does not fit, --as-is sends it", todo="choose one of the two")
    settings, sign, inputs, texts = load_settings(), _signer(sign_key), open_sources(files, topic), read_given(told)
    parameters = check_parameters(texts) if not as_is and any(one.syntax for one in inputs) else None
    choices = Choices(timestamps, history, as_is, sign, texts, parameters)
    way = Way(partial=partial, dry_run=dry_run, places=places or len(inputs) == 1)
    with _rest_file(rest, inputs) as write_rest:
        found = Publication(inputs, choices, way, OfflineDoor(settings), PublishReport(write_rest))
        code = _run(found, settings, rate, as_json=as_json)
    click.get_current_context().exit(code)


def _run(found: Publication, settings: Settings, rate: float | None, *, as_json: bool) -> int:
    """Look, send, show; the exit code. Raises `RefusedRecordsError` where nothing is sent."""
    from streams.publication.sending import publish_records

    report, way = found.report, found.way
    with view.reading_bar(sum(one.size for one in found.inputs)) as read:
        found.look(read)
    if way.dry_run:
        view.show_dry_run(found, as_json=as_json)
        return 0 if report.clean else LEFT_OUT if way.partial and report.fit else 1
    if not report.clean and not (way.partial and found.may_send):
        view.show(found, None, as_json=as_json)
        raise found.make_refusal()
    with view.sending_bar(found.expected) as sent:
        summary = publish_records(settings, found.records(view.tell_at_once), rate, sent, slow=found.slow)
    for warning in summary.warnings:
        say(f"fxwatch: warning: {warning}", err=True)
    if not summary.records and not report.clean:
        view.show(found, None, as_json=as_json)
        raise found.make_refusal()
    view.show(found, {"published_to": settings.bootstrap, **summary.as_dict()}, as_json=as_json)
    return 0 if report.clean else LEFT_OUT


@contextlib.contextmanager
def _rest_file(path: Path | None, inputs: list[Source]) -> Iterator[Callable[[Unfit], None] | None]:
    """What writes each record that does not fit to a file of JSON lines. Raises `UsageError`."""
    if path is None:
        yield None
        return
    if any(not one.piped and path.exists() and path.samefile(one.name) for one in inputs):
        raise UsageError("--rest would overwrite an input", got=str(path), expected="another file")
    try:
        file = path.open("wb")
    except OSError as fault:
        raise UsageError(f"cannot write the file of --rest: {fault.strerror}", got=str(path)) from fault
    with file:

        def write(one: Unfit) -> None:
            try:
                file.write(msgspec.json.encode(one) + b"\n")
                file.flush()  # the inputs may never end
            except OSError as fault:
                raise FxwatchError(f"cannot write the file of --rest: {fault.strerror}", got=str(path)) from fault

        yield write


def _signer(path: Path | None) -> Callable[[InputRecord], InputRecord]:
    """What signs a record; without a key it stays as it is. Raises `KeyFileError`."""
    if path is None:
        return unsigned
    from streams.keys.signed_records import load_signing_key, sign

    key = load_signing_key(path)
    return lambda record: sign(record, key)
