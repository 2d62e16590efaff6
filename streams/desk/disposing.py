"""Verdicts are sent as the contract wants them, once, and it is seen that they were taken in.

The id of a verdict is a hash of what it says, its time included: the same verdict sent again is a duplicate, which
counts once. An officer who changes their mind sends another verdict, which replaces the earlier one from its time on.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from nacl.signing import SigningKey

from detectors.contracts.alert import Alert
from detectors.memory.officers import officer_number
from streams.contracts.dead_letters import read_original
from streams.contracts.identifiers import Identifiers
from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import DISPOSITIONS, INPUTS, DispositionRecord
from streams.desk.party_history import partition_of
from streams.desk.verdicts import WITHDRAWN, LedgerVerdict, Verdicts, read_disposition
from streams.errors import DeliveryError, UsageError
from streams.ingest.decode import decode, find_faults
from streams.kafka import clients, topics
from streams.kafka.denied import DENIED, choose_error
from streams.keys.signed_records import sign
from streams.settings import Settings

# sent: acknowledged by Kafka, nothing more is known. taken_in: it stands in the ledger. refused: a dead letter.
# stands: nothing was sent, because this officer's verdict says so already. dry_run: nothing was to be sent.
Outcome = Literal["sent", "taken_in", "refused", "stands", "dry_run"]
# the place of a verdict's own record (partition, offset), and what is known of it since
_News = tuple[tuple[int | None, int | None], dict[str, Any]]
_ID_DIGITS = 32
# from the ledger to a dead letter of the monitor: two transactions and a batch of letters, each a fraction of a second
JUDGED_SECONDS = 3.0
# what an officer may add to a verdict
DETAILS = ("amount_krw", "legal_basis", "sanction", "office")


def make_decision(decided_at: datetime, **said: Any) -> DispositionRecord:
    """The record of what an officer says of one alert: the contract's fields, None for what is not said.

    Its id is a hash of the others, so that the same decision has the same id; its time is in whole seconds of UTC.
    Raises `UsageError` for a text that is not UTF-8, as a terminal set to EUC-KR sends it.
    """
    fields = {name: content for name, content in said.items() if content is not None}
    decision = DispositionRecord(event_id="", decided_at=decided_at.astimezone(UTC).replace(microsecond=0), **fields)
    others = {name: content for name, content in msgspec.to_builtins(decision).items() if name != "event_id"}
    try:
        told = json.dumps(others, sort_keys=True, ensure_ascii=False).encode()
    except UnicodeEncodeError as fault:  # Python keeps bytes of a command line that are no UTF-8 as surrogates
        raise UsageError(
            "a text of this verdict is not UTF-8",
            got=ascii(fault.object[fault.start : fault.end]),
            expected="UTF-8",
            todo="set the terminal to UTF-8, or correct the text",
        ) from fault
    digest = hashlib.sha256(b"disposition|" + told).hexdigest()
    return msgspec.structs.replace(decision, event_id=f"desk-{digest[:_ID_DIGITS]}")


def record_of(decision: DispositionRecord, key: SigningKey | None = None) -> InputRecord:
    """The record to send, signed where there is a key."""
    value = json.dumps(msgspec.to_builtins(decision), ensure_ascii=False).encode()
    plain = InputRecord(DISPOSITIONS, decision.party.encode(), value, -1)
    return plain if key is None else sign(plain, key)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a decision; where its record stands, and where in the ledger; why it was refused."""

    decision: DispositionRecord
    outcome: Outcome
    partition: int | None = None
    offset: int | None = None
    ledger_partition: int | None = None
    ledger_offset: int | None = None
    codes: tuple[str, ...] = ()
    why: str = ""


def check(settings: Settings, decision: DispositionRecord) -> None:
    """Raises `UsageError` with every fault by which ingest would refuse the record, or the monitor its officer."""
    record, admission = record_of(decision), settings.effective.admitted
    identifiers = Identifiers(admission.placeholders, admission.report_numbers)
    arrived = (INPUTS[DISPOSITIONS], round(time.time() * 1000), record.key, record.value, identifiers)
    if decode(*arrived) is None:
        faults = find_faults(*arrived)
        raise UsageError(
            "the verdict would be refused",
            got="; ".join(f"{each.code} {each.field}" for each in faults),
            expected="a disposition as the contract wants it",
            todo="correct it",
        )
    listed = admission.officers
    if listed and officer_number(decision.investigator) not in set(map(officer_number, listed)):
        raise UsageError(
            "verdicts of this officer do not count",
            got=decision.investigator,
            expected=f"one of the {len(listed)} officers that [admission] officers lists",
            todo="say --officer as the configuration spells it, or have the officer listed",
        )


