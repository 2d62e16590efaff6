"""`fxwatch publish`: all or nothing, or with `--partial` what fits, and what is said of the rest."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli.publish import command
from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.errors import UsageError
from streams.publication import sending as publish
from streams.publication.inputs import STANDARD_INPUT, Choices, Source, _opened, read_line_items
from streams.publication.publication import RefusedRecordsError
from streams.publication.sending import PublishSummary
from streams.settings import load_settings
from tests.support.payment_files import DOMESTIC, MT202, TOLD, fin, xml
from tests.support.pipeline import RATE, TRANSACTION

MT_TOLD = (*TOLD, "--utc-offset", "+09:00", "--time-of-day", "10:00")
UNKNOWN = {**TRANSACTION, "event_id": "E-2", "currency": "XXQ"}
OTHER = {**TRANSACTION, "event_id": "E-3"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The bodies that would go to Kafka; None stands for having begun to send."""
    records: list = []

    def keep(_settings: object, some, _rate: object, _progress: object, *, slow: bool) -> PublishSummary:
        records.append(None)
        records.extend(json.loads(one.value) if one.value[:1] == b"{" else one.value for one in some)
        count = len(records) - 1
        return PublishSummary(records=count, topics={TRANSACTIONS: count})

    monkeypatch.setattr(publish, "publish_records", keep)
    return records


def run(*arguments: object, **more: object):
    return CliRunner().invoke(command, [*map(str, arguments)], **more)


def lines(path: Path, *bodies: object) -> Path:
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in bodies))
    return path


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "place"),
    [
        ("one_domestic.xml", xml(DOMESTIC), TOLD, "message.resident", "CdtTrfTxInf[2]"),
        ("and_mt202.fin", f"{fin()}$\n{MT202}", MT_TOLD, "message.type", "message[2]"),
    ],
)
def test_one_payment_that_is_none_of_ours_does_not_lose_the_others(
    tmp_path: Path, sent: list, name: str, content: str, options: tuple[str, ...], code: str, place: str
) -> None:
    """pacs008_one_domestic.xml, mt103_and_mt202.fin: nothing without --partial, which the message names; then one."""
    path = tmp_path / name
    path.write_text(content)
    refused = run(*options, path)
    assert refused.exit_code == 1
    assert isinstance(refused.exception, RefusedRecordsError)
    assert f"nothing was sent: 1 of 2 records are not what ingest admits ({code} 1)" in refused.exception.message
    assert "--partial" in refused.exception.message
    assert refused.stdout.startswith(f"{code}: 1 (")
    assert sent == []
    partial = run(*options, "--partial", path)
    assert partial.exit_code == 3
    assert [body["party_id"] for body in sent[1:]] == ["123"]
    assert partial.stdout.startswith(f"{code}: 1 (")
    assert f"{path}, {place}" in partial.stdout
    assert "1 record left out" in partial.stdout
    assert not any(value in partial.stdout for value in ("ANN EXAMPLE", "BOB EXAMPLE", "1000.00"))
    sent.clear()
    told = json.loads(run(*options, "--partial", "--json", path).stdout)
    assert (told["records"], told["unfit"], told["messages"][0]["converted"]) == (1, 1, 1)
    (unfit,) = told["unfit_records"]
    assert (unfit["file"], unfit["place"], unfit["faults"][0]["code"]) == (str(path), place, code)


def test_a_line_that_does_not_fit_is_left_out_by_its_number(tmp_path: Path, sent: list) -> None:
    """A line that is no JSON and one of an unknown currency; the others go, and every file with them."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION, "{", UNKNOWN, OTHER)
    rates = lines(tmp_path / f"{RATES}.jsonl", RATE)
    assert run(path, rates).exit_code == 1
    assert sent == []
    rest = tmp_path / "rest.jsonl"
    done = run("--partial", "--rest", rest, path, rates)
    assert done.exit_code == 3
    assert sent[1:] == [TRANSACTION, OTHER, RATE]
    assert [json.loads(line)["place"] for line in rest.read_text().splitlines()] == ["line 2", "line 3"]
    assert f"  {path}, line 2: expected one JSON object a line; not JSON: " in done.stdout


def test_partial_with_nothing_to_leave_out_is_done(tmp_path: Path, sent: list) -> None:
    """Exit code 0, as without it."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION, OTHER)
    assert run("--partial", path).exit_code == 0
    assert run(path).exit_code == 0
    assert sent == [None, TRANSACTION, OTHER] * 2


def test_partial_with_nothing_to_send_has_failed(tmp_path: Path, sent: list) -> None:
    """A file of one foreign kind, or of one faulty line: exit code 1, not 3; a message file does not even connect."""
    path = tmp_path / "only.fin"
    path.write_text(MT202)
    refused = run(*MT_TOLD, "--partial", path)
    assert (refused.exit_code, sent) == (1, [])
    assert "nothing that fits is left" in refused.exception.message
    faulty = run("--partial", lines(tmp_path / f"{TRANSACTIONS}.jsonl", UNKNOWN))
    assert (faulty.exit_code, sent) == (1, [None])
    assert "currency.unknown 1" in faulty.exception.message


