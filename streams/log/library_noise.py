"""What libraries say that asks nobody to do anything, matched word for word; and how often the rest may be repeated.

No library is silenced. What is matched here is either told by a line of ours, with what to do, or passes by itself;
of what usually passes, a line comes when it does not. At level `debug` everything is written as the library said it.
`tests/unit/streams/log/test_library_noise.py` holds each rule to the words in the library's source.
"""

import logging
import re
import time
from collections.abc import Callable
from typing import NamedTuple

# `streams.faust_runtime.run_consumer`: Faust's consumer logs under the name of our subclass's module.
LIBRARIES = ("faust", "mode", "aiokafka", "kafka", "streams.faust_runtime.run_consumer")

# A library's message is written once in this time; the broker watch tells of an outage in a line of its own.
REPEAT_SECONDS = 30.0
# Trouble that has come again for this long is told. A broker's restart takes 10 to 30 s, a leader's election less.
LASTING_SECONDS = 60.0
# Trouble that paused for this long was over: what comes then is new. Clients try again every few seconds.
PAUSE_SECONDS = 30.0
# As many different ones in that time: messages made by f-strings, one for each bad record say, are all different.
# A worker in trouble has some 20; further ones would fill a disk, 20 MB a minute at 1 000 a second.
MESSAGES = 200

# mode puts the service before the message
_SERVICE = re.compile(r"\[\^-*[^\]]*\]: ")


class Rule(NamedTuple):
    """A message that is not written: its logger, the beginning of its words, the source that has them, and why.

    A `%` place of the words also stands for what a library has filled in before it logs.
    `lasting`: it is written, as a warning, once it has come again and again for `LASTING_SECONDS`.
    `only`: whether the rule holds for this record of such words.
    """

    logger: str
    words: str
    source: str
    why: str
    lasting: bool = False
    only: Callable[[logging.LogRecord], bool] = lambda _record: True


def _retried(record: logging.LogRecord) -> bool:
    """Whether the library tries again after this fault; `%s` and `%r` are given the fault itself."""
    args = record.args
    return isinstance(args, tuple) and bool(args) and bool(getattr(args[-1], "retriable", False))


def _fault(record: logging.LogRecord) -> BaseException | None:
    """The fault whose traceback a record would show."""
    return record.exc_info[1] if record.exc_info else None


def _collected(record: logging.LogRecord) -> bool:
    """Whether the connection's reader was ended by the garbage collector, and not by a fault."""
    fault = _fault(record)
    return isinstance(fault, RuntimeError) and "already awaited coroutine" in str(fault)


def _network(record: logging.LogRecord) -> bool:
    """Whether what a record tells of is a lost connection, or a fault after which is asked again.

    Of a client of Kafka any fault of the system is one.
    """
    fault = _fault(record)
    client = record.name.startswith(("kafka.", "aiokafka."))
    return isinstance(fault, OSError if client else ConnectionError) or bool(getattr(fault, "retriable", False))


_COORDINATOR = "aiokafka.consumer.group_coordinator"
_JOIN = "a member learns so that another joined or left; `partitions changed` says what came of it"
_MEMBER = "the group went on without this member, which joins again; `partitions changed` says what came of it"
_AWAY = "`the broker does not answer` is told at once, with how long it is waited for"
_ASKED = "who asked is told by a fault, and says so, or asks again later"
_STATISTIC = "Faust does not know how long a rebalance took that another one overtook; `partitions changed` is told"
_WRITTEN = "`has not acknowledged a write for 3 s` is told, with the broker's answer and what to do"
_SLOW_REBALANCE = "saving states took longer than a session; heartbeats go on, and /readyz names what is not open"
_CANCELLED = (
    "a client that a stop cancels while it connects leaves its connection to the garbage collector, which closes it"
)
_ONE = "one broker of several, or a moment: tried again at once"

