"""What libraries say that asks nobody to do anything is kept back word for word; everything else is written."""

import ast
import importlib.util
import logging
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError

from streams.log.library_noise import LASTING_SECONDS, MESSAGES, PAUSE_SECONDS, REPEAT_SECONDS, RULES, Noise, Rule

COORDINATOR = "aiokafka.consumer.group_coordinator"
FOR_EVER = "Heartbeat failed for group %s because it is rebalancing"
LASTS = "Heartbeat session expired - marking coordinator dead"


class Clock:
    """Seconds that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def record(logger: str, message: str, *args: Any, level: int = logging.ERROR) -> logging.LogRecord:
    """One record."""
    return logging.LogRecord(logger, level, "f", 1, message, args, None)


@cache
def texts(module: str) -> list[str]:
    """The texts in a module's source, those of f-strings up to their first value."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_each_rule_has_the_words_of_the_pinned_library(rule: Rule) -> None:
    """An upgrade that changes a message makes its rule dead: it is found here."""
    assert any(
        text and (text.startswith(rule.words) or (rule.words.startswith(text) and len(text) > 20))
        for text in texts(rule.source)
    )
    assert rule.why


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_a_rule_keeps_back_its_words_and_no_others(rule: Rule) -> None:
    """The same words of another logger, and others of the same one, pass."""
    fault = KafkaConnectionError("away")
    args = tuple(fault for _ in range(rule.words.count("%")))
    said = rule.words
    found = record(rule.logger, said, *args)
    if rule.logger == "kafka.net.transport":
        found.exc_info = (ConnectionResetError, ConnectionResetError(104, "reset"), None)
    if rule.logger == "aiokafka.conn":
        assert Noise().filter(found), "a fault of a connection is none of the garbage collector's"
        ended = RuntimeError("cannot reuse already awaited coroutine")
        found.exc_info = (RuntimeError, ended, None)
    assert not Noise().filter(found)
    assert Noise().filter(record("aiokafka.other", said, *args))
    assert Noise().filter(record(rule.logger, f"Not {said}", *args))


def test_words_that_a_library_fills_in_itself_are_known() -> None:
    """kafka-python formats some messages before it logs them: each would be new, and repeated at once."""
    said = (
        "Task <Task at 0x7f> ran for 0.122s (>0.100s threshold). It is blocking the event loop -- likely a tight loop"
    )
    assert not Noise().filter(record("kafka.net.selector", said))
    destroyed = (
        "Task was destroyed but it is pending!\ntask: <Task cancelling name='Task-2063' coro=<{}() running at /a>"
    )
    assert not Noise().filter(record("asyncio", destroyed.format("AIOKafkaConnection._read")))
    # its reader may have ended already, behind a cut of the network
    ended = destroyed.replace("running at /a", "done, defined at /a:508> wait_for=<Future cancelled")
    assert not Noise().filter(record("asyncio", ended.format("AIOKafkaConnection._read")))
    assert Noise().filter(record("asyncio", destroyed.format("StatefulAgent._open")))
    assert Noise().filter(record("kafka.net.selector", "Task %s left RUNNING after step; demoting to UNSCHEDULED", 1))


@pytest.mark.parametrize(
    "lost", [ConnectionResetError(104, "100% reset"), OSError(113, "No route"), KafkaConnectionError("away")]
)
def test_a_lost_connection_of_any_client_is_told_without_a_traceback(lost: Exception) -> None:
    """A broker that dies while its answer is read: kept back by its rule at first; what no rule knows, on one line."""
    read = record("kafka.net.transport", "%s: Error receiving network data closing socket", "<KafkaTCPTransport>")
    read.exc_info = (type(lost), lost, None)
    assert not Noise().filter(read)
    for logger in ("kafka.net.later", "aiokafka.later"):
        for args in ((), ("<transport>",)):
            new = record(logger, "Error writing: %s" if args else "Error writing 1%", *args)
            new.exc_info = (type(lost), lost, None)
            assert Noise().filter(new)
            first = "Error writing: <transport>" if args else "Error writing 1%"
            assert logging.Formatter().format(new) == f"{first}: {type(lost).__name__}: {lost}"


