"""`fxwatch publish --dry-run`: ingest's own verdict on every record, offline, with counts, places and what to do."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli.publish import command
from streams.cli.publish_view import reading_bar, sending_bar
from streams.cli.record_bar import record_bar
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import RATES, TRANSACTIONS
from streams.generator import Simulation
from streams.ingest.door import Door, Rejected
from streams.keys.pseudonyms import development_keys
from streams.publication import sending
from streams.publication.advice import advice
from streams.publication.offline_door import OfflineDoor
from streams.publication.report import MEANINGS
from streams.settings import load_settings
from tests.support.certificates import secret_file
from tests.support.payment_files import DOMESTIC, TOLD, fin, xml
from tests.support.pipeline import RATE, TRANSACTION
from tests.support.signing import BANK


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a dry run sent something")

    monkeypatch.setattr(sending, "publish_records", refuse)
    monkeypatch.setenv("FXWATCH_BOOTSTRAP", "127.0.0.1:1")


def dry_run(*arguments: object, **more: object):
    return CliRunner().invoke(command, ["--dry-run", *map(str, arguments)], **more)


def lines(path: Path, *bodies: object) -> Path:
    path.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in bodies))
    return path


def test_each_fault_is_counted_with_its_first_places_and_what_to_do(tmp_path: Path) -> None:
    """A line that is no JSON, one without its key's field, two of an unknown currency, one two days ahead."""
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    path = lines(
        tmp_path / f"{TRANSACTIONS}.jsonl",
        TRANSACTION,
        "nonsense",
        "",
        {name: told for name, told in TRANSACTION.items() if name != "party_id"},
        {**TRANSACTION, "currency": "XXQ"},
        {**TRANSACTION, "currency": "XXQ", "amount": "-1"},
        {**TRANSACTION, "event_time": soon},
    )
    done = dry_run(path, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["published_to"], told["fit"], told["unfit"]) == (None, 1, 5)
    assert [(one["code"], one["records"]) for one in told["faults"]] == [
        ("currency.unknown", 2),
        ("json.malformed", 1),
        ("field.missing", 1),
        ("decimal.range", 1),
        ("time.future", 1),
    ]
    assert [(one["place"], one["field"]) for one in told["faults"][0]["first"]] == [
        ("line 5", "currency"),
        ("line 6", "currency"),
    ]
    assert [one["place"] for one in told["unfit_records"]] == ["line 2", "line 4", "line 5", "line 6", "line 7"]
    assert told["unfit_records"][1]["faults"] == [{"code": "field.missing", "field": "party_id", "expected": ""}]
    assert any("came before" in one for one in told["not_checked"])
    for_people = dry_run(path).stdout
    first, second = for_people.splitlines()[:2]
    assert first == "currency.unknown: 2 (A currency is no ISO 4217 code, active or withdrawn since 2005.)"
    assert second == f"  {path}, line 5, currency: expected an active ISO 4217 code"
    assert "1 of 6 records would be admitted; nothing was sent: a dry run" in for_people
    assert for_people.count("to do: mend it where the record is made") == 1
    assert "XXQ" not in for_people + done.stdout


def test_what_ingest_would_admit_ends_with_0(tmp_path: Path) -> None:
    """The time of sending is the time stamp: what is of tomorrow is admitted, what ends within 24 h."""
    soon = (datetime.now(UTC) + timedelta(hours=23)).isoformat()
    good = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION, {**TRANSACTION, "event_time": soon})
    rates = lines(tmp_path / f"{RATES}.jsonl", RATE)
    done = dry_run(good, rates)
    assert done.exit_code == 0, done.output
    assert "3 of 3 records would be admitted" in done.stdout


def test_the_verdict_is_the_door_s_for_every_record_of_a_stream() -> None:
    """5 % broken records: the same codes from a door with other keys, one of several partitions, as a worker has."""
    settings = load_settings()
    offline = OfflineDoor(settings)
    worker = Door(development_keys(), 12, dict(settings.effective.legend.words), settings.effective.admitted)
    refused = 0
    for offset, record in enumerate(Simulation(6, 2_000, bad_share=0.05)):
        answer = worker.admit(
            ArrivedRecord(record.topic, 0, offset, record.timestamp_ms, record.key, record.value, record.headers)
        )
        codes = answer.codes if isinstance(answer, Rejected) else ()
        assert tuple(dict.fromkeys(fault.code for fault in offline.faults(record))) == codes
        refused += bool(codes)
    assert refused > 50


