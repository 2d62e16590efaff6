"""The topic table: every topic fxwatch reads or writes, with everything that a cluster must hold about it."""

import re
from typing import Literal

import msgspec

from streams.errors import ConfigurationError
from streams.settings import Settings

TRANSACTIONS = "fx.transactions.v1"
DECLARATIONS = "customs.declarations.v1"
RATES = "fx.rates.v1"
PROFILES = "fx.profiles.v1"
DISPOSITIONS = "fx.dispositions.v1"
RULES = "fx.rules.v1"
LEARNING = "fx.learning.v1"
LEDGER = "fx.ledger.v1"
LEGS = "fx.legs.v1"
DEADLETTER = "fx.deadletter.v1"
IDENTITIES = "fx.identities.v1"
NOTICES = "fx.notices.v1"
ALERTS = "fx.alerts.v1"
OPEN_ITEMS = "fx.openitems.v1"
SCREENS = "fx.screens.v1"
SHADOW = "fx.shadow.v1"
PROGRESS = "fx.progress.v1"
SNAPSHOTS = "fx.snapshots.v1"
AUDIT = "fx.audit.v1"
CLOCK = "fx.clock.v1"

INPUTS = (TRANSACTIONS, DECLARATIONS, RATES, PROFILES, DISPOSITIONS, RULES, LEARNING)
"""What ingest reads. Partition i of each goes to one worker where they have equally many (DESIGN section 2), as `topics
apply` creates them. With other numbers the order between topics is kept less well, and nothing else changes. The last
one is written by monitors alone."""

Keep = Literal["raw", "evidence", "for ever", "compacted"]

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MEBIBYTE = 1024 * 1024

MESSAGE_BYTES = 2 * MEBIBYTE
"""Largest record batch of every topic: a dead letter holds up to 1 MiB of original bytes and its headers."""

_DESK = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

_RAW = {
    # a segment is deleted only as a whole, when its newest record is too old; with the default of 7 days per segment
    # personal data would outstay their retention by a week
    "segment.ms": str(DAY_MS),
}

# Inputs: a sender's clock in 9999 would let its payments be dated 9999, and every later payment would count as late.
# One hour is the default since Kafka 4.0; 3.x takes any time. What ingest writes has the input's timestamp, so no
# broker may refuse there what another, whose clock is ahead, took.
INPUT_AHEAD_MS, _ANY_MS = HOUR_MS, 2**63 - 1

# Inputs: a retention goes by the sender's stamp. A record stamped 40 days back would be acknowledged, and deleted at
# the next look (every 5 minutes), read or not. A broker refuses stamps older than this share of the retention, so that
# what it took is there for the other half at least.
_BEHIND_SHARE = 0.5

# Letters and notices are read by their place, and deleted by the time they were written, whatever stamp is on them: of
# a sender whose clock is years back the letter would be gone at the next look.
_STAMPED_BY_BROKER = {"message.timestamp.type": "LogAppendTime"}

BEFORE, STAMPED = "message.timestamp.before.max.ms", "message.timestamp.type"

_POSITIONS = {
    # one small record a transaction, read from the start at every assignment: the part that is not compacted yet is
    # what costs time there, and the newest segment never is. 4 MiB are about 20 000 transactions, 0.1 s of reading
    "segment.bytes": str(4 * MEBIBYTE),
    "segment.ms": str(HOUR_MS),
    # live data are a few records, so cleaning early is cheap
    "min.cleanable.dirty.ratio": "0.1",
    # transaction markers and tombstones outlive this long; a reader is through within minutes
    "delete.retention.ms": str(HOUR_MS),
}

