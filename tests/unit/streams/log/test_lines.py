"""A record of the log as a line: what a machine gets, what people get, and what never comes into either."""

import json
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.errors import BrokerUnavailableError, ConfigurationError, PartitionStoppedError
from streams.ledger.progress import AgentPartition
from streams.log import logs
from streams.log.lines import make_formatter, write_ranges
from streams.settings import Settings

NAME = "streams.test_log_lines"


class Kept(logging.Handler):
    """Keeps lines of both forms."""

    def __init__(self) -> None:
        super().__init__()
        self.forms = {form: make_formatter(form) for form in ("json", "text")}
        self.lines: dict[str, list[str]] = {form: [] for form in self.forms}

    def emit(self, record: logging.LogRecord) -> None:
        for form, one in self.forms.items():
            self.lines[form].append(one.format(record))

    @property
    def told(self) -> list[dict[str, Any]]:
        """What a machine reads."""
        return [json.loads(line) for line in self.lines["json"]]


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, logger = Kept(), logging.getLogger(NAME)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_a_message_and_its_fields(kept: Kept) -> None:
    """JSON: time, level, logger and event first; text: aligned, fields behind two blanks, numbers as ranges."""
    logs.get_logger(NAME).bind(agents=["monitor"]).info("ready", monitor=[0, 1, 2, 7], ingest=[], seconds=4.26, on=True)
    [told] = kept.told
    assert list(told) == ["timestamp", "level", "logger", "event", "agents", "monitor", "ingest", "seconds", "on"]
    assert told["timestamp"].endswith("Z")
    assert told == {
        "timestamp": told["timestamp"],
        "level": "info",
        "logger": NAME,
        "event": "ready",
        "agents": ["monitor"],
        "monitor": [0, 1, 2, 7],
        "ingest": [],
        "seconds": 4.26,
        "on": True,
    }
    assert kept.lines["text"][0].partition(" INFO")[::2] == (
        told["timestamp"],
        "     test_log_lines   ready  agents=monitor monitor=0-2,7 ingest=none seconds=4.3 on=True",
    )


def test_the_time_is_that_of_the_record_in_utc() -> None:
    """ISO 8601, milliseconds, whatever the machine's zone."""
    record = logging.LogRecord(NAME, logging.INFO, "f", 1, "x", (), None)
    record.created = 1_000_000_000.25
    assert json.loads(make_formatter("json").format(record))["timestamp"] == "2001-09-09T01:46:40.250Z"


def test_what_a_message_names_is_in_fields_too(kept: Kept) -> None:
    """Place and fault of the arguments; people read the sentence, in which they are."""
    fault = BrokerUnavailableError("away", got="h:1", todo="start it")
    logs.get_logger(NAME).warning(
        "%s: snapshot at %d not used: %s", AgentPartition("t", "monitor", 3), 9, fault, offset=9
    )
    logs.get_logger(NAME).warning("%s is not read: %r", TopicPartition("fx.rates.v1", 2), OSError("x"))
    first, second = ({name: value for name, value in one.items() if name != "timestamp"} for one in kept.told)
    assert first == {
        "level": "warning",
        "logger": NAME,
        "agent": "monitor",
        "partition": 3,
        "offset": 9,
        "code": "broker.unavailable",
        "event": f"monitor[3]: snapshot at 9 not used: {fault}",
        "retriable": True,
        "got": "h:1",
        "todo": "start it",
        "fault": "away; got: h:1; to do: start it",
    }
    assert (second["topic"], second["partition"], second["fault"]) == ("fx.rates.v1", 2, "OSError('x')")
    assert kept.lines["text"][0].endswith(f"monitor[3]: snapshot at 9 not used: {fault}")


def test_a_fault_of_ours_has_its_code_and_its_parts(kept: Kept) -> None:
    """Whatever the message says; in text its message and code."""
    logs.get_logger(NAME).error("stopped", fault=PartitionStoppedError("at 4", position=4, got=["x", 7]))
    logs.get_logger(NAME).error("refused", fault=ConfigurationError("not valid", ["a", "b"]))
    first, second = kept.told
    assert (first["code"], first["retriable"]) == ("partition.stopped", False)
    assert (first["position"], first["got"]) == (4, ["x", 7])
    assert (second["code"], second["problems"]) == ("configuration.invalid", ["a", "b"])
    assert second["fault"] == "not valid\n  - a\n  - b"
    assert kept.lines["text"][0].endswith(""" stopped  fault="at 4; got: ['x', 7]" code=partition.stopped""")
    assert len(kept.lines["text"][1].splitlines()) == 1