def test_this_machine_s_configuration_is_what_it_judges_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A placeholder of one's own, and who may load history until when; without a table of it history is not judged."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", {**TRANSACTION, "party_id": "WALK-IN"}, TRANSACTION)
    plain = dry_run(path, "--history", "--json")
    assert (plain.exit_code, json.loads(plain.stdout)["fit"]) == (0, 2)
    assert any("may be history" in one for one in json.loads(plain.stdout)["not_checked"])
    configuration = tmp_path / "fxwatch.toml"
    configuration.write_text(
        '[admission]\nplaceholders = ["WALK-IN"]\n[[admission.history]]\n'
        'institutions = ["SHBKKRSE"]\nuntil = 2026-01-01T00:00:00Z\n'
    )
    monkeypatch.setenv("FXWATCH_CONFIG", str(configuration))
    told = json.loads(dry_run(path, "--history", "--json").stdout)
    assert [(one["code"], one["records"]) for one in told["faults"]] == [
        ("identifier.placeholder", 1),
        ("history.not_allowed", 1),
    ]
    assert dry_run(path).exit_code == 1


def test_what_would_be_read_with_a_change_is_told(tmp_path: Path) -> None:
    """ids_trailing_blank.jsonl, bic8_bic11_same_event.jsonl: admitted, each as one person and one bank, and said so."""
    path = lines(
        tmp_path / f"{TRANSACTIONS}.jsonl",
        TRANSACTION,
        {**TRANSACTION, "party_id": "P-1 "},
        {**TRANSACTION, "institution": "SHBKKRSEXXX"},
    )
    assert json.loads(dry_run(path, "--json").stdout)["notes"] == {"respelled institution": 1, "respelled party_id": 1}
    assert "docs/IDENTIFIERS.md): respelled institution 1, respelled party_id 1" in dry_run(path).stdout


def test_signatures_are_judged_where_senders_keys_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the signature it would be refused, with --sign-key admitted; without the file this is not checked."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION)
    assert any("signatures" in one for one in json.loads(dry_run(path, "--json").stdout)["not_checked"])
    keys = tmp_path / "senders.toml"
    keys.write_text(f'[[key]]\ninstitutions = ["SHBKKRSE"]\npublic_key = "{bytes(BANK.verify_key).hex()}"\n')
    monkeypatch.setenv("FXWATCH_SENDER_KEYS_FILE", str(keys))
    unsigned = json.loads(dry_run(path, "--json").stdout)
    assert [one["code"] for one in unsigned["faults"]] == ["signature.missing"]
    assert not any("signatures" in one for one in unsigned["not_checked"])
    key = secret_file(tmp_path / "bank.key", bytes(BANK).hex())
    assert dry_run(path, "--sign-key", key).exit_code == 0


def test_a_forward_value_date_is_refused_here_as_by_ingest(tmp_path: Path) -> None:
    """mt103_forward_value_date.fin: the code of the door and the payment's place; today's date is admitted."""
    path = tmp_path / "forward.fin"
    path.write_text(fin(date=datetime.now(UTC) + timedelta(days=4)))
    options = (*TOLD, "--utc-offset", "+09:00", "--time-of-day", "10:00")
    told = json.loads(dry_run(*options, "--json", path).stdout)
    assert [(one["code"], one["first"][0]["field"]) for one in told["faults"]] == [("time.future", "event_time")]
    # sent as it stands, it is ingest that converts it
    as_it_is = json.loads(dry_run(*options, "--as-is", "--json", path).stdout)
    assert [one["code"] for one in as_it_is["faults"]] == ["time.future"]
    path.write_text(fin(date=datetime.now(UTC)))
    assert dry_run(*options, path).exit_code == 0


