"""`fxwatch publish`: JSON-lines files in the contract's form, and files of payment messages, to Kafka."""

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from streams.cli.message_options import as_json as report_as_json
from streams.cli.message_options import checked, given, message_options, show
from streams.errors import UsageError
from streams.showing import say, say_json

STANDARD_INPUT = "-"


@click.command(short_help="Publish JSON-lines files in the contract's form.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--topic", help="Topic of every file; default: the file's name, <topic>.jsonl.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Records per second; default flat out.")
@click.option(
    "--timestamps",
    type=click.Choice(["own", "event", "now"]),
    default="own",
    show_default=True,
    help="Kafka timestamps: own = envelope's, else now; event = envelope's, else event's; now = now for all.",
)
@click.option(
    "--history",
    is_flag=True,
    help="Mark the records as history: learned from, never alerted on. The configuration must allow it "
    "([[admission.history]]).",
)
@click.option("--as-is", is_flag=True, help="Send lines that are no contract JSON as they stand, instead of stopping.")
@click.option(
    "--sign-key",
    type=click.Path(path_type=Path),
    help="Sign every record with the private key of this file (mode 0600; docs/SECURITY.md).",
)
@message_options
@click.option("--dry-run", is_flag=True, help="Read and convert all files, report, send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Summary as JSON on standard output.")
def command(
    files: tuple[str, ...],
    topic: str | None,
    rate: float | None,
    *,
    timestamps: Any,
    history: bool,
    as_is: bool,
    sign_key: Path | None,
    dry_run: bool,
    as_json: bool,
    **told: Any,
) -> None:
    """Publish JSON lines, one event a line; `-` reads standard input. Keys follow from the contract.

    All files are read through before anything is sent: a line that is no JSON object, or that lacks the field its key
    comes from, stops the command with its number, and nothing of any file has been sent. Standard input cannot be read
    twice: what stood before the faulty line has been sent. Whether an event fits the contract is for ingest to say.

    Files of payment messages (.xml: ISO 20022 pacs.008; .fin, .mt103: SWIFT MT103; others by their first bytes) are
    converted to transactions, with a table of what was mapped and what was not (docs/FORMATS.md). With --as-is they
    are sent as they stand, for ingest to convert or dead-letter.

    Example: fxwatch publish fx.transactions.v1.jsonl

    Example: fxwatch publish --resident-country KR --party-type company --channel interbank payments.xml

    Example: fxwatch publish --sign-key bank.key fx.transactions.v1.jsonl

    Example: tail -F feed.log | fxwatch publish --topic fx.transactions.v1 -
    """
    from streams.formats.files import syntax_of_file
    from streams.publish import publish_records
    from streams.record_lines import topic_of
    from streams.settings import load_settings

    settings = load_settings()
    sign = _signer(sign_key)
    admission = settings.effective.admitted
    reports, converted = _messages(files, timestamps, given(told), admission, history=history, as_is=as_is,
                                   as_json=as_json)  # fmt: skip
    files = tuple(name for name in files if syntax_of_file(name) is None)
    named = [(name, topic_of(name, topic) if name != STANDARD_INPUT or topic else "") for name in files]
    if any(not chosen for _, chosen in named):
        raise UsageError("standard input has no name to take the topic from", todo="pass --topic TOPIC")
    options = {"timestamps": timestamps, "history": history, "as_is": as_is}
    for name, chosen in named:
        if name != STANDARD_INPUT:
            for _ in _records(name, chosen, options):
                pass
    if dry_run:
        say_json(json.dumps({"published_to": None, "messages": reports}) if as_json else "nothing was sent: a dry run")
        return
    lines = (record for name, chosen in named for record in _records(name, chosen, options))
    summary = publish_records(settings, map(sign, itertools.chain(converted, lines)), rate)
    _show(summary, settings.bootstrap, reports, as_json=as_json)


def _signer(path: Path | None) -> Callable[[Any], Any]:
    """What signs a record; without a key the record as it is. Raises `KeyFileError`."""
    if path is None:
        return lambda record: record
    from streams.signed_records import load_signing_key, sign

    key = load_signing_key(path)
    return lambda record: sign(record, key)


def _show(summary: Any, bootstrap: str, reports: list[dict[str, Any]], *, as_json: bool) -> None:
    for warning in summary.warnings:
        say(f"fxwatch: warning: {warning}", err=True)
    if as_json:
        say_json(json.dumps({"published_to": bootstrap, **summary.as_dict(), "messages": reports}))
        return
    for name, count in summary.topics.items():
        say(f"  {name:<24} {count:>10,}")
    say(f"{summary.records:,} records sent to {bootstrap} in {summary.seconds:.1f} s, all acknowledged")


def _messages(
    files: tuple[str, ...], timestamps: Any, texts: dict[str, str], admission: Any, *, history: bool, as_is: bool,
    as_json: bool,
) -> tuple[list[dict[str, Any]], list[Any]]:  # fmt: skip
    """Reports and records of the message files, all converted before anything is sent, by the door's own rule."""
    from streams.formats import files as message_files
    from streams.identifiers import Identifiers

    identifiers = Identifiers(admission.placeholders, admission.report_numbers)
    reports, made = [], []
    for name in files:
        syntax = message_files.syntax_of_file(name) if name != STANDARD_INPUT else None
        if syntax is None:
            continue
        if as_is:
            made.append(message_files.record_as_is(name, syntax, texts, history=history))
            continue
        # the time stamps that the records will have, so that a dry run says what ingest will say
        now = None if timestamps == "event" else time.time_ns() // 1_000_000
        converted = message_files.converted_file(name, syntax, checked(texts), identifiers, now)
        reports.append(report_as_json(name, converted))
        if not as_json:
            show(name, converted)
        message_files.check(name, converted)
        made += message_files.records(converted, timestamps, history=history)
    return reports, made


def _records(name: str, topic: str, options: dict[str, Any]) -> Iterator[Any]:
    from streams import record_lines

    with contextlib.ExitStack() as stack:
        lines: BinaryIO
        if name == STANDARD_INPUT:
            lines = sys.stdin.buffer
        else:
            try:
                lines = stack.enter_context(Path(name).open("rb"))
            except OSError as fault:
                raise UsageError(
                    f"cannot read the file: {fault.strerror}", got=name, expected="a readable JSON-lines file"
                ) from fault
        yield from record_lines.read(
            lines, topic, source="standard input" if name == STANDARD_INPUT else name, **options
        )
