"""`fxwatch snooze`: let a party's alerts of one typology rest until a time, on the record; list and end such rests."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from detectors.memory.snoozes import MOST_DAYS
from streams.alert_text.alert_text import AlertRead
from streams.cli.alerts_list import typology_id
from streams.cli.desk_options import ReadingProgress, language, remark, require_officer
from streams.cli.dispose import NOT_SEEN, WAIT_SECONDS
from streams.contracts.inputs import DispositionRecord
from streams.desk.alert_heads import ANOMALY
from streams.desk.alert_lookup import find_alerts
from streams.desk.disposing import Done, check, dispose, ledger_partition_of, make_decision, name_alert
from streams.desk.moments import moment
from streams.desk.party_history import partition_of, require_token
from streams.desk.snoozes import LedgerSnooze, count_alerts, read_snoozes
from streams.desk.verdicts import may_be_one
from streams.desk_text import snooze_text
from streams.desk_text.dispose_text import alert_line, done_json, done_lines, dry_line
from streams.errors import UsageError
from streams.ingest.validate import SNOOZING
from streams.keys.signed_records import load_signing_key
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import Settings, load_settings

Command = Callable[..., None]


@click.group()
def command() -> None:
    """Let a party's alerts of one typology rest until a time, with a reason; list and end such rests.

    Nothing is hidden: each alert is still published on fx.alerts.v1 and counted, and says under which snooze it came.
    No desk gets it, unless a test of the law is met.

    Example: fxwatch snooze add 384a39e15c5f --until 2026-06-30 --reason "inspection 12 runs" --officer I-17
    """


def _sending(what: Command) -> Command:
    """The options of the commands that send an officer's record."""
    for option in (
        language,
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        click.option("--dry-run", is_flag=True, help="Look, check and show; send nothing."),
        click.option(
            "--wait",
            "wait_seconds",
            type=click.FloatRange(min=0, max=600),
            default=WAIT_SECONDS,
            show_default=True,
            help="Seconds to wait until it is seen in the ledger; 0: send only.",
        ),
        click.option(
            "--sign-key",
            type=click.Path(path_type=Path),
            help="Sign with the private key of this file (mode 0600; docs/SECURITY.md).",
        ),
        click.option("--office", help="The officer's office."),
        click.option("--officer", help="Id of the officer who answers for it; default: FXWATCH_OFFICER."),
        click.option("--reason", required=True, help="Why, in words (1 to 2000 characters); never in the ledger."),
    ):
        what = option(what)
    return what


@command.command("add")
@click.argument("alert", metavar="ALERT")
@click.option("--until", required=True, metavar="TIME", help="A time, or a day, which is rested through; <= 90 days.")
@click.option("--typology", metavar="ID", help="Which of the alert's, where it has several.")
@_sending
def add(alert: str, until: str, typology: str | None, **given: Any) -> None:
    """Let alerts of the typology of ALERT (its id, or the first digits of it) rest, for its party.

    Event time decides when it ends. A later one for the same party and typology takes its place.

    Example: fxwatch snooze add 384a39e15c5f --until 2026-06-30 --reason "inspection 12 runs" --officer I-17
    """
    settings, now = load_settings(), datetime.now(UTC).replace(microsecond=0)
    zone = ZoneInfo(settings.effective.engine.time_zone)
    end = moment(until, zone, end=True)
    assert end is not None
    if not now < end <= now + timedelta(days=MOST_DAYS):
        raise UsageError(
            "a snooze cannot end then",
            got=end.isoformat(),
            expected=f"a later time than now, within {MOST_DAYS} days",
            todo="name another --until; `fxwatch snooze end` ends one",
        )
    found = next(iter(find_alerts(settings, [alert], ReadingProgress(given["lang"])).values()))
    named = _typology(found.alert, typology)
    decision = _decision(settings, now, end.astimezone(UTC), name_alert(found.alert), named, given)
    if not given["as_json"]:
        say(alert_line(found.alert, given["lang"]))
    _send(settings, decision, ledger_partition_of(settings, found.alert), given)


@command.command("end")
@click.argument("party", metavar="PARTY")
@click.argument("typology", metavar="TYPOLOGY")
@_sending
def end(party: str, typology: str, **given: Any) -> None:
    """End the snooze of a PARTY (its token) and TYPOLOGY (an id, or anomaly) now: its next alerts go to their desks.

    Of an alert about what residents share, PARTY is the shared thing, as the list shows it.

    Example: fxwatch snooze end k1.0a3.5d41402abc4b2a76b9719d911017c592 T16 --reason "inspection done" --officer I-17
    """
    settings, now = load_settings(), datetime.now(UTC).replace(microsecond=0)
    if "/" not in party:  # a group of goods has no token
        require_token(party)
    named = typology_id(typology)
    assert named is not None
    standing = _standing(settings, party, named, now, given["lang"])
    if not standing:
        raise UsageError(
            "no such snooze stands",
            got=f"{party}, {named}",
            expected="one that is listed",
            todo="see `fxwatch snooze list`",
        )
    last = standing[-1]
    shared = {"shared_kind": last.shared_kind, "shared_token": last.shared_token} if last.shared_token else {}
    decision = _decision(settings, now, now, {"alert_id": last.alert_id, "party": last.party, **shared}, named, given)
    _send(settings, decision, last.partition, given)