def test_a_file_that_is_cut_is_left_out_as_a_whole(tmp_path: Path, sent: list) -> None:
    """How much it held is not known: nothing of it is sent, and the files beside it are."""
    cut, good = tmp_path / "cut.xml", tmp_path / "good.xml"
    cut.write_text(xml(DOMESTIC)[:-60])
    good.write_text(xml())
    alone = run(*TOLD, "--partial", cut)
    assert (alone.exit_code, sent) == (1, [])
    assert "nothing was sent: 1 file of which nothing can be converted (xml.malformed 1)" in alone.exception.message
    assert run(*TOLD, cut, good).exit_code == 1
    assert sent == []
    both = run(*TOLD, "--partial", cut, good)
    assert both.exit_code == 3
    assert len(sent) == 2
    assert "1 file left out" in both.stdout
    assert f"{cut}\tpacs.008\t?\t0\tall of it" in both.stdout


def test_a_message_that_is_not_whole_leaves_the_others_of_its_file(tmp_path: Path, sent: list) -> None:
    """A count that is wrong refuses that message, with all its payments; of FIN the message that is cut is refused."""
    one = xml().partition("\n")[2]
    counted, cut = tmp_path / "two.xml", tmp_path / "cut.fin"
    counted.write_text(one.replace("<NbOfTxs>1<", "<NbOfTxs>3<") + "\n" + one)
    cut.write_text(fin() + fin(2)[:-20])
    for path, options, code, place in (
        (counted, TOLD, "message.count", "Document[1]"),
        (cut, MT_TOLD, "fin.malformed", "message[2]"),
    ):
        sent.clear()
        done = run(*options, "--partial", "--json", path)
        assert (done.exit_code, len(sent)) == (3, 2)
        (unfit,) = json.loads(done.stdout)["unfit_records"]
        assert (unfit["place"], unfit["faults"][0]["code"]) == (place, code)


def test_standard_input_stops_at_a_fault_or_leaves_it_out_at_once(tmp_path: Path, sent: list) -> None:
    """It is read once: what stood before the fault was sent, and the message says how much; --partial goes on."""
    piped = "".join(json.dumps(one) + "\n" for one in (TRANSACTION, UNKNOWN, OTHER))
    stopped = run("--topic", TRANSACTIONS, "-", input=piped)
    assert stopped.exit_code == 1
    assert "standard input, line 2, currency: currency.unknown" in stopped.exception.message
    assert "1 record before it was handed to Kafka" in stopped.exception.message
    behind = run("--topic", TRANSACTIONS, lines(tmp_path / "good.jsonl", OTHER), "-", input=piped)
    assert "2 records before it were handed to Kafka" in behind.exception.message
    two = run("--topic", TRANSACTIONS, "-", input=json.dumps({**UNKNOWN, "amount": "-1"}))
    assert "line 1, amount: decimal.range and 1 more fault; 0 records before it" in two.exception.message
    sent.clear()
    partial = run("--partial", "--topic", TRANSACTIONS, "-", input=piped)
    assert (partial.exit_code, sent[1:]) == (3, [TRANSACTION, OTHER])
    assert partial.stderr == (
        "fxwatch: left out: standard input, line 2, currency: currency.unknown, expected an active ISO 4217 code\n"
    )


def test_a_pipe_with_a_name_is_read_once(tmp_path: Path, sent: list) -> None:
    """As standard input: read twice, a process substitution would be empty when its records are to be sent."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lines, args=(pipe, TRANSACTION, OTHER), daemon=True)
    writer.start()
    done = run("--topic", TRANSACTIONS, pipe)
    writer.join(10)
    assert (done.exit_code, sent[1:]) == (0, [TRANSACTION, OTHER])


def test_as_is_checks_nothing(tmp_path: Path, sent: list) -> None:
    """What ingest will dead-letter is sent, byte for byte; with --partial the two would contradict each other."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", UNKNOWN, "nonsense")
    done = run("--as-is", "--json", path)
    assert (done.exit_code, json.loads(done.stdout)["checked"]) == (0, False)
    assert sent[1:] == [UNKNOWN, b"nonsense"]
    both = run("--as-is", "--partial", path)
    assert isinstance(both.exception, UsageError)
    message = tmp_path / "two.xml"
    message.write_text(xml(DOMESTIC))
    assert run("--as-is", message).exit_code == 0
    assert sent[-1] == message.read_bytes()


