"""`fxwatch rescore`: proves that an alert follows from the ledger, bit for bit, or names the first difference."""

import asyncio
import json
import sys
from collections import Counter
from typing import Any

import click
import msgspec

from streams.cli.desk_options import ReadingProgress, language
from streams.desk.alert_lookup import find_alerts, require_prefix
from streams.desk_text.proof_words import PROOF_WORDS
from streams.errors import NotReproducedError, OutOfReachError, UsageError
from streams.kafka.agent_names import SHARED
from streams.learning_agents import LEARNING
from streams.plain_text import tables
from streams.plain_text.languages import Language
from streams.plain_text.printable import make_printable, say, say_json
from streams.proofs.rescore import PublishedAlerts, Rescored, Rescorer, find_differing_versions, gather
from streams.settings import Settings, load_settings

FULL_DIGITS = 32
_DIFFERENCES_SHOWN = 20


@click.command()
@click.argument("alert_id", required=False)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every alert, and every entry of a list: one pass a partition.",
)
@click.option("--from-ledger", is_flag=True, help="Ignore snapshots: replay the ledger from its first record.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --all one a line.")
@language
def command(alert_id: str | None, lang: Language, *, everything: bool, from_ledger: bool, as_json: bool) -> None:
    """Rebuild the state before ALERT_ID, apply its trigger again, and compare the alert bit for bit.

    ALERT_ID is an alert's id, or the first digits of it where no other alert's begins so.

    Read only, beside running workers, without keys: the newest snapshot at or below the alert's ledger position, the
    ledger after it, the rules that applied then, operators' skips. Compared are the alert and each desk's copy: key,
    value, headers and timestamp. Exit code 1 and the first difference when it does not come out the same.

    Entries of fx.screens.v1 are compared too, with --all, each named by its key.

    An alert is out of reach when its ledger record, or what leads to it from the newest usable snapshot, is not in the
    ledger any more: neither proven nor disproven. The others are rescored all the same. Exit code 3 when some are out
    of reach and none differs.

    Example: fxwatch rescore 5b0f4c27a1f2e0d4c58d0c1b8a7e9f36

    Example: fxwatch rescore --all --from-ledger
    """
    if everything == (alert_id is not None):
        raise UsageError(
            "rescore takes one alert or all of them",
            got="both" if everything else "neither",
            expected="ALERT_ID or --all",
            todo="see `fxwatch rescore --help`",
        )
    alert_id = None if alert_id is None else require_prefix(alert_id)
    settings = load_settings()
    if alert_id is not None and len(alert_id) < FULL_DIGITS:
        (found,) = find_alerts(settings, [alert_id], ReadingProgress(lang)).values()
        alert_id = found.alert.alert_id
    gathered = gather(settings, alert_id)
    if alert_id is not None:
        rescorers = {name: Rescorer(settings, cold=from_ledger, agent=name) for name in LEARNING if gathered.of(name)}
        asyncio.run(_one(rescorers, gathered, lang, as_json=as_json))
    else:
        rescorers = {name: Rescorer(settings, cold=from_ledger, agent=name) for name in LEARNING}
        asyncio.run(_all(rescorers, settings, gathered, as_json=as_json))


async def _one(
    rescorers: dict[str, Rescorer], gathered: PublishedAlerts, lang: Language = "en", *, as_json: bool
) -> None:
    """Rescore what is published under one id; more than one position is a fault in itself, and each is looked at."""
    found = [
        one
        for name, rescorer in rescorers.items()
        for number, triggers in gathered.of(name).items()
        async for one in rescorer.rescore_partition(number, triggers)
    ]
    for rescored in found:
        if as_json:
            say_json(json.dumps(_fields(rescored), ensure_ascii=False))
        else:
            say("\n".join(_told(rescored, lang)))
    differing = next((one for one in found if one.verdict == "differs"), None)
    if differing is not None:
        raise NotReproducedError(
            "the alert does not follow from the ledger",
            got=str(differing.difference),
            expected="the same, bit for bit",
            todo=_advice(differing),
        )
    _require_reach(found)


def _require_reach(found: list[Rescored]) -> None:
    """Raises `OutOfReachError` for alerts that could not be checked."""
    beyond = [one for one in found if one.verdict == "out_of_reach"]
    if beyond:
        reasons = Counter(f"partition {_place(one.agent, one.partition)}: {one.reason}" for one in beyond)
        raise OutOfReachError(
            f"{len(beyond):,} of {len(found):,} alerts could not be checked; of the others none differs",
            got="; ".join(f"{reason} ({count:,})" for reason, count in reasons.items()),
            expected="the alerts' ledger records, and a snapshot or the ledger's first record before them",
            todo="restore the ledger from its backup; see evidence_retention_days",
        )


def _fields(rescored: Rescored) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(rescored)
    return fields | {"differing_versions": find_differing_versions(rescored)}


