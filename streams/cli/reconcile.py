"""`fxwatch reconcile`: every input is one ledger record or one dead letter, or the command says which is not."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import click
import msgspec

from streams.cli.desk_options import ReadingProgress
from streams.contracts.dead_letters import read_original
from streams.contracts.refusal_codes import TOLD_BY_MONITOR
from streams.errors import FxwatchError
from streams.ingest.input_topic_ids import read_ids
from streams.ingest.input_watch import read_committed_offsets, read_kept
from streams.kafka import topic_reader, topics
from streams.kafka.topic_reader import Batch
from streams.kafka.unreadable_sets import Unreadable
from streams.ledger import envelope
from streams.ledger.input_positions import InputPartition, Kept, find_passed_by, of_topic
from streams.ledger.progress import Acknowledged
from streams.plain_text import tables
from streams.plain_text.printable import make_printable, say, say_json
from streams.proofs.legs_topic import expect_on_legs, take_from_legs
from streams.proofs.reconcile import Problem, Reconciliation, Tokens, TopicCount
from streams.proofs.replayed_entries import EntryCount, compare_entries
from streams.proofs.written_entries import EntryFault
from streams.settings import Settings, load_settings

# What ingest writes to every ledger partition (streams/ingest/door.py).
BROADCAST = (topics.RATES, topics.RULES, topics.LEARNING)
WITH_LEGS = (topics.TRANSACTIONS, topics.DECLARATIONS, topics.DISPOSITIONS)
_PROBLEMS_SHOWN = 50
_ALWAYS = ("read", "ledger", "dead_letters", "missing")
_COLUMNS = (
    "read",
    "ledger",
    "dead_letters",
    "conflicts",
    "redelivered",
    "older",
    "newer",
    "missing",
    "unread",
    "acknowledged",
    "legs",
)


class NotReconciledError(FxwatchError):
    """Inputs that are neither in the ledger nor dead-lettered, or otherwise do not add up."""

    code = "reconcile.differs"


def _passed(
    found: Reconciliation,
    begins: Mapping[InputPartition, int],
    kept: Kept,
    ids: dict[str, bytes],
    committed: dict[InputPartition, int],
) -> list[tuple[InputPartition, Acknowledged]]:
    """What passed ingest by; returns what an operator has acknowledged of it."""
    names = {name: topic_id.decode() for name, topic_id in ids.items()}
    for place, first, end in find_passed_by(kept, begins, names, committed):
        found.note_passed(*place, first, end)
    settled = [
        (place, one)
        for (place, _), one in sorted(kept.acknowledged.items())
        if place in begins and of_topic(one.topic_id, names.get(place[0], ""))
    ]
    for place, one in settled:
        found.acknowledge(*place, one.first, one.next)
    return settled


def _take_positions(batch: Batch, found: Reconciliation, tokens: Tokens, ids: dict[str, bytes]) -> int:
    """Adds a batch of one partition of ledger or legs; returns records without a source other than configurations."""
    tp, records = batch
    by_source: dict[tuple[bytes, bytes, bytes], list[int]] = {}
    unknown = 0
    for record in records:
        told = envelope.told_source(record.headers)
        if told is None:
            unknown += not envelope.is_kind(record.headers, envelope.CONFIGURATION)
            continue
        tokens.note_used(record, told)
        topic = told.topic.decode("utf-8", "replace")
        if of_topic(told.topic_id, ids.get(topic, b"")):
            compare = take_from_legs if tp.topic == topics.LEGS else expect_on_legs
            compare(record, told, (topic, int(told.partition)), found, tp.partition)
        if tp.topic == topics.LEDGER:
            by_source.setdefault((told.topic, told.partition, told.topic_id), []).append(told.offset)
    for (name, partition, topic_id), offsets in by_source.items():
        topic = name.decode("utf-8", "replace")
        if of_topic(topic_id, ids.get(topic, b"")):
            found.take_ledger_records(topic, int(partition), tp.partition, offsets)
        else:
            found.of_deleted_topic(topic, int(partition), len(offsets))
    return unknown


class GatheredRecords(NamedTuple):
    """What was read: `unknown` counts records without a source, `settled` is what operators have acknowledged."""

    found: Reconciliation
    tokens: Tokens
    unknown: int
    settled: list[tuple[InputPartition, Acknowledged]]


def gather(settings: Settings, *, up_to_committed: bool) -> GatheredRecords:
    """Read the inputs, then ledger, dead letters, legs and identities.

    The ends of the latter are taken later, so that what ingest finishes meanwhile counts.
    """
    ids = read_ids(settings)
    with topic_reader.Reader(settings, topics.INPUTS, unreadable=True) as inputs:
        committed = read_committed_offsets(settings, ids)
        # a partition without an offset of this topic's has nothing due yet
        due = {
            tp: min(end, committed.get((tp.topic, tp.partition), 0)) if up_to_committed else end
            for tp, end in inputs.ends.items()
        }
        in_order = sorted(due, key=lambda tp: (topics.INPUTS.index(tp.topic), tp.partition))
        sources = {(tp.topic, tp.partition): (inputs.begins[tp], due[tp]) for tp in in_order}
        partitions = settings.effective.engine.partitions
        found = Reconciliation(sources, BROADCAST, partitions, WITH_LEGS)
        begins = {place: begin for place, (begin, _) in sources.items()}
        settled = _passed(found, begins, read_kept(settings), ids, committed)
        for tp, records in inputs.read_to_end():
            found.read(tp.topic, tp.partition, [record.offset for record in records])
            for record in records:
                if isinstance(record, Unreadable):
                    found.unreadable(tp.topic, tp.partition, record.first, record.offset)
    unknown, tokens = 0, Tokens(sources, settled=not up_to_committed)
    with topic_reader.Reader(settings, [topics.LEDGER, topics.DEADLETTER, topics.LEGS]) as outputs:
        for batch in outputs.read_to_end():
            if batch[0].topic in {topics.LEDGER, topics.LEGS}:
                unknown += _take_positions(batch, found, tokens, ids)
            else:
                unknown += sum(_take_letter(record, found, ids) for record in batch[1])
    with topic_reader.Reader(settings, [topics.IDENTITIES]) as identities:
        for _, records in identities.read_to_end():
            tokens.note_sealed(records)
    for (topic, partition), end in topic_reader.read_written_ends(settings, (*topics.INPUTS, topics.LEGS)).items():
        found.note_end(topic, partition, end)
    return GatheredRecords(found, tokens, unknown, settled)


def _take_letter(record: Any, found: Reconciliation, ids: dict[str, bytes]) -> bool:
    """Adds a dead letter; returns whether it does not say what it is of."""
    letter = read_original(record)
    if letter is None:
        return True
    if not of_topic(letter.topic_id.encode(), ids.get(letter.topic, b"")):
        found.of_deleted_topic(letter.topic, letter.partition, 1)
    elif letter.last_offset >= 0:
        found.letter_of_set(letter.topic, letter.partition, letter.offset, letter.last_offset)
    else:
        found.take_dead_letter(
            letter.topic, letter.partition, letter.offset, conflict=not TOLD_BY_MONITOR.isdisjoint(letter.codes)
        )
    return False


def _told(problems: list[Problem], found: Reconciliation, tokens: Tokens, unknown: int) -> Iterator[str]:
    yield from map(str, islice(problems, _PROBLEMS_SHOWN))
    if len(problems) > _PROBLEMS_SHOWN:
        yield f"... and {len(problems) - _PROBLEMS_SHOWN} more ranges (all with --json)"
    for name, count in sorted(found.foreign.items()):
        yield f"{count} ledger records or dead letters name a source that is no input: {name}"
    if unknown:
        yield f"{unknown} records of ledger, legs or dead letters do not say where they came from"
    if tokens.count_missing():
        yield f"{tokens.count_missing()} parties have no sealed identity on {topics.IDENTITIES}"
    if tokens.count_without_record():
        yield f"{tokens.count_without_record()} sealed identities are of nobody in ledger or legs"


def _entries_told(amiss: list[EntryFault]) -> Iterator[str]:
    yield from map(str, amiss[:_PROBLEMS_SHOWN])
    if len(amiss) > _PROBLEMS_SHOWN:
        yield f"... and {len(amiss) - _PROBLEMS_SHOWN} more entries (all with --json)"


def _compared(one: EntryCount) -> str:
    """That a topic's entries follow from the ledger, and of which partitions that cannot be told."""
    told = f"each of the {one.there:,} records kept on {one.topic} follows from the ledger, and none is missing"
    if not one.unchecked:
        return told
    places = ", ".join(map(str, one.unchecked))
    return f"{told}; not checked, because the ledger's beginning is gone: partitions {places}"