def test_a_fault_that_is_none_of_the_network_keeps_its_traceback() -> None:
    """Of a client's own code, or of another library's files; asyncio's lost connection has none."""
    for logger, fault in (("kafka.net.transport", ValueError("x")), ("faust.livecheck", OSError(28, "disk full"))):
        told = record(logger, "%s: Error receiving network data closing socket", "<KafkaTCPTransport>")
        told.exc_info = (type(fault), fault, None)
        assert Noise().filter(told)
        assert told.exc_info is not None
    told = record("asyncio", "Task exception was never retrieved")
    told.exc_info = (ConnectionResetError, ConnectionResetError(104, "reset"), None)
    assert Noise().filter(told)
    assert logging.Formatter().format(told) == (
        "Task exception was never retrieved: ConnectionResetError: [Errno 104] reset"
    )


def test_what_does_not_pass_by_itself_is_no_noise() -> None:
    """A group that may not be used is an error at once, in the same words as a coordinator that is not there yet."""
    said = "Group Coordinator Request failed: %s"
    assert Noise().filter(record(COORDINATOR, said, GroupAuthorizationFailedError()))
    assert not Noise().filter(record(COORDINATOR, said, KafkaConnectionError()))


def test_the_service_that_mode_puts_before_a_message_does_not_hide_it() -> None:
    """As Faust's consumer says it."""
    said = "[^--ConfiguredRunConsumer]: wait_empty: Waiting for tasks %r"
    assert not Noise().filter(record("streams.faust_runtime.run_consumer", said, []))
    assert Noise().filter(
        record("streams.faust_runtime.run_consumer", "[^--ConfiguredRunConsumer]: Crashed reason=%r", "x")
    )


def test_trouble_that_lasts_is_told_as_a_warning() -> None:
    """Not for the first minute of it; then, as any repetition, once in half a minute, with its seconds."""
    clock = Clock()
    noise, told = Noise(clock), []
    for second in range(125):
        clock.now = 100.0 + second
        one = record(COORDINATOR, LASTS)
        if noise.filter(one):
            told.append((second, one.levelname, one.levelno, one.seconds))
            assert one.getMessage() == f"{LASTS} (again and again for {second} s)"
    assert told == [(60, "WARNING", 30, 60.0), (90, "WARNING", 30, 90.0), (120, "WARNING", 30, 120.0)]


def test_trouble_that_passed_begins_anew() -> None:
    """A pause of half a minute ends it; one message an hour never lasts."""
    clock = Clock()
    noise = Noise(clock)
    for second in (0.0, 29.0, 58.0, 58.0 + PAUSE_SECONDS, 117.0, 146.0, 10_000.0, 10_029.0, 10_058.0, 10_059.0):
        clock.now = second
        assert not noise.filter(record(COORDINATOR, LASTS)), second
    clock.now = 10_000.0 + LASTING_SECONDS
    assert noise.filter(record(COORDINATOR, LASTS))


def test_what_never_matters_is_not_told_however_long() -> None:
    """A rebalance a second for an hour is told by its outcome."""
    clock = Clock()
    noise = Noise(clock)
    for second in range(3_600):
        clock.now = float(second)
        assert not noise.filter(record(COORDINATOR, FOR_EVER, "g"))


def test_a_library_repeats_itself_at_most_twice_a_minute() -> None:
    """By logger and words, whatever they are filled with; ours are written each time."""
    clock = Clock()
    noise = Noise(clock)

    def passes(logger: str, words: str, *args: Any) -> bool:
        return noise.filter(record(logger, words, *args))

    assert [passes("aiokafka", "a %s", n) for n in range(3)] == [True, False, False]
    assert passes("kafka", "a %s", 1)
    assert [passes("streams.operations.health", "a") for _ in range(2)] == [True, True]
    assert [passes("streams.faust_runtime.run_consumer", "a") for _ in range(2)] == [True, False]
    clock.now += REPEAT_SECONDS
    assert passes("aiokafka", "a %s", 1)


def test_messages_that_are_all_different_fill_neither_the_memory_nor_the_disk() -> None:
    """One for each of 10 000 bad records: as many as are remembered are written, others half a minute later."""
    clock = Clock()
    noise = Noise(clock)
    for _ in range(2):
        passed = sum(noise.filter(record("aiokafka", f"{clock.now} {number}")) for number in range(10_000))
        assert (passed, len(noise._passed)) == (MESSAGES, MESSAGES)
        assert noise.filter(record("streams.operations.health", "of ours"))
        clock.now += REPEAT_SECONDS