@command.command("list")
@click.option("--party", metavar="TOKEN", help="Only this party's.")
@click.option("--at", "at_text", metavar="TIME", help="Those that stand at this event time; default now.")
@click.option("--all", "everything", is_flag=True, help="Also those that are over or were ended.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a snooze.")
@language
def list_(party: str | None, at_text: str | None, *, everything: bool, as_json: bool, lang: Language) -> None:
    """List the snoozes that stand: whose alerts of which typology rest until when, and how many alerts came under each.

    They are read from the ledger, and the alerts from fx.alerts.v1.

    Example: fxwatch snooze list --all --json
    """
    settings, progress = load_settings(), ReadingProgress(lang)
    zone = ZoneInfo(settings.effective.engine.time_zone)
    at = moment(at_text, zone) or datetime.now(UTC)
    if party is not None:
        require_token(party)
    places = None if party is None else [partition_of(settings, party)]
    read = read_snoozes(settings, progress, places)
    chosen = [
        one
        for one in read
        if (everything or one.state_at(at) == "resting") and (party is None or may_be_one(one.party, party))
    ]
    chosen.sort(key=lambda one: (one.until, one.about, one.typology))
    counts = count_alerts(settings, progress) if chosen else {}
    if as_json:
        for one in chosen:
            count = counts.get(one.counted_as, 0)
            say_json(json.dumps(snooze_text.row_json(one, one.state_at(at), count), ensure_ascii=False))
    else:
        rows = [snooze_text.cells(one, at, counts.get(one.counted_as, 0), zone, lang) for one in chosen]
        names = snooze_text.columns(lang)
        tables.show(names, rows, numeric=[names[4]], whole=names)
    remark(snooze_text.listed(len(chosen), lang))


def _standing(settings: Settings, about: str, typology: str, now: datetime, lang: Language) -> list[LedgerSnooze]:
    """The snoozes of a party or shared thing that stand; a shared thing's are in partitions of its parties."""
    places = None if "/" in about else [partition_of(settings, about)]
    for some in [places] if places is None else [places, None]:
        read = read_snoozes(settings, ReadingProgress(lang), some)
        if standing := [one for one in read.of(about, typology) if one.state_at(now) == "resting"]:
            return standing
    return []


def _typology(alert: AlertRead, asked: str | None) -> str:
    """The typology that is to rest. Raises `UsageError` where the alert has several, or not this one."""
    there = [hit.id for hit in alert.typologies] or [ANOMALY]
    named = typology_id(asked) if asked is not None else there[0] if len(there) == 1 else None
    if named not in there:
        raise UsageError(
            "this alert does not say which typology is to rest",
            got=asked or "no --typology",
            expected=", ".join(there),
            todo="name one of these with --typology; each rests by itself",
        )
    return named


def _decision(
    settings: Settings, at: datetime, until: datetime, named: dict[str, Any], typology: str, given: dict[str, Any]
) -> DispositionRecord:
    """The officer's record. Raises `UsageError` for one that would be refused."""
    decision = make_decision(
        at,
        **named,
        verdict=SNOOZING,
        reason=given["reason"],
        investigator=require_officer(settings, given["officer"]),
        office=given["office"],
        snooze_until=until,
        snooze_typology=typology,
    )
    check(settings, decision)
    return decision


def _send(settings: Settings, decision: DispositionRecord, partition: int, given: dict[str, Any]) -> None:
    """Send it, wait for it and tell what became of it; the exit code is that of `dispose`."""
    lang, seconds = given["lang"], given["wait_seconds"]
    zone = ZoneInfo(settings.effective.engine.time_zone)
    key = None if given["sign_key"] is None else load_signing_key(given["sign_key"])
    sent, began = list[Done](), time.monotonic()
    try:
        if not given["dry_run"]:
            asyncio.run(dispose(settings, [(decision, partition)], key, seconds, sent))
    finally:
        waited = max(0.1, round(time.monotonic() - began, 1)) if seconds > 0 else 0.0
        done = sent[0] if sent else Done(decision=decision, outcome="dry_run")
        if given["as_json"] and (sent or given["dry_run"]):
            say_json(json.dumps(done_json(done), ensure_ascii=False))
        elif sent:
            say("\n".join(done_lines(done, waited, lang, zone)))
        elif given["dry_run"]:
            say(dry_line(decision, lang, zone))
    if done.outcome == "refused":
        raise click.exceptions.Exit(1)
    raise click.exceptions.Exit(NOT_SEEN if done.outcome == "sent" and seconds > 0 else 0)
