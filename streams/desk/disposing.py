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

from detectors.events import Verdict
from detectors.officers import officer_number
from streams import clients, ledger, topics
from streams.contracts import DISPOSITIONS, INPUTS
from streams.deadletter import original
from streams.decode import decode, find_faults
from streams.desk.verdicts import WITHDRAWN, Given, Verdicts
from streams.errors import DeliveryError, UsageError
from streams.identifiers import Identifiers
from streams.kafka.denied import DENIED, denied_or
from streams.record import Record
from streams.settings import Settings
from streams.signed_records import sign

Sanction = Literal["none", "warning", "fine", "referral"]
# sent: acknowledged by Kafka, nothing more is known. taken_in: it stands in the ledger. refused: a dead letter.
# stands: nothing was sent, because this officer's verdict says so already.
Outcome = Literal["sent", "taken_in", "refused", "stands"]
_ID_DIGITS = 32
# from the ledger to a dead letter of the monitor: two transactions and a batch of letters, each a fraction of a second
JUDGED_SECONDS = 3.0
_DETAILS = ("amount_krw", "legal_basis", "sanction", "office")


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer says of one alert; `party` is the token that the alert shows."""

    alert_id: str
    party: str
    verdict: Verdict
    reason: str
    investigator: str
    decided_at: datetime
    amount_krw: str | None = None
    legal_basis: str | None = None
    sanction: Sanction | None = None
    office: str | None = None

    def body(self) -> dict[str, Any]:
        """The record's fields, `event_id` first: a hash of the others, so that the same decision has the same id."""
        fields = {name: value for name, value in msgspec.to_builtins(self).items() if value is not None}
        fields["decided_at"] = self.decided_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        told = json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()
        return {"event_id": "desk-" + hashlib.sha256(b"disposition|" + told).hexdigest()[:_ID_DIGITS], **fields}

    def record(self, key: SigningKey | None = None) -> Record:
        """The record to send, signed where there is a key."""
        value = json.dumps(self.body(), ensure_ascii=False).encode()
        plain = Record(DISPOSITIONS, self.party.encode(), value, -1)
        return plain if key is None else sign(plain, key)


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a decision; where its record stands, and where in the ledger; why it was refused."""

    decision: Decision
    outcome: Outcome
    partition: int | None = None
    offset: int | None = None
    ledger_partition: int | None = None
    ledger_offset: int | None = None
    codes: tuple[str, ...] = ()
    why: str = ""


def check(settings: Settings, decision: Decision) -> None:
    """Raises `UsageError` with every fault by which ingest would refuse the record, or the monitor its officer."""
    record, admission = decision.record(), settings.effective.admitted
    identifiers = Identifiers(admission.placeholders, admission.report_numbers)
    arrived = (INPUTS[DISPOSITIONS], round(time.time() * 1000), record.key, record.value, identifiers)
    if decode(*arrived) is None:
        faults = find_faults(*arrived)
        raise UsageError("the verdict would be refused", got="; ".join(f"{each.code} {each.field}" for each in faults),
                         expected="a disposition as the contract wants it", todo="correct it")  # fmt: skip
    listed = admission.officers
    if listed and officer_number(decision.investigator) not in set(map(officer_number, listed)):
        raise UsageError("verdicts of this officer do not count", got=decision.investigator,
                         expected=f"one of the {len(listed)} officers that [admission] officers lists",
                         todo="say --officer as the configuration spells it, or have the officer listed")  # fmt: skip


def already(verdicts: Verdicts, decision: Decision) -> Given | None:
    """The officer's own verdict on the alert where it says the same, so that nothing need be sent.

    Raises `UsageError` where the monitor would refuse the decision: the officer decided otherwise at a later time, or
    the same with other details; or where nothing is there to be withdrawn.
    """
    last = verdicts.of_officer(decision.alert_id, decision.party, decision.investigator)
    if last is None:
        if decision.verdict == WITHDRAWN:
            raise UsageError("there is no verdict to withdraw", got=f"{decision.investigator} on {decision.alert_id}",
                             expected="a verdict of this officer on the alert",
                             todo="see `fxwatch alerts show`")  # fmt: skip
        return None
    if last.verdict == decision.verdict:
        other = [name for name in _DETAILS if getattr(decision, name) not in {None, getattr(last, name)}]
        if other:
            raise UsageError("this verdict stands already, without these details", got=", ".join(other),
                             expected="what the officer said of it the first time: the monitor refuses a repetition",
                             todo="give --verdict withdrawn, then this verdict anew")  # fmt: skip
        return last
    if decision.decided_at < last.counted_at:
        raise UsageError("this officer decided otherwise at a later time",
                         got=f"{decision.verdict} at {decision.decided_at.isoformat()}",
                         expected=f"a time after {last.counted_at.isoformat()} ({last.verdict})",
                         todo="give a later --decided-at; where none was given, set this machine's clock")  # fmt: skip
    return None


async def dispose(
    settings: Settings, decisions: Iterable[tuple[Decision, int]], key: SigningKey | None, wait_seconds: float,
    done: list[Done],
) -> None:  # fmt: skip
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
            await watch.until_seen(done, wait_seconds)
    finally:
        await watch.stop()


async def _send(settings: Settings, decisions: list[Decision], key: SigningKey | None, done: list[Done]) -> None:
    producer = clients.idempotent_producer(settings, f"{settings.application}-dispose")
    try:
        await producer.start()
        for decision in decisions:
            record = decision.record(key)
            told = await producer.send_and_wait(record.topic, record.value, key=record.key,
                                                headers=list(record.headers))  # fmt: skip
            done.append(Done(decision=decision, outcome="sent", partition=told.partition, offset=told.offset))
    except (KafkaError, OSError) as fault:
        missed = DeliveryError(f"{len(done)} of {len(decisions)} verdicts were sent, then Kafka took no more",
                               got=repr(fault), todo="say the same again: what was sent counts once")  # fmt: skip
        raise denied_or(missed, fault, f"this client may not write to {DISPOSITIONS}") from fault
    finally:
        await producer.stop()


class _Watch:
    """Looks for records that come from the verdicts' topic: in the ledger, and among dead letters where it may."""

    def __init__(self, settings: Settings, partitions: set[int]) -> None:
        self._ledger = [TopicPartition(topics.LEDGER, number) for number in sorted(partitions)]
        self._consumer: AIOKafkaConsumer = clients.reader(settings, committed=True)
        self._letters: AIOKafkaConsumer = clients.reader(settings, committed=True)
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
            raise DeliveryError("nothing was sent: the broker does not answer", got=repr(fault),
                                todo="see `fxwatch broker status`, then say it again") from fault  # fmt: skip
        self._may_read_letters = await self._begin_letters()
        return True

    async def _begin_letters(self) -> bool:
        """Dead letters hold personal data: an investigator may not read them, and is not told why then."""
        try:
            await self._letters.start()
            count = len(await self._letters._client._wait_on_metadata(topics.DEADLETTER))  # noqa: SLF001
            places = [TopicPartition(topics.DEADLETTER, number) for number in range(count)]
            self._letters.assign(places)
            for place, end in (await self._letters.end_offsets(places)).items():
                self._letters.seek(place, end)
        except KafkaError:
            return False
        return True

    async def until_seen(self, sent: list[Done], wait_seconds: float) -> None:
        """Put what became of each in its place, within the time; a broker that goes away meanwhile ends the wait.

        Who may read dead letters waits `JUDGED_SECONDS` more, because the monitor judges after the ledger took it in.
        """
        places = {(done.partition, done.offset): number for number, done in enumerate(sent)}
        deadline, judged = time.monotonic() + wait_seconds, JUDGED_SECONDS if self._may_read_letters else 0.0
        until: float | None = None
        with suppress(KafkaError, OSError):  # what was not seen is told as sent, with what to do
            while time.monotonic() < deadline:
                waiting = {place: sent[number] for place, number in places.items()}
                found: dict[tuple[int | None, int | None], Done] = {}
                for place, records in (await self._consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        self._taken_in(record, place.partition, waiting, found)
                if self._may_read_letters:
                    for records in (await self._letters.getmany(timeout_ms=50)).values():
                        for record in records:
                            _refused(record, waiting, found)
                for key, done in found.items():
                    sent[places[key]] = done
                if until is None and all(done.outcome != "sent" for done in sent):
                    until = deadline = min(deadline, time.monotonic() + judged)

    @staticmethod
    def _taken_in(record: Any, partition: int, waiting: dict[Any, Done], found: dict[Any, Done]) -> None:
        if (ledger.TYPE, b"disposition") not in record.headers:
            return
        headers = dict(record.headers)
        place = (_number(headers.get(ledger.SOURCE_PARTITION)), _number(headers.get(ledger.SOURCE_OFFSET)))
        if place in waiting and headers.get(ledger.SOURCE_TOPIC) == DISPOSITIONS.encode():
            found[place] = msgspec.structs.replace(waiting[place], outcome="taken_in", ledger_partition=partition,
                                                   ledger_offset=record.offset)  # fmt: skip

    async def stop(self) -> None:
        """Stop both readers."""
        await asyncio.gather(self._consumer.stop(), self._letters.stop())


def _number(digits: bytes | None) -> int:
    return int(digits) if digits is not None and digits.isdigit() else -1


def _refused(record: Any, waiting: dict[Any, Done], found: dict[Any, Done]) -> None:
    letter = original(record)
    if letter is not None and letter.topic == DISPOSITIONS and (letter.partition, letter.offset) in waiting:
        place = (letter.partition, letter.offset)
        found[place] = msgspec.structs.replace(
            waiting[place], outcome="refused", codes=letter.codes, why=letter.message
        )