_STATE = {
    # chunks of an overwritten slot go only with closed segments: at the default of 1 GiB a partition would keep up to
    # 1 GiB of dead snapshots, and a take-over would read them all
    "segment.bytes": str(64 * MEBIBYTE),
    "segment.ms": str(HOUR_MS),
    # at most a fifth of the closed part is garbage (default: half); lower would rewrite the living chunks ever again
    "min.cleanable.dirty.ratio": "0.2",
    # without this a partition that writes little keeps replaced chunks for ever, because the ratio is never reached
    "max.compaction.lag.ms": str(DAY_MS),
    "delete.retention.ms": str(HOUR_MS),
}


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    `keep`: `raw` = `raw_retention_days`; `evidence` = for ever, or `evidence_retention_days`; `for ever` = whatever is
    configured; `compacted` = the newest record of each key. `key`: what record keys are (UTF-8). `writers`, `readers`:
    agents, commands, and parties outside fxwatch (acls.py). `extra`: topic settings of its own, Kafka's names.
    `partitions`: what `topics apply` creates, and the least that fxwatch needs; of more than that it leaves the rest
    alone. `any_number`: it reads all of them, however many. `advised`: settings whose lack a worker only tells, because
    it can do without.
    """

    name: str
    partitions: int
    keep: Keep
    key: str
    writers: str
    readers: str
    extra: dict[str, str] = {}
    any_number: bool = False
    advised: frozenset[str] = frozenset()

    def creation(self, settings: Settings) -> dict[str, str]:
        """Kafka's settings of this topic when it is created, apart from `min.insync.replicas`."""
        # of an input the cluster's operators may choose otherwise later (docs/TIME.md)
        return {STAMPED: "CreateTime"} | self.configuration(settings)

    def configuration(self, settings: Settings) -> dict[str, str]:
        """Kafka's settings of this topic as the cluster must hold them, apart from `min.insync.replicas`."""
        wanted = {
            "cleanup.policy": "compact" if self.keep == "compacted" else "delete",
            "message.timestamp.after.max.ms": str(INPUT_AHEAD_MS if self.name in INPUTS else _ANY_MS),
            BEFORE: str(_ANY_MS),
            "max.message.bytes": str(MESSAGE_BYTES),
            # size never deletes anything: a busy day must not cost evidence
            "retention.bytes": "-1",
        }
        if self.keep == "raw":
            retention = _milliseconds(settings.raw_retention_days)
            wanted |= {"retention.ms": str(retention), **_RAW, "segment.ms": str(min(DAY_MS, retention))}
        elif self.keep == "evidence":
            days = settings.evidence_retention_days
            wanted["retention.ms"] = "-1" if days is None else str(_milliseconds(days))
        elif self.keep == "for ever":
            wanted["retention.ms"] = "-1"
        if self.name in INPUTS:
            wanted[BEFORE] = str(oldest_stamp_ms(int(wanted["retention.ms"])))
        else:
            # what fxwatch writes has the stamp that its record had before it: a replay must give the same bytes
            wanted[STAMPED] = "CreateTime"
        return wanted | self.extra


def oldest_stamp_ms(retention_ms: int) -> int:
    """How far back a record's stamp may be for an input topic of this retention (-1: for ever) to take it, ms."""
    return _ANY_MS if retention_ms < 0 else max(1, round(retention_ms * _BEHIND_SHARE))


def _milliseconds(days: float) -> int:
    return max(1, round(days * DAY_MS))


def desk_topic(desk: str) -> str:
    """The topic of a desk's copies of alerts.

    Raises `ConfigurationError` for a desk whose name cannot be part of a topic name.
    """
    if not _DESK.fullmatch(desk):
        raise ConfigurationError(
            "a desk's name becomes part of a topic's name",
            got=desk,
            expected="1 to 40 of a-z, 0-9 and -, not - first",
            todo="rename the desk in the table [desks]",
        )
    return f"fx.alerts.{desk}.v1"