RULES = (
    Rule(_COORDINATOR, "Heartbeat failed for group %s because it is rebalancing", _COORDINATOR, _JOIN),
    Rule(
        _COORDINATOR,
        "Heartbeat failed for group %s: generation id is not  current.",
        _COORDINATOR,
        _MEMBER,
        lasting=True,
    ),
    Rule(_COORDINATOR, "Heartbeat failed: local member_id was not recognized;", _COORDINATOR, _MEMBER, lasting=True),
    Rule(
        _COORDINATOR,
        "OffsetCommit failed for group %s due to group error (%s), will rejoin",
        _COORDINATOR,
        "offsets of a group that rebalances stay owed, and nothing is lost by that: the ledger's marks and the "
        "state's position count",
        lasting=True,
    ),
    Rule(
        _COORDINATOR,
        "Group Coordinator Request failed: %s",
        _COORDINATOR,
        "a fresh cluster creates its offsets topic with the first group that asks; otherwise as an absent broker",
        lasting=True,
        only=_retried,
    ),
    Rule(
        _COORDINATOR, "Error sending %s to node %s [%s] -- marking coordinator dead", _COORDINATOR, _AWAY, lasting=True
    ),
    Rule(_COORDINATOR, "Marking the coordinator dead (node %s)for group %s.", _COORDINATOR, _AWAY, lasting=True),
    Rule(_COORDINATOR, "Heartbeat send request failed: %s. Will retry.", _COORDINATOR, _AWAY, lasting=True),
    Rule(
        _COORDINATOR,
        "Heartbeat failed for group %s: coordinator (node %s) is either not started or not valid",
        _COORDINATOR,
        "the coordinator moved with its partition's leader, and is looked for",
        lasting=True,
    ),
    Rule(_COORDINATOR, "Heartbeat session expired - marking coordinator dead", _COORDINATOR, _AWAY, lasting=True),
    Rule(
        _COORDINATOR,
        "LeaveGroup request failed: %s",
        _COORDINATOR,
        "the group notices after the session time-out that the member has left",
        only=_retried,
    ),
    Rule(
        "aiokafka.consumer.fetcher",
        "Failed fetch messages from %s: %s",
        "aiokafka.consumer.fetcher",
        _ONE,
        lasting=True,
        only=_retried,
    ),
    Rule("aiokafka", "Unable connect to node with id %s: %s", "aiokafka.client", _ONE, lasting=True),
    Rule("aiokafka", 'Unable connect to "%s:%s": %s', "aiokafka.client", _ONE, lasting=True),
    Rule("aiokafka", "Unable to request metadata from node with id %s: %r", "aiokafka.client", _ONE, lasting=True),
    Rule("aiokafka", "Unable to update metadata from %s", "aiokafka.client", _AWAY, lasting=True),
    Rule("kafka.net.manager", "Connection failed: %s", "kafka.net.manager", _ASKED, lasting=True),
    Rule("kafka.net.connection", "%s: Connection lost: %s", "kafka.net.connection", _ASKED, lasting=True),
    Rule("kafka.net.transport", "%s: socket disconnected", "kafka.net.transport", _ASKED, lasting=True),
    Rule(
        "kafka.net.transport",
        "%s: Error receiving network data closing socket",
        "kafka.net.transport",
        _ASKED,
        lasting=True,
        only=_network,
    ),
    Rule(
        "kafka.net.transport",
        "%s: Error sending request data: %s",
        "kafka.net.transport",
        _ASKED,
        lasting=True,
        only=_network,
    ),
    Rule("kafka.net.transport", "%s: Abort (%s)", "kafka.net.transport", _ASKED, lasting=True, only=_retried),
    Rule(
        "kafka.net.manager",
        "Bootstrap connection to %s failed: %s (backoff %.2f secs)",
        "kafka.net.manager",
        _ASKED,
        lasting=True,
    ),
    Rule("kafka.net.manager", "Bootstrap %s not ready; waiting %.2f secs", "kafka.net.manager", _ASKED, lasting=True),
    Rule("kafka.net.manager", "Bootstrap failed: %s", "kafka.net.manager", _ASKED, lasting=True),
    Rule("kafka.net.manager", "Bootstrap attempt to ", "kafka.net.manager", _ASKED, lasting=True),
    Rule("kafka.cluster", "Metadata refresh: failed %s", "kafka.cluster", _ASKED, lasting=True),
    Rule(
        "kafka.cluster", "No node available for metadata refresh - backoff/retry", "kafka.cluster", _ASKED, lasting=True
    ),
    Rule(
        "kafka.net.selector",
        "Task %r ran for %.3fs (>%.3fs threshold). It is blocking the event loop",
        "kafka.net.selector",
        "its clients have loops and threads of their own, in which this holds nobody up; on a "
        "busy machine any step takes 0.1 s",
    ),
    Rule(
        "aiokafka.producer.sender",
        "Got error produce response on topic-partition %s, retrying. Error: %s",
        "aiokafka.producer.sender",
        _WRITTEN,
        only=_retried,
    ),
    Rule(
        "aiokafka.producer.sender",
        "Got error produce response: %s",
        "aiokafka.producer.sender",
        _WRITTEN,
        only=_retried,
    ),
    Rule(
        "streams.faust_runtime.run_consumer",
        "exception performing seek when flow not active IllegalStateError: No current assignment",
        "faust.transport.consumer",
        "the partition went to another worker before it was read: nothing is read here",
    ),
    Rule(
        "streams.faust_runtime.run_consumer",
        "wait_empty: Waiting for tasks %r",
        "faust.transport.consumer",
        "counts acknowledgements, ten of which come in moments under load; a run that does not end is the watchdog's "
        "business",
    ),
    Rule("faust.app.base", "Missing sensor state for rebalance #%s", "faust.app.base", _STATISTIC),
    Rule("faust.app.base", "Missing sensor state for rebalance end #%s", "faust.app.base", _STATISTIC),
    Rule("faust.app.base", "Warning: Task timed out!", "mode.utils.logging", _SLOW_REBALANCE),
    Rule("faust.app.base", "Please make sure it's hanging before restart.", "mode.utils.logging", _SLOW_REBALANCE),
    Rule(
        "faust.transport.consumer",
        "Fetcher is ignoring cancel or slow :(",
        "faust.transport.consumer",
        "a rebalance waits a second or two for a run in hand; one that does not end is the watchdog's business",
        lasting=True,
    ),
    Rule(
        "faust.consumer_thread",
        "Thread keepalive is not responding...",
        "mode.threads",
        "the main loop was 2 s late, on a busy machine or after a SIGSTOP; the thread is not asked at all, and the "
        "watchdog measures the loop",
        lasting=True,
    ),
    Rule(
        "asyncio", "Unclosed AIOKafkaConnection\nconn: <AIOKafkaConnection", "aiokafka.conn", _CANCELLED, lasting=True
    ),
    Rule(
        "asyncio",
        "Task was destroyed but it is pending!\ntask: <Task %s coro=<AIOKafkaConnection._read() ",
        "asyncio.tasks",
        _CANCELLED,
        lasting=True,
    ),
    Rule(
        "aiokafka.conn",
        "Unexpected exception in AIOKafkaConnection",
        "aiokafka.conn",
        _CANCELLED,
        lasting=True,
        only=_collected,
    ),
    Rule(
        "mode.timers",
        "Timer %s is overlapping (interval=%r runtime=%r)",
        "mode.timers",
        "a commit took longer than its rhythm of a second; the lag, /readyz and the watchdog say when that matters",
    ),
)