def test_every_input_is_looked_for_before_anything_is_read(tmp_path: Path, sent: list) -> None:
    """A second file that is not there is wrong use also with --partial, which sends while it reads."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION)
    done = run("--partial", path, tmp_path / f"{RATES}.jsonl")
    assert isinstance(done.exception, UsageError)
    assert sent == []


@pytest.mark.parametrize("slow", [True, False])
def test_what_a_pipe_gave_is_sent_while_the_next_is_waited_for(slow: bool) -> None:
    """It stayed with us until the next line came: of `tail -F` of a quiet feed nothing was sent for as long."""
    at_kafka: list[bytes] = []
    seen: list[int] = []

    class Producer:
        async def send(self, _topic: str, *, value: bytes, **_more: object) -> asyncio.Future:
            """As aiokafka's: handed to a task that works when the loop has a turn."""
            loop = asyncio.get_running_loop()
            delivered = loop.create_future()
            loop.call_soon(lambda: (at_kafka.append(value), delivered.set_result(None)))
            return delivered

    def pipe() -> Iterator[InputRecord]:
        for number in range(3):
            yield InputRecord(RATES, b"USD/KRW", b"%d" % number, -1)
            deadline = time.monotonic() + (60 if slow else 0)
            while len(at_kafka) <= number and time.monotonic() < deadline:
                time.sleep(0.001)
            seen.append(len(at_kafka))

    sending = publish._Publishing(load_settings(), None, None, "now", None, slow=slow)
    sending._known = {RATES}
    asyncio.run(sending._send_all(Producer(), pipe(), 0.0))
    assert seen == ([1, 2, 3] if slow else [0, 0, 0])


def test_a_pipe_that_gives_nothing_keeps_no_stop_waiting() -> None:
    """Ctrl-C stops the sending at once; it waited for one more line, which of a quiet feed may never come."""
    more = threading.Event()

    def pipe() -> Iterator[InputRecord]:
        more.wait(120)
        yield InputRecord(RATES, b"USD/KRW", b"1", -1)

    async def stopped() -> None:
        async with asyncio.timeout(0.05):
            await publish._Publishing(load_settings(), None, None, "now", None, slow=True)._send_all(None, pipe(), 0.0)

    begin = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            asyncio.run(stopped())
        assert time.monotonic() - begin < 60
    finally:
        more.set()


def test_what_reading_a_pipe_raises_ends_the_sending() -> None:
    """A line that does not fit, where nothing may be left out."""

    def pipe() -> Iterator[InputRecord]:
        raise RefusedRecordsError("line 1")
        yield

    sending = publish._Publishing(load_settings(), None, None, "now", None, slow=True)
    with pytest.raises(RefusedRecordsError, match="line 1"):
        asyncio.run(sending._send_all(None, pipe(), 0.0))


def test_standard_input_is_read_by_a_reader_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that waits in `sys.stdin`'s own made Python abort after Ctrl-C (_enter_buffered_busy, exit code 134)."""
    read_end, write_end = os.pipe()
    os.write(write_end, json.dumps(TRANSACTION).encode())
    os.close(write_end)
    with os.fdopen(read_end) as standard_input:
        monkeypatch.setattr("sys.stdin", standard_input)
        (item,) = read_line_items(Source(STANDARD_INPUT, TRANSACTIONS), Choices(), None)
        assert json.loads(item.record.value) == TRANSACTION
        assert _opened(STANDARD_INPUT) is not standard_input.buffer
        assert os.fstat(read_end), "the reader left the descriptor open"


def test_standard_input_is_slow_and_a_file_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of a file is there; a thread's turn for each of its records would cost as much as the record."""
    told: list[bool] = []

    def keep(_settings: object, records, *_: object, slow: bool) -> PublishSummary:
        told.append(slow)
        return PublishSummary(records=len(list(records)))

    monkeypatch.setattr(publish, "publish_records", keep)
    assert run(lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION)).exit_code == 0
    assert run("--topic", TRANSACTIONS, "-", input=json.dumps(OTHER)).exit_code == 0
    assert told == [False, True]


def test_a_file_that_changes_after_it_was_looked_at_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that came in between was looked at by nobody; with --partial each line is judged as it is sent."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION)
    held: list[InputRecord] = []

    def grow(_settings: object, records, *_: object, slow: bool) -> PublishSummary:
        with path.open("a") as file:
            file.write(json.dumps(UNKNOWN) + "\n")
        held.extend(records)
        return PublishSummary(records=len(held), topics={TRANSACTIONS: len(held)})

    monkeypatch.setattr(publish, "publish_records", grow)
    refused = run(path)
    assert (refused.exit_code, held) == (1, [])
    assert "changed after it was looked at: nothing of it was sent; 0 records before it were" in str(refused.exception)
    assert run("--partial", path).exit_code == 3
    assert len(held) == 1

    def take_away(_settings: object, records, *_: object, slow: bool) -> PublishSummary:
        path.unlink()
        return PublishSummary(records=len(list(records)))

    lines(path, TRANSACTION)
    monkeypatch.setattr(publish, "publish_records", take_away)
    assert "changed after it was looked at: nothing of it was sent" in str(run(path).exception)


def test_standard_input_that_is_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`fxwatch publish - <&-`, as some schedulers start programs: it was called a bug in fxwatch."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="cannot read the file"):
        list(read_line_items(Source(STANDARD_INPUT, TRANSACTIONS), Choices(), None))
