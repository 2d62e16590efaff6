"""`fxwatch dispose`: an officer's verdict on alerts, sent and seen to be taken in."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args
from zoneinfo import ZoneInfo

import click

from detectors.books.party import MOST_RAISED
from detectors.contracts.events import Verdict
from streams.cli.desk_options import ReadingProgress, language, remark, require_officer
from streams.contracts.inputs import DispositionRecord
from streams.desk.alert_lookup import SHORT_DIGITS, FoundAlert, find_alerts
from streams.desk.disposing import (
    DETAILS,
    Done,
    check,
    dispose,
    find_same_verdict,
    ledger_partition_of,
    make_decision,
    name_alert,
)
from streams.desk.moments import moment
from streams.desk.verdicts import LedgerVerdict, VerdictReader, Verdicts
from streams.desk_text.desk_words import DESK_WORDS
from streams.desk_text.dispose_text import alert_line, done_json, done_lines, dry_line, stands_line
from streams.errors import NotAuthorizedError, UsageError
from streams.keys.signed_records import load_signing_key
from streams.plain_text.languages import Language
from streams.plain_text.printable import say, say_json
from streams.settings import Settings, load_settings

STANDARD_INPUT = "-"
WAIT_SECONDS = 30.0
# exit code where a verdict was sent and not seen in the ledger within the time: neither taken in nor refused
NOT_SEEN = 3
# an officer's decision each: more at once is a script gone wrong
MOST_AT_ONCE = 1_000


class _Judged(NamedTuple):
    """An alert that a verdict is for, what is to be sent, and the officer's verdict that says so already."""

    found: FoundAlert
    decision: DispositionRecord
    stands: LedgerVerdict | None


def _asked(texts: tuple[str, ...]) -> list[str]:
    """The ids, those of standard input for `-`, each once. Raises `UsageError`."""
    ids: list[str] = []
    for text in texts:
        ids += sys.stdin.read().split() if text == STANDARD_INPUT else [text]
    ids = list(dict.fromkeys(ids))
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise UsageError(
            "these are not as many alerts as can be judged at once",
            got=len(ids),
            expected=f"1 to {MOST_AT_ONCE}",
            todo="name alerts, or give their ids on standard input",
        )
    return ids


def _verdicts(settings: Settings, found: list[FoundAlert], progress: ReadingProgress) -> Verdicts | None:
    """The verdicts on these alerts; None for who may not read the ledger, or the legs where one is of those."""
    positions = [one.alert.position for one in found]
    try:
        with VerdictReader(settings, progress) as reader:
            return reader.read((each.topic, each.partition, each.offset) for each in positions)
    except NotAuthorizedError:
        return None