def table(settings: Settings) -> tuple[Topic, ...]:
    """Every topic of an installation with these settings, inputs first. Raises `ConfigurationError` (a desk's name)."""
    many = settings.effective.engine.partitions

    def topic(
        name: str,
        keep: Keep,
        key: str,
        writers: str,
        readers: str,
        *,
        partitions: int = many,
        extra: dict[str, str] | None = None,
    ) -> Topic:
        advised = {BEFORE} if name in INPUTS else set()
        advised |= {STAMPED} if extra is _STAMPED_BY_BROKER else set()
        # earlier releases let `evidence_retention_days` cut these too
        advised |= {"retention.ms"} if keep == "for ever" else set()
        return Topic(
            name=name,
            partitions=partitions,
            keep=keep,
            key=key,
            writers=writers,
            readers=readers,
            extra=extra or {},
            # a monitor tells in the partition of its own number
            any_number=name in INPUTS and name != LEARNING,
            advised=frozenset(advised),
        )

    return (
        topic(TRANSACTIONS, "raw", "resident party's id", "banks, publish, simulate, deadletter", "ingest, reconcile"),
        topic(DECLARATIONS, "raw", "trader's id", "customs, publish, simulate, deadletter", "ingest, reconcile"),
        topic(RATES, "raw", "BASE/QUOTE", "rate feed, publish, simulate, deadletter", "ingest, reconcile"),
        topic(PROFILES, "raw", "party's id", "registers, publish, simulate, deadletter", "ingest, reconcile"),
        topic(DISPOSITIONS, "raw", "party token", "investigators, dispose, snooze, console of your own, deadletter",
              "ingest, alerts show, cases show, reconcile"),
        # every configuration that was ever in force: an old alert is explained by the rules of its day, and the newest
        # one is in force however old it is
        topic(RULES, "for ever", "configuration", "rules apply",
              "ingest, monitor, shared, rules apply, rules show, reconcile"),
        # what a partition learned, for all others. Stamped by the broker: what is told of a payment of last year would
        # be refused, and the partition would stop
        topic(LEARNING, "raw", "partition that tells", "monitor", "ingest, reconcile", extra=_STAMPED_BY_BROKER),
        topic(LEDGER, "evidence", "party token", "ingest, topics apply",
              "ingest, monitor, shared, rescore, reconcile, rules show, skip, state, institutions, alerts list, "
              "alerts show, cases list, cases show, ledger show, party, trade show, dispose, snooze, shadow compare"),
        topic(LEGS, "evidence", "shared thing's token, goods group", "ingest, topics apply, shared",
              "shared, rescore, reconcile, skip, state, alerts list, alerts show, cases list, cases show, party, "
              "dispose, snooze, evidence, topics apply"),
        topic(DEADLETTER, "raw", "the input's own", "ingest", "deadletter, reconcile", extra=_STAMPED_BY_BROKER),
        topic(IDENTITIES, "compacted", "token", "ingest", "reidentify, reconcile"),
        topic(NOTICES, "raw", "party or shared thing's token", "monitor, shared", "ingest", extra=_STAMPED_BY_BROKER),
        topic(ALERTS, "evidence", "party token", "monitor, shared",
              "investigators, alerts follow, alerts list, alerts show, cases list, cases show, party, dispose, snooze, "
              "console of your own, rescore, evidence, shadow compare"),
        *(topic(desk_topic(desk), "evidence", "party token", "monitor, shared",
                f"desk {desk}, alerts follow, alerts list, cases list, rescore") for desk in settings.effective.desks),
        # traders' declarations and payments that wait for their other side; a record without value closes one
        topic(OPEN_ITEMS, "compacted", "item", "monitor", "reconcile, investigators, console of your own"),
        # supervisors' lists of a month: who is in them stays, so that a list of last year can still be read
        topic(SCREENS, "compacted", "screen, subject, month, partition", "monitor",
              "screens, rescore, reconcile, investigators, console of your own"),
        # what challengers would have alerted: no investigator reads it, or it would steer what they look at
        topic(SHADOW, "evidence", "party token", "monitor", "shadow compare"),
        topic(PROGRESS, "compacted", "agent and partition", "monitor, shared, skip, acknowledge, ingest",
              "monitor, shared, state, rescore, skip, acknowledge, ingest, reconcile", extra=_POSITIONS),
        # daily snapshots have keys of their own, so that plain compaction keeps each of them
        topic(SNAPSHOTS, "compacted", "agent, partition, slot, chunk", "monitor, shared",
              "monitor, shared, state, rescore, skip", extra=_STATE),
        # where each ingest worker is in a backlog, for the others; worth nothing a second later
        topic(CLOCK, "raw", "worker", "ingest", "ingest", partitions=1,
              extra={"retention.ms": str(HOUR_MS), "segment.ms": str(HOUR_MS)}),
        # a chain of hashes is one sequence, and a retention that cuts its head looks as somebody who does
        topic(AUDIT, "for ever", "subject", "reidentify, console of your own",
              "reidentify, console of your own, auditors", partitions=1),
    )  # fmt: skip