def test_a_traceback_is_one_line_for_machines_and_indented_for_people(kept: Kept) -> None:
    """Ours and a library's alike; values of variables are in neither."""
    values = ["hunter2"]
    try:
        values.index(7)
    except ValueError:
        logs.get_logger(NAME).exception("unexpected")
        logging.getLogger(f"{NAME}.library").exception("of a library\nof two lines")
    for line in kept.lines["json"]:
        assert line.splitlines() == [line]
        assert json.loads(line)["exception"].splitlines()[-1] == "ValueError: 7 is not in list"
        assert "hunter2" not in line
    for text in kept.lines["text"]:
        first, *below = text.splitlines()
        assert first.startswith("20")
        assert below[-1] == "    ValueError: 7 is not in list"
        assert all(line.startswith("    ") for line in below)


def test_no_record_and_no_secret_comes_into_a_log_by_mistake(kept: Kept) -> None:
    """Only plain values are shown; of anything else its type."""
    record = SimpleNamespace(value=b"KR-900101-1234567")
    settings = Settings(oauth_token_command="print hunter2")
    many = [b"k", {"a": b"v"}]
    logs.get_logger(NAME).info("x", raw=b"KR-900101-1234567", record=record, settings=settings, many=many)
    [told] = kept.told
    assert {name: told[name] for name in ("raw", "record", "settings", "many")} == {
        "raw": "<bytes>",
        "record": "<SimpleNamespace>",
        "settings": "<Settings>",
        "many": ["<bytes>", {"a": "<bytes>"}],
    }
    for line in kept.lines["json"] + kept.lines["text"]:
        assert "900101" not in line
        assert "hunter2" not in line


@pytest.mark.parametrize("library", ["aiokafka", "streams.faust_runtime.run_consumer"])
def test_what_a_library_hands_over_beside_its_message_is_left_out(library: str) -> None:
    """It may be a record; only for how long its trouble lasts is ours to say."""
    record = logging.LogRecord(library, logging.WARNING, "f", 1, "x", (), None)
    record.__dict__.update(data="KR-900101-1234567", seconds=61.0)
    told = json.loads(make_formatter("json").format(record))
    assert (told["seconds"], "data" in told) == (61.0, False)


def test_a_field_in_text_is_one_word() -> None:
    """Text with blanks or quotes is quoted, nothing is `none` or quotes; a mapping is short."""
    record = logging.LogRecord(NAME, logging.WARNING, "f", 1, "x", (), None)
    record.__dict__.update(a="two words", b="", c="a=b", d={"monitor": [6, 7], "ingest": []}, e={}, f="l\nm", g=None)
    assert make_formatter("text").format(record).partition("x  ")[2] == (
        'a="two words" b="" c="a=b" d=monitor:6-7;ingest:none e=none f="l\\nm" g=None'
    )


def test_what_json_has_no_word_for_is_text() -> None:
    """No figure makes a line that a parser refuses."""
    record = logging.LogRecord(NAME, logging.WARNING, "f", 1, "x", (), None)
    record.__dict__.update(a=float("nan"), b=[float("inf")], c=1.5)
    told = json.loads(make_formatter("json").format(record), parse_constant=pytest.fail)
    assert (told["a"], told["b"], told["c"]) == ("nan", ["inf"], 1.5)


def test_no_field_forges_the_head() -> None:
    """Level, logger and time are the record's own, whatever a library hands over."""
    record = logging.LogRecord(NAME, logging.WARNING, "f", 1, "x", (), None)
    record.__dict__.update(level="info", logger="forged", timestamp="never")
    told = json.loads(make_formatter("json").format(record))
    assert (told["level"], told["logger"], told["event"]) == ("warning", NAME, "x")
    assert told["timestamp"].endswith("Z")


def test_colours_are_ours_alone() -> None:
    """On a terminal level, time and logger are coloured; what a message brings along is not."""
    record = logging.LogRecord(NAME, logging.WARNING, "f", 1, "red \x1b[31m", (), None)
    line = make_formatter("text", colours=True).format(record)
    assert "\x1b[1mWARNING" in line
    assert "\x1b[31m" not in line
    assert "\x1b" not in make_formatter("text").format(record)


@pytest.mark.parametrize(("numbers", "text"), [([], ""), ([3], "3"), ([0, 1], "0-1"), ([7, 0, 2, 1, 2, 9], "0-2,7,9")])
def test_ranges(numbers: list[int], text: str) -> None:
    """Neighbours together, in order, each once."""
    assert write_ranges(numbers) == text