def _show(counts: list[TopicCount]) -> None:
    """The figures by topic. A terminal of 80 columns has no room for columns of zeros; a pipe always gets all."""
    totals = {name: sum(getattr(count, name) for count in counts) for name in _COLUMNS}
    columns = [name for name in _COLUMNS if totals[name] or name in _ALWAYS or not tables.is_terminal()]
    rows = [[count.topic, *(f"{getattr(count, name):,}" for name in columns)] for count in counts]
    rows.append(["all", *(f"{totals[name]:,}" for name in columns)])
    names = [name.replace("_", " ") for name in columns]
    tables.show(["topic", *names], rows, numeric=names, whole=["topic"])


def _plain(place: InputPartition, one: Acknowledged) -> dict[str, Any]:
    return {
        "topic": place[0],
        "partition": place[1],
        "first": one.first,
        "last": one.next - 1,
        "reason": one.reason,
        "who": one.who,
        "at": one.at,
    }


@click.command()
@click.option(
    "--up-to",
    type=click.Choice(["end", "committed"]),
    default="end",
    show_default=True,
    help="Compare up to the inputs' ends, or (while ingest runs) up to what it has committed.",
)
@click.option(
    "--entries",
    is_flag=True,
    help="Also replay the ledger, and compare open items and supervisors' lists with it: 1 ms a ledger record.",
)
@click.option("--json", "as_json", is_flag=True, help="Figures and every problem as one JSON object.")
def command(up_to: str, *, entries: bool, as_json: bool) -> None:
    """Prove from the topics that no input was lost.

    Every record of every input topic must be one ledger record (rates and rules: one in each partition of ledger and
    legs; what partitions tell one another: one in each of the ledger) or one dead letter, and nothing else may be: no
    ledger record or letter of an input that was never committed. Each payment and declaration has its legs, each once:
    one for every shared thing that it names (a payment of an earlier release: its counterparty's). Each trail follows
    from a leg and stands in its order. Each party has its sealed identity (where they are kept). Redelivered records
    are counted, not held against it. Exit code 1 and a list when something is missing or too much. Offsets that were
    deleted unread are held against it until an operator acknowledges them (fxwatch acknowledge); who did, and why, is
    listed then.

    With --entries each record of fx.openitems.v1 and fx.screens.v1 is proven to follow from the ledger, which is
    replayed from its first record: each that is missing, differs or is too much is named by its key.

    Example: fxwatch reconcile

    Example: fxwatch reconcile --up-to committed --json

    Example: fxwatch reconcile --entries
    """
    settings = load_settings()
    gathered = gather(settings, up_to_committed=up_to == "committed")
    found = gathered.found
    counts, problems = found.count_topics(), list(found.find_problems())
    compared, amiss = compare_entries(settings, ReadingProgress("en")) if entries else ([], [])
    faults = [*_told(problems, found, gathered.tokens, gathered.unknown), *_entries_told(amiss)]
    if as_json:
        told = {"reconciled": not faults} | _as_json(gathered, counts, problems)
        if entries:
            told |= {"entries": msgspec.to_builtins(compared), "entry_faults": msgspec.to_builtins(amiss)}
        say_json(json.dumps(told))
    else:
        _show(counts)
        for place, one in gathered.settled:
            said = make_printable(f"acknowledged by {one.who} at {one.at}: {one.reason}")
            say(f"{place[0]}[{place[1]}]: {one.first}-{one.next - 1} unread, {said}", err=True)
    if faults:
        raise NotReconciledError(
            "inputs, ledger and dead letters do not add up:\n  " + "\n  ".join(faults),
            todo="if ingest is still running, run this again with --up-to committed; otherwise "
            "look at these positions and the ingest worker's log; what is unread, once that is "
            "settled with the sender: fxwatch acknowledge",
        )
    if not as_json:
        _say_done(counts, compared)


def _as_json(gathered: GatheredRecords, counts: list[TopicCount], problems: list[Problem]) -> dict[str, Any]:
    """Figures and problems for machines."""
    found, tokens = gathered.found, gathered.tokens
    return {
        "topics": msgspec.to_builtins(counts),
        "problems": msgspec.to_builtins(problems),
        "trails": found.count_trails(),
        "foreign": found.foreign,
        "without_source": gathered.unknown,
        "identities_missing": tokens.count_missing(),
        "identities_without_record": tokens.count_without_record(),
        "acknowledged": [_plain(place, one) for place, one in gathered.settled],
    }


def _say_done(counts: list[TopicCount], compared: list[EntryCount]) -> None:
    """What was proven, and what cannot be checked any more."""
    read, older = sum(count.read for count in counts), sum(count.older for count in counts)
    say(f"each of the {read:,} inputs kept is in the ledger or dead-lettered", err=True)
    for count in compared:
        say(_compared(count), err=True)
    if older:
        say(
            f"{older:,} outputs are of inputs that retention or a deletion removed: those cannot be checked any more",
            err=True,
        )