def name_alert(alert: Alert) -> dict[str, str]:
    """The fields by which an officer's record names its alert: id and party, and the shared thing where it has one."""
    named = {"alert_id": alert.alert_id, "party": alert.party}
    return named | ({"shared_kind": alert.shared.kind, "shared_token": alert.shared.token} if alert.shared else {})


def ledger_partition_of(settings: Settings, alert: Alert) -> int:
    """Where in the ledger a record on the alert will stand: its party's partition, whoever raised it."""
    return partition_of(settings, alert.party) if alert.shared else alert.position.partition


def _about(decision: DispositionRecord) -> str:
    return decision.shared_token if isinstance(decision.shared_token, str) else decision.party


def find_same_verdict(verdicts: Verdicts, decision: DispositionRecord) -> LedgerVerdict | None:
    """The officer's own verdict on the alert where it says the same, so that nothing need be sent.

    Raises `UsageError` where the monitor would refuse the decision: the officer decided otherwise at a later time, or
    the same with other details; or where nothing is there to be withdrawn.
    """
    last = verdicts.of_officer(decision.alert_id, _about(decision), decision.investigator)
    if last is None:
        if decision.verdict == WITHDRAWN:
            raise UsageError(
                "there is no verdict to withdraw",
                got=f"{decision.investigator} on {decision.alert_id}",
                expected="a verdict of this officer on the alert",
                todo="see `fxwatch alerts show`",
            )
        return None
    if last.verdict == decision.verdict:
        other = [name for name in DETAILS if getattr(decision, name) not in {msgspec.UNSET, getattr(last, name)}]
        if other:
            raise UsageError(
                "this verdict stands already, without these details",
                got=", ".join(other),
                expected="what the officer said of it the first time: the monitor refuses a repetition",
                todo="give --verdict withdrawn, then this verdict anew",
            )
        return last
    if decision.decided_at < last.counted_at:
        raise UsageError(
            "this officer decided otherwise at a later time",
            got=f"{decision.verdict} at {decision.decided_at.isoformat()}",
            expected=f"a time after {last.counted_at.isoformat()} ({last.verdict})",
            todo="give a later --decided-at; where none was given, set this machine's clock",
        )
    return None


async def dispose(
    settings: Settings,
    decisions: Iterable[tuple[DispositionRecord, int]],
    key: SigningKey | None,
    wait_seconds: float,
    done: list[Done],
) -> None:
    """Send each decision and wait until its record is seen in the ledger, all together `wait_seconds` at most.

    Each comes with the ledger partition of its alert. `done` gets what became of each as soon as Kafka has it, so that
    whoever is interrupted, or loses the broker, still knows what was sent. Raises `DeliveryError` where Kafka took none
    or only some of them (what was sent is safe to send again), and `NotAuthorizedError`.
    """
    many = list(decisions)
    places = {partition for _, partition in many}
    watch = _Watch(settings, places)
    try:
        readable = await watch.begin()
        await _send(settings, [decision for decision, _ in many], key, done)
        if readable and wait_seconds > 0:
            await watch.wait_until_seen(done, wait_seconds)
    finally:
        await watch.stop()


async def _send(
    settings: Settings, decisions: list[DispositionRecord], key: SigningKey | None, done: list[Done]
) -> None:
    producer = clients.make_idempotent_producer(settings, f"{settings.application}-dispose")
    try:
        await producer.start()
        for decision in decisions:
            record = record_of(decision, key)
            told = await producer.send_and_wait(
                record.topic, record.value, key=record.key, headers=list(record.headers)
            )
            done.append(Done(decision=decision, outcome="sent", partition=told.partition, offset=told.offset))
    except (KafkaError, OSError) as fault:
        missed = DeliveryError(
            f"{len(done)} of {len(decisions)} verdicts were sent, then Kafka took no more",
            got=repr(fault),
            todo="say the same again: what was sent counts once",
        )
        raise choose_error(missed, fault, f"this client may not write to {DISPOSITIONS}") from fault
    finally:
        await producer.stop()