def test_reasons_come_first_and_nothing_of_a_refused_payment_is_reported_as_unmapped(tmp_path: Path) -> None:
    """pacs008_one_domestic.xml: the second payment is named with its reason; the table is of the first alone."""
    path = tmp_path / "one-domestic.xml"
    path.write_text(xml(DOMESTIC))
    done = dry_run(*TOLD, path)
    assert done.exit_code == 1
    told = done.stdout.splitlines()
    assert told[0].startswith("message.resident: 1 (")
    assert told[1].startswith(f"  {path}, CdtTrfTxInf[2]: expected one side in the resident country, the other abroad")
    assert told[2].startswith("  to do: leave out what does not cross the border (--partial)")
    table = [line.split("\t") for line in told if line.startswith("FIToFICstmrCdtTrf/CdtTrfTxInf")]
    assert {line[1] for line in table} == {"1"}
    assert f"{path}: pacs.008, 1 of 2 records fit" in told


def test_a_file_that_is_cut_is_said_to_be_unreadable(tmp_path: Path) -> None:
    """No count of payments that nobody knows, and no empty table."""
    path = tmp_path / "cut.xml"
    path.write_text(xml()[:-40])
    done = dry_run(*TOLD, path)
    assert done.exit_code == 1
    assert f"{path}: pacs.008, refused as a whole" in done.stdout
    assert "0 of 0 payments" not in done.stdout
    assert "becomes" not in done.stdout


def test_a_file_of_several_faults_and_no_payment_is_one_file(tmp_path: Path) -> None:
    """Two answers of the network that are cut, and nothing else: refused as a whole, once."""
    path = tmp_path / "answers.fin"
    path.write_text("{1:F21SAMPKRSEAXXX0001000001}{4:{177:26031\n{1:F21SAMPKRSEAXXX0001000002}{4:{177:26031\n")
    told = json.loads(dry_run(*TOLD, "--json", path).stdout)
    assert (told["unreadable_files"], len(told["unfit_records"])) == (1, 2)
    assert "0 of 0 records would be admitted, 1 file refused as a whole" in dry_run(*TOLD, path).stdout


def test_many_files_have_a_line_each_and_the_table_of_places_only_when_asked_for(tmp_path: Path) -> None:
    """A line a file, one a kind, and the faults of all together; `--report` adds the places."""
    for number in range(3):
        (tmp_path / f"{number}.xml").write_text(xml(DOMESTIC))
    (tmp_path / "one.fin").write_text(fin())
    files = sorted(tmp_path.iterdir())
    options = (*TOLD, "--utc-offset", "+09:00", "--time-of-day", "10:00")
    told = dry_run(*options, *files).stdout.splitlines()
    assert told[0].startswith("message.resident: 3 (")
    assert [line.split("\t")[1:] for line in told if line.startswith(str(tmp_path))] == [
        ["pacs.008", "2", "1", "1"]
    ] * 3 + [["MT103", "1", "1", "0"]]
    assert {"MT103: 1 file, 1 of 1 records fit", "pacs.008: 3 files, 3 of 6 records fit"} <= set(told)
    assert not any(line.startswith("place\t") for line in told)
    asked = dry_run(*options, "--report", *files).stdout.splitlines()
    assert sum(line.startswith("place\t") for line in asked) == 4


def test_a_file_in_which_nothing_stands_has_its_line_too(tmp_path: Path) -> None:
    """Of 30 files that were named, 30 are told of: the empty one is what somebody looks for."""
    full = lines(tmp_path / f"{TRANSACTIONS}.jsonl", TRANSACTION)
    empty = lines(tmp_path / f"{RATES}.jsonl")
    told = dry_run(full, empty).stdout.splitlines()
    assert {f"{full}\tJSON lines\t1\t1\t0", f"{empty}\tJSON lines\t0\t0\t0"} <= set(told)
    assert dry_run(empty).stdout.splitlines()[0] == f"{empty}: JSON lines, 0 of 0 records fit"


def test_a_file_as_it_is_is_judged_as_the_one_record_it_would_be(tmp_path: Path) -> None:
    """Two payments in a record are refused by ingest, and so is a record without its parameters."""
    path = tmp_path / "two.xml"
    path.write_text(xml(DOMESTIC))
    codes = [one["code"] for one in json.loads(dry_run(*TOLD, "--as-is", "--json", path).stdout)["faults"]]
    assert codes == ["message.several"]
    path.write_text(xml())
    assert dry_run(*TOLD, "--as-is", path).exit_code == 0
    untold = dry_run("--as-is", "--json", path)
    assert [one["code"] for one in json.loads(untold.stdout)["faults"]] == ["message.parameter"]