_PLACE = re.compile(r"%[.\d]*[a-z]")
_BY_LOGGER: dict[str, list[tuple[re.Pattern[str], Rule]]] = {}
for _rule in RULES:
    _words = re.compile(".{1,1000}?".join(map(re.escape, _PLACE.split(_rule.words))), re.DOTALL)
    _BY_LOGGER.setdefault(_rule.logger, []).append((_words, _rule))


def rule_of(record: logging.LogRecord) -> Rule | None:
    """The rule that keeps a record back, if any."""
    words = _SERVICE.sub("", str(record.msg), count=1)
    found = (
        rule
        for pattern, rule in _BY_LOGGER.get(record.name, ())
        if words.startswith(rule.words) or (not record.args and pattern.match(words))
    )
    return next((rule for rule in found if rule.only(record)), None)


def _say_without_traceback(record: logging.LogRecord) -> None:
    """A peer that resets a connection is no fault of the code: its name and reason say all, on one line."""
    fault = _fault(record)
    said = f"{type(fault).__name__}: {fault}"
    # a message without arguments is not formatted, so that its per cent signs stand for themselves
    record.msg = f"{record.msg}: {said.replace('%', '%%') if record.args else said}"
    record.exc_info = record.exc_text = None


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a module of ours said it, and no library under our name."""
    return f"{record.name}.".startswith("streams.") and record.name not in LIBRARIES


class Noise(logging.Filter):
    """Which records a handler writes: ours always, a library's unless a rule or a repetition keeps it back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[tuple[str, str], float] = {}
        # when the trouble of a rule came first, and last, without a pause
        self._lasting: dict[tuple[str, str], tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; what passes by a rule because it lasts becomes a warning that says so."""
        if is_ours(record):
            return True
        rule = rule_of(record)
        words = rule.words if rule is not None else str(record.msg)
        if _network(record):
            _say_without_traceback(record)
        if rule is not None and not (rule.lasting and self._lasts(rule, record)):
            return False
        return not self._repeated(record.name, words)

    def _lasts(self, rule: Rule, record: logging.LogRecord) -> bool:
        now, kind = self._clock(), (rule.logger, rule.words)
        first, last = self._lasting.get(kind, (now, now))
        if now - last >= PAUSE_SECONDS:
            first = now  # the trouble of before was over
        self._lasting[kind] = first, now
        if now - first < LASTING_SECONDS:
            return False
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg = f"{record.msg} (again and again for {now - first:.0f} s)"
        record.__dict__["seconds"] = now - first
        return True

    def _repeated(self, logger: str, words: str) -> bool:
        kind, now = (logger, words), self._clock()
        passed = self._passed.get(kind)
        if passed is not None and now - passed < REPEAT_SECONDS:
            return True
        if len(self._passed) >= MESSAGES:
            self._passed = {known: when for known, when in self._passed.items() if now - when < REPEAT_SECONDS}
            if len(self._passed) >= MESSAGES:
                return True
        self._passed[kind] = now
        return False