@click.command()
@click.argument("alerts", nargs=-1, required=True, metavar="ALERT...")
@click.option(
    "--verdict",
    required=True,
    type=click.Choice(get_args(Verdict)),
    help="withdrawn takes back this officer's earlier verdict.",
)
@click.option("--reason", required=True, help="Why, in words (1 to 2000 characters). It never enters the ledger.")
@click.option("--officer", help="Id of the officer who answers for it; default: the setting officer (FXWATCH_OFFICER).")
@click.option("--amount-krw", metavar="AMOUNT", help="Confirmed amount, KRW.")
@click.option("--legal-basis", help="What it rests on, as the office cites it.")
@click.option("--sanction", type=click.Choice(["none", "warning", "fine", "referral"]), help="What was done.")
@click.option("--office", help="The officer's office.")
@click.option("--decided-at", metavar="TIME", help="When it was decided; default now.")
@click.option(
    "--sign-key",
    type=click.Path(path_type=Path),
    help="Sign with the private key of this file (mode 0600; docs/SECURITY.md).",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0, max=600),
    default=WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait until it is seen in the ledger; 0: send only.",
)
@click.option("--dry-run", is_flag=True, help="Look, check and show; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an alert.")
@language
def command(
    alerts: tuple[str, ...],
    decided_at: str | None,
    sign_key: Path | None,
    wait_seconds: float,
    *,
    dry_run: bool,
    as_json: bool,
    lang: Language,
    **given: Any,
) -> None:
    """Give a verdict on ALERT (its id, or the first digits of it); on several alike; `-` reads ids, blank between them.

    The alert is looked up and named, the verdict checked as ingest will check it, sent, and waited for: "taken in" says
    where it stands in the ledger. "sent" (exit code 3) says that Kafka holds it and the ledger does not yet. Said
    again, it counts once. Another verdict of the same officer takes the place of the earlier one; --verdict withdrawn
    takes it back.

    Example: fxwatch dispose 384a39e15c5f --verdict refuted --reason "gifts to a child, papers seen" --officer I-17

    Example: cut -f6 open.tsv | tail -n +2 | fxwatch dispose - --verdict duplicate --reason "case 12" --officer I-17
    """
    settings, progress = load_settings(), ReadingProgress(lang)
    zone = ZoneInfo(settings.effective.engine.time_zone)
    key = None if sign_key is None else load_signing_key(sign_key)
    at = moment(decided_at, zone) or datetime.now(UTC)
    given["officer"] = require_officer(settings, given["officer"])
    matches = find_alerts(settings, _asked(alerts), progress).values()
    found = list({one.alert.alert_id: one for one in matches}.values())  # two beginnings may be one alert's
    verdicts = _verdicts(settings, found, progress)
    judged = [_judge(settings, one, verdicts, at, given) for one in found]
    sending = [(one.decision, ledger_partition_of(settings, one.found.alert)) for one in judged if one.stands is None]
    _warn(judged, lang)
    sent, began = list[Done](), time.monotonic()
    try:
        if sending and not dry_run:
            asyncio.run(dispose(settings, sending, key, wait_seconds, sent))
    finally:
        # also where Ctrl-C ended the wait, or Kafka took only some of them: what it holds is told
        done = {each.decision.alert_id: each for each in sent}
        waited = max(0.1, round(time.monotonic() - began, 1)) if wait_seconds > 0 else 0.0
        whole = dry_run or len(sent) == len(sending)
        for one in (one for one in judged if whole or one.decision.alert_id in done):
            _show(settings, one, done.get(one.decision.alert_id), waited, as_json=as_json, lang=lang)
        if verdicts is None:
            remark(DESK_WORDS[lang].no_right)
    raise click.exceptions.Exit(_code(sent, waited=wait_seconds > 0))


def _warn(judged: list[_Judged], lang: Language) -> None:
    """Say before anything is sent which verdicts the monitor may refuse, where nobody at the desk would see it."""
    for one in judged:
        if one.found.newer >= MOST_RAISED:
            remark(DESK_WORDS[lang].old_alert.format(alert=one.found.alert.alert_id[:SHORT_DIGITS], n=one.found.newer))


def _judge(
    settings: Settings, found: FoundAlert, verdicts: Verdicts | None, at: datetime, given: dict[str, Any]
) -> _Judged:
    """The decision on one alert. Raises `UsageError` for one that would be refused."""
    alert = found.alert
    details = {name: given[name] for name in DETAILS}
    decision = make_decision(
        at,
        verdict=given["verdict"],
        reason=given["reason"],
        investigator=given["officer"],
        **name_alert(alert),
        **details,
    )
    check(settings, decision)
    return _Judged(found, decision, None if verdicts is None else find_same_verdict(verdicts, decision))


def _show(
    settings: Settings, judged: _Judged, done: Done | None, seconds: float, *, as_json: bool, lang: Language
) -> None:
    if as_json:
        done = done or Done(decision=judged.decision, outcome="dry_run" if judged.stands is None else "stands")
        say_json(json.dumps(done_json(done) | {"superseded_by": judged.found.successor}, ensure_ascii=False))
        return
    say(alert_line(judged.found.alert, lang))
    if judged.found.successor is not None:
        say(f"  {DESK_WORDS[lang].superseded.format(alert=judged.found.successor[:SHORT_DIGITS])}")
    zone = ZoneInfo(settings.effective.engine.time_zone)
    if judged.stands is not None:
        say(stands_line(judged.stands, zone, lang))
    elif done is not None:
        say("\n".join(done_lines(done, seconds, lang, zone)))
    else:
        say(dry_line(judged.decision, lang, zone))


def _code(sent: list[Done], *, waited: bool) -> int:
    """The exit code: what was refused or not seen has been said, with what to do, in the language asked for."""
    outcomes = {each.outcome for each in sent}
    if "refused" in outcomes:
        return 1
    return NOT_SEEN if waited and "sent" in outcomes else 0