def test_standard_input_is_judged_too() -> None:
    """Its lines are named by number."""
    done = dry_run("--topic", TRANSACTIONS, "-", "--json", input=f"{json.dumps(TRANSACTION)}\n[]\n")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["fit"]) == (1, 1)
    assert told["unfit_records"] == [
        {
            "file": "standard input",
            "place": "line 2",
            "faults": [{"code": "json.not_object", "field": "", "expected": ""}],
        }
    ]


def test_the_report_stays_small_and_rest_has_all_of_it(tmp_path: Path) -> None:
    """1 200 faulty lines: 1 000 are listed, the rest is counted; the file of --rest holds each, without a value."""
    path = lines(tmp_path / f"{TRANSACTIONS}.jsonl", *[{**TRANSACTION, "amount": "secret"}] * 1_200)
    rest = tmp_path / "rest.jsonl"
    told = json.loads(dry_run(path, "--json", "--rest", rest).stdout)
    assert (len(told["unfit_records"]), told["unfit_records_not_listed"]) == (1_000, 200)
    assert (told["faults"][0]["records"], len(told["faults"][0]["first"])) == (1_200, 20)
    held = [json.loads(line) for line in rest.read_text().splitlines()]
    assert [one["place"] for one in held] == [f"line {number}" for number in range(1, 1_201)]
    assert held[0]["faults"][0]["code"] == "decimal.malformed"
    assert "secret" not in rest.read_text()
    assert "and 1,195 more (--rest FILE lists all)" in dry_run(path).stdout
    refused = dry_run(path, "--rest", path)
    assert refused.exit_code == 1
    assert "would overwrite an input" in str(refused.exception)
    assert path.read_text().count("\n") == 1_200


def test_all_fields_of_a_record_with_the_same_fault_are_told_at_once(tmp_path: Path) -> None:
    """Who mends the first would else be told of the next by the next run."""
    nobody = {**TRANSACTION, "party_id": "NOTPROVIDED", "counterparty_id": "n/a", "one": 1, "two": 2}
    told = dry_run(lines(tmp_path / f"{TRANSACTIONS}.jsonl", nobody)).stdout.splitlines()
    # a sender's own names are not shown, however many there are
    assert told[1].endswith("line 1, (name not shown)")
    assert told[3].endswith("line 1, party_id: expected an identifier; this text names nobody; also counterparty_id")


def test_a_terminal_sees_how_far_the_reading_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error, so that what is piped on stays clean; gone when all is read."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with reading_bar(1_000) as read:
        read(600)
        read(400)
    assert "reading" in shown.getvalue()
    with reading_bar(0) as read:
        read(5)
    for total in (2, None):
        with sending_bar(total) as sent:
            assert sent is not None
            sent(2)
    assert "2/2" in shown.getvalue()
    monkeypatch.setattr(sys, "stderr", plain := io.StringIO())
    with reading_bar(1_000) as read:
        read(1_000)
    with sending_bar(2) as sent:
        assert sent is None
    # `simulate` and `testbed generate` draw theirs without asking: a log is no place for it either
    progress, report = record_bar(2)
    with progress:
        report(2)
    assert plain.getvalue() == ""


def test_every_code_has_a_next_step() -> None:
    """Some words, in one line."""
    assert [code for code in MEANINGS if len(advice(code)) < 20 or "\n" in advice(code)] == []


def test_advice_on_letters_and_doctype_can_be_followed() -> None:
    """To get the file again from who sent it gives the same ISO-8859-1, umlaut or DOCTYPE once more.

    Nor does the contract's schema help with a file in another encoding, or with a list in place of lines.
    """
    assert "UTF-8" in advice("xml.encoding")
    assert "DOCTYPE" in advice("xml.document_type")
    assert "umlauts" in advice("fin.malformed")
    assert "UTF-8" in advice("utf8.invalid")
    assert "jq -c '.[]'" in advice("json.not_object")