class _Watch:
    """Looks for records that come from the verdicts' topic: in the ledger, and among dead letters where it may."""

    def __init__(self, settings: Settings, partitions: set[int]) -> None:
        self._ledger = [TopicPartition(topics.LEDGER, number) for number in sorted(partitions)]
        self._consumer: AIOKafkaConsumer = clients.make_reader(settings, committed=True)
        self._letters: AIOKafkaConsumer = clients.make_reader(settings, committed=True)
        self._settings = settings
        self._may_read_letters = False

    async def begin(self) -> bool:
        """Note where the ledger ends before anything is sent; False for who may not read it."""
        try:
            await self._consumer.start()
            self._consumer.assign(self._ledger)
            for place, end in (await self._consumer.end_offsets(self._ledger)).items():
                self._consumer.seek(place, end)
        except DENIED:
            return False
        except KafkaError as fault:
            raise DeliveryError(
                "nothing was sent: the broker does not answer",
                got=repr(fault),
                todo="see `fxwatch broker status`, then say it again",
            ) from fault
        self._may_read_letters = await self._begin_letters()
        return True

    async def _begin_letters(self) -> bool:
        """Dead letters hold personal data: an investigator may not read them, and is not told why then."""
        try:
            await self._letters.start()
            count = await clients.count_partitions(self._letters, topics.DEADLETTER)
            places = [TopicPartition(topics.DEADLETTER, number) for number in range(count)]
            self._letters.assign(places)
            for place, end in (await self._letters.end_offsets(places)).items():
                self._letters.seek(place, end)
        except KafkaError:
            return False
        return True

    async def wait_until_seen(self, sent: list[Done], wait_seconds: float) -> None:
        """Put what became of each in its place, within the time; a broker that goes away meanwhile ends the wait.

        Who may read dead letters waits `JUDGED_SECONDS` more, because the monitor judges after the ledger took it in.
        """
        places = {(done.partition, done.offset): number for number, done in enumerate(sent)}
        deadline, judged = time.monotonic() + wait_seconds, JUDGED_SECONDS if self._may_read_letters else 0.0
        all_known = False
        with suppress(KafkaError, OSError):  # what was not seen is told as sent, with what to do
            while time.monotonic() < deadline:
                for place, known in await self._news():
                    if place in places:
                        number = places[place]
                        # the letter may be seen before the ledger record that it is about
                        kept = {"outcome": "refused"} if sent[number].outcome == "refused" else {}
                        sent[number] = msgspec.structs.replace(sent[number], **known | kept)
                if not all_known and all(done.outcome != "sent" for done in sent):
                    all_known, deadline = True, min(deadline, time.monotonic() + judged)

    async def _news(self) -> list[_News]:
        """What came since: verdicts in the ledger, and dead letters where they may be read."""
        ledger = await self._consumer.getmany(timeout_ms=200)
        letters = await self._letters.getmany(timeout_ms=50) if self._may_read_letters else {}
        news = [_taken_in(record, place.partition) for place, records in ledger.items() for record in records]
        news += [_refused(record) for records in letters.values() for record in records]
        return [one for one in news if one is not None]

    async def stop(self) -> None:
        """Stop both readers."""
        await asyncio.gather(self._consumer.stop(), self._letters.stop())


def _taken_in(record: Any, partition: int) -> _News | None:
    found = read_disposition(record, partition)
    source = None if found is None else found[1].source
    if source is None or source.topic != DISPOSITIONS:
        return None
    place = source.partition, source.offset
    return place, {"outcome": "taken_in", "ledger_partition": partition, "ledger_offset": record.offset}


def _refused(record: Any) -> _News | None:
    letter = read_original(record)
    if letter is None or letter.topic != DISPOSITIONS:
        return None
    return (letter.partition, letter.offset), {"outcome": "refused", "codes": letter.codes, "why": letter.message}