def _told(rescored: Rescored, lang: Language = "en") -> list[str]:
    """What was done and what came of it, in words."""
    words, topics = PROOF_WORDS[lang], ", ".join(rescored.topics)
    opening = words.of_legs if rescored.agent == SHARED else words.alert
    lines = [opening.format(alert=rescored.alert_id, partition=rescored.partition, offset=rescored.offset)]
    if rescored.verdict == "out_of_reach":
        lines += [words.unused.format(refused=refused) for refused in rescored.refused]
        lines.append(words.beyond.format(reason=rescored.reason))
        return [make_printable(line) for line in lines]
    start = words.first if rescored.snapshot is None else words.snapshot.format(offset=rescored.snapshot)
    lines.append(words.state.format(start=start, replayed=f"{rescored.replayed:,}", seconds=f"{rescored.seconds:.2f}"))
    lines += [words.skipped.format(refused=refused) for refused in rescored.refused]
    lines += [
        words.version.format(name=name, then=then, now=now) + ("" if name == "code" else words.then)
        for name, (then, now) in find_differing_versions(rescored).items()
    ]
    outcome = {"differs": words.differs, "reproduced": words.same}.get(
        rescored.verdict, words.reworded if rescored.reworded else words.release
    )
    lines.append(outcome.format(difference=rescored.difference, topics=topics))
    return [make_printable(line) for line in lines]


def _advice(rescored: Rescored) -> str:
    then, today = rescored.versions.code, rescored.today.code
    if then != today:
        return f"another release is the likely cause: run this command of fxwatch {then} (this is {today})"
    return "the published record, the ledger or the code was changed since; compare with --from-ledger"


async def _all(rescorers: dict[str, Rescorer], settings: Settings, gathered: PublishedAlerts, *, as_json: bool) -> None:
    """One pass a partition of each agent; a summary by partition at the end."""
    places = [
        (name, number)
        for name in rescorers
        for number in sorted(gathered.of(name).keys() | set(range(settings.effective.engine.partitions)))
    ]
    total = sum(len(triggers) for name in rescorers for triggers in gathered.of(name).values())
    rows: list[list[str]] = []
    differing: list[Rescored] = []
    everything: list[Rescored] = []
    with click.progressbar(length=total, label="alerts rescored", file=sys.stderr) as bar:
        for name, number in places:
            found = []
            async for one in rescorers[name].rescore_partition(number, gathered.of(name).get(number, {})):
                found.append(one)
                bar.update(1)
                if as_json:
                    say_json(json.dumps(_fields(one), ensure_ascii=False))
            differing += [one for one in found if one.verdict == "differs"]
            everything += found
            rows.append(_row(_place(name, number), found))
    if not as_json:
        columns = [
            "partition",
            "alerts",
            "reproduced",
            "other release",
            "differ",
            "out of reach",
            "records replayed",
            "seconds",
        ]
        tables.show(columns, [*rows, _sums(rows)], numeric=columns[1:], whole=["partition"])
    faults = [
        *(
            f"alert {one.alert_id}, {_place(one.agent, one.partition)}@{one.offset}: {one.difference}"
            for one in differing
        ),
        *(f"{place} is no alert" for place in gathered.unreadable),
        *(
            f"alert {alert}, {_place(name, partition)}@{offset}: the ledger gives it, and it is not published"
            for name, rescorer in rescorers.items()
            for partition, offset, alert in rescorer.unpublished
        ),
    ]
    if faults:
        more = [f"... and {len(faults) - _DIFFERENCES_SHOWN} more"] if len(faults) > _DIFFERENCES_SHOWN else []
        shown = "\n  ".join(make_printable(fault) for fault in [*faults[:_DIFFERENCES_SHOWN], *more])
        raise NotReproducedError(
            f"alerts and ledger do not agree:\n  {shown}",
            todo=_advice(differing[0]) if differing else "see the worker's log",
        )
    _require_reach(everything)
    if not as_json:
        say(f"each of the {total:,} alerts follows from the ledger, bit for bit", err=True)


def _place(agent: str, number: int) -> str:
    """A partition of the ledger, or of the legs."""
    return f"legs {number}" if agent == SHARED else str(number)


def _row(place: str, found: list[Rescored]) -> list[str]:
    verdicts = Counter(one.verdict for one in found)
    counts = [verdicts[verdict] for verdict in ("reproduced", "other_release", "differs", "out_of_reach")]
    return [
        place,
        f"{len(found):,}",
        *(f"{count:,}" for count in counts),
        f"{sum(one.replayed for one in found):,}",
        f"{sum(one.seconds for one in found):.2f}",
    ]


def _sums(rows: list[list[str]]) -> list[str]:
    columns = list(zip(*rows, strict=True))[1:]
    whole = [f"{sum(int(cell.replace(',', '')) for cell in column):,}" for column in columns[:-1]]
    return ["all", *whole, f"{sum(float(cell) for cell in columns[-1]):.2f}"]
